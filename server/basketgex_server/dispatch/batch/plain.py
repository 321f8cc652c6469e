"""Baskets answered in plain Python, without numpy: one, or the few of a small batch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from basketgex_server.dispatch.batch.types import Answer, Batch, BatchAnswer
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.lookups import Lookup, Refresh
from basketgex_server.domain import Basket
from basketgex_server.errors import BasketgexError
from basketgex_server.exposure.basket import aggregate


def assemble(number: int, question: Basket, lookup: Lookup) -> Answer:
    """Return the answer that lookup give to one basket (``number`` in its request). Raises what stands in its way."""
    if number in lookup.refused:
        raise lookup.refused[number]
    for symbol in question.symbols:
        if symbol in lookup.failed:
            raise lookup.failed[symbol]
    found = {s: lookup.found[s] for s in question.symbols if s in lookup.found}
    unreadable = [lookup.unreadable[s] for s in question.symbols if s in lookup.unreadable]
    if unreadable and not any(question.weights[i] for i, s in enumerate(question.symbols) if s in found):
        raise unreadable[0]
    exposure = aggregate(question, {s: f.snapshot.exposure for s, f in found.items()})
    figures = found.values()
    return Answer(
        question=question,
        exposure=exposure,
        found=found,
        origin=lookup.origin,
        as_of=min(f.snapshot.exposure.as_of for f in figures),
        as_of_newest=max(f.snapshot.exposure.as_of for f in figures),
        oi_as_of=min(f.snapshot.exposure.oi_as_of for f in figures),
        fetched_at=min(f.snapshot.fetched_at for f in figures),
        freshness=max(f.freshness for f in figures),
        ttl=min([f.ttl for f in figures] + [lookup.missing[s] for s in exposure.missing]),
        notice=next((f.notice for f in figures if f.notice), ""),
        debits=lookup.debits,
        holds_until=lookup.holds_until,
        reasons=tuple(_reason(symbol, lookup) for symbol in exposure.missing),
    )


def _reason(symbol: str, lookup: Lookup) -> str:
    error = lookup.unreadable.get(symbol)
    return error.sentence if error is not None else ""


async def answer_plainly(
    dispatcher: Dispatcher, batch: Batch, refresh: Refresh, most: int, timeout: float | None
) -> BatchAnswer:
    """Answer a batch as ``answer_batch`` does; ``most`` names a basket. Raises InvalidBatch."""
    batch.check(
        ascends=all(a <= b for a, b in pairwise(batch.offsets)), highest=max(batch.symbol_index, default=-1)
    )
    questions: list[Basket | BasketgexError] = []
    for number in range(len(batch)):
        try:
            questions.append(batch.question(number, most))
        except BasketgexError as error:
            questions.append(error)
    names = [q.symbols if isinstance(q, Basket) else () for q in questions]
    wanted = sorted(set().union(*names))
    lookup = await dispatcher.find(wanted, refresh=refresh, baskets=lambda: names, timeout=timeout)
    out = BatchAnswer(
        lookup.origin,
        debits=lookup.debits,
        usable_until=lookup.usable_until,
        stands_until=lookup.stands_until,
    )
    rows: dict[str, int] = {}
    gaps: dict[str, int] = {}
    for number, question in enumerate(questions):
        try:
            if not isinstance(question, Basket):
                raise question
            _append(out, assemble(number, question, lookup), rows, gaps)
        except BasketgexError as error:
            out.errors[number] = error
            _append_nothing(out)
    out.symbols = [lookup.found[s] for s in rows]
    out.missing = list(gaps)
    out.missing_reasons = [_reason(symbol, lookup) for symbol in gaps]
    return out


def _append(out: BatchAnswer, answer: Answer, rows: dict[str, int], gaps: dict[str, int]) -> None:
    e = answer.exposure
    if answer.notice and answer.notice not in out.notices:
        out.notices.append(answer.notice)
    _append_row(
        out,
        (*e.net, e.net_to_gross, e.covered_weight, e.negative_weight, e.usable_open_interest),
        (answer.as_of, answer.as_of_newest, answer.oi_as_of, answer.fetched_at, answer.ttl),
        (e.negative_names, answer.freshness, out.notices.index(answer.notice)),
    )
    for c in e.constituents:
        out.symbol_index.append(rows.setdefault(c.exposure.symbol, len(rows)))
        out.weights.append(c.weight)
        out.contribution_pct.append(c.contribution_pct)
    out.missing_index += [gaps.setdefault(s, len(gaps)) for s in e.missing]
    out.offsets[-1], out.missing_offsets[-1] = len(out.symbol_index), len(out.missing_index)


def _append_nothing(out: BatchAnswer) -> None:
    _append_row(out, (0.0,) * 8, (0.0,) * 5, (0, 0, 0))


def _append_row(
    out: BatchAnswer, figures: Sequence[float], times: Sequence[float], counts: Sequence[int]
) -> None:
    shares = (out.net_to_gross, out.covered_weight, out.negative_weight, out.usable_open_interest)
    for column, value in zip((*out.net, *shares), figures, strict=True):
        column.append(value)
    moments = (out.as_of, out.as_of_newest, out.oi_as_of, out.fetched_at, out.ttl)
    for column, value in zip(moments, times, strict=True):
        column.append(value)
    for numbers, count in zip((out.negative_names, out.freshness, out.notice_index), counts, strict=True):
        numbers.append(int(count))
    out.offsets.append(out.offsets[-1])
    out.missing_offsets.append(out.missing_offsets[-1])
