"""The body of the sheet Hedge: the ladder and its charts, roll-off, walls and clock, and the strikes."""

from __future__ import annotations

from xlsxwriter import Workbook

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.charts import Series, bar_chart
from workbook_templates.columns import Columns
from workbook_templates.hedge.layout import (
    BODY,
    BOTH,
    BUCKETS,
    CHARTS,
    COLUMNS,
    FIRST_RUNG,
    FIRST_TENOR,
    FIRST_TICK,
    FIRST_WALL,
    LADDER,
    NAMES,
    NEAREST,
    OF_BASKET,
    OF_INDEX,
    ONE,
    ONE_DAY,
    PANEL,
    RUNG,
    RUNGS,
    SECOND_CHART,
    STRIKES_CHART,
    TENOR,
    TENORS,
    TICK,
    TICKS,
    TO_CLOSE,
    VOL_DOWN,
    VOL_UP,
    WALL,
    Side,
)
from workbook_templates.look import Look
from workbook_templates.sheet import Heading, Sheet

RUNG_HEADINGS: tuple[Heading, ...] = (
    (LADDER, 0, "IF THE INDEX", "or what else", "left"),
    (LADDER + 1, 0, "BASKET", "$ m", "right"),
    (LADDER + 2, 0, "INDEX", "$ m", "right"),
)
TENOR_HEADINGS: tuple[Heading, ...] = (
    (PANEL, 0, "EXPIRES", "in days", "left"),
    (PANEL + 1, 0, "BASKET", "$ m per 1 %", "right"),
    (PANEL + 2, 0, "BY THEN", "of gross", "right"),
    (PANEL + 3, 0, "INDEX", "$ m per 1 %", "right"),
    (PANEL + 4, 0, "BY THEN", "of gross", "right"),
)
WALL_HEADINGS: tuple[Heading, ...] = (
    (PANEL, 0, "WALL", "", "left"),
    (PANEL + 1, 0, "BASKET", "from price", "right"),
    (PANEL + 2, 0, "GEX", "$ m per 1 %", "right"),
    (PANEL + 3, 0, "INDEX", "from price", "right"),
    (PANEL + 4, 0, "GEX", "$ m per 1 %", "right"),
)
TICK_HEADINGS: tuple[Heading, ...] = (
    (PANEL, 0, "UNTIL", "New York", "left"),
    (PANEL + 1, 0, "HOURS", "from then", "right"),
    (PANEL + 2, 0, "BASKET", "$ m", "right"),
    (PANEL + 3, 0, "INDEX", "$ m", "right"),
)
BESIDE = (
    ("vol +1 point", VOL_UP),
    ("vol −1 point", VOL_DOWN),
    ("one day", ONE_DAY),
    ("to the close", TO_CLOSE),
)
"""What stands below the moves, and the row of BASKETLADDER it is."""
SCALE = '#,##0,,;"−"#,##0,,;0'


def write_panel(sheet: Sheet, look: Look, book: Workbook) -> None:
    """Writes what stands on the right of the names."""
    title = look(size=11, bold=True)
    sheet.text(BODY, LADDER, "Dealers buy (+) or sell (−)", title)
    sheet.text(BODY, CHARTS, "Basket: buy or sell, $ m", title)
    sheet.formula(SECOND_CHART, CHARTS, f'=IF({OF_INDEX.absent},"",{ONE}&": buy or sell, $ m")', title)
    sheet.text(BODY, PANEL, "Net GEX by time to expiry, and what has rolled off", title)
    sheet.text(FIRST_WALL - 3, PANEL, "Walls by strike", title)
    sheet.text(FIRST_TICK - 3, PANEL, "Charm clock: dealers buy (+) or sell (−)", title)
    sheet.text(STRIKES_CHART, LADDER, "Basket: GEX by strike, from each name's own price", title)
    quiet = look(size=9, italic=True, colour=style.MUTED)
    sheet.text(STRIKES_CHART + 1, LADDER, "$ m per 1 %, the weighted mean, in steps of 1 %", quiet)
    for first, headings in (
        (FIRST_RUNG, RUNG_HEADINGS),
        (FIRST_TENOR, TENOR_HEADINGS),
        (FIRST_WALL, WALL_HEADINGS),
        (FIRST_TICK, TICK_HEADINGS),
    ):
        sheet.heads(first - 2, headings, look)
    _rungs(sheet, look)
    _tenors(sheet, look)
    _walls(sheet, look)
    _ticks(sheet, look)
    for side, row in zip(BOTH, (BODY + 1, SECOND_CHART + 1), strict=True):
        _chart(sheet, book, side, row)
    _strikes(sheet, book)


def _either(what: str, place: int) -> str:
    """A text of the basket's table; of the index's where the basket has none."""
    (ours, theirs), first = (side.cell(what, place) for side in BOTH), OF_BASKET.cell(what)
    return f'IF(ISTEXT({first}),IF(LEN({first})>0,{ours}&"",{theirs}&""),{theirs}&"")'


