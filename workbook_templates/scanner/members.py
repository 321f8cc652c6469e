"""The sheet Members: what people edit."""

from __future__ import annotations

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.look import Look
from workbook_templates.scanner.layout import ALL, FIRST_MEMBERS, NAME_COLUMN, SEATS, WEIGHT_COLUMN
from workbook_templates.sheet import Sheet


def write_members(sheet: Sheet, look: Look) -> None:
    """Writes the lists of names and weights."""
    raw = sheet.raw
    last_column = WEIGHT_COLUMN + SEATS - 1
    sheet.band(
        "Members",
        "Edit the names and their weights, up to ten a sector. Weights may have any scale; "
        "a name without a weight weighs nothing.",
        last_column,
        look,
    )
    raw.set_row(2, 8)
    raw.set_row(4, 4)
    raw.set_column(0, 0, 1.5)
    raw.set_column(1, 1, 21)
    raw.set_column(NAME_COLUMN, NAME_COLUMN + SEATS - 1, 7.5)
    raw.set_column(WEIGHT_COLUMN - 1, WEIGHT_COLUMN - 1, 2)
    raw.set_column(WEIGHT_COLUMN, last_column, 5.5)
    for column in range(last_column + 1):
        raw.write_blank(4, column, None, look.unit() if column and column != WEIGHT_COLUMN - 1 else look())
    for column, text in (
        (1, "SECTOR"),
        (NAME_COLUMN, "NAMES"),
        (WEIGHT_COLUMN, "WEIGHTS, IN THE ORDER OF THE NAMES"),
    ):
        raw.write_string(3, column, text, look.head(text_wrap=False))
    name = look.cell(bg_color=style.EDITABLE, align="center", num_format="@")
    weight = look.cell(bg_color=style.EDITABLE, align="center", colour=style.MUTED)
    for sector in ALL:
        raw.set_row(sector.members, 20)
        sheet.text(sector.members, 1, sector.name, look.cell(size=11, bold=True))
        for seat in range(SEATS):
            if seat < len(sector.symbols):
                sheet.text(sector.members, NAME_COLUMN + seat, sector.symbols[seat], name)
                raw.write_number(sector.members, WEIGHT_COLUMN + seat, 1, weight)
            else:
                raw.write_blank(sector.members, NAME_COLUMN + seat, None, name)
                raw.write_blank(sector.members, WEIGHT_COLUMN + seat, None, weight)
    row = FIRST_MEMBERS + 1
    marks.rule(
        raw,
        (FIRST_MEMBERS, WEIGHT_COLUMN, ALL[-1].members, last_column),
        f'AND(C{row}<>"",N{row}="")',
        look.change(bg_color=style.WARNING),
    )
    raw.freeze_panes(FIRST_MEMBERS, 2)
    sheet.page(ALL[-1].members, last_column, (0, 4))
