"""Alerts of ``basketgex watch`` as a person sets them up: each flip told once, whoever looks, however often."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from basketgex.home import Home
from tests.e2e.clocked import Clock
from tests.e2e.serving import environment, fresh, kill, until
from tests.e2e.watched import COMMAND, PATIENCE, gex, turn, watching
from tests.standin.upstream import Fault, Figures, Upstream, status

NEGATIVE_AT_2 = (
    "semis flipped to negative gamma at 2026-09-16 11:02 New York "
    "(was positive gamma since 2026-09-16 11:00 New York)"
)
POSITIVE_AT_4 = (
    "semis flipped to positive gamma at 2026-09-16 11:04 New York "
    "(was negative gamma since 2026-09-16 11:02 New York)"
)
SEMIS = "semis=NVDA,AMD"


class Once(NamedTuple):
    code: int
    out: str
    err: str


def once(given: dict[str, str], *arguments: str) -> Once:
    done = subprocess.run(
        (*COMMAND, *arguments, "--once"),
        env=given | {"PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    return Once(done.returncode, done.stdout, done.stderr)


class Log:
    """A file that a command writes its alert into, a line each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.command = f'echo "$ALERT_SENTENCE" >> "{path}"'

    def lines(self) -> list[str]:
        return self.path.read_text("utf-8").splitlines() if self.path.exists() else []


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "alerts.txt")


def test_single_looks_tell_each_flip_once(
    given: dict[str, str], upstream: Upstream, clock: Clock, log: Log
) -> None:
    words = (SEMIS, "banks=JPM", "--on-flip", log.command)
    first = once(given, *words)
    assert (first.code, first.err, log.lines()) == (0, "", [])
    assert [line.split()[0] for line in first.out.splitlines()] == ["basket", "semis", "banks"]
    assert once(given, *words).code == 0

    turn(upstream, clock, -9e9)  # the figures are stale by now: what is there is not what is to be told
    flipped = once(given, *words)
    assert (flipped.code, flipped.out.splitlines()[-1], log.lines()) == (3, NEGATIVE_AT_2, [NEGATIVE_AT_2])
    for n in range(2):
        clock.advance(120 * n)
        assert once(given, *words).code == 0
    # The same basket under another name and in another order, and without a command: it has been told.
    assert once(given, "chips=amd,nvda", "--on-flip", log.command).code == 0
    assert once(given, "NVDA:2,AMD:2").code == 0
    assert log.lines() == [NEGATIVE_AT_2]

    turn(upstream, clock, 9e9)
    again = once(given, *words, "--json")
    (semis, banks) = map(json.loads, again.out.splitlines())
    assert (again.code, semis["flipped"], semis["flipped_from"], banks["flipped"]) == (
        3,
        True,
        "negative_gamma",
        False,
    )
    assert log.lines() == [NEGATIVE_AT_2, POSITIVE_AT_4.replace("11:04", "11:06")]


def test_a_flip_between_a_look_without_and_a_look_with_a_command_is_told(
    given: dict[str, str], upstream: Upstream, clock: Clock, log: Log
) -> None:
    assert once(given, SEMIS).code == 0
    turn(upstream, clock, -9e9)
    assert once(given, SEMIS, "--on-flip", log.command).code == 3
    assert once(given, SEMIS, "--on-flip", log.command + " && true").code == 0  # a command that comes later
    assert once(given, SEMIS).code == 0
    assert log.lines() == [NEGATIVE_AT_2]


def test_two_who_look_are_both_told(
    tmp_path: Path, given: dict[str, str], upstream: Upstream, clock: Clock, log: Log
) -> None:
    other = Log(tmp_path / "other.txt")
    for words in (("--on-flip", log.command), ("--on-flip", other.command)):
        assert once(given, SEMIS, *words).code == 0
    turn(upstream, clock, -9e9)
    assert once(given, SEMIS, "--on-flip", log.command).code == 3
    once(given, SEMIS, "--on-flip", other.command)
    assert (log.lines(), other.lines()) == ([NEGATIVE_AT_2], [NEGATIVE_AT_2])


