"""Sequential: layers in a row."""
import numpy as np

from ... import _core
from ..._model import Model
from . import layers as _layers

_LOSSES = {
    "mse": "mse",
    "mean_squared_error": "mse",
    "mae": "mae",
    "mean_absolute_error": "mae",
    "sparse_categorical_crossentropy": "cross_entropy",
    "cross_entropy": "cross_entropy",
}


class Sequential:
    """layers: from layers.InputLayer on. dtype, threads, seed: of the engine.

    After compile(): fit, evaluate, predict. `model` is the dynode.Model underneath; a softmax at the end is not part of
    it, as cross-entropy is taken of what comes before.
    """

    def __init__(self, layers=(), *, dtype="float32", threads=1, seed=None):
        self.layers = list(layers)
        self._options = (dtype, threads, seed)
        self._model = None
        self.compile()

    def add(self, layer):
        """Appends a layer; numbers learnt so far are forgotten."""
        self.layers.append(layer)
        self._model = None

    # ── building ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def softmax(self):
        """Whether outputs are probabilities."""
        return bool(self.layers) and self.layers[-1].words.get("activation") == "softmax"

    @property
    def return_sequences(self):
        return all(layer.return_sequences for layer in self.layers)

    @property
    def model(self):
        if self._model is None:
            if not self.layers or not isinstance(self.layers[0], _layers.InputLayer):
                raise ValueError("Sequential: the first layer says what comes in\n  begin with layers.InputLayer(input_shape=(None, 20))")
            ended = False
            for layer in self.layers:
                if layer.recurrent and ended:
                    raise ValueError(f"Sequential: {layer} has nothing to recur on\n  give the recurrent layer before it return_sequences=True")
                ended |= not layer.return_sequences
            words = [dict(layer.words) for layer in self.layers]
            if self.softmax:
                if words[-1]["kind"] == "Dense":
                    words[-1]["activation"] = "linear"
                else:
                    words.pop()
            core, self._table = _core.sequential(words, *self._options)
            self._model = Model(core)
        return self._model

    def compile(self, optimizer="adam", loss=None, metrics=None, learning_rate=1e-3):
        """optimizer: a name, adam, adamw, sgd, rmsprop, lion or muon. loss: mse, mae, sparse_categorical_crossentropy; missing:
        by the targets. metrics: of the engine, accuracy for example."""
        if loss is not None and loss not in _LOSSES:
            raise ValueError(f"compile: there is no loss {loss!r}\n  there are: {', '.join(_LOSSES)}")
        self._learning = {"optimizer": optimizer.lower(), "lr": learning_rate, "loss": _LOSSES.get(loss), "metrics": metrics}

    # ── learning ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _asked(self):
        if self.softmax and self._learning["loss"] not in (None, "cross_entropy"):
            raise ValueError("a softmax at the end learns with sparse_categorical_crossentropy\n  or leave it out for other losses")
        words = {"mapping": "seq2seq" if self.return_sequences else "seq2static", "loss": self._learning["loss"], "metrics": self._learning["metrics"]}
        return words if self.return_sequences else {**words, "pooling": "final"}

    def fit(self, x, y, epochs=1, batch_size=32, validation_split=0.0, verbose=0, **more):
        """y: classes (whole numbers) or values, one per step or, where a recurrent layer has return_sequences=False, one per
        sequence. more: words of dynode.Model.train. Returns its result."""
        return self.model.train(
            x, y, epochs=epochs, batch_size=batch_size, val_split=validation_split, lr=self._learning["lr"],
            optimizer=self._learning["optimizer"], progress=bool(verbose), **{**self._asked(), **more},
        )

    def evaluate(self, x, y):
        """Mean loss over all answers."""
        out, y = self._logits(x), np.asarray(y)
        if self._learning["loss"] == "cross_entropy" or (self._learning["loss"] is None and y.dtype.kind in "iu"):
            logits = out.reshape(-1, out.shape[-1]).astype(np.float64)
            top = logits.max(-1)
            norm = top + np.log(np.exp(logits - top[:, None]).sum(-1))
            return float((norm - logits[np.arange(len(logits)), y.reshape(-1)]).mean())
        off = out - y.reshape(out.shape)
        return float(np.abs(off).mean() if self._learning["loss"] == "mae" else (off**2).mean())

    # ── running ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _logits(self, x):
        out = self.model(np.asarray(x))[:, 1:]
        return out if self.return_sequences else out[:, -1]

    def predict(self, x):
        """[samples, time, units], or [samples, units] where a recurrent layer has return_sequences=False."""
        out = self._logits(x)
        if not self.softmax:
            return out
        p = np.exp(out - out.max(-1, keepdims=True))
        return p / p.sum(-1, keepdims=True)

    __call__ = predict

    @property
    def output_shape(self):
        units = self.model.spec["layers"][-1]["params"]["dim"]
        return (None, None, units) if self.return_sequences else (None, units)

    def summary(self):
        """A line per layer: kind, units, parameters."""
        self.model
        print(self._table, end="")

    def save(self, path):
        """As dynode.Model.save; a softmax at the end is not part of the file."""
        self.model.save(path)
