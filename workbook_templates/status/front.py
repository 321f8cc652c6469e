"""The status workbook and its sheet Status: what is fresh, what is not, and why."""

from __future__ import annotations

from xlsxwriter import Workbook

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.headline import MILLIONS, Basket, Figure, figures, headline
from workbook_templates.look import Look
from workbook_templates.notes import write_notes
from workbook_templates.sheet import Heading, Rewrite, Sheet
from workbook_templates.status import contents
from workbook_templates.status.contents import BASKETS, NO_DEBITS, NOTES, STATES
from workbook_templates.status.detail import write_detail
from workbook_templates.status.layout import DETAIL, FIRST, FIRST_STATUS, FRONT, OUTSIDE, SEATS, STRIP
from workbook_templates.status.layout import SERVER as STRIP_COLUMNS

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
    answered, asked = (f"{count}({DETAIL.column('figures')})" for count in ("SUM", "COUNT"))
    source = f'LEFT({FIRST_STATUS},FIND("as of ",{FIRST_STATUS})-1)'
    why = DETAIL.cell("why")
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
    states = FRONT.column("state")
    counted = ",".join(
        f'IF(COUNTIF({states},"{state}")=0,"",COUNTIF({states},"{state}")&" {state.partition(" ")[2]}")'
        for state in STATES
    )
    quota = {name: DETAIL.cell(name) for name in ("plan", "debits", "used", "left", "resets", "saved")}
    without = f'IF(LEN({status})=0,"–","{NO_DEBITS}")'
    left = ("debits", "used", "left")
    for name, value, form in (
        (
            "server",
            f'IF(AND(LEN({status})=0,ISERROR({quota["plan"]})),"no figures","answers")',
            cell(size=11, bold=True),
        ),
        ("source", f'IFERROR(LEFT({status},FIND(";",{status})-1),"–")', cell(text_wrap=True)),
        ("convention", f'IFERROR({convention},"–")', cell(size=8, text_wrap=True)),
        (
            "plan",
            f"IFERROR({quota['plan']},{without})",
            cell(size=9, align="right", bold=True, text_wrap=True),
        ),
        *((name, f'IFERROR(IF(LEN({quota[name]})=0,"–",{quota[name]}),"–")', number) for name in left),
        ("resets", f'IFERROR({quota["resets"]},"–")', cell(size=9, align="right", text_wrap=True)),
        ("saved", f'IFERROR({quota["saved"]},"–")', number),
        (
            "baskets",
            f'_xlfn.TEXTJOIN(", ",TRUE,{counted})',
            cell(size=9, bold=True, indent=1, text_wrap=True),
        ),
    ):
        sheet.formula(STRIP, STRIP_COLUMNS.at(name), f"={value}", form)
    debits, rest = (STRIP_COLUMNS.fixed(name, STRIP) for name in ("debits", "left"))
    marks.rule(
        sheet.raw,
        (STRIP, STRIP_COLUMNS.at("used"), STRIP, STRIP_COLUMNS.at("left")),
        f"AND(ISNUMBER({debits}),ISNUMBER({rest}),{rest}<{debits}/10)",
        look.change(bold=True, bg_color=style.WARNING, font_color=style.WARNING_TEXT),
    )


def _basket(sheet: Sheet, look: Look, seat: int) -> None:
    row, its, cell = FIRST + seat, FRONT.row(FIRST + seat), look.cell
    symbols = its.symbols
    status, why, missing = (DETAIL.cell(name, seat) for name in ("status", "why", "missing"))
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
        f'IF(OR(ISNUMBER({notice}),AND(ISNUMBER({its.age}),{its.age}>{marks.OLD})),"{contents.STALE}",'
        f'IF(LEN({missing})>0,"{contents.MISSING}",'
        f'IF(ISNUMBER(FIND("; historical;",{status})),"{contents.HISTORICAL}","{contents.FRESH}"))))'
    )
    old = f'IF(AND(ISNUMBER({its.age}),{its.age}>{marks.OLD}),"Older than {marks.OLD} minutes.","")'
    reason = (
        f'IF(ISERROR({status}),IFERROR({why},""),'
        f'_xlfn.TEXTJOIN(" ",TRUE,IF(LEN({missing})>0,"No data: "&{missing}&".",""),'
        f"IFERROR(MID({status},{notice},999),{old})))"
    )
    share, right = {"num_format": style.SHARE, "align": "right"}, {"align": "right"}
    known = figures(Basket(symbols, status, its.gex))

    def otherwise(name: str) -> str:
        return f'IFERROR({known[name][0]},"–")'

    own: dict[str, Figure] = {
        "state": (state, {"bold": True}),
        "gex": (otherwise("gex"), MILLIONS),
        "count": (otherwise("count"), {"num_format": style.MINUTES, **right}),
        "coverage": (otherwise("coverage"), share),
        "as_of": (otherwise("as_of"), known["as_of"][1]),
        "age": (known["age"][0], {"num_format": style.MINUTES, **right}),
        "why": (reason, {"size": 8, "indent": 1, "text_wrap": True}),
    }

    def asked_as(name: str, part: str) -> str:
        return f'IF(LEN(TRIM({symbols}))=0,"",{part})'

    headline(sheet, look, row, FRONT, Basket(symbols, status, its.gex), own, {"usable": right}, asked_as)


def _marks(sheet: Sheet, look: Look) -> None:
    raw, its, at = sheet.raw, FRONT.row(FIRST), FRONT.at
    marks.regimes(raw, look, (FIRST, at("gex"), LAST, at("gex")), its.gex, its.age)
    for signs, properties in (
        ("×", {"bold": True, "bg_color": style.WARNING, "font_color": style.WARNING_TEXT}),
        ("◐", {"bold": True, "bg_color": style.PALE_WARNING, "font_color": style.WARNING_TEXT}),
        ("○…", {"bold": False, "font_color": style.MUTED}),
    ):
        found = ",".join(f'LEFT({its.state},1)="{sign}"' for sign in signs)
        marks.rule(raw, (FIRST, at("state"), LAST, at("state")), f"OR({found})", look.change(**properties))
    marks.low(raw, look, (FIRST, at("coverage"), LAST, at("usable")))
    marks.old(raw, look, (FIRST, 1, LAST, LAST_COLUMN), its.age)
