"""Units of superconducting circuits."""
from ... import _core


def get_omega_c():
    """Characteristic frequency, rad/s: a step of dt takes dt / omega_c seconds. SOEN_OMEGA_C in the environment sets
    it."""
    return _core.omega_c()
