"""Tables g(phi, i) of source functions, from the parameters of a SQUID circuit.

    table = dynode.rate_tables.make(beta_c=0.3, phi_count=51, ib_count=51)
    dynode.rate_tables.save("table.npz", table)       # simulation: {rate_table: table.npz}
"""
import os

import numpy as np

from . import _core


def make(*, beta_c=0.3, beta_1=np.pi / 2, beta_2=np.pi / 2, threads=0, **grid):
    """A dict of phi (flux quanta), ib (critical currents) and g [ib, phi] (I_c R). grid: phi_first, phi_step,
    phi_count,
    ib_first, ib_step, ib_count. Ctrl-C ends it."""
    return _core.rate_table({"beta_c": beta_c, "beta_1": beta_1, "beta_2": beta_2}, grid, threads)


def load(path):
    return _core.load_rate_table(os.fspath(path))


def save(path, table):
    np.savez_compressed(path, **table)
