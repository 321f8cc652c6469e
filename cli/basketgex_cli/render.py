"""Figures for a person and for a program: amounts, times, origins and regimes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from basketgex_addin.cells import Reply, Row
from basketgex_server.domain import SPOT_STALE, SPOT_THIN, regime
from basketgex_server.market_hours import NEW_YORK

SPOT = {
    SPOT_STALE: "stale spot: the price was of another moment than the quotes, and was put right by {:+.2%}.",
    SPOT_THIN: "too few expiries are quoted well enough to tell whether the price is of the quotes' moment.",
}


def amount(value: float) -> str:
    """Return USD as a person reads them.

    >>> amount(-1_640_000_000), amount(12_300_000), amount(950)
    ('-1.64 bn', '+12.30 m', '+950')
    """
    for size, unit in ((1e9, " bn"), (1e6, " m"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:+,.2f}{unit}"
    return f"{value:+,.0f}"


def origin_words(source: str, synthetic: bool) -> str:
    """Return where figures come from, for a person.

    >>> origin_words("synthetic sample", True)
    'SYNTHETIC (synthetic sample)'
    """
    return f"SYNTHETIC ({source})" if synthetic else source


def regime_words(gex: float, near_flip: bool = False) -> str:
    """Return the regime of a net GEX for a person.

    >>> regime_words(-1.5e9), regime_words(2e6, near_flip=True)
    ('negative gamma', 'positive gamma, near flip')
    """
    return in_words(regime(gex)) + (", near flip" if near_flip else "")


def balance_words(balance: float | None) -> str:
    """Return net GEX over gross GEX for a person.

    >>> balance_words(-0.0179), balance_words(None)
    ('-1.8%', '-')
    """
    return "-" if balance is None else f"{balance:+.1%}"


def regime_json(of: Reply | Row) -> dict[str, Any]:
    """Return a regime with its balance, null where net figures are all there is, and whether it is near its flip."""
    return {"regime": regime(of.gex), "balance": of.balance, "near_flip": of.near_flip}


def in_words(regime: str) -> str:
    """Return the contract's name of a regime for a person."""
    return regime.replace("_", " ")


def new_york_text(at: float) -> str:
    """Return Unix seconds as New York time."""
    return f"{datetime.fromtimestamp(at, NEW_YORK):%Y-%m-%d %H:%M} New York"


def iso(at: float) -> str:
    """Return Unix seconds as ISO 8601, UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def spot_json(of: Any) -> dict[str, Any]:
    """Return whether a price is of its quotes' moment, where that was looked at."""
    if not of.spot_status:
        return {}
    return {"spot_status": of.spot_status, "spot_correction": of.spot_correction}
