"""The sheet Scanner: a row a sector, and two charts below."""

from __future__ import annotations

from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.chart import Chart
from xlsxwriter.utility import xl_range_abs

from workbook_templates import look as style
from workbook_templates.contents import HOW_TO_READ
from workbook_templates.layout import (
    ALL,
    FIRST_DETAIL,
    FIRST_SCANNER,
    LAST_COLUMN,
    NAME_COLUMN,
    SEATS,
    Sector,
    arguments_of,
)
from workbook_templates.look import Look
from workbook_templates.sheet import Sheet


def write_scanner(sheet: Sheet, look: Look, book: Workbook) -> None:
    """Writes the sheet that people keep open."""
    raw = sheet.raw
    everything = arguments_of(ALL[0].members, ALL[-1].members)
    sheet.band(
        "Sector scanner",
        f'=IFERROR(BASKETSTATUS({everything}),"No figures: the BasketGEX add-in did not answer. See Notes.")',
        LAST_COLUMN,
        look,
    )
    right = look(size=10, colour=style.BAND_TEXT, bg_color=style.BAND, align="right")
    sheet.text(0, LAST_COLUMN, "Dealer exposure by sector  ", right)
    sheet.formula(
        2,
        1,
        '=IF(ISNUMBER(SEARCH("synthetic",$B$2)),'
        '"SYNTHETIC FIGURES: made up to show the sheet at work. They are not the market.","")',
        look(size=10, bold=True, colour=style.WARNING_TEXT),
    )
    for column in [0, *range(2, LAST_COLUMN + 1)]:
        raw.write_blank(2, column, None, look())
    raw.conditional_format(
        2,
        0,
        2,
        LAST_COLUMN,
        {"type": "formula", "criteria": '=$B$3<>""', "format": look.change(bg_color=style.WARNING)},
    )

    headings = (
        (1, 19, "SECTOR", "", "left"),
        (2, 36, "MEMBERS", "edit on Members", "left"),
        (3, 11, "NET GEX", "$ m per 1 %", "right"),
        (4, 10, "NET DEX", "$ bn", "right"),
        (5, 11, "NET VEX", "$ m per vol pt", "right"),
        (6, 11, "NET CHEX", "$ m per day", "right"),
        (7, 13, "REGIME", "sign of GEX", "center"),
        (8, 13, "NET ÷ GROSS", "one-sidedness", "right"),
        (9, 10, "NEGATIVE", "names", "center"),
        (10, 10, "NEGATIVE", "weight", "center"),
        (11, 9, "TOP SHARE", "largest name", "center"),
        (12, 36, "DRIVERS", "share of |weight × GEX|, signed", "left"),
        (13, 11, "COVERAGE", "of weight", "center"),
        (14, 17, "MISSING", "names", "left"),
    )
    raw.set_column(0, 0, 1.5)
    for r, height in ((2, 19), (3, 8), (4, 16), (5, 15)):
        raw.set_row(r, height)
    for column, width, heading, unit, align in headings:
        raw.set_column(column, column, width)
        place = {"align": align, "indent": 1} if column in (8, 12) else {"align": align}
        sheet.text(4, column, heading, look.head(**place))
        sheet.text(5, column, unit, look.unit(**place))
    for sector in ALL:
        _row(sheet, look, sector)

    first, last = ALL[0].scanner, ALL[-1].scanner
    raw.conditional_format(
        first,
        2,
        last,
        LAST_COLUMN,
        {
            "type": "formula",
            "criteria": f"=ISERROR(C{first + 1})",
            "format": look.change(bold=False, font_color=style.FAINT),
            "stop_if_true": True,
        },
    )
    blue, orange = look.change(font_color=style.POSITIVE), look.change(font_color=style.NEGATIVE)
    for column in (3, 7):
        for sign, colours in (("<", orange), (">=", blue)):
            raw.conditional_format(
                first,
                column,
                last,
                column,
                {
                    "type": "formula",
                    "criteria": f"=AND(ISNUMBER($D{first + 1}),$D{first + 1}{sign}0)",
                    "format": colours,
                },
            )
    raw.conditional_format(
        first,
        8,
        last,
        8,
        {
            "type": "data_bar",
            "data_bar_2010": True,
            "bar_solid": True,
            "bar_color": style.POSITIVE_BAR,
            "bar_negative_color": style.NEGATIVE_BAR,
            "bar_border_color": style.POSITIVE_BAR,
            "bar_negative_border_color": style.NEGATIVE_BAR,
            "bar_axis_position": "middle",
            "bar_axis_color": style.FAINT,
            "min_type": "num",
            "min_value": -1,
            "max_type": "num",
            "max_value": 1,
        },
    )
    raw.conditional_format(
        first,
        13,
        last,
        13,
        {
            "type": "formula",
            "criteria": f"=AND(ISNUMBER($N{first + 1}),$N{first + 1}<0.9995)",
            "format": look.change(bold=True, font_color=style.NEGATIVE),
        },
    )
    raw.set_row(last + 1, 20)
    sheet.text(last + 1, 1, HOW_TO_READ, look(size=9, italic=True, colour=style.MUTED))

    top = last + 3
    gex = _chart(book, "Net GEX, $ m per 1 % move", "T", "U", {"num_format": "#,##0;−#,##0;0"})
    gex.set_size({"width": 715, "height": 400})
    raw.insert_chart(top, 1, gex, {"object_position": 2})
    balance = _chart(
        book, "Net ÷ gross: how one-sided", "V", "W", {"num_format": "0%;−0%;0%", "min": -1, "max": 1}
    )
    balance.set_size({"width": 830, "height": 400})
    raw.insert_chart(top, 7, balance, {"object_position": 2})
    raw.freeze_panes(FIRST_SCANNER, 2)
    sheet.page(top + 20, LAST_COLUMN, (0, 5))
    raw.activate()


