"""What a formula does not need is not asked for: on a metered source it would cost."""

from __future__ import annotations

from tests.e2e.web.browser import Workbook

DEAD = 'BASKETGEX("ZZQ")'
LIVE = 'BASKETCOUNT("NVDA")'
FORMULAS = {
    f"=IF(FALSE,{DEAD},1)": 1,
    f"=IF(TRUE,1,{DEAD})": 1,
    f"=IF(Z90,{DEAD},2)": 2,
    f'=IF(A1="NVDA",{LIVE},{DEAD})': 1,
    f"=IF(FALSE,{DEAD})": 0,
    f"=IF(TRUE,IF(FALSE,{DEAD},3),{DEAD})": 3,
    f"=IFERROR({LIVE},{DEAD})": 1,
    f"=IFERROR(5,{DEAD})": 5,
    f"=IFNA({LIVE},{DEAD})": 1,
    f"=IF(ISERROR({LIVE}),{DEAD},4)": 4,
    f"=IF(ISNUMBER({LIVE}),6,{DEAD})": 6,
    f"=IF({LIVE}>0,7,{DEAD})": 7,
    f"=IF(IFERROR({LIVE},0)=1,8,{DEAD})": 8,
    f"=CHOOSE(2,{DEAD},9,{DEAD})": 9,
    f'=IFERROR({LIVE}+"x",10)': 10,
    "=IF(Z91,Z92,11)": 11,
}


def test_dead_branches_ask_nothing(book: Workbook) -> None:
    cells = {f"D{at}": formula for at, formula in enumerate(FORMULAS, 1)}
    for cell, formula in cells.items():  # one after the other: which of them asks is to be seen
        value = FORMULAS[formula]
        book.put({cell: formula})
        book.shows(cell, value)
        book.calm()
        asked = [call for call in book.asked if "ZZQ" in str(call)]
        assert (formula, book.value(cell), asked) == (formula, value, [])


def test_what_is_needed_is_asked_for_once(book: Workbook) -> None:
    book.put({f"D{at}": formula for at, formula in enumerate(FORMULAS, 1)})
    for at, value in enumerate(FORMULAS.values(), 1):
        book.shows(f"D{at}", value)
    book.calm()
    assert [call[0] for call in book.asked] == ["BASKETCOUNT"]
