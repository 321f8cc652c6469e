"""Columns by name: a formula says what it reads, and one place says where that lies."""

from __future__ import annotations

from dataclasses import dataclass

from xlsxwriter.utility import xl_col_to_name


class Row:
    """The cells of one row by the names of its columns, for formulas on the same sheet: ``row.money`` may be ``$G8``."""

    __slots__ = ("_columns", "_number")

    def __init__(self, columns: Columns, number: int) -> None:
        self._columns = columns
        self._number = number

    def __getattr__(self, name: str) -> str:
        return f"${self._columns.letter(name)}{self._number}"


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns side by side on a sheet. ``first`` is their first row, ``start`` the first column, both counted from 0."""

    sheet: str
    first: int
    rows: int
    start: int
    names: str
    """Separated by blanks; a column without a name is a hyphen."""

    def at(self, name: str) -> int:
        """Where one of them is, counted from 0. Raises ValueError where none has that name."""
        return self.start + self.names.split().index(name)

    def letter(self, name: str) -> str:
        """The letter of one of them."""
        return str(xl_col_to_name(self.at(name)))

    def row(self, number: int) -> Row:
        """The cells of a row, which counts from 0, for formulas on the same sheet."""
        return Row(self, number + 1)

    def fixed(self, name: str, number: int) -> str:
        """One cell of a row, which counts from 0, for a formula on the same sheet that is copied nowhere."""
        return f"${self.letter(name)}${number + 1}"

    def cell(self, name: str, place: int = 0) -> str:
        """One cell, for a formula on any sheet; ``place`` counts from the first row."""
        return f"{self.sheet}!{self.fixed(name, self.first + place)}"

    def column(self, name: str, rows: int = 0, shift: int = 0) -> str:
        """One of them as a range, for a formula on any sheet: all its rows or so many, or what lies some rows below."""
        top = self.first + shift
        return f"{self.cell(name, shift)}:{self.fixed(name, top + (rows or self.rows) - 1)}"

    def across(self, left: str, right: str, rows: int = 0) -> str:
        """Several side by side as one range: all their rows or so many."""
        last = self.fixed(right, self.first + (rows or self.rows) - 1)
        return f"{self.cell(left)}:{last}"
