"""FlashAlpha's JSON of what there is at all, and of dispersion; units and names as in ``bodies``.

What the contract has and no source here gives (bid and ask of the underlying, realised correlation) is null.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from basketgex_server.api.offers import Universe
from basketgex_server.api.rest.bodies import Json, envelope, envelope_of, how
from basketgex_server.dispatch.lookups import CachedFigure
from basketgex_server.dispatch.queries import correlation
from basketgex_server.domain import Freshness, Origin, regime
from basketgex_server.sources.port import Compared
from basketgex_server.times import iso_utc

if TYPE_CHECKING:  # numpy comes with it
    from basketgex_server.exposure.expirations import Listed


def symbols(known: list[str], newest: float | None) -> Json:
    """Return the symbols that have a figure; ``newest`` is when the last came."""
    return {
        "symbols": known,
        "count": len(known),
        "note": "Symbols that the server has a figure of; /v1/tickers names all that can be asked for.",
        "last_updated": None if newest is None else iso_utc(newest),
        **envelope(0.0),
    }


def tickers(known: Universe) -> Json:
    """Return the symbols that there are."""
    return {
        "tickers": known.symbols,
        "count": len(known.symbols),
        **envelope(0.0),
        "basketgex": _whence(known),
    }


def universe(known: Universe, ready: Collection[str], now: float, limit: int, *, by_name: bool) -> Json:
    """Return the symbols that there are, those with a figure (tier 1) first; ``limit`` below 0: all of them."""
    tiers = {symbol: 1 if symbol in ready else 2 for symbol in known.symbols}
    order = known.symbols if by_name else sorted(known.symbols, key=lambda s: (tiers[s], s))
    shown = order if limit < 0 else order[:limit]
    return {
        "as_of": iso_utc(now),
        "count": len(order),
        "returned": len(shown),
        "limit": len(order) if limit < 0 else limit,
        "sort": "symbol" if by_name else "tier",
        "symbols": [{"symbol": s, "tier": tiers[s], "is_pre_warmed": tiers[s] == 1} for s in shown],
        **envelope(0.0),
        "basketgex": _whence(known),
    }


def quote(found: CachedFigure, origin: Origin) -> Json:
    """Return an underlying's price; the source has no bid and ask of it."""
    e = found.snapshot.exposure
    return {
        "ticker": e.symbol,
        "bid": None,
        "ask": None,
        "mid": None,
        "lastPrice": e.underlying_price,
        "lastUpdate": iso_utc(e.as_of),
        **envelope_of(found, origin),
    }


def options(found: CachedFigure, origin: Origin, rows: Sequence[Listed]) -> Json:
    """Return the days and strikes that there are."""
    return {
        "symbol": found.snapshot.exposure.symbol,
        "expirations": [{"expiration": row.day.isoformat(), "strikes": list(row.strikes)} for row in rows],
        "expiration_count": len(rows),
        "total_contracts": sum(row.contracts for row in rows),
        **envelope_of(found, origin),
    }


def dispersion(
    index: str, found: Compared, weights: Sequence[float] | None, horizon: float, origin: Origin
) -> Json:
    """Return an index against its members, ``weights`` as given; volatilities per 1.00. What was realised is not known."""
    known = found.comparison
    judged = correlation(known, weights)
    parts = known.dispersion
    freshness = Freshness.HISTORICAL if origin.historical else Freshness.FRESH  # worked out for who asks
    return {
        "as_of": iso_utc(min(known.as_of)),
        "index": index,
        "constituent_count": len(parts.contributions) if parts else 0,
        "missing_symbols": list(known.missing),
        "horizon_days": int(horizon),
        "implied_correlation": judged.value,
        "realized_correlation": None,
        "correlation_premium": None,
        "implied_vol_index": known.index_volatility,
        "implied_vol_basket": parts.basket_volatility if parts else None,
        "top_contributors": [
            {
                "symbol": c.symbol,
                "weight": c.weight,
                "iv": c.volatility,
                "contribution_to_basket_vol": c.contribution,
            }
            for c in (parts.contributions if parts else ())
        ],
        **envelope(0.0),
        "basketgex": how(origin, freshness, " ".join(found.failed.values()))
        | {
            "covered_weight": known.covered_weight,
            "independent_vol": parts.independent_volatility if parts else None,
            "index_regime": regime(known.index.net.gex) if known.index else None,
            "basket_regime": regime(known.basket.net.gex) if known.basket else None,
            "net_to_gross": known.basket.net_to_gross if known.basket else None,
            "opposed_symbols": list(known.opposed),
            "correlation_status": judged.status,
            "implied_correlation_low": judged.low,
            "implied_correlation_high": judged.high,
            "index_covered": judged.covered,
        },
    }


def _whence(known: Universe) -> Json:
    return {"source": known.origin.source, "label": known.origin.label, "complete": known.complete}
