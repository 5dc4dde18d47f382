"""Runs tutorials cell by cell, without a notebook: python3 run.py [FILE …] [--figures FOLDER]

A tutorial is a Python file whose cells begin with `# %%` (text cells with `# %% [markdown]`); editors and jupytext
open it
as a notebook. Figures go into the folder, docs/images by default."""
import os
import sys
import time
from pathlib import Path

here = Path(__file__).parent


def cells(text):
    """(line number, kind, lines) of every cell."""
    found, start, kind, lines = [], 1, "code", []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("# %%"):
            found.append((start, kind, lines))
            start, kind, lines = number, "text" if "[markdown]" in line else "code", []
        else:
            lines.append(line)
    return [c for c in found + [(start, kind, lines)] if any(l.strip() for l in c[2])]


def run(path, figures):
    names, begin = {"__name__": "__main__", "FIGURES": Path(figures)}, time.perf_counter()
    for start, kind, lines in cells(Path(path).read_text(encoding="utf-8")):
        if kind == "code":
            exec(compile("\n" * start + "\n".join(lines), str(path), "exec"), names)
    print(f"{Path(path).name}: {time.perf_counter() - begin:.1f} s")
    return names


if __name__ == "__main__":
    arguments = sys.argv[1:]
    figures = here.parent / "images"
    if "--figures" in arguments:
        at = arguments.index("--figures")
        figures = arguments[at + 1]
        del arguments[at : at + 2]
    os.makedirs(figures, exist_ok=True)
    for path in arguments or sorted(p for p in here.glob("*.py") if p.name != "run.py"):
        run(path, figures)
