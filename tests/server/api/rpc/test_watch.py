"""Watching: everything first, then what changed and nothing else; the end of it, from either side."""

from __future__ import annotations

import asyncio
import itertools
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.api.rpc import watch as watching
from basketgex_server.api.rpc.watch import Watches
from basketgex_server.dispatch import changes
from basketgex_server.dispatch.batch.choose import answer_batch
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.regime_tracker import Regimes
from basketgex_server.dispatch.sessions import NewYorkSessions
from basketgex_server.domain import Fetched, Origin, SymbolExposure
from basketgex_server.errors import Draining, InvalidBatch, SourceUnavailable
from basketgex_server.settings import Settings
from basketgex_server.stores.sqlite import SqliteStore
from tests.server.servers import (
    NOON,
    PATIENCE,
    Clock,
    FakeSource,
    Served,
    made_up,
    run,
    serving,
    turns,
    until,
)

QUICK = Settings(window_quiet=0.0, window_longest=0.0)
UNAVAILABLE, UNAUTHENTICATED = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNAUTHENTICATED


def watch(*baskets: str, pace: float = 0.0, **more: Any) -> pb.WatchBasketsRequest:
    """Baskets of equal weights, each the letters of a word."""
    symbols = sorted(set("".join(baskets)))
    return pb.WatchBasketsRequest(
        baskets=pb.BatchGetBasketsRequest(
            symbols=symbols,
            offsets=[0, *itertools.accumulate(map(len, baskets))],
            symbol_index=[symbols.index(s) for basket in baskets for s in basket],
            weights=[0.0] * sum(map(len, baskets)),
            equal_weight=range(len(baskets)),
            **more,
        ),
        pace=pace,
    )


class Source(FakeSource):
    """Figures that may be told."""

    told: dict[str, float] = {}  # noqa: RUF012 - replaced, never changed

    async def fetch(self, symbols: tuple[str, ...]) -> Fetched:
        found = await super().fetch(symbols)
        made: dict[str, SymbolExposure] = {
            s: made_up(s, e.as_of, self.told.get(s)) for s, e in found.exposures.items()
        }
        return Fetched(made, found.missing, found.failed)


class Desk:
    """The loop alone: its pause ends when the test says so."""

    def __init__(self, path: Path, settings: Settings = QUICK) -> None:
        self.clock = Clock()
        self.source = Source(self.clock)
        self.state = SqliteStore(path / "state.db", 30.0)
        self.compute = ThreadPoolExecutor(1)
        self.dispatcher = Dispatcher(self.source, self.state, settings, NewYorkSessions(), self.clock)
        self.paces: list[float] = []
        self.sizes: list[int] = []
        self.pausing = asyncio.Event()
        self._go = asyncio.Event()
        self.watches = Watches(
            self.dispatcher,
            Regimes(self.dispatcher, self.compute, settings.max_symbols),
            most=settings.max_symbols,
            compute=self.compute,
            timeout=settings.request_timeout,
            sent=self.sizes.extend,
            now=self.clock,
            pause=self._pause,
        )

    async def _pause(self, seconds: float) -> None:
        self.paces.append(seconds)
        self.pausing.set()
        await self._go.wait()
        self._go.clear()

    def open(self, request: pb.WatchBasketsRequest) -> Watching:
        return Watching(self, request)

    async def next_look(self) -> None:
        """Let the pause end, and wait for the next one."""
        self.pausing.clear()
        self._go.set()
        await self.pausing.wait()

    async def close(self) -> None:
        await self.dispatcher.close()
        self.compute.shutdown()
        self.state.close()


