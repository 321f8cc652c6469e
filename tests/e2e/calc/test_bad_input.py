"""Bad input through the real host: each kind ends in its documented state, with a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import openpyxl
import pytest

from tests.e2e.calc.harness import NOT_AVAILABLE, VALUE, Calc, Error
from tests.e2e.serving import Server, fresh, status

Cell = str | float | bool | None
OWN_ERROR = Error(532)
"""Of =1/0."""
ERROR_IN_RANGE = Error(504)
"""Calc's own, for a function of an add-in: it does not call the function."""


@dataclass(frozen=True)
class Case:
    """Two arguments: columns of cells from A2 and B2, or texts as they stand in the formula.

    ``state`` is what the functions show; ``why`` what BASKETWHY says, or the error it shows where Calc never calls it.
    """

    symbols: tuple[Cell, ...] | str
    weights: tuple[Cell, ...] | str | None
    state: Error
    why: str | Error


PAIR = ("NVDA", "AMD")
LONG = tuple(f"X{n}" for n in range(1_001))
CASES = {
    "too few weights": Case(
        (*PAIR, "TSLA"),
        (1.0, 2.0),
        VALUE,
        "3 symbols but 2 weights: give one weight beside each symbol, or none at all.",
    ),
    "too many weights": Case(
        PAIR,
        (1.0, 2.0, 3.0),
        VALUE,
        "2 symbols but 3 weights: give one weight beside each symbol, or none at all.",
    ),
    "negative weight": Case(
        PAIR,
        (1.0, -2.0),
        VALUE,
        "The weight of AMD is negative: weights must be 0 or more. For a short leg use a basket of its own.",
    ),
    "text as weight": Case(
        PAIR, (1.0, "heavy"), VALUE, 'Row 2 of the weights is "heavy": a weight must be a number.'
    ),
    "weights all zero": Case(
        PAIR, (0.0, 0.0), VALUE, "The weights are all zero: give at least one name a weight."
    ),
    "weights all blank": Case(
        PAIR, (None, None), VALUE, "The weights are all zero: give at least one name a weight."
    ),
    "weight beside a blank symbol": Case(
        ("NVDA", None, "AMD"),
        (1.0, 2.0, 3.0),
        VALUE,
        "Row 2 has a weight but no symbol: write the ticker or clear the weight.",
    ),
    "error among the symbols": Case(("NVDA", "=1/0"), None, ERROR_IN_RANGE, ERROR_IN_RANGE),
    "error among the weights": Case(PAIR, (1.0, "=NA()"), ERROR_IN_RANGE, ERROR_IN_RANGE),
    "one cell, and an error": Case(("=1/0",), None, OWN_ERROR, OWN_ERROR),
    "empty range": Case((None, None, None), None, VALUE, "No symbols: give at least one ticker."),
    "empty range and empty weights": Case(
        (None, None), (None, None), VALUE, "No symbols: give at least one ticker."
    ),
    "blanks only": Case(("  ", " "), None, VALUE, "No symbols: give at least one ticker."),
    "empty text": Case('""', None, VALUE, "No symbols: give at least one ticker."),
    "1,001 names": Case(
        LONG, None, VALUE, "1,001 distinct symbols: a basket may have 1,000. Split it or shorten the range."
    ),
    "1,001 names and weights": Case(
        LONG,
        (1.0,) * 1_001,
        VALUE,
        "1,001 distinct symbols: a basket may have 1,000. Split it or shorten the range.",
    ),
    "quote in a symbol": Case(("NVDA", 'A"MD'), None, VALUE, '"A?MD" is not a ticker: correct or clear it.'),
    "apostrophe in a symbol": Case(
        ("NVDA", "A'MD"), None, VALUE, '"A?MD" is not a ticker: correct or clear it.'
    ),
    "quote in a text": Case('"NVDA,A""MD"', None, VALUE, '"A?MD" is not a ticker: correct or clear it.'),
    "newline in a symbol": Case(
        ("NVDA", "AM\nD"), None, VALUE, '"AM?D" is not a ticker: correct or clear it.'
    ),
    "newline in a text": Case(
        '"NV"&CHAR(10)&"DA"', None, VALUE, '"NV?DA" is not a ticker: correct or clear it.'
    ),
    "no ticker at all": Case(
        ("NVDA", "the whole of my portfolio, please"),
        None,
        VALUE,
        '"the whole of my portfoli…" is not a ticker: correct or clear it.',
    ),
    "number as symbol": Case(
        ("NVDA", 7.0), None, VALUE, "Row 2 of the symbols is a number: write the ticker as text."
    ),
    "infinite weight": Case(PAIR, (1e308, 1e308), VALUE, "The weights are too large to add up."),
    "no data": Case(
        ("ZZZZ", "YYYY"), None, NOT_AVAILABLE, "The source has no data for ZZZZ, YYYY: check the spelling."
    ),
    "no data where there is weight": Case(
        ("ZZZZ", "NVDA"),
        (1.0, 0.0),
        NOT_AVAILABLE,
        "None of the names that have a weight has data: check the tickers, or give other names a weight.",
    ),
}
FUNCTIONS = ("GEX", "DEX", "REGIME", "MISSING", "COVERAGE", "STATUS", "")


