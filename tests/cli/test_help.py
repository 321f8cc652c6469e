"""What the command says of itself, and of what was typed wrongly."""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from basketgex_cli.main import parser
from tests.e2e.serving import environment

COMMAND = (sys.executable, "-W", "error", "-m", "basketgex_cli")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*COMMAND, *arguments),
        cwd=folder,
        env=environment(folder / "home") | {"COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def commands() -> dict[str, argparse.ArgumentParser]:
    found = [a for a in parser()._actions if isinstance(a, argparse._SubParsersAction)]
    return dict(found[0].choices)


def examples(command: argparse.ArgumentParser) -> list[str]:
    return re.findall(r"^  (basketgex .*)$", command.epilog or "", re.MULTILINE)


def test_the_command_alone_says_what_there_is(tmp_path: Path) -> None:
    alone, asked = run(tmp_path), run(tmp_path, "--help")
    assert (alone.returncode, alone.stderr) == (0, "")
    assert alone.stdout == asked.stdout
    assert all(f"\n    {name} " in alone.stdout for name in commands())


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_option_has_a_text_and_every_command_an_example(name: str) -> None:
    command = commands()[name]
    assert [action.dest for action in command._actions if not action.help] == []
    assert examples(command)
    assert all(f"\n  {example}\n" in command.format_help() + "\n" for example in examples(command))


@pytest.mark.parametrize("example", [e for c in commands().values() for e in examples(c)])
def test_an_example_can_be_typed(example: str) -> None:
    program, *words = shlex.split(example.partition(" > ")[0])
    assert program == "basketgex"
    assert parser().parse_args(words).command == words[0]


@pytest.mark.parametrize("pace", ["0", "0.5", "-1", "nan", "inf", "4000", "often"])
def test_a_pace_that_no_watch_can_have(tmp_path: Path, pace: str) -> None:
    done = run(tmp_path, "watch", "a=NVDA", f"--pace={pace}")
    assert done.returncode == 2
    assert done.stderr.endswith(f"argument --pace: {pace} is not a number of seconds from 1 to 3,600\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["basket", "AAPL MSFT"], '"AAPL MSFT" is not one ticker: write commas between them, AAPL,MSFT.'),
        (
            ["basket", "NVDA,spx  qqq"],
            '"spx  qqq" is not one ticker: write commas between them, spx,qqq.',
        ),
        (
            ["plot", "profile", "A B", "-o", "a.png"],
            '"A B" is not one ticker: write commas between them, A,B.',
        ),
        (["watch", "x=JPM BAC"], '"JPM BAC" is not one ticker: write commas between them, JPM,BAC.'),
    ],
)
def test_spaces_for_commas(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    done = run(tmp_path, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"basketgex: {sentence}\n")
    assert not (tmp_path / "home").exists()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="nothing is refused to root elsewhere")
@pytest.mark.parametrize(
    "arguments",
    [
        ["demo", "--out", "/proc/mine"],
        ["templates", "--to", "/proc/mine"],
        ["install", "--build", "/proc/mine"],
    ],
)
def test_what_cannot_be_written_is_named(tmp_path: Path, arguments: list[str]) -> None:
    done = run(tmp_path, *arguments)  # where not even root may
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "basketgex: No such file or directory: check /proc/mine.\n"
