"""From answers to what the cells show."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from basketgex_addin.cells.arguments import TOP, Option, count, headers, measure, only, zone
from basketgex_addin.cells.figures import (
    LEVELS,
    MEASURES,
    STALE_SPOT,
    THIN_QUOTES,
    Dispersion,
    LevelFigures,
    Profile,
    Quota,
    Reply,
    Since,
    Strikes,
)
from basketgex_addin.cells.moments import new_york, new_york_text, serial
from basketgex_addin.cells.values import Block, CellError, CellValue, InputCell, Result, Table

STRIKE_HEADINGS = ("strike", "call GEX", "put GEX", "net GEX", "call open interest", "put open interest")
LASTING = 1e-4  # of the present price: two roots nearer each other are a needle, no level to trade at
HEADINGS = (
    "symbol",
    "weight",
    "underlying price",
    "GEX",
    "DEX",
    "VEX",
    "CHEX",
    "signed share of gross",
    "regime",
    "as of (New York)",
)

PLAIN_SUM = "DEX, VEX, CHEX: open interest, plain sum"
ENOUGH = 0.9
"""Less usable open interest than this is flagged: what could not be computed is too much to trust the rest."""

NO_AGE = "These figures are of a fixed past moment, so they have no age: BASKETASOF gives the moment."
"""What BASKETWHY says where nothing but the age is lacking."""


def option(name: str, block: Block | None) -> Option:
    """Return what the last argument of function ``name`` says, its default where it is left out or blank. Raises BadInput."""
    read = _OPTIONS.get(name)
    return None if read is None else read(only(block))


def dispersion(found: Dispersion) -> Table:
    """Return DISPERSION's rows: name and value, #N/A where there is none; last each member's weight · volatility."""
    figures: tuple[tuple[str, float | str | None], ...] = (
        ("implied correlation", _correlation(found)),
        ("index volatility", found.index_volatility),
        ("mean member volatility", found.basket_volatility),
        ("volatility at correlation 0", found.independent_volatility),
        ("covered weight", found.covered_weight),
        ("no volatility", ", ".join(found.missing)),
        ("index regime", in_words(found.index_regime) or None),
        ("basket regime", in_words(found.basket_regime) or None),
        ("net to gross", found.net_to_gross),
        ("opposed to the index", ", ".join(found.opposed) if found.index_regime else None),
        ("correlation", found.correlation_status.replace("_", " ")),
        ("correlation at least", found.correlation_low),
        ("correlation at most", found.correlation_high),
        ("covered part of the index", found.index_covered),
        *((f"contribution {name}", value) for name, value in found.contributions),
    )
    return tuple(
        (name, value if isinstance(value, str) else number(math.nan if value is None else value))
        for name, value in figures
    )


def _correlation(found: Dispersion) -> float | str | None:
    """Return the implied correlation, or the range that it lies in as a text: that is no number to calculate with."""
    low, high = found.correlation_low, found.correlation_high
    if found.implied_correlation is not None or low is None or high is None:
        return found.implied_correlation
    return f"{low:.2f} to {high:.2f}"


def strikes(found: Strikes, headers: Option = None) -> Table:
    """Return GEXSTRIKES' rows."""
    rows = tuple(tuple(map(number, row)) for row in found.rows)
    return (STRIKE_HEADINGS, *rows) if headers else rows


def profile(found: Profile, *, moves: bool) -> Table:
    """Return the rows of a profile: the price of its one underlying, or the move of a basket; and the exposure there."""
    across = found.moves if moves else found.spots
    return tuple((number(x), number(y)) for x, y in zip(across, found.net, strict=True))


def flip(found: Profile) -> Table:
    """Return BASKETFLIP's row: the move at which a basket's regime changes, 0 being none; its doubts; all such moves."""
    move = CellError.NOT_AVAILABLE if found.flip is None else found.flip - 1
    doubts = doubts_in_words(found.flip_status, found.flip_doubts)
    return ((move, doubts, roots_in_words(found.roots, lambda root: f"{root - 1:+.2%}")),)


def convention_in_words(convention: str) -> str:
    """Return a convention, and whose figures DEX, VEX and CHEX are where they are not the dealers' of the GEX beside them."""
    return f"{convention} ({PLAIN_SUM})" if convention == "flashalpha" else convention


def doubts_in_words(status: str, doubts: Sequence[str]) -> str:
    """Return what there is against a flip, its status first: "sensitive root, several roots"; "available" where nothing is.

    >>> doubts_in_words("sensitive_root", ["several_roots", "sensitive_root"])
    'sensitive root, several roots'
    """
    return ", ".join(word.replace("_", " ") for word in dict.fromkeys((status, *doubts)) if word)


