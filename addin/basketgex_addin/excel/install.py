"""``basketgex install excel``: the add-in into Excel's start folder, its configuration, the start command into the home."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from basketgex.home import HOME_VARIABLE, Home, default_home
from basketgex_addin.excel.vba import PROJECT, XLWINGS

XLAM = Path(__file__).with_name("basketgex.xlam")
UDFS = "basketgex_addin.excel.udfs"
DLLS = (f"xlwings64-{XLWINGS}.dll", f"xlwings32-{XLWINGS}.dll")
LONGEST = 1_500
"""Characters of paths: xlwings' DLL puts the command into 2,048."""

_OXT = "basketgex.oxt"  # LibreOffice's add-in in the home: it needs the start command too
_PACKAGES = ("basketgex_addin", "basketgex")
_ENCODING = "mbcs" if sys.platform == "win32" else "cp1252"  # VBA reads the configuration so


class InstallError(Exception):
    """Excel did not take the add-in; the text is for the user."""


@dataclass(frozen=True, slots=True)
class ExcelProfile:
    """One user's Windows: the profile folder, the roaming application data, and the Python to be started."""

    user: Path
    roaming: Path
    python: Path

    @property
    def add_in(self) -> Path:
        """Where Excel loads it from at every start, trusted."""
        return self.roaming / "Microsoft" / "Excel" / "XLSTART" / XLAM.name

    @property
    def config(self) -> Path:
        """The one file that the add-in reads."""
        return self.user / f".{PROJECT}" / f"{PROJECT}.conf"


@dataclass(frozen=True, slots=True)
class _Step:
    """One thing to do: what is said when it is done, what is said of it beforehand, and how it is done."""

    done: str
    would: str
    act: Callable[[], object]


def this_profile() -> ExcelProfile:
    """Return the profile of the user who runs this. Raises InstallError off Windows."""
    if sys.platform != "win32":
        raise InstallError("Excel's add-in can only be installed on Windows: run this there.")
    user, roaming = os.environ.get("USERPROFILE"), os.environ.get("APPDATA")
    if not user or not roaming:
        raise InstallError("The profile folder is unknown: USERPROFILE and APPDATA must be set.")
    return ExcelProfile(Path(user), Path(roaming), windowless(Path(sys.executable)))


def windowless(python: Path) -> Path:
    """Return the Python beside it that opens no window, if there is one."""
    found = python.with_name("pythonw.exe")
    return found if found.is_file() else python


def install(home: Home, command: Sequence[str], *, profile: ExcelProfile, dry_run: bool = False) -> list[str]:
    """Put the add-in and its configuration in place and record how the server starts; say what was or would be done.

    What is in place already is left as it is. Raises InstallError where it cannot work, or while Excel holds the file.
    """
    packages = _python_path()
    config = _config(profile, packages)
    _refuse_missing_dll(profile.python)
    steps = [_writing(profile.add_in, _add_in()), _writing(profile.config, config)]
    launch = home.read_launch()
    if launch is None or (launch.command, launch.python_path) != (tuple(command), tuple(packages)):
        file = home.launch_file
        steps.append(
            _Step(f"Wrote {file}.", f"Would write {file}.", lambda: home.write_launch(command, packages))
        )
    said = _run([step for step in steps if step], dry_run) or ["Everything was in place already."]
    if home.path.absolute() != default_home().absolute():
        said.append(
            f"Excel looks into {default_home()}: set {HOME_VARIABLE} to {home.path} for it, then start it anew."
        )
    return said


def uninstall(home: Home, *, profile: ExcelProfile, dry_run: bool = False) -> list[str]:
    """Take away what ``install`` put in place, and nothing else; say what was or would be done.

    The start command stays where LibreOffice's add-in needs it. Raises InstallError while Excel holds the file.
    """
    steps = [_removing(profile.add_in, folders=2), _removing(profile.config, folders=1)]
    if not (home.path / _OXT).exists():
        steps.append(_removing(home.launch_file, folders=1))
    return _run([step for step in steps if step], dry_run) or ["Nothing was installed."]


def write_add_in(target: Path) -> Path:
    """Write the add-in to a file of one's own choice and return it, on any platform. Raises InstallError without one."""
    target.write_bytes(_add_in())
    return target


def _add_in() -> bytes:
    try:
        return XLAM.read_bytes()
    except FileNotFoundError as error:
        raise InstallError(
            f"{XLAM.name} has not been built in this checkout: run make functions there, then try again."
        ) from error


def _run(steps: Sequence[_Step], dry_run: bool) -> list[str]:
    if not dry_run:
        for step in steps:
            step.act()
    return [step.would if dry_run else step.done for step in steps]


def _writing(path: Path, content: bytes) -> _Step | None:
    if path.is_file() and path.read_bytes() == content:
        return None
    return _Step(f"Wrote {path}.", f"Would write {path}.", lambda: _write(path, content))


def _removing(path: Path, *, folders: int) -> _Step | None:
    if not path.exists():
        return None
    return _Step(f"Removed {path}.", f"Would remove {path}.", lambda: _remove(path, folders))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.write_bytes(content)
    try:
        draft.replace(path)
    except PermissionError as error:
        raise _locked(path) from error
    finally:
        draft.unlink(missing_ok=True)


def _remove(path: Path, folders: int) -> None:
    """Remove a file, and the folders around it where nothing else is in any of them: all of those, or none."""
    try:
        path.unlink(missing_ok=True)
    except PermissionError as error:
        raise _locked(path) from error
    around = path.parents[:folders]
    with suppress(OSError):  # something came meanwhile
        if all(set(folder.iterdir()) <= {*around} for folder in around):
            for folder in around:
                folder.rmdir()


def _locked(path: Path) -> InstallError:
    return InstallError(f"Excel is open and holds {path}: close Excel and try again.")


def _config(profile: ExcelProfile, python_path: Sequence[str]) -> bytes:
    """Return the configuration, as VBA's ``Input #`` reads it."""
    values = {
        "INTERPRETER_WIN": str(profile.python),
        "PYTHONPATH": ";".join(python_path),
        "UDF MODULES": UDFS,
        "ADD_WORKBOOK_TO_PYTHONPATH": "False",
    }
    text = "".join(f'"{key}","{value}"\r\n' for key, value in values.items())
    if len(text) > LONGEST:
        raise InstallError(
            "The paths of this Python are too long for Excel's add-in: install into a shorter one."
        )
    try:
        return text.encode(_ENCODING)
    except UnicodeEncodeError as error:
        bad = next(character for character in text if not _is_encodable(character))
        raise InstallError(
            f"A path of this Python has {bad} in it, which Excel's add-in cannot read: install into another folder."
        ) from error


def _is_encodable(character: str) -> bool:
    # One at a time: what "mbcs" raises does not say where.
    try:
        character.encode(_ENCODING)
    except UnicodeEncodeError:
        return False
    return True


def _python_path() -> list[str]:
    specs = (find_spec(package) for package in _PACKAGES)
    found = [str(Path(spec.origin).absolute().parents[1]) for spec in specs if spec and spec.origin]
    return list(dict.fromkeys(found))


def _refuse_missing_dll(python: Path) -> None:
    # In a virtual environment it lies one folder above.
    if not any((folder / dll).is_file() for folder in python.parents[:2] for dll in DLLS):
        raise InstallError(
            f"{DLLS[0]} is not beside {python}: install basketgex into a virtual environment of its own, then try again."
        )
