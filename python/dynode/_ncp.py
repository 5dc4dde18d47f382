"""What the numpy and the torch faces of LTC and CfC share."""
from . import _core

cfc_doc = """

    proj_size: linear outputs in place of the units. return_sequences: all steps, or the last alone. batch_first:
    [batch, time] or [time, batch]. mixed_memory: False, True (an LSTM gives the state of each step; states are then
    pairs (h, c)) or "input". mode: default, pure, no_gate. activation: lecun_tanh, tanh, relu, silu, gelu of the
    backbone.
    backbone_units, backbone_layers, backbone_dropout: 128, 1, 0; there is none with a wiring. More: mask_time_heads,
    fully_recurrent, head_activation, time_sign, dt, forget_bias, dropout_first_layer.
"""
ltc_doc = """

    return_sequences, batch_first, mixed_memory: as of CfC. input_mapping, output_mapping: affine, linear, none.
    ode_unfolds: sub-steps of a step. epsilon: 1e-8. implicit_param_constraints: True for softplus, False for clamping.
    More: solver (fused, euler, heun, rk4), elapsed_offset, initialization_ranges, dt, forget_bias.
"""


def circuit(units):
    """(face of the wiring or None, what the engine takes)."""
    from .ncps.wirings import Wiring

    if isinstance(units, Wiring):
        return units, units._core
    return None, int(units)


def built(wiring, kind, units, inputs, options):
    """The wiring of a network, which is built for its inputs from now on; that of an LTC without one is all to all, a
    CfC without one has none."""
    from .ncps.wirings import FullyConnected

    if wiring is None and kind == "LTC":
        wiring = FullyConnected(units)
    if wiring is not None and not wiring.is_built():
        wiring.build(wiring.units if options["mixed_memory"] == "input" else inputs)
    return wiring


def inputs_of(wiring, name, given):
    """How many inputs a cell has: those given, or those its wiring was built for."""
    if given is None and not wiring.is_built():
        raise _core.SpecError(f"{name}: the wiring was not built\n  call build(inputs), or give {name}")
    return wiring.input_dim if given is None else given


def check_state(hx, mixed, batched, rows, units):
    """The states as a list, or an error that says what they should be."""
    pair = isinstance(hx, (tuple, list))
    if mixed and not pair:
        raise RuntimeError("Running a CfC with mixed_memory=True requires a tuple (h0, c0) to be passed as state")
    if not mixed and pair:
        raise _core.SpecError("hx: two states were given, but there is no LSTM in this network\n  give h0 alone")
    states = list(hx) if pair else [hx]
    for name, s in zip(("h0", "c0"), states):
        want = [rows, units] if batched else [units]
        if list(s.shape) != want:
            raise _core.ShapeError(f"{name}: expected {want}, got {list(s.shape)}")
    return states
