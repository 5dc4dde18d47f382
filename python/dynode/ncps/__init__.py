"""Liquid networks under the names of ncps, on numpy arrays.

    from dynode.ncps import CfC, LTC
    from dynode.ncps.wirings import AutoNCP
    rnn = CfC(20, AutoNCP(28, 4))
    output, h = rnn(x)                     # x [batch, time, 20] → [batch, time, 4], [batch, 28]
    rnn.train(x, y, loss="mse")            # a dynode.Model, too

As torch modules, with autograd: dynode.torch.CfC and dynode.torch.LTC. Given torch tensors, the networks here are
these.
"""
import numpy as np

from .. import _core, _ncp
from .._model import Model
from . import wirings


class _Liquid(Model):
    kind = "CfC"

    def _setup(self, input_size, units, options, dtype, threads, seed):
        self.wiring, units = _ncp.circuit(units)
        super().__init__(_core.ncp_model(self.kind, input_size, units, options, dtype, threads, seed))
        self.wiring = _ncp.built(self.wiring, self.kind, units, input_size, options)
        self.return_sequences, self.batch_first = options["return_sequences"], options["batch_first"]
        self.input_size, self.state_size, self.output_size, self.use_mixed = _core.ncp_sizes(self._core)
        self._options = options

    def __call__(self, input, hx=None, timespans=None, *, mask=None, training=False):
        """input [batch, time, input] ([time, batch, input] without batch_first, [time, input] of a single sequence);
        hx the
        state it begins with, (h, c) with mixed memory; timespans [batch, time] or [time]; mask [batch, time], 0 where a
        step is padding and keeps state and output. Returns (readout, state)."""
        if type(input).__module__.startswith("torch"):
            return self._as_torch()(input, hx, timespans)
        pair = isinstance(hx, (tuple, list))
        if hx is not None and self.use_mixed and not pair:
            raise RuntimeError("Running a CfC with mixed_memory=True requires a tuple (h0, c0) to be passed as state")
        h, c = hx if pair else (hx, None)
        readout, h, c, _ = _core.ncp_run(
            self._core, self.return_sequences, self.batch_first, input, h, c, timespans, mask, training, ()
        )
        return readout, h if c is None else (h, c)

    synapse_count = property(lambda self: self.wiring.synapse_count)
    sensory_synapse_count = property(lambda self: self.wiring.sensory_synapse_count)

    def record(self, input, names, hx=None, timespans=None):
        """What is recorded of a run: tau/1 (effective time constants of LTC), state/1/v, …"""
        return _core.ncp_run(
            self._core, self.return_sequences, self.batch_first, input, hx, None, timespans, None, False, list(names)
        )[3]

    def _as_torch(self):
        if "_torch" not in self.__dict__:
            from .. import torch as faces

            net = faces._Liquid.__new__(getattr(faces, self.kind))
            faces.torch.nn.Module.__init__(net)
            for name in (
                "return_sequences",
                "batch_first",
                "input_size",
                "state_size",
                "output_size",
                "use_mixed",
                "wiring",
            ):
                setattr(net, name, getattr(self, name))
            net._take(self)
            net._names = tuple(self.layers[1][k] for k in ("state", "memory"))
            self._torch = net
        return self._torch

    def parameter_list(self):
        """torch Parameters of this network, for an optimiser of torch."""
        return list(self._as_torch().parameters())


class CfC(_Liquid):
    """Closed-form continuous-time network. units: a number, or a wiring."""

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
        self._setup(
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
    """Liquid time-constant network. units: a number, or a wiring."""

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
        self._setup(
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


def fill_forward(x, mask, timespans=None):
    """Inputs of which some are missing: what is absent keeps its last value, 0 before the first.

    x [batch, time, feature] and mask of the same shape, 0 where a feature is absent. Returns [batch, time, 2 feature],
    values and mask side by side. With timespans [batch, time] or [time], [batch, time, 3 feature]: the time since a
    feature was last there stands between them, s_t = (dt_t + s_{t-1}) (1 - m_t).
    Source: Hasani et al. 2022, Closed-form continuous-time neural networks.
    """
    x, mask = np.asarray(x, np.result_type(x, np.float32)), np.asarray(mask)
    if x.ndim != 3 or mask.shape != x.shape:
        raise _core.ShapeError(f"mask: expected {list(x.shape)}, got {list(mask.shape)}; x is [batch, time, feature]")
    there = mask != 0
    filled, since = np.where(there, x, 0), np.zeros(x.shape, x.dtype)
    if timespans is not None:
        timespans = np.asarray(timespans)
        if timespans.shape not in (x.shape[:2], x.shape[1:2]):
            raise _core.ShapeError(f"timespans: expected {list(x.shape[:2])}, got {list(timespans.shape)}")
        since[:] = np.where(there, 0, np.broadcast_to(timespans, x.shape[:2])[..., None])
    for t in range(1, x.shape[1]):
        filled[:, t] += np.where(there[:, t], 0, filled[:, t - 1])
        since[:, t] += np.where(there[:, t] | (timespans is None), 0, since[:, t - 1])
    parts = [filled, there] if timespans is None else [filled, since, there]
    return np.concatenate([p.astype(x.dtype) for p in parts], -1)


def last_present(readout, mask):
    """The readout [batch, time, output] of each row's last step where any feature was there, 0 where none ever was.

    mask: as of fill_forward. Returns [batch, output]."""
    readout, any_there = np.asarray(readout), (np.asarray(mask) != 0).any(-1)
    last = any_there.shape[1] - 1 - any_there[:, ::-1].argmax(1)
    return np.where(any_there.any(1)[:, None], readout[np.arange(len(readout)), last], 0)


def __getattr__(name):
    if name in ("datasets", "mini_keras"):
        import importlib

        return importlib.import_module("." + name, __name__)
    raise AttributeError(f"module 'dynode.ncps' has no attribute '{name}'")


__all__ = ["CfC", "LTC", "datasets", "fill_forward", "last_present", "mini_keras", "wirings"]
