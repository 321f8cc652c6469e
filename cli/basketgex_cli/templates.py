"""``basketgex templates``: copies of the template workbooks, which never take the place of a file that is there."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from basketgex.home import Home
from basketgex_addin import template_files
from basketgex_server.command_line import Commands, add_command
from basketgex_server.errors import BadSettings

NO_FOLDER = "Name the folder for the templates: basketgex templates --to my-sheets."


def add_parser(commands: Commands) -> None:
    """Add the command and its options."""
    templates = add_command(
        commands, "templates", "copy the template workbooks", ("basketgex templates --to my-sheets",), _run
    )
    templates.add_argument(
        "--to", type=Path, metavar="FOLDER", help="where to; without it a terminal is asked"
    )
    templates.add_argument(
        "--force",
        action="store_true",
        help="overwrite workbooks of these names instead of writing beside them",
    )


def _run(home: Home, chosen: argparse.Namespace) -> None:
    templates(chosen.to, force=chosen.force)


def templates(folder: Path | None, *, force: bool) -> None:
    """Copy the templates into a folder, which a person at a terminal is asked for where none is given.

    Prints where each one lies, and on standard error what was left alone. Raises BadSettings where there is no folder.
    """
    folder = folder or _asked()
    if folder.exists() and not folder.is_dir():
        raise BadSettings(f"{folder} is a file: name a folder with --to.")
    folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(template_files.TEMPLATES):
        wanted = folder / f"{name}.xlsx"
        print(written := copy(name, wanted, force=force))
        if written != wanted:
            print(
                f"basketgex: {wanted.name} was left alone: the template is {written.name}. "
                "With --force it takes the other's place.",
                file=sys.stderr,
            )


def copy(name: str, wanted: Path, *, force: bool = False) -> Path:
    """Copy a template to a path, or to a free name beside it where another file has that one; return where it lies.

    A copy that is there already, unchanged, is not made again. ``force`` overwrites. Raises BadSettings and OSError.
    """
    content = source(name).read_bytes()
    if force:
        draft = wanted.with_name(f".{wanted.name}.draft")
        draft.write_bytes(content)
        return draft.replace(wanted)
    for path in free_names(wanted):
        try:
            with path.open("xb") as file:  # whoever makes the same file meanwhile keeps it
                file.write(content)
        except FileExistsError:
            if not _is(path, content):
                continue
        return path
    raise AssertionError("there is no end of names")


def source(name: str) -> Path:
    """Return a template of this installation. Raises BadSettings."""
    if (found := template_files.find(name)) is None:
        raise BadSettings(
            "The template workbooks are missing from this installation: install basketgex again."
        )
    return found


def free_names(wanted: Path) -> Iterator[Path]:
    """Yield a path and the names to take instead, one after another: book.xlsx, book-2.xlsx, book-3.xlsx."""
    yield wanted
    for number in count(2):
        yield wanted.with_stem(f"{wanted.stem}-{number}")


def _is(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:  # a folder, or not ours to read
        return False


def _asked() -> Path:
    if not sys.stdin.isatty():
        raise BadSettings(NO_FOLDER)
    print("Folder for the templates: ", end="", file=sys.stderr, flush=True)
    if not (typed := sys.stdin.readline().strip()):
        raise BadSettings(NO_FOLDER)
    return Path(typed)
