"""A home folder as nobody should leave it: every look at it ends in an answer or in a sentence, and strangers' files stay."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from basketgex.files import write_whole
from basketgex.folder import HomeProblem
from basketgex.home import CELLS_PREFETCH, Home, Runtime

RUNTIME = Runtime("127.0.0.1:1", 7, "0.1", "boot")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX")


def looks(home: Home) -> tuple[object, ...]:
    """What may be asked of any home at any time, for instance by a cell."""
    return (
        home.read_runtime(),
        home.read_launch(),
        home.is_served(),
        home.server(),
        home.web(),
        home.cell_mode(),
    )


NOTHING = (None, None, False, None, None, CELLS_PREFETCH)


def test_a_home_that_is_not_there_can_be_looked_at(tmp_path: Path) -> None:
    home = Home(tmp_path / "no" / "where")
    assert looks(home) == NOTHING
    assert home.read_token() == ""
    home.remove_runtime()
    assert not home.path.exists()


def test_a_home_that_is_a_file_can_be_looked_at(tmp_path: Path) -> None:
    home = Home(tmp_path / "file")
    home.path.write_text("somebody's")
    assert looks(home) == NOTHING
    with pytest.raises(OSError):
        home.create()
    assert home.path.read_text() == "somebody's"


@pytest.mark.parametrize("name", ["runtime.json", "launch.json", "web.json", "config.toml", "lock"])
def test_a_folder_in_the_place_of_a_file_is_no_such_file(tmp_path: Path, name: str) -> None:
    home = Home(tmp_path / "home")
    home.create()
    (home.path / name).mkdir()
    assert looks(home) == NOTHING
    assert len(home.stamp()) == 5


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", b"[" * 5_000, b"null", b'{"grpc": 1}', b"\x00" * 4096, b'"text"', b"1e999"],
)
def test_whatever_stands_in_a_file_is_answered(tmp_path: Path, content: bytes) -> None:
    home = Home(tmp_path / "home")
    home.create()
    for name in ("runtime.json", "launch.json", "web.json", "config.toml"):
        (home.path / name).write_bytes(content)
    assert looks(home) == NOTHING


@pytest.mark.parametrize(
    "name", ["with space", "ünïcode-日本", "quo'te\"s", "-dash", "per%cent", "new\nline"]
)
def test_any_name_of_a_folder_serves(tmp_path: Path, name: str) -> None:
    if sys.platform == "win32" and set(name) & set('"\n'):
        return  # there is no such name there
    home = Home(tmp_path / name)
    token = home.token()
    home.write_runtime(RUNTIME)
    assert (home.token(), home.read_runtime()) == (token, RUNTIME)
    assert home.remove() == []
    assert not home.path.exists()


def test_too_long_a_path_is_refused_in_a_sentence_before_anything_is_made(tmp_path: Path) -> None:
    home = Home(tmp_path.joinpath(*(["x" * 100] * 20)))
    with pytest.raises(HomeProblem, match="name a shorter one"):
        home.create()
    assert list(tmp_path.iterdir()) == []


def test_strangers_files_survive_removal_and_are_named(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.token()
    (home.path / "taxes.xlsx").write_text("mine")
    (home.path / "folder").mkdir()
    assert home.remove() == ["folder", "taxes.xlsx"]
    assert home.remove() == ["folder", "taxes.xlsx"]
    assert sorted(p.name for p in home.path.iterdir()) == ["folder", "taxes.xlsx"]


def test_removal_takes_what_is_kept_beside_our_files_and_nothing_that_only_begins_like_them(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path / "home")
    home.token()
    strangers = ["chains", "office", "office plans", "statements"]
    ours = ["state.db", "state.db-wal", "state-set-aside-1.db", "chains.db", "chains.db-shm", "server.log.1"]
    for name in (*strangers, *ours, "office-ca.crt", "office-leaf.key", "office.json", ".office.json.1.ab"):
        (home.path / name).write_text("kept")
    assert home.remove() == strangers
    assert sorted(p.name for p in home.path.iterdir()) == strangers


@POSIX
def test_an_open_folder_with_strangers_files_is_not_taken(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    shared.chmod(0o755)
    (shared / "thesis.odt").write_text("mine")
    with pytest.raises(HomeProblem, match=r"thesis\.odt"):
        Home(shared).token()
    assert [p.name for p in shared.iterdir()] == ["thesis.odt"]
    assert shared.stat().st_mode & 0o777 == 0o755


def test_a_write_that_fails_leaves_what_was_there_and_no_draft(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "inside").write_text("kept")
    with pytest.raises(OSError):
        write_whole(taken, "text")
    assert [p.name for p in tmp_path.iterdir()] == ["taken"]
    with pytest.raises(OSError):
        write_whole(tmp_path / "no" / "folder", "text")
    with pytest.raises(UnicodeError):
        write_whole(tmp_path / "lone", "\ud800")
    assert not (tmp_path / "lone").exists()
