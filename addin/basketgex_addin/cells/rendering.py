"""The words and numbers in which cells say what was answered."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from basketgex_addin.cells.figures import Reply
from basketgex_addin.cells.values import CellError, CellValue

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
    "balance",
)
NEAR_FLIP = "near flip"
"""What is said of a regime that is no more than its nearness to a flip."""
PLAIN_SUM = "DEX, VEX, CHEX: open interest, plain sum"
ENOUGH = 0.9
"""Less usable open interest than this is flagged: what could not be computed is too much to trust the rest."""


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


def is_historical(reply: Reply) -> bool:
    """Tell whether figures are of a fixed past moment, so that no clock applies: they have no age."""
    return reply.freshness == "HISTORICAL"


def number(value: float) -> CellValue:
    """Return a number that a cell can show, else #N/A."""
    return value if math.isfinite(value) else CellError.NOT_AVAILABLE


def regime(gex: float) -> str:
    """Return the regime that the sign of a net GEX means."""
    return "positive_gamma" if gex >= 0 else "negative_gamma"


def in_words(regime: str) -> str:
    """Return a regime as tables for people have it: "negative gamma"."""
    return regime.replace("_", " ")


def percent(share: float) -> str:
    """Return a share of 1 as a percentage."""
    # Cut, not rounded: 99.96 % must not read 100 %.
    return f"{math.floor(round(share * 1000, 6)) / 10:g} %"
