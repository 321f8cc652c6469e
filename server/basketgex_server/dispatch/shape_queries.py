"""The questions about the shape of a basket: by expiry, by strike, its expected move; and the max pain of one name.

Each asks for its names as every basket does, so that a name is fetched once whatever is asked of it. Each ends within its
timeout, in figures or in the error that stands in their way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from basketgex_server.dispatch.batch.plain import assemble
from basketgex_server.dispatch.batch.types import Answer
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.lookups import CachedFigure, Lookup
from basketgex_server.dispatch.queries import correlation as judged
from basketgex_server.dispatch.queries import find_symbol, within
from basketgex_server.domain import Basket, Terms
from basketgex_server.errors import BadChain, BasketgexError, NoData, NotOffered, SourceUnavailable

if TYPE_CHECKING:  # numpy comes with it
    from basketgex_server.exposure.chain import Chain
    from basketgex_server.exposure.max_pain import MaxPain
    from basketgex_server.exposure.shape import ExpiryBucket, MoveBucket, Walls

T = TypeVar("T")
AT_A_TIME = 4
"""Chains that one question reads at a time: a source may have to be waited for, and others need the compute thread."""
NO_PARTS = "This source gives net figures only: there are none by strike or by expiry."
_ONLY_NET = (
    "Of {} only an older net figure is known, none by strike or by expiry. Recalculate later to ask again."
)


async def find_expiries(
    dispatcher: Dispatcher, question: Basket, *, each_day: bool, compute: Executor, timeout: float
) -> tuple[Answer, tuple[ExpiryBucket, ...]]:
    """Return a basket by time to expiry. Raises NotOffered, NoData, and what stands in the source's way."""
    from basketgex_server.exposure.shape import EDGES, by_expiry

    answer = await _parted(dispatcher, question, timeout)
    work = partial(by_expiry, answer.exposure.constituents, None if each_day else EDGES)
    return answer, await asyncio.get_running_loop().run_in_executor(compute, work)


async def find_moves(
    dispatcher: Dispatcher, question: Basket, step: float, *, compute: Executor, timeout: float
) -> tuple[Answer, tuple[MoveBucket, ...], Walls]:
    """Return a basket by the distance of strikes from spot, and its walls. Raises likewise."""
    from basketgex_server.exposure.shape import by_move, walls

    answer = await _parted(dispatcher, question, timeout)
    work = partial(by_move, answer.exposure.constituents, step)
    buckets = await asyncio.get_running_loop().run_in_executor(compute, work)
    return answer, buckets, walls(buckets)


async def find_max_pain(
    dispatcher: Dispatcher, symbol: str, expiry: date | None, *, timeout: float
) -> tuple[Answer, MaxPain]:
    """Return the max pain of what is open on a name, or of what expires on a day. Raises likewise."""
    found, lookup = await find_symbol(dispatcher, symbol, timeout=timeout)

    def work(chain: Chain, terms: Terms) -> MaxPain | None:
        from basketgex_server.exposure.expirations import on_day
        from basketgex_server.exposure.max_pain import max_pain

        return max_pain(on_day(chain, expiry) if expiry else chain)

    made = await within(timeout, dispatcher.views.of(found, lookup.origin, ("max pain", expiry), work))
    if made is None:
        when = f"expires on {expiry}" if expiry else "is left"
        raise NoData(f"Nothing that is open on {symbol} {when}: give a day on which its options expire.")
    return assemble(0, Basket((symbol,), (1.0,)), lookup), made


