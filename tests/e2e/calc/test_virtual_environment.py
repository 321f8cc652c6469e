"""LibreOffice from a shell in which a virtual environment is active."""

from __future__ import annotations

import os
import subprocess
import venv
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pytest

from basketgex_addin.calc import bridge
from basketgex_addin.calc.driver import Office, end
from basketgex_addin.client.problems import LAUNCH_NOT_RECORDED


@dataclass(frozen=True)
class Activated(Office):
    """A LibreOffice that a person starts from such a shell, as it is."""

    active: Path = field(default=Path())

    def environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(self.active / "bin"), os.environ["PATH"]])
        return {**super().environment(), "PATH": path, "VIRTUAL_ENV": str(self.active)}


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"] = '=BASKETWHY("NVDA")'
    book.save(tmp_path / "why.xlsx")
    return tmp_path / "why.xlsx"


def converted(office: Office, workbook: Path) -> str:
    """What the one cell shows, or nothing where LibreOffice fails."""
    office.prepare()
    out = office.folder / "out"
    process = office.start("--convert-to", "csv", "--outdir", str(out), str(workbook))
    try:
        process.wait(120)
    except subprocess.TimeoutExpired:
        return ""
    finally:
        end(process)
    written = out / f"{workbook.stem}.csv"
    return written.read_text("utf-8").strip().strip('"') if written.exists() else ""


def test_the_environment_that_is_given_the_bridge_may_stay_active(
    soffice: Path, workbook: Path, tmp_path: Path
) -> None:
    active = tmp_path / "active"
    venv.create(active, symlinks=True)
    site_packages = next((active / "lib").glob("python*/site-packages"))
    office = Activated(soffice, tmp_path / "office", tmp_path / "home", active=active)
    assert converted(office, workbook) == ""  # what this is about
    assert bridge.share(site_packages)
    assert converted(office, workbook) == LAUNCH_NOT_RECORDED.sentence
    bridge.withdraw(site_packages)
    assert sorted(path.name for path in site_packages.iterdir()) == []


def test_our_own_starts_leave_it_out(
    soffice: Path, workbook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    active = tmp_path / "active"
    venv.create(active, symlinks=True)
    monkeypatch.setenv("VIRTUAL_ENV", str(active))
    monkeypatch.setenv("PATH", os.pathsep.join([str(active / "bin"), os.environ["PATH"]]))
    assert converted(Office(soffice, tmp_path / "office", tmp_path / "home"), workbook)
