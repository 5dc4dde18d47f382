#!/usr/bin/env python3
# Poisson spikes: 100 trains of 30 Hz, 4000 steps of 0.5 ms.
import os

import numpy as np

rate, dt = 30, 0.0005
trains = np.random.default_rng(1).random((1, 4000, 100)) < rate * dt
np.save(os.path.join(os.path.dirname(os.path.abspath(__file__)), "trains.npy"), trains.astype("float32"))
