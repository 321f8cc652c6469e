"""What a person does: install, open each template, change it, refresh, uninstall. With the command, in a real Calc."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from basketgex.home import HOME_VARIABLE, Home
from basketgex_addin.calc import extension
from basketgex_addin.calc.driver import Office
from basketgex_addin.calc.install import _run, _shared, find_unopkg, uninstall
from basketgex_addin.template_files import TEMPLATES
from tests.e2e.calc.harness import NAME, Calc, running_calc
from tests.e2e.serving import Server, fresh, until
from workbook_templates.dispersion.contents import MEMBERS
from workbook_templates.hedge.contents import NAMES as HEDGED
from workbook_templates.profile.contents import NAMES as PROFILED
from workbook_templates.scanner.contents import SECTORS
from workbook_templates.watchlist.contents import NAMES as NAMES_WATCHED

NAMES = ("NVDA", "AMD", "AVGO")


@dataclass(frozen=True, slots=True)
class Plain(Office):
    """A LibreOffice as its user has it: the profile is the user's, the extension the one that was installed."""

    def prepare(self) -> None:
        """Nothing: it was installed, or it was not."""

    def command(self, *arguments: str) -> list[str]:
        return [str(self.soffice), "--headless", "--norestore", "--nologo", *arguments]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A user who has never started LibreOffice, of a machine on which no extension is installed.

    Root's extensions go to a folder of the machine's, which every LibreOffice that starts meanwhile tidies up: one of its own.
    """
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("UNO_SHARED_PACKAGES_CACHE", (tmp_path / "shared").as_uri())
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (tmp_path / "user").mkdir()
    with fresh(tmp_path / "home") as home:
        try:
            yield home
        finally:
            uninstall()


@contextmanager
def started(soffice: Path, home: Home) -> Iterator[Calc]:
    with running_calc(soffice, home.path.parent, home.path, Plain) as calc:
        yield calc


def basketgex(*arguments: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "basketgex_cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def gex(symbols: str, weights: str) -> float:
    found = json.loads(basketgex("basket", symbols, "--weights", weights, "--json"))
    return float(found["aggregate"]["net_gex"])


def test_install_use_and_uninstall(soffice: Path, home: Home, tmp_path: Path) -> None:
    basketgex("install", "calc")
    basketgex("install", "calc")  # again does no harm
    copies = [Path(line) for line in basketgex("templates", "--to", tmp_path / "copies").splitlines()]
    assert sorted(path.stem for path in copies) == sorted(TEMPLATES)
    with started(soffice, home) as calc:
        document = calc.desktop.loadComponentFromURL("private:factory/scalc", "_blank", 0, ())
        sheet = document.Sheets.ElementNames[0]
        for row, name in enumerate(NAMES, start=1):
            calc.set(document, sheet, f"A{row}", name)
            calc.set(document, sheet, f"B{row}", float(row))
        calc.set(document, sheet, "C1", "=BASKETGEX(A1:A3;B1:B3)")
        assert calc.cell(document, sheet, "C1") == pytest.approx(gex("NVDA,AMD,AVGO", "1,2,3"), rel=1e-9)
        calc.set(document, sheet, "A2", "MU")
        calc.set(document, sheet, "B3", 7.0)
        assert calc.cell(document, sheet, "C1") == pytest.approx(gex("NVDA,MU,AVGO", "1,2,7"), rel=1e-9)
        calc.service("org.basketgex.Menu").trigger("refresh-all")
        until(lambda: _source_calls() >= 3)
        calc.close(document)
        for path in copies:
            _change_and_refresh(calc, path)
    assert basketgex("uninstall", "calc").startswith("Removed")
    assert basketgex("uninstall", "calc").startswith("It was not installed")
    with started(soffice, home) as calc:
        document = calc.open_document("private:factory/scalc")
        sheet = document.Sheets.ElementNames[0]
        calc.set(document, sheet, "A1", '=BASKETGEX("NVDA")')
        assert calc.cell(document, sheet, "A1") == NAME
        calc.close(document)


@dataclass(frozen=True, slots=True)
class Change:
    """What a person types into a template, and the cell with the net GEX of the basket that it then asks for."""

    typed: dict[str, float | str]
    gex: str
    names: tuple[str, ...]
    weights: tuple[float, ...]


def _other(pairs: Sequence[tuple[str, float]], weight: float) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """An example's names and weights, the first another one with another weight."""
    return ("IBM", *(name for name, _ in pairs[1:])), (weight, *(held for _, held in pairs[1:]))


