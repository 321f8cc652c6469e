"""What each system is told for Excel's sake: to trust the certificate, where the add-in is, and to start the web host at login.

Pure: commands and files, which ``install`` runs and writes.
"""

from __future__ import annotations

import plistlib
import shlex
from dataclasses import dataclass
from pathlib import Path

from basketgex_addin.web.certificates import Facts
from basketgex_addin.web.metadata import IDENTIFIER

LABEL = "basketgex.web"
"""What the start at login is called."""
_DEVELOPER = r"HKCU\Software\Microsoft\Office\16.0\WEF\Developer"
_RUN = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"


@dataclass(frozen=True, slots=True)
class Command:
    """Something that a program of the system does, and how it is taken back. ``what`` is said of it, for a person.

    ``optional``: where the program is missing, ``otherwise`` says what the person is to do instead.
    """

    name: str
    what: str
    do: tuple[str, ...]
    undo: tuple[tuple[str, ...], ...]
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Files that go elsewhere than into the home, and commands, in order."""

    files: tuple[tuple[Path, str], ...]
    commands: tuple[Command, ...]
    last: str
    """What the person does then."""


@dataclass(frozen=True, slots=True)
class Computer:
    """Whose computer it is: its system (darwin, win32 or linux), the user's folder and number."""

    system: str
    user: Path
    number: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a computer is to know: the certificate, ``manifest`` as a file in the home, ``add_in`` its text, and what starts the
    web host.

    ``web``: the browser's Excel, to which a person gives the add-in.
    """

    computer: Computer
    web: bool
    authority: Path
    known: Facts
    manifest: Path
    add_in: str
    start: tuple[str, ...]

    @property
    def upload(self) -> str:
        """What a person does in Excel on the web; empty where that is not wanted."""
        if not self.web:
            return ""
        return (
            f"In Excel on the web: Home > Add-ins > More Settings > Upload My Add-in, then choose {self.manifest}. Allow the "
            "browser to reach this computer when it asks."
        )


def plan(wanted: Wanted) -> Plan:
    """Return what is to be done."""
    return {"darwin": _mac, "win32": _windows}.get(wanted.computer.system, _linux)(wanted)


def _mac(wanted: Wanted) -> Plan:
    keychain = str(wanted.computer.user / "Library" / "Keychains" / "login.keychain-db")
    trust = Command(
        "trust",
        "have this computer trust the certificate, which asks for your password",
        (
            "security",
            "add-trusted-cert",
            "-r",
            "trustRoot",
            "-p",
            "ssl",
            "-k",
            keychain,
            str(wanted.authority),
        ),
        (
            ("security", "remove-trusted-cert", str(wanted.authority)),
            ("security", "delete-certificate", "-Z", wanted.known.sha1, keychain),
        ),
    )
    agent = wanted.computer.user / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    login = Command(
        "login",
        "start the web host now and at login",
        ("launchctl", "bootstrap", f"gui/{wanted.computer.number}", str(agent)),
        (("launchctl", "bootout", f"gui/{wanted.computer.number}/{LABEL}"),),
    )
    said = plistlib.dumps(
        {"Label": LABEL, "ProgramArguments": list(wanted.start), "RunAtLoad": True, "KeepAlive": True}
    ).decode()
    files = [(agent, said)]
    if not wanted.web:
        folder = wanted.computer.user / "Library/Containers/com.microsoft.Excel/Data/Documents/wef"
        files.append((folder / "basketgex.xml", wanted.add_in))
    return Plan(
        tuple(files), (trust, login), wanted.upload or "Start Excel anew: Home > Add-ins > Basket GEX."
    )


def _windows(wanted: Wanted) -> Plan:
    trust = Command(
        "trust",
        "have Windows trust the certificate, which asks you",
        ("certutil", "-user", "-addstore", "Root", str(wanted.authority)),
        (("certutil", "-user", "-delstore", "Root", wanted.known.serial),),
    )
    login = _registry(
        "login", "start the web host at login", _RUN, LABEL, " ".join(f'"{each}"' for each in wanted.start)
    )
    shown = _registry(
        "add-in", "show Excel where the add-in is", _DEVELOPER, IDENTIFIER, str(wanted.manifest)
    )
    own = (trust, login) if wanted.web else (trust, shown, login)
    then = (
        "Run basketgex web --no-browser, or log in anew; then start Excel anew: Home > Add-ins > Basket GEX."
    )
    return Plan((), own, wanted.upload or then)


def _registry(name: str, what: str, key: str, value: str, data: str) -> Command:
    add = ("reg", "add", key, "/v", value, "/t", "REG_SZ", "/d", data, "/f")
    return Command(name, what, add, (("reg", "delete", key, "/v", value, "/f"),))


def _linux(wanted: Wanted) -> Plan:
    store = f"sql:{wanted.computer.user / '.pki' / 'nssdb'}"
    trust = Command(
        "trust",
        "have Chromium and Chrome trust the certificate",
        ("certutil", "-d", store, "-A", "-t", "C,,", "-n", "basketgex", "-i", str(wanted.authority)),
        (("certutil", "-d", store, "-D", "-n", "basketgex"),),
        f"certutil is not installed (package libnss3-tools): let your browser trust {wanted.authority} itself, "
        "among its authorities.",
    )
    unit = wanted.computer.user / ".config" / "systemd" / "user" / f"{LABEL}.service"
    login = Command(
        "login",
        "start the web host now and at login",
        ("systemctl", "--user", "enable", "--now", unit.name),
        (("systemctl", "--user", "disable", "--now", unit.name),),
        "There is no systemctl: start basketgex web --no-browser yourself.",
    )
    said = (
        "[Unit]\nDescription=Basket GEX in Excel on the web\n\n"
        f"[Service]\nExecStart={shlex.join(wanted.start).replace('%', '%%')}\nRestart=on-failure\n\n"
        "[Install]\nWantedBy=default.target\n"
    )
    return Plan(((unit, said),), (trust, login), wanted.upload)
