"""``basketgex beta`` as it is typed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from basketgex.home import Home
from basketgex_addin.cells import Ask, Betas
from basketgex_addin.cells.index_units import IndexUnits
from basketgex_addin.client import BasketClient
from basketgex_cli.main import main
from tests.e2e.serving import Server

NAMES = ("NVDA", "AMD", "AVGO")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with Server(tmp_path_factory.mktemp("beta") / "home") as server:
        yield server.home.path


def asked(home: Path, ask: Ask, betas: Betas) -> IndexUnits:
    client = BasketClient(Home(home))
    found = client.betas(ask, betas)
    client.close()
    assert isinstance(found, IndexUnits)
    return found


def test_the_json_is_what_the_server_says(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["SPY", "NVDA,AMD,AVGO", "--weights", "2,1,1", "--horizon", "45", "--json"]
    assert main(["--home", str(home), "beta", *words]) == 0
    wire = asked(home, Ask(NAMES, (2.0, 1.0, 1.0)), Betas(index="SPY", horizon=45.0))
    found = json.loads(capsys.readouterr().out)
    assert found == {"rho": wire.correlation, "betas": dict(zip(NAMES, wire.betas, strict=True))}
    assert sum(w * b for w, b in zip((0.5, 0.25, 0.25), wire.betas, strict=True)) == pytest.approx(1.0)


def test_a_person_reads_what_it_means(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(home), "beta", "SPY", "NVDA,AMD,AVGO,NOSUCH"]) == 0
    text = capsys.readouterr().out
    wire = asked(home, Ask((*NAMES, "NOSUCH")), Betas(index="SPY"))
    first = text.splitlines()[1].split()
    assert (first[0], first[3]) == ("NVDA", f"{wire.betas[0]:.2f}")
    assert f"Implied correlation between these names: {wire.correlation:.2f}." in text
    assert "Do not trust the betas." in text  # the sample's SPY is not made of these three
    assert "The names weigh equally" in text and "No data: NOSUCH." in text
    assert f"If the index rises 1 %, dealers {'sell' if wire.flow > 0 else 'buy'} " in text
    assert text.endswith("As of 2026-09-16 15:45 New York, SYNTHETIC (synthetic sample).\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["NOSUCH", "NVDA,AMD"],
            "No betas to NOSUCH can be implied: that takes volatilities of the index and of two names. Give betas instead.",
        ),
        (
            ["SPY", "NVDA,AMD", "--horizon=0"],
            "The horizon must be a number of calendar days above 0 and up to 3,650.",
        ),
        (
            ["SPY", "NVDA,AMD", "--weights=1"],
            "2 symbols but 1 weights: give one weight beside each symbol, or none at all.",
        ),
    ],
)
def test_what_was_typed_wrongly(
    home: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    assert main(["--home", str(home), "beta", *words]) == 1
    assert capsys.readouterr().err == f"basketgex: {sentence}\n"
