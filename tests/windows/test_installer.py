"""The installer as a user runs it, on a Windows under Wine: what it puts, what works then, and that all of it goes again."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from basketgex.home import HOME_VARIABLE
from basketgex_addin.excel import component
from basketgex_addin.functions import BY_NAME
from deploy.windows import tree as of_installer
from deploy.windows.__main__ import pack
from tests.e2e.serving import Server
from tests.windows import shim
from tests.windows.calls import OWN, calls
from tests.windows.conftest import INSTALLATION
from tests.windows.wine import Done, Wine

CHECKS = Path(__file__).with_name("installed_side.py")
RELATIVE = 1e-14
ABSOLUTE = 1e-14
"""Of a small share that is the difference of two numbers near 1."""
REPRICED = ("BASKETHEDGE", "BASKETLADDER", "CHARMCLOCK", "BASKETCHANGE")
DELTA = RELATIVE * 1e9
"""USD. What dealers trade is the difference of two deltas, of a thousand million and more where the calls here have a hedge;
a change's residual likewise of its parts."""
XLAM = "AppData/Roaming/Microsoft/Excel/XLSTART/basketgex.xlam"


class Story(NamedTuple):
    """What a first installation, its use and its end came to."""

    installed: Done
    doctor: Done
    checks: Done
    found: dict[str, Any]
    wanted: list[Any]
    upgraded: Done
    stale_left: bool
    config_after: str
    removed: Done
    new_files: set[str]
    new_keys: set[str]
    source_again: str
    purged: Done
    files_after_purge: set[str]
    keys_after_purge: set[str]


def install(wine: Wine, setup: Path, *arguments: str, **environment: str) -> Done:
    return wine.program(setup, "/S", *arguments, patience=INSTALLATION, **environment)


def uninstall(wine: Wine, *arguments: str) -> Done:
    """Run the uninstaller, which goes on as a copy of itself in the temporary folder: `_?=` keeps it where it is."""
    program = wine.installed / "uninstall.exe"
    kept = wine.user / "Temp-uninstall.exe"
    shutil.copy(program, kept)
    place = f"_?={wine.name(wine.installed)}".split(" ")  # Wine would put the whole of it into quotes
    done = wine.program(kept, "/S", *arguments, *place, patience=INSTALLATION)
    kept.unlink()
    return done


