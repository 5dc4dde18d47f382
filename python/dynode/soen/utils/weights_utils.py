"""Weights in files: [to, from]."""
import numpy as np

from ..._core import IoError, ShapeError


def save_weights_to_npy(weights, path):
    np.save(path, np.asarray(weights))


def save_weights_to_npz(weights, path, key="weights"):
    np.savez(path, **{key: np.asarray(weights)})


def load_weights_from_file(path, from_nodes=None, to_nodes=None, key="weights"):
    """@raises ShapeError if they do not connect so many nodes."""
    try:
        file = np.load(path)
    except (OSError, ValueError) as error:
        raise IoError(f"{path}: {error}") from None
    weights = file if isinstance(file, np.ndarray) else file[key]
    if from_nodes is not None and to_nodes is not None and not validate_weight_shape(weights, from_nodes, to_nodes):
        raise ShapeError(f"{path}: expected [{to_nodes}, {from_nodes}], got {list(weights.shape)}")
    return weights


def validate_weight_shape(weights, from_nodes, to_nodes):
    return tuple(np.shape(weights)) == (to_nodes, from_nodes)
