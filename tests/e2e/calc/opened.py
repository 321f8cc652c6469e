"""A template that is open in a real Calc, and how its figures are compared with the client's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from basketgex.home import Home
from basketgex_addin.cells import Ask, CellError, LevelFigures, Reply, Row, Since, new_york, serial
from basketgex_addin.client import BasketClient
from basketgex_addin.functions.levels import levels
from tests.e2e.calc.harness import NOT_AVAILABLE, Calc, Error
from workbook_templates.build import path

Value = float | str | Error
ERRORS = 4  # com.sun.star.sheet.FormulaResult.ERROR


@dataclass(frozen=True)
class Opened:
    """A template in Calc, and a client of the server that answers it."""

    name: str
    source: str
    calc: Calc
    document: Any
    client: BasketClient

    def cell(self, sheet: str, address: str) -> Value:
        return self.calc.cell(self.document, sheet, address)

    def row(self, sheet: str, area: str) -> list[Value]:
        return self.calc.cells(self.document, sheet, area)[0]

    def column(self, sheet: str, area: str) -> list[Value]:
        return [row[0] for row in self.calc.cells(self.document, sheet, area)]

    def reply(self, symbols: tuple[str, ...], weights: tuple[float, ...] | None = None) -> Reply:
        found = self.client.ask(Ask(symbols, weights))
        assert isinstance(found, Reply), found
        return found

    def everything(self) -> dict[str, Any]:
        """Every sheet's values, errors as None."""
        return {name: used(self.document.Sheets.getByName(name)).getDataArray() for name in self.sheets}

    def put(self, sheet: str, cells: dict[str, float | str]) -> None:
        """Type numbers and texts into cells."""
        for address, value in cells.items():
            self.calc.set(self.document, sheet, address, value)

    def errors(self) -> Iterator[Any]:
        """Every cell that shows an error."""
        for name in self.sheets:
            sheet = self.document.Sheets.getByName(name)
            for area in used(sheet).queryFormulaCells(ERRORS).RangeAddresses:
                for row in range(area.StartRow, area.EndRow + 1):
                    for column in range(area.StartColumn, area.EndColumn + 1):
                        yield sheet.getCellByPosition(column, row)

    @property
    def sheets(self) -> tuple[str, ...]:
        return tuple(self.document.Sheets.ElementNames)


@contextmanager
def opened_template(calc: Calc, name: str, source: str) -> Iterator[Opened]:
    """Open a template, with a client of the server that answers it."""
    client = BasketClient(Home(calc.home))
    try:
        with calc.document(path(name)) as document:
            yield Opened(name, source, calc, document, client)
    finally:
        client.close()


def used(sheet: Any) -> Any:
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(True)
    return cursor


def close(figures: Any) -> Any:
    return pytest.approx(figures, rel=1e-9)


def measures(reply: Reply) -> list[float]:
    return [reply.gex, reply.dex, reply.vex, reply.chex]


def words(regime_of: float) -> str:
    return "▼ negative" if regime_of < 0 else "▲ positive"


def regime(reply: Reply) -> str:
    """What a row of figures says of a basket."""
    return words(reply.gex) + (", near flip" if reply.near_flip else "")


def short(row: Row) -> str:
    """What a narrow table says of a name."""
    return f"{words(row.gex)[0]} near flip" if row.near_flip else words(row.gex)


def usable(reply: Reply) -> Any:
    """The status cuts to a tenth of a per cent."""
    return pytest.approx(reply.usable_open_interest, abs=0.00101)


def levels_shown(found: LevelFigures) -> tuple[list[list[Any]], list[str]]:
    """What a template shows of one name's levels: three cells a row, and the two lines below them."""
    table = levels(found)
    rows = [["–" if value is CellError.NOT_AVAILABLE else value for value in row[:3]] for row in table]
    doubts, flips = table[1][3:5]
    doubted = found.gamma_flip is not None and doubts != "available"
    same = found.call_wall is not None and found.call_wall == found.put_wall
    second = [f"All flips: {flips}."] if doubted else []
    second += ["Call wall and put wall are the same strike."] if same else []
    return (
        [[value if isinstance(value, str) else close(value) for value in row] for row in rows],
        [f"Flip in doubt: {doubts}." if doubted else "", " ".join(second)],
    )


def percent(share: float) -> str:
    """A share without its sign, as sentences have it."""
    return f"{abs(share) * 100:.1f}".removesuffix(".0") + " %"


def nothing_is_wrong(opened: Opened) -> None:
    """No error but #N/A in the tables of Detail, where it is hidden."""
    for cell in opened.errors():
        assert cell.ArrayFormula and cell.getError() == NOT_AVAILABLE.code, cell.AbsoluteName
        assert cell.AbsoluteName.startswith("$Detail."), cell.AbsoluteName


def since_shown(client: BasketClient, basket: Ask) -> Any:
    """What templates show of since when a basket is in its regime: a dash where no other is known."""
    found = client.since(basket)
    assert isinstance(found, Since), found
    return close(serial(found.since, new_york())) if found.since else "–"
