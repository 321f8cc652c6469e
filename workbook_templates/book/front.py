"""The book and its sheet Book: three legs and their net, and where the exposure sits compared with where the money sits."""

from __future__ import annotations

from xlsxwriter import Workbook

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.book.contents import HOW_TO_READ, NET_SAID, NO_VOLUME, NOTES
from workbook_templates.book.detail import write_detail
from workbook_templates.book.layout import (
    BOOK,
    COMPARED,
    DETAIL,
    FIRST_LEG,
    FIRST_SHOWN,
    FLOWS,
    GROSS,
    LEGS,
    LONG,
    NET_ROW,
    OUTSIDE,
    POSITIONS,
    SHORT,
    SHOWN,
    VOLUME_ROW,
    Leg,
)
from workbook_templates.book.positions import side, write_positions
from workbook_templates.book.words import charm
from workbook_templates.charts import Series, bar_chart
from workbook_templates.headline import Basket, Figure, headline
from workbook_templates.look import Look
from workbook_templates.notes import write_notes
from workbook_templates.room import said
from workbook_templates.sheet import Heading, Rewrite, Sheet

HEADINGS: tuple[Heading, ...] = (
    (1, 8, "LEG", "", "left"),
    (2, 11, "MONEY", "$", "right"),
    (3, 7, "NAMES", "netted", "center"),
    (4, 10.5, "MEAN GEX", "$ m per 1 %", "right"),
    (5, 10.3, "MEAN DEX", "$ bn", "right"),
    (6, 10, "MEAN VEX", "$ m per vol pt", "right"),
    (7, 10, "MEAN CHEX", "$ m per day", "right"),
    (8, 10.5, "REGIME", "sign of GEX", "center"),
    (9, 11, "NET ÷ GROSS", "one-sidedness", "right"),
    (10, 8.5, "COVERAGE", "of weight", "center"),
    (11, 8.5, "USABLE OI", "open interest", "center"),
    (12, 6, "AGE", "minutes", "center"),
    (13, 40, "MISSING", "names, or why there is no figure", "left"),
)
LAST_COLUMN = HEADINGS[-1][0]
COMPARED_HEADINGS: tuple[Heading, ...] = (
    (1, 0, "NAME", "", "left"),
    (2, 0, "MONEY", "net, $", "right"),
    (3, 0, "SIDE", "", "center"),
    (4, 0, "OF MONEY", "gross", "right"),
    (5, 0, "OF EXPOSURE", "|net × GEX|", "right"),
    (6, 0, "DIFFERENCE", "points", "right"),
    (7, 0, "OWN GEX", "$ m per 1 %", "right"),
    (8, 0, "REGIME", "sign of GEX", "center"),
)


def write_book(book: Workbook, look: Look, rewrite: Rewrite) -> None:
    """Writes the workbook: Book, Positions, Detail, Notes."""
    front = Sheet(book, "Book", rewrite, style.POSITIVE)
    positions = Sheet(book, "Positions", rewrite, style.WARNING)
    _write_front(front, look, book)
    write_positions(positions, look)
    write_detail(Sheet(book, "Detail", rewrite), look)
    write_notes(Sheet(book, "Notes", rewrite), look, NOTES)


def _write_front(sheet: Sheet, look: Look, book: Workbook) -> None:
    raw = sheet.raw
    out = f'COUNTIF({POSITIONS.column("note")},"Not counted*")'
    not_counted = (
        f'IF({out}=0,"",{out}&" of the positions not counted: see the notes on the sheet Positions.")'
    )
    sheet.front(
        "Book",
        "The market's exposure in the names held",
        _status(),
        f"BASKETWHY({GROSS.arguments})",
        LAST_COLUMN,
        look,
        said(OUTSIDE, not_counted),
    )
    sheet.widen(0, 0, 1.5)
    sheet.heads(FIRST_LEG - 2, HEADINGS, look, indented=(9, 13))
    for leg in LEGS:
        _leg(sheet, look, leg)
    _net(sheet, look)
    _volume(sheet, look)
    first, last, at, its = FIRST_LEG, GROSS.row, BOOK.at, BOOK.row(FIRST_LEG)
    marks.errors(raw, look, (first, at("money"), last, LAST_COLUMN))
    for name in ("gex", "regime"):
        marks.regimes(raw, look, (first, at(name), last, at(name)), its.gex, its.age)
    marks.bars(raw, (first, at("net_to_gross"), last, at("net_to_gross")))
    marks.low(raw, look, (first, at("coverage"), last, at("usable")))
    marks.old(raw, look, (first, 1, last, LAST_COLUMN), its.age)
    sheet.text(VOLUME_ROW + 1, 1, HOW_TO_READ, look(size=9, italic=True, colour=style.MUTED))
    sheet.formula(VOLUME_ROW + 2, 1, charm(), look(size=11, bold=True))
    _write_compared(sheet, look, book)
    raw.freeze_panes(FIRST_LEG, 0)
    sheet.page(FIRST_SHOWN + SHOWN, LAST_COLUMN)
    raw.activate()


