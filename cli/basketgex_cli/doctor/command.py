"""``basketgex doctor``: what is installed, what runs and what is wrong, a line a check, and what to do about it.

It looks, and changes nothing: no server is started or replaced, and no debit is spent, unless it is told to ask.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Thread
from typing import TypeVar
from urllib.parse import urlsplit

from basketgex import __version__
from basketgex.home_settings import HomeSettings
from basketgex.local import CELLS_LIVE, CELLS_PREFETCH, CELLS_VARIABLE, Home
from basketgex_addin import throttle
from basketgex_addin.calc import bridge
from basketgex_addin.calc.extension import IDENTIFIER
from basketgex_addin.calc.install import find_soffice, find_unopkg
from basketgex_addin.cells import Ask, Problem, Quota
from basketgex_addin.client import BasketClient, ServerStatus
from basketgex_addin.excel import install as excel_install
from basketgex_addin.menu import quota_lines
from basketgex_cli.context import Unstarted, client_of
from basketgex_cli.parsing import in_a_terminal
from basketgex_cli.render import moment
from basketgex_server.addresses import is_loopback
from basketgex_server.errors import BasketgexError, quoted
from basketgex_server.settings import Settings, load
from basketgex_server.sources.files.folder import ChainFiles
from basketgex_server.sources.flashalpha import keys
from basketgex_server.sources.flashalpha.errors import SourceKeyMissing, SourceKeyRefused
from basketgex_server.sources.http import environment_fault
from basketgex_server.sources.sample.provider import Sample
from basketgex_server.state.repair import ASIDE

OK, ATTENTION, FAULT = "ok", "attention", "fault"
PATIENCE = 20.0
"""Seconds for each of LibreOffice's programs, for the keyring and for the server."""
OLDEST_OFFICE = (25, 2)
"""The oldest LibreOffice that the add-in is made for."""
SYMBOL = "SPY"
"""What the source is asked for; a folder of chains is asked for its first."""
LOOK_BACK = 86_400.0
"""Seconds after which a line of the log is of no interest any more."""
LINES, LONGEST, TAIL = 3, 120, 1 << 16
"""Of the log: lines shown, characters of a message, and bytes that are read."""

_LOGGED = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ (WARNING|ERROR|CRITICAL) \S+ (.*)")
_EXTENSION = re.compile(rf"^Identifier: *{re.escape(IDENTIFIER)}\s+Version: *(\S+)", re.MULTILINE)
_VERSION = re.compile(r"(\d+)\.(\d+)")
_ELSEWHERE = "not on this system"
BLIND = (
    "Started from this shell it ends at the first formula: the virtual environment {folder} comes first on PATH and has no "
    "uno. Run deactivate, or run basketgex install calc from that environment."
)
_STOP = "Run basketgex stop: the next question starts a server anew."
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: its state, and what to do where that is not ok. ``found`` may have lines below its first."""

    state: str
    found: str
    advice: str = ""

    def text(self, name: str) -> str:
        """Return it for a person."""
        first, *below = self.found.splitlines() or [""]
        first += "" if first.endswith(".") else "."
        line = f"{self.state:<9}  {name:<15}  {first} {self.advice}".rstrip()
        return "\n".join([line, *(f"{'':28}{more}" for more in below)])


class Facts:
    """What several checks look at, each looked up once and when it is wanted. ``ask``: the source and its account too."""

    def __init__(self, home: Home, *, ask: bool, now: Callable[[], float] = time.time) -> None:
        self.home = home
        self.ask = ask
        self.now = now

    @cached_property
    def settings(self) -> Settings | None:
        """The settings, None where they cannot be used."""
        try:
            return load(self.home.config_file)
        except BasketgexError:
            return None

    @cached_property
    def calc(self) -> dict[str, str] | None:
        """The extension's version by where LibreOffice has it: user or shared; None where LibreOffice does not say."""
        unopkg, found = find_unopkg(), {}
        if unopkg is None:
            return {}
        # unopkg refuses root's own profile.
        root = sys.platform != "win32" and os.geteuid() == 0
        for where in ("shared",) if root else ("user", "shared"):
            options = ["--shared"] if where == "shared" else []
            if (listed := _printed(unopkg, "list", *options)) is None:
                return None
            if known := _EXTENSION.search(listed):
                found[where] = known[1]
        return found

    @cached_property
    def client(self) -> BasketClient:
        """A client, which starts a server only where the source is to be asked."""
        return client_of(self.home) if self.ask else BasketClient(Unstarted(self.home.path), PATIENCE)

    @cached_property
    def status(self) -> ServerStatus | Problem | None:
        """What the server says of itself, None where none runs."""
        return self.client.status() if self.ask or self.home.is_served() else None

    @cached_property
    def of_server(self) -> HomeSettings | Problem | None:
        """The settings that the server has in force, None where none runs or it does not answer."""
        return self.client.settings(key=True) if isinstance(self.status, ServerStatus) else None

    @cached_property
    def quota(self) -> Quota | Problem:
        """The day's quota, as the server has counted, or as the source's account has it."""
        return self.client.quota(reconcile=self.ask)

    def close(self) -> None:
        """Let go of the server."""
        if "client" in self.__dict__:
            self.client.close()


