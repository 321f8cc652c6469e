"""GEX by what was traded on the day, and with what is open as a figure of its own name."""

from __future__ import annotations

from dataclasses import dataclass

from basketgex_addin.cells import BadInput, Problem, Question, Result, Server, ask, figure, number, only
from basketgex_addin.cells.shape import VolumeGex
from basketgex_addin.functions.of_basket import OfBasket, of_basket
from basketgex_addin.functions.profile import CHAINS
from basketgex_addin.functions.record import Argument, Arguments, Kind, Shape

SHARE = Argument(
    "share",
    "From 0 to 1: the GEX of open interest and of this part of the volume, taken to be open yet. Left out: of volume alone.",
    optional=True,
    default="volume alone",
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class VolumeGexOf(OfBasket[VolumeGex]):
    """The question for a basket's GEX by what was traded."""

    def put_to(self, server: Server) -> VolumeGex | Problem:
        """Ask it."""
        return server.volume_gex(self.ask)


def _question(arguments: Arguments) -> Question[VolumeGex]:
    return VolumeGexOf(ask(arguments[0], arguments[1]))


def _share(arguments: Arguments) -> float | None:
    """Return which part of volume is added to open interest, None: volume alone. Raises BadInput."""
    cell = only(arguments[2])
    if cell is None:
        return None
    share = figure(cell)
    if not 0 <= share <= 1:
        raise BadInput("invalid_share", "share must be a number from 0 to 1.", "share")
    return share


def volume_gex(found: VolumeGex, share: float | None) -> float:
    """Return GEX by volume, or that of open interest and a share of volume.

    >>> found = VolumeGex(3.0, -1.0, 10.0, (), None, 60.0)
    >>> volume_gex(found, None), volume_gex(found, 0.5)
    (2.0, 11.0)
    """
    traded = found.call + found.put
    return traded if share is None else found.open_interest + share * traded


def _show(found: VolumeGex, share: float | None) -> Result:
    return number(volume_gex(found, share))


BASKETVOLUMEGEX = of_basket(
    "BASKETVOLUMEGEX",
    Shape.NUMBER,
    "GEX of the contracts traded on the day in place of those open, weighted mean, USD per 1 %: open interest knows nothing of "
    "today, volume nothing of who closed. Names without a volume are left out.",
    Kind(question=_question, option=_share, show=_show, cost=CHAINS),
    SHARE,
)