def test_a_watch_tells_once_whatever_becomes_of_the_server_and_of_itself(
    home: Home, given: dict[str, str], upstream: Upstream, clock: Clock, log: Log
) -> None:
    words = (SEMIS, "--pace", "1", "--on-flip", log.command)
    with watching(*words, given=given) as watch:
        for _ in range(2):
            watch.line()
        turn(upstream, clock, -9e9)
        assert watch.flip() == NEGATIVE_AT_2
        until(log.lines)

        before = home.server()
        kill(home)
        assert watch.errors.get(timeout=PATIENCE) == "reconnecting"
        until(lambda: home.server() not in (None, before))
        assert once(given, *words).code == 0  # another looks meanwhile
        assert watch.interrupt() == 0
    assert log.lines() == [NEGATIVE_AT_2]

    turn(upstream, clock, 9e9)
    once(given, SEMIS)  # brings the figures; nobody watches, and this one tells its exit code only
    with watching(*words, given=given) as late:
        assert late.flip() == POSITIVE_AT_4
        until(lambda: len(log.lines()) == 2)
        assert late.interrupt() == 0
    with watching(*words, given=given) as again:
        assert "flipped" not in "".join(again.line() for _ in range(2))
        assert again.interrupt() == 0
    assert log.lines() == [NEGATIVE_AT_2, POSITIVE_AT_4]


def test_figures_of_another_source_are_no_flip(
    given: dict[str, str], upstream: Upstream, clock: Clock, log: Log, home: Home
) -> None:
    """NVDA is positive at the stand-in and negative in the sample."""
    assert once(given, "NVDA", "--on-flip", log.command).out.split().count("positive") == 1
    kill(home)
    sample = environment(home.path, source="sample")
    found = once(sample, "NVDA", "--on-flip", log.command)
    assert found.out.split().count("negative") == 1 and "SYNTHETIC" in found.out
    assert (found.code, log.lines()) == (0, [])


def test_a_command_is_told_all_and_runs_nothing_of_what_it_is_told(
    tmp_path: Path, given: dict[str, str], upstream: Upstream, clock: Clock
) -> None:
    told, pwned = tmp_path / "told.json", tmp_path / "pwned"
    script = (
        "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('ALERT_')}),"
        f" file=open({str(told)!r}, 'w'))"
    )
    name = f'$(touch {pwned}); `touch {pwned}` "semis" \'x'
    words = (
        f"{name}=NVDA,AMD",
        "--on-flip",
        f'{sys.executable} -c "{script}"; echo heard; echo loud >&2',
        "--json",
    )
    once(given, *words)
    turn(upstream, clock, -9e9)
    found = once(given, *words)
    assert found.code == 3
    assert json.loads(found.out)["flipped"] is True  # what the command prints does not get in between
    assert sorted(found.err.split()) == ["heard", "loud"]
    assert not pwned.exists()
    assert json.loads(told.read_text()) == {
        "ALERT_SENTENCE": NEGATIVE_AT_2.replace("semis", name, 1),
        "ALERT_KIND": "flip",
        "ALERT_NAME": name,
        "ALERT_REGIME": "negative_gamma",
        "ALERT_PREVIOUS": "positive_gamma",
        "ALERT_AT": "2026-09-16T15:02:00Z",
        "ALERT_NET_GEX": "-4000000000.0",
        "ALERT_NET_TO_GROSS": "-0.8",
        "ALERT_SYNTHETIC": "",
    }


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("exit 7", "The command of --on-flip ended with 7."),
        ("/no/such/program 2>/dev/null", "The command of --on-flip ended with 127."),
    ],
)
def test_a_command_that_fails_is_reported_and_not_run_again(
    given: dict[str, str], upstream: Upstream, clock: Clock, command: str, problem: str
) -> None:
    words = (SEMIS, "--on-flip", command)
    once(given, *words)
    turn(upstream, clock, -9e9)
    assert once(given, *words)[::2] == (3, f"basketgex: {problem}\n")
    assert once(given, *words)[::2] == (0, "")


def test_a_command_that_hangs_is_ended_with_all_that_it_started(
    tmp_path: Path, given: dict[str, str], upstream: Upstream, clock: Clock
) -> None:
    started = tmp_path / "started"
    code = (
        "from basketgex_cli import main; from basketgex_cli.watch import notify; "
        "notify.LONGEST = 1.0; raise SystemExit(main.main())"
    )
    words = ("watch", SEMIS, "--once", "--on-flip", f"sh -c 'echo $$ > {started}; exec sleep 600'; true")
    once(given, *words[1:2], *words[3:])
    turn(upstream, clock, -9e9)
    done = subprocess.run(
        (sys.executable, "-c", code, *words),
        env=given,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 3
    assert done.stderr == "basketgex: The command of --on-flip was ended: it took longer than 1 seconds.\n"
    pid = int(started.read_text())
    until(
        lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2]
    )


