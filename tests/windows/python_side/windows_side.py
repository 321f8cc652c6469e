"""``python.exe windows_side.py FOLDER``: the add-in's Python side on Windows. A line a check: ``ok``, or ``FAILED`` and why.

The checks talk to a server on the Linux side; the home, its lock and all other processes are Windows'.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import windows_com  # noqa: F401 - its checks
from windows_checks import CHECKS, Stage, check, run, same
from windows_helpers import command, running

import basketgex
import basketgex_addin
from basketgex.files import write_whole
from basketgex.home import HOME_VARIABLE, default_home
from basketgex_addin import template_files
from basketgex_addin.client import BasketClient, ServerStatus, problems
from basketgex_addin.excel import commands, component, install

LIBREOFFICE = {"uno", "unohelper", "com"}
"""What LibreOffice's own Python has, and no other."""
RUST = "_rust"
"""The part of cryptography that asks more of Windows than Wine 8 has; only certificates for Office need it."""
LOOKS = 2_000


@check
def every_module_is_imported(stage: Stage) -> None:
    for package in (basketgex, basketgex_addin):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            try:
                importlib.import_module(module.name)
            except ModuleNotFoundError as error:
                if error.name not in LIBREOFFICE:
                    raise
            except ImportError as error:
                if RUST not in str(error):
                    raise
    assert ZoneInfo("America/New_York")


@check
def the_home_is_in_the_local_data_folder(stage: Stage) -> None:
    named = os.environ.pop(HOME_VARIABLE, None)
    try:
        assert default_home() == Path(os.environ["LOCALAPPDATA"]) / "basketgex", default_home()
    finally:
        if named is not None:
            os.environ[HOME_VARIABLE] = named


@check
def a_lock_that_nobody_holds_is_free(stage: Stage) -> None:
    home = stage.home()
    assert not home.is_served()
    home.lock.touch()
    assert not home.is_served()


@check
def a_lock_that_another_process_holds_is_seen(stage: Stage) -> None:
    home = stage.home(told=True)
    assert home.server() is None
    before = home.stamp()
    with running("hold", home.path) as holder:
        assert home.is_served()
        assert home.server() == stage.runtime
        assert home.stamp() != before
        holder.kill()
        holder.wait(30)
        assert not home.is_served(), "a killed process leaves its lock held"
    assert home.server() is None
    assert home.stamp() == before


@check
def lookers_do_not_take_each_other_for_a_server(stage: Stage) -> None:
    home = stage.home()
    home.lock.touch()
    with running("look", home.path, LOOKS) as first, running("look", home.path, LOOKS) as second:
        lookers = (first, second)
        for looker in lookers:
            assert looker.stdin is not None
            looker.stdin.write(b"go\n")
            looker.stdin.flush()
        seen = [looker.stdout.readline().strip() for looker in lookers if looker.stdout is not None]
    assert seen == [b"0", b"0"], f"of {LOOKS} looks each, so many took the other looker for a server: {seen}"


@check
def a_look_does_not_keep_a_server_from_its_lock(stage: Stage) -> None:
    home = stage.home()
    home.lock.touch()
    done = threading.Event()
    looker = threading.Thread(target=lambda: [home.is_served() for _ in iter(done.is_set, True)])
    looker.start()
    try:
        for _ in range(3):
            with running("hold", home.path):
                pass
    finally:
        done.set()
        looker.join()


@check
def a_file_is_replaced_when_its_reader_lets_go(stage: Stage) -> None:
    path = stage.folder / "runtime.json"
    path.write_text("old")
    with _read_for(path, 0.2):
        write_whole(path, "new")
    assert path.read_text() == "new"
    assert [*stage.folder.iterdir()] == [path]


@check
def a_reader_who_keeps_a_file_ends_the_tries(stage: Stage) -> None:
    path = stage.folder / "runtime.json"
    path.write_text("old")
    with path.open():
        try:
            write_whole(path, "new")
        except PermissionError:
            pass
        else:
            raise AssertionError("Windows replaces no file that is open")
    assert path.read_text() == "old"
    assert [*stage.folder.iterdir()] == [path], "a draft was left"