def _status() -> str:
    """The status of all names; where one cannot be read, that of a leg with figures of the same source."""
    either = (
        f'IF(LEN(IFERROR({LONG.status},""))>0,{LONG.status},IF(LEN({SHORT.status})>0,{SHORT.status},NA()))'
    )
    return f"IFERROR(BASKETSTATUS({GROSS.arguments}),{either})"


def _leg(sheet: Sheet, look: Look, leg: Leg) -> None:
    row, its = leg.row, BOOK.row(leg.row)
    weights, weighted = DETAIL.column(leg.weights), DETAIL.column("weighted")
    sheet.raw.set_row(row, 21)
    up, down = (f'SUMIFS({weighted},{weights},">0",{weighted},"{sign}0")' for sign in "><")
    signed = {"num_format": style.SIGNED_SHARE, "align": "right", "indent": 1}
    own: dict[str, Figure] = {
        "money": (f"SUM({weights})", {"num_format": style.DOLLARS, "align": "right"}),
        "names": (f'COUNTIF({weights},">0")', {"align": "center"}),
        "net_to_gross": (f'IF({up}-{down}>0,({up}+{down})/({up}-{down}),"")', signed),
    }

    def asked_as(name: str, part: str) -> str:
        if name in own or name == "age":
            return part
        otherwise = {"regime": "–", "missing_or_why": "no position"}.get(name, "")
        return f'IF({its.names}=0,"{otherwise}",{part})'

    sheet.text(row, BOOK.at("label"), leg.name, look.cell(size=11, bold=True))
    headline(sheet, look, row, BOOK, Basket(leg.arguments, leg.status, its.gex), own, {}, asked_as)


def _net(sheet: Sheet, look: Look) -> None:
    """Long minus short: the sum of signed money × exposure over the gross money, of the names with data."""
    row, cell = NET_ROW, look.cell
    sheet.text(row, 1, "Net", cell(size=11, bold=True))
    money = f"=SUM({DETAIL.column('net')})"
    sheet.formula(row, BOOK.at("money"), money, cell(num_format=style.DOLLARS, align="right"))
    held = f'=COUNTIF({DETAIL.column(GROSS.weights)},">0")'
    sheet.formula(row, BOOK.at("names"), held, cell(align="center"))
    formats = (style.BILLIONS, style.MILLIONS, style.MILLIONS)
    _directed(sheet, look, row, "flow_net", formats, f'"{NET_SAID}"')


def _volume(sheet: Sheet, look: Look) -> None:
    """The same in parts of a day's volume, of the names with a volume."""
    row, cell, volumes = VOLUME_ROW, look.cell, DETAIL.column("adv")
    gross, gex = DETAIL.column(GROSS.weights), DETAIL.column("gex")
    sheet.text(row, 1, "Of ADV", cell(size=11, bold=True))
    covered = "+".join(f'SUMIFS({gross},{volumes},">0",{gex},"{sign}0")' for sign in (">=", "<"))
    money = cell(num_format=style.DOLLARS, align="right")
    sheet.formula(row, BOOK.at("money"), f'=IF(COUNTIF({volumes},">0")=0,"",{covered})', money)
    sheet.formula(row, BOOK.at("names"), f'=COUNTIF({volumes},">0")', cell(align="center"))
    its = BOOK.row(row)
    share = f'ROUND({its.money}/{GROSS.covered}*100,0)&" % of the money"'
    known = f'"net in days of volume; known of "&{share}'
    said = f'IF(ISNUMBER({its.money}),IF({its.money}>0,{known},"{NO_VOLUME}"),"{NO_VOLUME}")'
    _directed(sheet, look, row, "flow_days", (style.SIGNED_SHARE_2,) * 3, said)