def doctor(home: Home, *, ask: bool, strict: bool, as_json: bool) -> int:
    """Print what every check found; return 0, or 1 where something is a fault or, where ``strict``, needs attention."""
    facts = Facts(home, ask=ask)
    try:
        found = {name: finding(check, facts) for name, check in CHECKS.items()}
    finally:
        facts.close()
    failing = {FAULT, ATTENTION} if strict else {FAULT}
    failed = any(f.state in failing for f in found.values())
    if as_json:
        checks = [{"name": name, **asdict(f)} for name, f in found.items()]
        print(json.dumps({"ok": not failed, "checks": checks}, indent=2))
    else:
        print("\n".join(f.text(name) for name, f in found.items()))
    return int(failed)


def finding(check: Callable[[Facts], Finding], facts: Facts) -> Finding:
    """Return what a check finds; one that fails is a fault of its own, and no other's."""
    try:
        found = check(facts)
        return replace(found, found=in_a_terminal(found.found))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other checks go on
        return Finding(
            FAULT,
            f"could not be looked at ({type(error).__name__})",
            "Check that the home folder is yours; if it is, report this line.",
        )


# -- hosts and add-ins -------------------------------------------------------------------------------------------------


def _libreoffice(facts: Facts) -> Finding:
    if (soffice := find_soffice()) is None:
        if _excel_program():
            return Finding(OK, _ELSEWHERE)
        return Finding(ATTENTION, "not found", "Install LibreOffice 25.2 or later.")
    if not (said := (_printed(soffice, "--version") or "").strip()):
        return Finding(FAULT, f"{soffice} does not say its version", "Start LibreOffice to see why.")
    text = f"{said.splitlines()[0]} at {soffice}"
    version = _VERSION.search(said)
    if version and (int(version[1]), int(version[2])) < OLDEST_OFFICE:
        return Finding(ATTENTION, text, "Install LibreOffice 25.2 or later: this one is older.")
    if blind := bridge.blind_environment(os.environ):
        return Finding(ATTENTION, text, BLIND.format(folder=blind))
    return Finding(OK, text)


def _excel(facts: Facts) -> Finding:
    if found := _excel_program():
        return Finding(OK, found)
    if sys.platform != "win32" or find_soffice():
        return Finding(OK, _ELSEWHERE)
    return Finding(ATTENTION, "not found", "Install Excel, or LibreOffice 25.2 or later.")


def _excel_program() -> str | None:
    if sys.platform == "win32":
        import winreg

        for root in (winreg.HKEY_CURRENT_USER, winreg.HKEY_LOCAL_MACHINE):
            try:
                return winreg.QueryValue(
                    root, r"SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths\excel.exe"
                )
            except OSError:
                continue
    return None


