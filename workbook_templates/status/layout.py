"""Where everything lies in the status sheet. Rows and columns count from 0."""

from __future__ import annotations

SEATS = 15
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
