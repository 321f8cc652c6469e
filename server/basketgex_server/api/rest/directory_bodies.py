"""The replies that tell what there is at all, the account, and dispersion."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal

from basketgex_server.api.offers import Universe
from basketgex_server.api.rest.bodies import clocks, how, provenance
from basketgex_server.api.rest.refusals import count, second
from basketgex_server.api.rest.shapes import (
    Body,
    Count,
    Moment,
    Provenance,
    Reply,
    Share,
    SymbolProvenance,
    Told,
)
from basketgex_server.dispatch.lookups import CachedFigure
from basketgex_server.dispatch.queries import correlation
from basketgex_server.dispatch.quota import QuotaStatus
from basketgex_server.domain import Freshness, Origin, Regime, regime
from basketgex_server.sources.port import Compared
from basketgex_server.times import iso_utc

if TYPE_CHECKING:  # numpy comes with it
    from basketgex_server.exposure import expirations

LOCAL_PLAN = "local"
"""The plan of a source that has none."""


class Health(Body):
    """The gateway answers."""

    status: Literal["Healthy"] = "Healthy"


class Account(Reply):
    """The source's quota of the day."""

    user_id: str | None
    email: str | None
    plan: str
    daily_limit: str
    usage_today: Count
    remaining: str
    resets_at: Moment


class Symbols(Reply):
    """The symbols that the server has a figure of."""

    symbols: list[str]
    count: Count
    note: str
    last_updated: Moment | None


class Whence(Body):
    """Which source names the symbols, and whether these are all it has."""

    source: str
    label: str
    complete: bool


class Tickers(Told[Whence]):
    """The symbols that can be asked for, as far as the source names them."""

    tickers: list[str]
    count: Count


class Tiered(Body):
    """A symbol; of tier 1 are those that the server has a figure of."""

    symbol: str
    tier: Literal[1, 2]
    is_pre_warmed: bool


class Tiers(Told[Whence]):
    """The same, those with a figure (tier 1) first."""

    as_of: Moment
    count: Count
    returned: Count
    limit: Count
    sort: Literal["tier", "symbol"]
    symbols: list[Tiered]


class Quote(Told[SymbolProvenance], rename={"last_price": "lastPrice", "last_update": "lastUpdate"}):
    """The price that figures are computed with."""

    ticker: str
    bid: None
    ask: None
    mid: None
    last_price: float
    last_update: Moment


class ExpiryStrikes(Body):
    """The strikes of one day of expiry."""

    expiration: date
    strikes: list[float]


class Options(Told[SymbolProvenance]):
    """The days of expiry and their strikes."""

    symbol: str
    expirations: list[ExpiryStrikes]
    expiration_count: Count
    total_contracts: Count


class Contributor(Body):
    """A member's weight and volatility, and their product, per 1.00."""

    symbol: str
    weight: float
    iv: float
    contribution_to_basket_vol: float


class DispersionProvenance(Provenance):
    """Where the figures of a dispersion come from, how they stand, and what else they say."""

    covered_weight: Share
    independent_vol: float | None
    index_regime: Regime | None
    basket_regime: Regime | None
    net_to_gross: float | None
    opposed_symbols: list[str]
    correlation_status: str
    implied_correlation_low: float | None
    implied_correlation_high: float | None
    index_covered: float


class Dispersion(Told[DispersionProvenance]):
    """An index against its members: implied correlation and its parts."""

    as_of: Moment
    index: str
    constituent_count: Count
    missing_symbols: list[str]
    horizon_days: Count
    implied_correlation: float | None
    realized_correlation: None
    correlation_premium: None
    implied_vol_index: float | None
    implied_vol_basket: float | None
    top_contributors: list[Contributor]


def account(quota: QuotaStatus) -> Account:
    """Return the day's quota."""
    return Account(
        user_id=None,
        email=None,
        plan=quota.plan or LOCAL_PLAN,
        daily_limit=count(quota.limit, quota),
        usage_today=quota.used,
        remaining=count(quota.left, quota),
        resets_at=second(quota.resets_at),
        data_as_of=clocks(),
    )