def _directed(sheet: Sheet, look: Look, row: int, column: str, formats: tuple[str, ...], said: str) -> None:
    """What a row shows of DEX, VEX and CHEX out of BASKETFLOW's table; a dash where the legs have what has no side."""
    names, cell = BOOK.fixed("names", NET_ROW), look.cell
    sheet.raw.set_row(row, 20)
    for place, (name, number) in enumerate(zip(FLOWS, formats, strict=True)):
        found = f'=IF({names}=0,"",{marks.shown(DETAIL.cell(column, place))})'
        sheet.formula(row, BOOK.at(name), found, cell(num_format=number, align="right"))
    centred = cell(align="center", colour=style.MUTED)
    for name in ("gex", "regime", "net_to_gross"):
        sheet.formula(row, BOOK.at(name), f'=IF({names}=0,"","–")', centred)
    for name in ("coverage", "usable", "age"):
        sheet.raw.write_blank(row, BOOK.at(name), None, centred)
    small = cell(size=8, indent=1, colour=style.MUTED)
    sheet.formula(row, BOOK.at("missing_or_why"), f'=IF({names}=0,"",{said})', small)


def _write_compared(sheet: Sheet, look: Look, book: Workbook) -> None:
    raw = sheet.raw
    title = f"Where the money sits, and where the exposure sits: the {SHOWN} names with the most exposure"
    sheet.text(FIRST_SHOWN - 3, 1, title, look(size=11, bold=True))
    sheet.heads(FIRST_SHOWN - 2, COMPARED_HEADINGS, look)
    for place in range(SHOWN):
        _shown(sheet, look, place)
    first, last, at = FIRST_SHOWN, FIRST_SHOWN + SHOWN - 1, COMPARED.at
    grey = (style.NEUTRAL_BAR, style.NEUTRAL_BAR)
    marks.bars(raw, (first, at("difference"), last, at("difference")), 25, grey)
    marks.regimes(raw, look, (first, at("gex"), last, at("regime")), COMPARED.row(first).gex)
    series = (
        Series("Share of the money", COMPARED.column("of_money"), style.NEUTRAL_BAR),
        Series("Share of the exposure", COMPARED.column("of_exposure"), style.INK),
    )
    chart = bar_chart(
        book,
        "Share of money, share of exposure",
        COMPARED.column("name"),
        series,
        {"num_format": "0%", "min": 0},
        stacked=False,
        legend=True,
    )
    chart.set_size({"width": sheet.across(9, LAST_COLUMN) - 25, "height": 428})
    raw.insert_chart(FIRST_SHOWN - 3, 9, chart, {"object_position": 2, "x_offset": 25})


def _shown(sheet: Sheet, look: Look, place: int) -> None:
    row = FIRST_SHOWN + place
    sheet.raw.set_row(row, 17)
    found = f"MATCH({place + 1},{DETAIL.column('rank')},0)"
    right = {"align": "right"}
    for column, area, form in (
        ("name", DETAIL.column("name"), look.cell(bold=True)),
        ("money", POSITIONS.column("net"), look.cell(num_format=style.DOLLARS, **right)),
        ("of_money", POSITIONS.column("of_money"), look.cell(num_format="0.0%", **right)),
        ("of_exposure", POSITIONS.column("of_exposure"), look.cell(num_format="0.0%", **right)),
        ("difference", POSITIONS.column("difference"), look.cell(num_format=style.SIGNED, **right)),
        ("gex", POSITIONS.column("gex"), look.cell(num_format=style.MILLIONS, **right)),
        ("regime", POSITIONS.column("regime"), look.cell(align="center", bold=True)),
    ):
        sheet.formula(row, COMPARED.at(column), f'=IFERROR(INDEX({area},{found}),"")', form)
    its = COMPARED.row(row)
    sheet.formula(
        row, COMPARED.at("side"), f"={side(its.money)}", look.cell(align="center", colour=style.MUTED)
    )
