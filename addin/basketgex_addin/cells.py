"""Between cells and baskets, pure: ranges → a question, answers → cell values, problems → cell errors."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

Scalar = float | str | bool | None
"""A cell as a host gives it: number, text, Boolean, or None for a blank one."""


class CellError(Enum):
    """The real error value that a cell shows."""

    VALUE = "#VALUE!"
    NOT_AVAILABLE = "#N/A"


InputCell = Scalar | CellError
Block = tuple[tuple[InputCell, ...], ...]
"""An argument: rows of cells. A scalar is a block of one; an omitted argument is None, not a block."""

CellValue = float | str | CellError | None
Table = tuple[tuple[CellValue, ...], ...]
Result = CellValue | Table


@dataclass(frozen=True, slots=True)
class Ask:
    """One basket a cell asks for: symbols as typed (trimmed, never blank), and their weights, or None: equal ones."""

    symbols: tuple[str, ...]
    weights: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a cell has no value. ``bad_input``: the cell shows #VALUE!, otherwise #N/A."""

    code: str
    sentence: str
    argument: str = ""
    bad_input: bool = False

    @property
    def cell_error(self) -> CellError:
        """The error value that stands in the cell."""
        return CellError.VALUE if self.bad_input else CellError.NOT_AVAILABLE


@dataclass(frozen=True, slots=True)
class Row:
    """One constituent of a reply; units as the functions' help says; ``as_of`` is Unix seconds."""

    symbol: str
    weight: float
    underlying_price: float
    gex: float
    dex: float
    vex: float
    chex: float
    contribution_pct: float
    as_of: float
    freshness: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One answered basket, as the client hands it to the functions. Times are Unix seconds, ``client_ttl`` seconds.

    ``freshness`` is FRESH, STALE, EXPIRED or HISTORICAL. ``source`` is what a person reads.
    """

    gex: float
    dex: float
    vex: float
    chex: float
    net_to_gross: float
    covered_weight: float
    negative_names: int
    negative_weight: float
    usable_open_interest: float
    as_of: float
    as_of_newest: float
    fetched_at: float
    freshness: str
    client_ttl: float
    notice: str
    source: str
    synthetic: bool
    convention: str
    missing: tuple[str, ...]
    rows: tuple[Row, ...]
