"""What is found out of an environment, and what is taken out of it."""

from __future__ import annotations

import os
import venv
from pathlib import Path

import pytest

from basketgex_addin.calc import bridge


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that is not this one and has no ``uno``."""
    folder = tmp_path_factory.mktemp("other")
    venv.create(folder, symlinks=True)
    return folder


def test_a_virtual_environment_is_taken_out_of_an_environment(other: Path) -> None:
    path = os.pathsep.join([str(other / "bin"), "/usr/bin", "/bin"])
    found = bridge.without_virtual_environment({"PATH": path, "VIRTUAL_ENV": str(other), "HOME": "/h"})
    assert found == {"PATH": os.pathsep.join(["/usr/bin", "/bin"]), "HOME": "/h"}
    assert bridge.without_virtual_environment({}) == {"PATH": ""}


@pytest.mark.parametrize("before", [[], ["/usr/sbin"]])
def test_an_environment_without_the_bridge_is_named(other: Path, before: list[str]) -> None:
    path = os.pathsep.join([*before, str(other / "bin"), "/usr/bin"])
    assert bridge.blind_environment({"PATH": path}) == other


def test_where_no_virtual_environment_comes_first_nothing_is_wrong(other: Path) -> None:
    assert bridge.blind_environment({"PATH": f"/usr/bin{os.pathsep}{other / 'bin'}"}) is None
    assert bridge.blind_environment({"PATH": "/nowhere"}) is None
    assert bridge.blind_environment({}) is None
