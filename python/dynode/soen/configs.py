"""Specs as Python objects. Their words, defaults and meanings are those of a spec file."""
import difflib
import inspect
import json

from .. import _core


def _default(text):
    try:
        return json.loads(text)
    except ValueError:
        return None if text in ("", "required") else text


class _Config:
    """What was given, by name; what was not has its default."""

    _rows = ()

    def __init__(self, **words):
        known = [row[0] for row in self._rows]
        for word in words:
            if word not in known:
                near = difflib.get_close_matches(word, known, 1)
                hint = f"; did you mean '{near[0]}'?" if near else f"; it has: {', '.join(known)}"
                raise TypeError(f"{type(self).__name__} has no parameter '{word}'{hint}")
        self.__dict__.update(words)

    def __getattr__(self, name):
        for row in type(self)._rows:
            if row[0] == name:
                return _default(row[2])
        raise AttributeError(f"{type(self).__name__} has no '{name}'")

    def to_dict(self):
        return {k: v for k, v in self.__dict__.items() if v is not None}

    def __eq__(self, other):
        return type(self) is type(other) and self.to_dict() == other.to_dict()

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.__dict__.items())})"


def _made_from_fields(name, first_line):
    rows = _core.fields()[name]
    lines = [first_line, ""] + [
        f"    {n}: {kind}{'' if d in ('', 'required') else ', default ' + d}. {help}" for n, kind, d, help in rows
    ]
    new = type(name, (_Config,), {"__doc__": "\n".join(lines), "_rows": rows, "__module__": __name__})
    keyword = inspect.Parameter.KEYWORD_ONLY
    new.__signature__ = inspect.Signature(
        [
            inspect.Parameter(n, keyword, default=inspect.Parameter.empty if d == "required" else _default(d))
            for n, _, d, _ in rows
        ]
    )
    return new


SimulationConfig = _made_from_fields("SimulationConfig", "How time advances and what is watched.")
LayerConfig = _made_from_fields("LayerConfig", "A layer: a kind of cell, so many units, and what it is told.")
ConnectionConfig = _made_from_fields("ConnectionConfig", "A connection between two layers, or of a layer with itself.")


class _Quantities:
    def __init__(self, **words):
        self.__dict__.update(words)

    def to_dict(self):
        return dict(self.__dict__)

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.__dict__.items())})"


class NoiseConfig(_Quantities):
    """Fresh noise every step: deviations by quantity (phi, g, s, j, bias_current, …); relative=True for shares."""


class PerturbationConfig(_Quantities):
    """Offsets drawn once per run: <quantity>_mean and <quantity>_std."""


def words_of(config):
    """A config, a dict or None as a dict."""
    return {} if config is None else config.to_dict() if hasattr(config, "to_dict") else dict(config)
