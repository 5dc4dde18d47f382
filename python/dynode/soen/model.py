"""SOENModelCore: a network as the SOEN toolkit knows it."""
import os
import sys

import numpy as np

from .. import _core
from .._model import Model
from .configs import ConnectionConfig, LayerConfig, SimulationConfig, words_of

#: Kinds of layers and what they are.
LAYER_TYPE_MAP = {
    "Input": "the input array",
    **{n: entry["summary"] for n, entry in _core.catalogue()["layers"].items()},
}


class _Parameter(np.ndarray):
    """A view of a parameter."""

    def numel(self):
        return self.size


def _is_tensor(x):
    return type(x).__module__.partition(".")[0] == "torch"


class SOENModelCore:
    """A network of layers and connections.

    Called with numpy arrays it answers with arrays, called with torch tensors with tensors that know their gradients.
    `model` is the dynode.Model behind: simulate, gradient, describe, …
    """

    def __init__(self, sim_config, layers_config, connections_config, *, seed=None, dtype="float32", threads=1):
        spec = {
            "simulation": words_of(sim_config),
            "layers": [words_of(l) for l in layers_config],
            "connections": [words_of(c) for c in connections_config],
        }
        self._take(Model.from_spec(spec, dtype=dtype, threads=threads, seed=seed))

    def _take(self, model):
        self.model = model
        self._module = None
        self._histories = {}
        self.training = True

    @classmethod
    def _of(cls, model):
        self = object.__new__(cls)
        self._take(model)
        return self

    @classmethod
    def build(cls, spec, *, seed=None, dtype="float32", threads=1):
        """From a spec file (.yaml, .json), an exported model (.json) or a dict."""
        if isinstance(spec, dict):
            return cls._of(Model.from_spec(spec, dtype=dtype, threads=threads, seed=seed))
        return cls._of(Model.load(spec, dtype=dtype, threads=threads, seed=seed))

    @classmethod
    def load(cls, path, *, dtype="float32", threads=1):
        """A file that save() wrote: .dynode, .json, .soen, .pth."""
        return cls._of(Model.load(path, dtype=dtype, threads=threads))

    def save(self, path, include_metadata=True):
        """.dynode or .json; .soen and .pth (the toolkit's checkpoint) where torch is installed; .yaml the spec
        alone."""
        if os.path.splitext(os.fspath(path))[1].lower() in (".soen", ".pth", ".pt"):
            self._save_checkpoint(path)
        else:
            self.model.save(path)

    def _save_checkpoint(self, path):
        try:
            import torch
        except ImportError:
            raise _core.IoError(
                f"{path}: the toolkit's checkpoints are files of torch, which is not installed\n"
                "  write .dynode or .json"
            ) from None
        names, spec = dict(self.model._core.original_names()[1]), self.model.spec
        theta = self.model.parameters
        state = {names[n]: torch.from_numpy(np.array(v)) for n, v in theta.items() if n in names}
        masks = {
            b["stored_name"]: torch.from_numpy(b["mask"].astype(np.float32))
            for b in self.model.blocks
            if b["mask"] is not None and b["stored_name"].startswith("J_")
        }
        simulation = spec.get("simulation", {})
        torch.save(
            {
                "state_dict": state,
                "sim_config": simulation,
                "layers_config": spec["layers"],
                "connections_config": spec.get("connections", []),
                "connection_masks": masks,
                "dt": simulation.get("dt", 37),
                "dt_learnable": simulation.get("dt_learnable", False),
            },
            os.fspath(path),
        )

    # ── running ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def __call__(self, x, initial_states={}, timespans=None):
        """x [batch, time, unit] → (output [batch, time + 1, unit] with the start as entry 0, states of all layers)."""
        records = [r for layer in self.model.layers for r in layer["records"]]
        states = [f"s/{layer['layer_id']}" for layer in self.model.layers]
        simulation = self.model.spec.get("simulation", {})
        if _is_tensor(x):
            # with gradients, of outputs and states; what only observers see comes from a run of its own
            output, histories = self.torch()(
                x, initial_states, timespans, record=[s for s in states if s in records], with_start=True
            )
            self._histories = dict(histories)
            watched = [k for k in ("phi", "g", "power") if simulation.get("track_" + k)]
            if watched:
                import torch

                run = self.model.simulate(x.detach().numpy(), watched, track=False)
                self._histories.update({k: torch.from_numpy(v) for k, v in run.items() if k != "output"})
            return output, [histories[s] for s in states if s in histories]
        run = self.model.simulate(
            x,
            [s for s in states if s in records],
            initial_states=initial_states,
            timespans=timespans,
            noise={"training": self.training},
        )
        self._histories = run
        return run.output, [run[s] for s in states if s in run]

    forward = __call__

    def _history(self, kind, flag):
        found = [
            self._histories[f"{kind}/{layer['layer_id']}"]
            for layer in self.model.layers
            if f"{kind}/{layer['layer_id']}" in self._histories
        ]
        if not found:
            raise _core.SpecError(
                f"nothing of '{kind}' was recorded\n  set {flag}=True in SimulationConfig and run the network"
            )
        return found

    def get_phi_history(self):
        """Inputs of every layer that has one, [batch, time, unit] each; track_phi."""
        return self._history("phi", "track_phi")

    def get_g_history(self):
        """Values of the source functions; track_g."""
        return self._history("g", "track_g")

    def get_s_history(self):
        """States, [batch, time + 1, unit] each."""
        return self._history("s", "track_s")

    get_state_history = get_s_history

    def get_power_history(self):
        """Power of dendrites, W; track_power."""
        return self._history("power", "track_power")

    # ── parameters ────────────────────────────────────────────────────────────────────────────────────────────────────

    def torch(self):
        """As torch.nn.Module (dynode.torch.Network), sharing the parameters."""
        if self._module is None:
            from ..torch import Network

            self._module = Network(self.model)
        return self._module

    def named_parameters(self):
        """(name, parameter): torch Parameters where torch is in use, else views of numpy with numel()."""
        if "torch" in sys.modules:
            yield from self.torch().named_parameters()
            return
        for name, view in self.model.parameters.items():
            yield name, view.view(_Parameter)

    def parameters(self):
        return (p for _, p in self.named_parameters())

    @property
    def connections(self):
        """Weights by name, J_<from>_to_<to> [to, from], views."""
        return {n: v for n, v in self.model.parameters.items() if n.startswith("J_") and "/" not in n}

    @property
    def connection_masks(self):
        return {
            b["stored_name"]: b["mask"]
            for b in self.model.blocks
            if b["stored_name"].startswith("J_") and b["mask"] is not None
        }

    def state_dict(self):
        return self.torch().state_dict()

    def load_state_dict(self, state, strict=True):
        return self.torch().load_state_dict(state, strict)

    def enforce_param_constraints(self):
        """Puts parameters back onto masks, signs and boxes; every run does that, too."""
        self.model.get(next(iter(self.model.parameters)))

    def train(self, mode=True):
        self.training = mode
        if self._module is not None:
            self._module.train(mode)
        return self

    def eval(self):
        return self.train(False)

    def fit(self, x, y, **words):
        """Trains on arrays, as dynode.Model.train."""
        return self.model.train(x, y, **words)

    # ── asking ────────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def sim_config(self):
        return SimulationConfig(**self.model.spec.get("simulation", {}))

    @property
    def layers_config(self):
        return [LayerConfig(**l) for l in self.model.spec["layers"]]

    @property
    def connections_config(self):
        return [ConnectionConfig(**c) for c in self.model.spec.get("connections", [])]

    def summary(self):
        return self.model.describe()

    def __repr__(self):
        return repr(self.model).replace("dynode.Model", "SOENModelCore")


def dump_model_to_yaml(model, path):
    """The network without its numbers."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(getattr(model, "model", model).to_yaml())
