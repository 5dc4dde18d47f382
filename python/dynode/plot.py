"""Small pictures without further packages: lines, points, heat maps, as SVG.

    figure = dynode.plot.Figure(2, title="one trial")
    figure[0].lines(t, {"input": u, "output": o}, xlabel="step", ylabel="output")
    figure.save("trial.svg")                    # in a notebook the last line of a cell shows it
"""
import base64
import html
import struct
import zlib

import numpy as np

COLOURS = ("#1f6fb4", "#d9541e", "#3a923a", "#8a4fb3", "#8c6d31", "#c23b75", "#4d4d4d")
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 230, 66, 16, 30, 44


def _ticks(low, high, count=5):
    raw = (high - low) / count
    step = 10.0 ** np.floor(np.log10(raw))
    step *= next(m for m in (1, 2, 5, 10) if m * step >= raw)
    first = np.ceil(low / step) * step
    return [0.0 if abs(v) < step / 1e6 else float(v) for v in np.arange(first, high + step / 1e6, step)]


def _range(values, pad=0.05):
    values = np.concatenate([np.ravel(np.asarray(v, dtype=float)) for v in values]) if len(values) else np.zeros(1)
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    return low - pad * (high - low), high + pad * (high - low)


def _png(values):
    """A heat map as a data address: white for 0, blue and red for the largest size."""
    share = values / (float(np.abs(values).max()) or 1.0)
    ink = np.where(share[..., None] > 0, (31, 111, 180), (200, 50, 40))
    pixels = np.round(255 + (ink - 255) * np.abs(share)[..., None]).astype(np.uint8)
    rows, columns = values.shape
    raw = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    data = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(raw, 9))
        + chunk(b"IEND", b"")
    )
    return "data:image/png;base64," + base64.b64encode(data).decode()


