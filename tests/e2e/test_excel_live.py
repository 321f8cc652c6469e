"""Live mode in Excel against a real server: one stream, news without the user, no subscription left, one deadline."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from basketgex.home import CELLS_LIVE, CELLS_VARIABLE, HOME_VARIABLE, Home
from basketgex_addin.cells import CellError, Problem, RegimesOf
from basketgex_addin.client import BasketClient, problems
from basketgex_addin.excel import component, live
from basketgex_addin.excel.book import Scanner
from basketgex_addin.triggers import Triggers
from tests.addin.excel.com_stub import Application, Formula, Sheet, Workbook, excel
from tests.addin.shown import render
from tests.e2e.clocked import Clock
from tests.e2e.serving import Server, serving, until
from tests.e2e.test_excel_udfs import DEADLINE, ask, blank_as_text, book, status
from tests.standin.upstream import Figures, Upstream

PATIENCE = 30.0


@pytest.fixture(scope="module")
def app() -> Iterator[Application]:
    with excel() as application:
        yield application


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home whose cells are live."""
    path = tmp_path / "home"
    monkeypatch.setenv(HOME_VARIABLE, str(path))
    monkeypatch.setenv(CELLS_VARIABLE, CELLS_LIVE)
    monkeypatch.setattr(component, "BasketClient", partial(BasketClient, deadline=DEADLINE))
    own = Scanner()
    monkeypatch.setattr(component, "scanner", lambda: own)
    monkeypatch.setattr(component, "triggers", Triggers())
    yield path
    component.live(path).close()
    component.client(path).close()
    for made in (component.live, component.worksheet, component.client):
        made.cache_clear()


def filled(app: Application, condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Wait for a calculation after which it holds."""
    with app.host.calculated:
        assert app.host.calculated.wait_for(condition, patience), "it was never calculated"


def formulas(sheet: Sheet) -> list[Formula]:
    return [cell for cell in sheet.cells.values() if isinstance(cell, Formula)]


def opened(app: Application, *texts: str) -> list[Formula]:
    """Open a workbook with these formulas."""
    sheet = Sheet("Live", [[text] for text in texts])
    app.fresh().open(Workbook(sheet, name="Live.xlsx"))
    return formulas(sheet)


def test_five_hundred_cells_are_one_call_and_show_what_the_client_says(
    app: Application, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "GAP", 1.0)  # a busy machine pauses between two cells
    monkeypatch.setattr(live, "CALCULATION", 30.0)
    monkeypatch.setattr(live, "QUIET", 1.0)  # and between two pieces of news
    monkeypatch.setattr(live, "LONGEST", 30.0)
    asked = book()
    sheet = asked[0][1].Worksheet
    with Server(home, source="sample"):
        client = BasketClient(Home(home))
        before = status(client)
        host = app.fresh()
        host.open(sheet.Parent)
        shown = formulas(sheet)
        assert len(shown) == 500
        assert {cell.shown for cell in shown} == {CellError.NOT_AVAILABLE}
        filled(app, lambda: all(cell.calculated > 1 for cell in shown))
        after = status(client)
        assert after.requests - before.requests == 1
        assert after.source_calls - before.source_calls == 1
        baskets = [ask(symbols, weights) for _, _, symbols, weights in asked]
        answers = client.ask_many(baskets)
        regimes = client.ask_many([RegimesOf(basket) for basket in baskets])
        client.close()
    for (name, *_), cell, answer, since in zip(asked, shown, answers, regimes, strict=True):
        if isinstance(answer, Problem):
            expected: Any = answer.sentence if name == "BASKETWHY" else answer.cell_error
        elif name == "BASKETSINCE":
            expected = blank_as_text(since(since)[0])
        else:
            expected = blank_as_text(render(name, answer))
            if isinstance(expected, tuple) and len(expected) == 1:  # which xlwings returns as a row
                (expected,) = expected
        assert repr(cell.shown) == repr(expected), name
    assert host.calls.count("Calculate") == 1


def test_a_figure_that_changes_reaches_the_cells_and_a_workbook_that_closes_is_not_watched(
    app: Application, home: Path, tmp_path: Path, clock: Clock, upstream: Upstream
) -> None:
    upstream.published = {"NVDA": figures(4e9), "AMD": figures(1e9)}
    with serving(tmp_path, clock, upstream, refresh_after=5.0):
        of_both, of_one = opened(app, '=BASKETGEX("NVDA,AMD")', '=SYMBOLGEX("NVDA")')
        filled(app, lambda: (of_both.shown, of_one.shown) == (2.5e9, 4e9))
        upstream.published["NVDA"] = figures(-6e9)
        clock.advance(10)
        filled(app, lambda: (of_both.shown, of_one.shown) == (-2.5e9, -6e9))

        client = BasketClient(Home(home))
        assert status(client).watches == 1
        (live_book,) = app.host._books.items[1:]
        app.command("closed", live_book.FullName)
        app.host.close(live_book)
        assert len(component.live(home)) == 0
        until(lambda: status(client).watches == 0)
        client.close()


def figures(gex: float) -> Figures:
    return Figures(100.0, gex, 1e9, 1e8, 1e6)


@pytest.mark.parametrize("end", ["killed", "hung", "wrong token"])
def test_live_cells_say_why_they_show_nothing_within_one_deadline(
    app: Application, home: Path, end: str
) -> None:
    with Server(home, source="sample") as server:
        try:
            if end == "killed":
                server.kill()
            elif end == "hung":
                server.process.send_signal(signal.SIGSTOP)
            else:
                server.home.token_file.write_text("another", "ascii")
            started = time.monotonic()
            texts = [
                f'={name}("NVDA,S{i}")'
                for i in range(100)
                for name in ("BASKETGEX", "BASKETWHY", "BASKETSINCE")
            ]
            shown = opened(app, *texts, '=GEXLEVELS("NVDA")', "=BASKETQUOTA()", '=BASKETREFRESH("SPY",1)')
            assert time.monotonic() - started < DEADLINE  # nothing waited
            reasons = shown[1:300:3]
            filled(app, lambda: all(isinstance(cell.shown, str) for cell in reasons))
            took = time.monotonic() - started
        finally:
            if end == "hung":
                server.kill()
    assert took < 2 * DEADLINE, "more than one deadline"
    expected = {"hung": problems.TIMED_OUT, "wrong token": problems.TOKEN_REFUSED}.get(end)
    said = {cell.shown for cell in reasons}
    assert said == {expected.sentence} if expected else len(said) == 1
    assert {cell.shown for cell in shown if cell not in reasons} == {CellError.NOT_AVAILABLE}


def test_cells_fill_by_themselves_when_a_server_comes(app: Application, home: Path) -> None:
    gex, why, top = opened(app, '=BASKETGEX("NVDA,AMD")', '=BASKETWHY("NVDA,AMD")', '=BASKETTOP("NVDA,AMD")')
    filled(app, lambda: isinstance(why.shown, str) and why.shown != "OK")
    assert (gex.shown, top.shown) == (CellError.NOT_AVAILABLE, CellError.NOT_AVAILABLE)
    with Server(home, source="sample"):
        filled(
            app, lambda: isinstance(gex.shown, float) and why.shown == "OK" and isinstance(top.shown, tuple)
        )
