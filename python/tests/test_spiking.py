"""Mean field of networks as they are written, and capacity."""
import numpy as np
import pytest

import dynode
from dynode import capacity
from dynode.mean_field import LIFMeanField


def network(second=1.0, **simulation):
    """Two populations; second: in units of time."""
    return {
        "simulation": {"dt": 0.0005 * second, "duration": 0.2 * second, "input_type": "none", **simulation},
        "layers": [
            {
                "layer_id": 0,
                "layer_type": "LIF",
                "params": {
                    "dim": 100,
                    "populations": {"busy": 80, "calm": 20},
                    "tau_membrane": 0.02 * second,
                    "tau_synaptic": 0.005 * second,
                    "tau_refractory": 0.002 * second,
                    "threshold": 1.2,
                },
            }
        ],
        "connections": [
            {
                "from_layer": 0,
                "to_layer": 0,
                "connection_type": "fixed_indegree",
                "mode": "spike",
                "params": {
                    "structure": {"type": "fixed_indegree", "params": {"indegree": [8, 2], "weight": [0.05, -0.2]}}
                },
            }
        ],
        "drives": [{"to_layer": 0, "type": "poisson", "rate": 8 / second, "connections": 100, "weight": [0.1, 0.09]}],
    }


def test_mean_field_of_a_spec_with_layers():
    mf = LIFMeanField.from_config(network())
    assert mf.names == ["busy", "calm"]
    rates = mf.solve_rates().x
    assert rates.shape == (2,) and rates[0] > rates[1] > 1
    np.testing.assert_allclose(LIFMeanField.from_config(network(1000, time_unit="ms")).solve_rates().x, rates, rtol=1e-6)
    perturbed = network()
    perturbed["perturbation"] = {"threshold": {"vectors": [[0.2]], "involved_clusters": [1], "params": [1]}}
    assert LIFMeanField.from_config(perturbed).solve_rates().x[1] < rates[1]
    with pytest.raises(dynode.SpecError, match="it can be: s, ms"):
        LIFMeanField.from_config(network(time_unit="min"))


def test_capacity_by_its_closed_form():
    states = capacity.covering_partitions(9, 3)
    assert capacity.coverage(states, 9) == (72, 72)
    best, full = capacity.best_margin(states, 9, 4), capacity.full_margin(9, 3, 4)
    assert best.gamma == pytest.approx(full.gamma, abs=1e-8)
    np.testing.assert_allclose(capacity.state_margins(full.projection, states) ** 2, full.gamma, atol=1e-12)
    chance = capacity.random_subspace(9, 4, 1)
    np.testing.assert_allclose(chance @ chance, chance, atol=1e-14)
    assert np.trace(chance) == pytest.approx(4)
    assert capacity.state_margins(chance, states).min() ** 2 < best.gamma
    delta = capacity.targeting_direction(best.projection, states[0])
    assert np.linalg.norm(delta) == pytest.approx(1)
    roles = capacity.roles(states, states[0], delta)
    assert roles[0].role == "target" and roles[1].role == "orthogonal"
    with pytest.raises(dynode.SpecError, match="is not a set of 9 clusters"):
        capacity.targeting_direction(best.projection, [0, 9])


def test_responses_to_perturbations():
    alphas = np.array([0, 0.01, 0.02, 0.05])
    p = np.stack([0.2 * np.exp(3 * alphas), 0.3 - alphas], 1)
    fit = capacity.sensitivity(alphas, p)
    assert fit.slopes[0] == pytest.approx(3) and fit.r_squared[0] == pytest.approx(1)
    sums = capacity.superposition([0.2, 0.4], [[0.4, 0.2]], [0.4, 0.2], [1])
    assert sums.r_squared == pytest.approx(1) and sums.states == [0, 1]
    edge = capacity.metastable_boundary([0, 0.1], [[0.6, 0.4], [0.3, 0.7]], [[0], [1]], [0], many=2)
    assert (edge.target_dominates, edge.k_hot, edge.varied) == (0, 0.1, 0.1)
