"""The question how a basket looks in units of its index, and in units in which its names compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from basketgex_server.dispatch.hedges import BetasOf, names_of, none_of, resolved
from basketgex_server.dispatch.queries import within
from basketgex_server.domain import Basket
from basketgex_server.errors import NotOffered
from basketgex_server.sources.port import ChainSource, ExposureSource, Held

if TYPE_CHECKING:  # numpy comes with it
    from basketgex_server.exposure.index_units import IndexUnits


@dataclass(frozen=True, slots=True)
class UnitsFound:
    """A basket in comparable units; ``correlation`` is that of implied betas; ``failed`` says why chains cannot be read."""

    units: IndexUnits
    correlation: float | None
    failed: Mapping[str, str]


async def find_index_units(
    source: ExposureSource, basket: Basket, betas: BetasOf, *, per_weight: bool, timeout: float
) -> UnitsFound:
    """Return a basket in comparable units. Raises NotOffered, TimedOut, BadChain and NoData."""
    if not isinstance(source, ChainSource):
        raise NotOffered("This source has no option chains, so no volatilities to compare by.")

    def work(held: Held) -> tuple[IndexUnits | None, float | None]:
        from basketgex_server.exposure.index_units import index_units

        known, rho = resolved(held, basket, betas)
        return index_units(held, basket, known, betas.horizon, per_weight=per_weight), rho

    found = await within(timeout, source.together(names_of(basket, betas, per_weight=per_weight), work))
    units, rho = found.made
    if units is None:
        raise none_of(basket, found.failed)
    return UnitsFound(units, rho, found.failed)