def test_a_desktop_notification(
    tmp_path: Path, given: dict[str, str], upstream: Upstream, clock: Clock
) -> None:
    told, folder = tmp_path / "told", tmp_path / "bin"
    folder.mkdir()
    program = folder / "notify-send"
    program.write_text(f'#!/bin/sh\nfor word in "$@"; do echo "$word"; done >> {told}\n')
    program.chmod(0o755)
    desk = given | {"PATH": f"{folder}{os.pathsep}{given['PATH']}"}
    words = ("<b>R&D</b>=NVDA,AMD", "--notify")
    assert once(desk, *words).code == 0 and not told.exists()
    turn(upstream, clock, -9e9)
    assert once(desk, *words).code == 3
    sentence = NEGATIVE_AT_2.replace("semis", "&lt;b&gt;R&amp;D&lt;/b&gt;")
    assert told.read_text().splitlines() == ["--app-name=basketgex", "--", "basketgex", sentence]
    assert once(desk, *words).code == 0
    assert len(told.read_text().splitlines()) == 4


def test_without_a_way_to_notify_nobody_is_left_in_the_belief(tmp_path: Path, given: dict[str, str]) -> None:
    bare = given | {"PATH": str(tmp_path)}
    for words in (("--notify", "--once"), ("--notify",)):
        done = subprocess.run(
            (*COMMAND, SEMIS, *words), env=bare, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            "basketgex: --notify finds no program that shows notifications: install notify-send "
            "(Debian: libnotify-bin), or use --on-flip with a command.\n"
        )


def price(at: float) -> Figures:
    return Figures(at, 4e9, 1e9, 1e8, 1e6)


def asked_for_levels(upstream: Upstream) -> int:
    return sum(call.path.startswith("/v1/exposure/levels") for call in upstream.calls)


def test_a_price_that_goes_through_a_level(
    given: dict[str, str], upstream: Upstream, clock: Clock, log: Log, home: Home
) -> None:
    """The stand-in has NVDA's flip 1 % below its price, and walls five dollars beside it, at the moment it is asked."""
    upstream.published = {"NVDA": price(200.0), "AMD": gex(1e9)}
    words = (SEMIS, "--on-level", log.command)
    assert once(given, *words).code == 0

    def look(at: float, *more: str) -> Once:
        upstream.published["NVDA"] = price(at)
        clock.advance(120)
        return once(given, *words, *more)

    up = look(206.1)
    assert up.code == 3
    sentence = "NVDA went above its call wall 205.00: 206.10 at 2026-09-16 11:02 New York"
    assert [up.out.splitlines()[-1]] == [sentence] == log.lines()
    assert look(205.0).code == look(206.2).code == 0  # it touched it, and that is all
    down = look(197.0, "--json")
    crossings = [json.loads(line) for line in down.out.splitlines()[1:]]
    assert down.code == 3
    assert [(c["symbol"], c["level"], c["side"], c["level_price"]) for c in crossings] == [
        ("NVDA", "gamma_flip", "below", 198.0),
        ("NVDA", "call_wall", "below", 205.0),
    ]
    assert (crossings[0]["price"], crossings[0]["at"], crossings[0]["synthetic"]) == (
        197.0,
        "2026-09-16T15:08:00Z",
        False,
    )
    assert once(given, *words).code == 0
    assert len(log.lines()) == 3
    # Six commands, and each name's levels were asked for once: a debit a name, good for a quarter of an hour.
    assert asked_for_levels(upstream) == 2
    assert once(given, SEMIS, "--on-level").code == 0  # no command: looked at, and counted

    # A quarter of an hour later the levels are others. That they moved over the price is no crossing.
    found = json.loads(home.alerts_file.read_text())
    for record in found.values():
        if "levels" in record:
            record["levels"][0] -= 901.0
    home.alerts_file.write_text(json.dumps(found))
    assert look(197.1).code == 0
    assert asked_for_levels(upstream) == 4
    assert look(191.9).code == 3
    assert [line.partition(":")[0] for line in log.lines()[3:]] == [
        "NVDA went below its gamma flip 195.13",
        "NVDA went below its put wall 192.00",
    ]


