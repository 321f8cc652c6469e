"""Which cells are calculated again when an answer comes, and what is subscribed to."""

from __future__ import annotations

from collections.abc import Callable, Collection
from threading import Event

import pytest

from basketgex_addin.cells import Ask, Problem, Question, RegimesOf, Reply, Since
from basketgex_addin.client.last_good import last_good
from basketgex_addin.client.problems import DESK_AWAY, SERVER_ABSENT
from basketgex_addin.functions.levels import LevelsOf
from basketgex_addin.functions.quota import QuotaOf
from basketgex_addin.live import TRIES, LiveCells
from tests.addin.test_worksheet import LEVELS, REPLY

SINCE = Since("negative_gamma", 0.0, "")
A, B = Ask(("A",)), Ask(("B",))
DEADLINE = 10.0


class FakeStream:
    def __init__(self, changed: Callable[[frozenset[Ask]], None]) -> None:
        self.changed = changed
        self.wanted: set[Ask] = set()
        self.closed = False

    def want(self, ask: Ask) -> None:
        self.wanted.add(ask)

    def drop(self, ask: Ask) -> None:
        self.wanted.discard(ask)

    def latest(self, ask: Ask) -> Reply | Problem | None:
        return REPLY if ask == A else None

    def since(self, ask: Ask) -> Since | None:
        return SINCE

    def close(self) -> None:
        self.closed = True


class FakeClient:
    def __init__(self) -> None:
        self.streams: list[FakeStream] = []
        self.forgotten: list[Question] = []

    def watch(self, changed: Callable[[frozenset[Ask]], None], **how: object) -> FakeStream:
        self.streams.append(FakeStream(changed))
        return self.streams[-1]

    def remembered(self, question: Question) -> Reply | None:
        return REPLY._replace(gex=9.0) if isinstance(question, Ask) else None

    def forget(self, question: Question) -> None:
        self.forgotten.append(question)


class World:
    def __init__(self) -> None:
        self.client = FakeClient()
        self.drawn: list[list[str]] = []
        self.came = Event()
        self.board: LiveCells[str] = LiveCells(self.client, self.redraw)

    def redraw(self, places: Collection[str]) -> None:
        self.drawn.append(sorted(places))
        self.came.set()


def test_one_stream_carries_what_cells_show_and_tells_which_to_draw_again() -> None:
    world = World()
    board = world.board
    for place, ask in (("1", A), ("2", A), ("3", B)):
        board.at(place).want(ask)
    [stream] = world.client.streams
    assert stream.wanted == {A, B}
    stream.changed(frozenset((A,)))
    stream.changed(frozenset((Ask(("C",)),)))
    assert world.drawn == [["1", "2"]]


def test_what_there_is_more_to_say_of_is_looked_at_again() -> None:
    world = World()
    world.board.at("1").want(A)
    world.board.at("2").want(B)
    world.board.look_again(A)
    assert world.came.wait(DEADLINE)
    assert world.drawn == [["1"]]


def test_a_baskets_regime_comes_by_the_same_stream() -> None:
    world = World()
    board = world.board
    assert board.latest(RegimesOf(A)) is None
    board.at("1").want(A)
    board.at("2").want(RegimesOf(A))
    [stream] = world.client.streams
    assert board.latest(RegimesOf(A)) is SINCE
    stream.changed(frozenset((A,)))
    assert world.drawn == [["1", "2"]]
    board.leave("1")
    assert stream.wanted == {A}
    board.leave("2")
    assert stream.wanted == set()


def test_what_no_cell_shows_any_more_is_dropped() -> None:
    world = World()
    board = world.board
    board.at("1").want(A)
    board.at("2").want(A)
    [stream] = world.client.streams
    board.at("1").want(B)  # its formula changed
    assert stream.wanted == {A, B}
    board.leave("2")
    assert stream.wanted == {B}
    board.leave("1")
    board.leave("1")
    assert (stream.wanted, len(board)) == (set(), 0)
    board.close()
    assert stream.closed


def test_the_last_known_is_shown_where_the_stream_has_nothing_yet() -> None:
    board = World().board
    assert board.latest(A) == REPLY._replace(gex=9.0)
    board.at("1").want(A)
    assert board.latest(A) is REPLY
    assert board.latest(B) == REPLY._replace(gex=9.0)


