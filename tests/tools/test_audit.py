"""What pip-audit's answers mean, and that none is no verdict."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.audit import NOT_ASKED, REMEDY, UNKNOWN, UNREACHED, ask, verdict
from tools.lockfile import ROOT


def package(name: str, *weaknesses: tuple[str, list[str]]) -> dict[str, Any]:
    vulns = [
        {"id": id_, "fix_versions": fixes, "aliases": [], "description": "…"} for id_, fixes in weaknesses
    ]
    return {"name": name, "version": "1.0", "vulns": vulns}


def unknown(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "skip_reason": f"Dependency not found on PyPI and could not be audited: {name} (1.0)",
    }


MENDED = package("h11", ("PYSEC-1", ["1.1", "2.0"]))
OPEN = package("h2", ("PYSEC-2", []))
MENDED_SAID = "h11 1.0: PYSEC-1, mended in 1.1, 2.0."
OPEN_SAID = "h2 1.0: PYSEC-2, no release mends it yet."


@pytest.mark.parametrize(
    ("packages", "code", "sentences"),
    [
        ([package("h11"), package("h2")], 0, []),
        ([package("h11"), MENDED], 1, [MENDED_SAID, REMEDY]),
        ([OPEN, package("h11")], 0, [OPEN_SAID]),
        ([OPEN, MENDED], 1, [OPEN_SAID, MENDED_SAID, REMEDY]),
        ([MENDED, unknown("b"), unknown("a")], 1, [MENDED_SAID, "Not known to the database: a, b.", REMEDY]),
        ([package("h2"), unknown("a")], 0, ["Not known to the database: a."]),
        ([unknown("a"), unknown("b")], NOT_ASKED, [UNKNOWN]),
        ([], NOT_ASKED, [UNKNOWN]),
    ],
)
def test_the_verdict(packages: list[dict[str, Any]], code: int, sentences: list[str]) -> None:
    assert verdict({"dependencies": packages, "fixes": []}) == (code, sentences)


def test_without_a_network_it_says_so_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as closed:  # bound, never listening
        closed.bind(("127.0.0.1", 0))
        away = {"HTTPS_PROXY": f"http://127.0.0.1:{closed.getsockname()[1]}", "NO_PROXY": ""}
        # Not what an earlier call left in the cache either.
        away |= {"PIP_CACHE_DIR": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        command = [sys.executable, "-m", "tools.audit"]
        done = subprocess.run(command, cwd=ROOT, env=kept | away, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (NOT_ASKED, UNREACHED + "\n", "")


def test_a_lock_that_cannot_be_read_is_no_want_of_a_network(tmp_path: Path) -> None:
    (tmp_path / "dev.txt").write_text("=nothing\n")
    code, sentences = ask(tmp_path / "dev.txt")
    assert code == 1
    assert sentences[0] == "pip-audit cannot read the lock."
