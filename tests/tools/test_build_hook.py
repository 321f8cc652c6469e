"""The wheel and the editable install, built with nothing but what pyproject.toml asks for: each brings the Excel add-in."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from basketgex_addin.excel import vba, xlam
from tools.lockfile import LOCKS, ROOT, parse

PACKAGES = {"basketgex", "basketgex_addin", "basketgex_cli", "basketgex_server"}
XLAM = "basketgex_addin/excel/basketgex.xlam"
BUILD = """\
import sys

allowed = {*sys.stdlib_module_names, *sys.argv[3:]}

class OnlyWhatIsAskedFor:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in allowed and not name.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"{name} is not among what builds the wheel", name=name)

sys.meta_path.insert(0, OnlyWhatIsAskedFor())
from hatchling import build
getattr(build, f"build_{sys.argv[1]}")(sys.argv[2])
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The project as a fresh clone has it."""
    copy = tmp_path / "clone"
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, files.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    assert not list(copy.rglob("*.xlam"))
    return copy


def built(checkout: Path, kind: str) -> zipfile.Path:
    """What hatchling makes of it in an environment of the locked build packages alone."""
    locked = {entry.name.replace("-", "_") for entry in parse((LOCKS / "build.txt").read_text("utf-8"))}
    dist = checkout.parent / "dist"
    dist.mkdir()
    subprocess.run(
        [sys.executable, "-c", BUILD, kind, str(dist), *locked, "basketgex", "basketgex_addin"],
        cwd=checkout,
        check=True,
    )
    (wheel,) = dist.iterdir()
    return zipfile.Path(wheel)


def test_the_wheel_brings_add_in_licences_and_types(checkout: Path) -> None:
    wheel = built(checkout, "wheel")
    assert wheel.joinpath(XLAM).read_bytes() == xlam.build()
    (info,) = (part for part in wheel.iterdir() if part.name.endswith(".dist-info"))
    for name in ("LICENSE", "NOTICE"):
        assert info.joinpath("licenses", name).read_bytes() == (ROOT / name).read_bytes()
    assert "License-Expression: MIT\n" in info.joinpath("METADATA").read_text("utf-8")
    assert {part.name for part in wheel.iterdir()} == {*PACKAGES, info.name}
    assert all(wheel.joinpath(package, "py.typed").is_file() for package in PACKAGES)


def test_an_editable_install_brings_the_add_in(checkout: Path) -> None:
    built(checkout, "editable")
    (made,) = checkout.rglob("*.xlam")
    assert made.relative_to(checkout / "addin").as_posix() == XLAM
    assert made.read_bytes() == xlam.build()


def test_the_notice_names_the_releases_that_are_carried() -> None:
    notice = (ROOT / "NOTICE").read_text("utf-8")
    assert f"xlwings {vba.XLWINGS}" in notice
    (writer,) = (each for each in parse((LOCKS / "dev.txt").read_text("utf-8")) if each.name == "xlsxwriter")
    assert f"XlsxWriter {writer.version}" in notice
    carried = {each["name"] for each in json.loads((ROOT / ".ci" / "web-assets.json").read_text("utf-8"))}
    assert all(name in notice for name in ("Univer", "React", "ReactDOM", "RxJS", "Apache ECharts"))
    assert {name.partition("/")[0] for name in carried} == {
        "@univerjs",
        "react",
        "react-dom",
        "rxjs",
        "echarts",
    }
