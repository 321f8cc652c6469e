"""A large batch answered in arrays: the same answer as ``plain.py`` gives in plain Python, some fifty times faster.

Needs numpy, and is therefore imported when the first large batch comes. Shapes: E entries, B baskets, S symbols.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from basketgex_server.dispatch.batch.plain import assemble
from basketgex_server.dispatch.batch.types import Batch, BatchAnswer
from basketgex_server.dispatch.lookups import Lookup
from basketgex_server.domain import Basket
from basketgex_server.errors import BasketgexError
from basketgex_server.exposure.arrays import Flags, Floats, Ints
from basketgex_server.exposure.basket_arrays import Entries, Number, SymbolTable, aggregate, segment, unusual
from basketgex_server.tickers import ticker


@dataclass(frozen=True, slots=True)
class Asked:
    """A batch with distinct tickers, merged duplicates and its errors found; a basket in error has no entries."""

    tickers: list[str]
    entries: Entries
    errors: dict[int, BasketgexError]

    def baskets(self) -> list[Sequence[str]]:
        """Return the tickers by basket."""
        names = [self.tickers[i] for i in self.entries.symbol.tolist()]
        ends = self.entries.offsets.tolist()
        return [names[a:b] for a, b in pairwise(ends)]

    def question(self, number: int) -> Basket:
        """Return one basket that is not in error."""
        part = slice(*self.entries.offsets[number : number + 2].tolist())
        names = tuple(self.tickers[i] for i in self.entries.symbol[part].tolist())
        return Basket(names, tuple(self.entries.weight[part].tolist()))


def prepare(batch: Batch, most: int) -> Asked:
    """Return what a batch asks for; ``most`` distinct names a basket. Raises InvalidBatch."""
    offsets = np.array(batch.offsets).astype(np.int64)
    index = np.array(batch.symbol_index).astype(np.int64)
    batch.check(
        ascends=bool((np.diff(offsets) >= 0).all()), highest=int(index.max(initial=0)) if index.size else -1
    )
    tickers: dict[str, int] = {}
    place = np.fromiter((_place(text, tickers) for text in batch.symbols), np.int64, len(batch.symbols))
    weight = np.array(batch.weights)
    entries = Entries(offsets, place[index], weight)
    if batch.equal_weight:
        equal = np.zeros(len(batch), dtype=np.bool_)
        equal[[b for b in batch.equal_weight if b < len(batch)]] = True
        weight[np.repeat(equal, entries.counts)] = 1.0
    errors: dict[int, BasketgexError] = {}
    odd = unusual(entries, len(tickers), most)
    if odd.any():
        entries = _settle(batch, entries, odd, tickers, most, errors)
    return _only_asked(list(tickers), entries, errors)


def assemble_all(asked: Asked, lookup: Lookup) -> BatchAnswer:
    """Return the answer that lookup give to the batch."""
    entries, found = asked.entries, lookup.found
    counts, starts = entries.counts, entries.offsets[:-1]
    stuck = np.zeros(counts.size, dtype=np.bool_)
    stuck[list(asked.errors) + list(lookup.refused)] = True
    if lookup.failed:
        failed = np.fromiter((t in lookup.failed for t in asked.tickers), np.bool_, len(asked.tickers))
        stuck |= segment(np.add, failed[entries.symbol].astype(np.int64), starts, counts, 0) > 0
    present = np.fromiter((t in found for t in asked.tickers), np.bool_, len(asked.tickers))
    known = [found[t] for t in asked.tickers if t in found]
    row = np.cumsum(present) - 1  # of a ticker with data, among the known

    def column(values: Sequence[float], absent: Floats | float = 0.0) -> Floats:
        out = np.full(len(asked.tickers), absent, dtype=np.float64)
        out[present] = values
        return out

    exposures = [f.snapshot.exposure for f in known]
    net = [column(values) for values in zip(*(e.net for e in exposures), strict=True)] or [column([])] * 4
    usable = column([e.usable_open_interest for e in exposures])
    table = aggregate(entries, SymbolTable(present, (net[0], net[1], net[2], net[3]), usable), stuck)

    def over(operation: np.ufunc, values: Floats) -> Floats:
        if values.size and (values == values[0]).all():  # as often as not: one source, one moment
            return _row(np.full(counts.size, values[0]), table.left)
        return _row(segment(operation, values[entries.symbol], starts, counts, 0.0), table.left)

    notices = list(dict.fromkeys(["", *(f.notice for f in known)]))
    as_of = [e.as_of for e in exposures]
    gaps = np.array([lookup.missing.get(t, 0.0) for t in asked.tickers])
    answered = ~np.repeat(table.left, counts)
    kept = table.present & answered
    gone = answered & ~table.present
    whole = bool(kept.all())  # as mostly; then nothing is picked out

    def of_kept(values: NDArray[Number]) -> NDArray[Number]:
        return values if whole else values[kept]

    errors = dict(asked.errors)
    for number in np.flatnonzero(table.left).tolist():
        if number not in errors:
            errors[number] = _what_stands_in_the_way(number, asked, lookup)
    lacking = np.unique(entries.symbol[gone])
    lacking_names = [asked.tickers[i] for i in lacking.tolist()]
    unreadable = lookup.unreadable
    return BatchAnswer(
        origin=lookup.origin,
        symbols=known,
        net=[_row(values, table.left) for values in table.net],
        net_to_gross=_row(table.net_to_gross, table.left),
        covered_weight=_row(table.covered_weight, table.left),
        negative_names=np.where(table.left, 0, table.negative_names),
        negative_weight=_row(table.negative_weight, table.left),
        usable_open_interest=_row(table.usable_open_interest, table.left),
        as_of=over(np.minimum, column(as_of, np.inf)),
        as_of_newest=over(np.maximum, column(as_of, -np.inf)),
        oi_as_of=over(np.minimum, column([e.oi_as_of for e in exposures], np.inf)),
        fetched_at=over(np.minimum, column([f.snapshot.fetched_at for f in known], np.inf)),
        freshness=over(np.maximum, column([f.freshness for f in known])).astype(np.int64),
        ttl=over(np.minimum, column([f.ttl for f in known], gaps)),
        notice_index=_first_notice(column([notices.index(f.notice) for f in known]), entries, table.left),
        notices=notices,
        offsets=_offsets(kept, starts, counts),
        symbol_index=row[of_kept(entries.symbol)],
        weights=of_kept(table.weight),
        contribution_pct=of_kept(table.contribution_pct),
        missing=lacking_names,
        missing_reasons=[unreadable[t].sentence if t in unreadable else "" for t in lacking_names],
        missing_offsets=_offsets(gone, starts, counts),
        missing_index=np.searchsorted(lacking, entries.symbol[gone]),
        errors=errors,
        debits=lookup.debits,
        usable_until=lookup.usable_until,
        stands_until=lookup.stands_until,
    )


def _place(text: str, tickers: dict[str, int]) -> int:
    try:
        return tickers.setdefault(ticker(text), len(tickers))
    except BasketgexError:
        return -1


def _only_asked(tickers: list[str], entries: Entries, errors: dict[int, BasketgexError]) -> Asked:
    """Leave out tickers of no basket, or of baskets in error only: they are no reason to ask the source."""
    asked = np.zeros(len(tickers), dtype=np.bool_)
    asked[entries.symbol] = True
    if asked.all():
        return Asked(tickers, entries, errors)
    place = np.cumsum(asked) - 1
    kept = [t for t, wanted in zip(tickers, asked.tolist(), strict=True) if wanted]
    return Asked(kept, Entries(entries.offsets, place[entries.symbol], entries.weight), errors)


def _settle(
    batch: Batch,
    entries: Entries,
    odd: Flags,
    tickers: dict[str, int],
    most: int,
    errors: dict[int, BasketgexError],
) -> Entries:
    """Return the entries with the odd baskets' merged, or gone where they are in error."""
    owner = np.repeat(np.arange(odd.size), entries.counts)
    usual = ~odd[owner]
    owners, symbols, weights = [owner[usual]], [entries.symbol[usual]], [entries.weight[usual]]
    for number in np.flatnonzero(odd).tolist():
        try:
            question = batch.question(number, most)
        except BasketgexError as error:
            errors[number] = error.with_traceback(None)  # its frames would be kept
            continue
        owners.append(np.full(len(question.symbols), number))
        symbols.append(np.array([tickers[s] for s in question.symbols], dtype=np.int64))
        weights.append(np.array(question.weights))
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    offsets = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=odd.size))))
    return Entries(offsets, np.concatenate(symbols)[order], np.concatenate(weights)[order])


