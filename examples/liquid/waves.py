#!/usr/bin/env python3
# Waves at irregular times: 40 samples of a sine whose period is 6 (class 0) or 3 (class 1), with any phase.
# Some sequences are sampled at a quick pace, some at a slow one, every gap by chance: neither the values alone nor the
# gaps alone tell the classes apart, both together do.
import os

import numpy as np

draw = np.random.default_rng(1)
rows, steps = 3000, 40
pace = 2.0 ** draw.uniform(-1, 1, (rows, 1))
timespans = 0.5 * pace * draw.uniform(0.2, 1.8, (rows, steps))
y = draw.integers(0, 2, rows)
period = np.where(y == 0, 6.0, 3.0)[:, None]
phase = draw.uniform(0, 2 * np.pi, (rows, 1))
x = np.sin(2 * np.pi * timespans.cumsum(axis=1) / period + phase)
np.savez(os.path.join(os.path.dirname(os.path.abspath(__file__)), "waves.npz"),
         x=x[:, :, None].astype("float32"), y=y, timespans=timespans.astype("float32"))
