"""dynode for torch: networks as torch.nn.Module, with real Parameters and our adjoint behind autograd.

    from dynode.torch import CfC, LTC, CTRNN, Network
    rnn = CfC(20, 50)
    y, hx = rnn(torch.randn(32, 100, 20))
    net = Network(dynode.Model.from_yaml("net.yaml"))       # any network
    torch.optim.Adam(net.parameters())

Parameters are views of the network's own memory: an optimiser's step is what the next run sees, projected onto masks,
signs and boxes. state_dict() has the names of the packages people come from (ncps, nn4n), whose checkpoints load.
Networks run on the CPU, in float32 or, after .double(), in float64. Gradients of gradients are not there.
"""
import numpy as np

import torch
from torch.autograd.function import once_differentiable

from . import _core, _ncp
from ._model import Model
from .ncps import wirings

__all__ = ["CTRNN", "CfC", "CfCCell", "LTC", "LTCCell", "Network", "WiredCfCCell", "wirings"]

_dtypes = {"float32": torch.float32, "float64": torch.float64}


def _numpy(t, name):
    if not isinstance(t, torch.Tensor):
        return np.asarray(t)
    if t.device.type != "cpu":
        raise _core.SpecError(f"{name}: lies on {t.device}; dynode runs on the CPU\n  use .cpu()")
    return t.detach().numpy()


class _Run(torch.autograd.Function):
    """Tensors → histories. wanted: (name, what) with what "all" (all steps), "start" (these and the start) or
    "last"."""

    @staticmethod
    def forward(ctx, net, wanted, states, training, x, spans, *tensors):
        initial = {name: _numpy(t, "initial state " + name) for name, t in zip(states, tensors)}
        record = [name for name in dict(wanted) if name != "output"]
        ctx.tape, histories = _core.simulate_taped(
            net._model._core,
            _numpy(x, "input"),
            record,
            initial,
            None if spans is None else _numpy(spans, "timespans"),
            training,
            True,
        )
        ctx.net, ctx.wanted, ctx.states = net, wanted, states
        ctx.dtypes = [
            x.dtype if isinstance(x, torch.Tensor) else None,
            getattr(spans, "dtype", None),
            *(t.dtype for t in tensors[: len(states)]),
        ]
        ctx.shapes = [tuple(t.shape) for t in tensors[: len(states)]] + [
            getattr(x, "shape", None),
            getattr(spans, "shape", None),
        ]
        ctx.set_materialize_grads(False)
        return tuple(_part(histories[name], what) for name, what in wanted)

    @staticmethod
    @once_differentiable
    def backward(ctx, *bars):
        k = len(ctx.states)
        needs = ctx.needs_input_grad
        given = [(name, _bar(bar, what)) for (name, what), bar in zip(ctx.wanted, bars) if bar is not None]
        theta, x_bar, initial, spans = ctx.tape.pull(given, needs[4], any(needs[6 : 6 + k]), needs[5])
        grads = [None] * len(needs)
        if needs[4]:
            grads[4] = torch.from_numpy(x_bar).view(ctx.shapes[k]).to(ctx.dtypes[0])
        if needs[5]:
            grads[5] = _fold(torch.from_numpy(spans), ctx.shapes[k + 1]).to(ctx.dtypes[1])
        for i, name in enumerate(ctx.states):
            if needs[6 + i]:
                grads[6 + i] = _fold(torch.from_numpy(initial[name]), ctx.shapes[i]).to(ctx.dtypes[2 + i])
        for i, (offset, size, shape) in enumerate(ctx.net._places):
            if needs[6 + k + i]:
                grads[6 + k + i] = torch.from_numpy(theta[offset : offset + size]).view(shape)
        return tuple(grads)


def _part(history, what):
    t = torch.from_numpy(history)
    return t if what == "start" else t[:, -1] if what == "last" else t[:, 1:]


def _bar(bar, what):
    return bar.numpy()


def _fold(grad, shape):
    """A gradient in the shape of what was given once for all rows."""
    while grad.dim() > len(shape):
        grad = grad.sum(0) if grad.shape[-1] == shape[-1] or len(shape) == 0 else grad.squeeze(-1)
    return grad.reshape(shape)


def _shape(block, name):
    """The shape of a Parameter: ours, but for two that ncps keeps as rows."""
    shape = tuple(block["shape"])
    return (1, *shape) if name.endswith((".w_tau", ".A")) and len(shape) == 1 else shape


