"""The browser workbook's files of others: exactly those of the lock, or none."""

from __future__ import annotations

import base64
import gzip
import hashlib
import importlib.util
import io
import json
import shutil
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tools.lockfile import ROOT

LOCK = ROOT / ".ci" / "web-assets.json"
TEST_LOCK = ROOT / ".ci" / "web-test-assets.json"


@pytest.fixture
def fetching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, with a lock of one package of our own."""
    spec = importlib.util.spec_from_file_location("web_assets", ROOT / ".ci" / "web_assets.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "LOCK", tmp_path / "lock.json")
    return module


def package(content: bytes = b"let x = 1") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in {"package/lib/x.js": content, "package/LICENSE": b"as you like"}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    return packed.getvalue()


Npm = Callable[[bytes, bytes], None]


@pytest.fixture
def npm(fetching: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Npm:
    """An npm in the PATH that gives one package, and a lock that wants one."""

    def given(wanted: bytes, got: bytes) -> None:
        (tmp_path / "got.tgz").write_bytes(got)
        program = tmp_path / "npm"
        program.write_text(
            f"#!{sys.executable}\nimport shutil, sys\n"
            f"assert sys.argv[1:] == {['pack', '--ignore-scripts', '--loglevel=error', *fetching.SOON, '@x/x@1.0']}\n"
            f"shutil.copy({str(tmp_path / 'got.tgz')!r}, 'x-x-1.0.tgz')\n"
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(tmp_path))
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(wanted).digest()).decode()
        entry = {"name": "@x/x", "version": "1.0", "integrity": integrity, "licence": "MIT"}
        entry |= {"licence_file": "LICENSE"}
        fetching.LOCK.write_text(json.dumps([entry | {"files": {"lib/x.js": "x.js"}}]))

    return given


def test_what_the_lock_names_is_taken(fetching: ModuleType, npm: Npm, tmp_path: Path) -> None:
    npm(package(), package())
    target = tmp_path / "vendor"
    assert not fetching.is_current(target, fetching.LOCK)
    fetching.fetch(target, fetching.LOCK)
    assert fetching.is_current(target, fetching.LOCK)
    assert gzip.decompress((target / "x.js.gz").read_bytes()) == b"let x = 1"
    assert (target / "LICENCE-x-x.txt").read_bytes() == b"as you like"
    assert "@x/x 1.0, MIT: see LICENCE-x-x.txt" in (target / "NOTICE.txt").read_text()
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    fetching.fetch(target, fetching.LOCK)  # no byte of it depends on when it is fetched
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before
    fetching.LOCK.write_bytes(fetching.LOCK.read_bytes() + b"\n")
    assert not fetching.is_current(target, fetching.LOCK)


@pytest.mark.parametrize(
    "got", [package(b"let x = 2"), b"", b"no archive"], ids=["another", "nothing", "no archive"]
)
def test_anything_else_is_refused(
    fetching: ModuleType,
    npm: Npm,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    got: bytes,
) -> None:
    npm(package(), got)
    monkeypatch.setattr(fetching, "TARGET", tmp_path / "vendor")
    assert fetching.main() == 1
    assert not (tmp_path / "vendor").exists()
    said = "basketgex: the browser workbook's files could not be fetched (ValueError).\n"
    assert capsys.readouterr().err == said


def test_a_program_that_fails_is_quoted(
    fetching: ModuleType,
    npm: Npm,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    npm(package(), package())
    refused = f"#!{sys.executable}\nimport sys\nsys.exit('npm error code ENOTFOUND\\nnpm error a log of this run')\n"
    (tmp_path / "npm").write_text(refused)
    monkeypatch.setattr(fetching, "TARGET", tmp_path / "vendor")
    assert fetching.main() == 1
    said = "basketgex: the browser workbook's files could not be fetched (npm error code ENOTFOUND).\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("target", ["run", "run-web"])
def test_make_fetches_what_is_missing_though_all_else_is_installed(tmp_path: Path, target: str) -> None:
    """The pages and ``setup.sh`` say that make run does so."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in subprocess.run(
        ["make", "-s", "-f", "-", "prerequisites"],
        input=f"include {ROOT / 'Makefile'}\nprerequisites: ; @echo $(SETUP) requirements/run.txt\n",
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for program in (".ci/ensure-libreoffice.sh", ".venv/bin/python", ".venv/bin/basketgex"):
        path = tmp_path / program
        path.write_text(f'#!/bin/sh\necho {path.name} "$@" >> ran\n[ {path.name} != python ]\n')
        path.chmod(0o755)
    (tmp_path / ".venv" / ".installed-run").touch()
    done = subprocess.run(["make", target], cwd=tmp_path, capture_output=True, text=True)
    ran = (tmp_path / "ran").read_text().splitlines()
    assert ran[0] == "python .ci/web_assets.py" and ran[-1].startswith("basketgex "), done.stderr


def test_what_tests_need_lies_elsewhere(
    fetching: ModuleType, npm: Npm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder that no wheel has; what users get stays as it is."""
    npm(package(), package())
    monkeypatch.setattr(fetching, "TEST_LOCK", fetching.LOCK)
    monkeypatch.setattr(fetching, "TEST_TARGET", tmp_path / "cache")
    monkeypatch.setattr(fetching, "TARGET", tmp_path / "vendor")
    assert fetching.main(["--tests"]) == 0
    assert (tmp_path / "cache" / "x.js.gz").is_file()
    assert not (tmp_path / "vendor").exists()


@pytest.mark.parametrize(
    ("lock", "pinned"),
    [
        (
            LOCK,
            {
                "@univerjs/presets": "0.25.1",
                "@univerjs/preset-sheets-core": "0.25.1",
                "@univerjs/preset-sheets-conditional-formatting": "0.25.1",
                "react": "18.3.1",
                "react-dom": "18.3.1",
                "rxjs": "7.8.2",
                "echarts": "6.1.0",
            },
        ),
        (TEST_LOCK, {"axe-core": "4.10.3", "@microsoft/office-js": "1.1.110"}),
    ],
)
def test_the_locks_pin_every_package(lock: Path, pinned: dict[str, str]) -> None:
    packages: list[dict[str, Any]] = json.loads(lock.read_text("utf-8"))
    assert {one["name"]: one["version"] for one in packages} == pinned
    for one in packages:
        assert len(base64.b64decode(one["integrity"].removeprefix("sha512-"), validate=True)) == 64
    assert "http" not in lock.read_text("utf-8")  # no address of a registry
