"""The gateway's endpoints that look into a whole chain: what expires when, all measures by strike, max pain."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from starlette.requests import Request

from basketgex_server.api.rest import directory_bodies as listings
from basketgex_server.api.rest import max_pain_bodies, zero_dte_bodies
from basketgex_server.api.rest import view_bodies as bodies
from basketgex_server.api.rest.asking import Asking, day, encoded, number, symbol_of, whole_number
from basketgex_server.api.rest.figures import at_least, nothing_expires
from basketgex_server.dispatch.lookups import CachedFigure, Lookup
from basketgex_server.domain import Terms

if TYPE_CHECKING:
    from basketgex_server.exposure.chain import Chain
    from basketgex_server.exposure.expirations import Expiration, Listed
    from basketgex_server.exposure.expiring import Expiring
    from basketgex_server.exposure.levels import Levels
    from basketgex_server.exposure.max_pain import MaxPain
    from basketgex_server.exposure.sheet import Sheet

RANGE = (0.001, 0.1)
"""Of the parameter strike_range, in units of spot."""


class Views:
    """Each reads the chain once for each of its figures; the mathematics is on the compute thread."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def zero_dte(self, request: Request) -> bytes:
        """Answer with what expires on the chain's own day, or on the one asked for."""
        symbol, expiry = symbol_of(request), day(request, "expiry")
        width = number(request, "strike_range", *RANGE)
        from basketgex_server.exposure.expiring import NothingExpires  # numpy comes with it

        def work(chain: Chain, terms: Terms) -> Expiring | NothingExpires | None:
            from basketgex_server.exposure.chain import new_york_day
            from basketgex_server.exposure.expiring import expiring

            wanted = expiry or new_york_day(chain.as_of)
            return expiring(chain, terms, wanted) if wanted else None

        answered: tuple[CachedFigure, Lookup, Expiring | NothingExpires]
        answered = await self._asking.view(symbol, ("zero_dte", expiry), work)
        found, lookup, made = answered
        if isinstance(made, NothingExpires):
            if expiry is not None:
                raise nothing_expires(symbol, expiry)
            return encoded(zero_dte_bodies.no_zero_dte(found, lookup.origin, made))
        return encoded(zero_dte_bodies.zero_dte(found, lookup.origin, made, width))

    async def term_structure(self, request: Request) -> bytes:
        """Answer with the exposures of each day of expiry."""
        symbol = symbol_of(request)

        def work(chain: Chain, terms: Terms) -> tuple[tuple[Expiration, int], ...] | None:
            from basketgex_server.exposure.expirations import by_expiration, days_to

            known = by_expiration(chain, terms)
            return tuple((row, days_to(chain, row.day)) for row in known[1]) if known else None

        found, lookup, rows = await self._asking.view(symbol, "term_structure", work)
        return encoded(bodies.term_structure(found, lookup.origin, rows))

    async def sheet(self, request: Request) -> bytes:
        """Answer with all measures by strike."""
        symbol, least = symbol_of(request), whole_number(request, "min_oi")
        expiration = day(request, "expiration")

        def work(chain: Chain, terms: Terms) -> tuple[Sheet | None]:
            from basketgex_server.exposure.expirations import on_day
            from basketgex_server.exposure.sheet import sheet

            return (sheet(on_day(chain, expiration) if expiration else chain, terms),)

        found, lookup, (made,) = await self._asking.view(symbol, ("sheet", expiration), work)
        if made is None:
            raise nothing_expires(symbol, expiration)
        kept = {row.strike for row in at_least(made.rows, least)}
        return encoded(bodies.sheet(found, lookup.origin, made, expiration, kept))

    async def max_pain(self, request: Request) -> bytes:
        """Answer with max pain, of the whole chain or of one day."""
        symbol, expiration = symbol_of(request), day(request, "expiration")

        def work(chain: Chain, terms: Terms) -> max_pain_bodies.Pains | None:
            return _pains(chain, terms, expiration)

        found, lookup, made = await self._asking.view(symbol, ("max_pain", expiration), work)
        if made.pain is None:
            raise nothing_expires(symbol, expiration or made.first)
        return encoded(max_pain_bodies.max_pain(found, lookup.origin, made, expiration))

    async def options(self, request: Request) -> bytes:
        """Name the days and strikes that there are."""
        symbol = symbol_of(request)

        def work(chain: Chain, terms: Terms) -> tuple[Listed, ...]:
            from basketgex_server.exposure.expirations import listed

            return listed(chain)

        found, lookup, rows = await self._asking.view(symbol, "options", work)
        return encoded(listings.options(found, lookup.origin, rows))


def _pains(chain: Chain, terms: Terms, expiration: date | None) -> max_pain_bodies.Pains | None:
    from basketgex_server.exposure.chain import new_york_day
    from basketgex_server.exposure.expirations import days, days_to, on_day
    from basketgex_server.exposure.expiring import at_the_money, straddle
    from basketgex_server.exposure.levels import levels
    from basketgex_server.exposure.max_pain import max_pain
    from basketgex_server.exposure.symbol import exposure

    all_days = days(chain)
    if not all_days:
        today = new_york_day(chain.as_of)
        return max_pain_bodies.Pains(None, today, None, None, None, None, ()) if today else None
    part = on_day(chain, expiration) if expiration else chain
    first = on_day(chain, expiration or all_days[0])
    pain: MaxPain | None = max_pain(part)
    known: Levels | None = levels(part, *terms)
    found = exposure(part, *terms)
    each = [] if expiration else [(d, days_to(chain, d), max_pain(on_day(chain, d))) for d in all_days]
    return max_pain_bodies.Pains(
        pain,
        expiration or all_days[0],
        found.net.gex if found else None,
        known,
        at_the_money(first),
        straddle(first),
        tuple((d, left, found) for d, left, found in each if found is not None),
    )