class ExpectedMove(NamedTuple):
    """Expected moves as parts of a basket's value, one standard deviation; None where there is none.

    ``value`` with the ``correlation``, which is None where it is only known to lie between ``lowest`` and ``highest``, at
    which the moves are ``low`` and ``high``. ``status``: "given", or as in queries.Correlation. ``volatilities`` per
    1.00, beside the constituents.
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


@dataclass(frozen=True, slots=True)
class Together:
    """How names move together: one ``correlation`` of all pairs, or the one that an ``index`` implies; neither: as one."""

    correlation: float | None = None
    index: str = ""


async def find_expected_move(
    dispatcher: Dispatcher,
    question: Basket,
    weights: Sequence[float] | None,
    horizon: float,
    together: Together,
    *,
    timeout: float,
) -> tuple[Answer, ExpectedMove]:
    """Return the expected move of a basket by a horizon in calendar days; ``weights`` as they were given. Raises likewise."""
    from basketgex_server.exposure.betas import expected_move

    wanted = list(dict.fromkeys((*question.symbols, *filter(None, (together.index,)))))
    lookup = (await dispatcher.find(wanted, timeout=timeout)).alone()
    volatilities, without = await within(timeout, volatilities_of(dispatcher, lookup, horizon))
    answer = assemble(0, question, left_out(lookup, without))
    held = [c for c in answer.exposure.constituents if c.weight > 0]
    own = [volatilities[c.exposure.symbol] for c in held]
    loads = [c.weight for c in held]

    def at(correlation: float | None) -> float | None:
        return None if correlation is None else expected_move(loads, own, correlation, horizon)

    known = _correlation(question, weights, together, volatilities)
    at_one = at(1.0) or 0.0
    value, low, high = (at_one,) * 3 if len(held) == 1 else map(at, known[1:])
    every = tuple(volatilities[c.exposure.symbol] for c in answer.exposure.constituents)
    return answer, ExpectedMove(value, low, high, at(0.0) or 0.0, at_one, *known[1:], known[0], every)


def _correlation(
    question: Basket,
    weights: Sequence[float] | None,
    together: Together,
    volatilities: dict[str, float],
) -> tuple[str, float | None, float | None, float | None]:
    """Return a status, the correlation, and the lowest and the highest that it may be."""
    if not together.index:
        given = 1.0 if together.correlation is None else together.correlation
        return ("given", given, given, given)
    from basketgex_server.exposure.dispersion import Comparison, dispersion

    of_index = volatilities.get(together.index)
    parts = None if of_index is None else dispersion(of_index, question, volatilities)
    covered = parts.covered_weight if parts else 0.0
    found = judged(Comparison(parts, of_index, None, None, (), (), covered, ()), weights)
    return (found.status, found.value, found.low, found.high)


async def volatilities_of(
    dispatcher: Dispatcher, lookup: Lookup, horizon: float
) -> tuple[dict[str, float], dict[str, BasketgexError]]:
    """Return the volatilities at the money of what was found, and why others have none."""

    def work(chain: Chain, terms: Terms) -> float | None:
        from basketgex_server.exposure.dispersion import at_the_money

        return at_the_money(chain, terms.rate, terms.dividend_yield, horizon)

    async def volatility(symbol: str, found: CachedFigure) -> float:
        made = await dispatcher.views.of(found, lookup.origin, ("volatility", horizon), work)
        if made is None:
            raise NoData(f"{symbol} has no volatility at the money.")
        return made

    return await of_each(lookup, volatility)


async def _parted(dispatcher: Dispatcher, question: Basket, timeout: float) -> Answer:
    """Return a basket of names that have rows by strike and by expiry. Raises NotOffered, and what ``answer_one`` raises."""
    if not dispatcher.source.has_strikes:
        raise NotOffered(NO_PARTS)
    lookup = await dispatcher.find(question.symbols, timeout=timeout, strikes=True)
    kept = {
        s: SourceUnavailable(_ONLY_NET.format(s))
        for s, f in lookup.found.items()
        if not f.snapshot.exposure.strikes
    }
    return assemble(0, question, left_out(lookup, kept))


async def of_each(
    lookup: Lookup, make: Callable[[str, CachedFigure], Awaitable[T]]
) -> tuple[dict[str, T], dict[str, BasketgexError]]:
    """Return what is made of each name that was found, and why others have none: what stands in the way of one is its own.

    ``make`` raises BadChain and NoData.
    """
    made, without = dict[str, T](), dict[str, BasketgexError]()
    left = iter(lookup.found.items())

    async def work() -> None:
        for symbol, found in left:  # the next that no other has taken
            try:
                made[symbol] = await make(symbol, found)
            except (BadChain, NoData) as error:
                without[symbol] = error

    await asyncio.gather(*(work() for _ in range(min(AT_A_TIME, len(lookup.found)))))
    return made, without


def left_out(lookup: Lookup, reasons: Mapping[str, BasketgexError]) -> Lookup:
    """Return lookup in which some symbols are missing, and why."""
    if not reasons:
        return lookup
    return lookup._replace(
        found={s: f for s, f in lookup.found.items() if s not in reasons},
        missing={**lookup.missing, **{s: lookup.found[s].ttl for s in reasons}},
        unreadable={**lookup.unreadable, **reasons},
    )
