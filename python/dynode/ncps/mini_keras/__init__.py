"""Networks in a row under the names of Keras, run and trained by dynode.

    from dynode.ncps.mini_keras import layers, models
    model = models.Sequential([layers.InputLayer(input_shape=(None, 2)), layers.LTC(AutoNCP(28, 4), return_sequences=True)])
    model.compile(optimizer="adam", loss="mse")
    model.fit(x, y, epochs=50)                  # x [samples, time, 2]

Every layer works step by step; a recurrent layer with return_sequences=False makes the network answer once, after the last
step.
"""
from . import layers, models

__all__ = ["layers", "models"]