def lasting(roots: Sequence[float], spot: float = 1.0) -> list[float]:
    """Return the roots, ascending, without pairs of them that are nearer each other than LASTING."""
    left: list[float] = []
    for root in roots:
        if left and root - left[-1] < LASTING * spot:
            left.pop()
        else:
            left.append(root)
    return left


def roots_in_words(roots: Sequence[float], write: Callable[[float], str], spot: float = 1.0) -> str:
    """Return all prices, ascending, at which net GEX changes its sign; ``write`` puts one into words.

    >>> roots_in_words([0.9, 0.95, 0.95001, 1.1], lambda root: f"{root:.2f}")
    '0.90, 1.10 and one pair less than 0.01 % apart'
    """
    left = lasting(roots, spot)
    pairs = (len(roots) - len(left)) // 2
    needles = f"{'one pair' if pairs == 1 else f'{pairs} pairs'} less than 0.01 % apart" if pairs else ""
    return " and ".join(part for part in (", ".join(map(write, left)), needles) if part)


def render(name: str, reply: Reply, option: Option = None) -> Result:
    """Return what the cell of function ``name`` shows for an answered basket; ``option`` is what ``option`` returned."""
    return _RENDERERS[name](reply, option)


def since(found: Since) -> Table:
    """Return BASKETSINCE's row: regime, since when (date serial, New York), the regime before."""
    na = CellError.NOT_AVAILABLE
    moment = serial(found.since, new_york()) if found.since else na
    return ((in_words(found.regime) or na, moment, in_words(found.previous) or na),)


def levels(found: LevelFigures) -> Table:
    """Return GEXLEVELS' rows: name, price, distance from the underlying price as a share of it; #N/A where there is none.

    The flip's row goes on with what there is against it, and with all prices at which net GEX changes its sign.
    """
    spot = found.underlying_price
    named = [("underlying price", spot)]
    named += [(label, getattr(found, field)) for field, label in LEVELS.items()]
    na = CellError.NOT_AVAILABLE
    doubts = doubts_in_words(found.gamma_flip_status, found.gamma_flip_doubts)
    roots = roots_in_words(found.gamma_flip_roots, "{:,.2f}".format, spot)
    return tuple(
        (
            label,
            na if price is None else number(price),
            na if price is None or not spot else number(price / spot - 1),
            *((doubts, roots) if label == LEVELS["gamma_flip"] else (None, None)),
        )
        for label, price in named
    )


def quota(found: Quota) -> Table:
    """Return BASKETQUOTA's row: plan, debits a day, used, left, when the count starts again (UTC), saved."""
    limit: CellValue = "unlimited" if found.unlimited else found.limit
    left: CellValue = "unlimited" if found.unlimited else found.left
    resets = f"{datetime.fromtimestamp(found.resets_at, UTC):%Y-%m-%d %H:%M} UTC"
    return ((found.plan or "unknown", limit, float(found.used), left, resets, float(found.saved)),)


def age(reply: Reply, now: float) -> CellValue:
    """Return the minutes between the basket's oldest figure and ``now`` (Unix seconds); #N/A where they have no age."""
    return CellError.NOT_AVAILABLE if is_historical(reply) else max(0.0, now - reply.as_of) / 60


def is_historical(reply: Reply) -> bool:
    """Tell whether figures are of a fixed past moment, so that no clock applies: they have no age."""
    return reply.freshness == "HISTORICAL"


def number(value: float) -> CellValue:
    """Return a number that a cell can show, else #N/A."""
    return value if math.isfinite(value) else CellError.NOT_AVAILABLE


def _regime(gex: float) -> str:
    return "positive_gamma" if gex >= 0 else "negative_gamma"


def in_words(regime: str) -> str:
    """Return a regime as tables for people have it: "negative gamma"."""
    return regime.replace("_", " ")


def _percent(share: float) -> str:
    # Cut, not rounded: 99.96 % must not read 100 %.
    return f"{math.floor(round(share * 1000, 6)) / 10:g} %"


def _table(reply: Reply, headers: bool) -> Table:
    found: list[tuple[CellValue, ...]] = [HEADINGS] if headers else []
    for row in reply.rows:
        figures = (
            row.weight,
            row.underlying_price,
            row.gex,
            row.dex,
            row.vex,
            row.chex,
            row.signed_share,
        )
        found.append(
            (row.symbol, *map(number, figures), in_words(_regime(row.gex)), new_york_text(row.as_of))
        )
    found.extend((symbol, *(None,) * 7, "no data", None) for symbol in reply.missing)
    return tuple(found)


