"""The worksheet functions in Excel's order of calls against a real server: the same bits, one call, one deadline."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from basketgex.home import HOME_VARIABLE, Home
from basketgex_addin import cells
from basketgex_addin.cells import Ask, CellError, Problem
from basketgex_addin.client import BasketClient, ServerStatus, problems
from basketgex_addin.excel import component
from basketgex_addin.excel.book import Scanner
from basketgex_addin.functions import FUNCTIONS
from basketgex_addin.functions.moments import NO_AGE
from tests.addin.excel.com_stub import Application, Area, Sheet, Workbook, excel
from tests.addin.shown import render
from tests.e2e.serving import Server

SAMPLE = """
NVDA AMD AVGO MU SMCI TSM QCOM ASML AAPL MSFT AMZN META GOOGL TSLA CRM ORCL ADBE PLTR NOW SNOW
JPM BAC WFC C GS MS BRK.B XOM CVX SLB OXY COP LLY UNH JNJ SPY QQQ IWM
"""
SYMBOLS = (*SAMPLE.split(), "ZZZZ", "YYYY")
ASKING = tuple(f.name for f in FUNCTIONS if f.kind.foreseeable and f.weighs and f.name != "BASKETSINCE")
MOST = 500
DEADLINE = 4.0


@pytest.fixture(scope="module")
def app() -> Iterator[Application]:
    with excel() as application:
        yield application


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home for this process's one client, whose memory no slow machine outlives: its clock stands still."""
    path = tmp_path / "home"
    monkeypatch.setenv(HOME_VARIABLE, str(path))
    monkeypatch.setattr(component, "BasketClient", partial(BasketClient, clock=lambda: 0.0))
    own = Scanner()
    monkeypatch.setattr(component, "scanner", lambda: own)
    yield path
    component.client(path).close()
    component.worksheet.cache_clear()
    component.client.cache_clear()


def book() -> list[tuple[str, Area, Area, Area]]:
    """A sheet of 40 symbols with weights, and 500 formulas over their ranges: function, caller, symbols, weights."""
    assert len(SYMBOLS) == 40
    sheet = Sheet("Baskets")
    sheet.fill([[symbol, 0.1 + i / 7] for i, symbol in enumerate(SYMBOLS)])
    asked = []
    for i in range(MOST):
        first = 1 + i % 39
        last = min(40, first + 1 + i // 39)
        name = ASKING[i % len(ASKING)]
        symbols, weights = f"A{first}:A{last}", f"B{first}:B{last}"
        caller = sheet.fill([[f"={name}({symbols},{weights})"]], top=i + 1, left=4)
        asked.append((name, caller, sheet.Range(symbols), sheet.Range(weights)))
    Workbook(sheet)
    return asked


def ask(symbols: Area, weights: Area) -> Ask:
    return Ask(*(tuple(row[0] for row in area.Value) for area in (symbols, weights)))


def blank_as_text(found: Any) -> Any:
    if isinstance(found, tuple):
        return tuple(map(blank_as_text, found))
    return "" if found is None else found


def status(client: BasketClient) -> ServerStatus:
    found = client.status()
    assert not isinstance(found, Problem)
    return found


def test_five_hundred_cells_are_one_call_and_show_what_the_client_says(app: Application, home: Path) -> None:
    asked = book()
    with Server(home, source="sample"):
        client = BasketClient(Home(home))
        before = status(client)
        shown = [app.call(name, symbols, weights, cell=cell) for name, cell, symbols, weights in asked]
        after = status(client)
        assert after.requests - before.requests == 1
        assert after.source_calls - before.source_calls == 1
        assert after.symbols_fetched - before.symbols_fetched <= len(SYMBOLS)
        asks = [ask(symbols, weights) for _, _, symbols, weights in asked]
        answers = client.ask_many(asks)
        client.close()
    without = {a.symbols for a, answer in zip(asks, answers, strict=True) if isinstance(answer, Problem)}
    assert without == {("ZZZZ", "YYYY")}
    for (name, *_), found, answer in zip(asked, shown, answers, strict=True):
        if isinstance(answer, Problem):
            expected: Any = answer.sentence if name == "BASKETWHY" else answer.cell_error
        else:
            expected = blank_as_text(render(name, answer))
            if isinstance(expected, tuple) and len(expected) == 1:
                [expected] = expected  # COM's own way with a single row
        assert repr(found) == repr(expected)  # the digits that tell every float from its neighbours
    assert {type(found) for found in shown} == {float, str, tuple, CellError}


def test_every_function_once_without_a_workbook_to_read(app: Application, home: Path) -> None:
    with Server(home, source="sample"):
        asked = [f.name for f in FUNCTIONS if f.arguments]
        shown = {name: app.call(name, "NVDA,AMD,ZZZZ", "2,1,1") for name in asked}
        table = app.call("BASKET", app.area(["NVDA"], ["AMD"]), None, True)
        why = app.call("BASKETWHY", "NVDA,AMD,ZZZZ", "2,1,1", "BASKETAGE")
        assert app.call("BASKETWHY", "NVDA,AMD") == "OK"  # nobody has asked for the age of these
    assert all(isinstance(shown[n], float) for n in ("BASKETGEX", "BASKETDEX", "BASKETVEX", "BASKETCHEX"))
    assert (shown["BASKETAGE"], why) == (CellError.NOT_AVAILABLE, NO_AGE)
    assert (shown["BASKETMISSING"], shown["BASKETCOVERAGE"], shown["BASKETWHY"]) == ("ZZZZ", 0.75, "OK")
    assert re.fullmatch("(positive|negative)_gamma", shown["BASKETREGIME"])
    assert shown["BASKETSTATUS"].startswith("SYNTHETIC (")
    assert [row[0] for row in shown["BASKET"]] == ["NVDA", "AMD", "ZZZZ"]
    assert table[0] == cells.HEADINGS
    assert {len(row) for row in table} == {len(cells.HEADINGS)}


@pytest.mark.parametrize("end", ["killed", "hung", "wrong token"])
def test_cells_over_a_dead_server_end_within_one_deadline(
    app: Application, home: Path, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        component, "BasketClient", partial(BasketClient, deadline=DEADLINE, clock=lambda: 0.0)
    )
    asked = book()
    with Server(home, source="sample") as server:
        try:
            if end == "killed":
                server.kill()
            elif end == "hung":
                server.process.send_signal(signal.SIGSTOP)
            else:
                server.home.token_file.write_text("another", "ascii")
            started = time.monotonic()
            shown = [app.call(name, symbols, weights, cell=cell) for name, cell, symbols, weights in asked]
            took = time.monotonic() - started
        finally:
            if end == "hung":
                server.kill()
    assert took < 2 * DEADLINE, "more than one deadline"
    for (name, *_), found in zip(asked, shown, strict=True):
        assert found is CellError.NOT_AVAILABLE if name != "BASKETWHY" else found.endswith(".")
    if end == "wrong token":
        assert problems.TOKEN_REFUSED.sentence in shown
