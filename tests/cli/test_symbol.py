"""``basketgex symbol`` as it is typed: where the figures come from, levels, and moments in New York."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from basketgex_addin.cells import LEVELS
from basketgex_addin.client import BasketClient
from tests.e2e.serving import Server, environment

COMMAND = (sys.executable, "-W", "error", "-m", "basketgex_cli", "symbol")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with Server(tmp_path_factory.mktemp("symbol") / "home") as server:
        yield server.home.path


def printed(home: Path, *arguments: object) -> str:
    done = subprocess.run(
        (*COMMAND, *map(str, arguments)),
        env=environment(home) | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def as_json(home: Path, *arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(printed(home, *arguments, "--json"))
    return found


def test_synthetic_figures_say_that_they_are(home: Path) -> None:
    for words in (("NVDA",), ("SPX", "--per-strike"), ("spy", "--profile", "0.9:1.1:5")):
        assert (
            printed(home, *words)
            .splitlines()[0]
            .endswith(
                ", as of 2026-09-16 15:45 New York, SYNTHETIC (synthetic sample), convention flashalpha (DEX, VEX, CHEX: "
                "open interest, plain sum)"
            )
        )
        found = as_json(home, *words)
        assert (found["source"], found["synthetic"], found["freshness"], found["notice"]) == (
            "synthetic sample",
            True,
            "historical",
            "",
        )


def test_what_is_computed_from_a_file_is_not_synthetic(tmp_path: Path, shared_data: Path) -> None:
    words = ("AAPL", "--chain-file", shared_data / "chains" / "basket_2026-07-10" / "AAPL.csv.gz")
    assert "SYNTHETIC" not in printed(tmp_path, *words)
    found = as_json(tmp_path, *words)
    assert (found["source"], found["synthetic"], found["freshness"]) == ("chain file", False, "historical")


def test_levels_are_those_of_the_sheet(home: Path) -> None:
    client = BasketClient(Server(home).home)
    known = client.levels("NVDA")
    client.close()
    found, lines = as_json(home, "NVDA", "--levels")["levels"], printed(home, "NVDA", "--levels").splitlines()
    begins = lines.index(next(line for line in lines if line.startswith("level ")))
    for n, (name, label) in enumerate(LEVELS.items(), begins + 1):
        price = getattr(known, name)
        assert found[name] == price
        shown = re.fullmatch(rf"{label} +(\S+) +(\S+)(?:  .*)?", lines[n])
        assert shown is not None, lines[n]
        if price is None:
            assert shown.groups() == ("-", "-")
        else:
            assert shown[1] == f"{price:,.2f}"
            assert float(shown[2].rstrip("%")) == pytest.approx(100 * (price / 214.6 - 1), abs=0.006)
    assert found["gamma_flip_roots"] and found["gamma_flip_status"]
    assert "levels" not in as_json(home, "NVDA")


def test_levels_of_a_file_are_those_of_a_server_over_its_folder(tmp_path: Path, shared_data: Path) -> None:
    folder = shared_data / "chains" / "basket_2026-07-10"
    with Server(tmp_path / "home", source="chain-files", chain_folder=folder) as server:
        served = as_json(server.home.path, "AMD", "--levels")
    alone = as_json(tmp_path, "AMD", "--levels", "--chain-file", folder / "AMD.csv.gz")
    assert alone["levels"] == served["levels"]
    assert served["source"] == "chains in basket_2026-07-10"


def test_expiries_are_shown_in_new_york_and_given_to_programs_with_their_zone(home: Path) -> None:
    text, found = printed(home, "SPX", "--per-expiry"), as_json(home, "SPX", "--per-expiry")["per_expiry"]
    begins = text.index("expires, New York ")
    shown = re.findall(r"^\d{4}-\d\d-\d\d \d\d:\d\d(?= )", text[begins:], re.MULTILINE)
    assert len(shown) == len(found)
    assert {row.split()[1] for row in shown} == {"09:30", "16:00"}
    assert [row["expires_at"] for row in found[:3]] == [
        "2026-09-16T20:00:00Z",
        "2026-09-17T20:00:00Z",
        "2026-09-18T13:30:00Z",
    ]
    assert shown[:3] == ["2026-09-16 16:00", "2026-09-17 16:00", "2026-09-18 09:30"]
    assert "Z " not in text