class _Names(torch.nn.Module):
    """A part of a name: rnn_cell of rnn_cell.gleak."""


class Network(torch.nn.Module):
    """Any network as a module.

    model: a dynode.Model, whose memory the Parameters share, or what Model.from_spec takes (dict, path).
    forward(x, initial_states={}, timespans=None): x [batch, time, unit] → [batch, time, unit]; with record=("s/1", …)
    (output, {name: history}).
    """

    def __init__(self, model, *, dtype="float32", threads=1, seed=None):
        super().__init__()
        if not isinstance(model, Model):
            model = Model.from_spec(model, dtype=dtype, threads=threads, seed=seed)
        self._take(model)

    def _take(self, model):
        object.__setattr__(self, "_model", model)
        try:
            names = dict(model._core.original_names()[1])
        except _core.SpecError:
            names = {}
        params, places = [], []
        for block in model.blocks:
            stored, view = block["stored_name"], model.parameters[block["stored_name"]]
            shape = _shape(block, names.get(stored, ""))
            parameter = torch.nn.Parameter(torch.from_numpy(view).view(shape), requires_grad=block["learnable"])
            params.append(parameter)
            places.append((block["offset"], view.size, shape))
            if names and stored not in names and not block["learnable"]:
                continue  # a constant of ours that their checkpoints do not have
            *path, last = names.get(stored, stored).split(".")
            home = self
            for part in path:
                if part not in home._modules:
                    home.add_module(part, _Names())
                home = home._modules[part]
            home.register_parameter(last, parameter)
        object.__setattr__(self, "_output", f"s/{model.layers[-1]['layer_id']}")  # the same as "output"
        object.__setattr__(self, "_params", params)
        object.__setattr__(self, "_places", places)

    @property
    def model(self):
        """The dynode.Model behind, for everything else."""
        return self._model

    def named(self, name):
        """The Parameter of a stored name: J_0_to_1."""
        for block, parameter in zip(self._model.blocks, self._params):
            if block["stored_name"] == name:
                return parameter
        raise KeyError(name)

    # ── running ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _run(self, wanted, x, states=(), tensors=(), spans=None):
        wanted = [("output" if name == self._output else name, what) for name, what in wanted]
        tensors = [t if isinstance(t, torch.Tensor) else torch.as_tensor(np.asarray(t)) for t in tensors]
        if torch.is_grad_enabled():
            return _Run.apply(self, tuple(wanted), tuple(states), self.training, x, spans, *tensors, *self._params)
        # nothing is kept where nothing will be asked
        arrays, *_ = self._model._core.simulate(
            _numpy(x, "input"),
            [name for name in dict(wanted) if name != "output"],
            1,
            {n: _numpy(t, "initial state " + n) for n, t in zip(states, tensors)},
            None if spans is None else _numpy(spans, "timespans"),
            None,
            {"training": self.training},
            False,
            False,
        )
        return tuple(_part(arrays[name], what) for name, what in wanted)

    def forward(self, x, initial_states={}, timespans=None, record=(), with_start=False):
        what = "start" if with_start else "all"
        output, *others = self._run(
            [("output", what), *((name, what) for name in record)],
            x,
            tuple(map(str, initial_states)),
            tuple(initial_states.values()),
            timespans,
        )
        return (output, dict(zip(record, others))) if record else output

    # ── moving ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _apply(self, fn):
        probe = fn(torch.zeros(1, dtype=_dtypes[self._model.dtype]))
        if probe.device.type != "cpu":
            raise RuntimeError("dynode networks run on the CPU")
        wanted = [name for name, dtype in _dtypes.items() if dtype == probe.dtype]
        if not wanted:
            raise TypeError(f"dynode networks are float32 or float64, not {probe.dtype}")
        if wanted[0] != self._model.dtype:
            model = self._model.copy(dtype=wanted[0])
            object.__setattr__(self, "_model", model)
            for parameter, block in zip(self._params, model.blocks):
                parameter.data = torch.from_numpy(model.parameters[block["stored_name"]]).view(parameter.shape)
                parameter.grad = None if parameter.grad is None else parameter.grad.to(probe.dtype)
        for module in self.children():
            if not isinstance(module, _Names):
                module._apply(fn)
        return self

    def __getstate__(self):
        own = {
            k: v
            for k, v in self.__dict__.items()
            if k not in ("_model", "_output", "_params", "_places", "_parameters", "_modules")
        }
        return {
            "own": own,
            "model": self._model,
            "grads": [p.requires_grad for p in self._params],
            "modules": {k: m for k, m in self._modules.items() if not isinstance(m, _Names)},
        }

    def __setstate__(self, state):
        torch.nn.Module.__init__(self)
        self.__dict__.update(state["own"])
        self._take(state["model"])
        self._modules.update(state["modules"])
        for parameter, grad in zip(self._params, state["grads"]):
            parameter.requires_grad_(grad)

    def load_state_dict(self, state_dict, strict=True):
        """Numbers of a checkpoint. Masks in it (ncps keeps them as parameters) follow from the network and are left
        out."""
        state_dict = {k: v for k, v in state_dict.items() if not k.rsplit(".", 1)[-1].endswith("sparsity_mask")}
        return super().load_state_dict(state_dict, strict=strict)

    def extra_repr(self):
        return repr(self._model)


