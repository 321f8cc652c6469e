"""``basketgex templates`` as it is typed: no workbook of a person's is ever overwritten without --force."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from basketgex_addin import template_files
from basketgex_addin.template_files import TEMPLATES
from tests.e2e.serving import environment

COMMAND = (sys.executable, "-W", "error", "-m", "basketgex_cli", "templates")
EDITED = b"my positions, two evenings of work"


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*COMMAND, *options),
        cwd=folder,
        env=environment(folder / "home"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def template(name: str) -> bytes:
    found = template_files.find(name)
    assert found is not None
    return found.read_bytes()


def test_an_edited_workbook_is_left_alone_and_the_template_comes_beside_it(tmp_path: Path) -> None:
    assert run(tmp_path, "--to", "sheets").stderr == ""
    sheets = tmp_path / "sheets"
    mine, another = sheets / "book.xlsx", sheets / "status.xlsx"
    mine.write_bytes(EDITED)
    another.unlink()
    another.mkdir()  # a folder has the name

    for _ in range(2):  # again: what is there and as it should be is not made a third time
        again = run(tmp_path, "--to", "sheets")
        assert again.returncode == 0
        assert again.stdout.split() == [
            f"sheets/{name}{'-2' if name in ('book', 'status') else ''}.xlsx" for name in sorted(TEMPLATES)
        ]
        assert again.stderr == "".join(
            f"basketgex: {name}.xlsx was left alone: the template is {name}-2.xlsx. "
            "With --force it takes the other's place.\n"
            for name in ("book", "status")
        )
    assert mine.read_bytes() == EDITED and another.is_dir()
    for name in ("book", "status"):
        assert (sheets / f"{name}-2.xlsx").read_bytes() == template(name)
    (sheets / "book-2.xlsx").write_bytes(EDITED)
    assert "sheets/book-3.xlsx" in run(tmp_path, "--to", "sheets").stdout.split()
    assert len(list(sheets.iterdir())) == len(TEMPLATES) + 3


def test_force_overwrites_and_follows_no_link(tmp_path: Path) -> None:
    sheets, elsewhere = tmp_path / "sheets", tmp_path / "elsewhere.xlsx"
    sheets.mkdir()
    elsewhere.write_bytes(EDITED)
    (sheets / "book.xlsx").write_bytes(EDITED)
    (sheets / "profile.xlsx").symlink_to(elsewhere)
    done = run(tmp_path, "--to", "sheets", "--force")
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name: path.read_bytes() for path in sheets.iterdir()} == {
        f"{name}.xlsx": template(name) for name in TEMPLATES
    }
    assert elsewhere.read_bytes() == EDITED


def test_without_a_folder_nothing_is_written_into_the_present_one(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "basketgex: Name the folder for the templates: basketgex templates --to my-sheets.\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("typed", "made"), [(" my sheets \n", ["my sheets"]), ("\n", [])])
def test_at_a_terminal_the_folder_is_asked_for(tmp_path: Path, typed: str, made: list[str]) -> None:
    ours, its = pty.openpty()
    try:
        os.write(ours, typed.encode())
        done = subprocess.run(
            COMMAND,
            cwd=tmp_path,
            env=environment(tmp_path / "home"),
            stdin=its,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(its)
    assert done.stderr.startswith("Folder for the templates: ")
    assert done.returncode == (0 if made else 1)
    assert [path.name for path in tmp_path.iterdir()] == made
    assert len(done.stdout.splitlines()) == (len(TEMPLATES) if made else 0)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(EDITED)
    done = run(tmp_path, "--to", "mine")
    assert (done.returncode, done.stderr) == (1, "basketgex: mine is a file: name a folder with --to.\n")
    assert (tmp_path / "mine").read_bytes() == EDITED
