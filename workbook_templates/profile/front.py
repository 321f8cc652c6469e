"""The profile and its sheet Profile: net GEX over a common move, and one name's curve, strikes and levels."""

from __future__ import annotations

from xlsxwriter import Workbook

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.headline import MILLIONS, REGIME, Basket, Figure, headline
from workbook_templates.levels import FLIP as FLIP_ROW
from workbook_templates.look import Look
from workbook_templates.names import write_names
from workbook_templates.notes import write_notes
from workbook_templates.profile import contents
from workbook_templates.profile.detail import write_detail
from workbook_templates.profile.layout import (
    ALONE,
    BASKET,
    BODY,
    CHOSEN,
    CURVES,
    FIRST,
    FLIP,
    FRONT,
    HEADLINE,
    LEVELED,
    LIST,
    MOVES,
    NAMED,
    NAMES,
    OUTSIDE,
    POINTS,
    SEATS,
    SENTENCES,
    TOGETHER,
    Curve,
)
from workbook_templates.profile.panel import write_panel
from workbook_templates.profile.words import own_sentence, sentence
from workbook_templates.sheet import Heading, Rewrite, Sheet

HEADINGS: tuple[Heading, ...] = (
    (1, 8, "", "", "left"),
    (2, 8.7, "NET GEX", "$ m per 1 %", "right"),
    (3, 0.7, "", "", "left"),
    (4, 10.2, "REGIME", "sign of GEX", "center"),
    (5, 8.5, "PRICE", "$", "right"),
    (6, 8.5, "FLIP", "$", "right"),
    (7, 8.5, "FLIP", "move to it", "right"),
    (8, 9, "LOW END", "$ m per 1 %", "right"),
    (9, 9, "HIGH END", "$ m per 1 %", "right"),
    (10, 9.5, "LOWEST", "$ m per 1 %", "right"),
    (11, 7, "AT", "move", "right"),
    (12, 6.5, "NAMES", "with data", "center"),
    (13, 8.3, "COVERAGE", "of weight", "center"),
    (14, 8.3, "USABLE OI", "open interest", "center"),
    (15, 0.7, "", "", "left"),
    (16, 17, "MISSING", "names", "left"),
    (17, 11.5, "AS OF", "oldest, New York", "right"),
    (18, 9.5, "AGE", "minutes", "right"),
)
LAST_COLUMN = HEADINGS[-1][0]
FITS = 50
"""Letters of missing names that fit into the cell."""


def write_profile(book: Workbook, look: Look, rewrite: Rewrite) -> None:
    """Writes the workbook: Profile, Detail, Notes."""
    front = Sheet(book, "Profile", rewrite, style.POSITIVE)
    raw = front.raw
    status = f"IF({NAMED}=0,BASKETSTATUS({CHOSEN}),BASKETSTATUS({BASKET}))"
    why = f"IF({NAMED}=0,BASKETWHY({CHOSEN}),BASKETWHY({BASKET}))"
    front.front("Profile", "Net GEX over the move of a basket", status, why, LAST_COLUMN, look, OUTSIDE)
    front.widen(0, 0, 1.5)
    front.heads(HEADLINE - 2, HEADINGS, look)
    front.text(HEADLINE, 1, "Basket", look.cell(size=11, bold=True))
    _chosen(front, look)
    for curve in CURVES:
        _line(front, look, curve)
    _marks(front, look)
    for row, height, formula, form in (
        (SENTENCES - 1, 8, "", None),
        (SENTENCES, 18, sentence(), look(size=11, bold=True)),
        (SENTENCES + 1, 18, own_sentence(), look(size=11, bold=True)),
        (SENTENCES + 2, 18, "", None),
        (SENTENCES + 3, 8, "", None),
    ):
        raw.set_row(row, height)
        if formula:
            front.formula(row, 1, formula, form)
    quiet = look(size=9, italic=True, colour=style.MUTED)
    front.text(SENTENCES + 2, 1, contents.HOW_TO_READ, quiet)
    write_panel(front, look, book)
    _range(front, look)
    write_names(front, look, LIST, contents.NAMES)
    for row in range(BODY + 1, FIRST + SEATS):
        raw.set_row(row, 17)
    raw.freeze_panes(ALONE + 1, 0)
    front.page(FIRST + SEATS - 1, LAST_COLUMN)
    raw.activate()
    write_detail(Sheet(book, "Detail", rewrite), look)
    write_notes(Sheet(book, "Notes", rewrite), look, contents.NOTES)


