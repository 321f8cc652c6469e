"""What the source that is served can give: which figures, and of which symbols."""

from __future__ import annotations

from typing import NamedTuple

from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.domain import Origin
from basketgex_server.sources.port import ChainSource, ExposureSource, Listing


class Universe(NamedTuple):
    """Symbols, ascending; ``complete``: the source named all it has, else they are those with a figure."""

    symbols: list[str]
    complete: bool
    origin: Origin


def capabilities(source: ExposureSource) -> list[str]:
    """Return what a source can give beside net exposures, in the contract's words."""
    offers = {
        "STRIKES": source.has_strikes,
        "LEVELS": True,  # every source there is
        "PROFILE": isinstance(source, ChainSource),
        "DISPERSION": isinstance(source, ChainSource),
        "SYMBOLS": isinstance(source, Listing),
    }
    return [word for word, offered in offers.items() if offered]


async def universe(dispatcher: Dispatcher) -> Universe:
    """Return the symbols that can be asked for, as far as they are known; at no source call."""
    source = dispatcher.source
    if isinstance(source, Listing):
        return Universe(sorted(await source.symbols()), True, source.origin())
    cache = await dispatcher.cache()
    return Universe(sorted(cache.snapshots), False, cache.origin)
