"""What the client gives commands and tools beyond what cells show. Units as the functions' help says, times Unix seconds."""

from __future__ import annotations

from typing import Any, NamedTuple

from basketgex_addin.cells import LevelFigures

MEASURES = ("gex", "dex", "vex", "chex")


class ServerStatus(NamedTuple):
    """What serves and what it has done; times are Unix seconds, ``seats`` 0: any number of symbols a call.

    ``awaited`` symbols are on their way from the source; ``worked_out`` grows while it gets on with them.
    ``person`` is whose token asked, "" for the home's own; of their debits of a day ``person_debits`` None is no bound.
    """

    version: str
    source: str
    label: str
    synthetic: bool
    convention: str
    sentence: str
    started_at: float
    symbols_known: int
    requests: int
    baskets: int
    source_calls: int
    symbols_fetched: int
    debits_today: int
    debits_total: int
    metered: bool
    seats: int
    last_problem: str
    watches: int
    settings_notice: str = ""
    awaited: int = 0
    worked_out: int = 0
    chains_kept: int = 0
    chains_bytes: int = 0
    person: str = ""
    person_spent: float = 0.0
    person_debits: int | None = None


class Forward(NamedTuple):
    """An expiry (Unix seconds), its forward in USD by put-call parity, and the dividend yield per year that it means.

    ``pairs`` of a call and a put, whose forwards' quartiles lie ``spread`` apart, relative to it; ``trusted``: computed with.
    """

    expiry: float
    forward: float
    dividend_yield: float
    pairs: int
    spread: float
    trusted: bool


class SymbolFigures(NamedTuple):
    """One underlying: GEX, DEX, VEX, CHEX, net and of both sides (None where the source gives net figures only).

    ``rows`` counts what became of the chain's contracts, by reason. ``as_of`` is Unix seconds. ``strikes`` and ``expiries`` are
    columns by name, as in the contract's StrikeColumns and ExpiryColumns; ``zero_dte`` is the net of what expires on the
    chain's own day. All three, and ``levels``, None where not asked for. ``forwards`` come with expiries where
    dividend yields are implied; ``spot_status`` then says whether the price is of the quotes' moment ("agrees", "stale_spot",
    "thin_quotes") and ``spot_correction`` how much of it was added. ``source``, ``freshness`` and ``notice`` as in a Reply.
    """

    symbol: str
    underlying_price: float
    as_of: float
    convention: str
    net: tuple[float, ...]
    call: tuple[float, ...] | None
    put: tuple[float, ...] | None
    rows: dict[str, int] | None
    strikes: dict[str, list[Any]] | None = None
    expiries: dict[str, list[Any]] | None = None
    zero_dte: tuple[float, ...] | None = None
    forwards: tuple[Forward, ...] = ()
    levels: LevelFigures | None = None
    source: str = ""
    synthetic: bool = False
    freshness: str = ""
    notice: str = ""
    spot_status: str = ""
    spot_correction: float = 0.0
    remark: str = ""
    """What a person should know of its chain, mostly nothing."""
    balance: float | None = None
    """Net GEX over gross GEX, in -1..1; None where the source gives net figures only."""
    near_flip: bool = False
    """The regime says next to nothing: by the balance and, where levels were asked for, by the flip."""


class ProfileFigures(NamedTuple):
    """Net exposures over spot prices. ``moves`` are in units of each symbol's present price.

    ``spots`` in USD, empty where more than one symbol was asked for; ``net`` has the measures asked for, by name, as long as
    ``moves``; ``roots`` are the moves at which net GEX changes its sign and ``flip`` the one nearest no move, ``flip_status``
    and ``flip_doubts`` what there is against it. Times are Unix seconds; ``covered_weight`` is the share of the requested
    weight that had data. ``balance`` is net over gross GEX at no move, contract by contract; with ``near_flip`` the regime is
    no more than a nearness to the flip. ``keep_until`` as in LevelFigures.
    """

    moves: tuple[float, ...]
    spots: tuple[float, ...]
    net: dict[str, tuple[float, ...]]
    roots: tuple[float, ...]
    flip: float | None
    symbols: tuple[str, ...]
    weights: tuple[float, ...]
    underlying_price: tuple[float, ...]
    missing: tuple[str, ...]
    covered_weight: float
    as_of: float
    as_of_newest: float
    client_ttl: float
    notice: str
    source: str
    convention: str
    flip_status: str = ""
    flip_doubts: tuple[str, ...] = ()
    balance: float = 0.0
    near_flip: bool = False
    keep_until: float = 0.0
