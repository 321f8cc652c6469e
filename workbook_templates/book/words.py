"""The sentence of the sheet Book: whether charm helps or hurts what is held."""

from __future__ import annotations

from workbook_templates.book.layout import DEALERS, GROSS, LONG, SHORT, TO_CLOSE, UNTIL


def charm() -> str:
    """The formula that says what charm does until the close, and over a day; nothing of what is not known."""
    until = (
        f'"Charm until the close ("&{UNTIL}&") "&IF({TO_CLOSE}>0,"helps","hurts")&" this book: dealers trade "'
        f'&{_amount(TO_CLOSE)}&IF({TO_CLOSE}>0," for"," against")&" it, weighted by its money."'
    )
    nothing = '"Charm does nothing to this book until the close."'
    day = f'"As a day passes they trade "&{_amount(DEALERS)}&IF({DEALERS}>0," against"," for")&" it."'  # they sell their CHEX
    parts = (
        f'IF(ISNUMBER({TO_CLOSE}),IF({TO_CLOSE}=0,{nothing},{until}),"")',
        f'IF(AND(ISNUMBER({TO_CLOSE}),ISNUMBER({DEALERS})),IF({DEALERS}=0,"",{day}),"")',
    )
    return f'=_xlfn.TEXTJOIN(" ",TRUE,{",".join(parts)})'


def to_close() -> str:
    """The formula's part: what dealers trade for the book until the close, USD over its money; a text where it is not known."""
    mean = f"({LONG.covered}*{LONG.close}-{SHORT.covered}*{SHORT.close})/{GROSS.covered}"
    known = f"ISNUMBER({LONG.close}),ISNUMBER({SHORT.close})"
    return f'IF(AND({known},SUM({GROSS.covered})>0),{mean},"")'


def _amount(cell: str) -> str:
    return f'"$"&ROUND(ABS({cell})/1000000,1)&" m"'
