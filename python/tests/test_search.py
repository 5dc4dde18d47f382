"""Search for settings."""
import math

import numpy as np
import pytest

import dynode
from dynode import search

SPACE = {"a": search.uniform(-2, 2), "b": search.uniform(1e-4, 1, log=True), "n": search.integer(1, 9), "c": search.choice("x", "y", "z")}


def score(v):
    return (v["a"] - 0.7) ** 2 + math.log10(v["b"] / 0.01) ** 2 + (v["n"] - 6) ** 2 / 9 + (v["c"] != "y")


def test_it_finds_what_chance_does_not():
    found = [search.Search(SPACE, seed=s).run(score, 80)[1] for s in range(5)]
    chance = [search.Search(SPACE, seed=s, warmup=80).run(score, 80)[1] for s in range(5)]
    assert np.median(found) < 0.15 and np.median(found) < 0.5 * np.median(chance)
    best, value = search.Search(SPACE, maximize=True).run(lambda v: -score(v), 80)
    assert best["c"] == "y" and value > -0.5


def test_draws_stay_within_their_ends():
    rng = np.random.default_rng(1)
    n = search.integer(3, 5)
    drawn = [n.draw(rng) for _ in range(3000)]
    assert set(drawn) == {3, 4, 5} and all(800 < drawn.count(k) < 1200 for k in (3, 4, 5))
    b = search.uniform(1e-3, 1e3, log=True)
    assert 0.45 < np.mean([b.draw(rng) < 1 for _ in range(2000)]) < 0.55
    for low, high, log in ((1, 1, False), (2, 1, False), (0, 1, True), (0, math.inf, False)):
        with pytest.raises(dynode.SpecError, match="is no range"):
            search.uniform(low, high, log)


def test_a_search_goes_on_where_it_stopped(tmp_path):
    whole = search.Search(SPACE, seed=4)
    whole.run(score, 30)
    file = str(tmp_path / "trials.jsonl")
    search.Search(SPACE, seed=4, file=file).run(score, 17)
    rest = search.Search(SPACE, seed=4, file=file)
    assert len(rest.trials) == 17
    rest.run(score, 30)
    assert rest.trials == whole.trials
    with pytest.raises(dynode.SpecError, match="another space"):
        search.Search({"a": SPACE["a"]}, file=file)


def test_failed_trials_are_left_aside():
    def fails(v):
        if v["a"] < 0:
            raise dynode.NumericsError("diverged")
        return math.nan if v["c"] == "z" else score(v)

    s = search.Search(SPACE)
    best, _ = s.run(fails, 40)
    assert best["a"] >= 0 and best["c"] != "z" and any(v is None for _, v in s.trials)
    assert search.Search(SPACE).best is None


def test_values_are_put_in_their_places():
    spec = {"layers": [{"params": {"dim": 1}}, {"params": {"dim": 2}}], "simulation": {}}
    made = search.place(spec, {"layers.1.params.dim": 7, "simulation.dt": 5, "training.loss.x": 1})
    assert made == {"layers": [{"params": {"dim": 1}}, {"params": {"dim": 7}}], "simulation": {"dt": 5}, "training": {"loss": {"x": 1}}}
    assert spec["layers"][1]["params"]["dim"] == 2
    with pytest.raises(dynode.SpecError, match="there is no '2'"):
        search.place(spec, {"layers.2.params.dim": 7})


def test_a_network_is_searched():
    spec = {
        "layers": [
            {"layer_id": 0, "layer_type": "Linear", "params": {"dim": 2}},
            {"layer_id": 1, "layer_type": "SingleDendrite", "params": {"dim": 4, "source_func": "Tanh"}},
        ],
        "connections": [{"from_layer": 0, "to_layer": 1, "connection_type": "dense"}],
    }
    x = np.full((2, 30, 2), 0.3)

    def activity(values):
        return abs(float(dynode.Model.from_spec(search.place(spec, values))(x)[:, -1].mean()) - 0.2)

    space = {"layers.1.params.phi_offset": search.uniform(0, 0.4), "layers.1.params.gamma_minus": search.uniform(1e-4, 1e-2, log=True)}
    values, score = search.Search(space).run(activity, 25)
    assert score < 0.05 and set(values) == set(space)