@check
def a_runtime_file_goes_when_its_reader_lets_go(stage: Stage) -> None:
    home = stage.home(told=True)
    with _read_for(home.runtime_file, 0.2):
        home.remove_runtime()
    assert not home.runtime_file.exists()


@check
def a_rewritten_file_changes_the_stamp(stage: Stage) -> None:
    home = stage.home(told=True)
    stamps = {home.stamp()}
    for text in ('cell_mode = "live"', 'cell_mode = "prefetch"'):
        write_whole(home.config_file, text)
        stamps.add(home.stamp())
        assert f'"{home.cell_mode()}"' in text
    home.write_runtime(stage.runtime)
    stamps.add(home.stamp())
    assert len(stamps) == 4


@check
def of_many_creators_of_a_token_one_wins(stage: Stage) -> None:
    home = stage.home()
    found: list[str] = []
    creators = [threading.Thread(target=lambda: found.append(home.token())) for _ in range(8)]
    for creator in creators:
        creator.start()
    for creator in creators:
        creator.join()
    assert len(found) == 8, f"{8 - len(found)} creators failed"
    assert set(found) == {home.read_token()}
    assert len(found[0]) > 30
    assert [*home.path.iterdir()] == [home.token_file], "a draft was left"


@check
def a_token_is_made_while_somebody_reads_it(stage: Stage) -> None:
    home = stage.home()
    link, readers = os.link, []

    def linked(draft: Path, token: Path) -> None:
        link(draft, token)
        readers.append(_read_for(token, 0.2).__enter__())

    os.link = linked  # type: ignore[assignment]
    try:
        token = home.token()
    finally:
        os.link = link
    assert readers
    assert home.read_token() == token
    assert [*home.path.iterdir()] == [home.token_file], "a draft was left"


@check
def cells_show_the_same_bits_as_on_linux(stage: Stage) -> None:
    home = stage.home(told=True)
    with running("hold", home.path):
        client = BasketClient(home)
        assert isinstance(client.status(), ServerStatus), client.status()
        client.close()
        os.environ[HOME_VARIABLE] = str(home.path)
        for call in stage.linux["calls"]:
            same(component.evaluate(call["name"], call["arguments"]), call["value"])
        assert "sample" in commands.status().casefold(), commands.status()
        component.client(home.path).close()


@check
def a_wrong_token_is_said_to_be_one(stage: Stage) -> None:
    home = stage.home(told=True)
    home.token_file.write_text("wrong", "ascii")
    with running("hold", home.path):
        client = BasketClient(home)
        found = client.status()
        client.close()
    assert found == problems.TOKEN_REFUSED, found


@check
def a_home_without_a_start_command_says_so(stage: Stage) -> None:
    home = stage.home(told=True)
    client = BasketClient(home)
    found = client.status()
    client.close()
    assert found == problems.LAUNCH_NOT_RECORDED, found


@check
def the_first_call_starts_the_server(stage: Stage) -> None:
    home = stage.home(told=True)
    home.remove_runtime()
    runtime = json.dumps(
        {"grpc": stage.runtime.grpc, "pid": 1, "version": stage.runtime.version, "boot": "linux"}
    )
    home.write_launch(command("serve", home.path, runtime), [])
    client = BasketClient(home)
    try:
        found = client.status()
        assert isinstance(found, ServerStatus), found
        assert home.server() == stage.runtime
    finally:
        client.close()
        (home.path / "stop").touch()
    _until(lambda: not home.is_served())


@check
def a_server_starts_outside_of_excels_job(stage: Stage) -> None:
    said = _spawned_in_a_job(stage, lets_go=True)
    assert said["flags"] == [_DETACHED | subprocess.CREATE_BREAKAWAY_FROM_JOB], said
    assert not said["said"]["in_job"], "the process stayed in the job"


