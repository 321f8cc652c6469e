"""The lock files agree with pyproject.toml; whatever does not is said, with what to do."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.lock import check
from tools.lockfile import ROOT, parse

NAMES = ("build", "dev", "run")
HASH = "--hash=sha256:" + 64 * "0"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the check looks at."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    changed = re.sub(old, new, text, count=1, flags=re.MULTILINE)
    assert changed != text
    path.write_text(changed, "utf-8")


def test_the_projects_own_locks_agree() -> None:
    assert check() == []


@pytest.mark.parametrize("name", NAMES)
def test_a_lock_names_no_place_to_fetch_from(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash)", text, re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_every_package_has_its_release_and_hashes(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    locked = parse(text)
    assert len(locked) == len(re.findall(r"^\S+==", text, re.MULTILINE)) > 5
    assert sum(len(entry.hashes) for entry in locked) == text.count("--hash=sha256:")
    assert all(entry.version and entry.hashes for entry in locked)


def test_one_environment_serves_every_lock() -> None:
    pins: dict[str, set[str]] = {}
    for name in NAMES:
        for entry in parse((ROOT / "requirements" / f"{name}.txt").read_text("utf-8")):
            pins.setdefault(entry.name, set()).add(entry.version)
    assert {name: versions for name, versions in pins.items() if len(versions) > 1} == {}


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        (
            r"^dependencies = \[",
            'dependencies = [\n    "attrs>=23",',
            ["dev.txt: attrs>=23 is not locked", "run.txt: attrs>=23 is not locked"],
        ),
        (
            r"^dependencies = \[",
            "dependencies = [\n    \"Py.Win_Extras; sys_platform == 'win32'\",",
            [f'{name}.txt: Py.Win_Extras; sys_platform == "win32" is not locked' for name in ("dev", "run")],
        ),
        (r'"ruff==[^"]*"', '"ruff==0.0.1"', ["dev.txt: ruff==0.0.1 is asked for, RUFF is locked"]),
        (
            r'"tomlkit>=0.13"',
            '"tomlkit[speed]>=0.13"',
            [
                f"{name}.txt: tomlkit[speed]>=0.13 is asked for, tomlkit is locked without the extra"
                for name in ("dev", "run")
            ],
        ),
        (r'^    "types-openpyxl",\n', "", ["dev.txt: types-openpyxl is locked, but nothing asks for it"]),
        (
            # httpcore still needs it.
            r'^    "tzdata",\n',
            "",
            [f"{name}.txt: tzdata is locked, but nothing asks for it" for name in ("dev", "run")],
        ),
        (
            r'requires = \["hatchling>=1\.27", ',
            'requires = ["setuptools>=70", ',
            [
                "build.txt: hatchling is locked, but nothing asks for it",
                "build.txt: setuptools>=70 is not locked",
            ],
        ),
    ],
)
def test_a_change_of_the_dependencies_is_found(
    project: Path, old: str, new: str, sentences: list[str]
) -> None:
    change(project / "pyproject.toml", old, new)
    ruff = next(e for e in parse((ROOT / "requirements/dev.txt").read_text("utf-8")) if e.name == "ruff")
    assert check(project) == [sentence.replace("RUFF", ruff.version) for sentence in sentences]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (r"^(h11==\S+) \\\n(    --hash.*\n)+", r"\1\n", "h11 is locked without a hash"),
        (r"^httpcore==\S+ \\\n(    .*\n)+", "", "h11 is locked for httpcore, which is not"),
        (r"\A", "--index-url simple\n", "'--index-url simple' does not belong into a lock"),
        (r"\A", "--find-links wheels\n", "'--find-links wheels' does not belong into a lock"),
        (r"\A", f"left @ file:///left.whl {HASH}\n", "left is locked to an address"),
        (r"\A", f"left>=1 {HASH}\n    # via httpx\n", "left>=1 pins no release"),
        (r"\A", f"left==1.* {HASH}\n    # via httpx\n", "left==1.* pins no release"),
        (r"\A", f"left==1 {HASH}\n", "left is locked, but nothing asks for it"),
    ],
)
def test_a_lock_that_was_edited_or_merged_by_hand_is_found(
    project: Path, old: str, new: str, sentence: str
) -> None:
    change(project / "requirements/run.txt", old, new)
    assert f"run.txt: {sentence}" in check(project)


def test_the_command_says_what_to_do(project: Path) -> None:
    shutil.copytree(ROOT / "tools", project / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "tools.lock", "--check"]
    agreed = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert (agreed.returncode, agreed.stdout, agreed.stderr) == (0, "", "")
    change(project / "pyproject.toml", r"^dependencies = \[", 'dependencies = [\n    "attrs>=23",')
    (project / "requirements/build.txt").unlink()
    found = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (1, "")
    assert found.stdout.splitlines() == [
        "dev.txt: attrs>=23 is not locked",
        "run.txt: attrs>=23 is not locked",
        "build.txt is missing",
        "The lock does not agree with pyproject.toml: run make lock and commit requirements/.",
    ]
