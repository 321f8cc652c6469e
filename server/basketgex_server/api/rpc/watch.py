"""Baskets as they change: the loop behind a stream. It asks as a sheet that is recalculated does, and sends what changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.api.rpc import messages, requests
from basketgex_server.dispatch.batch.choose import SHORT, answer_batch
from basketgex_server.dispatch.batch.types import Batch, BatchAnswer
from basketgex_server.dispatch.changes import Seen, portions, rows
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.lookups import Refresh
from basketgex_server.dispatch.regime_tracker import Regimes
from basketgex_server.domain import LEAST_PACE, LONGEST_PACE, SKEW
from basketgex_server.errors import Draining, InvalidBatch

if TYPE_CHECKING:
    from basketgex_server.dispatch.regime_history import Standings

PATIENCE = 8.0
"""Seconds that a message waits for the source: the last good values are not kept back for longer."""

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
        if requests.refresh(request.baskets.refresh) is not Refresh.NORMAL:
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
        batch = requests.batch(request.baskets)
        pace = _bounded(request.pace)
        regimes, notice = None, ""
        seen, generation, standings = Seen(), None, None
        told = _NOTHING
        while True:
            if regimes is not self._regimes:  # the first, or those of other settings
                regimes, standings, told = self._regimes, None, _NOTHING
                asked = await regimes.prepare(batch)
            if notice != self.notice:
                seen, notice, told = Seen(), self.notice, _NOTHING
            if told.generation == (before := self._dispatcher.generation()) and told.stands(self._now()):
                self._dispatcher.use(told.symbols)
                await self._pause(pace)
                continue
            answer = await self._answer(batch)
            told = _NOTHING
            if before == self._dispatcher.generation() and not answer.errors:
                symbols = [*(found.snapshot.exposure.symbol for found in answer.symbols), *answer.missing]
                told = _Told(before, self._now() - SKEW, answer.stands_until, symbols)
            if standings is None or generation != self._dispatcher.generation():
                generation = self._dispatcher.generation()
                standings = await regimes.standings(asked)
            large = batch.size > SHORT
            changed = await self._run(large, seen.changed, answer, standings)
            for numbers in portions(changed, batch):
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


class _Told(NamedTuple):
    """What a stream has said, and when that is to be looked at again: not before, nor while nothing else is known."""

    generation: Hashable
    since: float
    until: float
    symbols: Sequence[str]

    def stands(self, now: float) -> bool:
        """Tell whether that is still so at a moment; where the clock has been put back it is not."""
        return self.since <= now < self.until


_NOTHING = _Told(None, 0.0, 0.0, ())


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


def _message(numbers: list[int], answer: BatchAnswer, standings: Standings) -> pb.WatchBasketsResponse:
    whole = len(numbers) == len(standings.regime)
    return messages.watch_reply(numbers, answer if whole else rows(answer, numbers), standings.rows(numbers))


def _bounded(seconds: float) -> float:
    return min(max(LEAST_PACE, seconds), LONGEST_PACE)  # what is no number counts as the least
