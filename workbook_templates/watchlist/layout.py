"""Where everything lies in the watchlist. Rows and columns count from 0."""

from __future__ import annotations

from workbook_templates.block import Block
from workbook_templates.levels import Levels
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
FIRST = 13
"""The first of the names, and of the table beside them."""
TABLE = 4
"""The first column of the names' own figures: E, up to M."""
PANEL = 14
"""The column of the levels: O, up to Q; the drivers stand in S and T."""
FIRST_LEVEL = 29
FIRST_DETAIL = 5

NAMES, WEIGHTS = (f"Watchlist!${letter}${FIRST + 1}:${letter}${FIRST + SEATS}" for letter in "BC")
BASKET = f"{NAMES},{WEIGHTS}"
"""What our functions are called with."""
TRIGGER = f"Watchlist!$C${REFRESH + 1}"
CHOSEN = f"Watchlist!$P${FIRST_LEVEL - 2}"
"""The name whose levels are shown."""
LEVELS = Levels(FIRST_DETAIL, 29, CHOSEN)
GEX = f"Watchlist!$H${HEADLINE + 1}"
AGE = f"$Q${HEADLINE + 1}"
REFRESHED = f"Detail!$Z${FIRST_DETAIL + 1}"
"""What asks the source again; always the same text, so that its only effect is that others are made after it."""
STATUS = f"Detail!$AB${FIRST_DETAIL + 1}"
SINCE = f"Detail!$X${FIRST_DETAIL + 1}"
BLOCK = Block(FIRST_DETAIL, SEATS)
"""The basket's table on Detail."""
LIST = f"Watchlist!$B${FIRST + 1}:$C${FIRST + SEATS}"
OUTSIDE = outside(
    "Watchlist",
    f"Watchlist!$B${FIRST + 1}:$C${FIRST + BEYOND}",
    f"COUNTA({LIST})",
    f"{SEATS} names",
)


def after_refresh(value: str) -> str:
    """The formula for a value that is made again whenever the trigger has made the source answer again."""
    return f'=IF(LEN({REFRESHED})>0,{value},"")'
