"""The add-in's own VBA, run by LibreOffice with real ranges and cells; a class of Basic stands for Python."""

from __future__ import annotations

import pytest

from basketgex_addin.excel import vba
from basketgex_addin.functions import FUNCTIONS
from tests.e2e.vba.observed import ANSWERS, OTHERS, observed
from tests.e2e.vba.office import Book

UNREACHED = "The Python side of Basket GEX did not answer. Run basketgex doctor in a terminal."


def test_what_answer_comes_to_and_what_python_was_asked(book: Book) -> None:
    assert observed(book) == ANSWERS | OTHERS


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        ("=BASKETGEX(A1:A3;B1:B3)", "4711.25"),
        ("=BASKETDEX(A1:A3;B1:B3)", "Error 2042"),
        ("=BASKETVEX(A1:A3;B1:B3)", "Error 2042"),
        ("=BASKETSTATUS(A1:A3;B1:B3)", "#N/A"),
        ("=BASKETWHY(A1:A3;B1:B3;2)", "BASKETWHY Range 3x1 Range 3x1 Double Empty"),
        ("=BASKETWHY(A:A;B:B;2)", "BASKETWHY Range 3x1 Range 3x1 Double Empty"),
        ("=BASKETWHY(A1:A1000000;B1:B1000000;2)", "BASKETWHY Range 3x1 Range 3x1 Double Empty"),
        ('=BASKETWHY("NVDA,AMD";1.5;"all")', "BASKETWHY String Double String Empty"),
    ],
)
def test_a_wrapper_in_a_cell(book: Book, formula: str, shown: str) -> None:
    cell = book.cell("D1")
    cell.Formula = formula
    assert cell.String == shown


def test_a_table_fills_the_cells_of_its_formula(book: Book) -> None:
    area = book.cell("F1:G2")
    area.setArrayFormula("=BASKET(A1:A3;B1:B3;TRUE())")
    assert area.getDataArray()[0] == ("NVDA", 1.5)
    assert area.getCellByPosition(1, 1).String == "Error 2042"


def test_every_wrapper_hands_all_of_its_arguments_on(book: Book) -> None:
    for function in FUNCTIONS:
        given = ", ".join('"NVDA"' for _ in function.arguments)
        told, asked = book.told(f"{function.name}({given})")
        assert asked.split() == [function.name, *["String"] * len(function.arguments), "Empty"]
        assert not told.startswith("ERROR"), told


def test_a_python_that_is_away_is_said_to_be_and_left_alone_for_a_while(book: Book) -> None:
    assert book.run(f"{vba.HOST}.Commanded", "quota") == "quota of 0"
    assert book.run(f"{vba.HOST}.Commanded", "opened", "Book1.xlsx") == "opened of 1"
    book.run("xlwings.GoAway", True)
    before = book.run("xlwings.Tried")
    assert book.run(f"{vba.HOST}.Commanded", "quota") == UNREACHED
    assert book.run("xlwings.Tried") == before + 1
    book.run("xlwings.GoAway", False)
    assert book.run(f"{vba.HOST}.Commanded", "quota") == UNREACHED
    book.cell("D1").Formula = "=BASKETGEX(A1:A3;B1:B3)"
    assert book.cell("D1").String == "Error 2042"
    assert book.run("xlwings.Tried") == before + 1


def test_auto_refresh_is_planned_and_ended(book: Book) -> None:
    assert book.run(f"{vba.HOST}.AutoSeconds") == 0
    book.run(f"{vba.HOST}.StartAuto", 300)
    assert book.run(f"{vba.HOST}.AutoSeconds") == 300
    book.run(f"{vba.HOST}.StopAuto")
    assert book.run(f"{vba.HOST}.AutoSeconds") == 0


def test_the_wizard_asks_nothing(book: Book) -> None:
    answer = f"{vba.HOST}.Answer"
    assert book.run(answer, "BASKETGEX", ("NVDA", "")) == 4711.25
    book.run("xlwings.OpenWizard")
    before = book.run("xlwings.Heard")
    assert book.run(answer, "BASKETWHY", ("NVDA", "")) != before
    assert book.run("xlwings.Heard") == before
