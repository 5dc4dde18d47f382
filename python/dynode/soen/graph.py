"""Graph and Sequential: networks put together in code."""
from types import SimpleNamespace as _Namespace

import numpy as np

from .. import _core
from .._model import Model
from .configs import words_of
from .model import SOENModelCore


class _Part(dict):
    """A kind and what it is told."""


def _values(owner, facts, values, named):
    names = [f["name"] for f in facts]
    if len(values) > len(names):
        raise TypeError(f"{owner} takes {len(names)} values: {', '.join(names)}")
    return {**dict(zip(names, values)), **named}


def _kinds(table, make):
    return _Namespace(**{name: make(name, entry) for name, entry in _core.catalogue()[table].items()})


def _documented(function, name, entry):
    function.__name__ = function.__qualname__ = name
    lines = [entry["summary"], ""]
    for f in entry.get("facts", entry.get("params", ())):
        lines.append(
            f"    {f['name']}: {f.get('help', '')}"
            + (f" [{f['unit']}]" if f.get("unit") else "")
            + (f", default {f['default']:g}" if isinstance(f.get("default"), float) else "")
        )
    function.__doc__ = "\n".join(lines)
    return function


def _layer(name, entry):
    def make(dim, **params):
        if name == "SingleDendrite":
            params.setdefault("phi_offset", 0.0)
        return _Part(layer_type=name, params={"dim": dim, **params})

    return _documented(make, name, entry)


def _structure(name, entry):
    def make(*values, **named):
        return _Part(type=name, params=_values(name, entry["facts"], values, named))

    return _documented(make, name, entry)


def _init(name, entry):
    def make(*values, **named):
        return _Part(name=name, params=_values(name, entry["facts"], values, named))

    return _documented(make, name, entry)


def _param(name, entry):
    def make(*values, **named):
        return {"distribution": name, "params": _values(name, entry["facts"], values, named)}

    return _documented(make, name, entry)


#: Layers by kind: layers.SingleDendrite(dim=5, gamma_plus=1e-3)
layers = _kinds("layers", _layer)
layers.Input = _layer("Input", {"summary": "the input array"})
#: Which connections exist: structure.sparse(0.2)
structure = _kinds("structures", _structure)
#: Initial weights: init.uniform(-0.2, 0.2), init.custom_weights("weights.npy")
init = _kinds("initialisers", _init)
#: Parameters to draw: param.uniform(1.5, 1.9)
param = _kinds("distributions", _param)


def _custom_weights(weights):
    """Weights [to, from] from a file, or as an array."""
    if isinstance(weights, (str, bytes)) or hasattr(weights, "__fspath__"):
        return _Part(name="custom", params={"weights_file": str(weights)})
    return _Part(name="zero", params={}, weights=np.asarray(weights))


init.custom_weights = _custom_weights


class Graph(SOENModelCore):
    """A network of layers and connections that are added one by one.

        g = Graph(dt=37, network_evaluation_method="stepwise_gauss_seidel", seed=42)
        g.add_layer(0, layers.Linear(dim=10)).add_layer(1, layers.SingleDendrite(dim=5))
        g.connect(0, 1, structure=structure.dense(), init=init.xavier_uniform())
        y = g(x)                               # [batch, time + 1, unit]

    Adding something draws all parameters anew. Words of SimulationConfig are keyword arguments.
    """

    def __init__(self, dtype="float32", threads=1, seed=None, **simulation):
        self._spec = {"simulation": simulation, "layers": [], "connections": []}
        self._options = {"dtype": dtype, "threads": threads, "seed": seed}
        self._weights, self._model, self._module, self._histories, self.training = {}, None, None, {}, True

    @property
    def model(self):
        if self._model is None:
            self._model = Model.from_spec(self._spec, **self._options)
            for name, weights in self._weights.items():
                self._model.set(name, weights)
        return self._model

    def _forget(self):
        self._model = self._module = None
        return self

    def add_layer(
        self, layer_id, layer, *, description=None, model_id=None, noise=None, perturb=None, learnable_params=None
    ):
        words = {"layer_id": layer_id, "layer_type": layer["layer_type"], "params": dict(layer["params"])}
        if learnable_params is not None:
            words["params"]["learnable_params"] = learnable_params
        for name, value in (("description", description), ("model_id", model_id)):
            if value is not None:
                words[name] = value
        for name, value in (("noise", noise), ("perturb", perturb)):
            if value is not None:
                words[name] = words_of(value)
        self._spec["layers"].append(words)
        return self._forget()

    def connect(
        self,
        from_layer,
        to_layer,
        structure=None,
        init=None,
        *,
        mode=None,
        connection_params=None,
        constraints=None,
        learnable=None,
        allow_self_connections=None,
        bias=None,
        lag=None,
        delay=None,
        noise=None,
        perturb=None,
        **params,
    ):
        structure = structure or _Part(type="dense", params={})
        shape = dict(structure["params"])
        if allow_self_connections is not None:
            shape["allow_self_connections"] = allow_self_connections
        words = {
            "from_layer": from_layer,
            "to_layer": to_layer,
            "connection_type": structure["type"],
            "params": {"structure": {"type": structure["type"], "params": shape}, **params},
        }
        if init is not None:
            words["params"]["init"] = {"name": init["name"], "params": init["params"]}
            if "weights" in init:
                self._weights[f"J_{from_layer}_to_{to_layer}"] = init["weights"]
        for name, value in (("constraints", constraints), ("bias", bias)):
            if value is not None:
                words["params"][name] = value
        for name, value in (
            ("mode", mode),
            ("connection_params", connection_params),
            ("learnable", learnable),
            ("lag", lag),
            ("delay", delay),
        ):
            if value is not None:
                words[name] = value
        for name, value in (("noise", noise), ("perturb", perturb)):
            if value is not None:
                words[name] = words_of(value)
        self._spec["connections"].append(words)
        return self._forget()

    def __call__(self, x, **words):
        """The output [batch, time + 1, unit]; get_phi_history() and the others tell what was tracked."""
        return super().__call__(x, **words)[0]

    forward = __call__


class Sequential(Graph):
    """Layers in a row, numbered from 0, with dense connections between neighbours."""

    def __init__(self, layers=(), connection_init=None, auto_connect=True, **words):
        super().__init__(**words)
        self._init, self._auto = connection_init, auto_connect
        for layer in layers:
            self.append(layer)

    def append(self, layer):
        number = len(self._spec["layers"])
        self.add_layer(number, layer)
        if number and self._auto:
            self.connect(number - 1, number, init=self._init)
        return self