def _calc_add_in(facts: Facts) -> Finding:
    if find_unopkg() is None:
        return Finding(OK, "no LibreOffice to have it")
    if facts.calc is None:
        return Finding(
            ATTENTION, "LibreOffice does not list its extensions", "Close LibreOffice, then look again."
        )
    if not facts.calc:
        return Finding(ATTENTION, "not installed", "Run basketgex install calc.")
    return Finding(OK, ", ".join(f"version {version}, {where}" for where, version in facts.calc.items()))


def _excel_add_in(facts: Facts) -> Finding:
    from basketgex_cli.context import START_COMMAND

    try:
        profile = excel_install.this_profile()
    except excel_install.InstallError as error:
        if sys.platform != "win32":
            return Finding(OK, _ELSEWHERE)
        return Finding(FAULT, str(error), "Run this as the user who uses Excel.")
    if not profile.add_in.is_file():
        return Finding(ATTENTION, "not installed", "Run basketgex install excel.")
    again = "Close Excel and run basketgex install excel again."
    try:
        would = excel_install.install(facts.home, START_COMMAND, profile=profile, dry_run=True)
    except excel_install.InstallError as error:
        return Finding(FAULT, str(error), again)
    differ = [p.name for p in (profile.add_in, profile.config) if any(f" {p}." in line for line in would)]
    if differ:
        return Finding(FAULT, f"installed, but {' and '.join(differ)} not by this installation", again)
    return Finding(OK, f"{profile.add_in}, of this version")


# -- this installation -------------------------------------------------------------------------------------------------


def _python(facts: Facts) -> Finding:
    return Finding(OK, f"{platform.python_version()} at {sys.executable}")


def _start_command(facts: Facts) -> Finding:
    from basketgex_cli.context import START_COMMAND

    again = "Run basketgex install again."
    launch = facts.home.read_launch()
    if launch is None or not launch.command:
        if facts.home.launch_file.exists():
            return Finding(FAULT, "recorded, but it cannot be read", again)
        return Finding(
            ATTENTION, "none recorded", "Run basketgex install: a spreadsheet can start no server."
        )
    program, ours = launch.command[0], START_COMMAND[0]
    if not shutil.which(program):
        return Finding(FAULT, f"recorded, but {program} is gone", again)
    if gone := [path for path in launch.python_path if not Path(path).exists()]:
        return Finding(FAULT, f"recorded, but its packages in {gone[0]} are gone", again)
    if Path(program) != Path(ours):
        return Finding(
            ATTENTION, f"another installation's: {program}", "Run basketgex install to use this one."
        )
    return Finding(OK, "this installation's")


def _versions(facts: Facts) -> Finding:
    runtime = facts.home.server()
    found = {"basketgex": __version__} | ({"server": runtime.version} if runtime else {})
    found |= {f"add-in in Calc ({where})": version for where, version in (facts.calc or {}).items()}
    text = ", ".join(f"{name} {version}" for name, version in found.items())
    if runtime and runtime.version != __version__:
        return Finding(FAULT, f"{text}: they differ", _STOP)
    if set(found.values()) != {__version__}:
        return Finding(FAULT, f"{text}: they differ", "Run basketgex install calc again.")
    return Finding(OK, text)


def _home(facts: Facts) -> Finding:
    path = facts.home.path
    if not path.exists():
        return Finding(OK, f"{path}, made with the first question")
    if not path.is_dir():
        return Finding(FAULT, f"{path} is no folder", "Name another with --home or BASKETGEX_HOME.")
    if sys.platform != "win32" and path.stat().st_uid != os.geteuid():
        return Finding(FAULT, f"{path} is another user's", "Name one of your own with BASKETGEX_HOME.")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return Finding(FAULT, f"{path} cannot be read and written", "Give yourself the right to.")
    if _is_open(path):
        return Finding(ATTENTION, f"{path} is open to other users", "Take their rights away: chmod 700.")
    return Finding(OK, f"{path}, yours alone")


