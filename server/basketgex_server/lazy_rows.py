"""Rows that are made when they are looked at: of the many rows of many symbols few ever are."""

from __future__ import annotations

from abc import abstractmethod
from array import array
from collections.abc import Sequence
from typing import Any, ClassVar, TypeAlias, TypeVar, overload

Row = TypeVar("Row")
Figures: TypeAlias = "array[float] | memoryview[Any]"


class LazyRows(Sequence[Row]):
    """Rows of WIDTH figures each. As objects, the garbage collector would go through all of them again and again."""

    __slots__ = ("_figures",)
    WIDTH: ClassVar[int]

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    @staticmethod
    @abstractmethod
    def row(figures: Sequence[float]) -> Row:
        """Return the row that WIDTH figures are."""

    def __len__(self) -> int:
        return len(self._figures) // self.WIDTH

    @overload
    def __getitem__(self, place: int) -> Row: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Row, ...]: ...

    def __getitem__(self, place: int | slice) -> Row | tuple[Row, ...]:
        if isinstance(place, slice):
            return tuple(self[at] for at in range(len(self))[place])
        begin = range(len(self))[place] * self.WIDTH
        return self.row(self._figures[begin : begin + self.WIDTH])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._figures == other._figures

    def __hash__(self) -> int:
        return hash(self._figures.tobytes())