@pytest.fixture(scope="session")
def story(empty_windows: Wine, setup_exe: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("story")
    wine = empty_windows.copy(folder / "prefix")
    files, keys = wine.files(), wine.registry()
    try:
        yield told(wine, setup_exe, folder, files, keys)
    finally:
        wine.end()


def told(wine: Wine, setup: Path, folder: Path, files: set[str], keys: dict[str, tuple[str, ...]]) -> Story:
    installed = install(wine, setup, "/SOURCE=sample")
    site = wine.installed / "python/Lib/site-packages"
    program, python = wine.installed / "basketgex.exe", wine.installed / "python/python.exe"
    doctor = wine.program(program, "doctor")

    asked, wanted = linux(folder)
    (folder / "calls.json").write_text(json.dumps(asked))
    given = [wine.name(CHECKS), wine.name(folder)]
    code = f"import runpy, sys; sys.argv = {given!r}; runpy.run_path(sys.argv[0], run_name='__main__')"
    checks = wine.program(python, "-X", "utf8", "-c", code, patience=INSTALLATION)
    found = json.loads((folder / "found.json").read_text()) if (folder / "found.json").exists() else {}

    (site / "basketgex_addin/stale.py").write_text("of another release\n")
    config = wine.home / "config.toml"
    config.write_text('source = "cboe"\n')
    upgraded = install(wine, setup)
    stale_left, config_after = (site / "basketgex_addin/stale.py").exists(), config.read_text()

    removed = uninstall(wine)
    wine.settle()
    new_files, new_keys = added(files, wine), changed(keys, wine.registry())
    install(wine, setup, "/SOURCE=cboe")
    source_again = config.read_text()
    purged = uninstall(wine, "/PURGE")
    wine.settle()
    return Story(
        installed, doctor, checks, found, wanted, upgraded, stale_left, config_after, removed, new_files, new_keys,
        source_again, purged, added(files, wine), changed(keys, wine.registry()),
    )  # fmt: skip


def linux(folder: Path) -> tuple[list[Any], list[Any]]:
    """Return every call, and what its cell shows on this machine."""
    with Server(folder / "linux", source="sample") as server:
        before = os.environ.get(HOME_VARIABLE)
        os.environ[HOME_VARIABLE] = str(server.home.path)
        try:
            calls()  # what BASKETWHY says hangs on what was asked before, and there all is asked more than once
            given = calls()
            component.client(server.home.path).close()
        finally:
            os.environ.pop(HOME_VARIABLE) if before is None else os.environ.update({HOME_VARIABLE: before})
    return [(c["name"], c["arguments"]) for c in given], [c["value"] for c in given]


WINES = (
    "Software\\\\Wine",
    "System\\\\CurrentControlSet",
    "Software\\\\Microsoft\\\\Windows NT\\\\CurrentVersion\\\\NetworkCards",
)
"""Keys that Wine itself writes whenever a program starts."""


def changed(before: dict[str, tuple[str, ...]], after: dict[str, tuple[str, ...]]) -> set[str]:
    """Return the keys whose values differ; one without values holds nothing."""
    differ = {key for key in before | after if before.get(key, ()) != after.get(key, ())}
    return {key for key in differ if not key.partition(": ")[2].startswith(WINES)}


def added(before: set[str], wine: Wine) -> set[str]:
    """Return the files and folders that were not there before."""
    return wine.files() - before


def differences(found: Any, wanted: Any, where: str = "", allowed: float = ABSOLUTE) -> Iterator[str]:
    """Yield where cells differ: numbers by more than RELATIVE, anything else at all; a table of one cell is that cell."""
    if isinstance(wanted, list | tuple) and isinstance(found, list | tuple) and len(found) == len(wanted):
        for place, (one, other) in enumerate(zip(found, wanted, strict=True)):
            yield from differences(one, other, f"{where}[{place}]", allowed)
    elif isinstance(wanted, list | tuple) and len(wanted) == 1:
        yield from differences(found, wanted[0], where, allowed)
    elif isinstance(wanted, float) and isinstance(found, int | float):
        if not math.isclose(found, wanted, rel_tol=RELATIVE, abs_tol=allowed):
            yield f"{where}: {found!r} for {wanted!r}"
    elif found != wanted:
        yield f"{where}: {found!r} for {wanted!r}"


def test_a_silent_installation_and_the_doctor(story: Story) -> None:
    assert story.installed.code == 0, story.installed
    assert story.doctor.code == 0, story.doctor.said
    assert "fault" not in story.doctor.said


def test_every_check_on_the_installed_tree_passes(story: Story) -> None:
    lines = [line for line in story.checks.said.splitlines() if line.startswith(("ok ", "FAILED "))]
    assert len(lines) == 7, story.checks.said
    assert not [line for line in lines if line.startswith("FAILED")], lines
    assert story.found["first cell"] < 10.0


@pytest.mark.parametrize("way", ["straight", "dll"])
def test_every_cell_is_what_linux_shows(story: Story, way: str) -> None:
    found = story.found[way]
    names = [name for name in BY_NAME if name not in OWN for _ in (0, 1)]
    assert len(found) == len(story.wanted) == len(names) > 50
    wanted = json.loads(json.dumps(story.wanted))
    told = [
        list(differences(one, other, f"{name} {number}", DELTA if name in REPRICED else ABSOLUTE))
        for number, (name, one, other) in enumerate(zip(names, found, wanted, strict=True))
    ]
    assert [each for each in told if each] == []


def test_an_upgrade_leaves_no_stale_file_and_keeps_the_settings(story: Story) -> None:
    assert story.upgraded.code == 0, story.upgraded
    assert not story.stale_left
    assert story.config_after == 'source = "cboe"\n'


def test_the_uninstaller_leaves_the_home_alone(story: Story) -> None:
    assert story.removed.code == 0, story.removed
    beyond = {path for path in story.new_files if "AppData/Local/basketgex" not in path}
    assert beyond == set()
    assert any(path.endswith("basketgex/config.toml") for path in story.new_files)
    assert story.new_keys == set()


def test_a_purge_leaves_nothing(story: Story) -> None:
    assert story.purged.code == 0, story.purged
    assert story.files_after_purge == set()
    assert story.keys_after_purge == set()


HOLD = """import ctypes, sys
held = ctypes.windll.kernel32.CreateFileW(sys.argv[1], 0x80000000, 1, None, 3, 0, None)  # to read, shared for reading only
print("held" if held > 0 else "not held", flush=True)
sys.stdin.read()
"""


def test_an_add_in_that_excel_holds_is_left_alone(wine: Wine, tree: Path, setup_exe: Path) -> None:
    held = wine.user / XLAM
    held.parent.mkdir(parents=True)
    held.write_bytes(b"Excel has me open")
    with wine.running(tree / "python/python.exe", "-c", HOLD, wine.name(held)) as said:
        assert said == "held"
        before = wine.files()
        done = install(wine, setup_exe)
        assert done.code == 3, done
        assert wine.files() == before
    assert held.read_bytes() == b"Excel has me open"


@pytest.mark.parametrize(
    "values",
    [
        [r"HKLM\SOFTWARE\Microsoft\Office\ClickToRun\Configuration /v Platform /d x86"],
        [r"HKLM\SOFTWARE\WOW6432Node\Microsoft\Office\16.0\Excel\InstallRoot /v Path /d C:\Office"],
    ],
)
def test_a_32_bit_excel_is_refused(wine: Wine, setup_exe: Path, values: list[str]) -> None:
    for value in values:
        assert wine.run("wine", "reg", "add", *value.split()).code == 0
    before = wine.files()
    assert install(wine, setup_exe).code == 2
    assert wine.files() == before


def test_another_source_is_chosen_at_an_installation(story: Story) -> None:
    assert 'source = "cboe"' in story.source_again


def test_a_folder_with_spaces_and_an_umlaut_and_a_key(wine: Wine, setup_exe: Path) -> None:
    key = "fa_&|<>!%^_1"
    # Wine would put a whole path with spaces into quotes
    unquoted = ["/D=C:\\Händler", "Müller\\Basket", "GEX"]
    done = install(wine, setup_exe, "/SOURCE=flashalpha", *unquoted, FLASHALPHA_API_KEY=key)
    assert done.code == 0, done
    folder = wine.drive / "Händler Müller/Basket GEX"
    said = wine.program(folder / "basketgex.exe", "config", "get", "source")
    assert (said.code, said.said.strip()) == (0, "flashalpha")
    assert (wine.user / XLAM).is_file()
    asked = (
        "from basketgex_server.sources.flashalpha import keys; k = keys.get_key({}); print(k and k.reveal())"
    )
    assert wine.program(folder / "python/python.exe", "-c", asked).said.strip() == key
    kept = [path for path in wine.user.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]
    assert kept == []


@pytest.mark.parametrize(
    "arguments",
    [["/SOURCE=bloomberg"], ["/SOURCE=chain-files"], ["/SOURCE=chain-files", "/FOLDER=C:\\nowhere"]],
)
def test_a_source_that_is_none_changes_nothing(wine: Wine, setup_exe: Path, arguments: list[str]) -> None:
    before = wine.files()
    assert install(wine, setup_exe, *arguments).code == 2
    assert wine.files() == before


STUB = """#include <string.h>
int main(int n, char **a) { return n > 1 && !strcmp(a[1], "install") ? INSTALL : 0; }
"""


def stub(folder: Path, *, install_fails: bool = False, content: str = "new") -> Path:
    """A tree of almost nothing, whose programs do nothing: for what the installer does by itself."""
    tree = folder / f"tree-{content}"
    (tree / "python").mkdir(parents=True)
    code = folder / "stub.c"
    code.write_text(STUB)
    for name in ("python/python.exe", "basketgex.exe"):
        command = [shim.COMPILER, f"-DINSTALL={int(install_fails)}", "-o", str(tree / name), str(code)]
        subprocess.run(command, check=True)
    (tree / "python/content.txt").write_text(content)
    (tree / "LICENSES.txt").write_text(content)
    return tree


def packed(tree: Path, needed: int = 0) -> Path:
    out = tree.with_suffix(".exe")
    pack(tree, "9.9.9", out, fast=True, needed=needed)
    return out


def test_a_full_disk_changes_nothing(wine: Wine, tmp_path: Path) -> None:
    before = wine.files()
    assert install(wine, packed(stub(tmp_path), needed=10**9)).code == 2
    assert wine.files() == before


def test_a_failing_upgrade_leaves_the_former_version(wine: Wine, tmp_path: Path) -> None:
    assert install(wine, packed(stub(tmp_path, content="old"))).code == 0
    before = wine.files()
    for setup in (
        packed(stub(tmp_path, install_fails=True, content="failing")),
        packed(stub(tmp_path, content="large"), needed=10**9),
    ):
        assert install(wine, setup).code == 2
        assert (wine.installed / "python/content.txt").read_text() == "old"
        assert wine.files() == before


def test_a_first_installation_that_fails_leaves_nothing(wine: Wine, tmp_path: Path) -> None:
    before = wine.files()
    assert install(wine, packed(stub(tmp_path, install_fails=True))).code == 2
    assert wine.files() == before


@pytest.mark.parametrize("cut", ["while writing", "between the renames"])
def test_an_upgrade_that_was_cut_off_is_mended(wine: Wine, tmp_path: Path, cut: str) -> None:
    assert install(wine, packed(stub(tmp_path, content="old"))).code == 0
    shutil.copytree(wine.installed / "python", wine.installed / "python.new")
    (wine.installed / "python.new/half").touch()
    if cut == "between the renames":
        (wine.installed / "python").rename(wine.installed / "python.old")
    failing = packed(stub(tmp_path, install_fails=True, content="failing"))
    assert install(wine, failing).code == 2
    assert (wine.installed / "python/content.txt").read_text() == "old"
    assert install(wine, packed(stub(tmp_path, content="new"))).code == 0
    assert (wine.installed / "python/content.txt").read_text() == "new"
    assert not [path for path in wine.installed.iterdir() if path.name in ("python.new", "python.old")]


def test_two_installers_of_a_tree_are_the_same_bytes(tmp_path: Path) -> None:
    tree = stub(tmp_path)
    first = packed(tree).read_bytes()
    shutil.copytree(tree, tmp_path / "other")
    for path in (tmp_path / "other").rglob("*"):
        os.utime(path, (0, 0))
    again = packed(tmp_path / "other").read_bytes()
    assert first == again


def test_two_trees_of_a_wheel_are_the_same_files(tree: Path, tmp_path: Path) -> None:
    """Wherever and whenever they are made: what uv notes of a folder and a moment is not in them."""
    (wheel,) = tree.parent.glob("*.whl")
    of_installer.make(tmp_path / "again", Path(shutil.copy(wheel, tmp_path)))
    found = [path for path in (tmp_path / "again").rglob("*") if path.is_file()]
    assert len(found) > 1_000
    assert not [p for p in found if p.read_bytes() != (tree / p.relative_to(tmp_path / "again")).read_bytes()]
