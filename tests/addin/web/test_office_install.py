"""``install office`` on each system: what it would do, what it does, what it does not do twice, and all of it taken back.

The programs of the system are stand-ins in the PATH that write down what they are asked: no keychain is touched.
"""

from __future__ import annotations

import json
import plistlib
import re
import stat
import sys
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import filelock
import pytest

from basketgex.home import Home, Launch, WebRuntime
from basketgex_addin.calc.install import OXT
from basketgex_addin.web import certificates
from basketgex_addin.web.install import BAD_NAMESPACE, NOT_HERE, Installer, InstallError
from basketgex_addin.web.keys import OFFICE, key
from basketgex_addin.web.metadata import IDENTIFIER
from basketgex_addin.web.office_files import OfficeFiles
from basketgex_addin.web.platforms import Computer

NOW = datetime.now(UTC)
START = ("/venv/bin/python", "-m", "basketgex_cli", "web", "--no-browser")
SYSTEMS = [("darwin", False), ("win32", False), ("darwin", True), ("win32", True), ("linux", True)]


class System:
    """A computer of one's own, with the programs that are asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.user = folder / "user"
        self.user.mkdir()
        self.home = Home(folder / "home")
        self.programs = folder / "programs"
        self.programs.mkdir()
        for name in ("security", "launchctl", "certutil", "reg", "systemctl"):
            self.program(name)

    def program(self, name: str, answer: int = 0) -> None:
        path = self.programs / name
        path.write_text(
            f"#!{sys.executable}\nimport sys\nsaid = '\\t'.join([{name!r}, *sys.argv[1:]])\n"
            f"open({str(self.folder / 'asked')!r}, 'a').write(said + '\\n')\n"
            f"if {answer}: print('The user said no.')\nsys.exit({answer})\n"
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def asked(self) -> list[list[str]]:
        """What programs were asked since the last time."""
        try:
            found = [line.split("\t") for line in (self.folder / "asked").read_text().splitlines()]
        except FileNotFoundError:
            return []
        (self.folder / "asked").unlink()
        return found

    def files(self) -> set[Path]:
        return {path for root in (self.user, self.home.path) for path in root.rglob("*") if path.is_file()}

    def installer(self, system: str, now: datetime = NOW) -> Installer:
        return Installer(self.home, ("python", "serve"), START, Computer(system, self.user, 501), lambda: now)


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> System:
    found = System(tmp_path)
    monkeypatch.setenv("PATH", str(found.programs))
    return found


@pytest.mark.parametrize(("name", "web"), SYSTEMS)
def test_there_and_back(system: System, name: str, web: bool) -> None:
    """A dry run does nothing and says every step; a second run does nothing; all is gone at the end."""
    system.home.create()
    system.home.token()
    before = system.files()
    would = system.installer(name).install(web=web, port=8738, dry_run=True)
    assert system.files() == before and system.asked() == []
    said = system.installer(name).install(web=web, port=8738)
    done = system.asked()
    assert (
        len([line for line in would if line.startswith("Would")]) == len(said) - 1
    )  # and what the person does
    files = OfficeFiles(system.home)
    for path in (files.key, files.manifest, files.record):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert key(system.home.read_token(), OFFICE) in files.manifest.read_text()
    assert system.installer(name).install(web=web, port=8738)[0] == "Everything was in place already."
    assert system.asked() == []

    wouldnt = system.installer(name).uninstall(dry_run=True)
    assert system.asked() == [] and files.installed() is not None
    assert len(system.installer(name).uninstall()) == len(wouldnt)
    undone = system.asked()
    assert system.files() == before
    assert system.installer(name).uninstall() == ["Nothing was installed."]
    programs = [command[0] for command in done]
    assert sorted(set(programs)) == sorted({command[0] for command in undone})
    assert len(undone) >= len(done)


def test_a_start_command_that_was_there_before_stays(system: System) -> None:
    system.home.write_launch(("python", "serve"), ())
    system.installer("linux").install(web=True, port=8738)
    system.installer("linux").uninstall()
    assert system.home.read_launch() == Launch(("python", "serve"))


def test_a_start_command_of_an_older_record_stays(system: System) -> None:
    """Who wrote it is not known."""
    system.installer("linux").install(web=True, port=8738)
    record = OfficeFiles(system.home).record
    record.write_text(json.dumps({k: v for k, v in json.loads(record.read_text()).items() if k != "launch"}))
    system.installer("linux").uninstall()
    assert system.home.read_launch() is not None


@pytest.mark.parametrize("other", ["an add-in for Calc", "another start command", "a web host"])
def test_a_start_command_that_others_need_stays(system: System, other: str) -> None:
    """Another start command is that of whoever wrote it: the .xlam, or LibreOffice's add-in with its packages."""
    system.installer("linux").install(web=True, port=8738)
    with ExitStack() as while_it_lasts:
        if other == "an add-in for Calc":
            (system.home.path / OXT).write_bytes(b"")
        elif other == "another start command":
            system.home.write_launch(("python", "serve"), ("/packages",))
        else:
            system.home.write_web(WebRuntime("http://127.0.0.1:1", 0, "1", "boot"))
            while_it_lasts.enter_context(filelock.FileLock(system.home.web_lock))
        kept = system.home.read_launch()
        would = system.installer("linux").uninstall(dry_run=True)
        assert len(system.installer("linux").uninstall()) == len(would)
        assert system.home.read_launch() == kept is not None


