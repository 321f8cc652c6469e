"""The server dies between two recalculations, and the sheet does not care; and a change of source is a change of every cell."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from basketgex.home import Home
from basketgex_cli.main import main
from basketgex_server.settings import change_config
from tests.e2e.calc.harness import Calc
from tests.e2e.counting import Calls
from tests.e2e.serving import Server, kill, status

NAMES = ("NVDA", "AMD", "TSLA", "AAPL")
FORMULAS = (
    *(f"=BASKET{measure}(A1:A4,B1:B4)" for measure in ("GEX", "DEX", "VEX", "CHEX", "STATUS")),
    *(f"=BASKETGEX(A{row})" for row in range(1, 5)),
    '=BASKETGEX("SPY,QQQ")',
    '=BASKETSTATUS("SPY,QQQ")',
)
STATUSES = (4, 10)
SAMPLE = "SYNTHETIC (synthetic sample); historical; as of 2026-09-16 15:45 New York; "
CHAINS = "chains in basket_2026-07-10; historical; as of 2026-07-10 16:00 New York; "


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row, name in enumerate(NAMES, start=1):
        sheet.cell(row, 1, name)
        sheet.cell(row, 2, row)
    for row, formula in enumerate(FORMULAS, start=1):
        sheet.cell(row, 4, formula)
    path = tmp_path / "basket.xlsx"
    book.save(path)
    return path


@pytest.fixture
def launched(fresh_home: Home, calls: Calls) -> Home:
    """A home whose server the add-in itself starts."""
    fresh_home.write_launch(calls.command, ())
    return fresh_home


def _shown(calc: Calc, document: Any) -> list[Any]:
    return [row[0] for row in calc.cells(document, "Sheet", f"D1:D{len(FORMULAS)}")]


def _figures(shown: list[Any]) -> list[float]:
    figures = [value for row, value in enumerate(shown) if row not in STATUSES]
    assert all(isinstance(value, float) and value for value in figures), shown
    return figures


def _statuses(shown: list[Any]) -> list[str]:
    return [shown[row] for row in STATUSES]


def test_a_killed_server_is_started_again_and_answers_from_its_store(
    calc: Calc, launched: Home, calls: Calls, workbook: Path
) -> None:
    calc.awake()
    with calc.document(workbook) as document:
        before = _shown(calc, document)
        _figures(before)
        first, paid = status(launched), launched.server()
        assert calls.distinct() == {*NAMES, "SPY", "QQQ"}
        asked = len(calls)

        kill(launched)
        # The add-in's memory still has the old questions: one that it does not know makes sure that it goes to the server.
        calc.set(document, "Sheet", "B1", 7.0)
        calc.recalculate(document)
        other = _shown(calc, document)
        second = launched.server()
        assert paid is not None
        assert second is not None
        assert second.boot != paid.boot
        assert _figures(other)[:4] != _figures(before)[:4]
        assert other[5:] == before[5:]

        # Another server is a reason to forget: the old questions are asked again, and answered from the store.
        calc.set(document, "Sheet", "B1", 1.0)
        calc.recalculate(document)
        assert _shown(calc, document) == before
        after = status(launched)
    assert len(calls) == asked
    assert (after.source_calls, after.symbols_fetched, after.symbols_known) == (0, 0, 6)
    assert after.debits_total == first.debits_total == asked
    assert after.requests > 0


def _kill(home: Home, **source: str) -> None:
    change_config(home.config_file, **source)
    kill(home)


def _kill_first(home: Home, **source: str) -> None:
    kill(home)
    change_config(home.config_file, **source)


def _terminate(home: Home, **source: str) -> None:
    change_config(home.config_file, **source)
    kill(home, signal.SIGTERM)


@pytest.mark.parametrize(
    "change",
    [_kill, _kill_first, _terminate],
    ids=lambda change: change.__name__[1:],
)
def test_another_source_changes_every_cell_and_none_shows_the_last_ones_figure(
    calc: Calc, launched: Home, workbook: Path, shared_data: Path, change: Callable[..., None]
) -> None:
    """Nor from the add-in's memory, which still knows each of these questions."""
    folder = str(shared_data / "chains" / "basket_2026-07-10")
    calc.awake()
    with calc.document(workbook) as document:
        sample = _shown(calc, document)
        change(launched, source="chain-files", chain_folder=folder)
        calc.recalculate(document)
        chains = _shown(calc, document)
        kill(launched)
        calc.recalculate(document)
        assert _shown(calc, document) == chains
        change(launched if launched.is_served() else _served(calc, document, launched), source="sample")
        calc.recalculate(document)
        again = _shown(calc, document)
    assert all(text.startswith(SAMPLE) for text in _statuses(sample))
    assert all(text.startswith(CHAINS) for text in _statuses(chains))
    assert not set(_figures(sample)) & set(_figures(chains))
    assert again == sample


def test_the_command_source_changes_every_cell_while_the_server_lives(
    calc: Calc, fresh_home: Home, workbook: Path, shared_data: Path
) -> None:
    folder = str(shared_data / "chains" / "basket_2026-07-10")
    with Server(fresh_home.path):
        calc.awake()
        with calc.document(workbook) as document:
            shown = [_shown(calc, document)]
            for arguments in (["chain-files", "--folder", folder], ["sample"]):
                assert main(["--home", str(fresh_home.path), "source", *arguments]) == 0
                calc.recalculate(document)
                shown.append(_shown(calc, document))
    sample, chains, again = shown
    assert all(text.startswith(SAMPLE) for text in _statuses(sample))
    assert all(text.startswith(CHAINS) for text in _statuses(chains))
    assert not set(_figures(sample)) & set(_figures(chains))
    assert again == sample


def test_what_the_old_server_said_after_the_change_dies_with_it(
    calc: Calc, launched: Home, workbook: Path, shared_data: Path
) -> None:
    folder = str(shared_data / "chains" / "basket_2026-07-10")
    calc.awake()
    with calc.document(workbook) as document:
        sample = _shown(calc, document)
        change_config(launched.config_file, source="chain-files", chain_folder=folder)
        calc.recalculate(document)
        assert _shown(calc, document) == sample  # the running server goes on with what it began with
        kill(launched)
        calc.recalculate(document)
        chains = _shown(calc, document)
    assert all(text.startswith(CHAINS) for text in _statuses(chains))
    assert not set(_figures(sample)) & set(_figures(chains))


def _served(calc: Calc, document: Any, home: Home) -> Home:
    """Make the add-in start the server: memory may have answered so far."""
    calc.set(document, "Sheet", "F1", '=BASKETGEX("IWM")')
    assert calc.cell(document, "Sheet", "F1")
    return home
