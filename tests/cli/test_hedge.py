"""``basketgex hedge`` as it is typed: its JSON, its tables, and what was typed wrongly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from basketgex.home import Home
from basketgex_addin.cells import Ask, Betas, Hedge, Scenario
from basketgex_addin.client import BasketClient
from basketgex_cli.main import main
from tests.e2e.serving import Server

NAMES = "NVDA,AMD,AVGO"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with Server(tmp_path_factory.mktemp("hedge") / "home") as server:
        yield server.home.path


def said(home: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["--home", str(home), "hedge", *words]) == 0
    return capsys.readouterr().out


def as_json(home: Path, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said(home, capsys, *words, "--json"))
    return found


def asked(home: Path, *arguments: Any, **options: Any) -> Hedge:
    client = BasketClient(Home(home))
    found = client.hedge(*arguments, **options)
    client.close()
    assert isinstance(found, Hedge)
    return found


def test_the_json_is_what_the_server_says(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(home, capsys, NAMES, "--weights", "2,1,1", "--moves=-5:5:1")
    assert list(found) == ["unit", "per", "ladder", "to_close", "missing"]
    assert (found["unit"], found["per"], found["missing"]) == ("USD", "weight", [])
    rows = [(row["move"], row["vol"], row["days"]) for row in found["ladder"]]
    assert rows[:11] == [(percent / 100, 0.0, 0.0) for percent in range(-5, 6)]
    assert rows[11:] == [(0.0, -0.01, 0.0), (0.0, 0.01, 0.0), (0.0, 0.0, 1.0)]
    wire = asked(
        home, Ask(("NVDA", "AMD", "AVGO"), (2.0, 1.0, 1.0)), [Scenario(*row) for row in rows], clock=True
    )
    assert [row["buy"] for row in found["ladder"]] == [buy for _, buy in wire.rows]
    assert found["to_close"] == wire.to_close
    assert found["ladder"][5]["buy"] == 0.0 != found["ladder"][4]["buy"]


def test_what_is_asked_can_be_said_more_exactly(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(
        home, capsys, f"{NAMES},NOSUCH", "--moves=-0.3,2", "--vol=-2", "--days=1", "--betas", "SPY"
    )
    assert (found["per"], found["missing"]) == ("market", ["NOSUCH"])
    assert [(r["move"], r["vol"], r["days"]) for r in found["ladder"]] == [
        (-0.003, -0.02, 1.0),
        (0.02, -0.02, 1.0),
    ]
    names = ("NVDA", "AMD", "AVGO", "NOSUCH")
    scenarios = [Scenario(-0.003, -0.02, 1.0), Scenario(0.02, -0.02, 1.0)]
    wire = asked(home, Ask(names), scenarios, Betas(index="SPY"))
    assert [r["buy"] for r in found["ladder"]] == [buy for _, buy in wire.rows]
    weighed = (NAMES, "--weights", "2,1,1", "--moves", "2")
    assert as_json(home, capsys, *weighed, "--per", "market")["per"] == "market"


def test_a_person_reads_what_dealers_do(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(home, capsys, "SPY,NOSUCH", "--moves=-1:1:1", "--betas", "1.5,1")
    buy = asked(home, Ask(("SPY", "NOSUCH")), [Scenario(-0.01)], Betas((1.5, 1.0))).rows[0][1]
    first = text.splitlines()[1].split()
    assert first[0] == "-1%" and first[2] == ("buy" if buy > 0 else "sell")
    assert first[3] == f"{abs(buy) / 1e9:.2f}" and first[4] == "bn"
    assert "Wed 16:00, the close" in text and "three days, a weekend" in text
    assert (
        "USD of stock, the whole market in these names, every contract repriced. As of 2026-09-16 15:45 New York, "
        "SYNTHETIC (synthetic sample)" in text
    )
    assert "Betas: SPY 1.50." in text and "No data: NOSUCH." in text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["NVDA", "--moves=5:-5:1"],
            '--moves is "5:-5:1": write it like --moves=-5:5:1, from, to and step, or --moves=-5,-2,2.',
        ),
        (
            ["NVDA", "--moves=x"],
            '--moves is "x": write it like --moves=-5:5:1, from, to and step, or --moves=-5,-2,2.',
        ),
        (
            ["NVDA", "--moves=-200"],
            "--moves are per cent, above -100 and at most 100: -2 is 2 % down.",
        ),
        (["NVDA", "--vol", "200"], "--vol is a number of volatility points, from -100 to 100."),
        (["NVDA", "--days=-1"], "days must be calendar days, 0 to 365."),
        (["NVDA", "--betas", "1,x"], "--betas must be numbers, comma-separated, or one index such as SPX."),
        (["NVDA", "--betas", "1,2"], "1 symbols but 2 betas: give one beta beside each symbol, or none."),
        (
            ["NVDA,AMD", "--weights", "1"],
            "2 symbols but 1 weights: give one weight beside each symbol, or none at all.",
        ),
        (["NOSUCH"], "The source has no data for NOSUCH: check the spelling."),
    ],
)
def test_what_was_typed_wrongly(
    home: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    assert main(["--home", str(home), "hedge", *words]) == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", f"basketgex: {sentence}\n")