def test_a_name_whose_levels_are_refused_is_let_be(
    given: dict[str, str], upstream: Upstream, clock: Clock
) -> None:
    upstream.script(Fault(), status(500))  # its figures come, its levels do not
    first = once(given, "NVDA", "--on-level")
    assert first.code == 0
    assert first.err.startswith("basketgex: NVDA has no levels: FlashAlpha is out of order")
    clock.advance(120)
    assert once(given, "NVDA", "--on-level")[::2] == (0, "")
    assert asked_for_levels(upstream) == 1


def test_a_watch_looks_at_levels_beside_its_baskets(
    given: dict[str, str], upstream: Upstream, clock: Clock, log: Log
) -> None:
    upstream.published = {"NVDA": price(200.0), "AMD": gex(1e9)}
    with watching(SEMIS, "--pace", "1", "--on-level", log.command, given=given) as watch:
        for _ in range(2):
            watch.line()
        # Two names, two calls for their levels, which serve for the next quarter of an hour.
        until(lambda: sum(call.path.startswith("/v1/exposure/levels") for call in upstream.calls) == 2)
        for at, told in ((206.1, 1), (194.0, 4), (194.2, 4)):
            upstream.published["NVDA"] = price(at)
            clock.advance(120)
            until(lambda told=told: len(log.lines()) == told)  # type: ignore[misc]
        assert watch.interrupt() == 0
    assert log.lines() == [
        "NVDA went above its call wall 205.00: 206.10 at 2026-09-16 11:02 New York",
        "NVDA went below its gamma flip 198.00: 194.00 at 2026-09-16 11:04 New York",
        "NVDA went below its call wall 205.00: 194.00 at 2026-09-16 11:04 New York",
        "NVDA went below its put wall 195.00: 194.00 at 2026-09-16 11:04 New York",
    ]
    assert asked_for_levels(upstream) == 2


def test_a_source_that_is_away_is_an_error_and_no_flip(
    given: dict[str, str], upstream: Upstream, clock: Clock, log: Log
) -> None:
    words = (SEMIS, "--on-flip", log.command)
    upstream.script(*[status(500)] * 9)
    away = once(given, *words)
    assert (away.code, log.lines()) == (1, [])
    assert "FlashAlpha" in away.out


def test_a_new_day_of_chain_files_flips_once(tmp_path: Path, log: Log) -> None:
    """The chain of the second day has its open interest on the other side; when it flipped between them nobody knows."""
    folder = tmp_path / "chains"
    folder.mkdir()
    (folder / "underlyings.json").write_text('{"AMD": {"underlying_price": 500.0}}')

    def day(name: str, calls: int, puts: int) -> None:
        rows = [f"AMD260918C00500000,0.4,{calls}", f"AMD260918P00500000,0.4,{puts}"]
        (folder / f"AMD_{name}.csv").write_text("\n".join(["option,iv,open_interest", *rows]))

    with fresh(tmp_path / "home") as home:
        given = environment(home.path, source="chain-files", chain_folder=folder)
        words = ("AMD", "--on-flip", log.command)
        day("2026-07-09", 900, 100)
        assert once(given, *words).code == 0
        day("2026-07-10", 100, 900)
        until(lambda: once(given, *words).code == 3)
        assert once(given, *words).code == 0
    assert log.lines() == [
        "AMD flipped to negative gamma (was positive gamma since 2026-07-09 16:00 New York)"
    ]


def test_the_memory_that_cannot_be_read_begins_anew_and_says_so(tmp_path: Path) -> None:
    with fresh(tmp_path / "home") as home:
        given = environment(home.path)
        assert once(given, "SPX").code == 0
        for broken in ("{not json", '{"a": {"since": ["x"]}}', "[]"):
            home.alerts_file.write_text(broken)
            found = once(given, "SPX")
            assert (found.code, found.err) == (
                0,
                "basketgex: alerts.json in the home folder cannot be read: what was told before is forgotten.\n",
            )
        assert once(given, "SPX")[::2] == (0, "")
        assert home.alerts_file.stat().st_mode & 0o077 == 0
