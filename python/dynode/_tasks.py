"""Tasks: trials of cognitive and benchmark tasks, as arrays."""
from . import _core


class Batch(dict):
    """Trials as arrays: input [rows, steps, inputs], target [rows, steps, outputs], mask [rows, steps], labels
    [rows], and
    timespans [rows, steps] where steps differ."""

    __getattr__ = dict.__getitem__


class Task:
    """A task with its settings: Task("go_nogo", stim_on=40). dynode.tasks() lists them.

    Trials are functions of (seed, batch, row). Step t of a target belongs to the output that has seen inputs 0 … t."""

    def __init__(self, name, **settings):
        self._core = _core.Task(name, settings)

    name = property(lambda self: self._core.name)
    summary = property(lambda self: self._core.summary)
    labels = property(lambda self: self._core.labels)
    steps = property(lambda self: self._core.steps)
    inputs = property(lambda self: self._core.inputs)
    outputs = property(lambda self: self._core.outputs)
    answer = property(lambda self: self._core.answer, doc="(first, behind last) step whose outputs decide.")

    def batch(self, rows, seed=1, batch=0):
        """Trials 0 … rows − 1 of a batch."""
        return Batch(self._core.batch(seed, batch, rows))

    def correct(self, output, seed=1, batch=0):
        """Whether outputs [rows, steps, outputs], without the entry of t = 0, solve the rows of that batch."""
        return self._core.correct(seed, batch, output)

    def __repr__(self):
        return f"dynode.Task({self.name}: {self.inputs} → {self.outputs}, {self.steps} steps)"


def tasks():
    """Names and summaries of all tasks."""
    return {name: entry["summary"] for name, entry in _core.catalogue()["tasks"].items()}
