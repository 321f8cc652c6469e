"""From a function's arguments to what they say: baskets, tickers, numbers. What cannot be meant raises BadInput."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from zoneinfo import ZoneInfo

from basketgex_addin.cells.figures import MEASURES
from basketgex_addin.cells.moments import new_york
from basketgex_addin.cells.questions import Ask, DispersionOf, ProfileOf
from basketgex_addin.cells.values import BadInput, Block, CellError, InputCell

MOST_LEVELS = 2_000  # of a profile
LONGEST = 3_650  # days of a horizon
MOST_CELLS = 20_000  # with a text in them: more is a pasted column, not a basket
FLIP_REACH = (0.5, 1.5)  # of the present price: where BASKETFLIP looks
TOP = 3

Option = bool | int | str | ZoneInfo | None
"""What a function's last argument says: headers, number of names, measure, time zone."""


def ask(symbols: Block | None, weights: Block | None) -> Ask:
    """Return the basket that two arguments ask for. Raises BadInput.

    >>> ask((("NVDA, AMD",),), ((0.6,), (0.4,)))
    Ask(symbols=('NVDA', 'AMD'), weights=(0.6, 0.4))
    """
    if (plain := _plain(symbols, weights)) is not None:
        return plain
    names = _flat(symbols or (), "symbols")
    loads = None if weights is None else _flat(weights, "weights")
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


def profile_of(ask: Ask, arguments: Sequence[Block | None]) -> ProfileOf:
    """Return the question of a profile: ``arguments`` are measure, low, high and levels. Raises BadInput."""
    measure, begin, end, levels = (only(block) for block in (*arguments, None, None, None, None)[:4])
    found = "GEX" if measure is None else measure.strip().upper() if isinstance(measure, str) else ""
    if found not in MEASURES:
        raise BadInput("invalid_measure", "The measure must be GEX, DEX, VEX or CHEX.", "measure")
    between = _ratio(begin, 0.8, "low"), _ratio(end, 1.2, "high")
    if not between[0] < between[1]:
        raise BadInput("invalid_range", "low must be less than high: 0.8 and 1.2, say.", "low")
    points = 60.0 if levels is None else figure(levels)
    if not 2 <= points <= MOST_LEVELS or points != int(points):
        raise BadInput("invalid_levels", "levels must be a whole number, 2 to 2000.", "levels")
    return ProfileOf(ask, found.lower(), between, int(points))


def flip_of(ask: Ask) -> ProfileOf:
    """Return the question whose answer has a basket's flip."""
    return ProfileOf(ask, "gex", FLIP_REACH, 2)


def dispersion_of(arguments: Sequence[Block | None]) -> DispersionOf:
    """Return the question of DISPERSION: ``arguments`` are index, symbols, weights and horizon. Raises BadInput."""
    index, symbols, weights, days = (*arguments, None, None, None, None)[:4]
    of, members, cell = symbol(index, "index"), ask(symbols, weights), only(days)
    horizon = 30.0 if cell is None else figure(cell)
    if not 0 < horizon <= LONGEST:
        sentence = "horizon must be a number of calendar days, above 0 and up to 3650."
        raise BadInput("invalid_horizon", sentence, "horizon")
    return DispersionOf(of, members, horizon)


def trigger(block: Block | None) -> InputCell:
    """Return the cell whose change makes BASKETREFRESH ask; of a range, the first. An error is a value like others."""
    return block[0][0] if block and block[0] else None


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


@dataclass(frozen=True, slots=True)
class _Flat:
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


def _flat(block: Block, argument: str) -> _Flat:
    if len(block) == 1 and len(block[0]) == 1 and isinstance(text := block[0][0], str):
        parts = re.split("[,;]", text)
        while len(parts) > 1 and is_blank(parts[-1]):
            parts.pop()
        return _Flat(argument, tuple(parts), len(parts), len(parts), 1, "Entry")
    columns = len(block[0]) if block else 0
    # A whole column is a million rows: find the last used one before building anything.
    used, blank = len(block), (None,) * columns
    for row in reversed(block):
        if row != blank and not all(map(is_blank, row)):
            break
        used -= 1
    cells = tuple(islice(chain.from_iterable(block), used * columns))
    return _Flat(
        argument, cells, len(block) * columns, len(block), columns, "Row" if columns == 1 else "Cell"
    )


def is_blank(cell: InputCell) -> bool:
    """Tell whether a cell holds nothing, or nothing but spaces."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _refuse_errors(flat: _Flat) -> None:
    for i, cell in enumerate(flat.cells, 1):
        if isinstance(cell, CellError):
            raise BadInput(
                "error_in_range", f"{flat.where(i)} holds an error: correct that cell first.", flat.argument
            )


def _refuse_mismatch(names: _Flat, loads: _Flat) -> None:
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


_NUMBER = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?)\s*(%?)")


def _weight(cell: InputCell, where: str) -> float:
    if is_blank(cell):
        return 0.0
    if isinstance(cell, bool):
        raise BadInput(
            "invalid_weights", f"{where} is {str(cell).upper()}: a weight must be a number.", "weights"
        )
    if isinstance(cell, str):
        found = _NUMBER.fullmatch(cell.strip())
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


def headers(cell: InputCell) -> bool:
    """Return whether a table has headings. Raises BadInput."""
    if isinstance(cell, str) and cell.strip().upper() in ("TRUE", "FALSE"):
        return cell.strip().upper() == "TRUE"
    if cell is None or isinstance(cell, bool | int | float):
        return bool(cell)
    raise BadInput("invalid_headers", "The headers argument must be TRUE or FALSE.", "headers")


def measure(cell: InputCell) -> str:
    """Return a measure in capitals, or ALL. Raises BadInput."""
    found = "ALL" if cell is None else cell.strip().upper() if isinstance(cell, str) else ""
    if found not in (*MEASURES, "ALL"):
        raise BadInput("invalid_measure", "The measure must be GEX, DEX, VEX, CHEX or ALL.", "measure")
    return found


def count(cell: InputCell) -> int:
    """Return how many names are wanted at most. Raises BadInput."""
    if isinstance(cell, str) and _NUMBER.fullmatch(cell.strip()) and not cell.strip().endswith("%"):
        cell = float(cell)
    found = TOP if cell is None else cell
    if isinstance(found, bool | str | CellError) or not 1 <= found <= MOST_CELLS or found != int(found):
        raise BadInput("invalid_n", "n must be a whole number, 1 or more.", "n")
    return int(found)


def figure(cell: InputCell) -> float:
    """Return the number in a cell, NaN where there is none."""
    if isinstance(cell, str) and (match := _NUMBER.fullmatch(cell.strip())):
        return float(match[1]) / (100 if match[2] else 1)
    return float(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else math.nan


def _ratio(cell: InputCell, default: float, argument: str) -> float:
    found = default if cell is None else figure(cell)
    if not 0 < found < math.inf:
        sentence = (
            f"{argument} must be a number above 0, in units of the present price: 0.9 is 10 % below it."
        )
        raise BadInput("invalid_range", sentence, argument)
    return found


def zone(cell: InputCell) -> ZoneInfo:
    """Return a time zone. Raises BadInput."""
    if cell is None:
        return new_york()
    if isinstance(cell, str):
        with suppress(KeyError, ValueError, OSError):
            return ZoneInfo(cell.strip())
    raise BadInput("invalid_zone", "The zone is not known: write one such as Europe/London or UTC.", "zone")
