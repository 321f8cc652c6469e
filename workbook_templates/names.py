"""A list of names and weights that people edit, where it stands beside the figures."""

from __future__ import annotations

from collections.abc import Sequence

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.columns import Columns
from workbook_templates.look import Look
from workbook_templates.sheet import Heading, Sheet

HEADINGS: tuple[Heading, ...] = ((1, 0, "NAME", "edit", "left"), (2, 0, "WEIGHT", "any scale", "right"))


def listed(sheet: str, first: int, seats: int) -> Columns:
    """Where the list lies on a sheet."""
    return Columns(sheet, first, seats, 1, "name weight")


def write_names(sheet: Sheet, look: Look, columns: Columns, examples: Sequence[tuple[str, float]]) -> None:
    """Writes the list; a name without a weight, or a weight without a name, is amber."""
    raw, cell, first, seats = sheet.raw, look.cell, columns.first, columns.rows
    sheet.text(first - 3, 1, "Names", look(size=11, bold=True))
    sheet.heads(first - 2, HEADINGS, look)
    name = cell(bg_color=style.EDITABLE, num_format="@", bold=True)
    weight = cell(bg_color=style.EDITABLE, align="right")
    for seat in range(seats):
        row = first + seat
        raw.set_row(row, 17)
        if seat < len(examples):
            sheet.text(row, 1, examples[seat][0], name)
            raw.write_number(row, 2, examples[seat][1], weight)
        else:
            raw.write_blank(row, 1, None, name)
            raw.write_blank(row, 2, None, weight)
    amber, its = look.change(bg_color=style.WARNING), columns.row(first)
    unpaired = f"(LEN(TRIM({its.name}))=0)<>(LEN({its.weight})=0)"
    marks.rule(raw, (first, 2, first + seats - 1, 2), unpaired, amber)
