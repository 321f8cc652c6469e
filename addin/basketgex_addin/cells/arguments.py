"""From a function's arguments to what they say: baskets, tickers, numbers. What cannot be meant raises BadInput."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import chain, islice, zip_longest

from basketgex_addin.cells.questions import Ask
from basketgex_addin.cells.values import BadInput, Block, CellError, InputCell

LONGEST_HORIZON = 3_650  # calendar days
MOST_CELLS = 20_000  # with a text in them: more is a pasted column, not a basket


def ask(symbols: Block | None, weights: Block | None) -> Ask:
    """Return the basket that two arguments ask for. Raises BadInput.

    >>> ask((("NVDA, AMD",),), ((0.6,), (0.4,)))
    Ask(symbols=('NVDA', 'AMD'), weights=(0.6, 0.4))
    """
    if (plain := _plain(symbols, weights)) is not None:
        return plain
    names = flat(symbols or (), "symbols")
    loads = None if weights is None else flat(weights, "weights")
    _refuse_errors(names)
    if loads is not None:
        _refuse_errors(loads)
    texts = sum(not is_blank(cell) for cell in names.cells)
    if not texts:
        raise BadInput("missing_symbols", "No symbols: give at least one ticker.", "symbols")
    if texts > MOST_CELLS:
        sentence = f"{texts:,} symbols are too many for one basket: split it or shorten the range."
        raise BadInput("too_many_symbols", sentence, "symbols")
    if loads is None:
        kept = (_symbol(cell, names.where(i)) for i, cell in enumerate(names.cells, 1) if not is_blank(cell))
        return Ask(tuple(kept))
    _refuse_mismatch(names, loads)
    pairs: list[tuple[str, float]] = []
    for i, (cell, load) in enumerate(zip_longest(names.cells, loads.cells), 1):
        weight = _weight(load, loads.where(i))
        if not is_blank(cell):
            pairs.append((_symbol(cell, names.where(i)), weight))
        elif weight:
            sentence = f"{names.unit} {i:,} has a weight but no symbol: write the ticker or clear the weight."
            raise BadInput("invalid_weights", sentence, "weights")
    if not any(weight for _, weight in pairs):
        sentence = "The weights are all zero: give at least one name a weight."
        raise BadInput("invalid_weights", sentence, "weights")
    return Ask(tuple(name for name, _ in pairs), tuple(weight for _, weight in pairs))


def symbol(block: Block | None, argument: str = "symbol") -> str:
    """Return the one ticker that an argument names. Raises BadInput.

    >>> symbol(((None, " nvda "),))
    'nvda'
    """
    names = ask(block, None).symbols
    if len(names) > 1:
        raise BadInput("one_symbol", f"{len(names):,} symbols: give one ticker.", argument)
    return names[0]


def _plain(symbols: Block | None, weights: Block | None) -> Ask | None:
    """Return the basket of what nearly every formula has, texts beside as many numbers; None where it takes a closer look."""
    if not symbols or len(symbols) * len(symbols[0]) < 2:
        return None
    if weights is not None and (len(weights) != len(symbols) or len(weights[0]) != len(symbols[0])):
        return None
    names = [cell.strip() for row in symbols for cell in row if type(cell) is str]
    if not all(names) or not len(names) == len(symbols) * len(symbols[0]) <= MOST_CELLS:
        return None
    if weights is None:
        return Ask(tuple(names))
    loads = [cell for row in weights for cell in row if type(cell) is float and math.isfinite(cell)]
    return Ask(tuple(names), tuple(loads)) if len(loads) == len(names) and any(loads) else None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Flat:
    """An argument row by row, up to its last used cell. ``count`` is that of all its cells."""

    argument: str
    cells: tuple[InputCell, ...]
    count: int
    rows: int
    columns: int
    unit: str

    def where(self, position: int) -> str:
        """Return how a sentence names a cell, counted from 1."""
        return f"{self.unit} {position:,} of the {self.argument}"


def flat(block: Block, argument: str) -> Flat:
    """Return an argument's cells; of one text what stands between its commas."""
    if len(block) == 1 and len(block[0]) == 1 and isinstance(text := block[0][0], str):
        parts = re.split("[,;]", text)
        while len(parts) > 1 and is_blank(parts[-1]):
            parts.pop()
        return Flat(argument, tuple(parts), len(parts), len(parts), 1, "Entry")
    columns = len(block[0]) if block else 0
    # A whole column is a million rows: find the last used one before building anything.
    used, blank = len(block), (None,) * columns
    for row in reversed(block):
        if row != blank and not all(map(is_blank, row)):
            break
        used -= 1
    cells = tuple(islice(chain.from_iterable(block), used * columns))
    return Flat(argument, cells, len(block) * columns, len(block), columns, "Row" if columns == 1 else "Cell")