@pytest.fixture(scope="module")
def document(calc: Calc, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A sheet a case: the functions in D, then IFERROR, ISNA, ISERROR and BASKETWHY; and one sheet of whole columns."""
    book = openpyxl.Workbook()
    for name, case in CASES.items():
        sheet = book.create_sheet(name)
        texts = []
        for column, argument in enumerate((case.symbols, case.weights), start=1):
            if isinstance(argument, str):
                texts.append(argument)
            elif argument is not None:
                for row, value in enumerate(argument, start=2):
                    sheet.cell(row, column, value)
                letter, last = "AB"[column - 1], 1 + len(argument)
                texts.append(f"{letter}2:{letter}{last}" if last > 2 else f"{letter}2")
        arguments = ",".join(texts)
        gex = f"BASKETGEX({arguments})"
        calls = (
            *(f"BASKET{function}({arguments})" for function in FUNCTIONS),
            f"IFERROR({gex},-1)",
            f"ISNA({gex})",
            f"ISERROR({gex})",
            f"BASKETWHY({arguments})",
        )
        for row, call in enumerate(calls, start=2):
            sheet.cell(row, 4, f"={call}")
    whole = book.create_sheet("Whole columns")
    for row, (symbol, weight) in enumerate(
        (("NVDA", 3), ("AMD", 2), (None, None), ("ZZZZ", 4), ("SPY", 1)), start=1
    ):
        whole.cell(row, 1, symbol)
        whole.cell(row, 2, weight)
    for row, (function, all_of_it, trimmed) in enumerate(WHOLE, start=1):
        whole.cell(row, 4, f"=BASKET{function}({all_of_it})")
        whole.cell(row, 5, f"=BASKET{function}({trimmed})")
    del book["Sheet"]
    path = tmp_path_factory.mktemp("bad") / "bad.xlsx"
    book.save(path)
    with fresh(calc.home) as home, Server(calc.home):
        calc.awake()
        with calc.document(path) as opened:
            yield opened
            assert status(home).last_problem == ""


WHOLE = (
    ("GEX", "A:A,B:B", "A1:A5,B1:B5"),
    ("GEX", "A:A", "A1:A5"),
    ("STATUS", "A:A,B:B", "A1:A5,B1:B5"),
)


@pytest.mark.parametrize("name", CASES)
def test_its_state(calc: Calc, document: Any, name: str) -> None:
    shown = [row[0] for row in calc.cells(document, name, f"D2:D{1 + len(FUNCTIONS)}")]
    assert shown == [CASES[name].state] * len(FUNCTIONS)


@pytest.mark.parametrize("name", CASES)
def test_its_sentence(calc: Calc, document: Any, name: str) -> None:
    assert calc.cell(document, name, f"D{5 + len(FUNCTIONS)}") == CASES[name].why


@pytest.mark.parametrize("name", CASES)
def test_the_sheet_can_catch_it(calc: Calc, document: Any, name: str) -> None:
    first = 2 + len(FUNCTIONS)
    shown = [row[0] for row in calc.cells(document, name, f"D{first}:D{first + 2}")]
    assert shown == [-1, CASES[name].state == NOT_AVAILABLE, True]


def test_a_whole_column_is_its_used_cells(calc: Calc, document: Any) -> None:
    shown = calc.cells(document, "Whole columns", f"D1:E{len(WHOLE)}")
    assert all(left == right and left and not isinstance(left, Error) for left, right in shown), shown
    assert "no data: ZZZZ" in str(shown[2][0])
