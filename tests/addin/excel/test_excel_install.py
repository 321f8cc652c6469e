"""Installing into Excel, against a made-up Windows profile."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from basketgex.home import HOME_VARIABLE, Home
from basketgex_addin.excel import install as module
from basketgex_addin.excel import udfs
from basketgex_addin.excel.install import (
    DLLS,
    XLAM,
    ExcelProfile,
    InstallError,
    install,
    this_profile,
    uninstall,
    windowless,
    write_add_in,
)
from basketgex_cli import main as cli

COMMAND = ("python.exe", "-m", "basketgex_server", "serve")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    path = tmp_path / "Local" / "basketgex"
    monkeypatch.setenv(HOME_VARIABLE, str(path))
    path.parent.mkdir()
    return Home(path)


@pytest.fixture
def profile(tmp_path: Path) -> ExcelProfile:
    """A user with another add-in, and a virtual environment that has xlwings' DLLs."""
    start = tmp_path / "Roaming" / "Microsoft" / "Excel" / "XLSTART"
    start.mkdir(parents=True)
    (start / "other.xlam").write_bytes(b"other")
    scripts = tmp_path / "venv" / "Scripts"
    scripts.mkdir(parents=True)
    for name in ("python.exe", "pythonw.exe"):
        (scripts / name).touch()
    (tmp_path / "venv" / DLLS[0]).touch()
    (tmp_path / "user").mkdir()
    return ExcelProfile(tmp_path / "user", tmp_path / "Roaming", windowless(scripts / "python.exe"))


