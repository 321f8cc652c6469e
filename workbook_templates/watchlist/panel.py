"""The right side of the sheet Watchlist: the chart, one name's levels, the drivers."""

from __future__ import annotations

from xlsxwriter import Workbook

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.charts import Series, bar_chart
from workbook_templates.levels import write_levels
from workbook_templates.look import Look
from workbook_templates.sheet import Heading, Sheet
from workbook_templates.watchlist import contents
from workbook_templates.watchlist.layout import (
    BLOCK,
    CHOSEN,
    DRIVERS,
    FIRST,
    FIRST_DETAIL,
    FIRST_LEVEL,
    LEVELS,
    NAMES,
    PANEL,
    SHOWN,
    after_refresh,
)

HEADINGS: tuple[Heading, ...] = (
    (PANEL + 4, 0, "DRIVER", "", "left"),
    (PANEL + 5, 0, "SHARE", "signed", "right"),
)


def write_panel(sheet: Sheet, look: Look, book: Workbook) -> None:
    """Writes what stands on the right of the table."""
    _chart(sheet, book)
    title = FIRST_LEVEL - 3
    sheet.heads(FIRST_LEVEL - 2, HEADINGS, look)
    sheet.text(title, PANEL, "Levels of", look(size=11, bold=True))
    sheet.text(title, PANEL + 4, "Top drivers", look(size=11, bold=True))
    _levels(sheet, look, title)
    for place in range(DRIVERS):
        row, found = FIRST_LEVEL + place, str(place + 1)
        name = f'=IFERROR({BLOCK.ranked(found, "B")}&"","")'
        sheet.formula(row, PANEL + 4, name, look.cell(bold=True))
        right = look.cell(num_format=style.SIGNED_SHARE_1, align="right")
        sheet.formula(row, PANEL + 5, f'=IFERROR({BLOCK.ranked(found, "O")},"")', right)
    area = (FIRST_LEVEL, PANEL + 5, FIRST_LEVEL + DRIVERS - 1, PANEL + 5)
    marks.regimes(sheet.raw, look, area, f"$T{FIRST_LEVEL + 1}")


def _chart(sheet: Sheet, book: Workbook) -> None:
    rows = f"${FIRST_DETAIL + 1}:${{0}}${FIRST_DETAIL + SHOWN}"
    series = tuple(
        Series(name, f"Detail!${letter}{rows.format(letter)}", colour)
        for name, letter, colour in (
            ("Positive", "T", style.POSITIVE),
            ("Negative", "U", style.NEGATIVE),
        )
    )
    title, names = "Signed share of |weight × GEX|", f"Detail!$S{rows.format('S')}"
    chart = bar_chart(book, title, names, series, {"num_format": "0%;−0%;0%"})
    chart.set_size({"width": sheet.across(PANEL, PANEL + 5), "height": 352})
    sheet.raw.insert_chart(FIRST - 3, PANEL, chart, {"object_position": 2})


def _levels(sheet: Sheet, look: Look, title: int) -> None:
    raw, cell = sheet.raw, look.cell
    chosen = cell(bg_color=style.EDITABLE, num_format="@", bold=True, align="right")
    sheet.text(title, PANEL + 1, contents.CHOSEN, chosen)
    raw.data_validation(
        title,
        PANEL + 1,
        title,
        PANEL + 1,
        {
            "validate": "list",
            "source": f"={NAMES.partition('!')[2]}",
            "error_title": "Levels of",
            "error_message": "One of the names in the list.",
        },
    )
    blank = f"LEN(TRIM({CHOSEN}))=0"
    gex = f"SYMBOLGEX({CHOSEN})"
    regime = f'IF(ISNUMBER({gex}),{marks.sign_of(gex)},"no data")'
    sheet.formula(title, PANEL + 2, after_refresh(f'IF({blank},"",{regime})'), look(align="right", bold=True))
    marks.before(raw, look, (title, PANEL + 2, title, PANEL + 2), f"$Q${title + 1}")
    write_levels(sheet, look, (FIRST_LEVEL, PANEL), LEVELS)
