"""Net exposures: of a basket, of one underlying, and their plain sums."""

from __future__ import annotations

import math

from basketgex_addin.cells import (
    MEASURES,
    Ask,
    BadInput,
    Question,
    Reply,
    Result,
    Table,
    number,
    only,
    symbol,
)
from basketgex_addin.functions.of_basket import of_basket, of_reply, of_reply_with
from basketgex_addin.functions.record import SYMBOL, Argument, Arguments, Function, Kind, Shape, no_option

PLAIN = "Under the convention flashalpha the plain sum over all open interest, not the dealers'; theirs under dealer."
_GEX, _DEX = "gamma exposure, in USD of delta per 1 % move", "delta exposure, in USD of delta"
_VEX = "vanna exposure, in USD of delta per vol point"
_CHEX = "charm exposure, in USD of delta per calendar day"

MEASURE = Argument(
    "measure", "GEX, DEX, VEX or CHEX; ALL: the four side by side.", optional=True, default="ALL"
)


def _net(field: str) -> Kind[Reply, None]:
    def show(reply: Reply) -> Result:
        figure: float = getattr(reply, field)
        return number(figure)

    return of_reply(show)


def _of_one(arguments: Arguments) -> Question[Reply]:
    return Ask((symbol(arguments[0]),))


def _of_symbol(measure: str, summary: str) -> Function:
    net = _net(measure.lower())
    kind = Kind(question=_of_one, option=no_option, show=net.show, foreseeable=True)
    return Function(f"SYMBOL{measure}", summary, (SYMBOL,), Shape.NUMBER, kind)


def _measure(arguments: Arguments) -> str:
    cell = only(arguments[2])
    found = "ALL" if cell is None else cell.strip().upper() if isinstance(cell, str) else ""
    if found not in (*MEASURES, "ALL"):
        raise BadInput("invalid_measure", "The measure must be GEX, DEX, VEX, CHEX or ALL.", "measure")
    return found


def _total(reply: Reply, measure: str) -> Table:
    rows = [row for row in reply.rows if row.weight]
    sums = {name: number(math.fsum(getattr(row, name.lower()) for row in rows)) for name in MEASURES}
    return ((sums[measure],),) if measure in sums else (tuple(sums.values()),)


BASKETGEX = of_basket(
    "BASKETGEX",
    Shape.NUMBER,
    f"Weighted net dealer {_GEX}, of a basket: a weighted mean, not a total. Negative: dealers amplify moves.",
    _net("gex"),
)
BASKETDEX = of_basket("BASKETDEX", Shape.NUMBER, f"Weighted net {_DEX}, of a basket. {PLAIN}", _net("dex"))
BASKETVEX = of_basket("BASKETVEX", Shape.NUMBER, f"Weighted net {_VEX}, of a basket. {PLAIN}", _net("vex"))
BASKETCHEX = of_basket(
    "BASKETCHEX", Shape.NUMBER, f"Weighted net {_CHEX}, of a basket. {PLAIN}", _net("chex")
)
BASKETTOTAL = of_basket(
    "BASKETTOTAL",
    Shape.TABLE,
    "Plain sums of the names' own exposures, not weighted: one measure, or GEX, DEX, VEX and CHEX side by side. "
    "Names of weight 0 are left out.",
    of_reply_with(_measure, _total),
    MEASURE,
)
SYMBOLGEX = _of_symbol("GEX", f"Net dealer {_GEX} of one underlying.")
SYMBOLDEX = _of_symbol("DEX", f"Net {_DEX} of one underlying. {PLAIN}")
SYMBOLVEX = _of_symbol("VEX", f"Net {_VEX} of one underlying. {PLAIN}")
SYMBOLCHEX = _of_symbol("CHEX", f"Net {_CHEX} of one underlying. {PLAIN}")
