"""A list of names and weights that people edit, where it stands beside the figures."""

from __future__ import annotations

from collections.abc import Sequence

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.look import Look
from workbook_templates.sheet import Heading, Sheet

HEADINGS: tuple[Heading, ...] = ((1, 0, "NAME", "edit", "left"), (2, 0, "WEIGHT", "any scale", "right"))


def write_names(
    sheet: Sheet, look: Look, first: int, seats: int, examples: Sequence[tuple[str, float]]
) -> None:
    """Writes the list into B and C from row ``first``; a name without a weight, or a weight without a name, is amber."""
    raw, cell = sheet.raw, look.cell
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
    amber, r = look.change(bg_color=style.WARNING), first + 1
    unpaired = f"(LEN(TRIM($B{r}))=0)<>(LEN($C{r})=0)"
    marks.rule(raw, (first, 2, first + seats - 1, 2), unpaired, amber)
