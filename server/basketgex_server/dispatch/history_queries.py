"""The question how a basket stood on the days before: from closing figures that were kept, at no source call of its own."""

from __future__ import annotations

from typing import NamedTuple

from basketgex_server.dispatch.batch.choose import answer_one
from basketgex_server.dispatch.batch.types import Answer
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.lookups import Refresh
from basketgex_server.domain import Basket, SymbolExposure
from basketgex_server.exposure.past import DAY, Close, Rank, of_basket, rank


class Standing(NamedTuple):
    """A basket's closing figures, the oldest first and the last of now, and where that stands among those before."""

    closes: list[Close]
    gex: Rank
    balance: Rank


async def find_history(
    dispatcher: Dispatcher, question: Basket, days: float, *, timeout: float
) -> tuple[Answer, Standing]:
    """Return a basket's closing figures over so many days before its present one. Raises what ``answer_one`` raises."""
    answer = await answer_one(dispatcher, question, Refresh.NORMAL, timeout)
    held = [c for c in answer.exposure.constituents if c.weight > 0]
    names = [c.exposure.symbol for c in held]
    past = await dispatcher.past.closes(answer.origin, names, answer.as_of_newest - days * DAY)
    weights = {c.exposure.symbol: c.weight for c in held}
    today = {c.exposure.symbol: _close(c.exposure) for c in held}
    first = min(int(close.as_of // DAY) for close in today.values())
    earlier = {s: [c for c in past.get(s, ()) if int(c.as_of // DAY) < first] for s in names}
    before = of_basket(weights, earlier)
    exposure = answer.exposure
    gross = [c.exposure.gross_gex for c in held]
    known = None if None in gross else sum(c.weight * (c.exposure.gross_gex or 0.0) for c in held)
    now = Close(answer.as_of_newest, *exposure.net, known)
    return answer, Standing(
        [*before, now],
        rank(now.gex, [close.gex for close in before]),
        rank(now.balance, [close.balance for close in before]),
    )


def _close(of: SymbolExposure) -> Close:
    return Close(of.as_of, *of.net, of.gross_gex)
