"""Which baskets differ from what was sent last, and how many of them one message carries. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from basketgex_server.dispatch.batch.types import Batch, BatchAnswer, Column
from basketgex_server.domain import Origin, SymbolExposure

if TYPE_CHECKING:
    from basketgex_server.dispatch.regime_history import Standings


MOST_ENTRIES = 40_000
"""Entries of one message, about 1 MB; what is more goes in several."""

MOST_ROWS = 3_000
"""Baskets of one message, likewise: each of them may be an error."""


class Seen:
    """What a stream has said last, so that it says nothing twice."""

    __slots__ = ("_baskets", "_origin", "_symbols")

    def __init__(self) -> None:
        self._origin: Origin | None = None
        self._symbols: dict[str, tuple[SymbolExposure, tuple[int, str], int]] = {}
        self._baskets: list[Hashable] = []

    def changed(self, answer: BatchAnswer, standings: Standings) -> list[int]:
        """Return the numbers of the baskets that are not what they were, ascending.

        Not when a figure was fetched, nor for how long it may be kept: a figure that stays what it was is no news.
        """
        versions = [self._version(answer, i) for i in range(len(answer.symbols))]
        offsets, index = _plain(answer.offsets), _plain(answer.symbol_index)
        gaps, gap_index = _plain(answer.missing_offsets), _plain(answer.missing_index)
        notices, lacking = (
            _plain(answer.notice_index),
            list(zip(answer.missing, answer.missing_reasons, strict=True)),
        )
        baskets: list[Hashable] = []
        for n in range(len(offsets) - 1):
            error = answer.errors.get(n)
            baskets.append(
                (
                    tuple([versions[i] for i in index[offsets[n] : offsets[n + 1]]]),
                    tuple([lacking[i] for i in gap_index[gaps[n] : gaps[n + 1]]]),
                    answer.notices[notices[n]],
                    (error.code, error.sentence, error.argument) if error is not None else None,
                    standings.row(n),
                )
            )
        # Its location is not told: a file that changes makes it another, and the baskets without that file stay what they were.
        told = answer.origin._replace(location="")
        anew = told != self._origin
        before, self._baskets, self._origin = self._baskets, baskets, told
        return [n for n, basket in enumerate(baskets) if anew or basket != before[n]]

    def _version(self, answer: BatchAnswer, number: int) -> int:
        """Return a number that is another when a symbol's figure is another, or stands otherwise."""
        found = answer.symbols[number]
        exposure, standing = found.snapshot.exposure, (int(found.freshness), found.notice)
        known = self._symbols.get(exposure.symbol)
        if known is not None and known[:2] == (exposure, standing):
            return known[2]
        version = known[2] + 1 if known is not None else 0
        self._symbols[exposure.symbol] = (exposure, standing, version)
        return version


def portions(numbers: Sequence[int], batch: Batch) -> Iterator[list[int]]:
    """Split baskets so that no message has more than MOST_ROWS of them, or MOST_ENTRIES entries, unless one alone has."""
    portion: list[int] = []
    entries = 0
    for number in numbers:
        size = batch.offsets[number + 1] - batch.offsets[number]
        if len(portion) == MOST_ROWS or (portion and entries + size > MOST_ENTRIES):
            yield portion
            portion, entries = [], 0
        portion.append(number)
        entries += size
    if portion:
        yield portion


def rows(answer: BatchAnswer, numbers: Sequence[int]) -> BatchAnswer:
    """Return an answer with some of its baskets only, in the order of the numbers."""

    def pick(column: Column) -> list[float]:
        plain = _plain(column)
        return [plain[n] for n in numbers]

    def ranges(offsets: Column) -> tuple[list[int], list[int]]:
        plain, ends = _plain(offsets), [0]
        for n in numbers:
            ends.append(ends[-1] + plain[n + 1] - plain[n])
        return [i for n in numbers for i in range(plain[n], plain[n + 1])], ends

    def renumbered(index: Column, entries: Iterable[int]) -> tuple[list[int], list[int]]:
        plain, places = _plain(index), dict[int, int]()
        return [places.setdefault(plain[i], len(places)) for i in entries], list(places)

    entries, offsets = ranges(answer.offsets)
    gaps, missing_offsets = ranges(answer.missing_offsets)
    symbol_index, symbols = renumbered(answer.symbol_index, entries)
    missing_index, missing = renumbered(answer.missing_index, gaps)
    weights, contributions = _plain(answer.weights), _plain(answer.contribution_pct)
    return BatchAnswer(
        origin=answer.origin,
        symbols=[answer.symbols[i] for i in symbols],
        net=[pick(column) for column in answer.net],
        net_to_gross=pick(answer.net_to_gross),
        covered_weight=pick(answer.covered_weight),
        negative_names=pick(answer.negative_names),
        negative_weight=pick(answer.negative_weight),
        usable_open_interest=pick(answer.usable_open_interest),
        as_of=pick(answer.as_of),
        as_of_newest=pick(answer.as_of_newest),
        oi_as_of=pick(answer.oi_as_of),
        fetched_at=pick(answer.fetched_at),
        freshness=pick(answer.freshness),
        ttl=pick(answer.ttl),
        notice_index=pick(answer.notice_index),
        notices=answer.notices,
        offsets=offsets,
        symbol_index=symbol_index,
        weights=[weights[i] for i in entries],
        contribution_pct=[contributions[i] for i in entries],
        missing=[answer.missing[i] for i in missing],
        missing_reasons=[answer.missing_reasons[i] for i in missing],
        missing_offsets=missing_offsets,
        missing_index=missing_index,
        errors={row: answer.errors[n] for row, n in enumerate(numbers) if n in answer.errors},
        debits=answer.debits,
        usable_until=answer.usable_until,
        stands_until=answer.stands_until,
    )


def _plain(column: Column) -> list[int]:
    plain: list[int] = column if isinstance(column, list) else column.tolist()
    return plain
