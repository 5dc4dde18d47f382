"""dynode: dynamical neural networks, from spec to trained model.

    import dynode
    model = dynode.Model.from_yaml("net.yaml")
    run   = model.simulate(x, record=["s", "phi"])      # x [batch, time, unit] → run["output"], run["s/1"], …
    g     = model.gradient(x, target, "mse")            # g.loss, g["J_0_to_1"]
    model.train(x, y, loss="cross_entropy", epochs=20)

Networks under the names people know: dynode.soen, dynode.ctrnn, dynode.rate, dynode.ncps, dynode.mean_field, and as
torch modules dynode.torch.
"""
import importlib as _importlib

from ._core import Error, IoError, NumericsError, ShapeError, SpecError, __version__, catalogue
from ._forward_forward import ForwardForward
from ._model import Gradient, Model, Results
from ._tasks import Batch, Task, tasks
from ._training import TrainResult, resume, train

__all__ = [
    "Batch",
    "Error",
    "ForwardForward",
    "Gradient",
    "IoError",
    "Model",
    "NumericsError",
    "Results",
    "ShapeError",
    "SpecError",
    "Task",
    "TrainResult",
    "capacity",
    "catalogue",
    "ctrnn",
    "mean_field",
    "ncps",
    "rate",
    "rate_tables",
    "resume",
    "search",
    "soen",
    "spiking",
    "tasks",
    "torch",
    "train",
    "convert",
    "__version__",
]

_faces = {"capacity", "ctrnn", "mean_field", "ncps", "plot", "rate", "rate_tables", "search", "soen", "spiking", "torch"}


def convert(source, target):
    """Writes the network of one file as another: `target` ends in .dynode, .json (as the SOEN toolkit exports it), .mat
    (spikeRNN), .nir (NIR), .npz (weights alone) or .yaml (the spec alone)."""
    Model.load(source, dtype="float64" if str(source).endswith(".mat") else "float32").save(target)


def __getattr__(name):
    if name in _faces:
        return _importlib.import_module("." + name, __name__)
    raise AttributeError(f"module 'dynode' has no attribute '{name}'")


def __dir__():
    return sorted({*globals(), *_faces})