@check
def a_server_starts_where_the_job_lets_nothing_go(stage: Stage) -> None:
    said = _spawned_in_a_job(stage, lets_go=False)
    assert said["flags"] == [_DETACHED | subprocess.CREATE_BREAKAWAY_FROM_JOB, _DETACHED], said


@check
def installing_into_excel_and_taking_it_away(stage: Stage) -> None:
    home, profile = stage.home(), _profile(stage)
    assert profile.python.name == "pythonw.exe", profile.python
    other = profile.add_in.with_name("other.xlam")
    other.parent.mkdir(parents=True)
    other.touch()
    start = (sys.executable, "-m", "basketgex_server", "serve")
    assert len(install.install(home, start, profile=profile)) >= 3
    assert profile.add_in.read_bytes() == install.XLAM.read_bytes()
    again = install.install(home, start, profile=profile)
    assert again[0] == "Everything was in place already.", again
    install.uninstall(home, profile=profile)
    assert [path for path in stage.folder.rglob("*") if path.is_file()] == [other]


@check
def an_add_in_that_excel_holds_is_said_to_be(stage: Stage) -> None:
    home, profile = stage.home(), _profile(stage)
    profile.add_in.parent.mkdir(parents=True)
    profile.add_in.write_bytes(b"an older one")
    expected = f"Excel is open and holds {profile.add_in}: close Excel and try again."
    acts: tuple[Callable[[], object], ...] = (
        lambda: install.install(home, ("python",), profile=profile),
        lambda: install.uninstall(home, profile=profile),
    )
    with profile.add_in.open("rb"):
        for act in acts:
            try:
                act()
            except install.InstallError as error:
                assert str(error) == expected, error
            else:
                raise AssertionError("nothing was said")
    assert [path.name for path in profile.add_in.parent.iterdir()] == [profile.add_in.name]


@check
def a_path_that_vba_cannot_read_is_refused(stage: Stage) -> None:
    profile = _profile(stage)
    try:
        install._config(profile, ["C:\\Users\\Жук"])
    except install.InstallError as error:
        assert "Ж" in str(error), error
    else:
        raise AssertionError("nothing was said")


@check
def a_template_is_copied_to_where_it_can_be_saved(stage: Stage) -> None:
    was = os.environ["USERPROFILE"]
    os.environ["USERPROFILE"] = str(stage.folder)
    (stage.folder / "Documents").mkdir()
    try:
        for name in template_files.TEMPLATES:
            said = [commands.template(name) for _ in (1, 2)]
            assert all(Path(path).is_file() for path in said), said
            assert len(set(said)) == 2
    finally:
        os.environ["USERPROFILE"] = was


_DETACHED = subprocess.DETACHED_PROCESS | subprocess.CREATE_NO_WINDOW


def _spawned_in_a_job(stage: Stage, *, lets_go: bool) -> dict[str, Any]:
    """Return what the launcher did inside a job, and what its child said."""
    with running("spawn", stage.folder, "yes" if lets_go else "no") as process:
        assert process.stdout is not None
        said: dict[str, Any] = json.loads(process.stdout.readline())
    (stage.folder / "stop").touch()
    return said


def _profile(stage: Stage) -> install.ExcelProfile:
    changed = {"USERPROFILE": str(stage.folder / "user"), "APPDATA": str(stage.folder / "user" / "Roaming")}
    before = {name: os.environ[name] for name in changed}
    os.environ.update(changed)
    try:
        return install.this_profile()
    finally:
        os.environ.update(before)


class _read_for:  # noqa: N801 - used as a function
    """A file that somebody has open from now on, for so many seconds."""

    def __init__(self, path: Path, seconds: float) -> None:
        self._file: IO[str] = path.open()
        self._timer = threading.Timer(seconds, self._file.close)

    def __enter__(self) -> _read_for:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.join()


def _until(condition: Callable[[], object], patience: float = 30) -> None:
    ends = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < ends, "it never happened"
        time.sleep(0.02)


if __name__ == "__main__":
    assert sys.platform == "win32"
    sys.exit(run(Path(sys.argv[1]), CHECKS))
