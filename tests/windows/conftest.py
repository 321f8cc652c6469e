"""A Windows under Wine with the product installed from its installer, once for all tests here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.windows import shim
from tests.windows.wine import Wine, missing, windows

ROOT = Path(__file__).resolve().parents[2]
INSTALLATION = 180.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All in one worker, and none where Wine is missing: but where nothing may be skipped that is a failure."""
    lacking = missing()
    reason = f"{', '.join(lacking)} missing: as root, .ci/ensure-wine.sh installs all that is needed."
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("wine"))
            item.add_marker(pytest.mark.timeout(600))
            if lacking and not os.environ.get("BASKETGEX_REQUIRE_ALL"):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the installer packs, made of this work tree's wheel."""
    folder = tmp_path_factory.mktemp("build")
    pip = (
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-build-isolation",
    )
    subprocess.run([*pip, "--wheel-dir", str(folder), str(ROOT)], check=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    made = folder / "tree"
    from deploy.windows import tree as of_installer

    of_installer.make(made, wheel)
    shim.put(made / "python/Lib/site-packages")  # Wine's stands for what a Windows has
    return made


@pytest.fixture(scope="session")
def setup_exe(tree: Path) -> Path:
    """The installer, packed less tightly than the one that is handed out."""
    from deploy.windows.__main__ import pack

    out = tree.parent / "basketgex-setup.exe"
    pack(tree, "9.9.9", out, fast=True)
    return out


@pytest.fixture(scope="session")
def empty_windows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wine]:
    """A Windows on which nothing was installed; tests take copies of it."""
    with windows(tmp_path_factory.mktemp("wine") / "prefix") as wine:
        yield wine


@pytest.fixture
def wine(empty_windows: Wine, tmp_path: Path) -> Iterator[Wine]:
    """A Windows of the test's own."""
    copy = empty_windows.copy(tmp_path / "prefix")
    yield copy
    copy.end()
