"""What hangs on a table that spilled shows what the table shows now, through however many tables."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.web.browser import SHEET, Workbook

PENDING = "#GETTING_DATA"
NAMES = ["AMD", "AVGO", "NVDA"]


def cells(book: Workbook, *names: str) -> list[Any]:
    return [book.value(name) for name in names]


def settled(book: Workbook, formulas: dict[str, str]) -> None:
    """Write formulas, and wait until those that are looked at have a value: on a busy machine their calculation begins late."""
    book.put(formulas)
    begun = f"names => names.every(a => ![null, undefined, {PENDING!r}].includes({SHEET}.getRange(a).getRawValue()))"
    book.until(begun, [name for name in formulas if name.startswith("S")])
    book.calm()


def set_value(book: Workbook, cell: str, value: Any) -> None:
    book.page.evaluate(f"([a, v]) => {SHEET}.getRange(a).setValue(v)", [cell, value])
    book.calm()


def again(book: Workbook, *names: str) -> None:
    """Calculating everything anew changes nothing: what was there was not what had stood there before."""
    before = cells(book, *names)
    book.page.evaluate("basketgex.univerAPI.getFormula().executeCalculation()")
    book.calm()
    assert cells(book, *names) == before


CHAINS = {
    "a table that SORT puts in order": {"D1": "=SORT(BASKET(A1:A3,B1:B3),1)", "S1": "=D1", "S2": "=D2&D3"},
    "a table within a table's cells": {
        "D1": "=SORT(BASKET(A1:A3),1)",
        "P1": "=SORT(D1:D3,1,-1)",
        "R1": "=SORT(P1:P3,1)",
        "S1": "=R1",
        "S2": "=R2&R3",
    },
    "backwards, from right to left and from below": {
        "P10": "=SORT(BASKET(A1:A3),1)",
        "L5": "=IF(ISTEXT(P11:P12),P11:P12,0)",
        "H3": "=IF(ISTEXT(L6),L6,0)",
        "S1": "=P10",
        "S2": "=L5&H3",
    },
    "a table that a formula tests": {
        "D1": "=IF(ROWS(BASKET(A1:A3))=3,SORT(BASKET(A1:A3),1),0)",
        "S1": "=INDEX(D1:D3,1)",
        "S2": "=INDEX(D1:D3,2)&LOOKUP(2,1/(D1:D3<>0),D1:D3)",
    },
}


@pytest.mark.parametrize("kind", CHAINS)
def test_through_tables_of_other_formulas(book: Workbook, kind: str) -> None:
    settled(book, CHAINS[kind])
    assert cells(book, "S1", "S2") == ["AMD", "AVGONVDA"]
    set_value(book, "A1", "TSM")
    assert cells(book, "S1", "S2") == ["AMD", "AVGOTSM"]
    again(book, "S1", "S2")


def test_a_table_that_becomes_smaller_and_goes(book: Workbook) -> None:
    settled(
        book,
        {
            "D1": "=SORT(BASKET(A1:A3),1)",
            "S1": "=COUNTA(D1:D9)",
            "S2": "=D3",
            "S3": '=IF(D2="","none",D2)',
            "S4": "=IFERROR(D1,0)",
        },
    )
    assert cells(book, "S1", "S2", "S3", "S4") == [3, "NVDA", "AVGO", "AMD"]
    set_value(book, "A3", "")  # weights for a blank symbol are refused: the table is an error
    set_value(book, "B3", "")
    assert cells(book, "S1", "S3", "S4") == [2, "NVDA", "AMD"]
    set_value(book, "A1", "NO SUCH NAME!")
    assert cells(book, "S1", "S3", "S4") == [1, "none", 0]
    set_value(book, "A1", "NVDA")
    assert cells(book, "S1", "S3", "S4") == [2, "NVDA", "AMD"]
    again(book, "S1", "S2", "S3", "S4")


def test_one_request_for_cells_that_hang_on_each_other(book: Workbook) -> None:
    """What the cells ask for once they are calculated, and not what they asked for on the way."""
    settled(
        book,
        {
            "D1": "=SORT(BASKET(A1:A3),1)",
            "S1": '=IF(ISTEXT(D3),BASKETCOUNT(D1:D3),BASKETGEX("ZZQ"))',
            "S2": '=IF(COUNTA(D1:D9)=3,1,BASKETGEX("ZZR"))',
        },
    )
    assert cells(book, "S1", "S2") == [3, 1]
    assert [call for call in book.asked if "ZZ" in str(call)] == []
