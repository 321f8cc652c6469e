"""The key of the paid source: where it is found, and that nobody sees it."""

from __future__ import annotations

import builtins
import copy
import logging
import pickle
import sys
from collections.abc import Callable, Iterator
from typing import Any

import keyring
import keyring.backend
import keyring.errors
import pytest
from keyring.backends import fail, null

from basketgex.keyrings import SERVICE
from basketgex_server.sources.flashalpha.errors import BadKey, KeyStoreUnavailable
from basketgex_server.sources.flashalpha.keys import (
    ACCOUNT,
    VARIABLE,
    Secret,
    clear_key,
    get_key,
    set_key,
)

KEY = "fa-test-2b9d7e4c"
NO_KEYRING = (
    "There is no keyring on this computer to store the key in: run basketgex key set --file to keep it in a file "
    "that you alone can read."
)
LOCKED = (
    "The keyring of this computer cannot be opened: unlock it, or run basketgex key set --file to keep the key in a file "
    "that you alone can read."
)
BAD = "This cannot be a FlashAlpha key: copy it again, without spaces or line breaks."


class Memory(keyring.backend.KeyringBackend):
    """A keyring in memory; ``shut`` makes it refuse everything, quoting what it was given."""

    priority = -1.0  # never chosen by itself

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}
        self.shut = False

    def get_password(self, service: str, username: str) -> str | None:
        self._look("get")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._look(password)
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._look("delete")
        del self.kept[service, username]

    def _look(self, what: str) -> None:
        if self.shut:
            raise keyring.errors.KeyringLocked(what)


def use(backend: keyring.backend.KeyringBackend) -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    yield
    keyring.set_keyring(before)


@pytest.fixture
def memory() -> Iterator[Memory]:
    backend = Memory()
    yield from (backend for _ in use(backend))


@pytest.fixture
def no_backend() -> Iterator[None]:
    yield from use(fail.Keyring())  # type: ignore[no-untyped-call]


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def importing(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "keyring":
            raise ImportError(name)
        return real(name, *rest)

    for name in [n for n in sys.modules if n.partition(".")[0] == "keyring"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", importing)


def test_the_environment_wins_over_the_keyring(memory: Memory) -> None:
    set_key("from-the-keyring")
    assert get_key({VARIABLE: f" {KEY}\n"}) == Secret(KEY)
    assert get_key({}) == Secret("from-the-keyring")
    assert get_key({VARIABLE: "  "}) == Secret("from-the-keyring")


def test_a_key_is_stored_and_cleared(memory: Memory) -> None:
    assert get_key({}) is None
    assert clear_key() is False
    set_key(f"  {KEY} ")
    assert memory.kept == {(SERVICE, ACCOUNT): KEY} == {("basketgex", "flashalpha"): KEY}
    assert clear_key() is True
    assert get_key({}) is None and not memory.kept


def test_an_empty_entry_is_no_key(memory: Memory) -> None:
    memory.kept[SERVICE, ACCOUNT] = " "
    assert get_key({}) is None


@pytest.mark.parametrize("fixture", ["no_backend", "no_package"])
def test_where_there_is_no_keyring(fixture: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(fixture)
    assert get_key({}) is None
    assert get_key({VARIABLE: KEY}) == Secret(KEY)
    for work in (lambda: set_key(KEY), clear_key):
        with pytest.raises(KeyStoreUnavailable) as caught:
            work()
        assert caught.value.sentence == NO_KEYRING


def test_a_keyring_that_was_disabled_keeps_nothing_and_that_is_said() -> None:
    """As ``keyring --disable`` does it: what it is given is taken without a word."""
    for _ in use(null.Keyring()):  # type: ignore[no-untyped-call]
        with pytest.raises(KeyStoreUnavailable) as caught:
            set_key(KEY)
        assert caught.value.sentence == NO_KEYRING
        assert get_key({}) is None and clear_key() is False


@pytest.mark.parametrize("work", [lambda: set_key(KEY), clear_key, lambda: get_key({})])
def test_a_keyring_that_stays_shut(memory: Memory, work: Callable[[], Any]) -> None:
    memory.shut = True
    with pytest.raises(KeyStoreUnavailable) as caught:
        work()
    assert caught.value.sentence == LOCKED
    assert caught.value.__context__ is None and caught.value.__cause__ is None
    assert get_key({VARIABLE: KEY}) == Secret(KEY)


@pytest.mark.parametrize("text", ["", "two words", "line\nbreak", "schlüssel", "x" * 513, "\x00"])
def test_what_cannot_be_a_key(memory: Memory, text: str) -> None:
    with pytest.raises(BadKey) as caught:
        set_key(text)
    assert caught.value.sentence == BAD and not memory.kept


def test_a_bad_key_is_not_shown() -> None:
    with pytest.raises(BadKey) as caught:
        get_key({VARIABLE: f"{KEY} {KEY}"})
    assert KEY not in str(caught.value) + repr(caught.value) + repr(vars(caught.value))


def test_a_secret_shows_itself_to_nobody(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(KEY)
    caplog.set_level(logging.DEBUG)
    logging.getLogger("test").debug("%s %r %s", secret, secret, {"key": secret})
    assert caplog.messages == ["Secret(…) Secret(…) {'key': Secret(…)}"]
    assert f"{secret}" == str([secret])[1:-1] == "Secret(…)"
    assert secret.reveal() == KEY


def test_a_secret_is_not_written_down() -> None:
    for work in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            work(Secret(KEY))


def test_secrets_compare() -> None:
    assert Secret(KEY) == Secret(KEY) != Secret("other")
    assert Secret(KEY) != KEY
    assert len({Secret(KEY), Secret(KEY)}) == 1
