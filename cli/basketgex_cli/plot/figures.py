"""What is drawn: a profile over price, one underlying by strike, or the names of a basket; and what is said around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from basketgex.home import Home
from basketgex_addin.cells import Ask, LevelFigures, Problem, Reply, doubts_in_words, lasting
from basketgex_addin.client import ServerStatus
from basketgex_addin.client.problems import NO_STRIKES
from basketgex_addin.palette import INK, MUTED, NEGATIVE, NEGATIVE_BAR, POSITIVE, POSITIVE_BAR
from basketgex_cli.context import unwrap
from basketgex_cli.plot.canvas import Head, Mark, draw_marks, rule, scale, sheet, ticks, with_sign
from basketgex_cli.plot.captions import MOST_FLIPS, lacking, meaning, more_flips, name_of, of, remarks, when
from basketgex_cli.waiting import waited
from basketgex_server.errors import BadSettings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNITS = {
    "gex": "per 1 % move",
    "dex": "of delta",
    "vex": "per volatility point",
    "chex": "per calendar day",
}
MOST_BARS = 30
"""Names of a basket with a bar of their own."""
HELD = 0.95
"""The share of the gross exposure that the window of strikes holds, if 5 to 20 % around spot can."""


def profile(
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
        return f"{place(move):,.2f}" if one else f"{with_sign(place(move), 0.01)} %"

    spot_mark = Mark(place(1), f"spot {at(1)}" if one else "present prices", INK, "-")
    roots = sorted(lasting(found.roots), key=lambda root: abs(root - 1))
    together = (
        "" if one else "All names move by the same percentage; the figure is the weighted mean of theirs. "
    )
    caption = [
        f"{together}Volatilities stay as they are while prices move. {meaning(measure, found.convention)}"
    ]
    if not roots:
        caption.append(f"Net GEX keeps its sign from {at(low)} to {at(high)}.")
    caption += more_flips([at(root) for root in roots])
    if found.flip is not None and found.flip_status != "available":
        caption.append(
            f"The flip may not be relied on: {doubts_in_words(found.flip_status, found.flip_doubts)}."
        )
    if not low <= 1 <= high:
        caption.append(f"Outside the picture: {spot_mark.label}.")
    head = Head(
        f"{name_of(found.symbols)}: net {measure.upper()} over {'price' if one else 'the common move'}",
        of(found.as_of, found.as_of_newest, status, found.convention),
        status.synthetic,
        [*caption, *lacking(found.missing, found.covered_weight), *remarks(found.notice)],
    )
    marks = [_flip(place(root), at(root), labelled=n < MOST_FLIPS) for n, root in enumerate(roots)]

    def draw() -> Figure:
        values = found.net[measure]
        figure, axes = sheet(head, marks=True)
        size, unit = scale(values)
        x, y = [place(move) for move in found.moves], [value / size for value in values]
        zero = [0.0] * len(y)
        for sign, colour in ((1, POSITIVE_BAR), (-1, NEGATIVE_BAR)):
            side: Any = [value * sign >= 0 for value in y]
            axes.fill_between(x, y, zero, where=side, interpolate=True, color=colour, alpha=0.55, lw=0)
        axes.plot(x, y, color=INK, lw=1.6)
        axes.set_xlim(x[0], x[-1])
        rule(axes, f"net {measure.upper()}, {unit} {UNITS[measure]}")
        axes.set_xlabel("price, USD" if one else "move of all names, %", fontsize=8)
        ticks(axes.xaxis, signed=not one)
        draw_marks(axes, spot_mark, marks)
        return figure

    return draw


def strikes(
    home: Home,
    status: ServerStatus,
    symbol: str,
    measure: str,
    window: tuple[float, float, int] | None,
) -> Callable[[], Figure]:
    """Return how to draw one underlying by strike."""
    found = waited(home, lambda client: client.symbol(symbol, per_strike=True))
    if not found.strikes or not found.strikes["strike"]:
        unwrap(NO_STRIKES)
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
        + meaning(measure, found.convention)
    ]
    if isinstance(levels, LevelFigures) and levels.gamma_flip is None:
        caption.append("There is no gamma flip.")
    if outside:
        caption.append(f"Outside the picture: {', '.join(outside)}.")
    head = Head(
        f"{found.symbol}: {measure.upper()} by strike",
        of(found.as_of, found.as_of, status, found.convention),
        status.synthetic,
        caption,
    )

    def draw() -> Figure:
        figure, axes = sheet(head, marks=True)
        at, calls, puts = ([float(row[i]) for row in inside] for i in range(3))
        net = [call + put for call, put in zip(calls, puts, strict=True)]
        size, unit = scale([*calls, *puts, *net])
        gap = min((b - a for a, b in pairwise(at)), default=high - low)
        wide = max(0.8 * gap, (high - low) / 500)
        # Two of one sign, which are not so by the usual convention, stand on each other.
        feet = [call / size if call * put > 0 else 0.0 for call, put in zip(calls, puts, strict=True)]
        axes.bar(at, [call / size for call in calls], wide, color=POSITIVE_BAR, lw=0, label="calls")
        axes.bar(at, [put / size for put in puts], wide, feet, color=NEGATIVE_BAR, lw=0, label="puts")
        dots = {"marker": "o", "ms": 2.4} if len(at) <= 120 else {}
        axes.plot(at, [value / size for value in net], color=INK, lw=1, label="net", **dots)  # type: ignore[arg-type]
        axes.set_xlim(min(low, at[0] - wide), max(high, at[-1] + wide))
        rule(axes, f"{measure.upper()}, {unit} {UNITS[measure]}")
        axes.set_xlabel("strike, USD", fontsize=8)
        ticks(axes.xaxis, signed=False)
        axes.legend(frameon=False, fontsize=8, labelcolor=MUTED, loc="upper right", handlelength=1.2)
        draw_marks(axes, spot_mark, marks)
        return figure

    return draw


def contributions(reply: Reply, measure: str) -> Callable[[], Figure]:
    """Return how to draw what each name contributes to a basket."""
    parts = sorted(
        ((row.symbol, row.weight * getattr(row, measure)) for row in reply.rows),
        key=lambda part: -abs(part[1]),
    )
    gross = sum(abs(value) for _, value in parts) or 1.0
    if len(parts) > MOST_BARS:
        rest = parts[MOST_BARS:]
        parts = [*parts[:MOST_BARS], (f"{len(rest)} others", sum(value for _, value in rest))]
    size, unit = scale([value for _, value in parts])
    net = getattr(reply, measure)
    step = 10 ** -(2 if size == 1e9 else 1)
    total = f"{with_sign(net / size, step)} {unit.removeprefix('$ ')}"
    names = name_of([row.symbol for row in reply.rows])
    label = f"SYNTHETIC ({reply.source})" if reply.synthetic else reply.source
    head = Head(
        f"{names}: what each name contributes to net {measure.upper()}",
        f"{label}; {when(reply.as_of, reply.as_of_newest)}; convention {reply.convention}",
        reply.synthetic,
        [
            f"A bar is weight × net {measure.upper()} of the name, in brackets its signed share of all bars' lengths; "
            f"the bars add up to the basket's {total}. {meaning(measure, reply.convention)}",
            *lacking(reply.missing, reply.covered_weight),
            *remarks(reply.notice),
        ],
    )

    def draw() -> Figure:
        widest = max(len(name) for name, _ in parts)
        figure, axes = sheet(head, rows=len(parts), left=0.55 + 0.085 * widest)
        values = [value / size for _, value in parts]
        bars = axes.barh(
            range(len(parts)), values, 0.66, color=[NEGATIVE if v < 0 else POSITIVE for v in values]
        )
        axes.axvline(0, color=MUTED, lw=0.8)
        for bar, value in zip(bars, values, strict=True):
            share = with_sign(100 * value * size / gross, 1)
            axes.annotate(
                f"{with_sign(value, step)} ({share} %)",
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
        ticks(axes.xaxis, signed=True)
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
