"""500 cells and no answer: whatever is wrong with the server, they end within one deadline in all."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openpyxl
import pytest

from basketgex.home import Home
from basketgex_addin.client import problems
from basketgex_addin.patience import DEADLINE, VARIABLE
from tests.e2e.calc.harness import NOT_AVAILABLE, VALUE, Calc, Error, running_calc
from tests.e2e.counting import Calls, Gate
from tests.e2e.serving import Server

CELLS = 500
LEEWAY = 5.0
"""For Calc itself, on a machine that has other things to do."""
BESIDE: dict[str, float | str | Error | None] = {
    '=BASKETWHY("NVDA")': None,
    "=BASKETWHY(A250:B250,C250:D250)": None,
    "=BASKETWHY(A1:B1,C1:D1)": None,
    '=BASKETGEX(A1,"heavy")': VALUE,
    '=BASKETWHY(A1,"heavy")': 'Entry 1 of the weights is "heavy": a weight must be a number.',
    "=BASKETGEX(A1:B1,C1:C3)": VALUE,
    "=BASKETWHY(A1:B1,C1:C3)": "2 symbols but 3 weights: give one weight beside each symbol, or none at all.",
    "=BASKETGEX(Z1:Z3)": VALUE,
    "=IFERROR(BASKETGEX(A1:B1),-1)": -1,
    "=ISNA(BASKETGEX(A1:B1))": 1,
}
"""What stands beside the 500 cells, and what it shows; None: the sentence that says what is wrong with the server."""
TOO_SLOW = ("The source did not answer in time. Recalculate to ask again.", problems.TIMED_OUT.sentence)
"""Whichever comes first: the server knows the caller's deadline and answers just before it."""


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """500 questions that all differ; those of every tenth cell cannot be read ahead."""
    return _written(tmp_path / "cells.xlsx", unforeseen=10)


@pytest.fixture
def constants(tmp_path: Path) -> Path:
    """500 questions that all differ and can be read ahead."""
    return _written(tmp_path / "constants.xlsx")


def _written(path: Path, unforeseen: int = CELLS + 1) -> Path:
    """Write the workbook; every so many cells one cannot be read ahead, and bad input stands beside."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in range(1, CELLS + 1):
        sheet.cell(row, 1, "NVDA")
        sheet.cell(row, 2, "AMD" if row % unforeseen else '=IF(TRUE,"AMD","")')
        sheet.cell(row, 3, row)
        sheet.cell(row, 4, 1)
        sheet.cell(row, 5, f"=BASKETGEX(A{row}:B{row},C{row}:D{row})")
    for row, formula in enumerate(BESIDE, start=1):
        sheet.cell(row, 7, formula)
    book.save(path)
    return path


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def own_calc(soffice: Path, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Calc]:
    """A Calc of its own: for two seconds after a failure the add-in answers every question with it."""
    monkeypatch.delenv(VARIABLE)
    home.create()
    with running_calc(soffice, tmp_path / "office", home.path) as running:
        yield running


@contextmanager
def within(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


def _open(calc: Calc, workbook: Path, *sentences: str) -> None:
    with within(DEADLINE + LEEWAY), calc.document(workbook) as document:
        shown = [row[0] for row in calc.cells(document, "Sheet", f"E1:E{CELLS}")]
        beside = [row[0] for row in calc.cells(document, "Sheet", f"G1:G{len(BESIDE)}")]
    assert set(shown) == {NOT_AVAILABLE}
    assert beside[0] in sentences
    assert beside == [beside[0] if value is None else value for value in BESIDE.values()]


def test_no_server_and_no_way_to_start_one(own_calc: Calc, workbook: Path) -> None:
    _open(own_calc, workbook, problems.LAUNCH_NOT_RECORDED.sentence)


def test_a_start_command_that_ends_at_once(own_calc: Calc, home: Home, workbook: Path) -> None:
    home.write_launch((sys.executable, "-c", ""), ())
    _open(own_calc, workbook, problems.START_FAILED.sentence)


def test_a_start_command_that_is_not_there(
    own_calc: Calc, home: Home, workbook: Path, tmp_path: Path
) -> None:
    home.write_launch((str(tmp_path / "gone"),), ())
    _open(own_calc, workbook, problems.START_FAILED.sentence)


def test_a_server_that_hangs(own_calc: Calc, home: Home, workbook: Path) -> None:
    with Server(home.path) as server:
        os.kill(server.process.pid, signal.SIGSTOP)
        try:
            _open(own_calc, workbook, problems.TIMED_OUT.sentence)
        finally:
            os.kill(server.process.pid, signal.SIGCONT)


def test_a_source_that_hangs(own_calc: Calc, home: Home, constants: Path, gate: Gate, tmp_path: Path) -> None:
    calls = Calls(tmp_path, gate)
    with Server(home.path, command=calls.command), gate:
        _open(own_calc, constants, *TOO_SLOW)
        assert calls.distinct() == {"NVDA", "AMD"}


def test_a_source_that_hangs_and_questions_that_cannot_be_read_ahead(
    own_calc: Calc, home: Home, gate: Gate, tmp_path: Path
) -> None:
    calls = Calls(tmp_path, gate)
    two = _written(tmp_path / "two.xlsx", unforeseen=250)
    with Server(home.path, command=calls.command), gate:
        _open(own_calc, two, *TOO_SLOW)


def test_a_server_that_refuses_the_token(own_calc: Calc, home: Home, workbook: Path) -> None:
    with Server(home.path):
        home.token_file.write_text("of another home", "ascii")
        _open(own_calc, workbook, problems.TOKEN_REFUSED.sentence)


def test_a_server_that_was_killed_and_cannot_be_started_again(
    own_calc: Calc, home: Home, workbook: Path
) -> None:
    with Server(home.path) as server:
        own_calc.awake()
        server.kill()
        _open(own_calc, workbook, problems.LAUNCH_NOT_RECORDED.sentence)