def _configuration(facts: Facts) -> Finding:
    status = facts.status
    notice = status.settings_notice if isinstance(status, ServerStatus) else ""
    try:
        settings = load(facts.home.config_file)
    except BasketgexError as error:
        goes_on = " The server goes on with the settings from before" if notice else ""
        return Finding(
            FAULT,
            f"{error.sentence}{goes_on}",
            "Correct config.toml in the home folder, or the BASKETGEX_ variable that sets it.",
        )
    if notice:
        return Finding(ATTENTION, notice)
    kept = "config.toml" if facts.home.config_file.exists() else "no file, so the defaults"
    return Finding(OK, f"{kept}: source {settings.source}, convention {settings.convention}")


# -- the server --------------------------------------------------------------------------------------------------------


def _server(facts: Facts) -> Finding:
    status = facts.status  # first, since asking starts one
    runtime = facts.home.server()
    if runtime is None and facts.home.is_served():
        return Finding(
            ATTENTION,
            "one is starting",
            "Look again in a moment: if it is still starting then, end its process.",
        )
    at = f"at {runtime.grpc}, process {runtime.pid}" if runtime else "none runs"
    if isinstance(status, ServerStatus):
        return Finding(OK, f"{at}, since {moment(status.started_at)}")
    if isinstance(status, Problem):
        if runtime and runtime.version != __version__:
            return Finding(ATTENTION, f"{at}, version {runtime.version}, not asked", _STOP)
        return Finding(
            FAULT,
            f"{at}. {status.sentence}",
            _STOP if runtime else "See to the start command and the configuration.",
        )
    if facts.home.runtime_file.exists():
        return Finding(
            ATTENTION,
            "none runs, and the last one did not end in order",
            "Ask anything, or run basketgex serve: the next one tidies up.",
        )
    return Finding(OK, "none runs: the first question starts one")


def _token(facts: Facts) -> Finding:
    if not facts.home.read_token():
        if facts.home.is_served():
            return Finding(
                FAULT,
                "the server runs, but its token is gone",
                "End its process: the next one makes another.",
            )
        return Finding(OK, "none yet: the first server makes it")
    if _is_open(facts.home.token_file):
        again = "Run basketgex stop, then basketgex token rotate."
        return Finding(FAULT, "there, but other users can read it", again)
    return Finding(OK, "there, for you alone")


def _key(facts: Facts) -> Finding:
    if facts.settings is None:
        return _unconfigured()
    if facts.settings.source != "flashalpha":
        return Finding(OK, f"none needed: the source is {facts.settings.source}")
    again = "Run basketgex key set, or basketgex key set --file where there is no keyring."
    if isinstance(found := facts.of_server, HomeSettings):  # it is the server that needs the key
        place, problem = found.key_place, found.key_problem
    else:
        try:
            known = _bounded(lambda: keys.find_key(facts.home.key_file))
            place, problem = known.place if known else "", ""
        except BasketgexError as error:
            place, problem = "", error.sentence
        except TimeoutError:
            return Finding(FAULT, "the keyring does not answer", f"Unlock it. {again}")
    if problem:
        return Finding(FAULT, problem, again)
    if not place:
        here = os.environ.get(keys.VARIABLE, "").strip() and isinstance(found, HomeSettings)
        return Finding(
            FAULT, "in this terminal, but the running server has none" if here else "there is none", again
        )
    whose = "the server's" if isinstance(found, HomeSettings) else "the"
    names = {keys.ENVIRONMENT: f"{whose} environment", keys.FILE: "the key file", keys.KEYRING: "the keyring"}
    where = names.get(place, place)
    refused, missing = SourceKeyRefused(), SourceKeyMissing()
    if facts.ask:
        if not isinstance(facts.quota, Problem):
            return Finding(OK, f"in {where}, and the account knows it")
        if facts.quota.code in (refused.code, missing.code):
            return Finding(FAULT, f"in {where}. {facts.quota.sentence}", again)
        return Finding(ATTENTION, f"in {where}, but the account was not reached", "Look again in a minute.")
    if isinstance(facts.status, ServerStatus) and facts.status.last_problem in (
        refused.sentence,
        missing.sentence,
    ):
        return Finding(ATTENTION, f"in {where}, but the server's last call found it wrong or missing", again)
    return Finding(
        OK, f"in {where}; basketgex doctor --ask has the account look at it, which may cost a debit"
    )


