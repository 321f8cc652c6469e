"""basketgex doctor, in this process: what each check makes of a home, and that it leaves the home as it was."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from threading import Event

import filelock
import keyring
import pytest

from basketgex import __version__
from basketgex.home import Home, Runtime, WebRuntime
from basketgex_addin.excel.install import DLLS, ExcelProfile, install
from basketgex_addin.web.install import Installer
from basketgex_addin.web.office_files import OfficeFiles
from basketgex_addin.web.platforms import Computer
from basketgex_cli.context import START_COMMAND
from basketgex_cli.doctor import hosts, report, serving
from basketgex_cli.doctor.command import CHECKS, finding
from basketgex_cli.doctor.report import ATTENTION, FAULT, OK, Facts, Finding
from basketgex_cli.main import main
from basketgex_server import settings
from tests.server import keyring_file

KEY = "fa-31fe-83c1d05e7b"
Found = dict[str, Finding]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing of the developer's own settings, keyring and LibreOffice gets in."""
    for name in [name for name in os.environ if name.startswith("BASKETGEX_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(keyring_file.VARIABLE, str(tmp_path / "keyring"))
    office(monkeypatch, tmp_path)
    before = keyring.get_keyring()
    keyring.set_keyring(keyring_file.InFile())
    yield
    keyring.set_keyring(before)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def office(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    listed: str = "",
    version: str = "25.2.3.2",
    status: int = 0,
) -> None:
    """Put a LibreOffice in place that says this."""
    said = {"soffice": f"LibreOffice {version} 520(Build:2)\n", "unopkg": listed}
    for name, text in said.items():
        program = folder / name
        (folder / f"{name}.txt").write_text(text)
        program.write_text(f'#!/bin/sh\necho "$@" >> {program}.asked\ncat {program}.txt\nexit {status}\n')
        program.chmod(0o755)
        monkeypatch.setattr(hosts.calc_install, f"find_{name}", lambda program=program: program)


def listing(version: str) -> str:
    """What unopkg list prints."""
    other = "Identifier: org.other\n  Version: 9.9\n  URL: x\n\n"
    return f"All deployed extensions:\n\n{other}Identifier: org.basketgex\n  Version: {version}\n  URL: y\n"


def doctor(capsys: pytest.CaptureFixture[str], home: Home, *options: str) -> tuple[int, Found]:
    """Run it both ways, which must agree; return its exit code and what it found."""
    code = main(["--home", str(home.path), "doctor", *options, "--json"])
    printed = capsys.readouterr()
    assert printed.err == ""
    told = json.loads(printed.out)
    found = {check.pop("name"): Finding(**check) for check in told["checks"]}
    assert list(found) == list(CHECKS)
    assert told["ok"] is (code == 0) is not any(f.state == FAULT for f in found.values())
    for f in found.values():
        assert f.state in (OK, ATTENTION, FAULT)
        assert bool(f.advice) is (f.state != OK), f
    assert main(["--home", str(home.path), "doctor", *options]) == code
    shown = capsys.readouterr().out
    assert [line[:9].strip() for line in shown.splitlines() if line[0] != " "] == [
        f.state for f in found.values()
    ]
    return code, found


def test_without_a_home_nothing_is_at_fault_and_none_is_made(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = doctor(capsys, home)
    assert code == 0
    assert {name for name, f in found.items() if f.state != OK} == {"add-in in Calc", "start command"}
    assert found["add-in in Calc"] == Finding(ATTENTION, "not installed", "Run basketgex install calc.")
    assert found["server"].found == "none runs: the first question starts one"
    assert found["configuration"].found == ("no file, so the defaults: source sample, convention flashalpha")
    assert found["key"].found == "none needed: the source is sample"
    assert found["Python"].found.endswith(f" at {sys.executable}")
    assert not home.path.exists()


def test_a_line_a_check_for_a_person(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(home.path), "doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(CHECKS) <= 24
    assert lines[1] == "ok         Excel            not on this system."
    assert lines[2] == "attention  add-in in Calc   not installed. Run basketgex install calc."


def test_without_libreoffice(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("find_soffice", "find_unopkg"):
        monkeypatch.setattr(hosts.calc_install, name, lambda: None)
    code, found = doctor(capsys, home)
    assert code == 0
    assert found["LibreOffice"] == Finding(ATTENTION, "not found", "Install LibreOffice 25.2 or later.")
    assert found["add-in in Calc"] == Finding(OK, "no LibreOffice to have it")


def test_libreoffice_that_is_old_or_does_not_answer(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    office(monkeypatch, tmp_path, version="24.8.4.2")
    assert doctor(capsys, home)[1]["LibreOffice"].advice == (
        "Install LibreOffice 25.2 or later: this one is older."
    )
    office(monkeypatch, tmp_path, status=1)
    code, found = doctor(capsys, home)
    assert code == 1
    assert found["LibreOffice"].found == f"{tmp_path / 'soffice'} does not say its version"
    assert found["add-in in Calc"].found == "LibreOffice does not list its extensions"
    assert found["versions"].state == OK
    (tmp_path / "soffice").write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(report, "PATIENCE", 0.05)
    assert doctor(capsys, home)[1]["LibreOffice"].state == FAULT


@pytest.mark.parametrize("root", [True, False])
def test_the_add_in_in_calc_is_found_where_it_is(
    home: Home,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    root: bool,
) -> None:
    own = os.geteuid()
    office(monkeypatch, tmp_path, listing(__version__))
    facts = Facts(home, ask=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else max(own, 1))
    assert finding(CHECKS["add-in in Calc"], facts).found == ", ".join(
        f"version {__version__}, {where}" for where in (("shared",) if root else ("user", "shared"))
    )
    asked = (tmp_path / "unopkg.asked").read_text().splitlines()
    assert asked == (["list --shared"] if root else ["list", "list --shared"])
    assert finding(CHECKS["versions"], facts).state == OK


def test_an_add_in_of_another_version(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    office(monkeypatch, tmp_path, listing("0.0.7"))
    code, found = doctor(capsys, home)
    assert code == 1
    assert found["versions"].state == FAULT
    assert found["versions"].found.startswith(f"basketgex {__version__}, add-in in Calc (")
    assert found["versions"].found.endswith(") 0.0.7: they differ")
    assert found["versions"].advice == "Run basketgex install calc again."


def test_a_server_of_another_version_is_left_alone(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.token()
    home.write_launch(START_COMMAND, ())
    lock = filelock.FileLock(home.lock)
    with lock:
        home.write_runtime(Runtime("127.0.0.1:9", 4711, "0.0.7", "boot"))
        code, found = doctor(capsys, home)
        assert home.read_runtime() == Runtime("127.0.0.1:9", 4711, "0.0.7", "boot")
    assert code == 1
    stop = "Run basketgex stop: the next question starts a server anew."
    differ = f"basketgex {__version__}, server 0.0.7: they differ"
    assert found["versions"] == Finding(FAULT, differ, stop)
    assert found["server"] == Finding(
        ATTENTION, "at 127.0.0.1:9, process 4711, version 0.0.7, not asked", stop
    )
    assert found["quota"].state == ATTENTION


def test_a_server_that_does_not_answer(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.token()
    with filelock.FileLock(home.lock):
        home.write_runtime(Runtime("127.0.0.1:9", 4711, __version__, "boot"))
        code, found = doctor(capsys, home)
    assert code == 1
    assert found["server"].state == FAULT
    assert found["server"].found == ("at 127.0.0.1:9, process 4711. The server cannot be reached. Ask again.")


def test_the_start_command(home: Home, tmp_path: Path) -> None:
    def found() -> Finding:
        return finding(CHECKS["start command"], Facts(home, ask=False))

    home.write_launch(START_COMMAND, (str(tmp_path),))
    assert found() == Finding(OK, "this installation's")
    home.write_launch(["/bin/sh"], ())
    assert found() == Finding(
        ATTENTION, "another installation's: /bin/sh", "Run basketgex install to use this one."
    )
    again = "Run basketgex install again."
    home.write_launch(["/gone/python", "serve"], ())
    assert found() == Finding(FAULT, "recorded, but /gone/python is gone", again)
    home.write_launch(START_COMMAND, ("/gone/packages",))
    assert found() == Finding(FAULT, "recorded, but its packages in /gone/packages are gone", again)
    home.launch_file.write_text("{")
    assert found() == Finding(FAULT, "recorded, but it cannot be read", again)


def test_a_configuration_that_cannot_be_used(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.create()
    home.config_file.write_text("souce = 'flashalpha'\n")
    code, found = doctor(capsys, home)
    assert code == 1
    assert found["configuration"].state == FAULT
    assert found["configuration"].found == (
        'The configuration has a key "souce" that is not known: correct or remove it.'
    )
    assert {name for name, f in found.items() if f.state == FAULT} == {"configuration"}
    for name in ("key", "source"):
        assert found[name].found == "not known, since the configuration cannot be used"
    home.config_file.write_text("source =")
    assert doctor(capsys, home)[1]["configuration"].found == (
        "The configuration cannot be read: it must be TOML."
    )


def test_whose_home_and_token_it_is(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    token = home.token()
    code, found = doctor(capsys, home)
    assert code == 0
    assert found["home folder"] == Finding(OK, f"{home.path}, yours alone")
    assert found["token"] == Finding(OK, "there, for you alone")
    home.path.chmod(0o755)
    home.token_file.chmod(0o644)
    code, found = doctor(capsys, home)
    assert code == 1
    assert found["home folder"].state == ATTENTION
    assert found["token"].state == FAULT
    assert token not in repr(found) and str(home.token_file) not in repr(found)


def test_a_running_server_whose_token_is_gone(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.create()
    with filelock.FileLock(home.lock):
        assert doctor(capsys, home)[1]["token"].found == "the server runs, but its token is gone"


def test_a_home_that_is_a_file(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.path.write_text("")
    code, found = doctor(capsys, home)
    assert code == 1
    assert found["home folder"].found == f"{home.path} is no folder"
    assert found["token"].found == "could not be looked at (NotADirectoryError)"
    assert found["LibreOffice"].state == OK


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_that_fails_fails_alone(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def broken(facts: Facts) -> Finding:
        raise RuntimeError(KEY)

    monkeypatch.setitem(CHECKS, name, broken)
    code, found = doctor(capsys, home)
    assert code == 1
    assert [n for n, f in found.items() if f.state == FAULT] == [name]
    assert found[name].found == "could not be looked at (RuntimeError)"


def test_a_source_that_doctor_knows_nothing_of_is_called_by_its_own_name(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CHOICES", {**settings.CHOICES, "source": ("sample", "tape")})
    monkeypatch.setenv("BASKETGEX_SOURCE", "tape")
    found = doctor(capsys, home)[1]["source"]
    assert (found.state, found.found) == (OK, "tape, not asked")


def test_the_key_is_looked_for_and_never_shown(
    home: Home,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BASKETGEX_SOURCE", "flashalpha")
    shown = []

    def key() -> Finding:
        code, found = doctor(capsys, home)
        assert code == (found["key"].state == FAULT)
        shown.append(repr(found))
        return found["key"]

    none = "Run basketgex key set, or basketgex key set --file where there is no keyring."
    assert key() == Finding(FAULT, "there is none", none)
    keyring.set_password("basketgex", "flashalpha", KEY)
    assert key().state == OK
    assert key().found.startswith("in the keyring; basketgex doctor --ask has ")
    monkeypatch.setenv("BASKETGEX_FLASHALPHA_API_KEY", KEY[::-1])
    assert key().found.startswith("in the environment; ")
    monkeypatch.setenv("BASKETGEX_FLASHALPHA_API_KEY", f"{KEY} {KEY}")
    assert key() == Finding(
        FAULT,
        "This cannot be a FlashAlpha key: copy it again, without spaces or line breaks.",
        none,
    )
    assert not any(k[i : i + 6] in s for s in shown for k in (KEY, KEY[::-1]) for i in range(len(KEY) - 5))


def test_a_keyring_that_does_not_answer(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    released = Event()
    monkeypatch.setenv("BASKETGEX_SOURCE", "flashalpha")
    monkeypatch.setattr(report, "PATIENCE", 0.05)
    monkeypatch.setattr(serving.keys, "find_key", lambda file: released.wait())
    found = finding(CHECKS["key"], Facts(home, ask=False))
    released.set()
    assert found == Finding(
        FAULT,
        "the keyring does not answer",
        "Unlock it. Run basketgex key set, or basketgex key set --file where there is no keyring.",
    )


def test_a_folder_of_chains(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "chains"
    monkeypatch.setenv("BASKETGEX_SOURCE", "chain-files")
    monkeypatch.setenv("BASKETGEX_CHAIN_FOLDER", str(folder))
    assert doctor(capsys, home)[1]["source"].found == (
        'chain_folder: there is no folder "chains". Name the folder of the chains.'
    )
    folder.mkdir()
    (folder / "LICENSE").touch()
    assert doctor(capsys, home)[1]["source"].found == 'the folder "chains" has no chain in it'
    (folder / "AMD.txt").touch()
    assert doctor(capsys, home)[1]["source"].found == (
        'the folder "chains" has no chain in it; "AMD.txt" found under no symbol, and not read'
    )
    (folder / "AMD.txt").unlink()
    (folder / "AAPL.csv").touch()
    assert doctor(capsys, home)[1]["source"] == Finding(OK, "1 chain in chains")
    (folder / "_SPX.json").touch()
    assert doctor(capsys, home)[1]["source"] == Finding(OK, "2 chains in chains")
    strangers = ("AMD.txt", "TSLA.csv.bak", "a.tsv", "b.dat", "c.csv~", "d.zip")
    for name in strangers:
        (folder / name).touch()
    names = ", ".join(f'"{name}"' for name in strangers[:5])
    assert doctor(capsys, home)[1]["source"].found == (
        f"2 chains in chains; {names} and 1 more found under no symbol, and not read"
    )
    (folder / strangers[5]).unlink()
    assert " more found" not in doctor(capsys, home)[1]["source"].found


def test_the_last_errors_of_a_day(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.create()
    home.log_file.write_text(
        _logged(90_000, "ERROR", "of yesterday") + _logged(60, "INFO", "Serving sample.")
    )
    assert doctor(capsys, home)[1]["last errors"] == Finding(OK, "none in a day")
    with home.log_file.open("a") as log:
        log.writelines(_logged(50 - n, "WARNING", f"number {n}\x1b[31m " + "x" * 500) for n in range(5))
        log.write("Traceback (most recent call last):\n  no line of ours\n")
    code, found = doctor(capsys, home)
    assert code == 0
    assert found["last errors"].state == ATTENTION
    first, *lines = found["last errors"].found.splitlines()
    assert first == "5 in a day, the last of them below"
    assert len(lines) == 3
    for n, line in enumerate(lines, 2):
        day, at, level, message = line.split(" ", 3)
        assert datetime.fromisoformat(f"{day} {at}").timestamp() <= time.time()
        assert (level, len(message)) == ("WARNING", 120)
        assert message.startswith(f"number {n}?[31m xxx")
    assert main(["--home", str(home.path), "doctor"]) == 0
    assert "below. See server.log in the home folder.\n" + " " * 28 + lines[0] in capsys.readouterr().out


def _logged(ago: float, level: str, message: str) -> str:
    return f"{datetime.fromtimestamp(time.time() - ago):%Y-%m-%d %H:%M:%S},123 {level} basketgex_server.x {message}\n"


def test_how_cells_are_filled(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home.create()
    home.config_file.write_text("cell_mode = 'live'\n")
    found = doctor(capsys, home)[1]
    assert (found["cell mode"], found["prefetch"]) == (Finding(OK, "live"), Finding(OK, "on"))
    monkeypatch.setenv("BASKETGEX_CELL_MODE", "now")
    monkeypatch.setenv("BASKETGEX_PREFETCH", "0")
    found = doctor(capsys, home)[1]
    assert found["cell mode"].found == '"now" is no mode'
    assert (found["prefetch"].state, found["prefetch"].found) == (ATTENTION, "off")


@pytest.mark.parametrize("said", ["soon", "-1", "0", "601", "nan", "10 s"])
def test_a_deadline_that_is_none(
    said: str, home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASKETGEX_DEADLINE", said)
    found = doctor(capsys, home)[1]["deadline"]
    assert (found.state, found.found) == (ATTENTION, f'"{said}" is no number of seconds, so it is 10 s')
    monkeypatch.setenv("BASKETGEX_DEADLINE", "30")
    assert doctor(capsys, home)[1]["deadline"] == Finding(OK, "30 s")
    monkeypatch.delenv("BASKETGEX_DEADLINE")
    assert doctor(capsys, home)[1]["deadline"] == Finding(OK, "10 s")


def test_the_add_in_in_excel(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripts = tmp_path / "venv" / "Scripts"
    scripts.mkdir(parents=True)
    profile = ExcelProfile(tmp_path / "user", tmp_path / "Roaming", scripts / "python.exe")
    profile.python.touch()
    monkeypatch.setattr(hosts.excel_install, "this_profile", lambda: profile)

    def found() -> Finding:
        return finding(CHECKS["add-in in Excel"], Facts(home, ask=False))

    assert found() == Finding(ATTENTION, "not installed", "Run basketgex install excel.")
    (tmp_path / "venv" / DLLS[0]).touch()
    install(home, START_COMMAND, profile=profile)
    assert found() == Finding(OK, f"{profile.add_in}, of this version")
    again = "Close Excel and run basketgex install excel again."
    profile.add_in.write_bytes(b"an older one")
    profile.config.unlink()
    assert found() == Finding(
        FAULT, "installed, but basketgex.xlam and basketgex.conf not by this installation", again
    )
    (tmp_path / "venv" / DLLS[0]).unlink()
    assert found().state == FAULT
    assert found().found.startswith(f"{DLLS[0]} is not beside ")


def of_office(home: Home) -> Finding:
    return finding(CHECKS["add-in in Office"], Facts(home, ask=False))


def test_the_add_in_for_office(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From nothing to spoilt: each state has its own line, and says what to do."""
    assert of_office(home) == Finding(OK, "not installed")
    programs = tmp_path / "of the system"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    own = Installer(home, START_COMMAND, ("basketgex", "web"), Computer("linux", tmp_path / "user", 0))
    own.install(web=True, port=8738)
    files = OfficeFiles(home)
    found = of_office(home)
    assert found.state == ATTENTION and "(preview)" in found.found and "not trusted" in found.found
    assert str(files.authority) in found.advice
    for name in ("certutil", "systemctl"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o700)
    own.install(web=True, port=8738)
    found = of_office(home)
    assert found.state == ATTENTION and "the web host does not run" in found.found
    soon = Facts(home, ask=False, now=lambda: time.time() + 350 * 86_400)
    assert finding(CHECKS["add-in in Office"], soon).advice == "Run basketgex install office again."
    files.manifest.unlink()
    assert of_office(home).state == FAULT
    files.key.write_text("nothing")
    assert "missing or spoilt" in of_office(home).found


def test_the_web_host(home: Home) -> None:
    check = CHECKS["web host"]
    assert finding(check, Facts(home, ask=False)).found.startswith("none runs")
    home.create()
    with filelock.FileLock(home.web_lock):
        home.write_web(WebRuntime("http://127.0.0.1:1", 7, __version__, "boot"))
        assert finding(check, Facts(home, ask=False)) == Finding(
            OK, f"at http://127.0.0.1:1, process 7, version {__version__}"
        )
        home.write_web(WebRuntime("http://127.0.0.1:1", 7, "0.0.1", "boot"))
        assert finding(check, Facts(home, ask=False)).state == FAULT