# ── ncps ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Liquid(Network):
    kind = "CfC"

    def __init__(self, input_size, units, options, dtype, threads, seed):
        torch.nn.Module.__init__(self)
        for word, value in options.items():
            if word in ("return_sequences", "batch_first"):
                setattr(self, word, value)
        self.input_size, self.use_mixed = input_size, options["mixed_memory"] not in (False, None, "none")
        self.wiring, units = _ncp.circuit(units)
        self._take(Model(_core.ncp_model(self.kind, input_size, units, options, dtype, threads, seed)))
        self.wiring = _ncp.built(self.wiring, self.kind, units, input_size, options)
        _, self.state_size, self.output_size, _ = _core.ncp_sizes(self._model._core)
        self._names = tuple(self._model.layers[1][k] for k in ("state", "memory"))

    def forward(self, input, hx=None, timespans=None):
        """input [batch, time, input] ([time, batch, input] without batch_first; [time, input] of a single sequence),
        hx the
        state it begins with, (h, c) with mixed memory, timespans [batch, time] or [time]. Returns (readout, state)."""
        x = input if isinstance(input, torch.Tensor) else torch.as_tensor(input)
        batched = x.dim() == 3
        if not batched:
            x = x.unsqueeze(0)
            if timespans is not None:
                timespans = timespans.reshape(1, -1)
        elif not self.batch_first:
            x = x.transpose(0, 1)
            if timespans is not None and timespans.dim() >= 2:
                timespans = timespans.transpose(0, 1)
        if timespans is not None and timespans.dim() == 3:
            timespans = timespans.squeeze(-1)
        states, names = [], []
        if hx is not None:
            states = list(_ncp.check_state(hx, self.use_mixed, batched, x.shape[0], self.state_size))
            names = ["1", "1/c"][: len(states)]
            if not batched:
                states = [s.unsqueeze(0) for s in states]
        state, memory = self._names
        wanted = [("output", "all" if self.return_sequences else "last"), (state, "last")]
        if self.use_mixed:
            wanted.append((memory, "last"))
        readout, *hx = self._run(wanted, x, names, states, timespans)
        if not batched:
            readout, hx = readout.squeeze(0), [s.squeeze(0) for s in hx]
        elif self.return_sequences and not self.batch_first:
            readout = readout.transpose(0, 1)
        return readout, tuple(hx) if self.use_mixed else hx[0]

    @property
    def sensory_synapse_count(self):
        return self.wiring.sensory_synapse_count

    @property
    def synapse_count(self):
        return self.wiring.synapse_count

    def extra_repr(self):
        return f"{self.input_size} → {self.state_size} units → {self.output_size}"


class CfC(_Liquid):
    """Closed-form continuous-time network; the parameters of ncps.torch.CfC. units: a number, or a wiring."""

    __doc__ += _ncp.cfc_doc

    def __init__(
        self,
        input_size,
        units,
        proj_size=None,
        return_sequences=True,
        batch_first=True,
        mixed_memory=False,
        mode="default",
        activation="lecun_tanh",
        backbone_units=None,
        backbone_layers=None,
        backbone_dropout=None,
        *,
        dtype="float32",
        threads=1,
        seed=None,
        **more,
    ):
        super().__init__(
            input_size,
            units,
            dict(
                proj_size=proj_size,
                return_sequences=return_sequences,
                batch_first=batch_first,
                mixed_memory=mixed_memory,
                mode=mode,
                activation=activation,
                backbone_units=backbone_units,
                backbone_layers=backbone_layers,
                backbone_dropout=backbone_dropout,
                **more,
            ),
            dtype,
            threads,
            seed,
        )


