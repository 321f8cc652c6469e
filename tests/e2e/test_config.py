"""Settings through a real server: an edited file, the command, and what a dialog calls."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from basketgex.home import Home
from basketgex.home_settings import HomeSettings
from basketgex_addin.cells import Ask, CellError, Problem, Reply
from basketgex_addin.client import BasketClient, ServerStatus
from basketgex_addin.worksheet import Worksheet
from basketgex_server.reloading import LOOK
from basketgex_server.settings import SOURCES, read_config
from tests.e2e.commands import PROGRAM, command, refused, said
from tests.e2e.serving import Server, fresh, kill, status, until
from tests.standin.upstream import Gate, Upstream, gated

NVDA = Ask(("NVDA",))
BROKEN = "config.toml cannot be used, so the settings from before stay. rate must be a number."


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "home") as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[BasketClient]:
    with closing(BasketClient(server.home, 60.0)) as client:
        yield client


def ask(client: BasketClient, question: Ask = NVDA) -> Reply:
    found = client.ask(question)
    assert isinstance(found, Reply), found
    return found


def settings(client: BasketClient) -> HomeSettings:
    found = client.settings()
    assert isinstance(found, HomeSettings), found
    return found


def changed(found: HomeSettings | Problem) -> HomeSettings:
    assert isinstance(found, HomeSettings), found
    return found


# -- an edited file


def test_an_edit_is_heeded_within_a_second_by_cells_and_streams(server: Server, client: BasketClient) -> None:
    assert 3 * LOOK < 1.0  # seen, seen again at rest, heeded
    assert ask(client).convention == "flashalpha"
    pid = server.process.pid
    told = threading.Event()
    news: list[str] = []

    def hear(asks: frozenset[Ask]) -> None:
        if isinstance(found := watcher.latest(NVDA), Reply):
            news.append(found.convention)
            told.set()

    watcher = client.watch(hear, pace=1.0)
    watcher.want(NVDA)
    assert told.wait(60)
    server.home.config_file.write_text('convention = "dealer"\nrate = 0.01\n')
    until(lambda: ask(client).convention == "dealer")
    until(lambda: news[-1] == "dealer")
    watcher.close()
    watcher.join(30)
    runtime = server.home.server()
    assert runtime is not None and runtime.pid == pid
    assert status(server.home).convention == "dealer"


@pytest.mark.parametrize(
    ("edit", "get"),
    [
        ("max_symbols = 2", lambda client: client.ask(Ask(("A", "B", "C")))),
        ("client_ttl = 7", lambda client: client.ask(NVDA).client_ttl),
        ("[dividend_yields]\nNVDA = 0.1", lambda client: client.ask(NVDA).chex),
        ("missing_volatility = 'fill'", lambda client: client.ask(NVDA).usable_open_interest),
        ("day_count = 'bus252'", lambda client: client.ask(NVDA).gex),
    ],
    ids=["a bound", "a time", "a table", "what is computed", "years"],
)
def test_every_kind_of_setting_is_heeded(server: Server, client: BasketClient, edit: str, get: Any) -> None:
    before = get(client)
    server.home.config_file.write_text(edit)
    until(lambda: get(client) != before)
    server.home.config_file.write_text("# nothing\nsource = 'sample'")
    until(lambda: get(client) == before)


def test_an_idle_time_is_heeded(server: Server) -> None:
    server.home.config_file.write_text("idle_stop = 0.5")
    assert server.process.wait(60) == 0


def test_a_broken_file_is_told_and_the_last_good_settings_stay(server: Server, client: BasketClient) -> None:
    sheet = Worksheet(client)
    watcher = client.watch(lambda asks: None, pace=1.0)
    watcher.want(NVDA)
    server.home.config_file.write_text("rate = 0.01\nconvention = 'dealer'\n")
    until(lambda: ask(client).convention == "dealer")
    before = ask(client)
    server.home.config_file.write_text("rate = 'much'\n")
    until(lambda: ask(client).settings_notice)
    until(lambda: getattr(watcher.latest(NVDA), "settings_notice", "") == BROKEN)
    assert ask(client)._replace(client_ttl=0, fetched_at=0) == before._replace(
        client_ttl=0, fetched_at=0, settings_notice=BROKEN
    )
    shown = str(sheet.evaluate("BASKETSTATUS", [(("NVDA",),)]))
    assert shown.endswith(f"; {BROKEN}") and "convention dealer" in shown
    assert BROKEN in said(server.home.path, "status") and BROKEN in said(server.home.path, "basket", "NVDA")
    code, out, _ = command(server.home.path, "doctor", "--json")
    (finding,) = [c for c in json.loads(out)["checks"] if c["name"] == "configuration"]
    assert code == 1
    assert (finding["state"], finding["found"]) == (
        "fault",
        "rate must be a number. The server goes on with the settings from before",
    )
    assert "rate must be a number." in server.home.log_file.read_text()
    server.home.config_file.write_text("rate = 0.02\n")
    until(lambda: not ask(client).settings_notice)
    until(lambda: getattr(watcher.latest(NVDA), "settings_notice", BROKEN) == "")
    watcher.close()
    watcher.join(30)
    assert ask(client).convention == "flashalpha"
    assert "config.toml" not in str(sheet.evaluate("BASKETSTATUS", [(("NVDA",),)]))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("source = 'chain-files'\nchain_folder = '/nowhere-at-all'", "there is no folder"),
        ("source = 'flashalpha'\nconvention = 'dealer'", "set convention to flashalpha."),
        ("rate = [", "The configuration cannot be read"),
        ("", "It is empty or gone"),
    ],
)
def test_whatever_is_wrong_with_it(server: Server, client: BasketClient, text: str, sentence: str) -> None:
    server.home.config_file.write_text("refresh_after = 50\n")
    until(lambda: settings(client)["refresh_after"] == "50")
    server.home.config_file.write_text(text)
    until(lambda: settings(client).notice)
    assert sentence in settings(client).notice and settings(client)["source"] == "sample"
    assert ask(client).synthetic


def test_what_needs_a_restart_is_said(server: Server, client: BasketClient) -> None:
    server.home.config_file.write_text("http_listen = '127.0.0.1:0'\nconvention = 'dealer'")
    waits = "http_listen in config.toml waits for the server's next start: run basketgex stop."
    until(lambda: ask(client).settings_notice == waits)
    assert ask(client).convention == "dealer"
    code, out, _ = command(server.home.path, "doctor", "--json")
    (finding,) = [c for c in json.loads(out)["checks"] if c["name"] == "configuration"]
    assert (code, finding["state"], finding["found"]) == (0, "attention", waits)
    said(server.home.path, "stop")
    assert server.process.wait(60) == 0
    with Server(server.home.path) as again:
        assert again.ready["http"]


def test_the_gateway_heeds_an_edit_too(tmp_path: Path) -> None:
    import httpx

    with Server(tmp_path / "home", http_listen="127.0.0.1:0") as server:
        address = f"http://{server.ready['http']}/v1/exposure/gex/NVDA"

        def gex() -> object:
            return httpx.get(address, trust_env=False, headers=key).json()["net_gex"]

        key = {"X-Api-Key": server.home.read_token()}
        before = gex()
        server.home.config_file.write_text("rate = 0.2\ndividend_yield = 0.1\n")
        until(lambda: gex() != before)


def test_what_is_under_way_ends_as_it_began(tmp_path: Path) -> None:
    gate = Gate()
    with Upstream() as upstream:
        upstream.script(gated(gate))
        given = {"flashalpha_base_url": upstream.url, "flashalpha_api_key": upstream.key}
        home = Home(tmp_path / "home")
        home.create()
        home.config_file.write_text("source = 'flashalpha'")
        with Server(home.path, **given) as server, closing(BasketClient(home, 60.0)) as client:
            pending = client.submit(NVDA)
            gate.wait_entered()
            home.config_file.write_text("source = 'sample'")
            until(lambda: status(home).source == "sample")
            gate.open()
            found = pending.result(60)
            assert isinstance(found, Reply) and found.source == "FlashAlpha"
            assert ask(client).synthetic
            assert upstream.debits == 1
            server.home.config_file.write_text("source = 'flashalpha'\nclient_ttl = 5\n")
            until(lambda: status(home).source == "flashalpha")
            assert ask(client).source == "FlashAlpha"
            assert upstream.debits == 1  # it is remembered
            assert status(home).debits_today == 1


# -- a server that a client starts


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sauce = 1", 'The configuration has a key "sauce" that is not known: correct or remove it.'),
        ("rate = ", "The configuration cannot be read: it must be TOML."),
        ("listen = 'here'", "listen must be HOST:PORT, such as 127.0.0.1:0."),
        (
            "source = 'chain-files'\nchain_folder = '/nowhere-at-all'",
            'chain_folder: there is no folder "nowhere-at-all". Name the folder of the chains.',
        ),
    ],
)
def test_started_by_a_cell_with_settings_that_cannot_be_used_it_says_so_and_waits_for_better(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, sentence: str
) -> None:
    for name in [name for name in os.environ if name.startswith("BASKETGEX_")]:
        monkeypatch.delenv(name)
    with fresh(tmp_path / "home") as home, closing(BasketClient(home, 60.0)) as client:
        home.write_launch((*PROGRAM, "serve"), ())
        home.config_file.write_text(text)
        sheet = Worksheet(client)
        assert sheet.evaluate("BASKETGEX", [(("NVDA",),)]) is CellError.NOT_AVAILABLE
        assert sheet.evaluate("BASKETWHY", [(("NVDA",),)]) == sentence
        found = client.profile(["NVDA"])
        assert isinstance(found, Problem) and found.sentence == sentence
        assert settings(client).notice == (f"config.toml cannot be used, so no figure is given. {sentence}")
        assert status(home).source == "none"
        assert read_config(home.config_file) if text != "rate = " else True  # nothing was written into it
        home.config_file.write_text("source = 'sample'")
        until(lambda: isinstance(client.ask(NVDA), Reply))
        assert ask(client).settings_notice == ""


def test_a_dialog_mends_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BASKETGEX_")]:
        monkeypatch.delenv(name)
    with fresh(tmp_path / "home") as home, closing(BasketClient(home, 60.0)) as client:
        home.write_launch((*PROGRAM, "serve"), ())
        home.config_file.write_text("# mine\nsource = 'chain-files'\nchain_folder = '/nowhere-at-all'\n")
        assert isinstance(client.ask(NVDA), Problem)
        found = changed(client.change_settings({"source": "sample"}))
        assert (found["source"], found.notice) == ("sample", "")
        assert ask(client).synthetic
        assert home.config_file.read_text().startswith("# mine\nsource = ")


@pytest.mark.parametrize("before", ["source = 'sample'\n", ""], ids=["while it serves", "from the start"])
def test_a_folder_that_comes_back_is_found_without_an_edit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    for name in [name for name in os.environ if name.startswith("BASKETGEX_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "chains_2026-03-19"
    with fresh(tmp_path / "home") as home, closing(BasketClient(home, 60.0)) as client:
        home.write_launch((*PROGRAM, "serve"), ())
        if before:
            home.config_file.write_text(before)
            ask(client)
        home.config_file.write_text(f"source = 'chain-files'\nchain_folder = '{folder}'\n")
        until(lambda: "there is no folder" in settings(client).notice)
        folder.mkdir()
        rows = [f"NVDA260417{side}00255000,1000,0.3,255" for side in "CP"]
        (folder / "NVDA.csv").write_text("\n".join(["option,open_interest,iv,underlying_price", *rows]))
        until(lambda: not settings(client).notice)
        assert ask(client).source == "chains in chains_2026-03-19"
        assert home.log_file.read_text().count("is not heeded: ") <= 1


def test_a_person_who_serves_is_told_at_once(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    home.config_file.write_text("sauce = 1")
    assert refused(home.path, "serve") == (
        'The configuration has a key "sauce" that is not known: correct or remove it.'
    )


# -- what a dialog calls


def test_a_dialog_reads_and_changes_settings(server: Server, client: BasketClient) -> None:
    found = settings(client)
    assert (found["source"], found["convention"], found["cell_mode"]) == ("sample", "flashalpha", "prefetch")
    assert found.by_name["source"].choices == SOURCES
    assert all(s.explanation.endswith((".", ",")) for s in found.by_name.values())
    ask(client)
    found = changed(client.change_settings({"convention": "dealer", "cell_mode": "live"}))
    assert (found["convention"], found["cell_mode"]) == ("dealer", "live")
    assert ask(client).convention == "dealer"  # with the next question, not within a second
    assert server.home.cell_mode() == "live"
    assert read_config(server.home.config_file) == {"convention": "dealer", "cell_mode": "live"}
    found = changed(client.change_settings({}, unset=["convention", "cell_mode"]))
    assert (found["convention"], found.by_name["convention"].given_by) == ("flashalpha", "default")
    assert ask(client).convention == "flashalpha"


@pytest.mark.parametrize(
    ("values", "key", "sentence", "argument"),
    [
        (
            {"convention": "broker"},
            None,
            'convention is "broker": use one of flashalpha, dealer.',
            "convention",
        ),
        ({"convention": "dealer", "source": "flashalpha"}, None, "set convention to flashalpha.", ""),
        ({"rate": "0.1", "nothing": "1"}, None, 'There is no setting "nothing"', "nothing"),
        ({"rate": "0.1"}, "two words", "This cannot be a FlashAlpha key", ""),
        ({"rate": "0.1"}, "", "This cannot be a FlashAlpha key", ""),
        ({"source": "chain-files", "chain_folder": "/nowhere-at-all"}, "good", "there is no folder", ""),
    ],
)
def test_all_of_a_dialog_or_nothing(
    server: Server,
    client: BasketClient,
    values: dict[str, str],
    key: str | None,
    sentence: str,
    argument: str,
) -> None:
    found = client.change_settings(values, key=key)
    assert isinstance(found, Problem)
    assert sentence in found.sentence and found.argument == argument
    assert not server.home.config_file.exists() and not server.home.key_file.exists()
    assert settings(client)["rate"] == "0.045"


# -- the command


@pytest.mark.parametrize("serves", [False, True], ids=["without a server", "with one"])
def test_config_shows_and_changes_settings(tmp_path: Path, serves: bool) -> None:
    home = Home(tmp_path / "home")
    server = Server(home.path).__enter__() if serves else None
    try:
        lines = said(home.path, "config").splitlines()
        assert lines[0].split() == ["source", "sample"]
        assert said(home.path, "config", "list") == "\n".join(lines) + "\n"
        assert said(home.path, "config", "get", "rate") == "0.045\n"
        assert said(home.path, "config", "set", "rate", "0.05") == "rate is now 0.05.\n"
        assert said(home.path, "config", "set", "rates", "SPX=0.04") == "rates is now SPX=0.04.\n"
        assert said(home.path, "config", "get", "rate") == "0.05\n"
        told = json.loads(said(home.path, "config", "--json"))
        assert told["notice"] == ""
        by_name = {s["name"]: s for s in told["settings"]}
        assert by_name["rate"] | {"explanation": ""} == {
            "name": "rate",
            "value": "0.05",
            "default": "0.045",
            "given_by": "file",
            "choices": [],
            "explanation": "",
            "needs_restart": False,
        }
        assert json.loads(said(home.path, "config", "get", "rate", "--json")) == by_name["rate"]
        assert read_config(home.config_file) == {"rate": 0.05, "rates": {"SPX": 0.04}}
        pairs = ("refresh_after", "30", "expire_after", "600")
        assert (
            said(home.path, "config", "set", *pairs) == "refresh_after is now 30.\nexpire_after is now 600.\n"
        )
        for name in pairs[::2]:
            said(home.path, "config", "unset", name)
        assert said(home.path, "config", "unset", "rates") == "rates is back at its default: empty.\n"
        assert read_config(home.config_file) == {"rate": 0.05}
        for arguments, sentence in (
            (["get", "sauce"], 'There is no setting "sauce": run basketgex config to see all.'),
            (["set", "sauce", "1"], 'There is no setting "sauce": run basketgex config to see all.'),
            (["unset", "sauce"], 'There is no setting "sauce": run basketgex config to see all.'),
            (["set", "rate", "much"], "rate must be a number."),
            (["set", "max_symbols", "1e400"], "max_symbols must be a whole number."),
            (["set", "rate"], "Say basketgex config set NAME VALUE, or several pairs of them."),
            (["set", "listen", "here"], "listen must be HOST:PORT, such as 127.0.0.1:0."),
            (["get"], "Say basketgex config get NAME."),
            (["list", "rate"], "config list takes nothing more: say config get NAME for one setting."),
        ):
            assert refused(home.path, "config", *arguments) == sentence
        assert read_config(home.config_file) == {"rate": 0.05}
        assert home.is_served() is serves
    finally:
        if server is not None:
            server.__exit__()


def test_config_says_what_is_not_heeded(tmp_path: Path) -> None:
    with Server(tmp_path / "home", rate=0.03) as server:
        assert said(server.home.path, "config", "set", "rate", "0.05") == (
            "rate is written, but in force stays 0.03.\n"
            "rate in config.toml is not heeded: BASKETGEX_RATE in the environment of the server says otherwise.\n"
        )
        assert "rate                   0.03" in said(server.home.path, "config")
        told = said(server.home.path, "config", "set", "listen", "127.0.0.1:5")
        assert told.startswith(
            "listen is written, but in force stays 127.0.0.1:0.\n"
            "listen in config.toml waits for the server's next start: run basketgex stop."
        )


def test_a_folder_is_written_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chains").mkdir()
    said(tmp_path / "home", "config", "set", "chain_folder", "chains")
    assert read_config(Home(tmp_path / "home").config_file) == {"chain_folder": str(tmp_path / "chains")}


def test_source_is_heeded_without_a_new_server(server: Server, client: BasketClient, tmp_path: Path) -> None:
    ask(client)
    pid = server.process.pid
    assert said(server.home.path, "source") == "The source is sample.\n"
    said(server.home.path, "source", "cboe")
    found = client.status()
    assert isinstance(found, ServerStatus) and found.source == "cboe"
    said(server.home.path, "source", "sample")
    assert ask(client).synthetic
    runtime = server.home.server()
    assert runtime is not None and runtime.pid == pid


def test_a_server_that_was_killed_goes_on_with_what_was_set(tmp_path: Path) -> None:
    with Server(tmp_path / "home") as server:
        said(server.home.path, "config", "set", "convention", "dealer")
        kill(server.home)
        with Server(server.home.path):
            assert status(server.home).convention == "dealer"
