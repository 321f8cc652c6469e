"""``basketgex expiries``, ``strikes``, ``move`` and ``maxpain`` against a real server of the sample."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from basketgex_cli.main import main
from tests.e2e.serving import Server

BASKET = ("NVDA,AMD,ZZZZ", "--weights", "2,1,1")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("home")
    with Server(folder, source="sample"):
        yield folder


@pytest.fixture
def say(home: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*words: str, fails: bool = False) -> str:
        assert main(["--home", str(home), *words]) == int(fails)
        out, err = capsys.readouterr()
        return err if fails else out

    return run


def test_json_of_expiries_and_strikes_adds_up_to_that_of_the_basket(say: Any) -> None:
    net = json.loads(say("basket", *BASKET, "--json"))["aggregate"]
    for command in ("expiries", "strikes"):
        found = json.loads(say(command, *BASKET, "--json"))
        for measure in net:
            figures = [bucket[measure] for bucket in found["buckets"]]
            size = sum(map(abs, figures))
            assert math.fsum(figures) == pytest.approx(net[measure], abs=1e-9 * size)
        assert (found["missing_symbols"], found["covered_weight"], found["synthetic"]) == (
            ["ZZZZ"],
            0.75,
            True,
        )


def test_as_text_they_name_what_is_left_out(say: Any) -> None:
    expiries = say("expiries", *BASKET).splitlines()
    assert expiries[0].split() == ["days", "GEX", "DEX", "VEX", "CHEX", "share", "rolled", "off"]
    assert [line.split()[0] for line in expiries[1:6]] == ["0DTE", "1-7", "8-30", "31-90", "91+"]
    assert expiries[5].endswith("100.0%")
    left_out = "Left out: ZZZZ; 75.0% of the weight is covered."
    assert expiries[6] == left_out
    strikes = say("strikes", *BASKET, "--step", "0.1")
    assert "call wall" in strikes and "put wall" in strikes and left_out in strikes
    assert len(say("expiries", "NVDA", "--each-day").splitlines()) > 8


def test_move_and_max_pain(say: Any) -> None:
    found = json.loads(say("move", "NVDA,AMD", "--correlation", "0.5", "--horizon", "10", "--json"))
    assert found["at_correlation_0"] < found["expected_move"] < found["at_correlation_1"]
    assert set(found["volatility"]) == {"NVDA", "AMD"}
    assert say("move", "NVDA,AMD").startswith("Expected move in 30 days: ")
    assert " to " in say("move", "NVDA,AMD", "--index", "SPY", "--weights", "7,2").splitlines()[0]
    pain = json.loads(say("maxpain", "SPY", "--json"))
    at = {row["strike"]: row["call_pain"] + row["put_pain"] for row in pain["strikes"]}
    assert at[pain["max_pain"]] == min(at.values())
    assert say("maxpain", "SPY", "--expiry", "2026-10-16").startswith("Max pain ")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("expiries", "NVDA", "--weights", "1,2"),
            "1 symbols but 2 weights: give one weight beside each symbol, or none at all.",
        ),
        (
            ("strikes", "NVDA", "--step", "7"),
            "The step must be a part of spot from 0.0001 to 1: 0.01 is 1 %.",
        ),
        (
            ("move", "NVDA", "--horizon", "0"),
            "The horizon must be a number of calendar days above 0 and up to 3,650.",
        ),
        (("move", "NVDA", "--horizon", "nan"), "--horizon and --correlation must be finite numbers."),
        (("maxpain", "SPY", "--expiry", "soon"), "The expiry must be a day such as 2026-09-18."),
    ],
)
def test_what_cannot_be_meant_ends_in_a_sentence(say: Any, words: tuple[str, ...], sentence: str) -> None:
    assert say(*words, fails=True) == f"basketgex: {sentence}\n"


def test_the_flow_of_a_book(say: Any) -> None:
    found = json.loads(say("flow", "NVDA,SPY", "--money=3,-3", "--adv=20000000000,0", "--json"))
    assert found["chex"]["net"] == pytest.approx(found["chex"]["long_leg"] + found["chex"]["short_leg"])
    assert (found["money"], found["adv_covered"]) == ({"NVDA": 3.0, "SPY": -3.0}, 0.5)
    text, turned = say("flow", "NVDA,SPY", "--money=3,-3"), say("flow", "NVDA,SPY", "--money=-3,3")
    helps = found["chex"]["dealers"] < 0
    assert f"Charm {'helps' if helps else 'hurts'} this book: " in text
    assert f"Charm {'hurts' if helps else 'helps'} this book: " in turned
    assert (
        say("flow", "NVDA", "--money=x", fails=True)
        == "basketgex: --money must be numbers, comma-separated.\n"
    )


def test_a_change_of_the_sample_has_parts_and_needs_a_chain_of_before(say: Any) -> None:
    found = json.loads(say("change", "NVDA", "--json"))
    assert found["since"].startswith("2026-09-15T20:00")
    said = "basketgex: No earlier chain of NVDA is kept: one is from the day after it is first asked for.\n"
    assert say("change", "NVDA", "--since", "2026-08-01", fails=True) == said
    assert "Past chains kept: " in say("status")
    assert say("change", "NVDA", "--since", "soon", fails=True).startswith(
        'basketgex: --since is "soon": write a day'
    )


def test_a_history_has_a_percentile_once_there_are_five_days(say: Any) -> None:
    found = json.loads(say("history", "NVDA,AMD", "--json"))
    assert (len(found["closes"]), found["gex"]["days"]) == (11, 10)
    assert 0 <= found["gex"]["percentile"] <= 1
    assert "Net GEX: percentile" in say("history", "NVDA,AMD")
    short = json.loads(say("history", "NVDA,AMD", "--days", "2", "--json"))
    assert (len(short["closes"]), short["gex"]["percentile"], short["gex"]["days"]) == (3, None, 2)
    assert "Net GEX: too few days to compare with (2)." in say("history", "NVDA,AMD", "--days", "2")


def test_gex_by_volume_alone_and_with_open_interest(say: Any) -> None:
    net = json.loads(say("basket", *BASKET, "--json"))["aggregate"]
    found = json.loads(say("volume", *BASKET, "--share", "0.5", "--json"))
    assert found["volume_gex"] == pytest.approx(found["call_gex"] + found["put_gex"])
    assert found["open_interest_gex"] == pytest.approx(net["net_gex"])
    both = found["open_interest_gex"] + 0.5 * found["volume_gex"]
    assert found["open_interest_and_volume_gex"] == pytest.approx(both)
    assert set(found["volume"]) == {"NVDA", "AMD"} and found["volume"]["NVDA"]["call"] > 0
    alone = json.loads(say("volume", *BASKET, "--json"))
    assert (alone["share"], alone["open_interest_and_volume_gex"]) == (None, None)
    lines = say("volume", *BASKET, "--share", "0.5").splitlines()
    assert lines[0].startswith("Volume GEX ") and lines[2].startswith(
        "GEX of open interest and 50% of volume: "
    )
    assert lines[3].startswith("Left out: ZZZZ")
    assert (
        say("volume", "NVDA", "--share", "2", fails=True)
        == "basketgex: --share must be a number from 0 to 1.\n"
    )
