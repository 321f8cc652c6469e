"""The sheet that pictures are drawn on: title and caption, axes, ticks, marks, and the file it becomes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from basketgex_addin.palette import MUTED, RULE, WARNING, WARNING_TEXT
from basketgex_cli.plot.theme import DPI, HEIGHT, STYLE, WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure


class Head(NamedTuple):
    """What stands around a picture."""

    title: str
    below: str
    synthetic: bool
    caption: list[str]


class Mark(NamedTuple):
    """A vertical line with a label above the axes."""

    at: float
    label: str
    colour: str
    line: str


def scale(values: Sequence[float]) -> tuple[float, str]:
    """Return the one unit of an axis.

    >>> scale([-2e9, 3e6]), scale([5e8])
    ((1000000000.0, '$ bn'), (1000000.0, '$ m'))
    """
    return (1e9, "$ bn") if max(map(abs, values), default=0.0) >= 1e9 else (1e6, "$ m")


def with_sign(value: float, step: float, *, signed: bool = True) -> str:
    """Return a number with as many decimals as its step has, and a true minus.

    >>> with_sign(-0.25, 0.25), with_sign(1200, 200), with_sign(-0.001, 0.1)
    ('−0.25', '+1,200', '0.0')
    """
    decimals = next((d for d in range(7) if abs(round(step, d) - step) < 1e-6 * step), 6)
    value = round(value, decimals)
    return (
        f"{value:{'+' if signed and value else ''},.{decimals}f}".replace("-", "−")
        if value
        else f"{0:.{decimals}f}"
    )


@contextmanager
def styled() -> Iterator[None]:
    """Draw by this look alone, whatever the person's own settings of matplotlib are; they come back after."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def sheet(head: Head, *, rows: int = 0, left: float = 0.95, marks: bool = False) -> tuple[Figure, Axes]:
    """Return a sheet with title and caption, and the axes between them, as high as their ``rows`` demand."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines = [line for sentence in head.caption for line in textwrap.wrap(sentence, 172)]
    top, bottom = (1.4 if marks else 0.85), 0.72 + 0.17 * len(lines)
    height = top + bottom + max(0.27 * rows, 0.6) if rows else HEIGHT
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    x = 0.25 / WIDTH
    figure.text(x, 1 - 0.22 / height, head.title, fontsize=13, fontweight="bold", va="top")
    figure.text(x, 1 - 0.53 / height, head.below, fontsize=8.5, color=MUTED, va="top")
    if head.synthetic:
        figure.text(
            1 - x,
            1 - 0.24 / height,
            "SYNTHETIC FIGURES: not the market",
            fontsize=8,
            fontweight="bold",
            color=WARNING_TEXT,
            ha="right",
            va="top",
            bbox={"facecolor": WARNING, "edgecolor": "none", "boxstyle": "square,pad=0.5"},
        )
    for n, line in enumerate(reversed(lines)):
        figure.text(x, (0.16 + 0.17 * n) / height, line, fontsize=7.5, color=MUTED, va="bottom")
    axes = figure.add_axes(
        (left / WIDTH, bottom / height, 1 - (left + 0.35) / WIDTH, 1 - (top + bottom) / height)
    )
    axes.tick_params(labelsize=8)
    return figure, axes


def rule(axes: Axes, unit: str) -> None:
    """Draw rules, and zero above them."""
    axes.grid(axis="y")
    axes.axhline(0, color=MUTED, lw=0.9)
    axes.spines["bottom"].set_color(RULE)
    axes.margins(y=0.08)
    axes.set_ylabel(unit, fontsize=8)
    ticks(axes.yaxis, signed=True)


def ticks(axis: Axis, *, signed: bool) -> None:
    """Set about eight ticks, with as many decimals as their step has."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(8, steps=[1, 2, 2.5, 5, 10]))
    places = axis.get_majorticklocs()
    step = float(places[1] - places[0]) if len(places) > 1 else 1.0
    axis.set_major_formatter(FuncFormatter(lambda value, _: with_sign(value, step, signed=signed)))


def draw_marks(axes: Axes, spot: Mark, others: Sequence[Mark]) -> None:
    """Draw the lines, and their labels above the axes, each on its line's side away from spot.

    The farthest lie lowest, so that no line up to a label runs through another label.
    """
    figure: Any = axes.get_figure()
    renderer, edge = figure.canvas.get_renderer(), 0.15 * DPI
    low, high = axes.get_xlim()
    left = sorted(mark for mark in others if mark.at < spot.at)
    right = sorted((mark for mark in others if mark.at >= spot.at), reverse=True)
    room_left = spot.at - left[-1].at if left else inf
    room_right = right[-1].at - spot.at if right else inf
    sides = [*((mark, -1) for mark in left), *((mark, 1) for mark in right)]
    sides.append((spot, -1 if room_left > room_right else 1))
    taken: list[tuple[int, float, float]] = []
    for mark, side in sides:
        if not low <= mark.at <= high:
            continue
        axes.axvline(mark.at, color=mark.colour, lw=1, ls=mark.line, zorder=1.5)
        if not mark.label:
            continue
        above: dict[str, Any] = {
            "xycoords": ("data", "axes fraction"),
            "textcoords": "offset points",
            "annotation_clip": False,
        }
        align = "right" if side < 0 else "left"
        text = axes.annotate(
            mark.label, (mark.at, 1), (0, 0), ha=align, fontsize=8, color=mark.colour, **above
        )
        box = text.get_window_extent(renderer)
        shift = 0.04 * DPI * side
        shift -= max(box.x1 + shift - (figure.bbox.width - edge), 0) + min(box.x0 + shift - edge, 0)
        x0, x1 = box.x0 + shift, box.x1 + shift
        row = 0
        while any(row == at and x0 < end + 8 and start - 8 < x1 for at, start, end in taken):
            row += 1
        taken.append((row, x0, x1))
        text.xyann = (shift * 72 / DPI, 4 + 13 * row)
        arrow = {"arrowstyle": "-", "color": mark.colour, "lw": 0.7, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (mark.at, 1), (0, 13 * (row + 1)), arrowprops=arrow, **above)


def bytes_of(figure: Figure, kind: str) -> bytes:
    """Return a picture as the bytes of its file: the same for the same figures."""
    made = BytesIO()
    metadata = {"Software": "basketgex"} if kind == ".png" else {"Creator": "basketgex", "Date": None}
    figure.savefig(made, format=kind[1:], dpi=DPI if kind == ".png" else 72, metadata=metadata)
    return made.getvalue()
