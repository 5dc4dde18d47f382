"""Models: parameters as views, runs, gradients, training, files."""
import numpy as np
import pytest

import dynode
from conftest import dendrites, lines


def test_a_run_gives_what_is_recorded_in_the_shapes_of_the_manual(model, x):
    run = model.simulate(x, ["s", "phi/1"])
    assert {k: v.shape for k, v in run.items()} == {
        "s/0": (3, 21, 10),
        "s/1": (3, 21, 5),
        "phi/1": (3, 20, 5),
        "output": (3, 21, 5),
    }
    assert run.steps == 20 and run.output.dtype == np.float32


def test_a_linear_network_is_a_product():
    net = dynode.Model.from_spec(lines(2, 3), dtype="float64")
    w = net.parameters["J_0_to_1"]
    x = np.arange(8.0).reshape(1, 4, 2)
    np.testing.assert_allclose(net(x)[0, 1:], x[0] @ w.T, rtol=1e-12, atol=1e-15)


def test_parameters_are_views_and_what_is_written_there_counts(model, x):
    before = model(x)
    w = model.parameters["J_0_to_1"]
    assert w.base is not None and np.shares_memory(w, model.parameters["J_0_to_1"]) and np.shares_memory(w, model.theta)
    w *= 2
    assert np.abs(model(x) - before).max() > 1e-3
    w /= 2
    np.testing.assert_array_equal(model(x), before)


def test_assigning_a_parameter_writes_into_the_model(model, x):
    w = model.parameters["J_0_to_1"]
    model.parameters["J_0_to_1"] = np.full(w.shape, 0.25)
    assert (w == 0.25).all()
    with pytest.raises(KeyError):
        model.parameters["J_0_to_7"] = 1


def test_views_outlive_their_model(x):
    w = dynode.Model.from_spec(dendrites()).parameters["J_0_to_1"]
    assert np.isfinite(w).all() and w.shape == (5, 10)


def test_writing_nan_into_a_view_is_an_error_that_names_the_parameter(model, x):
    model.parameters["J_0_to_1"][2, 3] = np.nan
    with pytest.raises(dynode.SpecError, match=r"J_0_to_1: entry 23 is nan"):
        model.simulate(x)


def test_absent_weights_stay_absent_whatever_is_written():
    spec = dendrites()
    spec["connections"][1] = {"from_layer": 1, "to_layer": 1, "connection_type": "sparse", "params": {"sparsity": 0.4}}
    net = dynode.Model.from_spec(spec)
    mask = next(b["mask"] for b in net.blocks if b["name"] == "J_1_to_1")
    net.parameters["J_1_to_1"][:] = 1
    net.simulate(np.zeros((1, 2, 10)))
    np.testing.assert_array_equal(net.parameters["J_1_to_1"], mask)


def test_real_and_stored_values(model):
    model.set("layer1/gamma_plus", np.full(5, 0.002))
    np.testing.assert_allclose(model.parameters["layer1/log_gamma_plus"], np.log(0.002), rtol=1e-6)
    np.testing.assert_allclose(model["layer1/gamma_plus"], 0.002, rtol=1e-6)


def test_gradients_are_those_of_differences():
    net = dynode.Model.from_spec(dendrites(), dtype="float64")
    rng = np.random.default_rng(2)
    x, target = rng.normal(size=(2, 6, 10)), rng.normal(size=(2, 6, 5))
    g = net.gradient(x, target, "mse", input=True)
    for name in ("J_0_to_1", "J_1_to_1", "layer1/log_gamma_plus"):
        view, at = net.parameters[name], (0,) * net.parameters[name].ndim
        old, eps = view[at], 1e-6
        loss = []
        for sign in (1, -1):
            view[at] = old + sign * eps
            loss.append(net.gradient(x, target, "mse").loss)
        view[at] = old
        assert g[name][at] == pytest.approx((loss[0] - loss[1]) / (2 * eps), rel=1e-6, abs=1e-12)
    assert g.input.shape == x.shape


