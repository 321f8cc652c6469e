"""The sheet Members: what people edit."""

from __future__ import annotations

from xlsxwriter.utility import xl_rowcol_to_cell

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.look import Look
from workbook_templates.scanner.layout import (
    ALL,
    FIRST_MEMBERS,
    LAST_MEMBERS,
    NAME_COLUMN,
    OUTSIDE,
    ROOM,
    SEATS,
    WEIGHT_COLUMN,
    Sector,
)
from workbook_templates.sheet import Sheet


def write_members(sheet: Sheet, look: Look) -> None:
    """Writes the lists of names and weights, and the rows that are free."""
    raw = sheet.raw
    sheet.band(
        "Members",
        f"Edit sectors, names and weights: up to {ROOM} sectors of {SEATS} names. What is typed into a free row joins in. "
        "Weights may have any scale; a name without a weight weighs nothing.",
        LAST_MEMBERS,
        look,
    )
    sheet.notice(2, OUTSIDE, LAST_MEMBERS, look)
    raw.set_row(4, 4)
    for first, last, width in (
        (0, 0, 1.5),
        (1, 1, 18),
        (NAME_COLUMN, NAME_COLUMN + SEATS - 1, 5.2),
        (WEIGHT_COLUMN - 1, WEIGHT_COLUMN - 1, 1),
        (WEIGHT_COLUMN, LAST_MEMBERS, 2.9),
    ):
        sheet.widen(first, last, width)
    for column in range(LAST_MEMBERS + 1):
        raw.write_blank(4, column, None, look.unit() if column and column != WEIGHT_COLUMN - 1 else look())
    for column, text in (
        (1, "SECTOR"),
        (NAME_COLUMN, "NAMES"),
        (WEIGHT_COLUMN, "WEIGHTS, IN THE ORDER OF THE NAMES"),
    ):
        raw.write_string(3, column, text, look.head(text_wrap=False))
    for sector in ALL:
        _row(sheet, look, sector)
    name, weight = (xl_rowcol_to_cell(FIRST_MEMBERS, column) for column in (NAME_COLUMN, WEIGHT_COLUMN))
    marks.rule(
        raw,
        (FIRST_MEMBERS, WEIGHT_COLUMN, ALL[-1].members, LAST_MEMBERS),
        f"(LEN(TRIM({name}))=0)<>(LEN({weight})=0)",
        look.change(bg_color=style.WARNING),
    )
    raw.freeze_panes(FIRST_MEMBERS, 0)
    sheet.page(ALL[-1].members, LAST_MEMBERS)


def _row(sheet: Sheet, look: Look, sector: Sector) -> None:
    raw, row, pale = sheet.raw, sector.members, {"bg_color": style.EDITABLE}
    title = look.cell(bold=True, shrink=True, num_format="@", **pale)
    name = look.cell(size=9, align="center", num_format="@", shrink=True, **pale)
    weight = look.cell(size=9, align="center", colour=style.MUTED, shrink=True, **pale)
    raw.set_row(row, 20)
    if sector.name:
        sheet.text(row, 1, sector.name, title)
    else:
        raw.write_blank(row, 1, None, title)
    for seat in range(SEATS):
        if seat < len(sector.symbols):
            sheet.text(row, NAME_COLUMN + seat, sector.symbols[seat], name)
            raw.write_number(row, WEIGHT_COLUMN + seat, 1, weight)
        else:
            raw.write_blank(row, NAME_COLUMN + seat, None, name)
            raw.write_blank(row, WEIGHT_COLUMN + seat, None, weight)
