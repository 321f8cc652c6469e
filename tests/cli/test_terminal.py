"""What a terminal is shown: tables in colour and what there is to wait for; and nothing of that in a pipe."""

from __future__ import annotations

import ast
import io
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import basketgex_cli
from basketgex_cli import terminal
from basketgex_cli.terminal import Busy, Column, print_table
from tests.e2e.serving import Server, environment, until

COMMAND = (sys.executable, "-W", "error", "-m", "basketgex_cli")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[(?:[0-9]+;)*(?:3[0-9]|4[0-9]|9[0-7])(?:;[0-9]+)*m")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with Server(tmp_path_factory.mktemp("terminal") / "home") as server:
        yield server.home.path


def piped(home: Path, *arguments: str, command: tuple[str, ...] = COMMAND, **given: str) -> str:
    done = subprocess.run(
        (*command, *arguments),
        env=environment(home) | given,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def drawn(home: Path, *arguments: str, command: tuple[str, ...] = COMMAND, **given: str) -> str:
    """All that a command shows where both its streams are a terminal."""
    import pty  # not everywhere

    ours, its = pty.openpty()
    shown = b""
    with subprocess.Popen(
        (*command, *arguments),
        env=environment(home) | {"TERM": "xterm-256color", "COLUMNS": "100"} | given,
        stdin=subprocess.DEVNULL,
        stdout=its,
        stderr=its,
    ) as process:
        os.close(its)
        with suppress(OSError):  # that is how a terminal ends
            while read := os.read(ours, 65536):
                shown += read
        assert process.wait(60) == 0
    os.close(ours)
    return shown.decode()


ON_TERMINALS = pytest.mark.skipif(sys.platform == "win32", reason="only on systems with pseudo-terminals")
TABLES = [
    ("basket", "AAPL,NVDA,ZZZZ"),
    ("symbol", "SPX", "--levels", "--per-expiry"),
    ("config",),
]


@ON_TERMINALS
@pytest.mark.parametrize("arguments", TABLES, ids=lambda words: words[0])
def test_a_table_is_drawn_with_the_figures_that_a_pipe_is_given(
    home: Path, arguments: tuple[str, ...]
) -> None:
    plain, shown = piped(home, *arguments), drawn(home, *arguments)
    assert "\x1b" not in plain and "─" not in plain
    assert "─" in shown
    words = ESCAPE.sub("", shown).split()
    assert [word for word in plain.split() if word not in words] == []


@ON_TERMINALS
def test_signs_have_colours_unless_no_colour_is_wanted(home: Path) -> None:
    shown = drawn(home, "basket", "AAPL,NVDA")
    assert re.search(r"\x1b\[38;5;33m[^\x1b]*\+2\.28 bn", shown)
    assert re.search(r"\x1b\[38;5;208m[^\x1b]*-694\.38 m", shown)
    plain = drawn(home, "basket", "AAPL,NVDA", NO_COLOR="1")
    assert "-694.38 m" in plain and not COLOUR.search(plain)


@ON_TERMINALS
def test_no_figure_is_cut_off_however_narrow_the_terminal(home: Path) -> None:
    shown = ESCAPE.sub("", drawn(home, "basket", "AAPL,NVDA", COLUMNS="30"))
    assert "…" not in shown
    assert all(figure in shown for figure in ("+25.13 bn", "-694.38 m", "-486.86 m", "negative gamma"))


@pytest.mark.parametrize("given", [{}, {"FORCE_COLOR": "1"}, {"TERM": "xterm"}], ids=str)
@pytest.mark.parametrize(
    "arguments", [*TABLES, ("doctor",), ("status",), ("source",)], ids=lambda words: words[0]
)
def test_nothing_is_coloured_or_animated_in_a_pipe(
    home: Path, arguments: tuple[str, ...], given: dict[str, str]
) -> None:
    assert not set("\x1b\r⠋━") & set(piped(home, *arguments, **given))


@ON_TERMINALS
def test_doctor_says_what_it_looks_at_and_colours_what_it_found(home: Path) -> None:
    shown = drawn(home, "doctor")
    assert re.search(r"\x1b\[32mok", shown)
    assert re.search(r"start command +\S", ESCAPE.sub("", shown))


@ON_TERMINALS
def test_a_watched_table_loses_columns_and_no_half_of_a_figure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("LINES", "20")
    monkeypatch.setenv("TERM", "xterm")
    columns = [Column("basket", left=True), Column("GEX"), Column("coverage")]
    with terminal.Screen() as screen:
        screen.draw(
            columns, [("semis", "-1.64 bn", "100.0%"), ("x" * 12, "+2.00 bn", "50.0%"), ("lost",)], ["end"]
        )
    shown = ESCAPE.sub("", capsys.readouterr().out)
    assert "-1.64 bn" in shown and "+2.00 bn" in shown and "lost" in shown and shown.endswith("end\n")
    assert "cov" not in shown and "100" not in shown


class Screen(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "SHOWN_AFTER", 0.0)
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.usefixtures("at_once")
def test_what_takes_long_is_said_with_how_far_it_is_and_taken_back() -> None:
    screen = Screen()
    line = Busy("Reading the chains", screen)
    until(lambda: "Reading the chains, 0 s" in screen.getvalue(), 60)
    line.say("7 of 300 chains read", 7, 300)
    until(lambda: "7 of 300 chains read, " in screen.getvalue(), 60)
    line.end()
    assert screen.getvalue().endswith("\x1b[1A\x1b[2K")
    assert "\x1b[?25h" in screen.getvalue()  # the cursor is back


@pytest.mark.usefixtures("at_once")
def test_a_terminal_that_draws_nothing_over_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    screen = Screen()
    line = Busy("Reading the chains", screen)
    until(lambda: screen.getvalue(), 60)
    line.say("7 of 300 chains read", 7, 300)
    line.end()
    assert screen.getvalue() == "Reading the chains\n"


def test_what_is_quick_is_not_said_and_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "SHOWN_AFTER", 3600.0)
    screen, before = Screen(), set(threading.enumerate())
    line = Busy("Reading the chains", screen)
    (own,) = set(threading.enumerate()) - before  # others' may end meanwhile, so that a count says nothing
    line.end()
    until(lambda: not own.is_alive(), 60)
    assert screen.getvalue() == ""


@pytest.mark.usefixtures("at_once")
def test_nothing_is_said_in_a_pipe() -> None:
    pipe, before = io.StringIO(), set(threading.enumerate())
    line = Busy("Reading the chains", pipe)
    line.say("7 of 300 chains read", 7, 300)
    line.end()
    assert (pipe.getvalue(), set(threading.enumerate()) - before) == ("", set())


SLOW = """
import sys
import threading
from pathlib import Path

from basketgex.home import Home
from basketgex_addin.calc import install as calc
from basketgex_addin.client import BasketClient
from basketgex_cli import demo, terminal
from basketgex_cli.main import main

terminal.SHOWN_AFTER = 0.0

def lasts(work):
    "Do some work once whatever there is to be said of it has been said."
    def later(*given, **named):
        for each in threading.enumerate():
            if isinstance(each, threading.Timer):
                each.join()
        return work(*given, **named)
    return later

def fill(office, source, target, pdf):
    office.prepare()
    target.write_bytes(source.read_bytes())

def remove(home, removed=Home.remove, tries=[]):
    tries.append(home)
    if len(tries) == 1:  # a server that has just ended may hold its files for a moment
        raise PermissionError
    return removed(home)

demo.find_soffice = lambda: Path("soffice")
demo.recalculate_and_store = lasts(fill)
BasketClient.ask_many = lasts(BasketClient.ask_many)
BasketClient.shutdown = lasts(BasketClient.shutdown)
calc.install = lasts(lambda *_: None)
calc.uninstall = lasts(lambda: True)
Home.remove = lasts(remove)
sys.exit(main())
"""
"""A command as it is typed, with stand-ins for LibreOffice, and in which whatever takes long takes long enough."""


@pytest.mark.parametrize(
    ("typed", "waits", "outcome"),
    [
        (
            "demo --out {folder}",
            ("Filling the workbook in LibreOffice Calc", "Asking for the table", "Ending the server"),
            "Filled workbook: {folder}/sector_scanner.xlsx",
        ),
        ("install calc", ("Installing the add-in",), "Installed in LibreOffice."),
        (
            "uninstall calc --purge",
            ("Removing the add-in", "Removing the home folder"),
            "Removed {folder}/home.",
        ),
    ],
    ids=("demo", "install", "uninstall"),
)
@ON_TERMINALS
def test_a_command_says_what_it_waits_for_on_a_terminal_and_nothing_in_a_pipe(
    tmp_path: Path, typed: str, waits: tuple[str, ...], outcome: str
) -> None:
    command, home = (sys.executable, "-W", "error", "-c", SLOW), tmp_path / "home"
    arguments, outcome = typed.format(folder=tmp_path).split(), outcome.format(folder=tmp_path)
    home.mkdir()
    plain = piped(home, *arguments, command=command)
    assert outcome in plain
    assert not [sign for sign in ("\x1b", "\r", *waits) if sign in plain]
    home.mkdir(exist_ok=True)
    shown = drawn(home, *arguments, command=command)
    places = [shown.find(f"{text}, ") for text in waits]
    assert -1 not in places and places == sorted(places)
    assert shown.count("\x1b[1A\x1b[2K") == len(waits)  # every line was taken back
    assert outcome in shown


def test_a_plain_table_has_fixed_widths(capsys: pytest.CaptureFixture[str]) -> None:
    columns = [Column("name", 6, left=True), Column("GEX", 8), Column("remark", left=True, gap="  ")]
    print_table(columns, [("A", "+1", ""), ("BRK.B", "-2.5", "old")])
    assert capsys.readouterr().out == "name       GEX  remark\nA           +1\nBRK.B     -2.5  old\n"


def test_only_one_module_imports_rich() -> None:
    found = set()
    for path in Path(basketgex_cli.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if any(name.partition(".")[0] == "rich" for name in names):
                found.add(path.name)
    assert found == {"terminal.py"}
