"""Where everything lies in the watchlist. Rows and columns count from 0."""

from __future__ import annotations

from workbook_templates import days
from workbook_templates.block import LAST, Block
from workbook_templates.columns import Columns
from workbook_templates.levels import Levels
from workbook_templates.names import listed
from workbook_templates.room import BEYOND, outside

SEATS = 50
"""Names there is room for; also the rows of BASKET's table."""
SHOWN = 12
"""Names in the chart."""
DRIVERS = 8
"""Rows of the small table beside the levels: as many."""

HEADLINE = 6
SENTENCE = 7
REFRESH = 8
HISTORY = 9
FIRST = 13
"""The first of the names, and of the table beside them."""
TABLE = 4
"""The first column of the names' own figures."""
PANEL = 14
"""The first column of the levels; the drivers stand beside them."""
FIRST_LEVEL = 29
FIRST_DETAIL = 5

LIST = listed("Watchlist", FIRST, SEATS)
FRONT = Columns(
    "Watchlist",
    HEADLINE,
    1,
    1,
    "label trigger - coverage usable breadth gex dex vex chex net_to_gross regime - since as_of age - count top",
)
"""The headline; the trigger stands below it."""
OWN = Columns("Watchlist", FIRST, SEATS, TABLE, "symbol weight price gex dex vex chex signed_share regime")
"""The names' own figures."""
LEVELED = Columns("Watchlist", FIRST_LEVEL, DRIVERS, PANEL, "level price distance - driver share")
"""One name's levels and the drivers."""
NAMES, WEIGHTS = LIST.column("name"), LIST.column("weight")
BASKET = f"{NAMES},{WEIGHTS}"
"""What our functions are called with."""
TRIGGER = f"Watchlist!{FRONT.fixed('trigger', REFRESH)}"
TITLE = FIRST_LEVEL - 3
CHOSEN = f"Watchlist!{LEVELED.fixed('price', TITLE)}"
"""The name whose levels are shown."""
BLOCK = Block(FIRST_DETAIL, SEATS)
"""The basket's table on Detail."""
BESIDE = Columns(
    "Detail",
    FIRST_DETAIL,
    SEATS,
    LAST + 1,
    "- chart plus minus - regime since before refresh - status -",
)
"""The columns beside it, up to the levels."""
LEVELS = Levels(FIRST_DETAIL, LAST + 1 + len(BESIDE.names.split()), CHOSEN)
DAYS = 180
"""Calendar days before that today is compared with."""
DRAWN = 60
"""Calendar days before that are drawn."""
PAST = Columns(
    "Detail",
    FIRST_DETAIL,
    DRAWN + 2,
    LEVELS.column + len(LEVELS.headings),
    f"- percentile z balance_percentile balance_z days - {days.NAMES}",
)
"""BASKETPERCENTILE's row, and the days before."""
GEX = FRONT.cell("gex")
AGE = FRONT.fixed("age", HEADLINE)
REFRESHED = BESIDE.cell("refresh")
"""What asks the source again; always the same text, so that its only effect is that others are made after it."""
STATUS = BESIDE.cell("status")
SINCE = BESIDE.cell("since")
OUTSIDE = outside(
    "Watchlist",
    LIST.across("name", "weight", BEYOND),
    f"COUNTA({LIST.across('name', 'weight')})",
    f"{SEATS} names",
)


def after_refresh(value: str) -> str:
    """The formula for a value that is made again whenever the trigger has made the source answer again."""
    return f'=IF(LEN({REFRESHED})>0,{value},"")'
