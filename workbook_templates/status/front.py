"""The status workbook and its sheet Status: what is fresh, what is not, and why."""

from __future__ import annotations

from xlsxwriter import Workbook

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.look import Look
from workbook_templates.notes import write_notes
from workbook_templates.sheet import Heading, Rewrite, Sheet
from workbook_templates.status import contents
from workbook_templates.status.contents import BASKETS, NO_DEBITS, NOTES, STATES
from workbook_templates.status.detail import write_detail
from workbook_templates.status.layout import (
    FIRST,
    FIRST_DETAIL,
    FIRST_STATUS,
    OUTSIDE,
    SEATS,
    STRIP,
    column,
    detail,
)

SERVER: tuple[Heading, ...] = (
    (1, 17, "SERVER", "on this machine", "left"),
    (2, 36, "SOURCE", "of the figures", "left"),
    (3, 14.5, "CONVENTION", "of signs", "left"),
    (4, 9, "PLAN", "quota", "right"),
    (5, 7, "DEBITS", "a day", "right"),
    (6, 8.3, "USED", "debits", "right"),
    (7, 8.3, "LEFT", "debits", "right"),
    (8, 12.6, "RESETS", "the count", "right"),
    (9, 6.5, "SAVED", "debits", "right"),
    (10, 35.4, "BASKETS", "", "left"),
)
LIST: tuple[Heading, ...] = (
    (1, 0, "BASKET", "edit", "left"),
    (2, 0, "SYMBOLS", "edit, with commas", "left"),
    (3, 0, "STATE", "", "left"),
    (4, 0, "NET GEX", "$ m per 1 %", "right"),
    (5, 0, "NAMES", "with data", "right"),
    (6, 0, "COVERAGE", "of names", "right"),
    (7, 0, "USABLE OI", "open interest", "right"),
    (8, 0, "AS OF", "oldest, New York", "right"),
    (9, 0, "AGE", "minutes", "right"),
    (10, 0, "WHY", "what is missing, old or wrong; what to do", "left"),
)
LAST_COLUMN = SERVER[-1][0]
LAST = FIRST + SEATS - 1


def write_status(book: Workbook, look: Look, rewrite: Rewrite) -> None:
    """Writes the workbook: Status, Detail, Notes."""
    front = Sheet(book, "Status", rewrite, style.POSITIVE)
    answered, asked = f"SUM({detail('F')})", f"COUNT({detail('F')})"
    source = f'LEFT({FIRST_STATUS},FIND("as of ",{FIRST_STATUS})-1)'
    why = f"Detail!$D${FIRST_DETAIL + 1}"
    line = f'IF({answered}=0,{why}&"",{source}&{answered}&" of "&{asked}&" baskets have figures")'
    front.front("Status", "Server, quota and the age of figures", line, why, LAST_COLUMN, look, OUTSIDE)
    front.widen(0, 0, 1.5)
    front.heads(STRIP - 2, SERVER, look, indented=(10,))
    _server(front, look)
    front.raw.set_row(STRIP + 1, 10)
    front.heads(FIRST - 2, LIST, look, indented=(10,))
    for seat in range(SEATS):
        _basket(front, look, seat)
    _marks(front, look)
    front.raw.freeze_panes(FIRST, 0)
    front.page(LAST, LAST_COLUMN)
    front.raw.activate()
    write_detail(Sheet(book, "Detail", rewrite), look)
    write_notes(Sheet(book, "Notes", rewrite), look, NOTES)


def _server(sheet: Sheet, look: Look) -> None:
    cell, status = look.cell, FIRST_STATUS
    sheet.raw.set_row(STRIP, 34)
    begin = f'FIND("convention ",{status})+11'
    convention = f'MID({status},{begin},FIND(";",{status},{begin})-({begin}))'
    number = cell(num_format=style.DOLLARS, align="right")
    states = column("D")
    counted = ",".join(
        f'IF(COUNTIF({states},"{state}")=0,"",COUNTIF({states},"{state}")&" {state.partition(" ")[2]}")'
        for state in STATES
    )
    quota = [f"Detail!${letter}${FIRST_DETAIL + 1}" for letter in "JKLMNO"]
    without = f'IF(LEN({status})=0,"–","{NO_DEBITS}")'
    for place, value, form in (
        (1, f'IF(AND(LEN({status})=0,ISERROR({quota[0]})),"no figures","answers")', cell(size=11, bold=True)),
        (2, f'IFERROR(LEFT({status},FIND(";",{status})-1),"–")', cell(text_wrap=True)),
        (3, f'IFERROR({convention},"–")', cell(size=8, text_wrap=True)),
        (4, f"IFERROR({quota[0]},{without})", cell(size=9, align="right", bold=True, text_wrap=True)),
        *((5 + i, f'IFERROR(IF(LEN({of})=0,"–",{of}),"–")', number) for i, of in enumerate(quota[1:4])),
        (8, f'IFERROR({quota[4]},"–")', cell(size=9, align="right", text_wrap=True)),
        (9, f'IFERROR({quota[5]},"–")', number),
        (10, f'_xlfn.TEXTJOIN(", ",TRUE,{counted})', cell(size=9, bold=True, indent=1, text_wrap=True)),
    ):
        sheet.formula(STRIP, place, f"={value}", form)
    r = STRIP + 1
    marks.rule(
        sheet.raw,
        (STRIP, 6, STRIP, 7),
        f"AND(ISNUMBER($F${r}),ISNUMBER($H${r}),$H${r}<$F${r}/10)",
        look.change(bold=True, bg_color=style.WARNING, font_color=style.WARNING_TEXT),
    )