def _quota(facts: Facts) -> Finding:
    status = facts.status
    if status is None:
        return Finding(OK, "known when a server runs")
    if isinstance(status, Problem):
        return Finding(ATTENTION, "not known, since the server does not answer", "See to the server first.")
    if not status.metered:
        return Finding(OK, "none: the source costs no debits")
    if isinstance(facts.quota, Problem):
        return Finding(FAULT, facts.quota.sentence, "See to the source and its key first.")
    text, again = quota_lines(facts.quota)
    if facts.quota.left == 0:
        return Finding(ATTENTION, text, f"{again.partition('.')[0]}. Wait until then, or change the plan.")
    return Finding(OK, text)


def _source(facts: Facts) -> Finding:
    if (settings := facts.settings) is None:
        return _unconfigured()
    status = facts.status
    if isinstance(status, ServerStatus) and status.source != settings.source:
        differ = f"the server serves {status.source}, the configuration says {settings.source}"
        return Finding(ATTENTION, differ, _STOP)
    symbol, text = SYMBOL, "FlashAlpha, not asked since a call costs a debit"
    if settings.source == "sample":
        text = f"synthetic sample, {len(Sample().symbols())} names, invented figures"
    elif settings.source == "cboe":
        text = "Cboe's delayed quotes, not asked"
    elif settings.source == "chain-files":
        another = "Run basketgex source chain-files with the --folder of the chains."
        try:
            folder = settings.folder()
            files = ChainFiles(folder, settings.chain_as_of)
            symbols, strangers = files.symbols(), files.strangers()
        except BasketgexError as error:
            return Finding(FAULT, error.sentence, another)
        if not os.access(folder, os.R_OK | os.X_OK):
            return Finding(FAULT, f"the folder {quoted(folder.name)} cannot be read", another)
        if not symbols:
            return Finding(FAULT, f"the folder {quoted(folder.name)} has no chain in it", another)
        symbol, text = symbols[0], f"{len(symbols):,} chains in {folder.name}"
        if strangers:
            several = f"{quoted(strangers[0], 60)}" + (
                f" and {len(strangers) - 1:,} more" if strangers[1:] else ""
            )
            text += f"; {several} found under no symbol, and not read"
    if _is_far(settings) and (fault := environment_fault()):
        return Finding(FAULT, f"{text}. In this terminal's environment {fault}")
    if facts.ask:
        return _asked(facts, symbol)
    if isinstance(status, ServerStatus) and status.last_problem:
        return Finding(
            ATTENTION,
            f"{text}. The server's last problem: {status.last_problem}",
            "Run basketgex doctor --ask to see whether it is over.",
        )
    return Finding(OK, text)


def _is_far(settings: Settings) -> bool:
    """Tell whether a service beyond this machine is asked, for which the environment's proxies and certificates count."""
    bases = {"cboe": settings.cboe_base_url, "flashalpha": settings.flashalpha_base_url}
    host = urlsplit(bases.get(settings.source, "")).hostname or ""
    return settings.source in bases and host != "localhost" and not is_loopback(host)


