"""Layers of models.Sequential: what they are; dynode builds them when the row is complete."""
from ... import _ncp


class Layer:
    """words: what the engine is told; recurrent layers also say whether they answer at every step."""

    recurrent = False
    return_sequences = True

    def __init__(self, kind, **words):
        self.words = {"kind": kind, **words}

    def __repr__(self):
        words = ", ".join(f"{k}={v!r}" for k, v in self.words.items() if k != "kind")
        return f"{self.words['kind']}({words})"


class InputLayer(Layer):
    """input_shape (None, features) or (steps, features): numbers per step; runs may have any number of steps."""

    def __init__(self, input_shape=None, shape=None):
        shape = tuple(input_shape or shape or ())
        if len(shape) != 2 or not shape[-1]:
            raise ValueError(f"InputLayer: expected (steps or None, features), got {shape}\n  write input_shape=(None, 20)")
        super().__init__("Input", units=int(shape[-1]))


def Input(shape):
    """The same as InputLayer(input_shape=shape)."""
    return InputLayer(shape)


class Dense(Layer):
    """Weighted sums at each step and a function of them: linear, relu, tanh, sigmoid, softmax, gelu, silu, …"""

    def __init__(self, units, activation=None, use_bias=True):
        super().__init__("Dense", units=int(units), activation=activation or "linear", use_bias=bool(use_bias))


class Activation(Layer):
    """A function of each unit; softmax: of all of them together."""

    def __init__(self, activation):
        super().__init__("Activation", activation=activation)


def Softmax():
    return Activation("softmax")


def ReLU():
    return Activation("relu")


class Dropout(Layer):
    """Leaves out a share `rate` of the units while the network learns."""

    def __init__(self, rate):
        super().__init__("Dropout", rate=float(rate))


class LayerNormalization(Layer):
    def __init__(self):
        super().__init__("LayerNormalization")


class _Recurrent(Layer):
    recurrent = True

    def __init__(self, units, return_sequences=False, **words):
        super().__init__(type(self).__name__, units=units, **words)
        self.return_sequences = bool(return_sequences)


class SimpleRNN(_Recurrent):
    """h' = tanh(W x + U h + b)."""


class GRU(_Recurrent):
    """Gated recurrent unit."""


class LSTM(_Recurrent):
    """Long short-term memory."""


class _Liquid(_Recurrent):
    def __init__(self, units, return_sequences=False, **options):
        super().__init__(_ncp.circuit(units)[1], return_sequences, options=options)


class LTC(_Liquid):
    """Liquid time-constant units: a number or a wiring; options as of dynode.ncps.LTC."""


class CfC(_Liquid):
    """Closed-form continuous-time units: a number or a wiring; options as of dynode.ncps.CfC."""
