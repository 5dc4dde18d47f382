"""Checkpoints of ncps load into our modules, which then give the recorded outputs and gradients. Needs the recorded
cases."""
import os
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from dynode import _core
from dynode.torch import LTC, CfC, wirings

ROOT = Path(os.environ.get("DYNODE_SOURCE_DIR", Path(__file__).parents[2]))
GOLDEN = next(
    (
        p
        for p in (
            Path(os.environ.get("DYNODE_GOLDEN_DIR", "/nowhere")),
            ROOT.parent / "shared" / "golden",
            ROOT / "tests" / "golden",
        )
        if (p / "ncp").is_dir()
    ),
    None,
)
CASES = [
    "cfc_default",
    "cfc_pure",
    "cfc_no_gate",
    "cfc_proj",
    "cfc_mixed",
    "cfc_backbone_layers2",
    "cfc_unbatched",
    "cfc_time_first",
    "cfc_timespans_default",
    "wcfc_autoncp_28_4",
    "wcfc_autoncp_no_gate",
    "ltc_autoncp_28_4",
    "ltc_doc_20_50",
    "ltc_timespans_autoncp",
]


@pytest.mark.parametrize("case", CASES)
def test_checkpoint(case):
    folder = GOLDEN and GOLDEN / "ncp" / case
    if not folder or not folder.is_dir():
        pytest.skip("the recorded case is not there")
    config = _core.load_value(str(folder / "config.yaml"))
    units, run = config["units"], config["run"]
    if "wiring" in config:
        units = getattr(wirings, config["wiring"]["type"])(**config["wiring"]["args"])
    words = {k: v for k, v in {**config["args"], **{k: run[k] for k in ("batch_first", "return_sequences")}}.items()}
    net = {"CfC": CfC, "LTC": LTC}[config["model"]](config["input_size"], units, dtype="float64", **words)
    weights = {
        k: torch.from_numpy(v) for k, v in np.load(folder / "weights.npz").items() if not k.startswith("wiring/")
    }
    net.load_state_dict(weights)
    load = lambda name: torch.from_numpy(np.load(folder / name)) if (folder / name).exists() else None
    hx, c0 = load("h0.npy"), load("c0.npy")
    x = load("input.npy").double().requires_grad_()
    output, state = net(
        x, (hx.double(), c0.double()) if c0 is not None else None if hx is None else hx.double(), load("timespans.npy")
    )
    expected = np.load(folder / "expected.npz")
    np.testing.assert_allclose(output.detach(), expected["output"], rtol=1e-9, atol=1e-11)
    states = state if isinstance(state, tuple) else (state,)
    loss = (output * load("loss_weight.npy")).mean() + sum(f * (s**2).mean() for f, s in zip((0.5, 0.25), states))
    loss.backward()
    checked = 0
    for name, parameter in net.named_parameters():
        for key in ("grad/" + name, "grad_" + name, "grad." + name):
            if key in expected:
                np.testing.assert_allclose(parameter.grad, expected[key], rtol=1e-7, atol=1e-11)
                checked += 1
    assert checked or not any(k.startswith("grad") for k in expected)
