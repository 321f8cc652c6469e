"""What a person should know of a basket's figures: where they come from, and why there are none."""

from __future__ import annotations

from basketgex_addin.cells import (
    ENOUGH,
    STALE_SPOT,
    THIN_QUOTES,
    Reply,
    convention_in_words,
    is_historical,
    new_york_text,
    percent,
)
from basketgex_addin.functions.of_basket import basket_of, of_basket, of_reply
from basketgex_addin.functions.record import Argument, Kind, Shape, no_option

NAMED = Argument(
    "which",
    "The name of the function that has no value, such as GEXSTRIKES; symbols and weights are then that function's own.",
    optional=True,
    default="the basket's figures",
)
_MIXED_AFTER = 15 * 60


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
        f"coverage {percent(reply.covered_weight)}",
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
    low = "" if share >= ENOUGH else f" (below {percent(ENOUGH)})"
    return f"usable open interest {percent(share)}{low}"


BASKETSTATUS = of_basket(
    "BASKETSTATUS", Shape.TEXT, "Source, moment, convention, coverage, what is missing.", of_reply(_status)
)
BASKETWHY = of_basket(
    "BASKETWHY",
    Shape.TEXT,
    "Why the basket, or a name of it, has no value, and what to do; OK where all is well. Of a cell with another "
    "function: its arguments, and the name of its function.",
    Kind(
        question=basket_of,
        option=no_option,
        show=lambda reply, _: _why(reply),
        refuse=lambda problem: problem.sentence,
        foreseeable=True,
    ),
    NAMED,
)
