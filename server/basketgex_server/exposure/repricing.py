"""A chain's net exposures at many spot prices, every contract repriced at each with its own volatility and time.

Nothing is interpolated between prices: recurrences over the levels and splines are wrong by tens of per cent on the day of
expiry. With x = ln(price/spot), ω·d1 = slope·x + offset a contract; one exponential gives GEX, VEX and most of CHEX,
and only DEX (and CHEX where there is a dividend yield) takes the normal distribution besides. What does not depend on price
is worked out once. Formulas and signs: ``black_scholes`` and ``symbol``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr

from basketgex_server.domain import Terms
from basketgex_server.exposure.black_scholes import Floats, log_ratio
from basketgex_server.exposure.chain import DAYS_PER_YEAR, MULTIPLIER, Chain, rows
from basketgex_server.exposure.symbol import PUT_SIGNS, contracts_of, signed_exposures

GEX, DEX, VEX, CHEX = range(4)

_BLOCK = (
    65_536  # price-contract pairs at a time: the scratch stays in the second-level cache, and memory bounded
)
_LEVELS = 15
_STEEP = (
    32.0  # the terms of the exponent are at most a few times this squared: 1e-12 is left of the last digits
)


@dataclass(frozen=True, slots=True, eq=False)
class Repricing:
    """The contracts of a chain that count, prepared. Made by ``prepare``; columns are f64[n].

    ``bell``, ``lean`` and ``tail`` say, by measure, what a contract adds for each unit of E = exp(−d1²/2), of E·ω·d1/√2 and of
    N(ω·d1), in USD for each unit of ``unit``·move.
    """

    unit: float
    """Spot in USD times the largest open interest, by which the open interest in the columns was divided"""
    slope: Floats
    """ω/(s√2)"""
    offset: Floats
    """ω d1(spot)/√2"""
    strikes: Floats
    """Distinct, ascending, in units of spot"""
    narrowest: Floats
    """The smallest s = σ√T at each of the distinct strikes"""
    bell: dict[int, Floats]
    lean: dict[int, Floats]
    tail: dict[int, Floats]

    def __len__(self) -> int:
        return len(self.slope)

    def net(self, moves: Floats, measures: Sequence[int] = (GEX, DEX, VEX, CHEX)) -> Floats:
        """Return net exposures f64[m, L] in USD at prices f64[L] in units of spot, all above 0; infinite or NaN on overflow."""
        out = np.zeros((len(measures), len(moves)))
        with np.errstate(all="ignore"):
            if tuple(measures) == (GEX,):
                out[0] = self._bells(moves, self.bell[GEX])
            else:
                tables = (self.bell, self.lean, self.tail)
                places = [[i for i, m in enumerate(measures) if m in table] for table in tables]
                stacks = [
                    np.stack([table[measures[i]] for i in at], axis=1) if at else None
                    for table, at in zip(tables, places, strict=True)
                ]
                for at, sums in zip(places, self._sums(moves, *stacks), strict=True):
                    out[at] += sums
            out *= self.unit * moves
        return out

    def balance(self, moves: Floats) -> tuple[Floats, Floats]:
        """Return net GEX and gross GEX (calls and puts without their signs) f64[L], in USD, at prices in units of spot."""
        bell = self.bell[GEX]
        with np.errstate(all="ignore"):
            net, gross = self._sums(moves, np.stack((bell, np.abs(bell)), axis=1))[0]
            return net * (self.unit * moves), gross * (self.unit * moves)

    def _bells(self, moves: Floats, bell: Floats) -> Floats:
        """Return Σ bell·E at each move, f64[L].

        With u = slope·x + offset, E = exp(−u²) and −u² is one product of matrices, (x², x, 1) by its coefficients. Its terms
        cancel to within 1e-12 where slope·x is small; what is too steep for that, about to expire, goes the longer way.
        """
        x = np.log1p(moves - 1.0)
        steep = ~((np.abs(self.slope) * np.abs(x).max() < _STEEP) & (np.abs(self.offset) < 1e100))
        out: Floats = np.zeros(len(moves))
        if steep.any():
            some = replace(self, slope=self.slope[steep], offset=self.offset[steep])
            out += some._sums(moves, bell[steep, None])[0][0]
        slope, offset, bell = self.slope[~steep], self.offset[~steep], bell[~steep]
        powers = np.stack((x * x, x, np.ones(len(x))), axis=1)
        coefficients = np.stack((-slope * slope, -2 * slope * offset, -offset * offset))
        size = _BLOCK // _LEVELS
        for first in range(0, len(moves), _LEVELS):
            levels = slice(first, first + _LEVELS)
            here = powers[levels]
            scratch = np.empty(len(here) * min(size, len(slope)))
            for start in range(0, len(slope), size):
                part = slice(start, start + size)
                pairs = len(here) * len(slope[part])
                e = np.matmul(here, coefficients[:, part], out=scratch[:pairs].reshape(len(here), -1))
                np.exp(e, out=e)
                out[levels] += e @ bell[part]
        return out

    def _sums(
        self, moves: Floats, bell: Floats | None, lean: Floats | None = None, tail: Floats | None = None
    ) -> list[Floats]:
        out = [np.zeros((0 if c is None else c.shape[1], len(moves))) for c in (bell, lean, tail)]
        x = np.log1p(moves - 1.0)
        together = max(_LEVELS, _BLOCK // len(self))
        for first in range(0, len(moves), together):
            levels = slice(first, first + together)
            here = x[levels, None]
            size = max(_BLOCK // len(here), 1)
            scratch = np.empty((2, len(here), min(size, len(self))))
            for start in range(0, len(self), size):
                part = slice(start, start + size)
                slope = self.slope[part]
                d1, e = scratch[:, :, : len(slope)]
                np.multiply(here, slope, out=d1)
                d1 += self.offset[part]
                if tail is not None:
                    ndtr(np.multiply(d1, math.sqrt(2), out=e), out=e)
                    out[2][:, levels] += (e @ tail[part]).T
                if bell is None:
                    continue
                np.multiply(d1, d1, out=e)
                np.negative(e, out=e)
                np.exp(e, out=e)
                out[0][:, levels] += (e @ bell[part]).T
                if lean is not None:
                    d1 *= e
                    out[1][:, levels] += (d1 @ lean[part]).T
        return out


def prepare(chain: Chain, terms: Terms) -> Repricing | None:
    """Return a chain ready to be repriced: the rows that ``symbol.exposure`` counts; None where there is none.

    A row that cannot be computed with at other prices goes, too.
    """
    if not (math.isfinite(chain.spot) and chain.spot > 0 and math.isfinite(chain.as_of)):
        return None
    used = rows(chain).used
    held = contracts_of(chain, used, *terms[1:])
    is_call, interest = chain.is_call[used], chain.open_interest[used]
    sound = np.isfinite(signed_exposures(held, chain.spot, interest, is_call, terms.convention)).all(axis=0)
    most = float(interest.max(initial=0.0, where=sound))
    rate, dividend_yield = held.rate, held.dividend_yield
    signs = [np.where(is_call, 1.0, sign) for sign in PUT_SIGNS[terms.convention]]
    with np.errstate(all="ignore"):
        share = interest / most
        slope = held.side * held.inverse_deviation
        offset = held.side * held.drift + slope * log_ratio(chain.spot, held.strikes)[held.strike_index]
        density = share * held.density
        vega = signs[VEX] * density * held.minus_root_years
        decay = signs[CHEX] * density * (MULTIPLIER / DAYS_PER_YEAR)
        delta = share * held.signed_discount * MULTIPLIER
        bell = {
            GEX: signs[GEX] * density,
            VEX: -vega * held.deviation,
            CHEX: -decay * (held.decay * held.deviation + (rate - dividend_yield)),
        }
        # ω·ω·d1 = d1: the side is in the slope, and once more here
        lean = {VEX: vega * held.side * math.sqrt(2), CHEX: decay * held.decay * held.side * math.sqrt(2)}
        tail = {DEX: signs[DEX] * delta}
        if np.any(dividend_yield):
            tail[CHEX] = signs[CHEX] * delta * (dividend_yield / DAYS_PER_YEAR)
        slope, offset = slope / math.sqrt(2), offset / math.sqrt(2)
        unit = chain.spot * most
    for column in (slope, offset, *bell.values(), *lean.values(), *tail.values()):
        sound &= np.isfinite(column)
    if not sound.any():
        return None
    narrowest = np.full(len(held.strikes), np.inf)
    np.minimum.at(narrowest, held.strike_index[sound], held.deviation[sound])
    present = np.isfinite(narrowest)
    return Repricing(
        unit=unit,
        slope=slope[sound],
        offset=offset[sound],
        strikes=held.strikes[present] / chain.spot,
        narrowest=narrowest[present],
        bell={m: c[sound] for m, c in bell.items()},
        lean={m: c[sound] for m, c in lean.items()},
        tail={m: c[sound] for m, c in tail.items()},
    )