def test_kinds_of_arrays_do_not_matter(model, x):
    wanted = model(x)
    for same in (
        x.astype(np.float64),
        x.astype(np.float32).tolist(),
        np.asfortranarray(x),
        np.repeat(x, 2, axis=1)[:, ::2],
        x[:, :, ::-1][:, :, ::-1],
        x.astype(">f4"),
    ):
        np.testing.assert_array_equal(model(same), wanted)
    np.testing.assert_array_equal(model(np.ones((1, 4, 10), dtype=bool)), model(np.ones((1, 4, 10), dtype=np.int16)))


@pytest.mark.parametrize(
    "bad, error, text",
    [
        (np.zeros(3), dynode.ShapeError, r"input: expected \[any, any, 10\], got \[3\]"),
        (np.zeros((0, 3, 10)), dynode.ShapeError, "it is empty"),
        (np.full((1, 3, 10), np.nan), dynode.ShapeError, "row 0, step 0, unit 0 is nan"),
        (np.zeros((1, 3, 10), complex), dynode.ShapeError, "got one of dtype complex128"),
        ("abc", dynode.ShapeError, "expected an array of numbers"),
        ([[1, 2], [3]], dynode.ShapeError, "expected an array of numbers, got list"),
        (None, dynode.SpecError, "takes an input array of 10 channels"),
    ],
)
def test_bad_input_has_the_words_of_the_tool(model, bad, error, text):
    with pytest.raises(error, match=text):
        model.simulate(bad)


def test_errors_are_also_those_of_python():
    assert issubclass(dynode.SpecError, ValueError) and issubclass(dynode.ShapeError, ValueError)
    assert issubclass(dynode.IoError, OSError) and issubclass(dynode.NumericsError, ArithmeticError)
    with pytest.raises(dynode.SpecError, match="did you mean 'gamma_plus'") as caught:
        dynode.Model.from_spec(dendrites(gamma_plsu=1))
    assert caught.value.path == "layers[1].params.gamma_plsu"
    with pytest.raises(dynode.IoError, match="nothere.yaml"):
        dynode.Model.load("nothere.yaml")
    with pytest.raises(dynode.SpecError, match="a set means nothing here"):
        dynode.Model.from_spec({"layers": {1, 2}})
    with pytest.raises(KeyError, match="there are: output"):
        dynode.Model.from_spec(lines()).simulate(np.zeros((1, 1, 1)))["s/7"]


def test_where_a_number_is_lost_is_said():
    net = dynode.Model.from_spec(lines(1, 1))
    net.parameters["J_0_to_1"][:] = 3e38
    with pytest.raises(dynode.NumericsError) as caught:
        net.simulate(np.full((1, 3, 1), 100.0))
    assert caught.value.layer_id == 1


def test_files_keep_the_bits(model, x, tmp_path):
    wanted = model(x)
    for name in ("m.dynode", "m.json"):
        model.save(tmp_path / name)
        np.testing.assert_array_equal(dynode.Model.load(tmp_path / name)(x), wanted)
    model.save(tmp_path / "w.npz")
    model.save(tmp_path / "m.yaml")
    fresh = dynode.Model.load(tmp_path / "m.yaml", seed=9)
    fresh.load_parameters(tmp_path / "w.npz")
    np.testing.assert_allclose(fresh(x), wanted, rtol=1e-4, atol=1e-6)
    with pytest.raises(dynode.IoError, match="not written as '.txt'"):
        model.save(tmp_path / "m.txt")
    dynode.convert(tmp_path / "m.dynode", tmp_path / "c.json")
    np.testing.assert_array_equal(dynode.Model.load(tmp_path / "c.json")(x), wanted)


def test_copies_and_pickles_are_networks_of_their_own(model, x):
    import pickle

    wanted = model(x)
    for other in (model.copy(), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other(x), wanted)
        other.parameters["J_0_to_1"][:] = 0
        np.testing.assert_array_equal(model(x), wanted)
    assert model.copy(dtype="float64")(x).dtype == np.float64


