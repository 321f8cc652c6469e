"""Baskets as they change: the loop behind a stream. It asks as a sheet that is recalculated does, and sends what changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.api.rpc import messages
from basketgex_server.dispatch.batch.plain import SHORT, Batch, BatchAnswer, Column, answer_batch
from basketgex_server.dispatch.dispatcher import Dispatcher, Refresh
from basketgex_server.dispatch.regime_tracker import Regimes
from basketgex_server.domain import LEAST_PACE, LONGEST_PACE, Origin, SymbolExposure
from basketgex_server.errors import Draining, InvalidBatch

if TYPE_CHECKING:
    from basketgex_server.dispatch.regime_history import Standings

PATIENCE = 8.0
"""Seconds that a message waits for the source: the last good values are not kept back for longer."""
MOST_ENTRIES = 40_000
"""Entries of one message, about 1 MB; what is more goes in several."""
MOST_ROWS = 3_000
"""Baskets of one message, likewise: each of them may be an error."""

T = TypeVar("T")
Write = Callable[[pb.WatchBasketsResponse], Awaitable[None]]


class Watches:
    """The streams that are open. ``sent`` is told the sizes of the baskets that were, ``pause`` waits for some seconds.

    ``now`` gives Unix seconds, ``notice`` is what a person should know of the settings.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        regimes: Regimes,
        *,
        most: int,
        compute: Executor,
        timeout: float,
        now: Callable[[], float],
        sent: Callable[[list[int]], None] = lambda sizes: None,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.notice = ""
        self.adopt(dispatcher, regimes, most=most, timeout=timeout)
        self._compute = compute
        self._sent = sent
        self._now = now
        self._pause = pause
        self._ending = asyncio.Event()
        self._open = 0

    def __len__(self) -> int:
        return self._open

    def adopt(self, dispatcher: Dispatcher, regimes: Regimes, *, most: int, timeout: float) -> None:
        """Go on from another dispatcher; open streams do so with their next message."""
        self._dispatcher = dispatcher
        self._regimes = regimes
        self._most = most
        self._timeout = min(timeout, PATIENCE)

    def end(self) -> None:
        """End every stream, open or yet to come."""
        self._ending.set()

    async def stream(self, request: pb.WatchBasketsRequest, write: Write) -> None:
        """Write what changes, until cancelled. Raises InvalidBatch, and Draining at the end of the server."""
        if messages.refresh(request.baskets.refresh) is not Refresh.NORMAL:
            raise InvalidBatch(
                "A watch asks the source as age demands it: its refresh must be normal.", argument="refresh"
            )
        self._open += 1
        speaker = _Speaker(write, self._now)
        tasks = [
            asyncio.ensure_future(work) for work in (self._ending.wait(), self._watch(request, speaker.say))
        ]
        if request.HasField("heartbeat"):
            tasks.append(asyncio.ensure_future(speaker.beat(_bounded(request.heartbeat))))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self._ending.is_set():
                raise Draining
            for task in done:
                await task
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._open -= 1

    async def _watch(self, request: pb.WatchBasketsRequest, write: Write) -> None:
        batch = messages.batch(request.baskets)
        pace = _bounded(request.pace)
        regimes, notice = None, ""
        seen, edition, standings = _Seen(), None, None
        while True:
            if regimes is not self._regimes:  # the first, or those of other settings
                regimes, standings = self._regimes, None
                asked = await regimes.prepare(batch)
            if notice != self.notice:
                seen, notice = _Seen(), self.notice
            answer = await self._answer(batch)
            if standings is None or edition != self._dispatcher.edition():
                edition = self._dispatcher.edition()
                standings = await regimes.standings(asked)
            large = batch.size > SHORT
            changed = await self._run(large, seen.changed, answer, standings)
            for numbers in _portions(changed, batch):
                self._sent([batch.offsets[n + 1] - batch.offsets[n] for n in numbers])
                reply = await self._run(large, _message, numbers, answer, standings)
                reply.baskets.origin.settings_notice = notice
                await write(reply)
            await self._pause(pace)

    async def _run(self, large: bool, work: Callable[..., T], *values: Any) -> T:
        if not large:
            return work(*values)
        return await asyncio.get_running_loop().run_in_executor(self._compute, work, *values)

    async def _answer(self, batch: Batch) -> BatchAnswer:
        return await answer_batch(
            self._dispatcher,
            batch,
            Refresh.NORMAL,
            most=self._most,
            compute=self._compute,
            timeout=self._timeout,
        )


class _Speaker:
    """What a stream says, one message at a time, each with its moment."""

    __slots__ = ("_now", "_said", "_turn", "_write")

    def __init__(self, write: Write, now: Callable[[], float]) -> None:
        self._write = write
        self._now = now
        self._turn = asyncio.Lock()
        self._said = asyncio.get_running_loop().time()

    async def say(self, message: pb.WatchBasketsResponse) -> None:
        """Write a message."""
        async with self._turn:
            message.sent_at = self._now()
            await self._write(message)
            self._said = asyncio.get_running_loop().time()

    async def beat(self, every: float) -> None:
        """Write a message without news whenever nothing was said for so many seconds; for ever."""
        while True:
            if (left := self._said + every - asyncio.get_running_loop().time()) > 0:
                await asyncio.sleep(left)
            else:
                await self.say(pb.WatchBasketsResponse())


class _Seen:
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
        told = replace(answer.origin, location="")
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


def _message(numbers: list[int], answer: BatchAnswer, standings: Standings) -> pb.WatchBasketsResponse:
    whole = len(numbers) == len(standings.regime)
    return messages.watch_reply(numbers, answer if whole else _rows(answer, numbers), standings.rows(numbers))


def _bounded(seconds: float) -> float:
    return min(max(LEAST_PACE, seconds), LONGEST_PACE)  # what is no number counts as the least


def _portions(numbers: Sequence[int], batch: Batch) -> Iterator[list[int]]:
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


def _rows(answer: BatchAnswer, numbers: Sequence[int]) -> BatchAnswer:
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
    )


def _plain(column: Column) -> list[int]:
    plain: list[int] = column if isinstance(column, list) else column.tolist()
    return plain