def _chosen(sheet: Sheet, look: Look) -> None:
    """Any name may be typed; the list only offers the basket's."""
    form = look.cell(size=11, bold=True, bg_color=style.EDITABLE, num_format="@")
    sheet.text(ALONE, 1, contents.CHOSEN, form)
    offered = {"validate": "list", "source": f"={NAMES.partition('!')[2]}", "show_error": False}
    sheet.raw.data_validation(ALONE, 1, ALONE, 1, {**offered, "ignore_blank": True})


def _range(sheet: Sheet, look: Look) -> None:
    sheet.text(BODY, 1, "Range", look(size=11, bold=True))
    form = look.cell(bg_color=style.EDITABLE, align="right", bold=True, num_format=style.SIGNED_SHARE_1)
    for row, (text, move) in enumerate((("From", contents.LOW), ("To", contents.HIGH)), BODY + 1):
        sheet.text(row, 1, text, look.cell(bold=True))
        sheet.raw.write_number(row, 2, move, form)


def _line(sheet: Sheet, look: Look, curve: Curve) -> None:
    together, row, ours = curve is TOGETHER, curve.row, curve.arguments
    values, lowest = curve.values(), curve.front("lowest")
    sheet.raw.set_row(row, 28)
    for column in (3, 15):
        sheet.raw.write_blank(row, column, None, look.cell())
    bold_price = {"num_format": style.PRICE, "align": "right", "bold": True}
    move = {"num_format": style.SIGNED_SHARE_1, "align": "right"}

    def level(name: str, place: int) -> str:
        return marks.shown(LEVELED.cell(name, place))

    flip = marks.shown(FLIP)
    lowest_of = f'IF(COUNT({values})=0,"–",IF(MIN({values})<0,MIN({values}),"–"))'
    lowest_at = f'IF(ISNUMBER({lowest}),INDEX({MOVES},MATCH({lowest},{values},0)),"–")'
    own: dict[str, Figure] = {
        "price": ('""' if together else level("price", 0), {"num_format": style.PRICE, "align": "right"}),
        "flip": ('""' if together else level("price", FLIP_ROW), bold_price),
        "flip_move": (flip if together else level("distance", FLIP_ROW), {**move, "bold": True}),
        "regime": (f"{marks.arrow(f'BASKETREGIME({ours})')}&{marks.said_near(curve.near)}", REGIME),
        "low_end": (f'IF({curve.known},{curve.point(0)},"–")', MILLIONS),
        "high_end": (f'IF({curve.known},{curve.point(POINTS - 1)},"–")', MILLIONS),
        "lowest": (lowest_of, MILLIONS),
        "lowest_at": (lowest_at, move),
        "missing": (_missing(ours), {"size": 8, "text_wrap": True, "bold": True}),
    }
    basket = Basket(ours, curve.status, curve.front("gex"))

    def asked_as(name: str, part: str) -> str:
        return f'IF({curve.absent},"",{part})'

    headline(sheet, look, row, FRONT, basket, own, {"age": {"align": "right"}}, asked_as)


def _missing(ours: str) -> str:
    """The names without data; how many they are where they do not fit."""
    names = f"BASKETMISSING({ours})"
    many = f'LEN({names})-LEN(SUBSTITUTE({names},",",""))+1&" names: see the line at the top"'
    return f"IF(LEN({names})>{FITS},{many},{names})"


def _marks(sheet: Sheet, look: Look) -> None:
    raw, its, at = sheet.raw, FRONT.row(HEADLINE), FRONT.at
    marks.errors(raw, look, (HEADLINE, at("gex"), ALONE, LAST_COLUMN))
    for column, of in (
        ("gex", its.gex),
        ("regime", its.gex),
        ("low_end", its.low_end),
        ("high_end", its.high_end),
        ("lowest", its.lowest),
    ):
        marks.regimes(raw, look, (HEADLINE, at(column), ALONE, at(column)), of, its.age)
    marks.low(raw, look, (HEADLINE, at("coverage"), ALONE, at("usable")))
    amber = look.change(bg_color=style.WARNING)
    for curve in CURVES:
        flip = f"ISNUMBER({FRONT.fixed('flip_move', curve.row)}),NOT({curve.trusted})"
        marks.rule(raw, (curve.row, at("flip"), curve.row, at("flip_move")), f"AND({flip})", amber)
    missing = f"AND(ISTEXT({its.missing}),LEN({its.missing})>0)"
    marks.rule(
        raw, (HEADLINE, at("missing"), ALONE, at("missing")), missing, look.change(bg_color=style.WARNING)
    )
    marks.old(raw, look, (HEADLINE, 1, ALONE, LAST_COLUMN), its.age)
