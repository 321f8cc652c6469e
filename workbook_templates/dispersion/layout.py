"""Where everything lies in the dispersion sheet. Rows and columns count from 0."""

from __future__ import annotations

from workbook_templates.block import Block

SEATS = 60
"""Members there is room for."""
SHOWN = 16
"""Members on the sheet Dispersion."""

INDEX = "Members!$C$4"
FIRST_MEMBER = 7
MEMBERS = ",".join(
    f"Members!${letter}${FIRST_MEMBER + 1}:${letter}${FIRST_MEMBER + SEATS}" for letter in "BC"
)
"""What our functions are called with: the names, the weights."""

BLOCK = Block(5, SEATS)
FIRST_ROW = 6
FIRST_SHOWN = 17
