"""One calculation has one deadline: cells that cannot be read ahead, over a source that is slow but answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from basketgex.home import Home
from basketgex_addin.cells import CellError, Problem
from basketgex_addin.client import BasketClient, problems
from basketgex_addin.patience import DEADLINE, LONGEST, PAUSE, SLOW, VARIABLE, Patience, deadline
from basketgex_addin.worksheet import Worksheet
from tests.addin.test_worksheet import FakeClient


class Clock:
    at = 1_000.0

    def __call__(self) -> float:
        return self.at

    def takes(self, seconds: float, found: object = "found") -> Callable[[], object]:
        def work() -> object:
            self.at += seconds
            return found

        return work


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize("each", [0.15, 1.0, 3.0, 9.9, 60.0])
def test_cells_wait_one_deadline_in_all(clock: Clock, each: float) -> None:
    patience, began = Patience(10.0, clock), clock.at
    waited = [patience.wait(clock.takes(each)) for _ in range(500)]
    assert clock.at - began <= 10.0 + each
    assert waited.count("found") == -(-10.0 // each)
    assert waited[-1] is None


def test_what_is_quick_costs_no_patience(clock: Clock) -> None:
    patience = Patience(10.0, clock)
    assert all(patience.wait(clock.takes(SLOW / 2)) for _ in range(10_000))


@pytest.mark.parametrize("rest", [PAUSE + 0.01, 5.0, 1e6])
def test_the_next_calculation_has_its_own(clock: Clock, rest: float) -> None:
    patience = Patience(10.0, clock)
    for _ in range(5):
        patience.wait(clock.takes(3.0))
    assert patience.wait(clock.takes(3.0)) is None
    clock.at += rest
    assert patience.wait(clock.takes(3.0)) == "found"


def test_who_calculates_without_a_pause_waits_again_after_another_deadline(clock: Clock) -> None:
    patience = Patience(10.0, clock)
    for _ in range(4):
        patience.wait(clock.takes(3.0))
    for _ in range(20):
        assert patience.wait(clock.takes(3.0)) is None
        clock.at += PAUSE / 2
    clock.at += PAUSE / 2
    assert patience.wait(clock.takes(3.0)) == "found"


def test_each_thread_calculates_for_itself(clock: Clock) -> None:
    patience = Patience(10.0, clock)
    patience.wait(clock.takes(60.0))
    assert patience.wait(clock.takes(1.0)) is None
    found: list[object] = []
    other = threading.Thread(target=lambda: found.append(patience.wait(clock.takes(1.0))))
    other.start()
    other.join()
    assert found == ["found"]


def test_a_fault_is_raised_where_it_is_waited_for(clock: Clock) -> None:
    def broken() -> object:
        raise ValueError("broken")

    patience = Patience(10.0, clock)
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            patience.wait(broken)
        patience.wait(clock.takes(1.0))


class Slow(FakeClient):
    """Takes its time for every basket, by a clock; what is asked without waiting is remembered."""

    def __init__(self, clock: Clock, each: float, *found: Any) -> None:
        super().__init__(*found)
        self._clock, self._each = clock, each
        self.deadline = 10.0
        self.submitted: list[Any] = []

    def ask(self, question: Any) -> Any:
        self._clock.at += self._each
        return super().ask(question)

    def submit(self, ask: Any) -> None:
        self.submitted.append(ask)


def sheet_of(client: Slow, clock: Clock) -> Worksheet:
    sheet = Worksheet(client)
    sheet._patience = Patience(client.deadline, clock)
    return sheet


@pytest.mark.parametrize(("each", "cells"), [(0.15, 200), (1.0, 20), (3.0, 31), (3.0, 500)])
def test_the_rest_is_asked_for_together_and_says_so(clock: Clock, each: float, cells: int) -> None:
    client = Slow(clock, each)
    sheet, began = sheet_of(client, clock), clock.at
    shown = [sheet.evaluate("BASKETGEX", [((f"S{n}",),)]) for n in range(cells)]
    assert clock.at - began <= 10.0 + each
    good = sum(value == 1.0 for value in shown)
    assert good == -(-10.0 // each) and shown[good:] == [CellError.NOT_AVAILABLE] * (cells - good)
    assert [ask.symbols for ask in client.submitted] == [(f"S{n}",) for n in range(good, cells)]
    assert sheet.evaluate("BASKETWHY", [((f"S{cells}",),)]) == problems.OVERDUE.sentence


@pytest.mark.parametrize("name", ["GEXLEVELS", "GEXSTRIKES", "BASKETPROFILE", "BASKETQUOTA"])
def test_other_functions_end_in_the_same_deadline(clock: Clock, name: str) -> None:
    client = Slow(clock, 4.0, problems.NOT_METERED)
    sheet, began = sheet_of(client, clock), clock.at
    for n in range(50):
        assert (
            sheet.evaluate(name, [] if name == "BASKETQUOTA" else [((f"S{n}",),)]) is CellError.NOT_AVAILABLE
        )
    assert clock.at - began <= 14.0


def test_where_the_source_hangs_every_cell_says_what_the_first_has_met(clock: Clock) -> None:
    client = Slow(clock, 10.0, problems.TIMED_OUT)
    sheet = sheet_of(client, clock)
    why = [sheet.evaluate("BASKETWHY", [((f"S{n}",),)]) for n in range(50)]
    assert why == [problems.TIMED_OUT.sentence] * 50


@pytest.fixture
def home_client(tmp_path: Path) -> Iterator[BasketClient]:
    from basketgex.home import Home

    with closing(BasketClient(Home(tmp_path), deadline=3.0)) as client:
        yield client


def test_the_deadline_is_the_clients(home_client: BasketClient) -> None:
    assert home_client.deadline == 3.0
    assert repr(Worksheet(home_client)._patience) == "<Patience 0.0 of 3 s waited>"
    assert DEADLINE == 10.0
    assert isinstance(problems.OVERDUE, Problem)


@pytest.mark.parametrize("said", ["", "0", "-3", "nan", "inf", str(LONGEST + 1), "ten", "10 s"])
def test_what_is_no_number_of_seconds_is_as_if_it_were_not_there(said: str) -> None:
    assert deadline({VARIABLE: said}) == deadline({}) == DEADLINE


def test_a_slow_machine_has_another_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "2.5")
    assert BasketClient(Home(tmp_path)).deadline == deadline() == 2.5
    monkeypatch.delenv(VARIABLE)
    assert BasketClient(Home(tmp_path)).deadline == DEADLINE
    assert BasketClient(Home(tmp_path), 4.0).deadline == 4.0
