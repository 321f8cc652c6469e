"""FlashAlpha's key where there is no keyring: a file of the home, found by the server whoever started it."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from basketgex.home import Home
from basketgex.home_settings import HomeSettings
from basketgex_addin.cells import Ask, Problem, Reply
from basketgex_addin.client import BasketClient
from basketgex_addin.worksheet import Worksheet
from tests.e2e.commands import NO_KEYRING, PROGRAM, command, refused, said
from tests.e2e.serving import fresh, kill
from tests.server import keyring_file
from tests.standin.upstream import Upstream

ROOT = Path(__file__).parents[2]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX")
KEY = "fa-file-7c41e09b52"
IN_FILE = "The key is in a file of the home folder that you alone can read.\n"
NO_KEY = "There is no FlashAlpha key yet: run basketgex key set, or basketgex key set --file where there is no keyring.\n"
SERVER_HAS_NONE = (
    "The server has no FlashAlpha key, and does not see what is set in a terminal: run basketgex key set, "
    "or basketgex key set --file where there is no keyring."
)
IN_TERMINAL = {"BASKETGEX_FLASHALPHA_API_KEY": KEY}
NVDA = Ask(("NVDA",))


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(key=KEY) as upstream:
        yield upstream


@pytest.fixture
def home(tmp_path: Path, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home that a spreadsheet would start a server for, without a key in its environment, and without a keyring."""
    for name in [name for name in os.environ if name.startswith("BASKETGEX_")]:
        monkeypatch.delenv(name)
    for name, value in NO_KEYRING.items():
        monkeypatch.setenv(name, value)
    with fresh(tmp_path / "home") as home:
        home.write_launch((*PROGRAM, "serve"), ())
        home.config_file.write_text(f"source = 'flashalpha'\nflashalpha_base_url = '{upstream.url}'\n")
        yield home


@pytest.fixture
def client(home: Home) -> Iterator[BasketClient]:
    with closing(BasketClient(home, 60.0)) as client:
        yield client


def hidden(*texts: str) -> None:
    for text in texts:
        assert not any(KEY[i : i + 6] in text for i in range(len(KEY) - 5))


def test_a_key_in_a_file_serves_whoever_starts_the_server(home: Home, client: BasketClient) -> None:
    assert said(home.path, "key", "set", "--file", typed=f"  {KEY}\n") == IN_FILE
    if os.name == "posix":
        assert stat.S_IMODE(home.key_file.stat().st_mode) == 0o600
    found = client.ask(NVDA)
    assert isinstance(found, Reply) and found.source == "FlashAlpha"
    assert said(home.path, "key") == IN_FILE
    kill(home)
    assert "FlashAlpha" in said(home.path, "basket", "AMD")
    others = [p for p in home.path.iterdir() if p != home.key_file and p.is_file()]
    hidden(*(p.read_bytes().decode("latin-1") for p in others), said(home.path, "config", "--json"))


def test_a_key_that_comes_later_is_heeded_at_once_and_so_is_another(
    home: Home, client: BasketClient, upstream: Upstream
) -> None:
    assert client.ask(NVDA) == Problem("source_key_missing", SERVER_HAS_NONE)
    assert Worksheet(client).evaluate("BASKETWHY", [(("NVDA",),)]) == SERVER_HAS_NONE
    assert said(home.path, "source") == f"The source is flashalpha.\n{NO_KEY}"
    said(home.path, "key", "set", "--file", typed=KEY)
    assert isinstance(client.ask(NVDA), Reply)
    upstream.key = "fa-another"
    said(home.path, "key", "set", "--file", typed="fa-another")
    assert isinstance(client.ask(Ask(("AMD",))), Reply)  # without a call that the old key would spoil
    assert said(home.path, "key", "clear").startswith("The key file is gone.\n")
    assert client.ask(Ask(("MU",))) == Problem("source_key_missing", SERVER_HAS_NONE)


