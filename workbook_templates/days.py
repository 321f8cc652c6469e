"""The days before: BASKETHISTORY's table on a sheet Detail, and a bar for each day. No figure is made in two places."""

from __future__ import annotations

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.columns import Columns
from workbook_templates.look import Look
from workbook_templates.sheet import Heading, Sheet

NAMES = "at gex dex vex chex balance - known bar"
"""Its columns: the table, with headings, as Calc would repeat a table of one row to the end; what of it is a number; a bar."""
HEADINGS: tuple[tuple[float, str, str, str], ...] = (
    (16, "CLOSE", "New York", "left"),
    (10, "GEX", "$ m per 1 %", "right"),
    (10, "DEX", "$ bn", "right"),
    (10, "VEX", "$ m per vol pt", "right"),
    (10, "CHEX", "$ m per day", "right"),
    (10, "BALANCE", "", "right"),
    (2, "", "", "left"),
    (10, "KNOWN", "GEX", "right"),
    (5, "BAR", "", "left"),
)
BARS = "▁▂▃▄▅▆▇█"


def headings(start: int) -> tuple[Heading, ...]:
    """The heads of the columns from ``start`` on, which counts from 0."""
    return tuple((start + place, *heading) for place, heading in enumerate(HEADINGS))


def write_days(sheet: Sheet, look: Look, past: Columns, asked: str) -> None:
    """Writes the table that the formula ``asked`` gives, and the bars, from the lowest of these days to the highest."""
    small = {"size": 9, "colour": style.MUTED}
    right = {"align": "right", **small}
    numbers = (style.MILLIONS, style.BILLIONS, style.MILLIONS, style.MILLIONS, style.SIGNED_SHARE_1)
    words = (look(**small),) * (1 + len(numbers))
    row = (
        look(num_format=style.MOMENT, align="left", **small),
        *(look(num_format=number, **right) for number in numbers),
    )
    sheet.spill(past.first, past.at("at"), asked, [words, *[row] * (past.rows - 1)])
    known = past.column("known", past.rows - 1, 1)
    for place in range(1, past.rows):
        its, number = past.first + place, look(num_format=style.MILLIONS, **right)
        gex, mine = past.cell("gex", place), past.cell("known", place)
        sheet.formula(its, past.at("known"), f'=IF(ISNUMBER({gex}),{gex},"")', number)
        high = f"1+ROUND(7*({mine}-MIN({known}))/(MAX({known})-MIN({known})),0)"
        bar = f'IF(MAX({known})>MIN({known}),MID("{BARS}",{high},1),"")'
        sheet.formula(its, past.at("bar"), f'=IF(ISNUMBER({mine}),{bar},"")', look(**small))
    marks.padding(
        sheet.raw, look, (past.first, past.at("at"), past.first + past.rows - 1, past.at("balance"))
    )


def bars(past: Columns) -> str:
    """The formula's part that puts the bars side by side."""
    return f'_xlfn.TEXTJOIN("",TRUE,{past.column("bar", past.rows - 1, 1)})'