class LTC(_Liquid):
    """Liquid time-constant network; the parameters of ncps.torch.LTC. units: a number, or a wiring."""

    __doc__ += _ncp.ltc_doc
    kind = "LTC"

    def __init__(
        self,
        input_size,
        units,
        return_sequences=True,
        batch_first=True,
        mixed_memory=False,
        input_mapping="affine",
        output_mapping="affine",
        ode_unfolds=6,
        epsilon=1e-8,
        implicit_param_constraints=True,
        *,
        dtype="float32",
        threads=1,
        seed=None,
        **more,
    ):
        more.setdefault("positivity", "softplus" if implicit_param_constraints else "clamp")
        super().__init__(
            input_size,
            units,
            dict(
                return_sequences=return_sequences,
                batch_first=batch_first,
                mixed_memory=mixed_memory,
                input_mapping=input_mapping,
                output_mapping=output_mapping,
                ode_unfolds=ode_unfolds,
                epsilon=epsilon,
                **more,
            ),
            dtype,
            threads,
            seed,
        )

    def apply_weight_constraints(self):
        """Nothing to do: constraints hold in every run."""


class _Cell:
    """One step at a time."""

    def forward(self, input, hx, timespans=1.0):
        spans = torch.as_tensor(timespans, dtype=input.dtype)
        spans = spans.reshape(-1, 1) if spans.numel() > 1 else spans.reshape(1, 1).expand(input.shape[0], 1)
        readout, state = super().forward(input.unsqueeze(1), hx, spans)
        return readout.squeeze(1), state


class CfCCell(_Cell, CfC):
    """One step of a CfC: (x [batch, input], h [batch, unit], timespans) → (output, h)."""

    def __init__(
        self,
        input_size,
        hidden_size,
        mode="default",
        backbone_activation="lecun_tanh",
        backbone_units=128,
        backbone_layers=1,
        backbone_dropout=0.0,
        sparsity_mask=None,
        **more,
    ):
        if sparsity_mask is not None and backbone_units:
            raise ValueError("If sparsity of a CfC cell is set, then no backbone is allowed")
        words = (
            dict(backbone_layers=0)
            if not backbone_units or sparsity_mask is not None
            else dict(backbone_units=backbone_units, backbone_layers=backbone_layers, backbone_dropout=backbone_dropout)
        )
        super().__init__(
            input_size,
            hidden_size,
            mode=mode,
            activation=backbone_activation,
            sparsity_mask=sparsity_mask,
            **words,
            **more,
        )


class WiredCfCCell(_Cell, CfC):
    """One step of a CfC with a wiring."""

    def __init__(self, input_size, wiring, mode="default", **more):
        super().__init__(_ncp.inputs_of(wiring, "input_size", input_size), wiring, mode=mode, **more)


class LTCCell(_Cell, LTC):
    """One step of an LTC."""

    def __init__(self, wiring, in_features=None, **more):
        super().__init__(_ncp.inputs_of(wiring, "in_features", in_features), wiring, **more)


# ── nn4n ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


class CTRNN(Network):
    """Continuous-time network of rate units; the parameters of nn4n (dynode.ctrnn.CTRNN explains them).

    forward(x, init_state=None): x [batch, time, input] → (outputs [batch, time, output], rates [batch, time, hidden]).
    """

    def __init__(self, *, dtype="float32", threads=1, seed=None, **options):
        torch.nn.Module.__init__(self)
        from .ctrnn import model_of

        model, self._keep = model_of(options, dtype, threads, seed)
        self._take(model)
        self._kept = None

    def forward(self, x, init_state=None):
        x = torch.as_tensor(x)
        if init_state is None and self._keep and self._kept is not None and self._kept.shape[0] == x.shape[0]:
            init_state = self._kept
        names, states = ([], []) if init_state is None else (["1"], [init_state])
        wanted = [("output", "all"), ("s/1", "all"), ("state/1/v", "last")]
        output, rates, *last = self._run(wanted if self._keep else wanted[:2], x, names, states)
        self._kept = last[0].detach() if last else None
        return output, rates

    def reset_state(self):
        """With init_state keep: the next run begins at zero."""
        self._kept = None
