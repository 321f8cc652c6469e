"""Every function, in the shapes that a sheet gives its arguments: the browser's cell is what the worksheet functions say."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from basketgex_addin.functions import FUNCTIONS, Function, Shape
from tests.addin.web.hosts import WebHost
from tests.e2e.web.browser import SHEET, Workbook

ROWS = 200  # of the sheet, and so of a whole column
CELLS: dict[str, Any] = {
    **dict(zip(("F1", "G1", "F2", "G2"), ("NVDA", "AMD", "AVGO", "MU"), strict=True)),
    **dict(zip(("H1", "I1", "H2", "I2"), (1, 2, 3, 4), strict=True)),
    "J1": "NVDA",
    "J3": "AMD",
    "K1": 1,
    "K3": 2,
    "L1": "NVDA",
    "N1": "NVDA",
    "O1": "NVDA",
}
ERRORS = {"L2": "=1/0", "O2": "=NA()"}


class Given(NamedTuple):
    """Symbols and weights, as a formula writes them and as a request has them."""

    symbols: str
    weights: str
    said: tuple[Any, Any]


SHAPES = {
    "ranges": Given("A1:A3", "B1:B3", ([["NVDA"], ["AMD"], ["AVGO"]], [[50], [30], [20]])),
    "one name": Given('"NVDA"', "", ("NVDA", None)),
    "block": Given("F1:G2", "H1:I2", ([["NVDA", "AMD"], ["AVGO", "MU"]], [[1, 2], [3, 4]])),
    "blank cells": Given("J1:J4", "K1:K4", ([["NVDA"], [None], ["AMD"], [None]], [[1], [None], [2], [None]])),
    "text list": Given('"NVDA,AMD"', "", ("NVDA,AMD", None)),
    "error cell": Given("L1:L2", "", ([["NVDA"], [{"e": "#DIV/0!"}]], None)),
    "error cell #N/A": Given("O1:O2", "", ([["NVDA"], [{"e": "#N/A"}]], None)),
    "whole column": Given("N:N", "", ([["NVDA"], *[[None]] * (ROWS - 1)], None)),
    "too few weights": Given("A1:A3", "B1:B2", ([["NVDA"], ["AMD"], ["AVGO"]], [[50], [30]])),
}


def arguments(function: Function, given: Given) -> tuple[list[str], list[Any]]:
    """What is written between the brackets, and what is sent."""
    written: list[str] = []
    sent: list[Any] = []
    by_name = {
        "symbols": (given.symbols, given.said[0]),
        "symbol": (given.symbols, given.said[0]),
        "weights": (given.weights, given.said[1]),
        "money": (given.weights, given.said[1])
        if given.weights
        else ("B1", 50),  # of no shape is it left out
        "index": ('"SPX"', "SPX"),
        "trigger": ("B1", 50),
        "reference": ("A1", []),
    }
    for argument in function.arguments:
        text, value = by_name.get(argument.name, ("", None))
        written.append(text)
        sent.append(value)
    while written and not written[-1]:
        written.pop()
        sent.pop()
    return written, sent


OTHERS = [function for function in FUNCTIONS if not function.volatile]
"""An age is of its moment, and once it was asked for BASKETWHY says more: it has a test of its own."""


@pytest.mark.parametrize("shape", SHAPES)
def test_every_function(book: Workbook, host: WebHost, shape: str) -> None:
    book.page.evaluate(
        f"all => {{ for (const [a, v] of Object.entries(all)) {SHEET}.getRange(a).setValue(v); }}", CELLS
    )
    book.put(ERRORS)
    written = {function.name: arguments(function, SHAPES[shape]) for function in OTHERS}
    asked = [[name, sent] for name, (_, sent) in written.items()]
    formulas: dict[str, str] = {}
    for row, function in enumerate(OTHERS, 20):
        call = f"{function.name}({','.join(written[function.name][0])})"
        if function.shape is Shape.TABLE:  # its first cell, its last, and how many there are
            formulas[f"R{row}"] = f"=INDEX({call},1,1)"
            formulas[f"S{row}"] = f"=INDEX({call},ROWS({call}),COLUMNS({call}))"
            formulas[f"T{row}"] = f"=ROWS({call})*COLUMNS({call})"
        else:
            formulas[f"R{row}"] = f"={call}"
    book.put(formulas)
    book.until(
        f"n => {SHEET}.getRange(`R20:R${{n}}`).getRawValues().every(([v]) => v !== null)", 19 + len(OTHERS)
    )
    book.calm()

    # Once others have asked in vain BASKETWHY says so: a cell that was calculated before them says OK.
    for row, (function, shown) in enumerate(zip(OTHERS, host.cells(*asked), strict=True), 20):
        found = [book.value(f"{column}{row}") for column in "RST"]
        if isinstance(shown, dict):
            assert found[0] == shown["e"], function.name
            why = book.page.evaluate(
                f"r => basketgex.engine.reasonsOf({{ unitId: {SHEET}.getRange('A1').getUnitId(), "
                f"sheetId: {SHEET}.getSheetId(), row: r, column: 17 }})",
                row - 1,
            )
            assert why == ([shown["why"]] if "why" in shown else []), function.name
        elif isinstance(shown, list):
            first, last = (as_shown(cell) for cell in (shown[0][0], shown[-1][-1]))
            moves = function.name == "BASKETQUOTA"  # what it saved grows by asking
            assert found == [first, found[1] if moves else last, len(shown) * len(shown[0])], function.name
        else:
            before = function.name == "BASKETWHY" and found[0] == "OK"
            assert before or (found[0] or "") == (shown or ""), function.name


def test_an_age(book: Workbook) -> None:
    """Figures of a fixed past moment have none; asking for it asks nobody, and it is looked at again by itself."""
    book.put({"D1": '=BASKETAGE("AAPL")'})
    book.shows("D1", "#N/A")
    book.put({"D2": '=BASKETCOUNT("AAPL")', "D3": '=BASKETWHY("AAPL")'})
    book.shows("D2", 1)
    book.shows(
        "D3", "These figures are of a fixed past moment, so they have no age: BASKETASOF gives the moment."
    )


def as_shown(cell: Any) -> Any:
    return cell["e"] if isinstance(cell, dict) else "" if cell is None else cell
