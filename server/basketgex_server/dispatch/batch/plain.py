"""From questions to answers: one basket, or a sheet's whole batch. What is small is answered in plain Python, without numpy."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from types import ModuleType
from typing import Any, TypeAlias, TypeVar

from basketgex_server.dispatch.dispatcher import Dispatcher, Findings, Found, Refresh
from basketgex_server.dispatch.sessions import distant
from basketgex_server.domain import Basket, BasketExposure, Freshness, Origin, basket
from basketgex_server.errors import BasketgexError, InvalidBatch
from basketgex_server.exposure.basket import aggregate

MIXED = 900.0
"""Seconds between the oldest and the newest figure beyond which a basket's moment is called mixed."""
FEW = 60
"""Entries up to which a batch is answered without arrays: they would not pay."""
PLAIN = 2_000
"""Entries up to which it is while numpy is not loaded yet: loading it takes longer."""
SHORT = 20_000
"""Entries up to which the arrays take some two milliseconds: less than the way to the compute thread and back."""
MOST_BASKETS = 50_000
"""Baskets of one request."""

T = TypeVar("T")


Column: TypeAlias = Any
"""A list of numbers, or an array of them where the batch is large."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answered basket and where it comes from; times in Unix seconds, ``ttl`` in seconds."""

    question: Basket
    exposure: BasketExposure
    found: dict[str, Found]
    origin: Origin
    as_of: float
    as_of_newest: float
    oi_as_of: float
    fetched_at: float
    freshness: Freshness
    ttl: float
    notice: str
    debits: int
    holds_until: float
    reasons: tuple[str, ...] = ()
    """Why each of the missing is, as far as there is more to say than that there is nothing."""

    @property
    def distant(self) -> bool:
        """Whether its figures lie more than a trading day apart: no one moment's."""
        return distant(self.as_of, self.as_of_newest)


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it came: basket b has the entries ``offsets[b] <= i < offsets[b + 1]`` of index and weights."""

    symbols: Sequence[str]
    offsets: Sequence[int]
    symbol_index: Sequence[int]
    weights: Sequence[float]
    equal_weight: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return max(len(self.offsets) - 1, 0)

    @property
    def size(self) -> int:
        """How much there is to do: by the entries, or by the baskets, most of which may be empty."""
        return max(len(self.symbol_index), len(self))

    def check(self, *, ascends: bool, highest: int) -> None:
        """Raise InvalidBatch where the columns do not fit together.

        The caller has looked: whether the offsets ascend, and at the highest symbol index (-1 where there is none).
        """
        entries = len(self.symbol_index)
        if len(self) > MOST_BASKETS:
            raise InvalidBatch(
                f"{len(self):,} baskets: one request may have {MOST_BASKETS:,}. Send several.",
                argument="offsets",
            )
        if len(self.weights) != entries:
            raise InvalidBatch("The batch needs one weight for each symbol index.", argument="weights")
        if not self.offsets or self.offsets[0] != 0 or self.offsets[-1] != entries:
            raise InvalidBatch(
                "The batch's offsets must run from 0 to the number of symbol indexes.", argument="offsets"
            )
        if not ascends:
            raise InvalidBatch("The batch's offsets must ascend.", argument="offsets")
        if highest >= len(self.symbols):
            raise InvalidBatch("The batch has a symbol index beyond its symbols.", argument="symbol_index")

    def question(self, number: int, most: int) -> Basket:
        """Return one basket of the batch; raises what ``basket`` raises."""
        entries = slice(self.offsets[number], self.offsets[number + 1])
        names = [self.symbols[i] for i in self.symbol_index[entries]]
        return basket(names, None if number in self.equal_weight else self.weights[entries], most)


@dataclass(slots=True)
class BatchAnswer:
    """An answered batch in the columns of the contract (exposure.proto): lists, or arrays where the batch is large."""

    origin: Origin
    symbols: list[Found] = field(default_factory=list)
    net: Sequence[Column] = field(default_factory=lambda: [[], [], [], []])
    net_to_gross: Column = field(default_factory=list)
    covered_weight: Column = field(default_factory=list)
    negative_names: Column = field(default_factory=list)
    negative_weight: Column = field(default_factory=list)
    usable_open_interest: Column = field(default_factory=list)
    as_of: Column = field(default_factory=list)
    as_of_newest: Column = field(default_factory=list)
    oi_as_of: Column = field(default_factory=list)
    fetched_at: Column = field(default_factory=list)
    freshness: Column = field(default_factory=list)
    ttl: Column = field(default_factory=list)
    notice_index: Column = field(default_factory=list)
    notices: list[str] = field(default_factory=lambda: [""])
    offsets: Column = field(default_factory=lambda: [0])
    symbol_index: Column = field(default_factory=list)
    weights: Column = field(default_factory=list)
    contribution_pct: Column = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    missing_offsets: Column = field(default_factory=lambda: [0])
    missing_index: Column = field(default_factory=list)
    missing_reasons: list[str] = field(default_factory=list)
    errors: dict[int, BasketgexError] = field(default_factory=dict)
    debits: int = 0


@cache
def arrays() -> ModuleType:
    """Return ``arrays.py``, loaded at the first call, for which the compute thread is the place: it brings numpy."""
    return importlib.import_module("basketgex_server.dispatch.batch.arrays")


async def answer_one(
    dispatcher: Dispatcher, question: Basket, refresh: Refresh, timeout: float | None = None
) -> Answer:
    """Answer one basket within the timeout (seconds). Raises the error that stands in its way."""
    findings = await dispatcher.find(question.symbols, refresh=refresh, timeout=timeout)
    return assemble(0, question, findings)


async def answer_batch(
    dispatcher: Dispatcher,
    batch: Batch,
    refresh: Refresh,
    *,
    most: int,
    compute: Executor,
    timeout: float | None = None,
) -> BatchAnswer:
    """Answer a batch within the timeout (seconds); ``most`` names a basket, ``compute`` runs large ones.

    What stands in the way of one basket is its entry of ``errors``. Raises InvalidBatch.
    """
    if batch.size <= (FEW if arrays.cache_info().currsize else PLAIN):
        return await _answer_plainly(dispatcher, batch, refresh, most, timeout)
    loop = asyncio.get_running_loop()

    async def run(work: Callable[..., T], *values: Any) -> T:
        return await loop.run_in_executor(compute, work, *values) if batch.size > SHORT else work(*values)

    columns = arrays() if arrays.cache_info().currsize else await loop.run_in_executor(compute, arrays)
    asked = await run(columns.prepare, batch, most)
    findings = await dispatcher.find(asked.tickers, refresh=refresh, baskets=asked.baskets, timeout=timeout)
    answered: BatchAnswer = await run(columns.assemble_all, asked, findings)
    return answered


def assemble(number: int, question: Basket, findings: Findings) -> Answer:
    """Return the answer that findings give to one basket (``number`` in its request). Raises what stands in its way."""
    if number in findings.refused:
        raise findings.refused[number]
    for symbol in question.symbols:
        if symbol in findings.failed:
            raise findings.failed[symbol]
    found = {s: findings.found[s] for s in question.symbols if s in findings.found}
    unreadable = [findings.unreadable[s] for s in question.symbols if s in findings.unreadable]
    if unreadable and not any(question.weights[i] for i, s in enumerate(question.symbols) if s in found):
        raise unreadable[0]
    exposure = aggregate(question, {s: f.snapshot.exposure for s, f in found.items()})
    figures = found.values()
    return Answer(
        question=question,
        exposure=exposure,
        found=found,
        origin=findings.origin,
        as_of=min(f.snapshot.exposure.as_of for f in figures),
        as_of_newest=max(f.snapshot.exposure.as_of for f in figures),
        oi_as_of=min(f.snapshot.exposure.oi_as_of for f in figures),
        fetched_at=min(f.snapshot.fetched_at for f in figures),
        freshness=max(f.freshness for f in figures),
        ttl=min([f.ttl for f in figures] + [findings.missing[s] for s in exposure.missing]),
        notice=next((f.notice for f in figures if f.notice), ""),
        debits=findings.debits,
        holds_until=findings.holds_until,
        reasons=tuple(_reason(symbol, findings) for symbol in exposure.missing),
    )


def _reason(symbol: str, findings: Findings) -> str:
    error = findings.unreadable.get(symbol)
    return error.sentence if error is not None else ""


async def _answer_plainly(
    dispatcher: Dispatcher, batch: Batch, refresh: Refresh, most: int, timeout: float | None
) -> BatchAnswer:
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
    findings = await dispatcher.find(wanted, refresh=refresh, baskets=lambda: names, timeout=timeout)
    out = BatchAnswer(findings.origin, debits=findings.debits)
    rows: dict[str, int] = {}
    gaps: dict[str, int] = {}
    for number, question in enumerate(questions):
        try:
            if not isinstance(question, Basket):
                raise question
            _append(out, assemble(number, question, findings), rows, gaps)
        except BasketgexError as error:
            out.errors[number] = error
            _append_nothing(out)
    out.symbols = [findings.found[s] for s in rows]
    out.missing = list(gaps)
    out.missing_reasons = [_reason(symbol, findings) for symbol in gaps]
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
