"""What a cell may hold and show: numbers, texts, tables, real error values, and why a cell has no value."""

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


class BadInput(Exception):
    """The cells do not make a basket; ``problem`` says why, and its ``bad_input`` is True."""

    def __init__(self, code: str, sentence: str, argument: str) -> None:
        super().__init__(sentence)
        self.problem = Problem(code, sentence, argument, bad_input=True)
