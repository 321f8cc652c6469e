"""The question for a basket's GEX by what was traded: from the chains of its names, at no source call of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from basketgex_server.dispatch.batch.plain import assemble
from basketgex_server.dispatch.batch.types import Answer
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.lookups import CachedFigure
from basketgex_server.dispatch.queries import within
from basketgex_server.dispatch.shape_queries import left_out, of_each
from basketgex_server.domain import Basket, Terms
from basketgex_server.errors import NoData, NotOffered

if TYPE_CHECKING:  # numpy comes with it
    from basketgex_server.exposure.chain import Chain
    from basketgex_server.exposure.volume import VolumeGex

NO_VOLUME = "Of {} no volume is known: its chain has none, or nothing was traded."


@dataclass(frozen=True, slots=True)
class Traded:
    """A basket's GEX by volume, USD per 1 % move, calls and puts signed so that they add up, and that of open interest.

    ``of_names`` are the names' own figures, in the order of the constituents.
    """

    call: float
    put: float
    open_interest: float
    of_names: tuple[VolumeGex, ...]


async def find_volume_gex(
    dispatcher: Dispatcher, question: Basket, *, timeout: float
) -> tuple[Answer, Traded]:
    """Return a basket's GEX by volume. Raises NotOffered, NoData, and what stands in the source's way."""
    if not dispatcher.views.offered:
        raise NotOffered("This source has no option chains, so that no volume of contracts is known.")
    lookup = (await dispatcher.find(question.symbols, timeout=timeout)).alone()

    async def made(symbol: str, figure: CachedFigure) -> VolumeGex:
        found = await dispatcher.views.of(figure, lookup.origin, ("volume",), _made)
        if found is None:
            raise NoData(NO_VOLUME.format(symbol))
        return found

    found, without = await within(timeout, of_each(lookup, made))
    answer = assemble(0, question, left_out(lookup, without))
    members = answer.exposure.constituents

    def mean(of: str) -> float:
        return math.fsum(c.weight * getattr(found[c.exposure.symbol], of) for c in members)

    own = tuple(found[c.exposure.symbol] for c in members)
    return answer, Traded(mean("call"), mean("put"), mean("open_interest"), own)


def _made(chain: Chain, terms: Terms) -> VolumeGex | None:
    from basketgex_server.exposure.volume import volume_gex

    return volume_gex(chain, terms)
