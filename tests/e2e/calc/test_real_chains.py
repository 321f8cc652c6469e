"""Real option chains in a real Calc: the cells show what the mathematics gives when it is called directly."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet

from basketgex_server.domain import BasketExposure, Constituent, Measures, SymbolExposure
from basketgex_server.exposure.basket import aggregate
from basketgex_server.exposure.symbol import exposure
from basketgex_server.settings import Settings
from basketgex_server.sources.files.folder import read_chain
from basketgex_server.tickers import basket
from tests.e2e.calc.harness import NOT_AVAILABLE, Calc, Error
from tests.e2e.serving import Server, fresh

SIX = ("NVDA", "AAPL", "MSFT", "AMZN", "GOOGL", "META")
FRACTIONS = (0.3, 0.25, 0.2, 0.1, 0.1, 0.05)
DOLLARS = (125_000.0, 80_500.5, 60_000.0, 41_250.25, 30_000.0, 9_999.99)
RELATIVE = 1e-9
SPARE = 2
"""Rows by which an array formula is larger than its table: they are #N/A."""
Grid = tuple[tuple[str | float | None, ...], ...]


@dataclass(frozen=True)
class Case:
    """Two arguments as they stand in the sheet, and the question that they are."""

    symbols: Grid | str
    weights: Grid | None
    names: tuple[str, ...]
    loads: tuple[float, ...] | None


def down(*values: str | float | None) -> Grid:
    return tuple((value,) for value in values)


def across(*values: str | float | None) -> Grid:
    return (values,)


def block(*values: str | float | None) -> Grid:
    return (values[:3], values[3:])


def column(names: tuple[str, ...], loads: tuple[float, ...] | None) -> Case:
    return Case(down(*names), None if loads is None else down(*loads), names, loads)


CASES = {
    "equal": column(SIX, None),
    "equal by weights": column(SIX, (1.0,) * 6),
    "fractions": column(SIX, FRACTIONS),
    "dollars": column(SIX, DOLLARS),
    "one zero": column(SIX, (3.0, 0.0, 2.0, 1.0, 1.0, 1.0)),
    "one blank weight": Case(
        down(*SIX), down(3.0, None, 2.0, 1.0, 1.0, 1.0), SIX, (3.0, 0.0, 2.0, 1.0, 1.0, 1.0)
    ),
    "row": Case(across(*SIX), across(*FRACTIONS), SIX, FRACTIONS),
    "column by row": Case(down(*SIX), across(*FRACTIONS), SIX, FRACTIONS),
    "block": Case(block(*SIX), block(*DOLLARS), SIX, DOLLARS),
    "text": Case(",".join(SIX), down(*FRACTIONS), SIX, FRACTIONS),
    "text and text": Case("NVDA, amd", across(60.0, 40.0), ("NVDA", "AMD"), (60.0, 40.0)),
    "text alone": Case("NVDA,AMD,SPY", None, ("NVDA", "AMD", "SPY"), None),
    "index": column(("SPX", "SPY", "QQQ", "IWM", "TSLA", "AVGO"), (10.0, 4.0, 3.0, 2.0, 1.0, 1.0)),
    "duplicates": column(("NVDA", "AMD", "nvda", "TSLA", "AMD", "NVDA"), (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)),
    "duplicates, equal": column(("NVDA", "AMD", "nvda", "TSLA", "AMD", "NVDA"), None),
    "blank rows": Case(
        down("NVDA", None, "AAPL", None, None, "SPX"),
        down(2.0, None, 1.0, 0.0, None, 5.0),
        ("NVDA", "AAPL", "SPX"),
        (2.0, 1.0, 5.0),
    ),
    "no chain": column(("NVDA", "ZZZZ", "MSFT", "AMZN", "IBM", "META"), (30.0, 25.0, 20.0, 10.0, 10.0, 5.0)),
    "no chain, equal": column(("ZZZZ", "AAPL", "MSFT", "AMZN", "GOOGL", "META"), None),
}


@pytest.fixture(scope="module")
def chains(shared_data: Path) -> Path:
    return shared_data / "chains" / "basket_2026-07-10"


