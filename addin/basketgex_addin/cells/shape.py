"""What the server says of the shape of a basket: by expiry, by strike, its expected move; and the max pain of one name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from basketgex_addin.cells.values import Problem

if TYPE_CHECKING:
    from basketgex_addin.cells.questions import Ask


class Standing(NamedTuple):
    """Which names an answer is made of, and of when (Unix seconds); ``covered_weight`` is the share that had data."""

    symbols: tuple[str, ...]
    weights: tuple[float, ...]
    missing: tuple[str, ...]
    covered_weight: float
    as_of: float
    as_of_newest: float
    notice: str
    source: str
    synthetic: bool
    convention: str
    keep_until: float = 0.0


class ExpiryBucket(NamedTuple):
    """What expires from ``first_day`` to ``last_day`` (None: without end) calendar days ahead; units as in a Reply.

    ``share`` is its part of the gross GEX, ``rolled_off`` that of it and all before it, 0..1.
    """

    first_day: int
    last_day: int | None
    gex: float
    dex: float
    vex: float
    chex: float
    share: float
    rolled_off: float


class Expiries(NamedTuple):
    """A basket by time to expiry, nearest first."""

    buckets: tuple[ExpiryBucket, ...]
    standing: Standing
    client_ttl: float


class MoveBucket(NamedTuple):
    """The strikes around ``move`` from each name's own spot: GEX of calls, of puts, and all four measures, net."""

    move: float
    call_gex: float
    put_gex: float
    gex: float
    dex: float
    vex: float
    chex: float


class Moves(NamedTuple):
    """A basket by the distance of strikes from spot, ascending; its walls as moves, None where there is none."""

    buckets: tuple[MoveBucket, ...]
    call_wall: float | None
    put_wall: float | None
    standing: Standing
    client_ttl: float


class MaxPain(NamedTuple):
    """The strike of max pain in USD; ``rows`` are strike, what calls and what puts would be worth there (USD), and both OI."""

    strike: float
    underlying_price: float
    rows: tuple[tuple[float, ...], ...]
    standing: Standing
    client_ttl: float


class ExpectedMove(NamedTuple):
    """Expected moves as parts of a basket's value, one standard deviation; None where there is none.

    ``value`` with the ``correlation``; where that lies in a range, both are None, and ``low`` and ``high`` the moves at its
    ends. ``status`` is "given", or what DISPERSION says of a correlation.
    """

    value: float | None
    low: float | None
    high: float | None
    at_zero: float
    at_one: float
    correlation: float | None
    lowest: float | None
    highest: float | None
    status: str
    volatilities: tuple[float, ...]
    standing: Standing
    client_ttl: float


class Flow(NamedTuple):
    """A book with two sides: a figure each for DEX, VEX and CHEX, in this order; empty where there is none.

    ``dealers`` is the net of those who hold the calls and owe the puts, whatever the convention; ``days_of_volume`` the net of
    what is divided by average daily volumes, of the names that have one, whose share of the gross money is ``adv_covered``.
    """

    net: tuple[float, ...]
    gross: tuple[float, ...]
    long_leg: tuple[float, ...]
    short_leg: tuple[float, ...]
    dealers: tuple[float, ...]
    days_of_volume: tuple[float, ...]
    money: tuple[float, ...]
    adv_covered: float
    standing: Standing
    client_ttl: float


class Change(NamedTuple):
    """What made a basket's net GEX another, USD per 1 % move: ``before`` and the six parts add up to ``after``.

    ``since`` and ``since_newest`` are the moments (Unix seconds) of the oldest and the newest chain that it began with.
    """

    before: float
    spot: float
    volatility: float
    time: float
    open_interest: float
    weights: float
    residual: float
    after: float
    since: float
    since_newest: float
    standing: Standing
    client_ttl: float


class Rank(NamedTuple):
    """Where a figure stands among those of ``days`` before; None where they are too few, or all the same."""

    percentile: float | None
    z_score: float | None
    days: int


class Past(NamedTuple):
    """A basket's closing figures: rows of Unix seconds, GEX, DEX, VEX, CHEX and balance (None: unknown), the last of now."""

    rows: tuple[tuple[float | None, ...], ...]
    gex: Rank
    balance: Rank
    standing: Standing
    client_ttl: float


class VolumeGex(NamedTuple):
    """GEX by what was traded, USD per 1 % move: of calls and puts, which add up, and that of open interest, of the same names.

    ``volumes`` are contracts, calls and puts of each name, beside ``standing.symbols``.
    """

    call: float
    put: float
    open_interest: float
    volumes: tuple[tuple[float, float], ...]
    standing: Standing
    client_ttl: float


class ShapeServer(Protocol):
    """What questions of this kind are put to."""

    def expiries(self, ask: Ask, *, each_day: bool) -> Expiries | Problem:
        """Return a basket by time to expiry."""

    def moves(self, ask: Ask, step: float) -> Moves | Problem:
        """Return a basket by the distance of strikes from spot."""

    def max_pain(self, symbol: str, expiry: str) -> MaxPain | Problem:
        """Return the max pain of one name; ``expiry`` a day as 2026-09-18, or empty."""

    def expected_move(
        self, ask: Ask, *, horizon: float, correlation: float | None, index: str
    ) -> ExpectedMove | Problem:
        """Return how far a basket is expected to move."""

    def flow(
        self, symbols: tuple[str, ...], money: tuple[float, ...], adv: tuple[float, ...] = ()
    ) -> Flow | Problem:
        """Return the flow of a book; ``adv`` empty where no days of volume are wanted."""

    def change(
        self, ask: Ask, *, since: float | None, weights_before: tuple[float, ...] = ()
    ) -> Change | Problem:
        """Return what made the change of a basket since a moment (Unix seconds); None: since the day before."""

    def history(self, ask: Ask, days: float) -> Past | Problem:
        """Return a basket's closing figures over so many days before its present one."""

    def volume_gex(self, ask: Ask) -> VolumeGex | Problem:
        """Return a basket's GEX by what was traded."""