def is_blank(cell: InputCell) -> bool:
    """Tell whether a cell holds nothing, or nothing but spaces."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _refuse_errors(flat: Flat) -> None:
    for i, cell in enumerate(flat.cells, 1):
        if isinstance(cell, CellError):
            raise BadInput(
                "error_in_range", f"{flat.where(i)} holds an error: correct that cell first.", flat.argument
            )


def _refuse_mismatch(names: Flat, loads: Flat) -> None:
    if names.count != loads.count:
        sentence = (
            f"{names.count:,} symbols but {loads.count:,} weights: "
            "give one weight beside each symbol, or none at all."
        )
        raise BadInput("weight_count_mismatch", sentence, "weights")
    shapes = {(flat.rows, flat.columns) for flat in (names, loads)}
    if len(shapes) > 1 and all(min(shape) > 1 for shape in shapes):
        sentence = (
            f"The symbols are {names.rows:,} rows of {names.columns:,} but the weights {loads.rows:,} rows of "
            f"{loads.columns:,}: give both the same shape."
        )
        raise BadInput("weight_count_mismatch", sentence, "weights")


def _symbol(cell: InputCell, where: str) -> str:
    if isinstance(cell, bool):
        return str(cell).upper()
    if not isinstance(cell, str):
        raise BadInput("invalid_symbol", f"{where} is a number: write the ticker as text.", "symbols")
    return cell.strip()


_NUMBER = r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?)\s*(%?)"


def _weight(cell: InputCell, where: str) -> float:
    if is_blank(cell):
        return 0.0
    if isinstance(cell, bool):
        raise BadInput(
            "invalid_weights", f"{where} is {str(cell).upper()}: a weight must be a number.", "weights"
        )
    if isinstance(cell, str):
        found = re.fullmatch(_NUMBER, cell.strip())
        if found is None:
            raise BadInput(
                "invalid_weights", f"{where} is {_quoted(cell)}: a weight must be a number.", "weights"
            )
        weight = float(found[1]) / (100 if found[2] else 1)
    else:
        weight = float(cell) if isinstance(cell, int | float) else math.nan
    if not math.isfinite(weight):
        raise BadInput("invalid_weights", f"{where} is not a finite number.", "weights")
    return weight


def _quoted(text: str, most: int = 24) -> str:
    shown = "".join(c if c.isprintable() and c not in "\"'" else "?" for c in text[:most])
    return f'"{shown}{"…" if len(text) > most else ""}"'


def only(block: Block | None) -> InputCell:
    """Return the one cell of an argument that takes one; of a range, the first."""
    cell = block[0][0] if block and block[0] else None
    return None if is_blank(cell) else cell


def headers(block: Block | None) -> bool:
    """Return whether a table has headings. Raises BadInput."""
    cell = only(block)
    if isinstance(cell, str) and cell.strip().upper() in ("TRUE", "FALSE"):
        return cell.strip().upper() == "TRUE"
    if cell is None or isinstance(cell, bool | int | float):
        return bool(cell)
    raise BadInput("invalid_headers", "The headers argument must be TRUE or FALSE.", "headers")


def figure(cell: InputCell) -> float:
    """Return the number in a cell, NaN where there is none."""
    if isinstance(cell, str) and (match := re.fullmatch(_NUMBER, cell.strip())):
        return float(match[1]) / (100 if match[2] else 1)
    return float(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else math.nan


def horizon(block: Block | None) -> float:
    """Return calendar days ahead, 30 where none are given. Raises BadInput."""
    cell = only(block)
    days = 30.0 if cell is None else figure(cell)
    if not 0 < days <= LONGEST_HORIZON:
        sentence = "horizon must be a number of calendar days, above 0 and up to 3650."
        raise BadInput("invalid_horizon", sentence, "horizon")
    return days


def number_in(cell: InputCell) -> float | None:
    """Return the finite number in a cell, None where there is none."""
    found = figure(cell)
    return found if math.isfinite(found) else None


def numbers(block: Block | None, argument: str, help: str, code: str) -> tuple[float, ...] | None:  # noqa: A002
    """Return the numbers of a range or a text, blanks left out; None where there is none. Raises BadInput, with ``help``.

    >>> numbers((("-2%, 0.01",),), "moves", "", "")
    (-0.02, 0.01)
    """
    cells = flat(block or (), argument)
    given = [(i, cell) for i, cell in enumerate(cells.cells, 1) if not is_blank(cell)]
    found = [number_in(cell) for _, cell in given]
    if None in found:
        where = cells.where(given[found.index(None)][0])
        raise BadInput(code, f"{where} is no number. {help}", argument)
    return tuple(x for x in found if x is not None) or None