def test_from_one_excel_to_another(system: System) -> None:
    """What was put there for the first is still known to be ours."""
    system.installer("darwin").install(web=False, port=8738)
    system.installer("darwin").install(web=True, port=8738)
    assert system.home.read_launch() is not None
    system.installer("darwin").uninstall()
    assert system.files() == {system.home.token_file}


def test_on_a_mac(system: System) -> None:
    system.installer("darwin").install(web=False, port=8738)
    (trust, login) = system.asked()
    authority = OfficeFiles(system.home).authority
    assert trust[:7] == ["security", "add-trusted-cert", "-r", "trustRoot", "-p", "ssl", "-k"]
    assert trust[-1] == str(authority)
    agent = system.user / "Library" / "LaunchAgents" / "basketgex.web.plist"
    assert login == ["launchctl", "bootstrap", "gui/501", str(agent)]
    assert plistlib.loads(agent.read_bytes())["ProgramArguments"] == list(START)
    add_in = system.user / "Library/Containers/com.microsoft.Excel/Data/Documents/wef/basketgex.xml"
    assert add_in.read_text() == OfficeFiles(system.home).manifest.read_text()
    known = certificates.facts(authority.read_bytes())
    system.installer("darwin").uninstall()
    assert ["security", "delete-certificate", "-Z", known.sha1, trust[-2]] in system.asked()


def test_on_windows(system: System) -> None:
    system.installer("win32").install(web=False, port=8738)
    trust, add_in, login = system.asked()
    files = OfficeFiles(system.home)
    assert trust == ["certutil", "-user", "-addstore", "Root", str(files.authority)]
    assert add_in[1:3] == ["add", r"HKCU\Software\Microsoft\Office\16.0\WEF\Developer"]
    assert add_in[4] == IDENTIFIER and str(files.manifest) in add_in
    assert " ".join(f'"{each}"' for each in START) in login
    known = certificates.facts(files.authority.read_bytes())
    system.installer("win32").uninstall()
    assert ["certutil", "-user", "-delstore", "Root", known.serial] in system.asked()


def test_on_linux_without_its_programs(system: System) -> None:
    """What cannot be done is said, with what to do instead; the rest is done."""
    for name in ("certutil", "systemctl"):
        (system.programs / name).unlink()
    said = system.installer("linux").install(web=True, port=8738)
    assert any(line.startswith("certutil is not installed (package libnss3-tools)") for line in said)
    assert any(line == "There is no systemctl: start basketgex web --no-browser yourself." for line in said)
    assert said[-1].startswith("In Excel on the web: ")
    found = OfficeFiles(system.home).installed()
    assert found is not None and found.steps == []