class Watching:
    """One stream, its messages as they were written."""

    def __init__(self, desk: Desk, request: pb.WatchBasketsRequest) -> None:
        self.desk = desk
        self.messages: list[pb.WatchBasketsResponse] = []
        self.task = asyncio.ensure_future(desk.watches.stream(request, self._write))

    async def _write(self, message: pb.WatchBasketsResponse) -> None:
        self.messages.append(message)

    async def first(self) -> pb.WatchBasketsResponse:
        await self.desk.pausing.wait()
        return self.messages.pop(0)

    async def look(self) -> list[pb.WatchBasketsResponse]:
        await self.desk.next_look()
        said, self.messages[:] = list(self.messages), []
        return said

    async def cancel(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


def with_desk(path: Path, work: Callable[[Desk], Any], settings: Settings = QUICK) -> None:
    async def bounded() -> None:
        desk = Desk(path, settings)
        try:
            await work(desk)
        finally:
            await desk.close()

    run(bounded())


def test_all_first_then_what_changed(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        desk.source.told = {"A": 5.0, "B": 3.0, "C": 1.0}
        stream = desk.open(watch("AB", "BC", "A", pace=7.5))
        first = await stream.first()
        assert list(first.changed) == [0, 1, 2]
        assert list(first.baskets.baskets.gex) == [4.0, 2.0, 5.0]
        assert list(first.regimes.regime) == [pb.REGIME_POSITIVE_GAMMA] * 3
        assert list(first.regimes.since) == [0.0] * 3
        assert list(first.regimes.known_from) == [NOON] * 3
        assert await stream.look() == []
        desk.clock.at += 30
        assert await stream.look() == []  # its lifetime at the client is shorter: no news
        assert len(desk.source.calls) == 1

        desk.source.told = {"A": 5.0, "B": 3.0, "C": -9.0}
        desk.clock.at += 40  # now it is stale: that is said, and it is refreshed behind
        (stale,) = await stream.look()
        assert list(stale.changed) == [0, 1, 2]
        assert set(stale.baskets.baskets.freshness) == {pb.FRESHNESS_STALE}
        await until(lambda: desk.dispatcher.generation()[1] == 2)
        (news,) = await stream.look()
        assert list(news.changed) == [0, 1, 2]  # of another moment, all of them
        assert list(news.baskets.baskets.gex) == [4.0, -3.0, 5.0]
        regimes = news.regimes
        assert list(regimes.regime) == [
            pb.REGIME_POSITIVE_GAMMA,
            pb.REGIME_NEGATIVE_GAMMA,
            pb.REGIME_POSITIVE_GAMMA,
        ]
        assert list(regimes.since) == [0.0, NOON + 70, 0.0]
        assert list(regimes.previous) == [0, pb.REGIME_POSITIVE_GAMMA, 0]
        assert await stream.look() == []
        assert len(desk.source.calls) == 2
        assert set(desk.paces) == {7.5}
        assert desk.sizes == [2, 2, 1] * 3
        await stream.cancel()

    with_desk(tmp_path, work)


def test_only_the_rows_that_changed_and_their_names(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        stream = desk.open(watch("AB", "C", "CD"))
        await stream.first()
        desk.source.told, desk.source.nothing = {"C": -7.0}, {"D"}
        desk.clock.at += 10
        await desk.dispatcher.find(["C", "D"], refresh=watching.Refresh.FORCE)  # somebody else asks
        (said,) = await stream.look()
        assert list(said.changed) == [1, 2]
        found = said.baskets
        assert list(found.symbols.symbol) == ["C"]
        assert list(found.baskets.gex) == [-7.0, -7.0]
        assert (list(found.offsets), list(found.symbol_index), list(found.weights)) == (
            [0, 1, 2],
            [0, 0],
            [1.0, 1.0],
        )
        assert (list(found.missing_symbols), list(found.missing_offsets), list(found.missing_index)) == (
            ["D"],
            [0, 0, 1],
            [0],
        )
        await stream.cancel()

    with_desk(tmp_path, work)


def test_arrays_say_the_same_as_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: dict[int, list[pb.WatchBasketsResponse]] = {}

    async def work(desk: Desk) -> None:
        desk.source.nothing = {"X"}
        stream = desk.open(watch("AB", "X", "CXB", "D", "DA"))
        first = await stream.first()
        desk.source.told = {"D": -7.0, "B": 3.0}
        await desk.dispatcher.find(["D"], refresh=watching.Refresh.FORCE)
        said[few] = [first, *await stream.look()]
        assert list(said[few][1].changed) == [3, 4]
        await stream.cancel()

    for few in (60, 0):
        monkeypatch.setattr("basketgex_server.dispatch.batch.choose.FEW", few)
        monkeypatch.setattr(watching, "SHORT", few * 1_000)
        (tmp_path / str(few)).mkdir()
        with_desk(tmp_path / str(few), work)
    for plain, arrays in zip(said[60], said[0], strict=True):
        plain.baskets.symbols.Clear()  # the order of the names is the answer's own
        arrays.baskets.symbols.Clear()
        for message in (plain, arrays):
            del message.baskets.symbol_index[:]
        assert plain == arrays


def test_a_fault_of_the_source_is_said_once_and_so_is_its_end(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        desk.source.error = SourceUnavailable("The source is away.")
        stream = desk.open(watch("A"))
        first = await stream.first()
        assert [e.problem.sentence for e in first.baskets.errors] == ["The source is away."]
        assert list(first.regimes.regime) == [pb.REGIME_UNSPECIFIED]
        assert await stream.look() == []
        desk.source.error = None
        desk.clock.at += 60  # so long a failure is left alone
        (well,) = await stream.look()
        assert (len(well.baskets.errors), list(well.baskets.baskets.gex)) == (0, [made_up("A").net.gex])
        desk.source.error = SourceUnavailable("The source is away.")
        desk.clock.at += 1_000
        (old,) = await stream.look()
        assert list(old.baskets.notices) == ["", "Last good value: The source is away."]
        assert list(old.baskets.baskets.notice_index) == [1]
        assert await stream.look() == []
        await stream.cancel()

    with_desk(tmp_path, work)


def test_another_origin_is_said_of_every_basket(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        desk.source.told = {"A": 1.0}
        stream = desk.open(watch("A"))
        await stream.first()
        desk.source.comes_from = Origin("fake", "other figures", location="there")
        (said,) = await stream.look()
        assert (list(said.changed), said.baskets.origin.label) == ([0], "other figures")
        assert len(desk.source.calls) == 2
        await stream.cancel()

    with_desk(tmp_path, work)


def test_a_file_that_changes_is_news_of_its_own_baskets_only(tmp_path: Path) -> None:
    """A file that changes makes the folder another origin; the baskets without it stay what they were."""
    folder = tmp_path / "chains_2026-07-10"
    folder.mkdir()

    def put(symbol: str, open_interest: int) -> None:
        rows = [
            f"{symbol}260821{side}00100000,2026-08-21,{word},100,1,1,1,5,{open_interest},0.3"
            for side, word in (("C", "call"), ("P", "put"))
        ]
        header = "option,expiration,side,strike,bid,ask,last,volume,open_interest,iv"
        written = folder / f".{symbol}"
        written.write_text("\n".join([header, rows[0], rows[1].replace("0.3", "0.4"), ""]))
        written.replace(folder / f"{symbol}.csv")

    names = ("AA", "BB", "CC")
    prices = {name: {"underlying_price": 100.0} for name in names}
    (folder / "underlyings.json").write_text(json.dumps(prices))
    for name in names:
        put(name, 10)
    batch = pb.BatchGetBasketsRequest(
        symbols=names,
        offsets=[0, 2, 3, 4],
        symbol_index=[0, 1, 2, 1],
        weights=[1.0] * 4,
    )
    settings = Settings(source="chain-files", chain_folder=str(folder))
    with serving(tmp_path / "home", settings) as served:
        request = pb.WatchBasketsRequest(baskets=batch)
        stream = served.stub.WatchBaskets(request, metadata=served.token, timeout=PATIENCE)
        first = next(stream)
        assert list(first.changed) == [0, 1, 2]
        for name, expected in (("CC", [1]), ("BB", [0, 2]), ("AA", [0])):
            put(name, 20)
            news = next(stream)
            assert list(news.changed) == expected
            before = [first.baskets.baskets.gex[n] for n in expected]
            assert all(x != y for x, y in zip(news.baskets.baskets.gex, before, strict=True))
        put("AA", 20)  # written anew, and the same
        put("CC", 40)
        assert list(next(stream).changed) == [1]
        stream.cancel()


def test_the_pace_is_never_less_than_a_second(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        for asked, kept in (
            (0.0, 1.0),
            (-5.0, 1.0),
            (float("nan"), 1.0),
            (float("inf"), 3_600.0),
            (2.5, 2.5),
        ):
            desk.pausing.clear()
            stream = desk.open(watch("A", pace=asked))
            await stream.first()
            assert desk.paces[-1] == kept
            await stream.cancel()

    with_desk(tmp_path, work)


def test_it_spends_as_a_sheet_that_is_recalculated(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        stream = desk.open(watch("AB", "C"))
        await stream.first()
        for _ in range(20):
            await stream.look()
        assert len(desk.source.calls) == 1
        for _ in range(10):
            desk.clock.at += 1_000
            await stream.look()
        assert len(desk.source.calls) == 11
        assert all(sorted(call) == ["A", "B", "C"] for call in desk.source.calls)
        await stream.cancel()

    with_desk(tmp_path, work)


def test_a_stream_in_which_nothing_can_have_changed_works_out_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    async def counted(*values: Any, **named: Any) -> Any:
        nonlocal looks
        looks += 1
        return await answer_batch(*values, **named)

    monkeypatch.setattr(watching, "answer_batch", counted)

    async def work(desk: Desk) -> None:
        stream = desk.open(watch("AB"))
        await stream.first()
        await stream.look()  # the first has brought something
        looked = looks
        for _ in range(5):
            desk.clock.at += 10
            assert await stream.look() == []
        assert looks == looked
        cache = await desk.dispatcher.cache()
        riders = cache.ride_alongs(desk.clock.at + 15)  # somebody looks at them all the same
        assert riders == ["A", "B"]

        desk.clock.at += 20
        before = desk.dispatcher.generation()
        assert [list(message.changed) for message in await stream.look()] == [[0]]  # stale by now
        await until(lambda: desk.dispatcher.generation() != before)
        assert [list(message.changed) for message in await stream.look()] == [[0]]
        await stream.look()
        looked = looks
        desk.clock.at -= 3_600  # what was said under another clock does not stand
        await stream.look()
        assert looks > looked
        await stream.cancel()

    with_desk(tmp_path, work)


def test_large_news_go_in_several_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MOST_ENTRIES", 3)

    async def work(desk: Desk) -> None:
        stream = desk.open(watch("AB", "C", "D", "ABCD", "A"))
        await desk.pausing.wait()
        assert [list(m.changed) for m in stream.messages] == [[0, 1], [2], [3], [4]]
        assert [m.baskets.baskets.gex[0] for m in stream.messages[1:]] == pytest.approx(
            [
                made_up("D").net.gex,
                sum(made_up(s).net.gex for s in "ABCD") / 4,
                made_up("A").net.gex,
            ]
        )
        await stream.cancel()

    with_desk(tmp_path, work)


def test_what_is_cancelled_leaves_nothing_behind(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        before = asyncio.all_tasks()
        desk.source.gate = asyncio.Event()
        waiting = desk.open(watch("A"))
        await until(lambda: desk.source.calls)
        assert len(desk.watches) == 1
        await waiting.cancel()
        assert len(desk.watches) == 0
        desk.source.gate.set()
        pausing = desk.open(watch("A"))
        await pausing.first()
        await pausing.cancel()
        await turns()
        assert len(desk.watches) == 0
        assert asyncio.all_tasks() == before

    with_desk(tmp_path, work)


def test_the_end_does_not_wait_for_a_slow_source(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        desk.source.gate = asyncio.Event()
        stream = desk.open(watch("A"))
        await until(lambda: desk.source.calls)
        desk.watches.end()
        with pytest.raises(Draining):
            await stream.task
        with pytest.raises(Draining):
            await desk.open(watch("A")).task
        assert (len(desk.watches), stream.messages) == (0, [])

    with_desk(tmp_path, work)


@pytest.mark.parametrize("refresh", [pb.REFRESH_FORCE, pb.REFRESH_CACHE_ONLY])
def test_a_watch_asks_as_age_demands_it(tmp_path: Path, refresh: Any) -> None:
    async def work(desk: Desk) -> None:
        with pytest.raises(InvalidBatch, match="its refresh must be normal"):
            await desk.open(watch("A", refresh=refresh)).task
        assert not desk.source.calls

    with_desk(tmp_path, work)


# -- over the wire -------------------------------------------------------------------------------------------------------


class Live:
    def __init__(self, served: Served, source: Source, clock: Clock) -> None:
        self.served, self.source, self.clock = served, source, clock

    def watch(self, request: pb.WatchBasketsRequest, metadata: Any = None) -> Any:
        given = self.served.token if metadata is None else metadata
        return self.served.stub.WatchBaskets(request, metadata=given)


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    monkeypatch.setattr(watching, "LEAST_PACE", 0.01)
    clock = Clock()
    source = Source(clock)
    with serving(tmp_path, QUICK, lambda _, __: source, now=clock) as served:
        yield Live(served, source, clock)


def test_a_quiet_stream_has_a_heartbeat(live: Live) -> None:
    request = watch("A", pace=3_600.0)
    request.heartbeat = 0.05
    stream = live.watch(request)
    first = next(stream)
    assert list(first.changed) == [0]
    for beat in [next(stream) for _ in range(3)]:
        assert beat == pb.WatchBasketsResponse(sent_at=live.clock())
    assert first.sent_at == live.clock()
    live.served.stop()
    assert ended(stream).code() is UNAVAILABLE


def test_its_heart_beats_while_the_source_is_slow(live: Live) -> None:
    live.source.gate = asyncio.Event()
    request = watch("A")
    request.heartbeat = 0.05
    stream = live.watch(request)
    assert not next(stream).changed
    stream.cancel()


@pytest.mark.parametrize("beats", [0.0, -1.0, float("nan")])
def test_a_heart_beats_once_a_second_at_most(
    live: Live, beats: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LEAST_PACE", 0.3)
    request = watch("A", pace=3_600.0)
    request.heartbeat = beats
    begin = time.monotonic()
    stream = live.watch(request)
    for _ in range(3):  # the answer and two beats
        next(stream)
    assert time.monotonic() - begin > 0.5
    stream.cancel()


def ended(stream: Any) -> Any:
    """The error that a stream ends with; not later than a test may take."""
    found: queue.Queue[Any] = queue.Queue()

    def read() -> None:
        try:
            for _ in stream:
                pass
            found.put(None)
        except grpc.RpcError as error:
            found.put(error)

    threading.Thread(target=read, daemon=True).start()
    return found.get(timeout=PATIENCE)


def test_a_stream(live: Live) -> None:
    stream = live.watch(watch("AB", "C"))
    assert list(next(stream).changed) == [0, 1]
    live.source.told = {"C": -5.0}
    request = pb.GetBasketRequest(symbols=["C"], refresh=pb.REFRESH_FORCE)
    live.served.stub.GetBasket(request, metadata=live.served.token, timeout=PATIENCE)
    said = next(stream)
    assert (list(said.changed), list(said.baskets.baskets.gex)) == ([1], [-5.0])
    stream.cancel()
    assert ended(stream).code() is grpc.StatusCode.CANCELLED
    status = live.served.stub.GetStatus(pb.GetStatusRequest(), metadata=live.served.token, timeout=PATIENCE)
    assert (status.requests, status.baskets) == (2, 4)


@pytest.mark.parametrize("metadata", [(), (("authorization", "Bearer wrong"),)])
def test_no_stream_without_the_token(live: Live, metadata: Any) -> None:
    error = ended(live.watch(watch("A"), metadata))
    assert error.code() is UNAUTHENTICATED
    assert ("basketgex-code", "token_refused") in error.trailing_metadata()
    assert not live.source.calls


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (
            pb.WatchBasketsRequest(
                baskets=pb.BatchGetBasketsRequest(
                    symbols=["A"], offsets=[0, 1], symbol_index=[9], weights=[1]
                )
            ),
            "The batch has a symbol index beyond its symbols.",
        ),
        (pb.WatchBasketsRequest(), "The batch's offsets must run from 0 to the number of symbol indexes."),
        (
            watch("A", refresh=pb.REFRESH_FORCE),
            "A watch asks the source as age demands it: its refresh must be normal.",
        ),
    ],
)
def test_a_batch_that_is_none(live: Live, request_: pb.WatchBasketsRequest, sentence: str) -> None:
    error = ended(live.watch(request_))
    assert (error.code(), error.details()) == (grpc.StatusCode.INVALID_ARGUMENT, sentence)
    assert ("basketgex-code", "invalid_batch") in error.trailing_metadata()


def test_a_server_that_ends_ends_its_streams_at_once(live: Live) -> None:
    streams = [live.watch(watch("A", pace=3_600.0)) for _ in range(20)]
    for stream in streams:
        next(stream)
    begin = time.monotonic()
    live.served.stub.Shutdown(pb.ShutdownRequest(), metadata=live.served.token, timeout=PATIENCE)
    assert {ended(stream).code() for stream in streams} == {UNAVAILABLE}
    live.served.thread.join(PATIENCE)
    assert not live.served.thread.is_alive()
    assert time.monotonic() - begin < 4.0  # the grace for requests under way is 5 s


def test_a_server_that_is_watched_is_not_idle(tmp_path: Path) -> None:
    clock = Clock()
    settings = Settings(window_quiet=0.0, window_longest=0.0, idle_stop=0.3)
    with serving(tmp_path, settings, lambda _, __: Source(clock), now=clock) as served:
        stream = served.stub.WatchBaskets(watch("A", pace=3_600.0), metadata=served.token)
        next(stream)
        served.thread.join(1.0)
        assert served.thread.is_alive()
        stream.cancel()
        served.thread.join(PATIENCE)
        assert not served.thread.is_alive()
