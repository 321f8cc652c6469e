"""Where everything lies in the status sheet. Rows and columns count from 0."""

from __future__ import annotations

from workbook_templates.columns import Columns
from workbook_templates.room import BEYOND, outside

SEATS = 30
"""Baskets there is room for."""

STRIP = 6
"""The line of server, source and quota."""
FIRST = 10
FIRST_DETAIL = 5

SERVER = Columns("Status", STRIP, 1, 1, "server source convention plan debits used left resets saved baskets")
"""The line of server, source and quota."""
FRONT = Columns("Status", FIRST, SEATS, 1, "basket symbols state gex count coverage usable as_of age why")
"""One row per basket."""
DETAIL = Columns(
    "Detail",
    FIRST_DETAIL,
    SEATS,
    1,
    "basket status why missing figures - first_status - plan debits used left resets saved typed",
)
"""What the functions say of each basket, and the quota."""
FIRST_STATUS = DETAIL.cell("first_status")
"""The status of the first basket that has figures."""
OUTSIDE = outside(
    "Status", FRONT.across("basket", "symbols", BEYOND), f"SUM({DETAIL.column('typed')})", f"{SEATS} baskets"
)
