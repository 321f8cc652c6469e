"""What dealers must trade when spot, volatility or time change: the change of their delta, every contract repriced.

Whatever the convention of the figures, the book is the one whose gamma GEX is: dealers hold the calls and owe the puts. With
cᵢ what a name counts, βᵢ its beta and Δᵢ the dealers' delta in shares::

    H(m, dv, dt) = −Σ cᵢ · Sᵢ · [Δᵢ(Sᵢ(1 + βᵢ m), σ + dv, T − dt) − Δᵢ(Sᵢ, σ, T)]

in USD of stock at the present prices; positive: dealers buy. For small moves it is −GEX × move, and for large ones it is not,
neither in size nor always in sign: the gamma of contracts out of the money is not at spot yet. Volatilities stay with their
strikes. What expires within dt counts with the delta that it has in its last minute, all or nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from basketgex_server.domain import Terms
from basketgex_server.exposure.arrays import Floats
from basketgex_server.exposure.chain import SHORTEST, Chain, rows
from basketgex_server.exposure.repricing import DEX, Repricing, prepare_delta

DAY = 86_400.0


class Scenario(NamedTuple):
    """``move`` of the market (−0.01: 1 % down), ``vol`` added to every volatility per 1.00, ``days`` passing, calendar days."""

    move: float = 0.0
    vol: float = 0.0
    days: float = 0.0


class Hedged(NamedTuple):
    """A chain, what it is computed with, what it counts (1, or its weight; negative: held short) and its beta."""

    chain: Chain
    terms: Terms
    counts: float = 1.0
    beta: float = 1.0


@dataclass(frozen=True, slots=True)
class Ladder:
    """What dealers buy, USD f64[k] of stock, positive: buy, a scenario each; ``symbols`` had a contract that counts."""

    scenarios: tuple[Scenario, ...]
    buy: tuple[float, ...]
    symbols: tuple[str, ...]


def ladder(members: Sequence[Hedged], scenarios: Sequence[Scenario]) -> Ladder | None:
    """Return what dealers must trade in each scenario; None where no chain has a row that counts, or a figure overflows.

    Raises ValueError where a number is not finite, days are negative, or a beta and a move would leave no price above 0.

    The dealers of a name at 100 that hold 1,000 calls struck there, 30 days from expiry at 20 %, sell as it rises:

    >>> from datetime import datetime
    >>> import numpy as np
    >>> from basketgex_server.market_hours import NEW_YORK
    >>> noon = datetime(2026, 9, 16, 12, tzinfo=NEW_YORK).timestamp()
    >>> columns = [np.array([x]) for x in (100.0, True, noon + 30 * DAY, 0.2, 1_000.0)]
    >>> member = Hedged(Chain("A", 100.0, noon, *columns), Terms("flashalpha", 0.0, 0.0))
    >>> [round(usd) for usd in ladder([member], [Scenario(0.01), Scenario(-0.01), Scenario()]).buy]
    [-686866, 697168, 0]
    """
    _check(members, scenarios)
    states = tuple(dict.fromkeys((s.vol, s.days) for s in scenarios))
    buy, found = np.zeros(len(scenarios)), []
    for member in members:
        chain = member.chain.only(rows(member.chain).used)
        now = _book(chain, member.terms, 0.0, 0.0)
        if now is None:
            continue
        found.append(chain.symbol)
        for vol, days in states:
            book = now if (vol, days) == (0, 0) else _book(chain, member.terms, vol, days)
            at = [i for i, s in enumerate(scenarios) if (s.vol, s.days) == (vol, days)]
            then = 1.0 + member.beta * np.array([scenarios[i].move for i in at])
            if book is not None:
                buy[at] -= member.counts * _change(now, book, then)
    buy[[i for i, s in enumerate(scenarios) if s == Scenario()]] = 0.0
    if not found or not np.isfinite(buy).all():
        return None
    return Ladder(tuple(scenarios), tuple(buy.tolist()), tuple(found))


def _book(chain: Chain, terms: Terms, vol: float, days: float) -> Repricing | None:
    """Return the dealers' contracts with other volatilities, some time later. ``chain``: the rows that count at its moment.

    A volatility that would fall by more than half falls by half.
    """
    later = chain.as_of + days * DAY
    with np.errstate(all="ignore"):
        moved = replace(
            chain,
            as_of=later,
            made_at=0.0,
            expiry=np.maximum(chain.expiry, later + SHORTEST),
            volatility=np.maximum(chain.volatility + vol, chain.volatility / 2),
        )
    return prepare_delta(moved, terms._replace(convention="dealer"))


def _change(now: Repricing, then: Repricing, prices: Floats) -> Floats:
    """Return what the dealers' delta changes by, USD f64[L] at the present spot, at prices f64[L] in units of it."""
    with np.errstate(all="ignore"):
        if then is now:
            at = np.append(prices, 1.0)
            deltas: Floats = now.net(at, (DEX,))[0] / at
            changed: Floats = deltas[:-1] - deltas[-1]
        else:
            changed = then.net(prices, (DEX,))[0] / prices - now.net(np.ones(1), (DEX,))[0]
    return changed


def _check(members: Sequence[Hedged], scenarios: Sequence[Scenario]) -> None:
    numbers = [x for s in scenarios for x in s] + [x for m in members for x in (m.counts, m.beta)]
    if not all(map(math.isfinite, numbers)):
        raise ValueError("moves, volatilities, days, weights and betas must be finite")
    if any(s.days < 0 for s in scenarios):
        raise ValueError("days must be 0 or more")
    if any(m.beta * s.move <= -1 for m in members for s in scenarios):
        raise ValueError("a move times a beta must leave a price above 0")
