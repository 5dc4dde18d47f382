"""Networks of spikes: conversion of rate networks, and runs of clustered networks.

    spiking = dynode.spiking.convert(net, scaling_factor=50)       # net: dynode.rate.FR_RNN_dale
    found   = dynode.spiking.search_scaling(net, "go_nogo")        # found.best, found.scores
    run     = dynode.Model.load("clustered.yaml").simulate(x, ["spikes"])
"""
from types import SimpleNamespace

from . import _core
from ._model import Model
from ._tasks import Task


def _task(task):
    return (task if isinstance(task, Task) else Task(task))._core


def convert(net, scaling_factor=50.0, *, downsample=1, threads=1):
    """The spiking network (float64) of a trained rate network; one step is 50 µs times downsample."""
    return Model(_core.to_spiking(net.model._core, scaling_factor, downsample, threads))


def search_scaling(net, task, factors=(), *, trials=100, seed=1, threads=1, downsample=1):
    """Which scaling factor solves most trials: best and scores, each with factor, trials, correct, share, low, high
    (95 %),
    rate_excitatory, rate_inhibitory (Hz), response_time (s)."""
    scores, best = _core.search_scaling(net.model._core, _task(task), list(factors), trials, seed, threads, downsample)
    return SimpleNamespace(best=SimpleNamespace(**best), scores=[SimpleNamespace(**s) for s in scores])


def run_trials(spiking, net, task, scaling_factor, *, trials=10, seed=1, downsample=1):
    """Trials of a converted network: label, correct, peak, response_time, rates, output [steps], spikes [count, 2]
    (step, unit)."""
    return [
        SimpleNamespace(**t)
        for t in _core.spiking_trials(
            spiking._core, net.model._core, _task(task), scaling_factor, trials, seed, downsample
        )
    ]
