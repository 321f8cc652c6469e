"""The paid service's key is seen by nobody: not in files, messages, cells, status, crash output or the process list."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from basketgex_addin.cells import Ask, Problem
from basketgex_addin.client import BasketClient
from basketgex_addin.functions import FUNCTIONS
from basketgex_addin.worksheet import Worksheet
from tests.e2e.clocked import Clock
from tests.e2e.serving import Server, environment, status
from tests.standin.upstream import (
    Fault,
    Reply,
    Upstream,
    cut_off,
    garbled,
    html,
    rate_limited,
    reset,
    truncated,
)
from tests.standin.upstream import status as answered

KEY = "fa-secret-5e0b77aa41cd9f13"
PARTS = tuple(KEY[i : i + 8] for i in range(len(KEY) - 7))
"""So many characters in a row are as bad as all."""


def _echo(reply: Reply) -> Reply:
    return replace(
        reply, status=400, body={"error": KEY, "message": f"Key {KEY} is {KEY[:12]}", "detail": KEY}
    )


FAULTS = [
    Fault(change=_echo),
    answered(400, {"error": "invalid_weights", "message": f"apiKey={KEY}: no such symbol"}),
    answered(401, {"detail": f"Invalid API key {KEY}."}),
    answered(403, {"error": "tier_restricted", "current_plan": KEY, "required_plan": KEY.upper()}),
    answered(403, {"error": "symbol_not_in_free_universe", "message": f"{KEY} SECRET"}),
    answered(403, f"Key {KEY} may not do this.".encode()),
    answered(302, b"", location=f"http://127.0.0.1:9/?apiKey={KEY}"),
    answered(404, f"https://lab.flashalpha.com/?apiKey={KEY}".encode()),
    answered(500, f"Traceback: key={KEY}".encode()),
    garbled(f'{{"constituents": "{KEY}"}}'.encode()),
    garbled(b'{"constituents": [{"symbol": "' + KEY.encode() + b'"}]}'),
    answered(429, {"message": KEY, "current_plan": KEY, "upgrade_to": KEY}, charged=False, retry_after="30"),
    html(),
    reset(),
    cut_off(),
    truncated(),
    rate_limited("30"),
]


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path)


@pytest.fixture
def upstream(clock: Clock) -> Iterator[Upstream]:
    with Upstream(key=KEY, now=clock) as upstream:
        yield upstream


def _settings(upstream: Upstream) -> dict[str, object]:
    return {"source": "flashalpha", "flashalpha_base_url": upstream.url, "flashalpha_api_key": KEY}


def _assert_hidden(*said: object) -> None:
    for text in said:
        shown = text if isinstance(text, str) else repr(text)
        found = [part for part in PARTS if part.casefold() in shown.casefold()]
        assert not found, "the key can be read"


def _assert_files_hide_it(home: Path) -> None:
    files = [path for path in home.rglob("*") if path.is_file()]
    assert {"state.db", "server.log"} & {path.name for path in files}
    for path in files:
        _assert_hidden(path.read_bytes().decode("latin-1"))


def _process_list() -> str:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(entry.read_bytes().decode("latin-1"))
        except OSError:  # it has ended meanwhile
            continue
    return "\n".join(found)


def _cells(client: BasketClient, symbols: str) -> list[Any]:
    """Return what every function shows for a basket, whatever it makes of the argument."""
    sheet = Worksheet(client)
    return [sheet.evaluate(function.name, [((symbols,),)], list) for function in FUNCTIONS]


@pytest.mark.parametrize("loud", [False, True], ids=["as usual", "debug logging"])
def test_the_key_is_shown_nowhere(
    tmp_path: Path,
    clock: Clock,
    upstream: Upstream,
    capfd: pytest.CaptureFixture[str],
    loud: bool,
) -> None:
    command = clock.command
    if loud:  # everything that any library says
        program = (
            "import logging, runpy, sys; logging.basicConfig(level=logging.DEBUG); "
            "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
        )
        command = (sys.executable, "-c", program, *clock.command[-2:])
    with Server(tmp_path / "home", command=command, **_settings(upstream)) as server:
        client = BasketClient(server.home)
        for number, fault in enumerate((Fault(), *FAULTS)):
            upstream.script(fault)
            answer = client.ask(Ask((f"S{number}", "SPY")))
            assert number == 0 or isinstance(answer, Problem) or answer.missing or answer.notice, number
            _assert_hidden(answer, status(server.home))
            client.close()
            clock.advance(86_400.0)  # refusals hold for a day at most
        assert len(upstream.calls) >= len(FAULTS)
        assert all(call.headers["x-api-key"] == KEY and KEY not in str(call.query) for call in upstream.calls)
        upstream.script(answered(401))
        _assert_hidden(*_cells(client, "AMD"), *_cells(client, "NVDA,SPY"))
        _assert_hidden(client.quota(), client.quota(reconcile=True), client.symbol("AMD"))
        client.close()
        if Path("/proc/self/cmdline").exists():
            processes = _process_list()
            assert str(clock.path) in processes
            assert KEY not in processes
        _assert_files_hide_it(server.home.path)
    _assert_files_hide_it(server.home.path)
    said = capfd.readouterr()
    assert not loud or "DEBUG" in said.err
    _assert_hidden(said.out, said.err)


@pytest.mark.skipif(not hasattr(signal, "SIGABRT") or os.name == "nt", reason="only on POSIX")
def test_a_crash_says_nothing_of_it(
    tmp_path: Path,
    clock: Clock,
    upstream: Upstream,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONFAULTHANDLER", "1")
    upstream.script(Fault(), reset())
    with Server(tmp_path / "home", command=clock.command, **_settings(upstream)) as server:
        client = BasketClient(server.home)
        client.ask(Ask(("AMD",)))
        client.ask(Ask(("NVDA",)))
        client.close()
        server.process.send_signal(signal.SIGABRT)
        server.process.wait(30)
    said = capfd.readouterr()
    assert "Fatal Python error: Aborted" in said.err
    _assert_hidden(said.out, said.err)
    _assert_files_hide_it(server.home.path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"flashalpha_base_url": f"http://example.org/?apiKey={KEY}"},
        {"flashalpha_base_url": f"https://{KEY}@example.org"},
        {"convention": "dealer"},
        {"expire_after": KEY},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_start_that_fails_says_nothing_of_it(
    tmp_path: Path, upstream: Upstream, wrong: dict[str, object]
) -> None:
    settings = _settings(upstream) | wrong
    ended = subprocess.run(
        (sys.executable, "-m", "basketgex_server", "serve"),
        env=environment(tmp_path / "home", **settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    _assert_hidden(ended.stdout, ended.stderr)


@pytest.mark.parametrize("key", [f"{KEY} {KEY}", f"{KEY}\u00e4", f"{KEY}\n{KEY}"])
def test_a_key_that_cannot_be_one_is_not_quoted(
    tmp_path: Path, upstream: Upstream, capfd: pytest.CaptureFixture[str], key: str
) -> None:
    with Server(tmp_path / "home", **_settings(upstream) | {"flashalpha_api_key": key}) as server:
        client = BasketClient(server.home)
        answer = client.ask(Ask(("AMD",)))
        client.close()
        assert isinstance(answer, Problem)
        assert answer.sentence == (
            "This cannot be a FlashAlpha key: copy it again, without spaces or line breaks."
        )
        _assert_hidden(status(server.home))
    _assert_files_hide_it(server.home.path)
    _assert_hidden(*capfd.readouterr())
    assert upstream.calls == []


def test_the_command_line_says_nothing_of_it(tmp_path: Path, clock: Clock, upstream: Upstream) -> None:
    settings = _settings(upstream)
    with Server(tmp_path / "home", command=clock.command, **settings) as server:
        for words in (("status",), ("doctor",), ("quota",), ("basket", "AMD"), ("symbol", "AMD")):
            upstream.script(answered(401, {"detail": f"Invalid API key {KEY}."}))
            for _ in range(2):
                done = subprocess.run(
                    (sys.executable, "-m", "basketgex_cli", "--home", str(server.home.path), *words),
                    env=environment(server.home.path, **settings),
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                )
                assert done.stdout or done.stderr
                _assert_hidden(done.stdout, done.stderr)
