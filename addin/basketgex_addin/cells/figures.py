"""What the server says, as values: baskets, and single underlyings by level, strike and price."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from basketgex_addin.cells.moments import new_york_text

MEASURES = ("GEX", "DEX", "VEX", "CHEX")
BALANCED = 0.05
"""A balance smaller than this, either way, is near its flip."""
STALE_SPOT, THIN_QUOTES = "stale_spot", "thin_quotes"
LEVELS = {
    "gamma_flip": "gamma flip",
    "call_wall": "call wall",
    "put_wall": "put wall",
    "max_positive_gamma": "largest positive gamma",
    "max_negative_gamma": "largest negative gamma",
    "highest_oi_strike": "highest open interest",
    "zero_dte_magnet": "0DTE magnet",
}


def is_near_flip(balance: float | None) -> bool:
    """Return whether a balance, net GEX over gross GEX, is so small that the sign of net GEX says next to nothing.

    >>> is_near_flip(-0.018), is_near_flip(0.364), is_near_flip(None)
    (True, False, False)
    """
    return balance is not None and abs(balance) < BALANCED


class Row(NamedTuple):
    """One constituent of a reply; units as the functions' help says; ``as_of`` is Unix seconds."""

    symbol: str
    weight: float
    underlying_price: float
    gex: float
    dex: float
    vex: float
    chex: float
    contribution_pct: float
    as_of: float
    freshness: str
    unverified: bool = False
    spot_status: str = ""
    spot_correction: float = 0.0
    remark: str = ""
    gross_gex: float = 0.0

    @property
    def signed_share(self) -> float:
        """The name's share of the gross weighted GEX, from -1 to 1, with the sign of its GEX; 0 has no sign."""
        return math.copysign(self.contribution_pct / 100, self.gex) if self.contribution_pct else 0.0

    @property
    def balance(self) -> float | None:
        """The name's net GEX over its gross GEX, in -1..1; None where the source gives net figures only."""
        return self.gex / self.gross_gex if self.gross_gex else None

    @property
    def near_flip(self) -> bool:
        """As Reply.near_flip, of the name by itself."""
        return is_near_flip(self.balance)


class Quota(NamedTuple):
    """A metered source's day: ``limit`` and ``left`` None where unknown or unlimited, ``resets_at`` Unix seconds.

    ``saved`` is what one call per cell would have cost, less what was spent. ``elsewhere`` are those of the used debits that
    the server has not in its ledger.
    """

    plan: str
    limit: float | None
    used: int
    left: float | None
    unlimited: bool
    resets_at: float
    saved: int
    elsewhere: int = 0


class Reply(NamedTuple):
    """One answered basket, as the client hands it to the functions. Times are Unix seconds, ``client_ttl`` seconds.

    ``freshness`` is FRESH, STALE, EXPIRED or HISTORICAL. ``source`` is what a person reads.
    """

    gex: float
    dex: float
    vex: float
    chex: float
    net_to_gross: float
    covered_weight: float
    negative_names: int
    negative_weight: float
    usable_open_interest: float
    as_of: float
    as_of_newest: float
    fetched_at: float
    freshness: str
    client_ttl: float
    notice: str
    source: str
    synthetic: bool
    convention: str
    missing: tuple[str, ...]
    rows: Sequence[Row]
    chex_kind: str = "computed"
    settings_notice: str = ""
    """What a person should know of the server's settings, mostly nothing."""
    missing_reasons: tuple[str, ...] = ()
    """Beside the missing: why one that has data is left out; empty where no reason is known."""
    distant: bool = False
    """The oldest figure and the newest lie more than a trading day apart."""
    usable_until: float = 0.0
    """Until when it may be shown at all, should the server be away; 0: for as long as one likes."""

    @property
    def left_out(self) -> tuple[tuple[str, str], ...]:
        """The missing names, each with its reason or an empty text."""
        return tuple(zip_longest(self.missing, self.missing_reasons[: len(self.missing)], fillvalue=""))

    @property
    def attention(self) -> str:
        """What must be seen before the figures are used, mostly nothing."""
        if not self.distant:
            return ""
        between = f"{new_york_text(self.as_of)} and {new_york_text(self.as_of_newest)} New York"
        return f"ATTENTION: figures between {between}, more than a trading day apart, are added up"

    @property
    def balance(self) -> float | None:
        """Net GEX over gross GEX, contract by contract, in -1..1; None where a name has net figures only."""
        gross = [row.weight * row.gross_gex for row in self.rows if row.weight]
        return self.gex / math.fsum(gross) if gross and all(gross) else None

    @property
    def near_flip(self) -> bool:
        """Whether net GEX is less than 5 % of gross GEX: its sign then says next to nothing."""
        return is_near_flip(self.balance)


