"""The question about a book with two sides. Its names are fetched as those of a basket are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from basketgex_server.dispatch.batch.choose import answer_one
from basketgex_server.dispatch.batch.types import Answer
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.lookups import Refresh
from basketgex_server.domain import Basket
from basketgex_server.errors import InvalidRange, MissingSymbols, TooManySymbols
from basketgex_server.exposure.flows import Flow, flow
from basketgex_server.tickers import ticker


class Book(NamedTuple):
    """Net money by symbol in the order asked, signed, and average daily volumes in USD where they are known."""

    money: Mapping[str, float]
    adv: Mapping[str, float]

    @property
    def basket(self) -> Basket:
        """Its names, weighing their absolute net money."""
        return Basket(tuple(self.money), tuple(map(abs, self.money.values())))


def book(symbols: Sequence[str], money: Sequence[float], adv: Sequence[float], most: int) -> Book:
    """Return the book that is asked for, duplicates merged. Raises MissingSymbols, TooManySymbols, InvalidRange.

    >>> dict(book(["nvda", "AMD", "NVDA"], [300.0, -100.0, -50.0], [], most=50).money)
    {'NVDA': 250.0, 'AMD': -100.0}
    """
    if not symbols:
        raise MissingSymbols
    names = [ticker(s) for s in symbols]
    if len(distinct := dict.fromkeys(names, 0.0)) > most:
        raise TooManySymbols(len(distinct), most)
    for argument, amounts in (("money", money), ("adv", adv)):
        if len(amounts) != len(names) and (argument == "money" or amounts):
            raise InvalidRange(
                f"{len(names):,} symbols but {len(amounts):,} amounts of {argument}: give one beside each symbol.",
                argument=argument,
            )
    for name, amount in zip(names, money, strict=True):
        distinct[name] += amount
        if not math.isfinite(distinct[name]):
            raise InvalidRange(f"The money in {name} is not a finite number.", argument="money")
    if not any(distinct.values()):
        raise InvalidRange(
            "The money in each name nets to zero: there is nothing to weigh.", argument="money"
        )
    if math.isinf(sum(map(abs, distinct.values()))):
        raise InvalidRange("The amounts are too large to add up.", argument="money")
    if any(not (math.isfinite(x) and x >= 0) for x in adv):
        raise InvalidRange("An average daily volume must be a number of USD, 0 or more.", argument="adv")
    volumes = dict[str, float]()
    for name, volume in zip(names, adv or (0.0,) * len(names), strict=True):
        if volume and volumes.setdefault(name, volume) != volume:
            raise InvalidRange(f"{name} stands there with two average daily volumes.", argument="adv")
    return Book(distinct, volumes)


async def find_flow(dispatcher: Dispatcher, asked: Book, *, timeout: float) -> tuple[Answer, Flow]:
    """Return the flow of a book within the timeout (seconds). Raises the error that stands in its way."""
    answer = await answer_one(dispatcher, asked.basket, Refresh.NORMAL, timeout)
    return answer, flow(answer.exposure.constituents, asked.money, answer.origin.convention, asked.adv)
