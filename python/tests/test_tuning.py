"""Weights found by running, left out, made programmable."""
import numpy as np
import pytest

import dynode


def dendrites_in_a_row():
    return {
        "seed": 3,
        "simulation": {"dt": 20},
        "layers": [
            {"layer_id": 0, "layer_type": "Linear", "params": {"dim": 2}},
            {"layer_id": 1, "layer_type": "SingleDendrite", "params": {"dim": 5, "source_func": "Tanh", "phi_offset": 0.1}},
            {"layer_id": 2, "layer_type": "Linear", "params": {"dim": 2}},
        ],
        "connections": [
            {"from_layer": 0, "to_layer": 1, "connection_type": "dense", "params": {"init": "uniform"}},
            {"from_layer": 1, "to_layer": 2, "connection_type": "dense", "params": {"init": "uniform"}},
        ],
    }


def test_flux_is_matched_and_activity_tuned():
    net = dynode.Model.from_spec(dendrites_in_a_row(), dtype="float64")
    x = np.full((2, 40, 2), 0.4)
    found = net.match_flux(x, 0.4, connections=["J_0_to_1"])
    assert found[0]["layer_id"] == 1 and found[0]["after"] == pytest.approx(0.4)
    np.testing.assert_allclose(net["J_0_to_1"], 0.3 / 2 / 0.4, rtol=1e-9)
    tuned = net.tune_criticality(x, iterations=5, expansion=0)
    assert tuned["after"] <= tuned["before"]
    with pytest.raises(dynode.SpecError, match="did you mean|there are"):
        net.match_flux(x, connections=["J_0_to_2"])


def test_small_weights_go():
    net = dynode.Model.from_spec(dendrites_in_a_row())
    small, left = net.pruned(0.5, connections=["J_0_to_1"])
    assert left == {"J_0_to_1": (10, 5)}
    assert np.count_nonzero(small["J_0_to_1"]) == 5 and np.count_nonzero(net["J_0_to_1"]) == 10
    x, y = np.random.default_rng(1).random((4, 10, 2)), np.array([0, 1, 0, 1])
    _, left = net.pruned(0.5, saliency="fisher", x=x, target=y, loss="cross_entropy", pooling="final", unit="row")
    assert sum(after for _, after in left.values()) >= 10
    with pytest.raises(dynode.SpecError, match="there is no saliency"):
        net.pruned(0.5, saliency="luck")


def test_fixed_weights_become_programmable():
    net = dynode.Model.from_spec(dendrites_in_a_row(), dtype="float64")
    net["J_0_to_1"] = np.full((5, 2), 0.05)
    other = net.programmable("NOCC", connections=["J_0_to_1"])
    assert other.spec["connections"][0]["mode"] == "NOCC"
    x = np.zeros((1, 600, 2))
    x[:, :, 0] = 0.1 / 0.38
    assert other(x)[0, -1] == pytest.approx(net(x)[0, -1], rel=0.05)


def test_layers_learn_one_by_one():
    spec = dendrites_in_a_row()
    spec["layers"][0]["params"]["dim"] = 4
    net = dynode.Model.from_spec(spec)
    rng = np.random.default_rng(1)
    labels = np.arange(32) % 2
    x = rng.normal(0, 0.2, (32, 2)) + np.where(labels, 0.6, -0.6)[:, None]
    trainer = dynode.ForwardForward(net, 2, steps=20, layers=[1])
    before = net["J_1_to_2"]
    losses = [trainer.step(x, labels)["loss"] for _ in range(30)]
    assert losses[-1] < losses[0] and set(trainer.step(x, labels)["right"]) == {1}
    assert trainer.predict(x).shape == (32,) and np.array_equal(net["J_1_to_2"], before)
    with pytest.raises(dynode.SpecError, match="cannot learn by forward-forward"):
        dynode.ForwardForward(net, 2, layers=[0])
