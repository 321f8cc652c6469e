"""Where a table of BASKET goes in a sheet that has no spilling, and how large it is; pure. Columns and rows count from 0."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from basketgex_addin import cells
from basketgex_addin.cells import HEADINGS, Ask, Block, CellError
from basketgex_addin.prefetch import Call, Omitted, RangeRef, calls


class Column(NamedTuple):
    """How a column of BASKET is shown: the least width in 1/100 mm, and the number format where it holds numbers."""

    least_width: int
    number_format: str | None = None


_AMOUNT = Column(3400, "#,##0")
COLUMNS = (
    Column(0),
    Column(0, "0.0%"),
    Column(3300, "#,##0.00"),
    *(_AMOUNT, _AMOUNT, _AMOUNT, _AMOUNT),
    Column(4100, "+0.0%;-0.0%;0.0%"),
    Column(4400),
    Column(3400),
    Column(2000, "+0.0%;-0.0%;0.0%"),
)
"""BASKET's columns, from left to right."""
WIDTH = len(HEADINGS)
REACH = 50
"""So many columns right of the names a place is looked for: further away nobody would find the table."""

ONE_AREA = "Select the names, or names and weights side by side, as one area of a sheet."
NO_PLACE = (
    "A table of {rows:,} rows and {columns} columns finds no free cells within {reach} columns right of the names: "
    "clear some cells or insert columns there."
)
NO_TABLE = "No table of BASKET is here: put the cursor into one, or select the names that one is made of."
MANY_TABLES = "Several tables are made of these names: put the cursor into the one to resize."
NOT_ALONE = "The table's formula is more than BASKET alone: change its size by hand, with Ctrl+Shift+Enter."
COMPUTED = (
    "The names of this table are computed in its formula: change its size by hand, with Ctrl+Shift+Enter."
)
OCCUPIED = (
    "The table needs {needed}, and {occupied} is occupied: move or clear what is there, then resize it again."
)
NO_ROOM = "The table needs more rows or columns than the sheet has below and right of its first cell."
NOT_TAKEN = (
    "Calc did not take the table: the sheet may be protected, or cells there merged or part of an array."
)
NOW = "The table is made of {symbols} now."


class Area(NamedTuple):
    """Cells of one sheet, both corners inside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left + 1

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top + 1

    def sized(self, width: int, height: int) -> Area:
        """Return an area of this one's first cell."""
        return Area(self.left, self.top, self.left + width - 1, self.top + height - 1)

    def meets(self, other: Area) -> bool:
        """Tell whether they have a cell in common."""
        across = self.left <= other.right and other.left <= self.right
        return across and self.top <= other.bottom and other.top <= self.bottom

    def holds(self, other: Area) -> bool:
        """Tell whether every cell of the other is in this one."""
        across = self.left <= other.left and other.right <= self.right
        return across and self.top <= other.top and other.bottom <= self.bottom

    def added(self, before: Area) -> list[Area]:
        """Return what this one has beyond another of the same first cell: to its right, and below."""
        right = Area(max(before.right + 1, self.left), self.top, self.right, min(self.bottom, before.bottom))
        below = Area(self.left, before.bottom + 1, self.right, self.bottom)
        return [area for area in (right, below) if area.width > 0 and area.height > 0]


def area_of(reference: RangeRef) -> Area:
    """Return the cells that a reference names."""
    return Area(*reference.first, *reference.last)


class Selected(NamedTuple):
    """What was selected: names, and weights where they stand beside them or below."""

    symbols: Area
    weights: Area | None
    ask: Ask


def selected(area: Area, block: Block) -> Selected:
    """Return names and weights of a selected area, whose cells ``block`` holds. Raises BadInput.

    >>> selected(Area(0, 0, 1, 1), (("NVDA", 2.0), ("AMD", 1.0)))[:2]
    (Area(left=0, top=0, right=0, bottom=1), Area(left=1, top=0, right=1, bottom=1))
    """
    symbols, weights = area, None
    if area.width == 2 and _has_number(row[1] for row in block):
        symbols, weights = area._replace(right=area.left), area._replace(left=area.right)
    elif area.height == 2 and _has_number(block[1]):
        symbols, weights = area._replace(bottom=area.top), area._replace(top=area.bottom)
    columns, rows = symbols.width, symbols.height
    names = tuple(tuple(row[:columns]) for row in block[:rows])
    loads = None
    if weights is not None:
        loads = tuple(row[1:] for row in block) if columns < area.width else tuple(block[1:])
    return Selected(symbols, weights, cells.ask(names, loads))


def _has_number(found: Iterator[object] | Sequence[object]) -> bool:
    return any(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in found)


def height(ask: Ask, *, headers: bool) -> int:
    """Return how many rows a basket's table has: names that occur twice have one.

    >>> height(Ask(("NVDA", "AMD", "NVDA")), headers=True)
    3
    """
    return len(dict.fromkeys(ask.symbols)) + headers


