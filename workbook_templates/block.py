"""A basket's table on a sheet of its own, and what is made of it: no figure is made in two places."""

from __future__ import annotations

from dataclasses import dataclass

from xlsxwriter.format import Format

from workbook_templates import look as style
from workbook_templates.columns import Columns
from workbook_templates.look import Look
from workbook_templates.sheet import Heading, Sheet

NAMES = (
    "basket symbol weight price gex dex vex chex signed_share regime as_of "
    "known_weight weighted_gex share signed rank driver"
)
"""The columns of Detail: whose row it is, BASKET's table, and what is made of it."""
TABLE = 1
"""The column that BASKET is spilled from: its symbols."""
TABLE_WIDTH = 10
LAST = len(NAMES.split()) - 1
"""The last column of what is made of it: the drivers."""

HEADINGS: tuple[Heading, ...] = (
    (0, 19, "BASKET", "", "left"),
    (1, 9, "SYMBOL", "", "left"),
    (2, 8, "WEIGHT", "", "right"),
    (3, 10, "PRICE", "$", "right"),
    (4, 11, "GEX", "$ m per 1 %", "right"),
    (5, 10, "DEX", "$ bn", "right"),
    (6, 11, "VEX", "$ m per vol pt", "right"),
    (7, 11, "CHEX", "$ m per day", "right"),
    (8, 14, "SIGNED SHARE", "of gross", "right"),
    (9, 16, "REGIME", "", "left"),
    (10, 19, "AS OF", "New York", "left"),
    (11, 8, "WEIGHT", "with data", "right"),
    (12, 13, "WEIGHTED GEX", "$ m per 1 %", "right"),
    (13, 8, "SHARE", "of gross", "right"),
    (14, 8, "SIGNED", "", "right"),
    (15, 7, "RANK", "", "center"),
    (16, 16, "DRIVER", "", "left"),
)
NUMBERS = (
    "0.0%",
    style.PRICE,
    style.MILLIONS,
    style.BILLIONS,
    style.MILLIONS,
    style.MILLIONS,
    style.SIGNED_SHARE_1,
)
"""Formats of the table's columns from the weight to the signed share."""


@dataclass(frozen=True, slots=True)
class Block:
    """Where a basket's table lies on the sheet Detail: ``first`` counts from 0, ``rows`` is the room it has."""

    first: int
    rows: int

    @property
    def columns(self) -> Columns:
        """Its columns by name."""
        return Columns("Detail", self.first, self.rows, 0, NAMES)

    def column(self, name: str) -> str:
        """A column of it, for a formula on any sheet."""
        return self.columns.column(name)

    @property
    def net_to_gross(self) -> str:
        """The formula's part: the signed shares add up to it."""
        signed = self.column("signed")
        return f'IF(COUNT({signed})=0,"",SUM({signed}))'

    @property
    def negative_names(self) -> str:
        """The formula's part: how many names are negative, of those with data."""
        weighted = self.column("weighted_gex")
        return f'IF(COUNT({weighted})=0,"",COUNTIF({weighted},"<0")&" of "&COUNT({weighted}))'

    @property
    def negative_weight(self) -> str:
        """The formula's part: the weight that the negative names carry."""
        weighted = self.column("weighted_gex")
        return f'IF(COUNT({weighted})=0,"",SUMIF({weighted},"<0",{self.column("known_weight")}))'

    @property
    def top_share(self) -> str:
        """The formula's part: the largest name's share."""
        share = self.column("share")
        return f'IF(COUNT({share})=0,"",MAX({share}))'

    def ranked(self, place: int, name: str) -> str:
        """The part of a formula that takes a column's value from the name at a place of the ranking."""
        return self.beside(place, self.column(name))

    def beside(self, place: int, area: str) -> str:
        """The same from a column beside the block, given as a range."""
        return f"INDEX({area},MATCH({place},{self.column('rank')},0))"


def looks_of_table(look: Look, **more: object) -> tuple[Format, ...]:
    """The formats of one row of BASKET's table."""
    return (
        look(bold=True, **more),
        *(look(num_format=number, align="right", **more) for number in NUMBERS),
        look(indent=1, **more),
        look(colour=style.MUTED, **more),
    )


def write_block(sheet: Sheet, look: Look, block: Block, asked: str, label: str) -> None:
    """Writes the table that ``asked`` gives and what is made of it; ``label`` is the part of a formula that names it."""

    def edge(row: int) -> dict[str, object]:
        return {"top": 1, "top_color": style.RULE} if row == block.first else {}

    rows = range(block.first, block.first + block.rows)
    sheet.spill(block.first, TABLE, f"={asked}", [looks_of_table(look, **edge(row)) for row in rows])
    columns = block.columns
    top, bottom = (columns.fixed("share", row) for row in (rows[0], rows[-1]))
    for row in rows:
        its, right = columns.row(row), {"colour": style.MUTED, "align": "right", **edge(row)}
        repeats = _repeats(its.symbol, columns.row(row - 1).symbol)
        once = "" if row == block.first else f"IF({repeats},FALSE,TRUE),"
        named = f'=IF(ISTEXT({its.symbol}),IF(AND({once}LEN({its.symbol})>0),{label},""),"")'
        sheet.formula(row, columns.at("basket"), named, look(colour=style.FAINT, **edge(row)))
        rank = f"RANK({its.share},{top}:{bottom})+COUNTIF({top}:{its.share},{its.share})-1"
        driver = f'{its.symbol}&" "&IF({its.signed_share}<0,"−","+")&TEXT({its.share}*100,"0")&" %"'
        # Each looks at the very cell it reads: "" is not below 0, and a sign must come from a number.
        for column, of, value, differences in (
            ("known_weight", its.gex, its.weight, {"num_format": "0.0%"}),
            ("weighted_gex", its.gex, f"{its.weight}*{its.gex}", {"num_format": style.MILLIONS}),
            ("share", its.signed_share, f"ABS({its.signed_share})", {"num_format": style.SHARE}),
            ("signed", its.signed_share, its.signed_share, {"num_format": style.SIGNED_SHARE}),
            ("rank", its.share, rank, {"align": "center"}),
            ("driver", its.signed_share, driver, {"align": "left"}),
        ):
            unless = value if row == block.first else f'IF({repeats},"",{value})'
            sheet.formula(
                row, columns.at(column), f'=IF(ISNUMBER({of}),{unless},"")', look(**{**right, **differences})
            )


def _repeats(symbol: str, above: str) -> str:
    """The formula's part that tells whether a row is the one above it again.

    Calc fills an array that is larger than its table with #N/A, but repeats a table of one row to the end. Names are unique.
    """
    return f'{symbol}&""={above}&""'
