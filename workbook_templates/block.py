"""A basket's table on a sheet of its own, and what is made of it: no figure is made in two places."""

from __future__ import annotations

from dataclasses import dataclass

from xlsxwriter.format import Format

from workbook_templates import look as style
from workbook_templates.look import Look
from workbook_templates.sheet import Heading, Sheet

TABLE = 1
"""The column that BASKET is spilled from: B, up to K."""
TABLE_WIDTH = 10
LAST = 16
"""The last column of what is made of it: Q."""

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

    def column(self, letter: str) -> str:
        """A column of it, for a formula on any sheet."""
        return f"Detail!${letter}${self.first + 1}:${letter}${self.first + self.rows}"

    @property
    def net_to_gross(self) -> str:
        """The formula: the signed shares add up to it."""
        return f'=IF(COUNT({self.column("O")})=0,"",SUM({self.column("O")}))'

    @property
    def negative_names(self) -> str:
        """The formula: how many names are negative, of those with data."""
        weighted = self.column("M")
        return f'=IF(COUNT({weighted})=0,"",COUNTIF({weighted},"<0")&" of "&COUNT({weighted}))'

    @property
    def negative_weight(self) -> str:
        """The formula: the weight that the negative names carry."""
        weighted = self.column("M")
        return f'=IF(COUNT({weighted})=0,"",SUMIF({weighted},"<0",{self.column("L")}))'

    @property
    def top_share(self) -> str:
        """The formula: the largest name's share."""
        share = self.column("N")
        return f'=IF(COUNT({share})=0,"",MAX({share}))'

    def ranked(self, place: str, letter: str) -> str:
        """The part of a formula that takes a column's value from the name at a place of the ranking."""
        return f"INDEX({self.column(letter)},MATCH({place},{self.column('P')},0))"


def looks_of_table(look: Look, **more: object) -> tuple[Format, ...]:
    """The formats of one row of BASKET's table."""
    return (
        look(bold=True, **more),
        *(look(num_format=number, align="right", **more) for number in NUMBERS),
        look(indent=1, **more),
        look(colour=style.MUTED, **more),
    )


def write_block(sheet: Sheet, look: Look, block: Block, asked: str, label: str) -> None:
    """Writes the table that ``asked`` gives and its columns L:Q; ``label`` is the part of a formula that names it."""

    def edge(row: int) -> dict[str, object]:
        return {"top": 1, "top_color": style.RULE} if row == block.first else {}

    rows = range(block.first, block.first + block.rows)
    sheet.spill(block.first, TABLE, f"={asked}", [looks_of_table(look, **edge(row)) for row in rows])
    top, bottom = block.first + 1, block.first + block.rows
    for row in rows:
        r, right = row + 1, {"colour": style.MUTED, "align": "right", **edge(row)}

        once = "" if row == block.first else f"IF({_repeats(r)},FALSE,TRUE),"
        named = f'=IF(ISTEXT($B{r}),IF(AND({once}LEN($B{r})>0),{label},""),"")'
        sheet.formula(row, 0, named, look(colour=style.FAINT, **edge(row)))
        rank = f"RANK($N{r},$N${top}:$N${bottom})+COUNTIF($N${top}:$N{r},$N{r})-1"
        driver = f'$B{r}&" "&IF($I{r}<0,"−","+")&TEXT($N{r}*100,"0")&" %"'
        # Each looks at the very cell it reads: "" is not below 0, and a sign must come from a number.
        for column, of, value, differences in (
            (11, f"$E{r}", f"$C{r}", {"num_format": "0.0%"}),
            (12, f"$E{r}", f"$C{r}*$E{r}", {"num_format": style.MILLIONS}),
            (13, f"$I{r}", f"ABS($I{r})", {"num_format": style.SHARE}),
            (14, f"$I{r}", f"$I{r}", {"num_format": style.SIGNED_SHARE}),
            (15, f"$N{r}", rank, {"align": "center"}),
            (16, f"$I{r}", driver, {"align": "left"}),
        ):
            unless = value if row == block.first else f'IF({_repeats(r)},"",{value})'
            sheet.formula(row, column, f'=IF(ISNUMBER({of}),{unless},"")', look(**{**right, **differences}))


def _repeats(row: int) -> str:
    """The formula's part that tells whether a row is the one above it again.

    Calc fills an array that is larger than its table with #N/A, but repeats a table of one row to the end. Names are unique.
    """
    return f'$B{row}&""=$B{row - 1}&""'