def _asked(facts: Facts, symbol: str) -> Finding:
    found = facts.client.ask_many([Ask((symbol,))], "FORCE")[0]
    if isinstance(found, Problem):
        return Finding(
            FAULT, f"asked for {symbol}: {found.sentence}", "Then run basketgex doctor --ask again."
        )
    text = f"{found.source} answered for {symbol}, as of {moment(found.as_of)}"
    if found.notice:  # older figures were served instead
        return Finding(ATTENTION, f"{text}. {found.notice}", "Run basketgex doctor --ask again in a minute.")
    return Finding(OK, text)


def _store(facts: Facts) -> Finding:
    path = facts.home.state_file
    aside = sorted(path.parent.glob(ASIDE.format("*")))
    size = f"{path.stat().st_size / 1e6:,.1f} MB" if path.exists() else "none yet"
    if aside:
        kept = ", ".join(f"{file.name} ({moment(file.stat().st_mtime)})" for file in aside[-LINES:])
        return Finding(
            ATTENTION,
            f"{size}; damaged before, and kept beside: {kept}",
            "It has healed: delete those files when nothing in them is missed.",
        )
    return Finding(OK, size)


def _last_errors(facts: Facts) -> Finding:
    since = facts.now() - LOOK_BACK
    lately = [line for at, line in _logged(facts.home.log_file) if at >= since]
    if not lately:
        return Finding(OK, "none in a day")
    shown = lately[-LINES:]
    return Finding(
        ATTENTION,
        "\n".join([f"{len(lately):,} in a day, the last of them below", *shown]),
        "See server.log in the home folder.",
    )


# -- cells -------------------------------------------------------------------------------------------------------------


def _cell_mode(facts: Facts) -> Finding:
    mode = facts.home.cell_mode()
    if mode not in (CELLS_PREFETCH, CELLS_LIVE):
        return Finding(
            FAULT, f"{quoted(mode)} is no mode", f"Set {CELLS_VARIABLE} to prefetch or live, or unset it."
        )
    return Finding(OK, mode)


def _prefetch(facts: Facts) -> Finding:
    if os.environ.get(throttle.SWITCH) == "0":
        return Finding(
            ATTENTION, "off", f"Unset {throttle.SWITCH}: without reading ahead every cell makes its own call."
        )
    return Finding(OK, "on")


CHECKS: dict[str, Callable[[Facts], Finding]] = {
    "LibreOffice": _libreoffice,
    "Excel": _excel,
    "add-in in Calc": _calc_add_in,
    "add-in in Excel": _excel_add_in,
    "Python": _python,
    "start command": _start_command,
    "versions": _versions,
    "home folder": _home,
    "configuration": _configuration,
    "server": _server,
    "token": _token,
    "key": _key,
    "quota": _quota,
    "source": _source,
    "store": _store,
    "last errors": _last_errors,
    "cell mode": _cell_mode,
    "prefetch": _prefetch,
}
"""In the order in which they are shown."""


def _unconfigured() -> Finding:
    return Finding(ATTENTION, "not known, since the configuration cannot be used", "Correct that first.")


def _is_open(path: Path) -> bool:
    """Tell whether other users may do anything with it; Windows has no such bits."""
    return sys.platform != "win32" and bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def _logged(log: Path) -> Iterator[tuple[float, str]]:
    """Yield the warnings and errors at the log's end: when (Unix seconds), and the line for a person."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        if found := _LOGGED.match(line):
            said = "".join(c if c.isprintable() else "?" for c in found[3])
            shown = said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"
            yield datetime.fromisoformat(found[1]).timestamp(), f"{found[1]} {found[2]} {shown}"


def _printed(program: Path, *arguments: str) -> str | None:
    """Return what a program prints, None where it fails or takes too long."""
    try:
        done = subprocess.run(  # noqa: S603 - LibreOffice's own programs
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else done.stdout


def _bounded(work: Callable[[], T]) -> T:
    """Return what the work returns. Raises what it raises, and TimeoutError where it takes too long: it is left behind."""
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            done.set_exception(error)

    Thread(target=run, name="doctor", daemon=True).start()
    return done.result(PATIENCE)