def everything(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def test_what_is_installed(home: Home, profile: ExcelProfile) -> None:
    said = install(home, COMMAND, profile=profile)
    assert said == [f"Wrote {path}." for path in (profile.add_in, profile.config, home.launch_file)]
    assert profile.add_in.read_bytes() == XLAM.read_bytes()
    assert profile.add_in.name == "basketgex.xlam"
    assert profile.config == profile.user / ".basketgex" / "basketgex.conf"
    lines = profile.config.read_bytes().decode("cp1252").split("\r\n")
    values = dict(line.strip('"').split('","') for line in lines if line)
    assert Path(values["INTERPRETER_WIN"]).name == "pythonw.exe"
    assert values["UDF MODULES"] == udfs.__name__
    assert (Path(values["PYTHONPATH"].split(";")[0]) / "basketgex_addin").is_dir()
    launch = home.read_launch()
    assert launch is not None
    assert launch.command == COMMAND
    assert ";".join(launch.python_path) == values["PYTHONPATH"]


def test_a_second_time_nothing_changes(home: Home, profile: ExcelProfile, tmp_path: Path) -> None:
    install(home, COMMAND, profile=profile)
    before = everything(tmp_path)
    assert install(home, COMMAND, profile=profile) == ["Everything was in place already."]
    assert everything(tmp_path) == before
    (profile.add_in).write_bytes(b"an older one")
    assert install(home, COMMAND, profile=profile) == [f"Wrote {profile.add_in}."]
    assert install(home, ("other",), profile=profile) == [f"Wrote {home.launch_file}."]


def test_uninstalling_leaves_the_profile_as_it_was(home: Home, profile: ExcelProfile, tmp_path: Path) -> None:
    before = everything(tmp_path)
    install(home, COMMAND, profile=profile)
    assert everything(tmp_path) != before
    said = uninstall(home, profile=profile)
    assert said == [f"Removed {path}." for path in (profile.add_in, profile.config, home.launch_file)]
    assert everything(tmp_path) == before
    assert uninstall(home, profile=profile) == ["Nothing was installed."]


@pytest.mark.parametrize("others", [(), ("Excel15.xlb",), ("XLSTART/own.xlam",)])
def test_excels_folders_go_where_nothing_else_is_in_either(
    home: Home, profile: ExcelProfile, others: tuple[str, ...]
) -> None:
    """They were made for the add-in, by whoever has not started Excel yet."""
    start = profile.add_in.parent
    (start / "other.xlam").unlink()
    for name in others:
        (start.parent / name).touch()
    install(home, COMMAND, profile=profile)
    uninstall(home, profile=profile)
    assert start.is_dir() == start.parent.is_dir() == bool(others)
    assert start.parent.parent.is_dir()


def test_uninstalling_takes_nothing_of_others(home: Home, profile: ExcelProfile) -> None:
    install(home, COMMAND, profile=profile)
    home.config_file.write_text("")
    (home.path / "basketgex.oxt").touch()  # LibreOffice needs the start command
    kept = profile.config.parent / "notes.txt"
    kept.touch()
    assert uninstall(home, profile=profile) == [
        f"Removed {path}." for path in (profile.add_in, profile.config)
    ]
    assert kept.exists()
    assert home.config_file.exists()
    assert home.launch_file.exists()


def test_a_dry_run_writes_and_removes_nothing(home: Home, profile: ExcelProfile, tmp_path: Path) -> None:
    before = everything(tmp_path)
    said = install(home, COMMAND, profile=profile, dry_run=True)
    assert everything(tmp_path) == before
    assert said == [f"Would write {path}." for path in (profile.add_in, profile.config, home.launch_file)]
    install(home, COMMAND, profile=profile)
    before = everything(tmp_path)
    said = uninstall(home, profile=profile, dry_run=True)
    assert everything(tmp_path) == before
    assert said == [f"Would remove {path}." for path in (profile.add_in, profile.config, home.launch_file)]


def test_an_open_excel_is_said(
    home: Home, profile: ExcelProfile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(home, COMMAND, profile=profile)
    profile.add_in.write_bytes(b"an older one")
    before = everything(tmp_path)

    def locked(*_: object, **__: object) -> None:
        raise PermissionError

    real = Path.unlink
    sentence = f"Excel is open and holds {profile.add_in}: close Excel and try again."
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", locked)
        with pytest.raises(InstallError) as raised:
            install(home, COMMAND, profile=profile)
        assert str(raised.value) == sentence
        patch.setattr(
            Path, "unlink", lambda self, **given: locked() if self == profile.add_in else real(self, **given)
        )
        with pytest.raises(InstallError) as raised:
            uninstall(home, profile=profile)
        assert str(raised.value) == sentence
    assert everything(tmp_path) == before


def test_a_python_without_the_dll_is_refused(home: Home, profile: ExcelProfile, tmp_path: Path) -> None:
    (tmp_path / "venv" / DLLS[0]).unlink()
    before = everything(tmp_path)
    with pytest.raises(InstallError) as raised:
        install(home, COMMAND, profile=profile)
    assert str(raised.value) == (
        f"xlwings64-0.37.8.dll is not beside {profile.python}: install basketgex into a virtual environment of its own, "
        "then try again."
    )
    assert everything(tmp_path) == before
    (profile.python.parent / DLLS[1]).touch()  # an installation for everybody, and a 32-bit Excel
    install(home, COMMAND, profile=profile)


def test_paths_that_the_add_in_cannot_be_given(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_refuse_missing_dll", lambda python: None)
    for python, sentence in (
        (Path("Ł", "pythonw.exe"), "A path of this Python has Ł in it, which Excel's add-in cannot read"),
        (Path("x" * 2_000, "pythonw.exe"), "The paths of this Python are too long for Excel's add-in"),
    ):
        with pytest.raises(InstallError, match=sentence):
            install(home, COMMAND, profile=ExcelProfile(tmp_path, tmp_path, python))


def test_another_home_has_to_be_named_to_excel(
    home: Home, profile: ExcelProfile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Home(tmp_path / "elsewhere")
    said = install(elsewhere, COMMAND, profile=profile)
    assert said[-1] == (
        f"Excel looks into {home.path}: set BASKETGEX_HOME to {elsewhere.path} for it, then start it anew."
    )


def test_a_python_without_a_windowless_one_is_used_itself(tmp_path: Path) -> None:
    assert windowless(tmp_path / "python.exe") == tmp_path / "python.exe"


def test_off_windows_there_is_no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "sys", SimpleNamespace(platform="linux"))
    with pytest.raises(InstallError) as raised:
        this_profile()
    assert str(raised.value) == "Excel's add-in can only be installed on Windows: run this there."


def test_the_profile_of_this_user(profile: ExcelProfile, monkeypatch: pytest.MonkeyPatch) -> None:
    windows = SimpleNamespace(platform="win32", executable=str(profile.python.with_name("python.exe")))
    monkeypatch.setattr(module, "sys", windows)
    monkeypatch.setenv("USERPROFILE", str(profile.user))
    monkeypatch.setenv("APPDATA", str(profile.roaming))
    assert this_profile() == profile
    monkeypatch.delenv("APPDATA")
    with pytest.raises(InstallError, match="USERPROFILE and APPDATA must be set"):
        this_profile()


def test_the_file_alone(tmp_path: Path) -> None:
    assert write_add_in(tmp_path / "mine.xlam").read_bytes() == XLAM.read_bytes()


def test_the_command_line(
    home: Home,
    profile: ExcelProfile,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = everything(tmp_path)
    assert cli.main(["install", "calc", "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith(f"Would write {home.launch_file}.")
    assert cli.main(["uninstall", "calc", "--dry-run"]) == 0
    assert cli.main(["install", "calc", "--dry-run", "--build", str(tmp_path / "x.oxt")]) == 0
    assert cli.main(["install", "excel", "--dry-run", "--build", str(tmp_path / "x.xlam")]) == 0
    monkeypatch.setattr(module, "sys", SimpleNamespace(platform="linux"))
    assert cli.main(["install", "excel"]) == cli.main(["uninstall", "excel"]) == 1
    assert capsys.readouterr().err.endswith("can only be installed on Windows: run this there.\n")
    monkeypatch.setattr(module, "this_profile", lambda: profile)
    assert cli.main(["install", "excel", "--dry-run"]) == 0
    assert everything(tmp_path) == before
    assert cli.main(["install", "excel"]) == 0
    assert capsys.readouterr().out.endswith("Start Excel and type =BASKETGEX(A2:A7,B2:B7).\n")
    assert cli.main(["uninstall", "excel"]) == 0
    assert everything(tmp_path) == before
    assert cli.main(["install", "excel", "--build", str(tmp_path / "x.xlam")]) == 0
    assert (tmp_path / "x.xlam").read_bytes() == XLAM.read_bytes()


def test_a_checkout_whose_add_in_is_not_built_says_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "XLAM", tmp_path / "basketgex.xlam")
    assert cli.main(["install", "excel", "--build", str(tmp_path / "x.xlam")]) == 1
    said = "basketgex.xlam has not been built in this checkout: run make functions there, then try again.\n"
    assert capsys.readouterr().err.endswith(said)
    assert list(tmp_path.iterdir()) == []