def test_training_learns_and_tells(tmp_path):
    rng = np.random.default_rng(3)
    x = rng.uniform(size=(200, 10, 10)).astype(np.float32)
    y = (x[:, :, 0].mean(axis=1) > 0.5).astype(int)
    net = dynode.Model.from_spec(dendrites(units=2))
    epochs, updates = [], []
    result = net.train(
        x, y, epochs=15, lr=3e-2, on_epoch=epochs.append, on_update=updates.append, directory=tmp_path / "run"
    )
    assert result.epochs == 15 and len(epochs) == 15 == len(result.history) and updates
    assert result.best_loss < epochs[0]["validation"]["loss"]
    assert (tmp_path / "run" / "report.html").exists()
    best = dynode.Model.load(tmp_path / "run" / "checkpoints" / "best.dynode")
    np.testing.assert_array_equal(best(x), net(x))


def test_a_callback_ends_training_or_breaks_it():
    x, y = np.random.rand(64, 5, 10).astype(np.float32), np.zeros(64, dtype=int)
    net = dynode.Model.from_spec(dendrites())
    result = net.train(x, y, epochs=50, on_epoch=lambda e: e["epoch"] >= 3)
    assert result.stopped and result.epochs == 3

    def broken(_):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        net.train(x, y, epochs=5, on_epoch=broken)


def test_tasks_are_functions_of_their_seed():
    task = dynode.Task("go_nogo")
    a, b = task.batch(5, seed=2), task.batch(5, seed=2)
    np.testing.assert_array_equal(a.input, b.input)
    assert all(task.correct(a.target, seed=2))
    assert "mante" in dynode.tasks()
    with pytest.raises(dynode.SpecError, match="did you mean"):
        dynode.Task("go_nogoo")


def test_rate_tables_and_units():
    table = dynode.rate_tables.make(phi_count=3, ib_count=3, ib_first=1.5, ib_step=0.3, threads=1)
    assert table["g"].shape == (3, 3) and (np.diff(table["g"], axis=0) >= 0).all() and table["g"][-1].min() > 0.3
    from dynode.soen.physics.constants import get_omega_c

    assert 1e10 < get_omega_c() < 1e13


def test_padded_steps_keep_states(model, x):
    mask = np.ones((3, 20))
    mask[1, 12:] = 0
    padded, whole, short = model.simulate(x, mask=mask).output, model(x), model(x[:, :12])
    np.testing.assert_array_equal(padded[[0, 2]], whole[[0, 2]])
    np.testing.assert_array_equal(padded[1, 12:], np.repeat(short[1, -1:], 9, axis=0))


def test_networks_without_input_run_by_themselves():
    net = dynode.Model.from_spec(
        {
            "simulation": {"dt": 0.0005, "duration": 0.2, "input_type": "none"},
            "layers": [
                {
                    "layer_id": 0,
                    "layer_type": "LIF",
                    "params": {"dim": 200, "n_excitatory": 160, "threshold": [1.5, 0.75]},
                }
            ],
            "connections": [
                {
                    "from_layer": 0,
                    "to_layer": 0,
                    "connection_type": "sparse",
                    "mode": "spike",
                    "params": {"sparsity": 0.1, "init": {"name": "constant", "params": {"value": 0.01}}},
                }
            ],
            "drives": [
                {
                    "to_layer": 0,
                    "type": "poisson",
                    "nu_ext_baseline": [7, 7, 0, 0],
                    "c_ext": [320, 320, 0, 0],
                    "j_ext": [2.3, 2.3, 0, 0],
                }
            ],
        }
    )
    spikes = net.simulate(steps=100)["spikes/0"]
    assert spikes.shape[1] == 3 and (spikes[:, 0] < 100).all() and (spikes[:, 2] < 200).all()
    assert net.simulate().steps == 400