def test_a_step_that_is_refused(system: System) -> None:
    """What was done before stays and is known: the next run goes on, and what was done can be taken back."""
    system.program("security", 1)
    with pytest.raises(
        InstallError, match=r"^security did not do what was asked of it: The user said no\. What"
    ):
        system.installer("darwin").install(web=False, port=8738)
    assert [command[0] for command in system.asked()] == ["security"]
    system.program("security")
    system.installer("darwin").install(web=False, port=8738)
    assert [command[0] for command in system.asked()] == ["security", "launchctl"]


def test_what_is_not_taken_back_is_said_with_its_command(system: System) -> None:
    system.installer("darwin").install(web=False, port=8738)
    system.program("security", 1)
    known = certificates.facts(OfficeFiles(system.home).authority.read_bytes())
    said = system.installer("darwin").uninstall()
    assert any(
        line.startswith("Not taken back, unless it is gone already: have this computer trust")
        for line in said
    )
    [by_hand] = [line for line in said if known.sha1 in line]
    assert by_hand.startswith("By hand: security delete-certificate -Z ")
    assert OfficeFiles(system.home).installed() is None


def test_a_certificate_that_ends_soon(system: System) -> None:
    """The old one is trusted no longer, the new one is."""
    system.installer("darwin").install(web=False, port=8738)
    old = OfficeFiles(system.home).authority.read_bytes()
    system.asked()
    later = NOW + timedelta(days=350)
    system.installer("darwin", later).install(web=False, port=8738)
    asked = system.asked()
    assert ["security", "remove-trusted-cert", str(OfficeFiles(system.home).authority)] == asked[0]
    assert asked[1][3] == certificates.facts(old).sha1
    assert asked[2][1] == "add-trusted-cert"
    assert OfficeFiles(system.home).authority.read_bytes() != old


@pytest.mark.parametrize("spoil", ["office-leaf.key", "office-leaf.pem", "office-ca.crt"])
def test_a_spoilt_certificate_is_made_anew(system: System, spoil: str) -> None:
    system.installer("linux").install(web=True, port=8738)
    (system.home.path / spoil).write_text("nothing")
    system.installer("linux").install(web=True, port=8738)
    OfficeFiles(system.home).context()


def test_another_port_and_namespace(system: System) -> None:
    system.installer("darwin").install(web=False, port=8738)
    said = system.installer("darwin").install(web=False, port=9999, namespace="BG")
    text = OfficeFiles(system.home).manifest.read_text()
    assert "https://localhost:9999/" in text and 'DefaultValue="BG"' in text and "8738" not in text
    assert len(said) == 3  # the add-in in the home, its copy for Excel, and what the person does


def test_another_token_is_another_manifest(system: System) -> None:
    system.installer("darwin").install(web=False, port=8738)
    before = OfficeFiles(system.home).manifest.read_text()
    system.home.token_file.write_text("another")
    system.installer("darwin").install(web=False, port=8738)
    assert OfficeFiles(system.home).manifest.read_text() != before


def test_where_there_is_no_excel(system: System) -> None:
    with pytest.raises(InstallError, match=f"^{re.escape(NOT_HERE)}$"):
        system.installer("linux").install(web=False, port=8738)
    assert not system.home.path.exists()


@pytest.mark.parametrize("namespace", ["B G", "1", "<", "BG."])
def test_no_namespace(system: System, namespace: str) -> None:
    with pytest.raises(InstallError, match=f"^{re.escape(BAD_NAMESPACE)}$"):
        system.installer("darwin").install(web=False, port=8738, namespace=namespace)


def test_a_home_takes_it_along(system: System) -> None:
    """Every file of it in the home is the home's own."""
    system.installer("linux").install(web=True, port=8738)
    assert system.home.remove() == []
    assert not system.home.path.exists()