class Panel:
    """One diagram: lines, points, bands and a heat map, with axes around."""

    def __init__(self):
        self._items, self._x, self._y, self._title = [], "", "", ""
        self.xlim = self.ylim = None

    def lines(self, x, ys, xlabel="", ylabel="", title="", width=1.6):
        """Curves over x: an array [points], or {name: array}."""
        for name, y in (ys if isinstance(ys, dict) else {"": ys}).items():
            self._items.append(("line", name, np.asarray(x, float), np.asarray(y, float), width))
        return self._named(xlabel, ylabel, title)

    def points(self, x, y, name="", size=1.5, xlabel="", ylabel="", title=""):
        """Dots: a raster of spikes, say."""
        self._items.append(("point", name, np.asarray(x, float), np.asarray(y, float), size))
        return self._named(xlabel, ylabel, title)

    def band(self, begin, end, name=""):
        """A grey stretch of the x axis."""
        self._items.append(("band", name, np.array([begin, end], float), np.zeros(0), 0))
        return self

    def image(self, values, xlabel="", ylabel="", title=""):
        """A heat map of a matrix [rows, columns], red negative, blue positive, the first row on top."""
        self._items.append(("image", "", np.array([0.0, np.shape(values)[1]]), np.asarray(values, float), 0))
        return self._named(xlabel, ylabel, title)

    def _named(self, x, y, title):
        self._x, self._y, self._title = x or self._x, y or self._y, title or self._title
        return self

    def _svg(self, top):
        images = [i for i in self._items if i[0] == "image"]
        xs = [i[2] for i in self._items]
        ys = [i[3] for i in self._items if i[0] in ("line", "point")]
        x0, x1 = self.xlim or (_range(xs, 0) if images else _range(xs, 0.01))
        y0, y1 = self.ylim or ((float(images[0][3].shape[0]), 0.0) if images else _range(ys))
        left, right, up, down = _LEFT, _WIDTH - _RIGHT, top + _TOP, top + _HEIGHT - _BOTTOM
        px = lambda v: left + (np.asarray(v) - x0) / (x1 - x0) * (right - left)
        py = lambda v: down - (np.asarray(v) - y0) / (y1 - y0) * (down - up)
        out, colour = [], 0
        for kind, name, x, y, size in self._items:
            if kind == "band":
                a, b = px(x)
                out.append(
                    f'<rect x="{a:.1f}" y="{up}" width="{b - a:.1f}" height="{down - up}" fill="#000" opacity="0.08"/>'
                )
                if name:
                    out.append(
                        f'<text x="{(a + b) / 2:.1f}" y="{up + 12}" text-anchor="middle" fill="#666">{html.escape(name)}</text>'
                    )
            elif kind == "image":
                out.append(
                    f'<image x="{left}" y="{up}" width="{right - left}" height="{down - up}" preserveAspectRatio="none" '
                    f'style="image-rendering:pixelated" href="{_png(y)}"/>'
                )
        legend = left + 8
        for kind, name, x, y, size in self._items:
            if kind not in ("line", "point"):
                continue
            ink = COLOURS[colour % len(COLOURS)]
            colour += 1
            if kind == "line":
                path = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(px(x), py(y)) if np.isfinite(b))
                out.append(
                    f'<polyline points="{path}" fill="none" stroke="{ink}" stroke-width="{size}" stroke-linejoin="round"/>'
                )
            else:
                dots = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(px(x), py(y)))
                out.append(f'<path d="{dots}" stroke="{ink}" stroke-width="{2 * size}" stroke-linecap="round"/>')
            if name:
                out.append(
                    f'<rect x="{legend}" y="{up - 13}" width="12" height="3" fill="{ink}"/>'
                    f'<text x="{legend + 17}" y="{up - 8}">{html.escape(name)}</text>'
                )
                legend += 17 + 7.2 * len(name) + 16
        out.append(f'<rect x="{left}" y="{up}" width="{right - left}" height="{down - up}" fill="none" stroke="#999"/>')
        for v in _ticks(min(x0, x1), max(x0, x1), 8):
            out.append(
                f'<text x="{px(v):.1f}" y="{down + 16}" text-anchor="middle" fill="#444">{v:.6g}</text>'
                f'<line x1="{px(v):.1f}" y1="{down}" x2="{px(v):.1f}" y2="{down + 4}" stroke="#999"/>'
            )
        for v in _ticks(min(y0, y1), max(y0, y1), 4):
            out.append(
                f'<text x="{left - 7}" y="{py(v) + 4:.1f}" text-anchor="end" fill="#444">{v:.6g}</text>'
                f'<line x1="{left - 4}" y1="{py(v):.1f}" x2="{left}" y2="{py(v):.1f}" stroke="#999"/>'
            )
        out.append(f'<text x="{(left + right) / 2}" y="{down + 34}" text-anchor="middle">{html.escape(self._x)}</text>')
        out.append(
            f'<text transform="translate(14 {(up + down) / 2}) rotate(-90)" text-anchor="middle">{html.escape(self._y)}</text>'
        )
        out.append(
            f'<text x="{right}" y="{up - 8}" text-anchor="end" font-weight="600">{html.escape(self._title)}</text>'
        )
        return "\n".join(out)


class Figure:
    """Panels one below the other."""

    def __init__(self, panels=1, title=""):
        self.panels, self.title = [Panel() for _ in range(panels)], title

    def __getitem__(self, i):
        return self.panels[i]

    def svg(self):
        head = 30 if self.title else 4
        height = head + _HEIGHT * len(self.panels)
        body = "\n".join(p._svg(head + i * _HEIGHT) for i, p in enumerate(self.panels))
        title = (
            f'<text x="{_LEFT}" y="20" font-size="15" font-weight="600">{html.escape(self.title)}</text>'
            if self.title
            else ""
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
            f'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="#fff"/>\n{title}\n{body}\n</svg>\n'
        )

    def save(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.svg())

    _repr_svg_ = svg