def _basket(sheet: Sheet, look: Look, seat: int) -> None:
    row, r, cell = FIRST + seat, FIRST + seat + 1, look.cell
    symbols = f"$C{r}"
    status, why, missing = (f"Detail!${letter}${FIRST_DETAIL + seat + 1}" for letter in "CDE")
    sheet.raw.set_row(row, 20)
    looks = (
        cell(bg_color=style.EDITABLE, num_format="@", bold=True, shrink=True),
        cell(bg_color=style.EDITABLE, num_format="@", size=8, text_wrap=True),
    )
    for place, form in enumerate(looks, 1):
        if seat < len(BASKETS):
            sheet.text(row, place, BASKETS[seat][place - 1], form)
        else:
            sheet.raw.write_blank(row, place, None, form)
    notice = f'FIND("Last good value",{status})'
    state = (
        f'IF(ISERROR({status}),IF(ISNA({why}),"{contents.WAITING}",'
        f'IF(ISERROR({why}),"{contents.ABSENT}","{contents.FAILING}")),'
        f'IF(OR(ISNUMBER({notice}),AND(ISNUMBER($J{r}),$J{r}>{marks.OLD})),"{contents.STALE}",'
        f'IF(LEN({missing})>0,"{contents.MISSING}",'
        f'IF(ISNUMBER(FIND("; historical;",{status})),"{contents.HISTORICAL}","{contents.FRESH}"))))'
    )
    old = f'IF(AND(ISNUMBER($J{r}),$J{r}>{marks.OLD}),"Older than {marks.OLD} minutes.","")'
    reason = (
        f'IF(ISERROR({status}),IFERROR({why},""),'
        f'_xlfn.TEXTJOIN(" ",TRUE,IF(LEN({missing})>0,"No data: "&{missing}&".",""),'
        f"IFERROR(MID({status},{notice},999),{old})))"
    )
    share = cell(num_format=style.SHARE, align="right")
    for place, value, form in (
        (3, state, cell(bold=True)),
        (4, f'IFERROR(BASKETGEX({symbols}),"–")', cell(num_format=style.MILLIONS, align="right")),
        (5, f'IFERROR(BASKETCOUNT({symbols}),"–")', cell(num_format=style.MINUTES, align="right")),
        (6, f'IFERROR(BASKETCOVERAGE({symbols}),"–")', share),
        (7, marks.usable(status)[1:], share),
        (8, f'IFERROR(BASKETASOF({symbols}),"–")', cell(size=9, num_format=style.MOMENT, align="right")),
        (
            9,
            marks.age(f"$E{r}", status, symbols)[1:],
            cell(num_format=style.MINUTES, align="right"),
        ),
        (10, reason, cell(size=8, indent=1, text_wrap=True)),
    ):
        sheet.formula(row, place, f'=IF(LEN(TRIM({symbols}))=0,"",{value})', form)


def _marks(sheet: Sheet, look: Look) -> None:
    raw, r = sheet.raw, FIRST + 1
    marks.regimes(raw, look, (FIRST, 4, LAST, 4), f"$E{r}", f"$J{r}")
    for signs, properties in (
        ("×", {"bold": True, "bg_color": style.WARNING, "font_color": style.WARNING_TEXT}),
        ("◐", {"bold": True, "bg_color": style.PALE_WARNING, "font_color": style.WARNING_TEXT}),
        ("○…", {"bold": False, "font_color": style.MUTED}),
    ):
        found = ",".join(f'LEFT($D{r},1)="{sign}"' for sign in signs)
        marks.rule(raw, (FIRST, 3, LAST, 3), f"OR({found})", look.change(**properties))
    marks.low(raw, look, (FIRST, 6, LAST, 7), f"G{r}")
    marks.old(raw, look, (FIRST, 1, LAST, LAST_COLUMN), f"$J{r}")
