"""The sentences around a picture: what is measured, of when, from where, and what is lacking."""

from __future__ import annotations

from collections.abc import Sequence

from basketgex_addin.client import ServerStatus
from basketgex_cli.parsing import in_a_terminal
from basketgex_cli.render import new_york_text
from basketgex_server.dispatch.batch.types import MIXED

MEANING = {
    "gex": "GEX: USD of dealer delta per 1 % move of the underlying; where it is negative, dealers amplify moves.",
    "dex": "DEX: USD of delta, {}.",
    "vex": "VEX: USD of delta per point of implied volatility, {}.",
    "chex": "CHEX: USD of delta per calendar day, {}.",
}
WHOSE = {"flashalpha": "a plain sum over all open interest, not the dealers'", "dealer": "the dealers'"}
MOST_FLIPS = 4
"""Flips with a label of their own, those nearest the present price."""


def meaning(measure: str, convention: str) -> str:
    """Return what a measure is, by the convention of the figures."""
    return MEANING[measure].format(WHOSE.get(convention, f"convention {convention}"))


def more_flips(roots: Sequence[str]) -> list[str]:
    """Return the flips that have no label of their own."""
    more = roots[MOST_FLIPS:]
    return [f"Further flips: {', '.join(more)}."] if more else []


def name_of(symbols: Sequence[str]) -> str:
    """Return how a basket is called in a title."""
    return ", ".join(symbols) if len(symbols) <= 4 else f"Basket of {len(symbols)} names"


def when(oldest: float, newest: float) -> str:
    """Return the moment of figures, or that they are of several."""
    mixed = f" to {new_york_text(newest)} (mixed)" if newest - oldest > MIXED else ""
    return f"as of {new_york_text(oldest)}{mixed}"


def of(oldest: float, newest: float, status: ServerStatus, convention: str) -> str:
    """Return where figures come from, of when and by which convention."""
    label = f"SYNTHETIC ({status.label})" if status.synthetic else status.label
    return f"{label}; {when(oldest, newest)}; convention {convention}"


def lacking(missing: Sequence[str], covered: float) -> list[str]:
    """Return which names had no data."""
    return (
        [f"No data: {', '.join(missing)}; {100 * covered:.0f} % of the weight had data."] if missing else []
    )


def remarks(notice: str) -> list[str]:
    """Return what the server says beside the figures."""
    return [in_a_terminal(notice)] if notice else []
