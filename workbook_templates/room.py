"""Where a list ends, and what is typed where nothing counts it."""

from __future__ import annotations

BEYOND = 1000
"""Rows below a list's first that are looked at."""


def outside(sheet: str, area: str, counted: str, room: str) -> str:
    """The formula's part that says how many filled cells of an area do not count; "" where all of them do.

    ``counted``: the part of a formula that counts those which do. Rows that were put in between are found as well: they are in
    the area, and in no row that counts.
    """
    more = f"COUNTA({area})-({counted})"
    cells = f'IF({more}=1," filled cell"," filled cells")'
    where = f'" outside the list on the sheet {sheet}: not counted. There is room for {room}."'
    return f'IF({more}>0,({more})&{cells}&{where},"")'


def said(*parts: str) -> str:
    """The formula's part that writes several notices side by side."""
    return f'_xlfn.TEXTJOIN("   ",TRUE,{",".join(parts)})'
