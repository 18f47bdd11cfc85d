"""Plots as inline SVG: bars and lines, in the colours of the page that holds them."""

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, floor, log10

_WIDTH = 880
_LABEL = 330
_VALUE = 64
_BAR = 18
_ROW = 28
_PLOT_HEIGHT = 320
_MARGIN = 44
_LINE_RIGHT = 250
_LABEL_GAP = 16
_COLORS = 10


def bars(values: Mapping[str, float], digits: int, ours: frozenset[str]) -> str:
    """Horizontal bars from 0, in the order given; those named in `ours` stand out."""
    longest = max(values.values()) or 1.0
    room = _WIDTH - _LABEL - _VALUE
    parts = [_open(_ROW * len(values), "bar chart")]
    for place, (name, value) in enumerate(values.items()):
        top = place * _ROW
        middle = top + _ROW / 2 + 4
        width = max(value / longest * room, 1)
        kind = "ours" if name in ours else "other"
        parts += [
            f'<text class="label {kind}" x="{_LABEL - 10}" y="{middle}" text-anchor="end">{escape(name)}</text>',
            f'<rect class="bar {kind}" x="{_LABEL}" y="{top + (_ROW - _BAR) / 2}" width="{width:.1f}" height="{_BAR}"'
            ' rx="2">',
            f"<title>{escape(name)}: {value:.{digits}f}</title></rect>",
            f'<text class="value" x="{_LABEL + width + 8:.1f}" y="{middle}">{value:.{digits}f}</text>',
        ]
    return "".join([*parts, "</svg>"])


def lines(points: Sequence[str], series: Mapping[str, Sequence[float]], ours: frozenset[str], axis: str) -> str:
    """A line for each series over evenly spaced points, dashed if it is not in `ours`; colours go by their order."""
    top = _ceiling(max(max(values) for values in series.values()))
    left, right, bottom = _MARGIN, _WIDTH - _LINE_RIGHT, _PLOT_HEIGHT - _MARGIN
    across = [left + 16 + place * (right - left - 32) / max(len(points) - 1, 1) for place in range(len(points))]

    def height(value: float) -> float:
        return bottom - value / top * (bottom - 16)

    parts = [_open(_PLOT_HEIGHT, f"line chart of {axis}")]
    for tick in range(5):
        value = top * tick / 4
        parts += [
            f'<line class="grid" x1="{left}" x2="{right}" y1="{height(value):.1f}" y2="{height(value):.1f}"/>',
            f'<text class="tick" x="{left - 8}" y="{height(value) + 4:.1f}" text-anchor="end">{value:.2f}</text>',
        ]
    for name, x in zip(points, across, strict=True):
        parts.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 20}" text-anchor="middle">{escape(name)}</text>')
    labels = _spread({name: height(values[-1]) for name, values in series.items()})
    for place, (name, values) in enumerate(series.items()):
        kind = "ours" if name in ours else "other"
        spots = [(x, height(value)) for x, value in zip(across, values, strict=True)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        parts.append(f'<g class="c{place % _COLORS}"><polyline class="series {kind}" points="{path}"/>')
        for (x, y), point, value in zip(spots, points, values, strict=True):
            title = f"{escape(name)}, {escape(point)}: {value:.4f}"
            parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{title}</title></circle>')
        end = f"{across[-1] + 8:.1f},{spots[-1][1]:.1f} {right + 6},{labels[name]:.1f}"
        parts.append(f'<polyline class="leader" points="{end}"/>')
        parts.append(
            f'<rect class="key" x="{right + 10}" y="{labels[name] - 5:.1f}" width="10" height="10" rx="2"/></g>'
        )
        parts.append(f'<text class="label {kind}" x="{right + 26}" y="{labels[name] + 4:.1f}">{escape(name)}</text>')
    return "".join([*parts, "</svg>"])


def _open(height: float, label: str) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(label)}">'


def _ceiling(value: float) -> float:
    """The next number above that is 1, 2, 2.5, 4, 5 or 8 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1, 2, 2.5, 4, 5, 8, 10) if value <= step * power * (1 + 1e-9))


def _spread(heights: Mapping[str, float]) -> dict[str, float]:
    """The heights moved apart so that labels don't overlap, in their order."""
    placed: dict[str, float] = {}
    last = -float(ceil(_LABEL_GAP))
    for name, y in sorted(heights.items(), key=lambda entry: entry[1]):
        last = placed[name] = max(y, last + _LABEL_GAP)
    # What was pushed below the plot is pushed up again from there.
    limit = _PLOT_HEIGHT - 12.0
    for name in reversed(placed):
        placed[name] = min(placed[name], limit)
        limit = placed[name] - _LABEL_GAP
    return placed
