"""Since when baskets have been in their regime, and what was before: from their constituents' past figures. Pure; needs numpy.

A basket's history is that of its constituents' figures under its present weights. At each moment at which a figure of any
constituent was fetched, the basket's net GEX is the weighted sum over the latest of each; what one call brought is one moment.
It begins when every constituent that has ever had a figure has one: a basket that is half known does not flip because the rest
of it comes in. A constituent of which the source had nothing any more counts from then on as it does in an answer: not at all.

Shapes: B baskets, C symbols with a past, T moments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from basketgex_server.dispatch.batch.arrays import Asked
from basketgex_server.exposure.arrays import Flags, Floats, Ints
from basketgex_server.stores.port import PastGex

MOST = 5_000
"""Figures of one symbol that are looked at, the newest: some two weeks of a figure a minute."""
UNKNOWN, POSITIVE, NEGATIVE = 0, 1, 2
"""Regimes, numbered as in the contract."""
_STEP = 1_024
"""Moments looked at together,"""
_AREA = 4_000_000
"""and baskets times symbols: what bounds the memory."""


@dataclass(frozen=True, slots=True)
class Standings:
    """How baskets stand, a row each (B): ``regime`` and ``previous`` numbered as above, the others Unix seconds.

    ``since`` is the source's own moment of the figure that brought the present regime, 0 where no other regime is known;
    ``known_from`` that of the first moment of the history, 0 where there is none.
    """

    regime: list[int]
    since: list[float]
    previous: list[int]
    known_from: list[float]

    def row(self, number: int) -> tuple[int, float, int, float]:
        """Return how one basket stands."""
        return self.regime[number], self.since[number], self.previous[number], self.known_from[number]

    def rows(self, numbers: Sequence[int]) -> Standings:
        """Return how some baskets stand."""
        columns = (self.regime, self.since, self.previous, self.known_from)
        return Standings(*([column[n] for n in numbers] for column in columns))  # type: ignore[arg-type]


class History:
    """The past figures of one origin's symbols. For one thread at a time."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._series: dict[str, _Series] = {}

    def learn(self, past: Mapping[str, Sequence[PastGex]]) -> None:
        """Add figures by symbol, old or new, known or not; of one moment the last counts."""
        for symbol, figures in past.items():
            rows = np.array(figures, dtype=np.float64).reshape(-1, 3).T
            if symbol not in self._series:
                if np.isnan(rows[2]).all():
                    continue  # nothing ever: no past that could end
                self._series[symbol] = _Series(self._most)
            self._series[symbol].add(rows)

    def standings(self, asked: Asked) -> Standings:
        """Return how the baskets of a batch stand; those in error, and those without a past, not at all."""
        count = asked.entries.counts.size
        regime, previous = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
        since, known_from = np.zeros(count), np.zeros(count)
        known = [self._series.get(ticker) for ticker in asked.tickers]
        place = np.cumsum([s is not None for s in known]) - 1
        has = np.array([s is not None for s in known], dtype=np.bool_)
        series = [s for s in known if s is not None]
        entries = asked.entries
        owner = np.repeat(np.arange(count), entries.counts)
        kept = (entries.weight > 0) & has[entries.symbol]
        owner, column, weight = owner[kept], place[entries.symbol[kept]], entries.weight[kept]
        rows = max(_AREA // max(len(series), 1), 1)
        for low in range(0, count if series else 0, rows):
            part = (owner >= low) & (owner < low + rows)
            used, dense = np.unique(column[part], return_inverse=True)
            weights = np.zeros((min(rows, count - low), used.size))
            weights[owner[part] - low, dense] = weight[part]
            block = slice(low, low + rows)
            regime[block], since[block], previous[block], known_from[block] = _stand(
                weights, [series[c] for c in used.tolist()]
            )
        return Standings(regime.tolist(), since.tolist(), previous.tolist(), known_from.tolist())


class _Series:
    """One symbol's past: rows fetched_at, as_of, gex; columns ascend by the first."""

    __slots__ = ("_figures", "_most", "_used")

    def __init__(self, most: int) -> None:
        self._most = most
        self._figures: Floats = np.empty((3, 8))
        self._used = 0

    @property
    def fetched_at(self) -> Floats:
        return self._figures[0, : self._used]

    def add(self, figures: Floats) -> None:
        """Add columns, in any order; one that is there gives way."""
        late = figures.shape[1] == 1 and (not self._used or figures[0, 0] > self._figures[0, self._used - 1])
        if not late:
            merged = np.concatenate((self._figures[:, : self._used], figures), axis=1)
            # The last of those with one moment: searching from the end finds it first.
            _, backwards = np.unique(merged[0, ::-1], return_index=True)
            figures, self._used = merged[:, merged.shape[1] - 1 - backwards], 0
        figures = figures[:, -self._most :]
        need = self._used + figures.shape[1]
        if need > self._figures.shape[1]:
            kept = self._figures[:, max(self._used - self._most, 0) : self._used]
            need = kept.shape[1] + figures.shape[1]
            self._figures = np.empty((3, 2 * need))
            self._figures[:, : kept.shape[1]] = kept
        self._figures[:, need - figures.shape[1] : need] = figures
        self._used = need

    def gex(self, moments: Floats) -> Floats:
        """Return the latest figure at each moment; NaN where there is none."""
        at = np.searchsorted(self.fetched_at, moments, side="right") - 1
        return np.where(at >= 0, self._figures[2, at], np.nan)

    def as_of(self, moment: float) -> float:
        """Return the source's own moment of what was fetched then; minus infinity where nothing was."""
        at = int(np.searchsorted(self.fetched_at, moment))
        return float(self._figures[1, at]) if at < self._used and self._figures[0, at] == moment else -np.inf


def _stand(weights: Floats, series: Sequence[_Series]) -> tuple[Ints, Floats, Ints, Floats]:
    """Return regime, since, previous and known_from of baskets; ``weights`` (B × C), 0 where a symbol is not in a basket."""
    count = len(weights)
    within = weights > 0
    # Whatever the scale of the weights, nothing overflows; powers of two change no digit.
    _, exponents = np.frexp(weights.max(axis=1, initial=0.0))
    weights = np.ldexp(weights, -exponents[:, None])
    begins = np.where(within, [s.fetched_at[0] for s in series], -np.inf).max(axis=1, initial=-np.inf)
    moments = np.unique(np.concatenate([s.fetched_at for s in series])) if series else np.empty(0)
    present = np.zeros(count, dtype=np.int64)
    first, flipped = np.full(count, -1), np.zeros(count, dtype=np.bool_)
    left = np.flatnonzero(np.isfinite(begins))
    for high in range(moments.size, 0, -_STEP):
        low = max(high - _STEP, 0)
        signs = _signs(weights[left], within[left], series, moments[low:high])
        signs[moments[low:high] < begins[left, None]] = 0
        if high == moments.size:
            present[left] = signs[:, -1]
        now = present[left, None]
        opposite = (signs == -now) & (now != 0)
        met = opposite.any(axis=1)
        last = np.where(met, high - low - 1 - np.argmax(opposite[:, ::-1], axis=1), -1)
        same = (signs == now) & (now != 0) & (np.arange(high - low) > last[:, None])
        seen = same.any(axis=1)
        first[left[seen]] = low + np.argmax(same[seen], axis=1)
        flipped[left[met]] = True
        left = left[~met & (begins[left] < moments[low])]
        if not left.size:
            break
    since, known_from = np.zeros(count), np.zeros(count)
    for number in np.flatnonzero(present).tolist():
        own = [series[c] for c in np.flatnonzero(within[number]).tolist()]
        known_from[number] = max(s.as_of(begins[number]) for s in own)
        if flipped[number]:
            since[number] = max(s.as_of(moments[first[number]]) for s in own)
    numbered = np.choose(present + 1, (NEGATIVE, UNKNOWN, POSITIVE))
    return numbered, since, np.where(flipped, POSITIVE + NEGATIVE - numbered, UNKNOWN), known_from


def _signs(weights: Floats, within: Flags, series: Sequence[_Series], moments: Floats) -> Ints:
    """Return each basket's regime at each moment (B × T): 1 where net GEX is zero or more, else -1; 0: not known."""
    gex = np.array([s.gex(moments) for s in series])
    known = ~np.isnan(gex)
    signs = np.where(weights @ np.where(known, gex, 0.0) >= 0, 1, -1)
    if not known.all():
        signs[within.astype(np.float64) @ known.astype(np.float64) == 0] = 0
    return signs
