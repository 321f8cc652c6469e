"""The question what made a basket's net GEX another: from chains that were kept, at no source call of its own."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from basketgex_server.dispatch.batch.plain import assemble
from basketgex_server.dispatch.batch.types import Answer
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.lookups import CachedFigure, Lookup
from basketgex_server.dispatch.queries import within
from basketgex_server.dispatch.shape_queries import left_out, of_each
from basketgex_server.domain import Basket, Terms
from basketgex_server.errors import BasketgexError, NoData, NotOffered
from basketgex_server.market_hours import NEW_YORK

if TYPE_CHECKING:  # numpy comes with it
    from basketgex_server.exposure.chain import Chain
    from basketgex_server.exposure.change import Change

NOT_KEPT = "No earlier chain of {} is kept: one is from the day after it is first asked for."


class Changed(NamedTuple):
    """A basket's change, and the moments (Unix seconds) of the oldest and the newest of the chains that it began with."""

    change: Change
    since: float
    since_newest: float


async def find_change(
    dispatcher: Dispatcher, question: Basket, weights_before: Basket | None, since: float, *, timeout: float
) -> tuple[Answer, Changed]:
    """Return what made the change since the last chain that is not later than ``since``; 0: since the day before each chain's.

    ``weights_before``: the basket as it was, of the same symbols; None: as it is. Raises NotOffered, NoData, and what stands in
    the source's way.
    """
    from basketgex_server.exposure.change import Weighed, combined

    if not dispatcher.views.offered:
        raise NotOffered("This source has no option chains, so that a change cannot be taken apart.")
    lookup = (await dispatcher.find(question.symbols, timeout=timeout)).alone()
    found, without = await within(timeout, _changes(dispatcher, lookup, since))
    answer = assemble(0, question, left_out(lookup, without))
    now = {c.exposure.symbol: c.weight for c in answer.exposure.constituents}
    then = now if weights_before is None else _shares(weights_before, now)
    held = [s for s in now if then[s] or now[s]]
    members = [Weighed(found[s][0], then[s], now[s]) for s in held]
    moments = [found[s][1] for s in held]
    return answer, Changed(combined(members), min(moments), max(moments))


def _shares(basket: Basket, symbols: Iterable[str]) -> dict[str, float]:
    """Return the weights that a basket has in some of its symbols, adding up to 1. Raises NoData."""
    weight = dict(zip(basket.symbols, basket.weights, strict=True))
    total = math.fsum(weight[s] for s in symbols)
    if not total > 0:
        raise NoData("None of the names that had a weight before has data: check the weights of before.")
    return {s: weight[s] / total for s in symbols}


async def _changes(
    dispatcher: Dispatcher, lookup: Lookup, since: float
) -> tuple[dict[str, tuple[Change, float]], dict[str, BasketgexError]]:
    """Return the change of each name with the moment that it began with, and why others have none."""

    async def change(symbol: str, figure: CachedFigure) -> tuple[Change, float]:
        own = figure.snapshot.exposure.as_of
        moment = min(since, own - 1) if since else _before_its_day(own)
        before = await dispatcher.past.chain(lookup.origin, symbol, moment)
        if before is None:
            raise NoData(NOT_KEPT.format(symbol))
        work = partial(_change, before)
        made = await dispatcher.views.of(figure, lookup.origin, ("change", before.as_of), work)
        if made is None:
            raise NoData(f"The change of {symbol} cannot be computed.")
        return made, before.as_of

    return await of_each(lookup, change)


def _change(before: Chain, after: Chain, terms: Terms) -> Change | None:
    from basketgex_server.exposure.change import of_chain

    return of_chain(before, after, terms)


def _before_its_day(at: float) -> float:
    """Return the last second of the day in New York before a moment's own."""
    day = datetime.fromtimestamp(at, NEW_YORK).date()
    return datetime.combine(day, time(), NEW_YORK).timestamp() - 1
