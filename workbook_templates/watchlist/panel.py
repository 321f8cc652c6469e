"""The right side of the sheet Watchlist: the chart, one name's levels, the drivers."""

from __future__ import annotations

from xlsxwriter import Workbook

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.charts import Series, bar_chart
from workbook_templates.levels import FLIP, write_levels
from workbook_templates.look import Look
from workbook_templates.sheet import Heading, Sheet
from workbook_templates.watchlist import contents
from workbook_templates.watchlist.layout import (
    BESIDE,
    BLOCK,
    CHOSEN,
    DRIVERS,
    FIRST,
    FIRST_LEVEL,
    LEVELED,
    LEVELS,
    NAMES,
    PANEL,
    SHOWN,
    TITLE,
    after_refresh,
)

HEADINGS: tuple[Heading, ...] = (
    (LEVELED.at("driver"), 0, "DRIVER", "", "left"),
    (LEVELED.at("share"), 0, "SHARE", "signed", "right"),
)


def write_panel(sheet: Sheet, look: Look, book: Workbook) -> None:
    """Writes what stands on the right of the table."""
    _chart(sheet, book)
    sheet.heads(FIRST_LEVEL - 2, HEADINGS, look)
    sheet.text(TITLE, PANEL, "Levels of", look(size=11, bold=True))
    sheet.text(TITLE, LEVELED.at("driver"), "Top drivers", look(size=11, bold=True))
    _levels(sheet, look)
    for place in range(DRIVERS):
        row = FIRST_LEVEL + place
        name = f'=IFERROR({BLOCK.ranked(place + 1, "symbol")}&"","")'
        sheet.formula(row, LEVELED.at("driver"), name, look.cell(bold=True))
        right = look.cell(num_format=style.SIGNED_SHARE_1, align="right")
        share = f'=IFERROR({BLOCK.ranked(place + 1, "signed")},"")'
        sheet.formula(row, LEVELED.at("share"), share, right)
    area = (FIRST_LEVEL, LEVELED.at("share"), FIRST_LEVEL + DRIVERS - 1, LEVELED.at("share"))
    marks.regimes(sheet.raw, look, area, LEVELED.row(FIRST_LEVEL).share)


def _chart(sheet: Sheet, book: Workbook) -> None:
    series = (
        Series("Positive", BESIDE.column("plus", SHOWN), style.POSITIVE),
        Series("Negative", BESIDE.column("minus", SHOWN), style.NEGATIVE),
    )
    title, names = "Signed share of |weight × GEX|", BESIDE.column("chart", SHOWN)
    chart = bar_chart(book, title, names, series, {"num_format": "0%;−0%;0%"})
    chart.set_size({"width": sheet.across(PANEL, LEVELED.at("share")), "height": 352})
    sheet.raw.insert_chart(FIRST - 3, PANEL, chart, {"object_position": 2})


def _levels(sheet: Sheet, look: Look) -> None:
    raw, cell = sheet.raw, look.cell
    price, distance = LEVELED.at("price"), LEVELED.at("distance")
    chosen = cell(bg_color=style.EDITABLE, num_format="@", bold=True, align="right")
    sheet.text(TITLE, price, contents.CHOSEN, chosen)
    raw.data_validation(
        TITLE,
        price,
        TITLE,
        price,
        {
            "validate": "list",
            "source": f"={NAMES.partition('!')[2]}",
            "error_title": "Levels of",
            "error_message": "One of the names in the list.",
        },
    )
    blank = f"LEN(TRIM({CHOSEN}))=0"
    gex = f"SYMBOLGEX({CHOSEN})"
    near = f'{LEVELS.cell(FLIP, "near")}&""="near flip"'
    regime = f'IF(ISNUMBER({gex}),IF(IFERROR({near},FALSE),IF({gex}<0,"▼","▲")&" near flip",{marks.sign_of(gex)}),"no data")'
    sheet.formula(TITLE, distance, after_refresh(f'IF({blank},"",{regime})'), look(align="right", bold=True))
    marks.before(raw, look, (TITLE, distance, TITLE, distance), LEVELED.fixed("distance", TITLE))
    write_levels(sheet, look, (FIRST_LEVEL, PANEL), LEVELS)
