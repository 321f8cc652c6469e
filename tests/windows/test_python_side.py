"""The add-in's Python side in a Windows Python: homes and their locks, COM, jobs, Excel's folders; against a server here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from basketgex import __version__
from basketgex.home import HOME_VARIABLE, Home
from basketgex_addin.excel import component
from tests.e2e.serving import Server
from tests.windows.calls import calls
from tests.windows.conftest import INSTALLATION
from tests.windows.wine import Wine

SIDE = Path(__file__).with_name("python_side")


def test_the_add_ins_python_side(
    wine: Wine, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(tmp_path / "server") as server:
        home = Home(tmp_path / "server")
        monkeypatch.setenv(HOME_VARIABLE, str(home.path))
        told = {
            "address": server.address,
            "token": home.read_token(),
            "version": __version__,
            "calls": calls(),
        }
        component.client(home.path).close()
        (tmp_path / "linux.json").write_text(json.dumps(told), "utf-8")
        python = tree / "python/python.exe"
        given = [wine.name(SIDE / "windows_side.py"), wine.name(tmp_path)]
        code = (
            f"import runpy, sys; sys.path.insert(0, {wine.name(SIDE)!r}); sys.argv = {given!r};"
            " runpy.run_path(sys.argv[0], run_name='__main__')"
        )
        done = wine.program(python, "-X", "utf8", "-c", code, patience=INSTALLATION)
    lines = [line for line in done.said.splitlines() if line.startswith(("ok ", "FAILED "))]
    assert len(lines) == sum(path.read_text().count("@check") for path in SIDE.glob("*.py")), done.said
    assert not [line for line in lines if line.startswith("FAILED")], lines
    assert done.code == 0, done.said