def _status(reply: Reply) -> str:
    """Absolute times only: the text stays in the cell after the clock has moved on."""
    as_of = f"as of {new_york_text(reply.as_of)}"
    if reply.as_of_newest - reply.as_of > _MIXED_AFTER:
        as_of += f" to {new_york_text(reply.as_of_newest)} (mixed)"
    unweighted = ", ".join(row.symbol for row in reply.rows if row.weight == 0)
    unverified = ", ".join(row.symbol for row in reply.rows if row.unverified)
    thin = ", ".join(row.symbol for row in reply.rows if row.spot_status == THIN_QUOTES)
    stale = ", ".join(
        f"{row.symbol} put right by {row.spot_correction:+.2%}"
        for row in reply.rows
        if row.spot_status == STALE_SPOT
    )
    parts = (
        reply.attention,
        f"SYNTHETIC ({reply.source})" if reply.synthetic else reply.source,
        "historical" if is_historical(reply) else "",
        f"{as_of} New York",
        f"convention {convention_in_words(reply.convention)}",
        f"{len(reply.rows)} of {len(reply.rows) + len(reply.missing)} names",
        f"coverage {_percent(reply.covered_weight)}",
        f"no data: {', '.join(reply.missing)}" if reply.missing else "",
        f"no weight: {unweighted}" if unweighted else "",
        _usable(reply.usable_open_interest),
        "" if reply.chex_kind == "computed" else f"CHEX {reply.chex_kind}",
        f"entitlement unverified: {unverified}" if unverified else "",
        f"stale spot: {stale}" if stale else "",
        f"quotes too thin to tell spot's moment: {thin}" if thin else "",
        *dict.fromkeys(row.remark for row in reply.rows),
        reply.notice,
        reply.settings_notice,
    )
    return "; ".join(part for part in parts if part)


def _why(reply: Reply) -> str:
    """Return what keeps a value from being that of the whole basket; OK where nothing does but names without data."""
    left_out = [f"{symbol} is left out: {reason}" for symbol, reason in reply.left_out if reason]
    attention = [f"{reply.attention}."] if reply.attention else []
    return " ".join(attention + left_out) or "OK"


def _usable(share: float) -> str:
    """The share of the open interest that had figures, flagged where the rest is too much to trust them."""
    if share >= 1:
        return ""
    low = "" if share >= ENOUGH else f" (below {_percent(ENOUGH)})"
    return f"usable open interest {_percent(share)}{low}"


def _total(reply: Reply, measure: Option) -> Table:
    rows = [row for row in reply.rows if row.weight]
    sums = {name: number(math.fsum(getattr(row, name.lower()) for row in rows)) for name in MEASURES}
    return ((sums[measure],),) if isinstance(measure, str) and measure in sums else (tuple(sums.values()),)


def _top(reply: Reply, count: Option) -> Table:
    """Signed shares; contributions that tie stay in the order of the names."""
    most = int(count) if isinstance(count, int) else TOP
    rows = sorted((row for row in reply.rows if row.weight), key=lambda row: -row.contribution_pct)[:most]
    return tuple((row.symbol, row.signed_share) for row in rows)


def _breadth(reply: Reply) -> CellValue:
    rows = len(reply.rows)
    return sum(row.gex >= 0 for row in reply.rows) / rows if rows else CellError.NOT_AVAILABLE


def _net(field: str) -> Callable[[Reply, Option], Result]:
    return lambda reply, _: number(getattr(reply, field))


_MIXED_AFTER = 15 * 60
_OPTIONS: dict[str, Callable[[InputCell], Option]] = {
    "BASKET": headers,
    "GEXSTRIKES": headers,
    "BASKETTOTAL": measure,
    "BASKETTOP": count,
    "BASKETASOF": zone,
}
_RENDERERS: dict[str, Callable[[Reply, Option], Result]] = {
    "BASKET": lambda reply, headers: _table(reply, bool(headers)),
    "BASKETTOTAL": _total,
    "BASKETTOP": _top,
    "BASKETASOF": lambda reply, zone: serial(reply.as_of, zone if isinstance(zone, ZoneInfo) else new_york()),
    "BASKETREFRESH": lambda reply, _: serial(reply.as_of, new_york()),
    "BASKETREGIME": lambda reply, _: _regime(reply.gex),
    "BASKETBREADTH": lambda reply, _: _breadth(reply),
    "BASKETCOUNT": lambda reply, _: float(len(reply.rows)),
    "BASKETMISSING": lambda reply, _: ", ".join(
        f"{symbol} ({reason})" if reason else symbol for symbol, reason in reply.left_out
    ),
    "BASKETCOVERAGE": lambda reply, _: number(reply.covered_weight),
    "BASKETSTATUS": lambda reply, _: _status(reply),
    "BASKETWHY": lambda reply, _: _why(reply),
}
_RENDERERS.update((f"{kind}{name}", _net(name.lower())) for kind in ("BASKET", "SYMBOL") for name in MEASURES)
