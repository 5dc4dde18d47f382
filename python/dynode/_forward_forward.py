"""Forward-forward: layers that learn one by one."""
import numpy as np

from . import _core


class ForwardForward:
    """Layers of a model learn to be active for inputs with their right label, and quiet for wrong ones.

    model: its first layer takes the features, then `classes` numbers for the label. steps: that single vectors are held.
    threshold, margin: of the goodness, the mean square of a layer's last outputs. rate: of Adam. decay: compare at every
    step, weighed with decay^(steps before the last). layers: those that learn; empty: all with a memory.
    """

    def __init__(
        self, model, classes, *, steps=50, label_scale=0.25, threshold=0.1, margin=0.05, rate=0.01, decay=None, layers=(), seed=1
    ):
        self.model = model
        self._core = _core.ForwardForward(
            model._core, classes, steps, label_scale, threshold, margin, rate, decay, list(layers), seed
        )

    def step(self, x, labels):
        """One update. x: [batch, feature] or [batch, time, feature]; labels: [batch], whole numbers. Returns a dict: loss,
        right and wrong (mean goodness by layer)."""
        return self._core.step(x, labels)

    def goodness(self, x):
        """Of every label, summed over layers. [batch, class]"""
        return self._core.goodness(x)

    def predict(self, x):
        """The label with the largest goodness. [batch]"""
        return np.argmax(self.goodness(x), axis=1)
