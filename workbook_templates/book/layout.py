"""Where everything lies in the book. Rows and columns count from 0."""

from __future__ import annotations

from dataclasses import dataclass

from workbook_templates.columns import Columns
from workbook_templates.room import BEYOND, outside

SEATS = 100
"""Positions there is room for."""
SHOWN = 15
"""Names in the comparison on the sheet Book."""

FIRST_POSITION = 7
FIRST_DETAIL = 5
FIRST_LEG = 6
FIRST_SHOWN = 16

POSITIONS = Columns(
    "Positions",
    FIRST_POSITION,
    SEATS,
    1,
    "symbol size unit adv price side money net of_money gex of_adv of_exposure difference regime note",
)
"""What people edit, and what each position is in money and in exposure."""
VALUE_ROW = 3
BOOK_VALUE = POSITIONS.fixed("size", VALUE_ROW)
"""The value of the book, for a formula on the sheet Positions."""
DETAIL = Columns(
    "Detail",
    FIRST_DETAIL,
    SEATS,
    0,
    "position symbol weight price gex dex vex chex signed_share regime as_of "
    "name first money net weighted long long_money short short_money gross gross_money adv part_dex part_vex part_chex "
    "rank typed - leg status covered close - flow flow_net flow_long flow_short flow_gross flow_dealers flow_days "
    "- long_until long_hours long_buy - short_until short_hours short_buy",
)
"""BASKET's table of each position. Then: the name of a position that counts; 1 in its first row; the position's money; in that
first row the money of the name in all its rows, and |money| × GEX; each leg's names and money; there its daily volume in USD
and its parts of the net; the place of the name; how many cells are typed; of each leg its status, its money with figures, and
what dealers buy until the close; BASKETFLOW's rows for DEX, VEX and CHEX; CHARMCLOCK of both sides."""
TICKS = 8
"""Rows of CHARMCLOCK at most: six hours, the close, a weekend."""
BOOK = Columns(
    "Book",
    FIRST_LEG,
    4,
    1,
    "label money names gex dex vex chex regime net_to_gross coverage usable age missing_or_why",
)
"""The legs and their net."""
COMPARED = Columns(
    "Book",
    FIRST_SHOWN,
    SHOWN,
    1,
    "name money side of_money of_exposure difference gex regime",
)
"""The names with the most exposure."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg, and which money belongs to it."""

    index: int
    name: str
    member: str

    @property
    def names(self) -> str:
        """The column of its names on Detail."""
        return self.name.lower()

    @property
    def weights(self) -> str:
        """The column of their money."""
        return f"{self.names}_money"

    @property
    def covered(self) -> str:
        """Where its money with figures stands, USD."""
        return DETAIL.cell("covered", self.index)

    @property
    def close(self) -> str:
        """Where it stands what dealers buy of it until the close, USD."""
        return DETAIL.cell("close", self.index)

    @property
    def row(self) -> int:
        """Its row on Book."""
        return FIRST_LEG + self.index

    @property
    def arguments(self) -> str:
        """What each of our functions is called with."""
        return f"{DETAIL.column(self.names)},{DETAIL.column(self.weights)}"

    @property
    def status(self) -> str:
        """Where its status stands."""
        return DETAIL.cell("status", self.index)


LEGS = (
    Leg(0, "Long", "{net}>0"),
    Leg(1, "Short", "{net}<0"),
    Leg(2, "Gross", "{net}<>0"),
)
LONG, SHORT, GROSS = LEGS
NET_ROW = GROSS.row + 1
"""The row of long minus short on Book."""
VOLUME_ROW = NET_ROW + 1
"""The row of the same in parts of a day's volume."""
DEALERS = DETAIL.cell("flow_dealers", 2)
"""What dealers sell of CHEX a day, against the book where it is positive."""
TO_CLOSE = DETAIL.cell("close", GROSS.index)
"""What dealers trade for the book until the close, against it where it is negative."""
UNTIL = DETAIL.cell("status", len(LEGS))
"""When the close is."""
FLOWS = ("dex", "vex", "chex")
"""The measures that have a side, in BASKETFLOW's order."""
OUTSIDE = outside(
    "Positions",
    POSITIONS.across("symbol", "adv", BEYOND),
    f"SUM({DETAIL.column('typed')})",
    f"{SEATS} positions",
)
