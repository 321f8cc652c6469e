"""A home that has joined a desk: nothing is started, either server will do, and without both the last figures stay."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from basketgex.home import Home
from basketgex.home_settings import HomeSettings
from basketgex_addin import preferences
from basketgex_addin.cells import (
    Ask,
    BasketQuestion,
    Block,
    CellError,
    LevelFigures,
    Problem,
    Reply,
    Result,
)
from basketgex_addin.client import BasketClient
from basketgex_addin.client.problems import DESK_AWAY
from basketgex_addin.functions import FUNCTIONS, Function, Way
from basketgex_addin.functions.levels import LevelsOf
from basketgex_addin.worksheet import Worksheet
from tests.e2e.clocked import asked, reply
from tests.e2e.desk.books import until_books
from tests.e2e.desk.joining import Reachable, reachable
from tests.e2e.desk.joining import said as said_by
from tests.e2e.serving import status, until
from tests.server import keyring_file
from tests.standin.upstream import Gate, Upstream, gated

AWAY = "Last good value: The desk cannot be reached."
ASKING = [f for f in FUNCTIONS if f.kind.way is Way.ASK and f.name not in ("BASKETQUOTA", "BASKETWHY")]
"""The functions that show figures."""
BASKET = (("NVDA",), ("AMD",))
GIVEN: dict[str, Block] = {
    "symbols": BASKET,
    "symbol": (("NVDA",),),
    "index": (("SPY",),),
    "money": ((1e6,), (-1e6,)),
}


def _arguments(function: Function) -> list[Block]:
    return [GIVEN[argument.name] for argument in function.arguments if not argument.optional]


@pytest.fixture
def two(tmp_path: Path, desk_store: str, upstream: Upstream) -> Iterator[Reachable]:
    with reachable(tmp_path, desk_store, upstream, 2) as found:
        yield found


@contextmanager
def client_of(home: Home) -> Iterator[BasketClient]:
    with closing(BasketClient(home, 60.0)) as client:
        yield client


def test_two_people_on_two_servers_spend_once(two: Reachable, upstream: Upstream) -> None:
    one, other = two.servers
    ann, bob = Home(two.folder / "ann"), Home(two.folder / "bob")
    told = two.join(ann, two.token("ann"), one)
    assert told.splitlines() == [
        f"This home has joined {two.address(one)} as ann.",
        "Source: FlashAlpha (live); convention flashalpha; CHEX as published.",
        "You have spent 0.0 debits today, and have no limit of your own.",
        "Your token is in a file of the home folder that you alone can read.",
    ]
    two.join(bob, two.token("bob"), other)
    reply(ann, "NVDA", "AMD")
    until(lambda: status(other.home).symbols_known == 2)
    reply(bob, "NVDA", "AMD")
    assert upstream.debits == 1
    assert not ann.is_served() and not bob.is_served() and not ann.launch_file.exists()
    assert "as ann" in said_by("--home", ann.path, "status")
    until(lambda: ["ann", "1.00"] in [line.split() for line in two.operate("spent").splitlines()])


def test_whichever_server_ends_the_other_answers(two: Reachable) -> None:
    home = two.joined("ann")
    with client_of(home) as client:
        first = client.ask(Ask(("NVDA",)))
        assert isinstance(first, Reply)
        client.forget(Ask(("NVDA",)))
        for server in two.servers:
            address = str(server.ready["tls"])
            server.kill()
            for symbol in ("NVDA", f"N{server.ready['pid']}"):
                found = client.ask(Ask((symbol,)))
                assert isinstance(found, Reply) and not found.notice, found
                client.forget(Ask((symbol,)))
            server.again(listen=address)


def test_a_server_that_is_told_to_end_under_load_shows_no_cell_an_error(two: Reachable) -> None:
    homes = [two.joined(name) for name in ("ann", "bob", "cy")]
    ends, begun = threading.Event(), threading.Barrier(len(homes) + 1)

    def cells(home: Home) -> list[Reply | Problem]:
        found: list[Reply | Problem] = []
        with client_of(home) as client:
            found += client.ask_many([Ask(("NVDA",))])
            begun.wait(60)
            while not ends.is_set():
                asks = [Ask((f"{home.path.name[-1].upper()}{len(found) + n}",)) for n in range(5)]
                found += client.ask_many(asks)
        return found

    with ThreadPoolExecutor(len(homes)) as crowd:
        waiting = [crowd.submit(cells, home) for home in homes]
        begun.wait(60)
        two.servers[0].process.terminate()
        two.servers[0].process.wait(60)
        ends.set()
        answers = [answer for found in waiting for answer in found.result()]
    assert [a for a in answers if isinstance(a, Problem)] == []
    assert [a for a in answers if isinstance(a, Reply) and a.notice] == []


def test_a_refresh_that_may_have_arrived_is_not_sent_again(
    two: Reachable, desk_store: str, upstream: Upstream
) -> None:
    one, _ = two.servers
    home = two.joined("ann", one)
    with client_of(home) as client:
        assert isinstance(client.ask(Ask(("NVDA",))), Reply)
        # Till it is written, that landing would be news enough for a refresh.
        until_books(desk_store, upstream, landed=1)
        token = two.token("ann.again")
        two.join(home, token)  # and the other server is there to be asked
        gate = Gate()
        upstream.script(gated(gate))
        with ThreadPoolExecutor(1) as person:
            waits = person.submit(client.ask_many, [Ask(("NVDA",))], "FORCE")
            gate.wait_entered()
            serving = next(server for server in two.servers if status(server.home).awaited)
            serving.kill()
            (found,) = waits.result()
        gate.open()
    assert isinstance(found, Problem) and found.code == "desk_away", found
    assert upstream.debits == 2


def test_while_all_are_away_the_last_figures_stay_and_say_so(two: Reachable) -> None:
    home = two.joined("ann")
    with client_of(home) as client:
        before = client.ask(Ask(("NVDA", "AMD")))
        assert isinstance(before, Reply)
        addresses = [str(server.ready["tls"]) for server in two.servers]
        for server in two.servers:
            server.kill()
        client.forget(Ask(("NVDA", "AMD")))
        after = client.ask(Ask(("NVDA", "AMD")))
        assert isinstance(after, Reply) and after.notice.startswith(AWAY)
        assert (after.gex, after.rows) == (before.gex, before.rows)
        new = client.ask(Ask(("MSFT",)))
        assert isinstance(new, Problem) and new.code == "desk_away"
        for server, address in zip(two.servers, addresses, strict=True):
            server.again(listen=address)
        until(lambda: isinstance(client.ask(Ask(("MSFT",))), Reply))
        found = client.ask(Ask(("NVDA", "AMD")))
        assert isinstance(found, Reply) and found.notice == ""


def test_while_all_are_away_every_function_shows_its_last_figures_and_says_so(
    tmp_path: Path, desk_store: str, upstream: Upstream
) -> None:
    later = [0.0]
    with reachable(tmp_path, desk_store, upstream, 2, source="sample") as two:
        home = two.joined("ann")
        with closing(BasketClient(home, 60.0, clock=lambda: time.monotonic() + later[0])) as client:
            sheet = Worksheet(client)

            def shown() -> dict[str, Result]:
                return {f.name: sheet.evaluate(f.name, _arguments(f)) for f in ASKING}

            before = shown()
            assert {name for name, value in before.items() if isinstance(value, CellError)} == set()
            for server in two.servers:
                server.kill()
            later[0] = 3_600.0  # memory answers nothing any more
            after = shown()
            assert "Last good value: " not in str(before.pop("BASKETSTATUS"))
            assert AWAY in str(after.pop("BASKETSTATUS"))
            assert after == before
            for function in ASKING:
                question = function.kind.question(function.given(_arguments(function)))
                told = sheet.explain([(function.name, _arguments(function))])
                assert str(told).startswith("OK" if isinstance(question, BasketQuestion) else AWAY), function
            new = sheet.evaluate("GEXLEVELS", [(("QQQ",),)])
            assert new is CellError.NOT_AVAILABLE


def test_levels_of_a_metered_source_stay_likewise(two: Reachable, upstream: Upstream) -> None:
    home, levels = two.joined("ann"), LevelsOf("NVDA")
    with client_of(home) as client:
        before = client.ask(levels)
        assert isinstance(before, LevelFigures) and not before.notice
        assert time.time() < before.keep_until < time.time() + 7 * 86_400
        addresses = [str(server.ready["tls"]) for server in two.servers]
        for server in two.servers:
            server.kill()
        client.forget(levels)
        after = client.ask(levels)
        assert isinstance(after, LevelFigures) and after.notice.startswith(AWAY)
        assert after._replace(notice="", client_ttl=before.client_ttl) == before
        for server, address in zip(two.servers, addresses, strict=True):
            server.again(listen=address)

        def is_back() -> bool:
            client.forget(levels)
            return not client.ask(levels).notice  # type: ignore[union-attr]

        until(is_back)


def test_a_live_sheet_says_that_its_figures_are_the_last_and_goes_on_by_itself(two: Reachable) -> None:
    home, ask = two.joined("ann"), Ask(("NVDA",))
    changed = threading.Event()
    with client_of(home) as client:
        watcher = client.watch(lambda _: changed.set())
        watcher.want(ask)

        def notice() -> str | None:
            found = watcher.latest(ask)
            return found.notice if isinstance(found, Reply) else None

        until(lambda: notice() == "")
        addresses = [str(server.ready["tls"]) for server in two.servers]
        for server in two.servers:
            server.kill()
        until(lambda: (notice() or "").startswith(AWAY))
        for server, address in zip(two.servers, addresses, strict=True):
            server.again(listen=address)
        until(lambda: notice() == "")
        watcher.close()
        watcher.join(30)


def test_the_cell_mode_is_ones_own_and_all_else_the_desks(two: Reachable) -> None:
    home = two.joined("ann")
    home.config_file.write_text("# mine\nrate = 0.05\n")
    with client_of(home) as client:
        before = client.settings(key=True)
        assert isinstance(before, HomeSettings)
        assert (before["source"], before["convention"], before["cell_mode"]) == (
            "flashalpha",
            "flashalpha",
            "prefetch",
        )
        assert preferences.fixed(before) == ("source", "chain_folder", "convention", "key")
        assert preferences.notes(before) == preferences.OF_DESK
        for values, key in (({"source": "sample", "cell_mode": "live"}, ""), ({}, "fa-0123456789")):
            said, done = preferences.change(client, before, values, key, preferences.IN_CALC)
            assert not done and "can be set by whoever runs grpcs://" in said
        assert home.cell_mode() == "prefetch"
        said, done = preferences.change(client, before, {"cell_mode": "live"}, "", preferences.IN_CALC)
        assert done and said.startswith(preferences.SAVED), said
        assert (home.cell_mode(), home.config_file.read_text()) == (
            "live",
            '# mine\nrate = 0.05\ncell_mode = "live"\n',
        )
        for server in two.servers:
            server.kill()
        found = client.change_settings({}, unset=["cell_mode"])  # without the desk too
        assert isinstance(found, HomeSettings) and found["cell_mode"] == "prefetch"
        assert found.notice == DESK_AWAY.sentence
    assert not home.is_served()
    assert "cell_mode is now live." in said_by("--home", home.path, "config", "set", "cell_mode", "live")
    assert home.cell_mode() == "live"


def test_a_token_that_is_revoked_is_told_and_another_heals_it(two: Reachable) -> None:
    home = two.joined("ann")
    reply(home, "NVDA")
    two.operate("person", "revoke", "ann")

    def refused() -> bool:
        (found,) = asked(home, ("NVDA",))
        return isinstance(found, Problem) and "run basketgex join again" in found.sentence

    until(refused)
    two.join(home, two.token("ann"))
    reply(home, "NVDA")


def test_the_keyring_has_the_token_and_a_program_without_one_is_told_it(
    two: Reachable, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = two.folder / "keyring"
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "tests.server.keyring_file.InFile")
    monkeypatch.setenv(keyring_file.VARIABLE, str(kept))
    home, token = Home(two.folder / "ann"), two.token("ann")
    monkeypatch.setattr("keyring.core._keyring_backend", keyring_file.InFile())
    told = said_by("--home", home.path, "join", two.address(), "--ca", two.authority, typed=f"{token}\n")
    assert "Your token is in the keyring." in told and not home.desk_token_file.exists()
    assert token not in "".join(file.read_text() for file in home.path.iterdir())
    reply(home, "NVDA")
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "keyring", None)  # as in LibreOffice's own Python
        reply(home, "AMD")
    said_by("--home", home.path, "leave")
    assert kept.read_text() == "{}"
    assert home.desk() is None
