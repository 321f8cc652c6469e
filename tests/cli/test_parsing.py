"""No sentence in a terminal sends a person to a spreadsheet: all that the server can say, and what commands print of it."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import basketgex_addin.client.problems as client_problems
import basketgex_server
from basketgex.home import Home
from basketgex_cli.parsing import in_a_terminal
from tests.e2e.serving import Server, environment, fresh
from tests.standin.upstream import Upstream

SERVER = Path(basketgex_server.__file__).parent
COMMAND = (sys.executable, "-W", "error", "-m", "basketgex_cli")
OF_A_SHEET = re.compile(
    r"\brecalculat|\b(sheet|workbook|cell)s?\b|\brefresh explicitly|\bchain_as_of in|\badd-in\b|\brange\b(?! must)",
    re.IGNORECASE,
)


def sentences() -> Iterator[str]:
    """Every text, or part of one, of the modules whose sentences reach a command from the server or its client."""
    of_commands = {"command_line.py", "serve_command.py", "openapi.py"}
    own = [p for p in SERVER.rglob("*.py") if p.name not in of_commands]
    for path in (*own, Path(client_problems.__file__)):
        tree = ast.parse(path.read_text("utf-8"))
        documents = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
                yield node.value


def test_nothing_that_the_server_says_is_only_for_a_sheet() -> None:
    told = [text for text in sentences() if " " in text.strip()]
    assert len(told) > 100
    before = [text for text in told if OF_A_SHEET.search(text)]
    assert len(before) > 10  # else nothing would be tried here
    assert [text for text in map(in_a_terminal, told) if OF_A_SHEET.search(text)] == []


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        (
            "The server did not answer in time. Recalculate to ask again.",
            "The server did not answer in time. Ask again.",
        ),
        ("It is out of order. Recalculate later to ask again.", "It is out of order. Ask again later."),
        ("Check the network, then recalculate.", "Check the network, then ask again."),
        ("Too many calls: recalculate after 12:00:00 UTC.", "Too many calls: ask again after 12:00:00 UTC."),
        (
            "The sheet asks for more new names at once than 12 source calls carry: recalculate to ask for the rest, "
            "or refresh explicitly.",
            "More new names are asked for at once than 12 source calls carry: ask for the rest with another command, "
            "or ask with basketgex basket --refresh.",
        ),
        (client_problems.CLIENT_FAULT.sentence, "The command failed while asking the server. Ask again."),
        (
            client_problems.VERSION_MISMATCH.sentence,
            "Server and command are of different versions: run basketgex stop, then ask again.",
        ),
        ('"recalculated" is not a ticker.', '"recalculated" is not a ticker.'),
    ],
)
def test_a_sentence_in_a_terminal(sentence: str, shown: str) -> None:
    assert in_a_terminal(sentence) == shown


def run(home: Path, *arguments: object, **settings: object) -> tuple[int, str, str]:
    done = subprocess.run(
        (*COMMAND, "--home", str(home), *map(str, arguments)),
        env=environment(home, **settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_source_that_is_away(tmp_path: Path) -> None:
    with Upstream() as upstream, fresh(tmp_path / "home") as home:
        given = {
            "source": "flashalpha",
            "flashalpha_base_url": "http://127.0.0.1:9",  # nobody listens there
            "flashalpha_api_key": upstream.key,
        }
        sentence = "FlashAlpha cannot be reached: check the network, then ask again."
        for words in (("basket", "NVDA"), ("symbol", "NVDA"), ("basket", "NVDA,AMD", "--refresh", "--json")):
            assert run(home.path, *words, **given) == (1, "", f"basketgex: {sentence}\n")
        assert f"Last problem: {sentence}\n" in run(home.path, "status")[1]
        assert json.loads(run(home.path, "status", "--json")[1])["last_problem"] == sentence
        assert sentence in run(home.path, "doctor", **given)[1]


def test_a_chain_without_its_moment(tmp_path: Path) -> None:
    folder = tmp_path / "chains"
    folder.mkdir()
    (folder / "AMD.csv").write_text(
        "option,iv,open_interest\nAMD260717C00500000,0.4,300\nAMD260717P00500000,0.4,300\n"
    )
    (folder / "underlyings.json").write_text('{"AMD": {"underlying_price": 500.0}}')
    home = Home(tmp_path / "home")
    _, _, alone = run(home.path, "symbol", "AMD", "--chain-file", folder / "AMD.csv")
    with Server(home.path, source="chain-files", chain_folder=folder):
        _, _, served = run(home.path, "basket", "AMD")
    for said, option in ((alone, "--as-of"), (served, "basketgex source chain-files --as-of")):
        assert said.startswith("basketgex: AMD.csv does not say when its chain is from: ")
        assert said.endswith(f" {option}, such as 2026-07-10T16:00.\n"), said


def test_options_are_called_by_their_names(tmp_path: Path) -> None:
    bad = 'is "garbage": write it like 2026-07-10T16:00.\n'
    words = ("source", "chain-files", "--folder", tmp_path)
    assert run(tmp_path / "home", *words, "--as-of", "garbage")[2] == f"basketgex: --as-of {bad}"
    (tmp_path / "AMD.csv").write_text("option,iv,open_interest\n")
    words = ("symbol", "AMD", "--chain-file", tmp_path / "AMD.csv")
    assert run(tmp_path / "home", *words, "--as-of", "garbage")[2] == f"basketgex: --as-of {bad}"
    nowhere = run(tmp_path / "home", "source", "chain-files", "--folder", tmp_path / "gone")[2]
    assert nowhere.startswith('basketgex: --folder: there is no folder "gone".')
    none = run(tmp_path / "home", "source", "chain-files")[2]
    assert none == (
        "basketgex: source is chain-files, but --folder is not given: name the folder of the chains.\n"
    )