def test_which_process_lacks_the_key_is_said(home: Home, client: BasketClient) -> None:
    assert isinstance(client.ask(NVDA), Problem)  # the server runs, without
    told = (
        "The key is set in this terminal only: a server that a spreadsheet starts does not see it. "
        "Run basketgex key set, or basketgex key set --file where there is no keyring.\n"
    )
    assert (
        said(home.path, "source", "flashalpha", environ=IN_TERMINAL)
        == f"The source is now flashalpha.\n{told}"
    )
    assert said(home.path, "key", environ=IN_TERMINAL) == told
    code, out, _ = command(home.path, "doctor", "--json", environ=IN_TERMINAL)
    (finding,) = [c for c in json.loads(out)["checks"] if c["name"] == "key"]
    assert (code, finding["state"], finding["found"]) == (
        1,
        "fault",
        "in this terminal, but the running server has none",
    )
    assert (
        finding["advice"] == "Run basketgex key set, or basketgex key set --file where there is no keyring."
    )
    said(home.path, "key", "set", "--file", typed=KEY, environ=IN_TERMINAL)
    code, out, _ = command(home.path, "doctor", "--json")
    (finding,) = [c for c in json.loads(out)["checks"] if c["name"] == "key"]
    assert finding["found"].startswith("in the key file")
    hidden(out)


def test_without_a_keyring_the_way_is_named(home: Home) -> None:
    assert refused(home.path, "key", "set", typed=KEY) == (
        "There is no keyring on this computer to store the key in: run basketgex key set --file to keep it in a file "
        "that you alone can read."
    )
    assert not home.key_file.exists()
    assert said(home.path, "source", "flashalpha") == f"The source is now flashalpha.\n{NO_KEY}"
    assert refused(home.path, "key", "set", "--file", typed="two words") == (
        "This cannot be a FlashAlpha key: copy it again, without spaces or line breaks."
    )
    assert refused(home.path, "key", "--file") == "--file goes with key set."


def test_the_keyring_takes_the_place_of_the_file(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)  # where the keyring's module is found
    kept = tmp_path / "keyring"
    backend = {"PYTHON_KEYRING_BACKEND": "tests.server.keyring_file.InFile", keyring_file.VARIABLE: str(kept)}
    said(home.path, "key", "set", "--file", typed="fa-old", environ=backend)
    assert said(home.path, "key", "set", typed=KEY, environ=backend) == (
        "The key is in the keyring.\nThe key file is gone, since it would win.\n"
    )
    assert not home.key_file.exists()
    assert said(home.path, "key", environ=backend) == "The key is in the keyring.\n"


@POSIX
@pytest.mark.parametrize("spoil", ["open", "folder", "wide", "words"])
def test_a_key_file_that_cannot_be_trusted_or_read(home: Home, client: BasketClient, spoil: str) -> None:
    assert isinstance(
        client.settings(key=True), HomeSettings
    )  # a server closes to others what it finds, so it is there first
    if spoil == "folder":
        home.key_file.mkdir()
    else:
        home.key_file.write_bytes(
            b"\xff\xfe\x00" if spoil == "wide" else b"two words" if spoil == "words" else KEY.encode()
        )
        home.key_file.chmod(0o644 if spoil == "open" else 0o600)
    sentence = {
        "open": "The key file in the home folder can be read by other users: run basketgex key set --file again, "
        "or chmod 600.",
        "words": "This cannot be a FlashAlpha key: copy it again, without spaces or line breaks.",
    }.get(
        spoil,
        "The key file in the home folder cannot be read: run basketgex key clear, then basketgex key set --file.",
    )
    found = client.ask(NVDA)
    assert isinstance(found, Problem) and found.sentence == sentence
    shown = client.settings(key=True)
    assert isinstance(shown, HomeSettings) and (shown.key_place, shown.key_problem) == ("", sentence)
    if spoil == "folder":
        home.key_file.rmdir()


def test_a_dialog_stores_the_key(home: Home, client: BasketClient) -> None:
    found = client.change_settings({"source": "flashalpha"}, key=KEY)
    assert isinstance(found, HomeSettings)
    assert found.key_place == "file"
    hidden(repr(found), repr(client.settings(key=True)), home.log_file.read_text())
    assert isinstance(client.ask(NVDA), Reply)