def test_other_questions_are_worked_on_once_at_a_time_behind_the_cell() -> None:
    world, go, begun = World(), Event(), Event()
    worked: list[int] = []

    def work() -> None:
        begun.set()
        assert go.wait(DEADLINE)
        worked.append(1)

    for place in ("1", "2"):
        world.board.at(place).later(LevelsOf("NVDA"), work)
    assert begun.wait(DEADLINE)
    assert worked == []
    go.set()
    assert world.came.wait(DEADLINE)
    assert (worked, world.drawn) == ([1], [["1", "2"]])


def test_work_that_fails_is_no_reason_to_work_never_again() -> None:
    world = World()

    def work() -> None:
        raise RuntimeError

    world.board.at("1").later(LevelsOf("NVDA"), work)
    assert world.came.wait(DEADLINE)
    world.came.clear()
    world.board.at("1").later(LevelsOf("NVDA"), work)
    assert world.came.wait(DEADLINE)


def test_work_that_brings_no_answer_is_not_done_for_ever() -> None:
    world, worked = World(), Event()
    done: list[int] = []

    def evaluate() -> None:
        """As a cell that finds nothing in memory."""
        world.board.at("1").later(LevelsOf("NVDA"), work)

    def work() -> None:
        done.append(1)

    def redraw(places: Collection[str]) -> None:
        before = len(done)
        evaluate()
        if before == TRIES:
            worked.set()

    world.board = LiveCells(world.client, redraw)
    evaluate()
    assert worked.wait(DEADLINE)
    world.board._workers.shutdown()
    assert len(done) == TRIES


def test_a_cell_that_is_evaluated_anew_has_work_done_anew() -> None:
    world = World()
    done: list[int] = []
    for _ in range(TRIES + 2):
        world.board.at("1")  # has found its answer, or is not interested
        world.board.at("1").later(LevelsOf("NVDA"), lambda: done.append(1))
        assert world.came.wait(DEADLINE)
        world.came.clear()
    assert len(done) == TRIES + 2


def test_what_a_person_asked_for_is_done_beside_what_is_under_way() -> None:
    world, go, begun, forced = World(), Event(), Event(), Event()

    def look() -> None:
        begun.set()
        assert go.wait(DEADLINE)

    world.board.at("1").later(A, look)
    assert begun.wait(DEADLINE)
    world.board.at("1").later(A, forced.set, wanted=True)
    assert forced.wait(DEADLINE)
    go.set()


LAST = last_good(LEVELS._replace(keep_until=2.0), DESK_AWAY, 1.0)


@pytest.mark.parametrize("found", [SERVER_ABSENT, LAST], ids=["nothing", "the last good value"])
def test_what_no_server_was_there_for_is_asked_again_when_the_stream_has_one(found: object) -> None:
    world = World()
    world.board.at("1").want(A)
    world.board.at("2").later(LevelsOf("NVDA"), lambda: found)
    assert world.came.wait(DEADLINE)
    [stream] = world.client.streams
    stream.changed(frozenset((A,)))
    stream.changed(frozenset((A,)))
    assert world.drawn == [["2"], ["1", "2"], ["1"]]
    assert world.client.forgotten == [
        LevelsOf("NVDA")
    ]  # else memory would say again that there was no server


def test_an_answer_about_a_basket_may_change_what_is_said_of_the_basket() -> None:
    world = World()
    world.board.at("why").want(A)
    for place, question in (("levels", LevelsOf("A")), ("other", LevelsOf("B")), ("quota", QuotaOf())):
        world.came.clear()
        world.board.at(place).later(question, lambda: None)
        assert world.came.wait(DEADLINE)
    assert world.drawn == [["levels", "why"], ["other"], ["quota"]]


def test_a_server_that_comes_back_while_a_call_fails_is_asked_again() -> None:
    world, go, begun = World(), Event(), Event()

    def fails() -> Problem:
        begun.set()
        assert go.wait(DEADLINE)
        return SERVER_ABSENT

    world.board.at("1").want(A)
    world.board.at("2").later(LevelsOf("NVDA"), fails)
    assert begun.wait(DEADLINE)
    [stream] = world.client.streams
    stream.changed(frozenset((A,)))
    assert world.client.forgotten == []
    world.came.clear()
    go.set()
    assert world.came.wait(DEADLINE)
    assert (world.drawn, world.client.forgotten) == ([["1"], ["2"]], [LevelsOf("NVDA")])
    stream.changed(frozenset((A,)))  # and no more than once
    assert world.drawn == [["1"], ["2"], ["1"]]