def _row(sheet: Sheet, look: Look, sector: Sector) -> None:
    row, ours = sector.scanner, sector.arguments
    cell = look.cell
    middle = {"align": "center"}
    sheet.raw.set_row(row, 25)
    names = xl_range_abs(sector.members, NAME_COLUMN, sector.members, NAME_COLUMN + SEATS - 1)
    sheet.formula(row, 1, f"=Members!$B${sector.members + 1}", cell(size=11, bold=True))
    sheet.formula(row, 2, f'=_xlfn.TEXTJOIN("  ",TRUE,Members!{names})', cell(size=9, colour=style.MUTED))
    millions = cell(num_format=style.MILLIONS, align="right")
    sheet.formula(
        row, 3, f"=BASKETGEX({ours})", cell(num_format=style.MILLIONS, align="right", bold=True, size=11)
    )
    sheet.formula(row, 4, f"=BASKETDEX({ours})", cell(num_format=style.BILLIONS, align="right"))
    sheet.formula(row, 5, f"=BASKETVEX({ours})", millions)
    sheet.formula(row, 6, f"=BASKETCHEX({ours})", millions)
    sheet.formula(
        row,
        7,
        f'=IF(BASKETREGIME({ours})="positive_gamma","▲ positive","▼ negative")',
        cell(bold=True, **middle),
    )
    weighted, signed = sector.detail("M"), sector.detail("O")
    sheet.formula(
        row,
        8,
        f'=IF(COUNT({signed})=0,"",SUM({signed}))',
        cell(num_format=style.SIGNED_SHARE, align="right", indent=1),
    )
    sheet.formula(
        row,
        9,
        f'=IF(COUNT({weighted})=0,"",COUNTIF({weighted},"<0")&" of "&COUNT({weighted}))',
        cell(**middle),
    )
    sheet.formula(
        row,
        10,
        f'=IF(COUNT({weighted})=0,"",SUMIF({weighted},"<0",{sector.detail("L")}))',
        cell(num_format=style.SHARE, **middle),
    )
    share = sector.detail("N")
    sheet.formula(row, 11, f'=IF(COUNT({share})=0,"",MAX({share}))', cell(num_format=style.SHARE, **middle))
    rank, driver = sector.detail("P"), sector.detail("Q")
    first, second, third = (f"INDEX({driver},MATCH({place},{rank},0))" for place in (1, 2, 3))
    drivers = f'IFERROR({first},"")&IFERROR(",  "&{second},"")&IFERROR(",  "&{third},"")'
    sheet.formula(
        row,
        12,
        f"=IF(ISNUMBER($D${row + 1}),{drivers},BASKETWHY({ours}))",
        cell(size=9, indent=1, text_wrap=True),
    )
    sheet.formula(row, 13, f"=BASKETCOVERAGE({ours})", cell(num_format=style.SHARE, **middle))
    sheet.formula(
        row, 14, f"=BASKETMISSING({ours})", cell(size=9, colour=style.NEGATIVE, align="left", text_wrap=True)
    )


def _chart(book: Workbook, title: str, positive: str, negative: str, scale: dict[str, Any]) -> Chart:
    """Bars a sector, in the table's order. Two series, as not every host colours a negative bar by itself."""
    chart: Chart = book.add_chart({"type": "bar", "subtype": "stacked"})
    first, last = FIRST_DETAIL + 1, FIRST_DETAIL + len(ALL)
    for name, column, colour in (
        ("Positive", positive, style.POSITIVE),
        ("Negative", negative, style.NEGATIVE),
    ):
        chart.add_series(
            {
                "name": name,
                "categories": f"=Detail!$S${first}:$S${last}",
                "values": f"=Detail!${column}${first}:${column}${last}",
                "fill": {"color": colour},
                "border": {"none": True},
                "gap": 45,
                "overlap": 100,
            }
        )
    small = {"name": style.FONT, "size": 9, "color": style.MUTED, "bold": False}
    chart.set_title(
        {
            "name": title,
            "name_font": {"name": style.FONT, "size": 11, "color": style.INK, "bold": True},
            "overlay": False,
        }
    )
    chart.set_legend({"none": True})
    chart.set_y_axis(
        {
            "reverse": True,
            "label_position": "low",
            "num_font": small,
            "line": {"color": style.MUTED, "width": 0.75},
            "major_tick_mark": "none",
        }
    )
    chart.set_x_axis(
        {
            **scale,
            "num_font": small,
            "line": {"none": True},
            "major_gridlines": {"visible": True, "line": {"color": style.RULE, "width": 0.5}},
            "major_tick_mark": "none",
            "label_position": "high",
        }
    )
    chart.set_chartarea({"border": {"none": True}, "fill": {"none": True}})
    chart.set_plotarea({"fill": {"none": True}})
    return chart
