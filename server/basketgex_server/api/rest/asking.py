"""What the gateway's endpoints share: how a question is read, and how its figures are found."""

from __future__ import annotations

import asyncio
import json
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec
from starlette.requests import Request

from basketgex_server.api.rest.bodies import Json
from basketgex_server.api.rest.shapes import Body
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.lookups import CachedFigure, Lookup
from basketgex_server.dispatch.queries import find_levels, find_symbol
from basketgex_server.domain import Basket, Terms
from basketgex_server.errors import (
    BasketgexError,
    InvalidParameter,
    NotOffered,
    SymbolNotFound,
    TimedOut,
)
from basketgex_server.sources.port import ChainSource
from basketgex_server.tickers import basket, ticker

if TYPE_CHECKING:
    from basketgex_server.exposure.chain import Chain
    from basketgex_server.exposure.levels import Levels

MOST_SYMBOLS = 50
"""Distinct symbols of a basket, by the contract."""
MOST_KEPT = 256
"""Views of chains that are kept for who asks again."""

_WEIGHT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"\d{1,15}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

Work: TypeAlias = Callable[[Request], Awaitable[bytes]]
T = TypeVar("T")


class Asking:
    """Finds figures for the gateway. What stands in the way is raised."""

    def __init__(self, dispatcher: Dispatcher, timeout: float) -> None:
        self.dispatcher = dispatcher
        self.timeout = timeout
        self._views: OrderedDict[Hashable, Any] = OrderedDict()

    async def find(self, symbol: str, *, strikes: bool = False) -> tuple[CachedFigure, Lookup]:
        """Return one symbol's figure. Raises SymbolNotFound, and what stands in the source's way."""
        return await find_symbol(
            self.dispatcher, symbol, strikes=strikes, timeout=self.timeout, absent=SymbolNotFound
        )

    async def levels(self, symbol: str) -> Levels:
        """Return one symbol's levels. Raises likewise."""
        return await find_levels(self.dispatcher, symbol, timeout=self.timeout, absent=SymbolNotFound)

    async def levels_or_why(self, symbol: str) -> Levels | str:
        """Return the levels, or the code of what stands in their way: the rest of the reply does without them."""
        try:
            return await self.levels(symbol)
        except BasketgexError as error:
            return error.code

    async def view(
        self, symbol: str, named: Hashable, work: Callable[[Chain, Terms], T | None]
    ) -> tuple[CachedFigure, Lookup, T]:
        """Return a symbol's figure, and what ``work`` makes of its chain: once for each figure, by the name of the view.

        The chain may be younger than the figure: price and moment are its own. Raises NotOffered where there are no chains.
        """
        source = self.dispatcher.source
        if not isinstance(source, ChainSource):
            raise NotOffered("This source has no option chains: ask for summary, levels or basket instead.")
        found, lookup = await self.find(symbol)
        key = (symbol, named, found.snapshot.fetched_at, lookup.origin)
        if (known := self._views.get(key)) is None:

            def read(chain: Chain, terms: Terms) -> tuple[T | None, dict[str, float]]:
                own = {"underlying_price": chain.spot, "as_of": chain.as_of, "oi_as_of": chain.oi_as_of}
                return work(chain, terms), own

            try:
                async with asyncio.timeout(self.timeout):
                    known = await source.read(symbol, read)
            except TimeoutError:
                raise TimedOut from None
            if known is None or known[0] is None:
                raise SymbolNotFound(f"The source has no such figures of {symbol}.")
            self._views[key] = known
            while len(self._views) > MOST_KEPT:
                self._views.popitem(last=False)
        self._views.move_to_end(key)
        made, own = known
        snapshot = found.snapshot._replace(exposure=replace(found.snapshot.exposure, **own))
        return found._replace(snapshot=snapshot), lookup, made


def symbol_of(request: Request) -> str:
    """Return the ticker of an address. Raises InvalidSymbol."""
    return ticker(request.path_params["symbol"], "symbol")


def basket_of(request: Request) -> Basket:
    """Return the basket of a query. Raises what ``basket`` raises."""
    tokens = ",".join(request.query_params.getlist("symbols")).split(",")
    symbols = [token for token in tokens if token.strip()]
    return basket(symbols, weights_of(request), MOST_SYMBOLS)


def weights_of(request: Request) -> list[float] | None:
    """Return the weights of a query, None where it has none. Raises InvalidParameter."""
    return _weights(request.query_params.getlist("weights"))


def whole_number(request: Request, name: str, default: int = 0) -> int:
    """Return a parameter that counts something. Raises InvalidParameter."""
    text = request.query_params.get(name, "").strip()
    if text and not _WHOLE.fullmatch(text):
        raise InvalidParameter(f"{name} must be a whole number of 0 or more.", argument=name)
    return int(text) if text else default


def number(request: Request, name: str, low: float, high: float) -> float | None:
    """Return a parameter between two numbers, None where it is not given. Raises InvalidParameter."""
    text = request.query_params.get(name, "").strip()
    if not text:
        return None
    if not _WEIGHT.fullmatch(text) or not low <= (value := float(text)) <= high:
        raise InvalidParameter(f"{name} must be a number from {low:g} to {high:g}.", argument=name)
    return value


def day(request: Request, name: str) -> date | None:
    """Return a day, None where it is not given. Raises InvalidParameter."""
    text = request.query_params.get(name, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise InvalidParameter(f"{name} must be a day such as 2026-09-18.", argument=name) from None


def encoded(body: Body | Json) -> bytes:
    """Return a body as JSON; what JSON cannot say must not be in it."""
    plain = msgspec.to_builtins(body)  # its own encoder would make nulls of what is no number
    return json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _weights(given: list[str]) -> list[float] | None:
    """Return the weights of a query, what is no number as NaN: that is refused in its turn."""
    if not given:
        return None
    tokens = [token.strip() for token in ",".join(given).split(",")]
    return [float(token) if _WEIGHT.fullmatch(token) else float("nan") for token in tokens]
