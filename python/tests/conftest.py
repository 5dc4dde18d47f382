import numpy as np
import pytest

import dynode


def dendrites(units=5, inputs=10, **words):
    """Inputs onto dendrites with a connection among themselves."""
    return {
        "simulation": {"dt": 37},
        "layers": [
            {"layer_id": 0, "layer_type": "Linear", "params": {"dim": inputs}},
            {"layer_id": 1, "layer_type": "SingleDendrite", "params": {"dim": units, "source_func": "Tanh", **words}},
        ],
        "connections": [
            {"from_layer": 0, "to_layer": 1, "connection_type": "dense"},
            {"from_layer": 1, "to_layer": 1, "connection_type": "dense"},
        ],
    }


def lines(inputs=1, units=1):
    """Nothing but a product."""
    return {
        "simulation": {"dt": 1},
        "layers": [
            {"layer_id": 0, "layer_type": "Linear", "params": {"dim": inputs}},
            {"layer_id": 1, "layer_type": "Linear", "params": {"dim": units}},
        ],
        "connections": [{"from_layer": 0, "to_layer": 1, "connection_type": "dense"}],
    }


@pytest.fixture
def model():
    return dynode.Model.from_spec(dendrites())


@pytest.fixture
def x():
    return np.random.default_rng(1).normal(size=(3, 20, 10)).astype(np.float32)