def symbols(known: list[str], newest: float | None) -> Symbols:
    """Return the symbols that have a figure; ``newest`` is when the last came."""
    return Symbols(
        symbols=known,
        count=len(known),
        note="Symbols that the server has a figure of; /v1/tickers names all that can be asked for.",
        last_updated=None if newest is None else iso_utc(newest),
        data_as_of=clocks(),
    )


def tickers(known: Universe) -> Tickers:
    """Return the symbols that there are."""
    return Tickers(known.symbols, len(known.symbols), data_as_of=clocks(), basketgex=_whence(known))


def universe(known: Universe, ready: Collection[str], now: float, limit: int, *, by_name: bool) -> Tiers:
    """Return the symbols that there are, those with a figure (tier 1) first; ``limit`` below 0: all of them."""
    tiers: dict[str, Literal[1, 2]] = {symbol: 1 if symbol in ready else 2 for symbol in known.symbols}
    order = known.symbols if by_name else sorted(known.symbols, key=lambda s: (tiers[s], s))
    shown = order if limit < 0 else order[:limit]
    return Tiers(
        as_of=iso_utc(now),
        count=len(order),
        returned=len(shown),
        limit=len(order) if limit < 0 else limit,
        sort="symbol" if by_name else "tier",
        symbols=[Tiered(s, tiers[s], tiers[s] == 1) for s in shown],
        data_as_of=clocks(),
        basketgex=_whence(known),
    )


def quote(found: CachedFigure, origin: Origin) -> Quote:
    """Return an underlying's price."""
    e = found.snapshot.exposure
    return Quote(
        ticker=e.symbol,
        bid=None,
        ask=None,
        mid=None,
        last_price=e.underlying_price,
        last_update=iso_utc(e.as_of),
        data_as_of=clocks(e.oi_as_of),
        basketgex=provenance(found, origin),
    )


def options(found: CachedFigure, origin: Origin, rows: Sequence[expirations.Listed]) -> Options:
    """Return the days and strikes that there are."""
    e = found.snapshot.exposure
    return Options(
        symbol=e.symbol,
        expirations=[ExpiryStrikes(row.day, list(row.strikes)) for row in rows],
        expiration_count=len(rows),
        total_contracts=sum(row.contracts for row in rows),
        data_as_of=clocks(e.oi_as_of),
        basketgex=provenance(found, origin),
    )


def dispersion(
    index: str, found: Compared, weights: Sequence[float] | None, horizon: float, origin: Origin
) -> Dispersion:
    """Return an index against its members, ``weights`` as given."""
    known = found.comparison
    judged = correlation(known, weights)
    parts = known.dispersion
    freshness = Freshness.HISTORICAL if origin.historical else Freshness.FRESH  # worked out for who asks
    told = DispersionProvenance(
        **how(origin, freshness, " ".join(found.failed.values())),
        covered_weight=known.covered_weight,
        independent_vol=parts.independent_volatility if parts else None,
        index_regime=regime(known.index.net.gex) if known.index else None,
        basket_regime=regime(known.basket.net.gex) if known.basket else None,
        net_to_gross=known.basket.net_to_gross if known.basket else None,
        opposed_symbols=list(known.opposed),
        correlation_status=judged.status,
        implied_correlation_low=judged.low,
        implied_correlation_high=judged.high,
        index_covered=judged.covered,
    )
    return Dispersion(
        as_of=iso_utc(min(known.as_of)),
        index=index,
        constituent_count=len(parts.contributions) if parts else 0,
        missing_symbols=list(known.missing),
        horizon_days=int(horizon),
        implied_correlation=judged.value,
        realized_correlation=None,
        correlation_premium=None,
        implied_vol_index=known.index_volatility,
        implied_vol_basket=parts.basket_volatility if parts else None,
        top_contributors=[Contributor(*c) for c in (parts.contributions if parts else ())],
        data_as_of=clocks(),
        basketgex=told,
    )


def _whence(known: Universe) -> Whence:
    return Whence(known.origin.source, known.origin.label, known.complete)
