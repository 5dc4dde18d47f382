"""Networks of continuous-time rate units under the words of nn4n.

    from dynode.ctrnn import CTRNN
    net = CTRNN(dims=[3, 100, 2], activation="tanh", biases="zero", preact_noise=0.1)
    y, rates = net(x)                        # x [batch, time, 3] → [batch, time, 2], [batch, time, 100]

v += α (−v + W_in u + b_in + W_hid r + b_hid + preact_noise ε),  r = f(v) + postact_noise ξ,  y = W_out r + b_out, α =
dt/τ.
As a torch module: dynode.torch.CTRNN, with the same words. Masks are (pre, post), weights [post, pre].
"""
import os
import tempfile
from types import SimpleNamespace

import numpy as np

from . import _core
from ._model import Model, warn


def model_of(options, dtype, threads, seed):
    """(Model, whether states are kept from run to run) of the words of nn4n."""
    options = dict(options)
    keep = options.get("init_state") == "keep"
    spec, warnings = _core.ctrnn_spec(options)
    warn(warnings, 4)
    return Model(_core.Model.from_spec(spec, "", dtype, threads, seed)), keep


class CTRNN(Model):
    """A network of one hidden layer.

    dims: [input, hidden, output], default [1, 100, 1]. activation: relu, tanh, sigmoid, retanh.
    biases: None, "zero" (or 0), "normal", "uniform", or a list of three of these or arrays.
    weights: "uniform", "normal", or a list of three words or arrays [post, pre].
    tau, dt: time constant 100 and step 10, in the same unit; alpha = dt/tau. learn_alpha.
    preact_noise, postact_noise: deviations of noise in training mode.
    init_state: "zero", "keep" (where the last run ended) or "learn".
    sparsity_masks, ei_masks, plasticity_masks, synapse_growth_masks: None or a list of three of None and arrays (pre,
    post).
    self_connections: False for an empty diagonal. More: learnable, noise_scaling, noise_in_eval, scaling, ei_balance, …
    A network begins in training mode; train() and eval() switch. fit() learns from arrays.
    """

    def __init__(self, *, dtype="float32", threads=1, seed=None, **options):
        model, self._keep = model_of(options, dtype, threads, seed)
        super().__init__(model._core)
        self.training, self._kept, self._options = True, None, options

    @classmethod
    def load(cls, path, *, dtype="float32", threads=1):
        """A network that was saved."""
        self = object.__new__(cls)
        Model.__init__(self, _core.Model.from_file(os.fspath(path), dtype, threads, None))
        params = next(l for l in self.spec["layers"] if l["layer_type"] == "CTRNN")["params"]
        self.training, self._kept, self._keep, self._options = True, None, params.get("init_state") == "keep", {}
        return self

    def __call__(self, x, init_state=None):
        """x [batch, time, input]; init_state: potentials [hidden] or [batch, hidden] it begins with.
        Returns (outputs [batch, time, output], rates [batch, time, hidden]), without the start."""
        if type(x).__module__.startswith("torch"):
            return self._as_torch()(x, init_state)
        x = np.asarray(x)
        if (
            init_state is None
            and self._keep
            and self._kept is not None
            and len(self._kept) == (len(x) if x.ndim == 3 else 1)
        ):
            init_state = self._kept
        run = self.simulate(
            x,
            ("s/1", "state/1/v"),
            initial_states={} if init_state is None else {"1": init_state},
            noise={"training": self.training},
        )
        self._kept = run["state/1/v"][:, -1].copy() if self._keep else None
        self.last = run
        return run.output[:, 1:], run["s/1"][:, 1:]

    forward = __call__

    def reset_state(self):
        """With init_state keep: the next run begins at zero."""
        self._kept = None

    def train(self, mode=True):
        """Noise from here on; train(x, y, …) and fit(x, y, …) learn from arrays instead."""
        self.training = mode
        return self

    def eval(self):
        return self.train(False)

    def fit(self, x, y, **words):
        """Learns from arrays, as dynode.Model.train."""
        return Model.train(self, x, y, **words)

    # ── weights ───────────────────────────────────────────────────────────────────────────────────────────────────────

    _places = {"input": "0_to_1", "hidden": "1_to_1", "readout": "1_to_2"}

    @property
    def layers_text(self):
        return self.print_layers(show=False)

    def weight(self, layer):
        """Weights [post, pre] of input, hidden or readout, a view."""
        return self.parameters["J_" + self._places[layer]]

    def bias(self, layer):
        return self.parameters["b_" + self._places[layer]]

    def state_dict(self):
        """Parameters under the names of nn4n, as copies."""
        theta = self.parameters
        return {theirs: theta[ours].copy() for ours, theirs in self._core.original_names()[1] if ours in theta}

    def load_state_dict(self, state):
        ours = {theirs: name for name, theirs in self._core.original_names()[1]}
        for name, values in state.items():
            if name not in ours:
                raise _core.SpecError(f"there is no parameter '{name}'\n  there are: {', '.join(ours)}")
            self.set(ours[name], values)

    # ── for people ────────────────────────────────────────────────────────────────────────────────────────────────────

    def print_layers(self, show=True):
        """Sizes, noise, ranges of weights of every layer."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "net.dynode")
            self._core.save(path)
            text = _core.ctrnn_describe(path)
        if show:
            print(text)
        return text

    def plot_layers(self, path):
        """Weights as heat maps in an .svg, red negative, blue positive."""
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "net.dynode")
            self._core.save(file)
            _core.ctrnn_plot(file, os.fspath(path))

    def _as_torch(self):
        if "_torch" not in self.__dict__:
            from . import torch as faces

            net = faces.CTRNN.__new__(faces.CTRNN)
            faces.torch.nn.Module.__init__(net)
            net._keep, net._kept = self._keep, None
            net._take(self)
            self._torch = net
        return self._torch.train(self.training)

    def parameter_list(self):
        """torch Parameters, for an optimiser of torch."""
        return list(self._as_torch().parameters())


def multi_area(dims, n_areas=2, area_connectivities=(0.1, 0.1), input_areas=(), readout_areas=(), seed=0):
    """Masks of areas with sparse connections between them: dims, masks, sparsity_masks, areas, input_units,
    readout_units."""
    return SimpleNamespace(
        **_core.multi_area(
            list(dims),
            _numbers(n_areas),
            _numbers(area_connectivities),
            _numbers(input_areas),
            _numbers(readout_areas),
            seed,
        )
    )


def multi_area_ei(
    dims,
    n_areas=2,
    area_connectivities=(0.1, 0.1),
    input_areas=(),
    readout_areas=(),
    exc_pct=0.8,
    inter_area_connections=(True, True, True, True),
    inh_readout=True,
    seed=0,
):
    """The same with excitatory and inhibitory units in each area; masks have signs."""
    return SimpleNamespace(
        **_core.multi_area_ei(
            list(dims),
            _numbers(n_areas),
            _numbers(area_connectivities),
            _numbers(input_areas),
            _numbers(readout_areas),
            exc_pct,
            list(inter_area_connections),
            inh_readout,
            seed,
        )
    )


def random_input(dims, input_spar=1.0, readout_spar=1.0, hidden_spar=1.0, overlap=True, seed=0):
    """Masks with random units that have input or are read out."""
    return SimpleNamespace(**_core.random_input(list(dims), input_spar, readout_spar, hidden_spar, overlap, seed))


def _numbers(values):
    return [float(v) for v in np.ravel(values if values is not None else ())]


__all__ = ["CTRNN", "multi_area", "multi_area_ei", "random_input"]
