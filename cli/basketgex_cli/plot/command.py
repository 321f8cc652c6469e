"""``basketgex plot``: a profile, a chain by strike or a basket as a picture, in the look of the templates."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from basketgex.local import Home
from basketgex_addin.cells import Ask, LevelFigures, Problem, Reply, doubts_in_words, lasting
from basketgex_addin.client import ServerStatus
from basketgex_addin.client.problems import NO_STRIKES
from basketgex_cli.context import said
from basketgex_cli.parsing import in_a_terminal, tickers, weights_of
from basketgex_cli.render import moment
from basketgex_cli.symbol import profile_range
from basketgex_cli.waiting import waited
from basketgex_server.dispatch.batch.types import MIXED
from basketgex_server.errors import BadSettings, WeightCountMismatch, quoted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

# As in workbook_templates/look.py, which is no part of the installed package; a test holds them together.
INK, MUTED, RULE = "#1B2530", "#6A7683", "#D9DEE4"
POSITIVE, NEGATIVE, POSITIVE_BAR, NEGATIVE_BAR = "#1F5FA8", "#C2570C", "#A9C8EA", "#F3BE93"
WARNING, WARNING_TEXT = "#FFE7B0", "#6B4200"

UNITS = {
    "gex": "per 1 % move",
    "dex": "of delta",
    "vex": "per volatility point",
    "chex": "per calendar day",
}
MEANING = {
    "gex": "GEX: USD of dealer delta per 1 % move of the underlying; where it is negative, dealers amplify moves.",
    "dex": "DEX: USD of delta, {}.",
    "vex": "VEX: USD of delta per point of implied volatility, {}.",
    "chex": "CHEX: USD of delta per calendar day, {}.",
}
WHOSE = {"flashalpha": "a plain sum over all open interest, not the dealers'", "dealer": "the dealers'"}
KINDS = (".png", ".svg")
DPI, WIDTH, HEIGHT = 160, 10.0, 5.8
"""Inches: a PNG is 1600 pixels wide."""
MOST_BARS = 30
"""Names of a basket with a bar of their own."""
MOST_FLIPS = 4
"""Flips with a label of their own, those nearest the present price."""
HELD = 0.95
"""The share of the gross exposure that the window of strikes holds, if 5 to 20 % around spot can."""
STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,  # $ is a dollar
    "svg.fonttype": "none",
    "svg.hashsalt": "basketgex",
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.labelcolor": MUTED,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "ytick.major.size": 0,
}


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


def plot(
    home: Home,
    what: str,
    symbols: str,
    out: Path,
    *,
    weights: str | None = None,
    measure: str = "gex",
    between: str | None = None,
) -> None:
    """Write a picture of ``what`` (profile, strikes or basket). Raises BasketgexError."""
    if out.suffix.lower() not in KINDS:
        raise BadSettings(f"{quoted(out.name)} is no picture: name a file that ends in .png or .svg.")
    names, shares = tickers(symbols), weights_of(weights)
    if shares is not None and len(shares) != len(names):
        raise WeightCountMismatch(len(names), len(shares))
    if what == "strikes" and (len(names) != 1 or shares is not None):
        raise BadSettings("plot strikes is of one symbol, without weights.")
    if what == "basket" and between is not None:
        raise BadSettings("--range goes with plot profile and plot strikes.")
    window = _range(between) if between is not None else None
    _needed()
    status = waited(home, lambda client: client.status())
    draw: Callable[[], Figure]
    if what == "profile":
        draw = _profile(home, status, Ask(names, shares), measure, window or (0.8, 1.2, 60))
    elif what == "strikes":
        draw = _strikes(home, status, names[0], measure, window)
    else:
        draw = _basket(waited(home, lambda client: client.ask_many([Ask(names, shares)])[0]), measure)
    with _style():
        drawn = _file(draw(), out.suffix.lower())
    try:
        out.write_bytes(drawn)
    except OSError as error:
        raise BadSettings(
            f"{quoted(str(out))} cannot be written: {error.strerror or 'it failed'}."
        ) from error
    print(out)


def _range(text: str) -> tuple[float, float, int]:
    try:
        return profile_range(text)
    except BadSettings as error:
        raise BadSettings(error.sentence.replace("--profile", "--range", 1)) from error


def _needed() -> None:
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise BadSettings(
            "Pictures need matplotlib, which is not installed: pip install matplotlib, where basketgex is."
        ) from error


def _profile(
    home: Home,
    status: ServerStatus,
    ask: Ask,
    measure: str,
    window: tuple[float, float, int],
) -> Callable[[], Figure]:
    """Return how to draw net exposure over the price of one underlying, or over the common move of several."""
    low, high, levels = window
    how: dict[str, Any] = {"between": (low, high), "levels": levels, "measures": (measure,)}
    found = waited(home, lambda client: client.profile(ask.symbols, ask.weights, **how))
    one = bool(found.spots)
    spot = found.underlying_price[0] if one else 0.0

    def place(move: float) -> float:
        return move * spot if one else (move - 1) * 100

    def at(move: float) -> str:
        return f"{place(move):,.2f}" if one else f"{_signed(place(move), 0.01)} %"

    spot_mark = Mark(place(1), f"spot {at(1)}" if one else "present prices", INK, "-")
    roots = sorted(lasting(found.roots), key=lambda root: abs(root - 1))
    together = (
        "" if one else "All names move by the same percentage; the figure is the weighted mean of theirs. "
    )
    meaning = _meaning(measure, found.convention)
    caption = [f"{together}Volatilities stay as they are while prices move. {meaning}"]
    if not roots:
        caption.append(f"Net GEX keeps its sign from {at(low)} to {at(high)}.")
    caption += _more_flips([at(root) for root in roots])
    if found.flip is not None and found.flip_status != "available":
        caption.append(
            f"The flip may not be relied on: {doubts_in_words(found.flip_status, found.flip_doubts)}."
        )
    if not low <= 1 <= high:
        caption.append(f"Outside the picture: {spot_mark.label}.")
    head = Head(
        f"{_name(found.symbols)}: net {measure.upper()} over {'price' if one else 'the common move'}",
        _of(found.as_of, found.as_of_newest, status, found.convention),
        status.synthetic,
        [*caption, *_lacking(found.missing, found.covered_weight), *_said(found.notice)],
    )
    marks = [_flip(place(root), at(root), labelled=n < MOST_FLIPS) for n, root in enumerate(roots)]

    def draw() -> Figure:
        values = found.net[measure]
        figure, axes = _sheet(head, marks=True)
        size, unit = _scale(values)
        x, y = [place(move) for move in found.moves], [value / size for value in values]
        zero = [0.0] * len(y)
        for sign, colour in ((1, POSITIVE_BAR), (-1, NEGATIVE_BAR)):
            side: Any = [value * sign >= 0 for value in y]
            axes.fill_between(x, y, zero, where=side, interpolate=True, color=colour, alpha=0.55, lw=0)
        axes.plot(x, y, color=INK, lw=1.6)
        axes.set_xlim(x[0], x[-1])
        _axes(axes, f"net {measure.upper()}, {unit} {UNITS[measure]}")
        axes.set_xlabel("price, USD" if one else "move of all names, %", fontsize=8)
        _ticks(axes.xaxis, signed=not one)
        _mark(axes, spot_mark, marks)
        return figure

    return draw


def _strikes(
    home: Home,
    status: ServerStatus,
    symbol: str,
    measure: str,
    window: tuple[float, float, int] | None,
) -> Callable[[], Figure]:
    """Return how to draw one underlying by strike."""
    found = waited(home, lambda client: client.symbol(symbol, per_strike=True))
    if not found.strikes or not found.strikes["strike"]:
        said(NO_STRIKES)
    (levels,) = waited(home, lambda client: (client.levels(symbol),))  # drawn without, where there are none
    columns, spot = found.strikes or {}, found.underlying_price
    rows = list(zip(*(columns[n] for n in ("strike", f"call_{measure}", f"put_{measure}")), strict=True))
    low, high = (window[0] * spot, window[1] * spot) if window else strike_window(rows, spot)
    inside = [row for row in rows if low <= row[0] <= high]
    if not inside:
        raise BadSettings(f"{found.symbol} has no strike from {low:,.2f} to {high:,.2f}: widen --range.")
    gross = sum(abs(call) + abs(put) for _, call, put in rows)
    held = sum(abs(call) + abs(put) for _, call, put in inside) / gross if gross else 1.0
    spot_mark, marks = Mark(spot, f"spot {spot:,.2f}", INK, "-"), _levels(levels)
    outside = [mark.label for mark in (spot_mark, *marks) if not low <= mark.at <= high]
    caption = [
        f"Of all expiries. Strikes from {low:,.2f} to {high:,.2f} hold {100 * held:.0f} % of the exposure before netting. "
        + _meaning(measure, found.convention)
    ]
    if isinstance(levels, LevelFigures) and levels.gamma_flip is None:
        caption.append("There is no gamma flip.")
    if outside:
        caption.append(f"Outside the picture: {', '.join(outside)}.")
    head = Head(
        f"{found.symbol}: {measure.upper()} by strike",
        _of(found.as_of, found.as_of, status, found.convention),
        status.synthetic,
        caption,
    )

    def draw() -> Figure:
        figure, axes = _sheet(head, marks=True)
        at, calls, puts = ([float(row[i]) for row in inside] for i in range(3))
        net = [call + put for call, put in zip(calls, puts, strict=True)]
        size, unit = _scale([*calls, *puts, *net])
        gap = min((b - a for a, b in pairwise(at)), default=high - low)
        wide = max(0.8 * gap, (high - low) / 500)
        # Two of one sign, which are not so by the usual convention, stand on each other.
        feet = [call / size if call * put > 0 else 0.0 for call, put in zip(calls, puts, strict=True)]
        axes.bar(at, [call / size for call in calls], wide, color=POSITIVE_BAR, lw=0, label="calls")
        axes.bar(at, [put / size for put in puts], wide, feet, color=NEGATIVE_BAR, lw=0, label="puts")
        dots = {"marker": "o", "ms": 2.4} if len(at) <= 120 else {}
        axes.plot(at, [value / size for value in net], color=INK, lw=1, label="net", **dots)  # type: ignore[arg-type]
        axes.set_xlim(min(low, at[0] - wide), max(high, at[-1] + wide))
        _axes(axes, f"{measure.upper()}, {unit} {UNITS[measure]}")
        axes.set_xlabel("strike, USD", fontsize=8)
        _ticks(axes.xaxis, signed=False)
        axes.legend(frameon=False, fontsize=8, labelcolor=MUTED, loc="upper right", handlelength=1.2)
        _mark(axes, spot_mark, marks)
        return figure

    return draw


def _basket(reply: Reply, measure: str) -> Callable[[], Figure]:
    """Return how to draw what each name contributes to a basket."""
    parts = sorted(
        ((row.symbol, row.weight * getattr(row, measure)) for row in reply.rows),
        key=lambda part: -abs(part[1]),
    )
    gross = sum(abs(value) for _, value in parts) or 1.0
    if len(parts) > MOST_BARS:
        rest = parts[MOST_BARS:]
        parts = [*parts[:MOST_BARS], (f"{len(rest)} others", sum(value for _, value in rest))]
    size, unit = _scale([value for _, value in parts])
    net = getattr(reply, measure)
    step = 10 ** -(2 if size == 1e9 else 1)
    total = f"{_signed(net / size, step)} {unit.removeprefix('$ ')}"
    names = _name([row.symbol for row in reply.rows])
    label = f"SYNTHETIC ({reply.source})" if reply.synthetic else reply.source
    head = Head(
        f"{names}: what each name contributes to net {measure.upper()}",
        f"{label}; {_when(reply.as_of, reply.as_of_newest)}; convention {reply.convention}",
        reply.synthetic,
        [
            f"A bar is weight × net {measure.upper()} of the name, in brackets its signed share of all bars' lengths; "
            f"the bars add up to the basket's {total}. {_meaning(measure, reply.convention)}",
            *_lacking(reply.missing, reply.covered_weight),
            *_said(reply.notice),
        ],
    )

    def draw() -> Figure:
        widest = max(len(name) for name, _ in parts)
        figure, axes = _sheet(head, rows=len(parts), left=0.55 + 0.085 * widest)
        values = [value / size for _, value in parts]
        bars = axes.barh(
            range(len(parts)), values, 0.66, color=[NEGATIVE if v < 0 else POSITIVE for v in values]
        )
        axes.axvline(0, color=MUTED, lw=0.8)
        for bar, value in zip(bars, values, strict=True):
            share = _signed(100 * value * size / gross, 1)
            axes.annotate(
                f"{_signed(value, step)} ({share} %)",
                (value, bar.get_y() + bar.get_height() / 2),
                xytext=(-5 if value < 0 else 5, 0),
                textcoords="offset points",
                ha="right" if value < 0 else "left",
                va="center",
                fontsize=8,
                color=NEGATIVE if value < 0 else POSITIVE,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
            )
        reach = (max(values, default=0.0), min(values, default=0.0))
        room = 0.2 * ((max(reach[0], 0) - min(reach[1], 0)) or 1.0)
        axes.set_xlim(
            min(reach[1], 0) - (room if reach[1] < 0 else 0), max(reach[0], 0) + (room if reach[0] > 0 else 0)
        )
        axes.set_ylim(len(parts) - 0.5, -0.5)
        axes.set_yticks(range(len(parts)), [name for name, _ in parts], color=INK)
        axes.spines["bottom"].set_visible(False)
        axes.tick_params(length=0)
        axes.grid(axis="x")
        axes.set_xlabel(f"weight × net {measure.upper()}, {unit} {UNITS[measure]}", fontsize=8)
        _ticks(axes.xaxis, signed=True)
        return figure

    return draw


def strike_window(rows: Sequence[tuple[float, ...]], spot: float) -> tuple[float, float]:
    """Return the narrowest window around spot that holds most of the gross exposure, within 5 to 20 %.

    >>> strike_window([(90.0, 0.0, -1.0), (110.0, 3.0, -1.0), (300.0, 0.1, 0.0)], 100.0)
    (89.0, 111.0)
    """
    gross = sorted((abs(strike / spot - 1), abs(call) + abs(put)) for strike, call, put in rows)
    enough, held, reach = HELD * sum(size for _, size in gross), 0.0, 0.0
    for away, size in gross:
        reach, held = away, held + size
        if held >= enough:
            break
    reach = min(max(reach * 1.1, 0.05), 0.2)
    return round(spot * (1 - reach), 6), round(spot * (1 + reach), 6)


def _levels(found: LevelFigures | Problem) -> list[Mark]:
    if isinstance(found, Problem):
        return []
    marks = []
    if found.gamma_flip is not None:
        words = doubts_in_words(found.gamma_flip_status, found.gamma_flip_doubts)
        doubt = "" if words == "available" else f" ({words})"
        marks.append(_flip(found.gamma_flip, f"{found.gamma_flip:,.2f}{doubt}"))
    if found.call_wall is not None and found.call_wall == found.put_wall:
        return [*marks, Mark(found.call_wall, f"call and put wall {found.call_wall:,.2f}", MUTED, ":")]
    if found.call_wall is not None:
        marks.append(Mark(found.call_wall, f"call wall {found.call_wall:,.2f}", POSITIVE, ":"))
    if found.put_wall is not None:
        marks.append(Mark(found.put_wall, f"put wall {found.put_wall:,.2f}", NEGATIVE, ":"))
    return marks


def _flip(at: float, where: str, *, labelled: bool = True) -> Mark:
    return Mark(at, f"gamma flip {where}" if labelled else "", INK, "--")


def _meaning(measure: str, convention: str) -> str:
    return MEANING[measure].format(WHOSE.get(convention, f"convention {convention}"))


def _more_flips(roots: Sequence[str]) -> list[str]:
    more = roots[MOST_FLIPS:]
    return [f"Further flips: {', '.join(more)}."] if more else []


def _name(symbols: Sequence[str]) -> str:
    return ", ".join(symbols) if len(symbols) <= 4 else f"Basket of {len(symbols)} names"


def _when(oldest: float, newest: float) -> str:
    mixed = f" to {moment(newest)} (mixed)" if newest - oldest > MIXED else ""
    return f"as of {moment(oldest)}{mixed}"


def _of(oldest: float, newest: float, status: ServerStatus, convention: str) -> str:
    label = f"SYNTHETIC ({status.label})" if status.synthetic else status.label
    return f"{label}; {_when(oldest, newest)}; convention {convention}"


def _lacking(missing: Sequence[str], covered: float) -> list[str]:
    return (
        [f"No data: {', '.join(missing)}; {100 * covered:.0f} % of the weight had data."] if missing else []
    )


def _said(notice: str) -> list[str]:
    return [in_a_terminal(notice)] if notice else []


def _scale(values: Sequence[float]) -> tuple[float, str]:
    """Return the one unit of an axis.

    >>> _scale([-2e9, 3e6]), _scale([5e8])
    ((1000000000.0, '$ bn'), (1000000.0, '$ m'))
    """
    return (1e9, "$ bn") if max(map(abs, values), default=0.0) >= 1e9 else (1e6, "$ m")


def _signed(value: float, step: float, *, signed: bool = True) -> str:
    """Return a number with as many decimals as its step has, and a true minus.

    >>> _signed(-0.25, 0.25), _signed(1200, 200), _signed(-0.001, 0.1)
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
def _style() -> Iterator[None]:
    """Draw by this look alone, whatever the person's own settings of matplotlib are; they come back after."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def _sheet(head: Head, *, rows: int = 0, left: float = 0.95, marks: bool = False) -> tuple[Figure, Axes]:
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


def _axes(axes: Axes, unit: str) -> None:
    """Draw rules, and zero above them."""
    axes.grid(axis="y")
    axes.axhline(0, color=MUTED, lw=0.9)
    axes.spines["bottom"].set_color(RULE)
    axes.margins(y=0.08)
    axes.set_ylabel(unit, fontsize=8)
    _ticks(axes.yaxis, signed=True)


def _ticks(axis: Axis, *, signed: bool) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(8, steps=[1, 2, 2.5, 5, 10]))
    places = axis.get_majorticklocs()
    step = float(places[1] - places[0]) if len(places) > 1 else 1.0
    axis.set_major_formatter(FuncFormatter(lambda value, _: _signed(value, step, signed=signed)))


def _mark(axes: Axes, spot: Mark, others: Sequence[Mark]) -> None:
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


def _file(figure: Figure, kind: str) -> bytes:
    """Return a picture as the bytes of its file: the same for the same figures."""
    made = BytesIO()
    metadata = {"Software": "basketgex"} if kind == ".png" else {"Creator": "basketgex", "Date": None}
    figure.savefig(made, format=kind[1:], dpi=DPI if kind == ".png" else 72, metadata=metadata)
    return made.getvalue()