def place(selection: Area, rows: int, last_column: int, is_free: Callable[[Area], bool]) -> Area | None:
    """Return where a new table with headings goes: right of what is selected, a column apart.

    Its rows stand beside the names where the cells above those are free for the headings. None where there is no free place
    within REACH columns.
    """
    for left in range(selection.right + 2, min(selection.right + 2 + REACH, last_column + 2 - WIDTH)):
        for top in dict.fromkeys((max(selection.top - 1, 0), selection.top)):
            found = Area(left, top, left, top).sized(WIDTH, rows)
            if is_free(found):
                return found
    return None


def formula(symbols: str, weights: str | None) -> str:
    """Return a table with headings as Calc's formulas are written.

    >>> formula("$A$2:$A$7", None)
    '=BASKET($A$2:$A$7;;TRUE())'
    """
    return f"=BASKET({symbols};{weights or ''};TRUE())"


def call_in(written: str) -> Call | None:
    """Return the call of BASKET that a formula is, or holds; None where there is none."""
    return next((call for call in calls(written) if call.name == "BASKET"), None)


def is_alone(written: str) -> bool:
    """Tell whether a formula is one call and nothing else.

    >>> is_alone("{=ORG.BASKETGEX.ADDIN.BASKET($A$2:$A$7)}"), is_alone("=BASKET(A1:A2)*2"), is_alone("=BASKET(A1)+BASKET(A2)")
    (True, False, False)
    """
    text = written.strip("{}").removeprefix("=").strip()
    name, opened, rest = text.partition("(")
    return (
        bool(opened)
        and name.strip().upper().rpartition(".")[2] == "BASKET"
        and rest.endswith(")")
        and len(calls(written)) == 1
        and _closes_last(rest)
    )


def _closes_last(rest: str) -> bool:
    """Tell whether the bracket that is open before ``rest`` is closed by its last character."""
    depth, quote = 1, ""
    for at, character in enumerate(rest):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "()":
            depth += 1 if character == "(" else -1
            if depth == 0:
                return at == len(rest) - 1
    return False


class Lists(NamedTuple):
    """What a table's formula refers to; None where it has no such argument, or that is no range."""

    symbols: Area | None
    weights: Area | None


def lists(call: Call) -> Lists:
    """Return the ranges of a call's names and weights."""
    found = [area_of(given) if isinstance(given, RangeRef) else None for given in call.arguments[:2]]
    return Lists(*[*found, None, None][:2])


def selected_anew(now: Lists, chosen: Area) -> Lists:
    """Return the ranges that a selection means: where it holds all of the list it is the new one, else the list stays."""
    if now.symbols is None or not chosen.holds(now.symbols) or chosen == now.symbols:
        return now
    if now.weights is not None and chosen.holds(now.weights):
        if now.weights.left == now.symbols.right + 1 and chosen.width == 2:
            return Lists(chosen._replace(right=chosen.left), chosen._replace(left=chosen.right))
        return now
    if chosen.width != now.symbols.width:
        return now
    return _with_rows(now, chosen.top, chosen.bottom)


def _with_rows(now: Lists, top: int, bottom: int) -> Lists:
    """Return the lists with other rows; weights keep step where they stood beside the names."""
    symbols, weights = now
    assert symbols is not None  # noqa: S101 - for the type checker
    if weights is not None and (weights.top, weights.bottom) == (symbols.top, symbols.bottom):
        weights = weights._replace(top=top, bottom=bottom)
    return Lists(symbols._replace(top=top, bottom=bottom), weights)


def grown(now: Lists, is_name: Callable[[int, int], bool], is_weight: Callable[[int, int], bool]) -> Lists:
    """Return the lists with the rows that were typed directly below them: a ticker, and where there are weights a weight.

    A row of sums below them is a formula and no weight: it stays outside.
    """
    symbols, weights = now
    if symbols is None or symbols.width > 1:
        return now
    beside = weights is None or (weights.top, weights.bottom) == (symbols.top, symbols.bottom)
    if not beside or (weights is not None and weights.width > 1):
        return now
    bottom = symbols.bottom
    while is_name(symbols.left, bottom + 1) and (weights is None or is_weight(weights.left, bottom + 1)):
        bottom += 1
    return now if bottom == symbols.bottom else _with_rows(now, symbols.top, bottom)


def rewritten(written: str, call: Call, new: Sequence[str | None]) -> str:
    """Return a formula with other texts for its first ranges; None: it keeps its own.

    >>> rewritten("{=BASKET($A$2:$A$7;$B$2:$B$7)}", calls("=BASKET($A$2:$A$7;$B$2:$B$7)")[0], ("A2:A9", None))
    '=BASKET(A2:A9;$B$2:$B$7)'
    """
    text = written.removeprefix("{").removesuffix("}")
    end = text.index("(") + 1
    for given, other in zip(call.arguments, new, strict=False):
        if isinstance(given, RangeRef):
            start = text.index(given.text, end)
            other = given.text if other is None else other
            text = text[:start] + other + text[start + len(given.text) :]
            end = start + len(other)
    return text


def headers_of(call: Call, value: object) -> bool:
    """Tell whether a table has headings, by what its third argument is. Raises BadInput."""
    if len(call.arguments) < 3 or isinstance(call.arguments[2], Omitted):
        return False
    given = value if isinstance(value, bool | int | float | str | CellError) else None
    return cells.headers(((given,),))
