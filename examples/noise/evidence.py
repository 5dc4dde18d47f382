#!/usr/bin/env python3
# Noisy evidence: 30 to 60 steps of numbers around −0.1 (class 0) or 0.1 (class 1, three of four), with deviation 0.5.
# Sequences are filled up to 60 steps; `mask` says which steps count.
import os

import numpy as np

draw = np.random.default_rng(1)
rows, steps = 3000, 60
y = (draw.random(rows) < 0.75).astype(int)
mask = np.arange(steps) < draw.integers(30, steps + 1, rows)[:, None]
x = (np.where(y == 0, -0.1, 0.1)[:, None] + 0.5 * draw.standard_normal((rows, steps))) * mask
np.savez(os.path.join(os.path.dirname(os.path.abspath(__file__)), "evidence.npz"),
         x=x[:, :, None].astype("float32"), y=y, mask=mask)
