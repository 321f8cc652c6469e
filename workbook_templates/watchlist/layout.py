"""Where everything lies in the watchlist. Rows and columns count from 0."""

from __future__ import annotations

SEATS = 25
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
"""The column that BASKET is spilled from: E, up to N."""
PANEL = 15
"""The column of the levels: P, up to R; the drivers stand in T and U."""
FIRST_LEVEL = 29
FIRST_DETAIL = 5

NAMES, WEIGHTS = (f"Watchlist!${letter}${FIRST + 1}:${letter}${FIRST + SEATS}" for letter in "BC")
BASKET = f"{NAMES},{WEIGHTS}"
"""What our functions are called with."""
TRIGGER = f"Watchlist!$C${REFRESH + 1}"
CHOSEN = f"Watchlist!$Q${FIRST_LEVEL - 2}"
"""The name whose levels are shown."""
GEX = f"Watchlist!$H${HEADLINE + 1}"
AGE = f"$R${HEADLINE + 1}"
REFRESHED = f"Detail!$N${FIRST_DETAIL + 1}"
"""What asks the source again; always the same text, so that its only effect is that others are made after it."""
STATUS = f"Detail!$P${FIRST_DETAIL + 1}"


def after_refresh(value: str) -> str:
    """The formula for a value that is made again whenever the trigger has made the source answer again."""
    return f'=IF(LEN({REFRESHED})>0,{value},"")'


def detail(letter: str) -> str:
    """A column of Detail."""
    return f"Detail!${letter}${FIRST_DETAIL + 1}:${letter}${FIRST_DETAIL + SEATS}"