def _what_stands_in_the_way(number: int, asked: Asked, lookup: Lookup) -> BasketgexError:
    try:
        assemble(number, asked.question(number), lookup)
    except BasketgexError as error:
        return error.with_traceback(None)
    raise AssertionError("a basket was left without a reason")


def _row(values: Floats, left: Flags) -> Floats:
    return np.where(left, 0.0, values)


def _first_notice(notice: Floats, entries: Entries, left: Flags) -> Ints:
    """Return the notice of each basket's first entry that has one."""
    if not notice.any():
        return np.zeros(left.size, dtype=np.int64)
    spoken = np.where(notice > 0, notice, np.inf)[entries.symbol]
    position = np.where(np.isinf(spoken), np.inf, np.arange(spoken.size))
    first = segment(np.minimum, position, entries.offsets[:-1], entries.counts, np.inf)
    has = np.isfinite(first) & ~left
    out = np.zeros(first.size, dtype=np.int64)
    out[has] = spoken[first[has].astype(np.int64)]
    return out


def _offsets(flags: Flags, starts: Ints, counts: Ints) -> Ints:
    if not flags.any():
        return np.zeros(counts.size + 1, dtype=np.int64)
    if flags.all():
        return np.concatenate(([0], np.cumsum(counts)))
    return np.concatenate(([0], np.cumsum(segment(np.add, flags.astype(np.int64), starts, counts, 0))))
