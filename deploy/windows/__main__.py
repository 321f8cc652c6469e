"""Build the installer: `python -m deploy.windows` writes dist/basketgex-setup.exe and its SHA-256, `--fast` packs loosely."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from packaging.utils import parse_wheel_filename

from deploy.windows import tree

SCRIPT = Path(__file__).with_name("basketgex.nsi")
ROOM = 50
"""MB beyond its own size that a disk must have."""


def main() -> int:
    """Return 0, 2 where a tool or the wheel is missing."""
    arguments = argparse.ArgumentParser(prog="python -m deploy.windows", description=__doc__)
    arguments.add_argument("--wheel", type=Path, help="this project's wheel; the one in dist/ if not given")
    arguments.add_argument("--out", type=Path, default=Path("dist/basketgex-setup.exe"))
    arguments.add_argument("--fast", action="store_true", help="for tests: larger, in a quarter of the time")
    arguments.add_argument("--tree", type=Path, help="keep what is packed in this folder")
    given = arguments.parse_args()
    wheels = [given.wheel] if given.wheel else sorted(Path("dist").glob("basketgex-*.whl"))
    if shutil.which("makensis") is None:
        print("makensis is missing: as root, apt-get install --no-install-recommends nsis.", file=sys.stderr)
        return 2
    if len(wheels) != 1:
        print("There must be one wheel in dist/: make wheel builds it.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        packed = given.tree or Path(folder, "tree")
        tree.make(packed, wheels[0])
        pack(packed, str(parse_wheel_filename(wheels[0].name)[1]), given.out, fast=given.fast)
    return 0


def pack(packed: Path, version: str, out: Path, *, fast: bool, needed: int | None = None) -> None:
    """Write the installer of a tree, and its SHA-256 beside it. ``needed``: MB of room, if not the tree's own size and ROOM."""
    size = sum(path.stat().st_size for path in packed.rglob("*") if path.is_file())
    room = needed if needed is not None else size // 1_000_000 + ROOM
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", suffix=".nsh", encoding="utf-8") as files:
        files.writelines(_files(packed / "python"))
        files.flush()
        defined: dict[str, object] = {
            "VERSION": version,
            "TREE": packed.resolve(),
            "FILES": files.name,
            "OUT": out.resolve(),
            "NEEDED": room,
        } | ({"FAST": 1} if fast else {})
        subprocess.run(
            [
                "makensis",
                "-V2",
                "-WX",
                *(f"-D{name}={value}" for name, value in defined.items()),
                str(SCRIPT),
            ],
            check=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "SOURCE_DATE_EPOCH": str(tree.EPOCH)},
        )
    digest = sha256(out.read_bytes()).hexdigest()
    Path(f"{out}.sha256").write_text(f"{digest}  {out.name}\n")
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB, SHA-256 {digest}")


def _files(python: Path) -> Iterator[str]:
    """Yield the lines that pack a folder, in the order of its names: by itself NSIS takes the order of the disk."""
    for folder in sorted([python, *(path for path in python.rglob("*") if path.is_dir())]):
        files = sorted(path for path in folder.iterdir() if path.is_file())
        if files:
            place = "\\".join(("$INSTDIR\\python.new", *folder.relative_to(python).parts))
            yield f'SetOutPath "{place}"\n'
            yield from (f'File "{path.resolve()}"\n' for path in files)


if __name__ == "__main__":
    sys.exit(main())
