"""What running the VBA comes to, all of it at once: a planted mistake shows as a difference."""

from __future__ import annotations

from basketgex_addin.excel import vba
from tests.e2e.vba.office import Book

ELSEWHERE = r"='C:\x y\basketgex.xlam'!BASKETGEX(A1)+basketgex.xlam!BASKETDEX(A1)"

TWICE = r"='C:\a\basketgex.xlam'!BASKETGEX(A1)/'D:\b c\BasketGEX.xlam'!BASKETGEX(B1)"
OTHER_BOOK = "='other book.xlsx'!A1+BASKETGEX(A1)"

ANSWERS = {
    'Answer("BASKETGEX", Array("NVDA", 1, Empty))': ("Double 4711.25", "BASKETGEX String Integer Empty"),
    'Answer("BASKETGEX", Array(Range("A1:A3"), Range("B1:B3"), Range("D1")))': (
        "Double 4711.25",
        "BASKETGEX Range 3x1 Range 3x1 Range 1x1 of a cell in a book",
    ),
    'Answer("BASKET", Array(Range("A1:A3"), Range("D1")))': (
        "String NVDA, Double 1.5 / String ZZZZ, Error Error 2042",
        "BASKET Range 3x1 Range 1x1 of a cell in a book",
    ),
    'Answer("BASKETDIST", Array(Range("A1:A3"), Empty))': (
        "String AMD, Error Error 2015, Double -2.5",
        "BASKETDIST Range 3x1 Empty",
    ),
    'Answer("BASKETDEX", Array(Range("A1"), Empty))': ("Error Error 2042", "BASKETDEX Range 1x1 Empty"),
    'Answer("BASKETSTATUS", Array(Range("A1"), Empty))': ("String #N/A", "BASKETSTATUS Range 1x1 Empty"),
    # whole columns end where the sheet's cells do, equally for all; a single one stays
    'Answer("BASKETGEX", Array(Range("A:A"), Range("B:B"), Empty))': (
        "Double 4711.25",
        "BASKETGEX Range 3x1 Range 3x1 Empty",
    ),
    'Answer("BASKETGEX", Array(Range("A:A"), Range("D1"), Empty))': (
        "Double 4711.25",
        "BASKETGEX Range 3x1 Range 1x1 Empty",
    ),
    'Answer("BASKETGEX", Array(Range("A2:A2001"), Range("B1:B2000"), Empty))': (
        "Double 4711.25",
        "BASKETGEX Range 3x1 Range 3x1 Empty",
    ),
    'Answer("BASKETGEX", Array(Range("A1:A2000"), Range("B1:B1999"), Empty))': (
        "Double 4711.25",
        "BASKETGEX Range 2000x1 Range 1999x1 Empty",
    ),
    'Answer("BASKETGEX", Array(Range("A1:A999"), Empty))': ("Double 4711.25", "BASKETGEX Range 999x1 Empty"),
    # cells with formulas, which are calculated here: nothing has to wait for them
    'Answer("BASKETGEX", Array(Range("C1:C3"), Empty))': ("Double 4711.25", "BASKETGEX Range 3x1 Empty"),
    'Answer("BASKETGEX", Array(Range("C1"), Empty))': ("Double 4711.25", "BASKETGEX Range 1x1 Empty"),
    'Answer("BASKETGEX", Array(Range("A1,A3"), Empty))': ("Error Error 2015", "nothing"),
}
OTHERS = {
    'IsOurs("=1+BASKETGEX(A1:A3)")': ("Boolean True", "nothing"),
    'IsOurs("=1+basketgex(A1:A3)")': ("Boolean True", "nothing"),
    'IsOurs("=SUM(A1:A3)")': ("Boolean False", "nothing"),
    'IsOurs("BASKETGEX(A1:A3)")': ("Boolean False", "nothing"),
    f'WithoutPath("{ELSEWHERE}")': ("String =BASKETGEX(A1)+BASKETDEX(A1)", "nothing"),
    'WithoutPath("=SUM(A1)")': ("String =SUM(A1)", "nothing"),
    f'WithoutPath("{TWICE}")': ("String =BASKETGEX(A1)/BASKETGEX(B1)", "nothing"),
    f'WithoutPath("{OTHER_BOOK}")': (f"String {OTHER_BOOK}", "nothing"),
    'WithoutPath("=BASKETGEX.XLAM!BASKETGEX(A1)")': ("String =BASKETGEX(A1)", "nothing"),
    "AutoSeconds()": ("Long 0", "nothing"),
    "TickName()": ("String 'basketgex.xlam'!BasketGexTick", "nothing"),
}


def observed(book: Book) -> dict[str, tuple[str, str]]:
    """Return for every expression what it came to and what Python was asked then."""
    return {expression: book.told(f"{vba.HOST}.{expression}") for expression in ANSWERS | OTHERS}