@pytest.fixture(scope="module")
def document(calc: Calc, chains: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One sheet a case: symbols from A2, weights beside them, the functions in Q, the table from S2."""
    book = openpyxl.Workbook()
    for case, name in zip(CASES.values(), CASES, strict=True):
        sheet = book.create_sheet(name)
        symbols = f'"{case.symbols}"' if isinstance(case.symbols, str) else _put(sheet, 1, case.symbols)
        beside = 2 if isinstance(case.symbols, str) else 1 + len(case.symbols[0])
        weights = "" if case.weights is None else f",{_put(sheet, beside, case.weights)}"
        for row, function in enumerate(
            ("GEX", "DEX", "VEX", "CHEX", "MISSING", "COVERAGE", "STATUS"), start=2
        ):
            sheet.cell(row, 17, f"=BASKET{function}({symbols}{weights})")
        rows = len(_expected(chains, name).constituents) + len(_expected(chains, name).missing)
        area = f"S2:AC{1 + rows + SPARE}"
        sheet["S2"] = ArrayFormula(area, f"=BASKET({symbols}{weights})")
    del book["Sheet"]
    path = tmp_path_factory.mktemp("real") / "real.xlsx"
    book.save(path)
    with (
        fresh(calc.home),
        Server(calc.home, source="chain-files", chain_folder=chains),
    ):
        calc.awake()
        with calc.document(path) as opened:
            yield opened


def _put(sheet: Worksheet, column: int, grid: Grid) -> str:
    for i, row in enumerate(grid):
        for j, value in enumerate(row):
            sheet.cell(2 + i, column + j, value)
    last = sheet.cell(1 + len(grid), column + len(grid[0]) - 1).coordinate
    return f"{sheet.cell(2, column).coordinate}:{last}"


@cache
def _exposure(folder: Path, symbol: str) -> SymbolExposure | None:
    path, settings = folder / f"{symbol}.csv.gz", Settings()
    if not path.exists():
        return None
    return exposure(read_chain(path, symbol), settings.convention, *settings.rates_of(symbol))


def _expected(folder: Path, name: str) -> BasketExposure:
    case = CASES[name]
    question = basket(case.names, case.loads, most=1_000)
    found = ((symbol, _exposure(folder, symbol)) for symbol in question.symbols)
    return aggregate(question, {symbol: figures for symbol, figures in found if figures is not None})


def _signed_share(found: Constituent) -> float:
    return math.copysign(found.contribution_pct / 100, found.exposure.net.gex)


def _balance(found: Constituent) -> float:
    call, put = found.exposure.call, found.exposure.put
    assert call is not None and put is not None
    return found.exposure.net.gex / (call.gex - put.gex)


def close(figures: Any) -> Any:
    return pytest.approx(figures, rel=RELATIVE, abs=0)


@pytest.mark.parametrize("name", CASES)
def test_the_four_measures(calc: Calc, document: Any, chains: Path, name: str) -> None:
    shown = [row[0] for row in calc.cells(document, name, "Q2:Q5")]
    expected = _expected(chains, name).net
    assert all(expected)
    assert Measures(*shown) == close(expected)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", CASES)
def test_the_table(calc: Calc, document: Any, chains: Path, name: str) -> None:
    expected = _expected(chains, name)
    rows: list[list[float | str | Error]] = [
        [
            c.exposure.symbol,
            *map(close, (c.weight, c.exposure.underlying_price, *c.exposure.net, _signed_share(c))),
            ("negative gamma" if c.exposure.net.gex < 0 else "positive gamma")
            + (", near flip" if abs(_balance(c)) < 0.05 else ""),
            "2026-07-10 16:00",
            close(_balance(c)),
        ]
        for c in expected.constituents
    ]
    rows += [[symbol, *("",) * 7, "no data", "", ""] for symbol in expected.missing]
    rows += [[NOT_AVAILABLE] * 11] * SPARE
    assert calc.cells(document, name, f"S2:AC{1 + len(rows)}") == rows


@pytest.mark.parametrize("name", CASES)
def test_what_is_missing_and_how_much_is_covered(calc: Calc, document: Any, chains: Path, name: str) -> None:
    expected = _expected(chains, name)
    assert calc.cells(document, name, "Q6:Q7") == [
        [", ".join(expected.missing)],
        [close(expected.covered_weight)],
    ]


def test_names_without_a_chain_come_last_and_the_status_says_so(calc: Calc, document: Any) -> None:
    shown = [row[0] for row in calc.cells(document, "no chain", "S2:S7")]
    assert shown == ["NVDA", "MSFT", "AMZN", "META", "ZZZZ", "IBM"]
    assert calc.cell(document, "no chain", "Q7") == close(0.65)
    status = calc.cell(document, "no chain", "Q8")
    assert isinstance(status, str)
    assert status.startswith(
        "chains in basket_2026-07-10; historical; as of 2026-07-10 16:00 New York; convention flashalpha (DEX, VEX, "
        "CHEX: open interest, plain sum); "
        "4 of 6 names; coverage 65 %; no data: ZZZZ, IBM; usable open interest "
    )


def test_recalculating_changes_nothing(calc: Calc, document: Any) -> None:
    before = [calc.cells(document, name, "Q2:AB12") for name in CASES]
    calc.recalculate(document)
    assert [calc.cells(document, name, "Q2:AB12") for name in CASES] == before
