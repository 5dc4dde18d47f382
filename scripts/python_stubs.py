"""Type stubs of what is made while running: the engine's module, and what follows from the tables of facts and fields.

    PYTHONPATH=build/python/python python3 scripts/python_stubs.py          writes python/dynode/**/*.pyi
    … scripts/python_stubs.py --check                                      says what is not up to date
"""
import inspect
import re
import sys
from pathlib import Path

from dynode import _core

HEAD = "# Made by scripts/python_stubs.py.\n"
TYPES = {
    "number": "float",
    "integer": "int",
    "boolean": "bool",
    "text": "str",
    "numbers": "Sequence[float]",
    "yes or no": "bool",
    "bool": "bool",
    "mapping": "dict",
    "any value": "Any",
}


def engine():
    """_core.pyi, out of the signatures that pybind11 notes in docstrings."""

    def line(name, function, indent, method):
        first = (function.__doc__ or "").strip().splitlines()[0] if function.__doc__ else ""
        found = re.match(rf"{re.escape(name)}\((.*)\) -> (.+)$", first)
        arguments, result = found.groups() if found else ("*args, **kwargs", "Any")
        clean = lambda t: re.sub(
            r"dynode\.python::\w+|dynode::[\w:<>]+|handle|object|<[^>]*>", "Any", t.replace("dynode._core.", "")
        ).replace("numpy.ndarray", "np.ndarray")
        arguments = re.sub(r"\barg\d+: ", lambda m: "_" + m.group(0), arguments)
        decorator = ""
        if method and not arguments.startswith("self"):
            decorator = f"{indent}@staticmethod\n"
        return f"{decorator}{indent}def {name}({clean(arguments)}) -> {clean(result)}: ...\n"

    out = [HEAD, "from typing import *\nimport numpy as np\n\n__version__: str\n\n"]
    for name in ("Error", "SpecError", "ShapeError", "NumericsError", "IoError"):
        bases = ", ".join(b.__name__ for b in getattr(_core, name).__bases__)
        out.append(f"class {name}({bases}): ...\n")
    for name, value in sorted(vars(_core).items()):
        if inspect.isclass(value) and not issubclass(value, Exception):
            out.append(f"\nclass {name}:\n")
            for member, what in sorted(vars(value).items()):
                if member.startswith("_") and (member != "__init__" or "__init__(self" not in (what.__doc__ or "")):
                    continue
                if isinstance(what, property):
                    out.append(f"    @property\n    def {member}(self) -> Any: ...\n")
                elif callable(what) or isinstance(what, staticmethod):
                    out.append(line(member, getattr(value, member), "    ", True))
    out.append("\n")
    for name, value in sorted(vars(_core).items()):
        if inspect.isbuiltin(value):
            out.append(line(name, value, "", False))
    return "".join(out)


def field_type(text):
    for word, python in (
        ("list", "Sequence[Any]"),
        ("mapping", "dict[str, Any]"),
        ("integer", "int"),
        ("whole", "int"),
        ("number", "float"),
        ("true", "bool"),
        ("yes", "bool"),
        ("bool", "bool"),
        ("text", "str"),
    ):
        if text.startswith(word):
            return python
    return "str" if "|" in text or "," in text or text.isidentifier() else "Any"


def configs():
    """soen/configs.pyi, out of the fields of specs."""
    out = [HEAD, "from typing import *\n\n"]
    for name in ("SimulationConfig", "LayerConfig", "ConnectionConfig"):
        rows = _core.fields()[name]
        keywords = ", ".join(
            f"{n}: {field_type(kind)}" + ("" if default == "required" else " | None = ...")
            for n, kind, default, _ in sorted(rows, key=lambda r: r[2] != "required")
        )
        out.append(f"class {name}:\n    def __init__(self, *, {keywords}) -> None: ...\n")
        out.extend(f"    {n}: {field_type(kind)}\n" for n, kind, _, _ in rows)
        out.append("    def to_dict(self) -> dict[str, Any]: ...\n\n")
    for name in ("NoiseConfig", "PerturbationConfig"):
        out.append(
            f"class {name}:\n    def __init__(self, **words: float | bool) -> None: ...\n    def to_dict(self) -> dict[str, Any]: ...\n\n"
        )
    return "".join(out) + "def words_of(config: Any) -> dict[str, Any]: ...\n"


def parts():
    """soen/graph.pyi: layers, structures, initialisers and distributions with their parameters."""
    from dynode.soen import graph

    kinds, out = _core.catalogue(), [
        HEAD,
        "from typing import *\nimport numpy as np\nfrom .model import SOENModelCore\n\n",
    ]
    number = "float | Sequence[float] | dict[str, Any]"
    out.append("class _Layers:\n    @staticmethod\n    def Input(dim: int, **params: Any) -> dict: ...\n")
    for name, entry in kinds["layers"].items():
        words = "".join(f", {p['name']}: {number} = ..." for p in entry["params"])
        words += "".join(f", {p['name']}: Any = ..." for p in entry["settings"])
        out.append(f"    @staticmethod\n    def {name}(dim: int{words}, **params: Any) -> dict: ...\n")
    for title, table in (("_Structures", "structures"), ("_Inits", "initialisers"), ("_Params", "distributions")):
        out.append(f"\nclass {title}:\n")
        for name, entry in kinds[table].items():
            words = ", ".join(f"{f['name']}: {TYPES[f['type']]} = ..." for f in entry["facts"])
            out.append(f"    @staticmethod\n    def {name}({words}) -> dict: ...\n")
        if title == "_Inits":
            out.append("    @staticmethod\n    def custom_weights(weights: Any) -> dict: ...\n")
    out.append("\nlayers: _Layers\nstructure: _Structures\ninit: _Inits\nparam: _Params\n")
    for cls in (graph.Graph, graph.Sequential):
        out.append(f"\nclass {cls.__name__}({cls.__bases__[0].__name__}):\n")
        for name, function in vars(cls).items():
            if inspect.isfunction(function) and (not name.startswith("_") or name in ("__init__", "__call__")):
                words = []
                for p in inspect.signature(function).parameters.values():
                    if p.kind is p.KEYWORD_ONLY and "*" not in words and not any(w.startswith("*") for w in words):
                        words.append("*")
                    word = ("**" if p.kind is p.VAR_KEYWORD else "") + p.name + ("" if p.name == "self" else ": Any")
                    words.append(word + (" = ..." if p.default is not p.empty else ""))
                out.append(f"    def {name}({', '.join(words)}) -> Any: ...\n")
    return "".join(out)


def main():
    root = Path(__file__).parents[1] / "python" / "dynode"
    stale = []
    for path, make in (("_core.pyi", engine), ("soen/configs.pyi", configs), ("soen/graph.pyi", parts)):
        text = make()
        compile(text, path, "exec")
        if "--check" in sys.argv:
            if not (root / path).exists() or (root / path).read_text(encoding="utf-8") != text:
                stale.append(path)
        else:
            (root / path).write_text(text, encoding="utf-8")
    if stale:
        sys.exit(f"not up to date: {', '.join(stale)}\n  run scripts/python_stubs.py")


main()
