"""The gateway's endpoints that tell what there is: symbols, prices, the account; and dispersion, which is of no one symbol."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

from basketgex_server.api.offers import universe
from basketgex_server.api.rest import directory_bodies as listings
from basketgex_server.api.rest.asking import Asking, basket_of, encoded, symbol_of, weights_of, whole_number
from basketgex_server.dispatch.queries import HORIZON, checked_horizon, find_dispersion
from basketgex_server.tickers import ticker


class Directory:
    """Answers of no measure. ``now`` gives Unix seconds."""

    def __init__(self, asking: Asking, now: Callable[[], float]) -> None:
        self._asking = asking
        self._now = now

    async def symbols(self, request: Request) -> bytes:
        """Name the symbols that have a figure."""
        cache = await self._asking.dispatcher.cache()
        newest = max((x.fetched_at for x in cache.snapshots.values()), default=None)
        return encoded(listings.symbols(sorted(cache.snapshots), newest))

    async def tickers(self, request: Request) -> bytes:
        """Name the symbols that there are."""
        return encoded(listings.tickers(await universe(self._asking.dispatcher)))

    async def universe(self, request: Request) -> bytes:
        """Name the symbols that there are, and which of them have a figure."""
        limit = whole_number(request, "limit", default=-1)
        known = await universe(self._asking.dispatcher)
        ready = (await self._asking.dispatcher.cache()).snapshots.keys()
        by_name = request.query_params.get("sort", "") == "symbol"
        return encoded(listings.universe(known, ready, self._now(), limit, by_name=by_name))

    async def quote(self, request: Request) -> bytes:
        """Tell the price of an underlying: the one that its figures are computed with."""
        found, lookup = await self._asking.find(symbol_of(request))
        return encoded(listings.quote(found, lookup.origin))

    async def dispersion(self, request: Request) -> bytes:
        """Answer with an index against its members."""
        index = ticker(request.query_params.get("index", ""), "index")
        horizon = checked_horizon(whole_number(request, "horizon_days", default=int(HORIZON)))
        source = self._asking.dispatcher.source
        found = await find_dispersion(
            source, index, basket_of(request), horizon, timeout=self._asking.timeout
        )
        weights = weights_of(request)
        return encoded(listings.dispersion(index, found, weights, horizon, source.origin()))

    async def account(self, request: Request) -> bytes:
        """Tell the source's quota of the day."""
        quota, _ = await self._asking.dispatcher.quota()
        return encoded(listings.account(quota))
