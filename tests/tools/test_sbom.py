"""The list of a wheel's parts, made as `make wheel` makes it."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from email import message_from_bytes
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from basketgex_addin.web import assets
from tools.lockfile import LOCKS, ROOT, parse


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dist = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*build, "--no-build-isolation", "--wheel-dir", dist, ROOT], check=True)
    (path,) = dist.iterdir()
    subprocess.run([sys.executable, "-m", "tools.sbom", path], cwd=ROOT, check=True)
    return path


@pytest.fixture(scope="module")
def bill(wheel: Path) -> dict[str, Any]:
    bill: dict[str, Any] = json.loads(wheel.with_suffix(".cdx.json").read_text("utf-8"))
    return bill


def test_it_is_of_this_wheel(wheel: Path, bill: dict[str, Any]) -> None:
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    root = bill["metadata"]["component"]
    assert f"{root['name']}-{root['version']}-py3-none-any.whl" == wheel.name
    assert root["hashes"] == [{"alg": "SHA-256", "content": sha256(wheel.read_bytes()).hexdigest()}]


def test_its_parts_are_the_locked_ones_with_all_their_hashes(bill: dict[str, Any]) -> None:
    def hashes(part: dict[str, Any]) -> set[str]:
        (files,) = part["externalReferences"]
        return {f"sha256:{each['content']}" for each in files["hashes"]}

    locked = parse((LOCKS / "run.txt").read_text("utf-8"))
    assert {part["purl"]: hashes(part) for part in bill["components"]} == {
        f"pkg:pypi/{entry.name}@{entry.version}": set(entry.hashes) for entry in locked
    }


def test_what_the_wheel_demands_is_there_and_every_part_is_demanded(
    wheel: Path, bill: dict[str, Any]
) -> None:
    with zipfile.ZipFile(wheel) as files:
        (path,) = (name for name in files.namelist() if name.endswith(".dist-info/METADATA"))
        demanded = message_from_bytes(files.read(path)).get_all("Requires-Dist", [])
    names = {Requirement(each).name for each in demanded if "extra ==" not in each}
    graph = {each["ref"]: set(each.get("dependsOn", [])) for each in bill["dependencies"]}
    root = bill["metadata"]["component"]["bom-ref"]
    assert {ref.removeprefix("pkg:pypi/").partition("@")[0] for ref in graph[root]} == names
    reached, ahead = set(), {root}
    while ahead:
        reached |= ahead
        ahead = set().union(*(graph[ref] for ref in ahead)) - reached
    assert reached == {root, *(part["bom-ref"] for part in bill["components"])}


def test_a_part_of_some_platforms_says_where(bill: dict[str, Any]) -> None:
    where = {part["name"]: part.get("properties", []) for part in bill["components"]}
    (only,) = where["xlwings"]
    assert only["name"] == "basketgex:only-where"
    assert "win32" in only["value"]
    assert where["numpy"] == []


def test_the_wheel_has_the_browser_workbook_with_its_licences(wheel: Path) -> None:
    if not assets.version():
        pytest.skip("the browser workbook's files are not fetched: run make run while online")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        folder = "basketgex_addin/web/vendor/"
        notice = archive.read(f"{folder}NOTICE.txt").decode()
    listed = json.loads((assets.VENDOR / assets.LISTED).read_text("utf-8"))
    assert {f"{folder}{name}.gz" for name in listed["files"]} <= set(names)
    licences = [name.removeprefix(folder) for name in names if name.startswith(f"{folder}LICENCE-")]
    assert len(licences) == 7
    assert all(f"see {name}" in notice for name in licences)
    assert {f"basketgex_addin/web/static/{path.name}" for path in assets.STATIC.iterdir()} <= set(names)
