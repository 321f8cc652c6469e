"""Where everything lies in the status sheet. Rows and columns count from 0."""

from __future__ import annotations

from workbook_templates.room import BEYOND, outside

SEATS = 30
"""Baskets there is room for."""

STRIP = 6
"""The line of server, source and quota."""
FIRST = 10
FIRST_DETAIL = 5

FIRST_STATUS = f"Detail!$H${FIRST_DETAIL + 1}"
"""The status of the first basket that has figures."""


def column(letter: str) -> str:
    """A column of Status, for a formula on any sheet."""
    return f"Status!${letter}${FIRST + 1}:${letter}${FIRST + SEATS}"


def detail(letter: str) -> str:
    """A column of Detail."""
    return f"Detail!${letter}${FIRST_DETAIL + 1}:${letter}${FIRST_DETAIL + SEATS}"


OUTSIDE = outside(
    "Status", f"Status!$B${FIRST + 1}:$C${FIRST + BEYOND}", f"SUM({detail('P')})", f"{SEATS} baskets"
)