def _rungs(sheet: Sheet, look: Look) -> None:
    number = look.cell(num_format=style.MILLIONS, align="right")
    for place in range(RUNGS + len(BESIDE)):
        row = FIRST_RUNG + place
        if place < RUNGS:
            named, rung = look.cell(bold=True, align="left", indent=1), RUNGS - 1 - place
            sheet.formula(row, RUNG.at("rung"), f'=IFERROR({_either("rung", place)},"")', named)
        else:
            text, rung = BESIDE[place - RUNGS]
            sheet.text(row, RUNG.at("rung"), text, look.cell(size=9))
        for side in BOTH:
            sheet.formula(row, RUNG.at(side.name), f"={marks.shown(side.cell('buy', rung))}", number)
    _signs(sheet, look, RUNG, ("basket", "index"))
    there = f"OR({OF_BASKET.absent},ISNUMBER({OF_BASKET.cell('buy')}))"
    quiet = look(size=9, italic=True, colour=style.MUTED)
    sheet.formula(FIRST_RUNG + RUNGS + len(BESIDE), LADDER, f'=IF({there},"",{marks.why(NAMES, "")})', quiet)


def _tenors(sheet: Sheet, look: Look) -> None:
    number = look.cell(num_format=style.MILLIONS, align="right")
    share = look.cell(num_format=style.SHARE, align="right")
    for place in range(TENORS):
        row = FIRST_TENOR + place
        named = f'=IFERROR({_either("expires", place)},"")'
        sheet.formula(row, TENOR.at("expires"), named, look.cell(bold=True))
        for side in BOTH:
            sheet.formula(
                row, TENOR.at(f"{side.name}_gex"), f"={marks.shown(side.cell('gex', place))}", number
            )
            rolled = f"={marks.shown(side.cell('rolled', place))}"
            sheet.formula(row, TENOR.at(f"{side.name}_rolled"), rolled, share)
    _signs(sheet, look, TENOR, ("basket_gex", "index_gex"))


def _walls(sheet: Sheet, look: Look) -> None:
    move = look.cell(num_format=style.SIGNED_SHARE, align="right", bold=True)
    number = look.cell(num_format=style.MILLIONS, align="right")
    for place, (text, wall, values) in enumerate(
        (("Call wall", "call_wall", "calls"), ("Put wall", "put_wall", "puts"))
    ):
        row = FIRST_WALL + place
        sheet.text(row, WALL.at("wall"), text, look.cell(bold=True))
        for side in BOTH:
            found = f"MATCH(1,{side.column(wall, BUCKETS)},0)"
            for column, of, form in (("move", "strike", move), ("gex", values, number)):
                value = f'=IFERROR(INDEX({side.column(of, BUCKETS)},{found}),"–")'
                sheet.formula(row, WALL.at(f"{side.name}_{column}"), value, form)
    _signs(sheet, look, WALL, ("basket_gex", "index_gex"))


def _ticks(sheet: Sheet, look: Look) -> None:
    number = look.cell(num_format=style.MILLIONS, align="right")
    for place in range(TICKS):
        row, its = FIRST_TICK + place, TICK.row(FIRST_TICK + place)
        sheet.formula(row, TICK.at("until"), f"={_either('key', place)}", look.cell(size=9))
        for side in BOTH:
            found = f"MATCH({its.until},{side.column('key', TICKS)},0)"
            value = f'IFERROR(INDEX({side.column("clock", TICKS)},{found}),"–")'
            sheet.formula(row, TICK.at(side.name), f'=IF(LEN({its.until})=0,"",{value})', number)
        ours, theirs = (side.cell("hours", place) for side in BOTH)
        hours = f'IF(ISNUMBER({ours}),{ours},IF(ISNUMBER({theirs}),{theirs},""))'
        form = look.cell(num_format="0.00", align="right", colour=style.MUTED)
        sheet.formula(row, TICK.at("hours"), f'=IF(LEN({its.until})=0,"",{hours})', form)
    _signs(sheet, look, TICK, ("basket", "index"))
    more = f"COUNT({OF_BASKET.column('strike', BUCKETS)})={BUCKETS}"
    quiet = look(size=9, italic=True, colour=style.MUTED)
    said = f'=IF({more},"More than {BUCKETS} steps of strikes: the highest may be missing.","")'
    sheet.formula(FIRST_TICK + TICKS, PANEL, said, quiet)


def _signs(sheet: Sheet, look: Look, columns: Columns, names: tuple[str, ...]) -> None:
    first, last = columns.first, columns.first + columns.rows - 1
    for name in names:
        column, cell = columns.at(name), getattr(columns.row(first), name)
        marks.regimes(sheet.raw, look, (first, column, last, column), cell)


def _chart(sheet: Sheet, book: Workbook, side: Side, row: int) -> None:
    series = (
        Series("Buy", side.column("plus", RUNGS), style.POSITIVE),
        Series("Sell", side.column("minus", RUNGS), style.NEGATIVE),
    )
    chart = bar_chart(book, "", side.column("rung", RUNGS), series, {"num_format": SCALE})
    chart.set_size({"width": sheet.across(CHARTS, PANEL - 2), "height": 181})
    sheet.raw.insert_chart(row, CHARTS, chart, {"object_position": 2})


def _strikes(sheet: Sheet, book: Workbook) -> None:
    rows = 2 * NEAREST + 1
    series = (
        Series("Calls", COLUMNS.column("drawn_calls", rows), style.POSITIVE_BAR),
        Series("Puts", COLUMNS.column("drawn_puts", rows), style.NEGATIVE_BAR),
    )
    names = COLUMNS.column("bucket", rows)
    chart = bar_chart(book, "", names, series, {"num_format": SCALE}, legend=True)
    chart.set_size({"width": sheet.across(LADDER, PANEL - 2), "height": 520})
    sheet.raw.insert_chart(STRIKES_CHART + 2, LADDER, chart, {"object_position": 2})
