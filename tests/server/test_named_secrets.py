"""Secrets that the environment names a file for, such as FlashAlpha's key."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from basketgex_cli.main import main
from basketgex_server.named_secrets import read_named
from basketgex_server.sources.flashalpha import keys
from basketgex_server.sources.flashalpha.errors import KeyStoreUnavailable

KEY = "fa-test-2b9d7e4c"


def named(path: Path, variable: str = keys.VARIABLE) -> dict[str, str]:
    return {f"{variable}_FILE": str(path)}


@pytest.mark.parametrize("content", ["s3cret", "s3cret\n", "s3cret\r\n", "\ufeffs3cret\n"])
def test_a_secret_is_what_the_file_says(tmp_path: Path, content: str) -> None:
    (tmp_path / "secret").write_bytes(content.encode())
    assert read_named("X", named(tmp_path / "secret", "X")) == "s3cret"
    assert read_named("X", {}) == read_named("X", {"X_FILE": ""}) == ""


def test_a_file_that_cannot_be_used_is_said_without_its_name(tmp_path: Path) -> None:
    empty, binary, pipe = tmp_path / "empty", tmp_path / "binary", tmp_path / "pipe"
    empty.write_text("\n")
    binary.write_bytes(b"\xff\xfe\x00")
    os.mkfifo(pipe)
    for path in (empty, binary, pipe, tmp_path, tmp_path / "none"):
        with pytest.raises(OSError) as caught:
            read_named("X", named(path, "X"))
        assert str(caught.value) == "The file that X_FILE names cannot be read, or has nothing in it."
        with pytest.raises(KeyStoreUnavailable) as refused:
            keys.find_key(None, named(path))
        assert refused.value.sentence == (
            "The file that BASKETGEX_FLASHALPHA_API_KEY_FILE names cannot be read, or has nothing in it."
        )
        assert refused.value.__cause__ is None


def test_the_key_in_a_named_file_wins_over_the_homes(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    keys.write_key("the-homes", tmp_path / "home" / "flashalpha.key")
    found = keys.find_key(tmp_path / "home" / "flashalpha.key", named(tmp_path / "key"))
    assert found == keys.Found(keys.Secret(KEY), keys.ENVIRONMENT)
    own = keys.find_key(None, {keys.VARIABLE: "its-own", **named(tmp_path / "key")})
    assert own is not None and own.secret.reveal() == "its-own"


def test_basketgex_key_tells_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key").write_text(KEY)
    monkeypatch.setenv("BASKETGEX_FLASHALPHA_API_KEY_FILE", str(tmp_path / "key"))
    assert main(["--home", str(tmp_path / "home"), "key"]) == 0
    assert capsys.readouterr().out == (
        "The key is given in the environment, by BASKETGEX_FLASHALPHA_API_KEY or the file that "
        "BASKETGEX_FLASHALPHA_API_KEY_FILE names.\n"
    )
