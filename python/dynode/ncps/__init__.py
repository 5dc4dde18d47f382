"""Liquid networks under the names of ncps, on numpy arrays.

    from dynode.ncps import CfC, LTC
    from dynode.ncps.wirings import AutoNCP
    rnn = CfC(20, AutoNCP(28, 4))
    output, h = rnn(x)                     # x [batch, time, 20] → [batch, time, 4], [batch, 28]
    rnn.train(x, y, loss="mse")            # a dynode.Model, too

As torch modules, with autograd: dynode.torch.CfC and dynode.torch.LTC. Given torch tensors, the networks here are
these.
"""
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


def __getattr__(name):
    if name in ("datasets", "mini_keras"):
        import importlib

        return importlib.import_module("." + name, __name__)
    raise AttributeError(f"module 'dynode.ncps' has no attribute '{name}'")


__all__ = ["CfC", "LTC", "datasets", "mini_keras", "wirings"]
