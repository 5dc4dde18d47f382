"""Networks in NIR and weights in safetensors, there and back."""
import numpy as np
import pytest

import dynode

SPIKES = {
    "seed": 4,
    "simulation": {"dt": 0.001, "network_evaluation_method": "stepwise_gauss_seidel"},
    "layers": [
        {"layer_id": 0, "layer_type": "Input", "params": {"dim": 3}},
        {"layer_id": 1, "layer_type": "CubaLIF", "params": {"dim": 5, "v_threshold": 0.1}},
        {"layer_id": 2, "layer_type": "LI", "params": {"dim": 2}},
    ],
    "connections": [
        {"from_layer": 0, "to_layer": 1, "connection_type": "dense", "params": {"init": {"name": "normal", "params": {"std": 2}}}},
        {"from_layer": 1, "to_layer": 1, "connection_type": "dense", "params": {"init": {"name": "normal", "params": {"std": 0.5}}}},
        {"from_layer": 1, "to_layer": 2, "connection_type": "dense", "params": {"init": {"name": "normal", "params": {"std": 1}}}},
    ],
}


def test_what_is_written_as_nir_is_read_again(tmp_path):
    net = dynode.Model.from_spec(SPIKES, dtype="float64")
    x = np.full((2, 40, 3), 0.7)
    net.save(tmp_path / "net.nir")
    np.testing.assert_array_equal(dynode.Model.from_nir(tmp_path / "net.nir", dtype="float64")(x), net(x))
    np.testing.assert_array_equal(dynode.Model.load(tmp_path / "net.nir", dtype="float64")(x), net(x))
    assert np.abs(net(x)).max() > 0
    assert not np.array_equal(dynode.Model.from_nir(tmp_path / "net.nir", scheme="euler", dtype="float64")(x), net(x))


def test_what_nir_has_no_words_for_is_refused(tmp_path):
    spec = {
        "layers": [{"layer_id": 0, "layer_type": "Input", "params": {"dim": 3}}, {"layer_id": 1, "layer_type": "GRU", "params": {"dim": 2}}],
        "connections": [{"from_layer": 0, "to_layer": 1, "connection_type": "dense"}],
    }
    with pytest.raises(dynode.SpecError, match="NIR has no"):
        dynode.Model.from_spec(spec).save(tmp_path / "net.nir")


def test_weights_go_to_safetensors_and_back(tmp_path):
    net, other = (dynode.Model.from_spec(SPIKES, dtype="float64", seed=seed) for seed in (1, 2))
    net.save(tmp_path / "w.safetensors")
    other.load_parameters(tmp_path / "w.safetensors")
    x = np.full((1, 30, 3), 0.7)
    np.testing.assert_array_equal(other(x), net(x))