class Since(NamedTuple):
    """A basket's regime: since when (Unix seconds, 0 where no other is known), and which it had before ("" likewise)."""

    regime: str
    since: float
    previous: str
    known_from: float = 0.0
    client_ttl: float = 2.0


class LevelFigures(NamedTuple):
    """The levels of one underlying: prices in USD, None where there is none. Times are Unix seconds.

    ``near_flip``: the balance is small, or the flip is available and nearer than half a daily move. Here and in the others:
    ``notice`` says what a person should know; until ``keep_until`` it may be shown as the last good one, 0: not at all.
    """

    underlying_price: float
    gamma_flip: float | None
    gamma_flip_status: str
    call_wall: float | None
    put_wall: float | None
    max_positive_gamma: float | None
    max_negative_gamma: float | None
    highest_oi_strike: float | None
    zero_dte_magnet: float | None
    as_of: float
    client_ttl: float
    gamma_flip_doubts: tuple[str, ...] = ()
    gamma_flip_roots: tuple[float, ...] = ()
    near_flip: bool = False
    notice: str = ""
    keep_until: float = 0.0


class Strikes(NamedTuple):
    """One underlying by strike: rows of strike, GEX of calls, of puts, and net, open interest of calls and puts."""

    rows: tuple[tuple[float, ...], ...]
    client_ttl: float
    notice: str = ""
    keep_until: float = 0.0


class Profile(NamedTuple):
    """Net exposure over ``moves`` (in units of the present price) and, of one underlying, ``spots`` in USD.

    ``flip`` is the move, nearest none, at which net GEX changes its sign; None where there is none in the range. ``roots`` are
    all of them, ``flip_status`` and ``flip_doubts`` what speaks against trusting the flip. ``near_flip`` as in LevelFigures.
    """

    moves: tuple[float, ...]
    spots: tuple[float, ...]
    net: tuple[float, ...]
    flip: float | None
    client_ttl: float
    roots: tuple[float, ...] = ()
    flip_status: str = ""
    flip_doubts: tuple[str, ...] = ()
    near_flip: bool = False
    notice: str = ""
    keep_until: float = 0.0


class Dispersion(NamedTuple):
    """An index against its members: volatilities per 1.00 at the money and at the horizon, None where there is none.

    ``basket_volatility`` is Σ weight · volatility, ``independent_volatility`` √Σ (weight · volatility)²; ``contributions`` are
    symbol and weight · volatility, the largest first. ``missing`` have no volatility at the horizon; ``covered_weight`` is the
    share of the requested weight that had, ``index_covered`` that of the index. Where that is too little, the correlation is
    no number but lies between ``correlation_low`` and ``correlation_high``; ``correlation_status`` says so. Regimes are ""
    where there is no exposure; ``opposed`` are the names whose own regime is not the index's. Balances are those of a Reply.
    """

    implied_correlation: float | None
    index_volatility: float | None
    basket_volatility: float | None
    independent_volatility: float | None
    contributions: tuple[tuple[str, float], ...]
    missing: tuple[str, ...]
    covered_weight: float
    index_regime: str
    basket_regime: str
    net_to_gross: float | None
    opposed: tuple[str, ...]
    as_of: float
    client_ttl: float
    correlation_low: float | None = None
    correlation_high: float | None = None
    correlation_status: str = ""
    index_covered: float = math.nan
    index_balance: float | None = None
    basket_balance: float | None = None
    notice: str = ""
    keep_until: float = 0.0
