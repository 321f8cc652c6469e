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
from basketgex_server.exposure.arrays import Flags, Floats
from basketgex_server.exposure.black_scholes import log_ratio
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
_FAINT = -700.0
_FAINTEST = np.exp(np.full(8, _FAINT))[0]  # as a column's: a single number's may differ by its last digit


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
    root_years: Floats
    """√T"""
    strikes: Floats
    """Distinct, ascending, in units of spot"""
    bell: dict[int, Floats]
    lean: dict[int, Floats]
    tail: dict[int, Floats]

    def __len__(self) -> int:
        return len(self.slope)

    def net(self, moves: Floats, measures: Sequence[int] = (GEX, DEX, VEX, CHEX)) -> Floats:
        """Return net exposures f64[m, L] in USD at prices f64[L] in units of spot, all above 0; infinite or NaN on overflow."""
        x = np.log1p(moves - 1.0)
        with np.errstate(all="ignore"):
            steep = ~((np.abs(self.slope) * np.abs(x).max() < _STEEP) & (np.abs(self.offset) < 1e100))
            if not steep.any():
                out = self._by_powers(x, measures)
            elif steep.all():
                out = self._one_by_one(x, measures)
            else:
                out = self.only(~steep, measures)._by_powers(x, measures)
                out += self.only(steep, measures)._one_by_one(x, measures)
            out *= self.unit * moves
        return out

    def balance(self, moves: Floats) -> tuple[Floats, Floats]:
        """Return net GEX and gross GEX (calls and puts without their signs) f64[L], in USD, at prices in units of spot."""
        with np.errstate(all="ignore"):
            net, gross = self.bells(np.log1p(moves - 1.0))
            return net * (self.unit * moves), gross * (self.unit * moves)

    def bells(self, x: Floats) -> tuple[Floats, Floats]:
        """Return net and gross GEX f64[L] for each unit of ``unit``·move, at x = ln(move) f64[L]."""
        bell = self.bell[GEX]
        net, gross = self._sums(x, np.stack((bell, np.abs(bell)), axis=1))[0]
        return net, gross

    def only(self, rows: Flags, measures: Sequence[int] = (GEX, DEX, VEX, CHEX)) -> Repricing:
        """Return the chosen contracts, bool[n], with the columns of some measures."""
        tables = (self.bell, self.lean, self.tail)
        bell, lean, tail = ({m: table[m][rows] for m in measures if m in table} for table in tables)
        slope, offset, root_years = self.slope[rows], self.offset[rows], self.root_years[rows]
        return replace(
            self, slope=slope, offset=offset, root_years=root_years, bell=bell, lean=lean, tail=tail
        )

    def changed(self, *, rate: float = 0.0, volatility: float = 0.0) -> Repricing:
        """Return the contracts' GEX alone, the rate or all volatilities higher by so much per 1.00.

        A volatility that would fall by more than half falls by half.
        """
        with np.errstate(all="ignore"):
            half = np.copysign(0.5 / np.abs(self.slope), self.slope) / 2  # ω s/(2√2)
            now = 4 * np.abs(half) / (math.sqrt(2) * self.root_years)
            scale = np.maximum(1 + volatility / now, 0.5)
            moved = rate * self.root_years * self.root_years * self.slope
            offset = (self.offset - half + moved) / scale + half * scale
            bell = {GEX: self.bell[GEX] / scale}
        return replace(self, slope=self.slope / scale, offset=offset, bell=bell, lean={}, tail={})

    def _one_by_one(self, x: Floats, measures: Sequence[int]) -> Floats:
        """Return the sums of all three kinds of terms f64[m, L] at x f64[L], pair by pair."""
        out: Floats = np.zeros((len(measures), len(x)))
        tables = (self.bell, self.lean, self.tail)
        places = [[i for i, m in enumerate(measures) if m in table] for table in tables]
        stacks = [
            np.stack([table[measures[i]] for i in at], axis=1) if at else None
            for table, at in zip(tables, places, strict=True)
        ]
        for at, sums in zip(places, self._sums(x, *stacks), strict=True):
            out[at] += sums
        return out

    def _by_powers(self, x: Floats, measures: Sequence[int]) -> Floats:
        """Return the same where x·slope is small.

        With u = slope·x + offset, E = exp(−u²), and −u² is one product of matrices, (x², x, 1) by its coefficients, whose terms
        cancel to within 1e-12: what is too steep for that, about to expire, goes the longer way. E·ω·d1/√2 is E·u, so that a
        lean joins the bells, the part with slope once more times x.
        """
        out: Floats = np.zeros((len(measures), len(x)))
        bells = [i for i, m in enumerate(measures) if m in self.bell]
        leans = [i for i in bells if measures[i] in self.lean]
        tails = [i for i, m in enumerate(measures) if m in self.tail]
        if bells:
            columns = [self.bell[measures[i]] for i in bells]
            for i in leans:
                columns[bells.index(i)] = self.bell[measures[i]] + self.lean[measures[i]] * self.offset
            columns += [self.lean[measures[i]] * self.slope for i in leans]
            sums = self._bells(x, columns)
            out[bells] += sums[: len(bells)]
            out[leans] += x * sums[len(bells) :]
        if tails:
            out[tails] += self._sums(
                x, None, None, np.stack([self.tail[measures[i]] for i in tails], axis=1)
            )[2]
        return out

    def _bells(self, x: Floats, columns: Sequence[Floats]) -> Floats:
        """Return Σ column·E f64[k, L] of k columns f64[n]."""
        out: Floats = np.zeros((len(columns), len(x)))
        powers = np.stack((x * x, x, np.ones(len(x))), axis=1)
        coefficients = np.stack(
            (-self.slope * self.slope, -2 * self.slope * self.offset, -self.offset * self.offset)
        )
        size = _BLOCK // _LEVELS
        for first in range(0, len(x), _LEVELS):
            levels = slice(first, first + _LEVELS)
            here = powers[levels]
            scratch = np.empty(len(here) * min(size, len(self)))
            for start in range(0, len(self), size):
                part = slice(start, start + size)
                pairs = len(here) * len(self.slope[part])
                e = np.matmul(here, coefficients[:, part], out=scratch[:pairs].reshape(len(here), -1))
                _exponential(e)
                for place, column in enumerate(
                    columns
                ):  # one by one: a product with two columns takes longer
                    out[place, levels] += e @ column[part]
        return out

    def _sums(
        self, x: Floats, bell: Floats | None, lean: Floats | None = None, tail: Floats | None = None
    ) -> list[Floats]:
        out = [np.zeros((0 if c is None else c.shape[1], len(x))) for c in (bell, lean, tail)]
        together = max(_LEVELS, _BLOCK // len(self))
        for first in range(0, len(x), together):
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
                _exponential(e)
                out[0][:, levels] += (e @ bell[part]).T
                if lean is not None:
                    d1 *= e
                    out[1][:, levels] += (d1 @ lean[part]).T
        return out


def _exponential(exponents: Floats) -> None:
    """Put e to the power of f64 up to 0 in its place: 0 below ``_FAINT``, where a processor would take ten times as long."""
    np.maximum(exponents, _FAINT, out=exponents)
    np.exp(exponents, out=exponents)
    exponents -= _FAINTEST


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
    return Repricing(
        unit=unit,
        slope=slope[sound],
        offset=offset[sound],
        root_years=-held.minus_root_years[sound],
        strikes=held.strikes[np.unique(held.strike_index[sound])] / chain.spot,
        bell={m: c[sound] for m, c in bell.items()},
        lean={m: c[sound] for m, c in lean.items()},
        tail={m: c[sound] for m, c in tail.items()},
    )


def prepare_delta(chain: Chain, terms: Terms) -> Repricing | None:
    """Return what ``prepare`` does for DEX alone, in a quarter of the time: at a few prices that is most of the work.

    The same rows count, but for what overflows a double. The strikes are those of the rows, not distinct.
    """
    held = chain.only(rows(chain).used)
    if not (len(held.strike) and math.isfinite(chain.spot) and chain.spot > 0 and math.isfinite(chain.as_of)):
        return None
    _, rate, given, day_count = terms
    years, q = held.years(day_count), held.yields(given)
    most = float(held.open_interest.max())
    with np.errstate(all="ignore"):
        root_years = np.sqrt(years)
        deviation = held.volatility * root_years
        side = np.where(held.is_call, 1.0, -1.0)
        slope = side / (deviation * math.sqrt(2))
        offset = slope * (log_ratio(chain.spot, held.strike) + (rate - q) * years + deviation * deviation / 2)
        delta = np.where(held.is_call, 1.0, -PUT_SIGNS[terms.convention][DEX]) * np.exp(-q * years)
        delta *= held.open_interest * (MULTIPLIER / most)
        sound = np.isfinite(slope) & np.isfinite(offset) & np.isfinite(delta) & np.isfinite(1 / years)
    if not sound.any():
        return None
    columns = (slope, offset, root_years, delta)
    slope, offset, root_years, delta = columns if sound.all() else [column[sound] for column in columns]
    return Repricing(
        chain.spot * most, slope, offset, root_years, held.strike, bell={}, lean={}, tail={DEX: delta}
    )
