"""Tutorials run and draw what they say; stubs are those of the module."""
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("DYNODE_SOURCE_DIR", Path(__file__).parents[2]))
TUTORIALS = sorted(p for p in (ROOT / "docs" / "tutorials").glob("*.py") if p.name != "run.py")


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda p: p.stem)
def test_tutorial(path, tmp_path):
    runner = runpy.run_path(str(ROOT / "docs" / "tutorials" / "run.py"))
    runner["run"](path, tmp_path)
    named = set(re.findall(r'FIGURES / "([^"]+)"', path.read_text(encoding="utf-8")))
    assert named == {p.name for p in tmp_path.iterdir()} and named
    for name in named:
        assert "<svg" in (tmp_path / name).read_text(encoding="utf-8") and (ROOT / "docs" / "images" / name).exists()


def test_stubs_are_up_to_date():
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "python_stubs.py"), "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_every_public_thing_has_words():
    import dynode
    import dynode.ctrnn, dynode.mean_field, dynode.ncps, dynode.rate, dynode.soen

    silent = [
        f"{module.__name__}.{name}"
        for module in (dynode, dynode.soen, dynode.ctrnn, dynode.rate, dynode.ncps, dynode.mean_field)
        for name in module.__all__
        if callable(getattr(module, name)) and not getattr(module, name).__doc__
    ]
    assert not silent
