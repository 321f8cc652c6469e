"""BASKETAGE in Excel moves by itself, in either mode, and nothing is kept of a cell that shows none any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event

import pytest

from basketgex.home import CELLS_LIVE, CELLS_PREFETCH, CELLS_VARIABLE
from basketgex_addin.cells import Ask, CellError
from basketgex_addin.excel import component
from basketgex_addin.excel.ages import Ages
from basketgex_addin.excel.applications import GONE, REJECTED
from basketgex_addin.excel.live import ExcelLiveCells
from basketgex_addin.worksheet import Worksheet
from tests.addin.excel.com_stub import Application, ComError, Formula, Host, Sheet, Workbook, excel
from tests.addin.excel.test_live import FakeClient, reply
from tests.e2e.serving import until

AS_OF = reply(1.0).as_of
PATIENCE = 20.0


class Copying:
    """A copied range, whose dashed border a calculation would end."""

    def __init__(self) -> None:
        self.looked = Event()

    def __bool__(self) -> bool:
        self.looked.set()
        return True


class Clock:
    now = AS_OF

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def app() -> Iterator[Application]:
    with excel() as application:
        yield application


@pytest.fixture
def ages(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ages]:
    ages = Ages(period=0.05)
    monkeypatch.setattr(component, "ages", ages)
    yield ages
    ages.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The add-in's, with a memory of one basket's reply."""
    clock, client = Clock(), FakeClient()
    client.memory[Ask(("N1",))] = reply(1.0)
    worksheet = Worksheet(client, now=clock)
    cells = ExcelLiveCells(client)
    monkeypatch.setattr(component, "worksheet", lambda home: worksheet)
    monkeypatch.setattr(component, "live", lambda home: cells)
    yield clock
    cells.close()


def opened(app: Application, *texts: str) -> tuple[Host, Workbook, list[Formula]]:
    host, sheet = app.fresh(), Sheet("S", [[text] for text in texts])
    book = Workbook(sheet, name="Mine.xlsx")
    host.open(book)
    return host, book, [cell for cell in sheet.cells.values() if isinstance(cell, Formula)]


def calculated(host: Host, condition: Callable[[], object]) -> None:
    with host.calculated:
        assert host.calculated.wait_for(condition, PATIENCE), "it was never calculated"


@pytest.mark.parametrize("mode", [CELLS_PREFETCH, CELLS_LIVE])
@pytest.mark.parametrize("calculation", [Host.AUTOMATIC, Host.MANUAL])
def test_an_age_moves_and_nothing_else_is_calculated(
    app: Application, ages: Ages, clock: Clock, monkeypatch: pytest.MonkeyPatch, mode: str, calculation: int
) -> None:
    monkeypatch.setenv(CELLS_VARIABLE, mode)
    host, _, (value, age) = opened(app, '=BASKETREGIME("N1")', '=BASKETAGE("N1")')
    host.Calculation = calculation
    assert (value.shown, age.shown) == ("positive_gamma", 0.0)
    clock.now += 16 * 60
    calculated(host, lambda: age.shown == 16.0)
    assert value.calculated == 1


def test_who_is_busy_is_asked_again_and_who_copies_is_left_alone(
    app: Application, ages: Ages, clock: Clock
) -> None:
    host, _, (age,) = opened(app, '=BASKETAGE("N1")')
    host.rejections = [ComError("busy", hresult) for hresult in sorted(REJECTED)]
    clock.now += 60
    calculated(host, lambda: age.shown == 1.0)
    copying = Copying()
    host.CutCopyMode = copying
    clock.now += 60
    assert copying.looked.wait(PATIENCE) and age.shown == 1.0
    host.CutCopyMode = False
    calculated(host, lambda: age.shown == 2.0)


def test_what_shows_no_age_any_more_is_forgotten(app: Application, ages: Ages, clock: Clock) -> None:
    host, book, _ = opened(app, '=BASKETAGE("N1")', '=BASKETAGE("N1")')
    assert len(ages) == 2
    host.type(book.Worksheets.items[0], 1, 1, 5.0)
    calculated(host, lambda: len(ages) == 1)
    assert app.command("closed", book.FullName) == ""
    assert len(ages) == 0
    host.close(book)

    host, book, (age,) = opened(app, '=BASKETAGE("N1")')
    host.close(book)  # and nobody said so
    clock.now += 60
    until(lambda: len(ages) == 0, PATIENCE)
    age.dirty = True  # it is volatile
    host.open(book)
    assert age.shown == 1.0 and len(ages) == 1
    host.rejections = [ComError("gone", min(GONE))]
    until(lambda: len(ages) == 0, PATIENCE)


def test_without_a_basket_an_age_waits_for_one(app: Application, ages: Ages, clock: Clock) -> None:
    host, _, (age,) = opened(app, '=BASKETAGE("N2")')
    assert age.shown is CellError.NOT_AVAILABLE
    component.worksheet(None)._client.memory[Ask(("N2",))] = reply(2.0)  # type: ignore[arg-type, attr-defined]
    calculated(host, lambda: age.shown == 0.0)
