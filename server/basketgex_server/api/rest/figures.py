"""The gateway's endpoints of baskets and of single names: from a request to the bytes of its reply."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from starlette.requests import Request

from basketgex_server.api.reply_cache import ReplyCache
from basketgex_server.api.rest import exposure_bodies as bodies
from basketgex_server.api.rest.asking import (
    Asking,
    Work,
    basket_of,
    day,
    encoded,
    symbol_of,
    whole_number,
)
from basketgex_server.api.rest.basket_bodies import basket
from basketgex_server.api.rest.bodies import Measure
from basketgex_server.dispatch.batch.choose import answer_one
from basketgex_server.dispatch.lookups import Refresh
from basketgex_server.domain import Snapshot, StrikeRow, SymbolExposure, Terms
from basketgex_server.errors import NoData, NotOffered, SourceUnavailable

if TYPE_CHECKING:
    from basketgex_server.exposure.chain import Chain
    from basketgex_server.exposure.levels import Levels

MEASURES: tuple[Measure, ...] = ("gex", "dex", "vex", "chex")
_LONGEST_KEPT = 4_096  # bytes of a query whose reply is kept: the longest sensible basket has half of that


class Figures:
    """Net figures, figures by strike, levels. What stands in the way is raised."""

    def __init__(self, asking: Asking, warm: ReplyCache[bytes]) -> None:
        self._asking = asking
        self._warm = warm

    async def basket(self, request: Request) -> bytes:
        """Answer a basket."""
        query: bytes = request.scope["query_string"]
        if (warm := self._warm.get(query)) is not None:
            return warm
        question, dispatcher = basket_of(request), self._asking.dispatcher
        answer = await answer_one(dispatcher, question, Refresh.NORMAL, self._asking.timeout)
        dispatcher.answered([len(question.symbols)])
        body = encoded(basket(answer))
        if len(query) <= _LONGEST_KEPT:
            self._warm.keep(query, answer, body)
        return body

    def strikes(self, measure: Measure) -> Work:
        """Return the endpoint of one measure by strike."""

        async def work(request: Request) -> bytes:
            symbol, least = symbol_of(request), whole_number(request, "min_oi")
            if (expiration := day(request, "expiration")) is not None:
                return await self._expiration(measure, symbol, least, expiration)
            if not self._asking.dispatcher.source.has_strikes:
                raise NotOffered(
                    "This source has no figures for each strike: ask for summary or basket instead."
                )
            found, lookup = await self._asking.find(symbol, strikes=True)
            rows = found.snapshot.exposure.strikes
            if not rows:  # the net figures are stored, and the source cannot be asked for the rest
                raise SourceUnavailable(
                    "There are no figures for each strike at the moment. Ask again later."
                )
            known = await self._asking.levels_or_why(symbol) if measure == "gex" else None
            return encoded(bodies.strikes(measure, found, lookup.origin, at_least(rows, least), known))

        return work

    async def levels(self, request: Request) -> bytes:
        """Answer with levels."""
        symbol = symbol_of(request)
        found, lookup = await self._asking.find(symbol)
        return encoded(bodies.levels(found, lookup.origin, await self._asking.levels(symbol)))

    async def summary(self, request: Request) -> bytes:
        """Answer with exposures and what follows from them."""
        symbol = symbol_of(request)
        found, lookup = await self._asking.find(symbol)
        known, whole = (
            await self._asking.levels_or_why(symbol),
            self._asking.dispatcher.source.has_strikes,
        )
        return encoded(bodies.summary(found, lookup.origin, known, whole_chain=whole))

    async def _expiration(self, measure: Measure, symbol: str, least: int, expiration: date) -> bytes:
        """Answer with what expires on one day: the net figure and the flip are of that day, too."""

        def work(chain: Chain, terms: Terms) -> tuple[SymbolExposure | None, Levels | None]:
            from basketgex_server.exposure.expirations import on_day
            from basketgex_server.exposure.levels import levels
            from basketgex_server.exposure.symbol import exposure

            part = on_day(chain, expiration)
            return exposure(part, *terms), levels(part, *terms)

        found, lookup, (part, known) = await self._asking.view(symbol, ("expiration", expiration), work)
        if part is None or known is None:
            raise nothing_expires(symbol, expiration)
        sliced = found._replace(snapshot=Snapshot(part, found.snapshot.fetched_at))
        of_gex = known if measure == "gex" else None
        return encoded(bodies.strikes(measure, sliced, lookup.origin, at_least(part.strikes, least), of_gex))


def at_least(rows: Sequence[StrikeRow], open_interest: int) -> list[StrikeRow]:
    """Return the rows with at least so many contracts, calls and puts together."""
    return [row for row in rows if row.call_open_interest + row.put_open_interest >= open_interest]


def nothing_expires(symbol: str, expiration: date | None) -> NoData:
    """Return the refusal of a day on which nothing with a figure expires; of the whole chain where none is given."""
    when = f"of {expiration}" if expiration else "left"
    return NoData(
        f"{symbol} has no figures {when}: /v1/options/{symbol} names the days on which contracts expire."
    )