SECTOR = [(name, 1.0) for name in SECTORS[0][1].split()]
CHANGES = {
    "sector_scanner": Change({"Members!C6": "IBM", "Members!S6": 7.0}, "Scanner!C7", *_other(SECTOR, 7.0)),
    "book": Change(  # one position alone: the others need prices to have a weight
        {**{f"Positions!B{row}": "" for row in range(9, 48)}, "Positions!B8": "IBM", "Positions!C8": -7e5}
        | {"Positions!D8": "$", "Positions!B9": "MSFT", "Positions!C9": 3e5, "Positions!D9": "$"},
        "Book!E9",
        ("IBM", "MSFT"),
        (7.0, 3.0),
    ),
    "dispersion": Change({"Members!B8": "IBM", "Members!C8": 30.0}, "Dispersion!C8", *_other(MEMBERS, 30.0)),
    "watchlist": Change(
        {"Watchlist!B14": "IBM", "Watchlist!C14": 70.0}, "Watchlist!H7", *_other(NAMES_WATCHED, 70.0)
    ),
    "hedge": Change(
        {"Hedge!B21": "IBM", "Hedge!C21": 40.0}, "Hedge!C7", *_other([pair[:2] for pair in HEDGED], 40.0)
    ),
    "profile": Change({"Profile!B21": "IBM", "Profile!C21": 40.0}, "Profile!C7", *_other(PROFILED, 40.0)),
    "status": Change({"Status!C11": "ibm,msft, msft"}, "Status!E11", ("IBM", "MSFT"), (1.0, 1.0)),
}


def _change_and_refresh(calc: Calc, path: Path) -> None:
    """Open a template as a person does, type, choose Refresh all, and compare with the command."""
    change = CHANGES[path.stem]
    document = calc.desktop.loadComponentFromURL(path.as_uri(), "_blank", 0, ())
    try:
        assert _faults(calc, document) == []
        sheet, _, address = change.gex.partition("!")
        before = calc.cell(document, sheet, address)
        for place, value in change.typed.items():
            calc.set(document, *place.split("!"), value)
        calls = _source_calls()
        calc.service("org.basketgex.Menu").trigger("refresh-all")
        until(lambda: _source_calls() > calls)
        found = calc.cell(document, sheet, address)
        assert found != before, path.stem
        assert found == pytest.approx(
            gex(",".join(change.names), ",".join(map(str, change.weights))), rel=1e-9
        )
        assert _faults(calc, document) == []
    finally:
        calc.close(document)


def _source_calls() -> int:
    return int(json.loads(basketgex("status", "--json"))["source_calls"])


def test_a_self_contained_file_needs_nothing_else(soffice: Path, home: Home, tmp_path: Path) -> None:
    oxt = tmp_path / "basketgex.oxt"
    assert basketgex("install", "calc", "--build", oxt).startswith("Wrote")
    assert json.loads(extension.beside(self_contained=True))["python_path"] == []
    _run([str(soffice), "--headless", "--norestore", "--terminate_after_init"], "no start")
    _run([str(find_unopkg()), "add", "--force", *_shared(), str(oxt)], "refused")
    with Server(home.path, source="sample"), started(soffice, home) as calc:
        document = calc.open_document("private:factory/scalc")
        sheet = document.Sheets.ElementNames[0]
        calc.set(document, sheet, "A1", '=BASKETGEX("NVDA")')
        listed = _run([str(find_unopkg()), "list", *_shared()], "not listed")
        assert isinstance(calc.cell(document, sheet, "A1"), float), listed
        calc.close(document)


def _faults(calc: Calc, document: object) -> list[str]:
    """Every cell that shows a name that is not known or one of Calc's own errors."""
    found = []
    for name in document.Sheets.ElementNames:  # type: ignore[attr-defined]
        sheet = document.Sheets.getByName(name)  # type: ignore[attr-defined]
        errors = sheet.queryFormulaCells(4)  # com.sun.star.sheet.FormulaResult.ERROR
        for area in errors:
            cells = [
                area.getCellByPosition(column, row)
                for row in range(area.Rows.Count)
                for column in range(area.Columns.Count)
            ]
            # 32767 is #N/A: an answer
            found += [f"{c.AbsoluteName} {c.Formula} {c.getError()}" for c in cells if c.getError() != 32767]
    return found
