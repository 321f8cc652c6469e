"""What of Windows and of Excel's own settings keeps the add-in from working, pure: what is looked at is an argument.

Protected View and the Trust Center are Excel's; their values and keys are those that Microsoft documents for group policy.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from basketgex_addin import template_files
from basketgex_addin.excel import install as excel_install
from basketgex_addin.excel.install import DLLS, ExcelProfile
from basketgex_cli.doctor.report import ATTENTION, ELSEWHERE, FAULT, OK, Facts, Finding

MARK = ":Zone.Identifier"
"""The stream in which Windows notes that a file came from another machine."""
STRANGER = 3
"""The zone of the internet, from which on Excel distrusts a file; the intranet's and the trusted ones are below."""
OFFICES = ("14.0", "15.0", "16.0")
_USER, _MACHINE = "HKCU", "HKLM"
_BY_HAND = r"Software\Microsoft\Office\16.0\Excel\Security"
_BY_POLICY = r"Software\Policies\Microsoft\Office\16.0\Excel\Security"
_PLACES = ((_USER, _BY_POLICY), (_MACHINE, _BY_POLICY), (_USER, _BY_HAND))
"""Where Excel looks, the first that has a value decides."""
_INSTALLED = ("SOFTWARE", r"SOFTWARE\WOW6432Node")
_TRUST = "Excel, File, Options, Trust Center"
_FORBIDDING = (
    ("", "DisableAllAddins", "Excel's Trust Center turns all add-ins off", "Add-ins"),
    ("", "RequireAddinSig", "Excel's Trust Center demands signed add-ins, and this one is not", "Add-ins"),
    (
        r"\Trusted Locations",
        "AllLocationsDisabled",
        "Excel's Trust Center trusts no folder, so no macro of the add-in runs",
        "Trusted Locations",
    ),
)
_VBA_OFF = r"Software\Policies\Microsoft\Office\16.0\Common"

Read = Callable[[str, str, str], object]
"""Returns a value of the registry by root, key and name, None where there is none."""


@dataclass(frozen=True, slots=True)
class Windows:
    """What is looked at. ``read``: the registry. ``mark``: the text of a file's mark, None without one."""

    read: Read
    mark: Callable[[Path], str | None]
    profile: ExcelProfile
    encoding: str


def rules(facts: Facts) -> Finding:
    """Look at what of Windows and Excel would keep the add-in from working."""
    if sys.platform != "win32":
        return Finding(OK, ELSEWHERE)
    return summed(problems(Windows(_registry(), _mark, excel_install.this_profile(), "mbcs")))


def summed(found: Iterable[Finding]) -> Finding:
    """Return all of it as one finding: the first with its advice, the others below it."""
    findings = sorted(found, key=lambda finding: finding.state != FAULT)
    if not findings:
        return Finding(OK, "nothing of Windows or Excel stands in the way")
    first, *others = findings
    return Finding(
        first.state, "\n".join([first.found, *(more.sentences() for more in others)]), first.advice
    )


def problems(windows: Windows) -> Iterator[Finding]:
    """Yield a finding for everything that stands in the way."""
    yield from blocked(windows)
    yield from trust(windows)
    yield from excels(windows)
    yield from xlwings(windows)
    yield from names(windows)


def blocked(windows: Windows) -> Iterator[Finding]:
    """Yield files that Windows has marked as another machine's: Excel blocks their macros, or opens them in Protected View."""
    files = [windows.profile.add_in, *(windows.profile.python.with_name(name) for name in DLLS)]
    for path in files:
        if _is_strange(windows.mark(path)):
            yield Finding(
                FAULT,
                f"Windows blocks {path}, as a file from the internet",
                "Right-click it, Properties, Unblock; then start Excel anew.",
            )
    for folder in (windows.profile.user / "Documents", windows.profile.user / "Downloads"):
        for name in template_files.TEMPLATES:
            for path in sorted(folder.glob(f"{name}*.xlsx")):
                if _is_strange(windows.mark(path)):
                    yield Finding(
                        ATTENTION,
                        f"Excel opens {path} in Protected View, where nothing is calculated",
                        "Choose Enable Editing there.",
                    )


def _is_strange(mark: str | None) -> bool:
    for line in (mark or "").splitlines():
        name, _, zone = line.partition("=")
        if name.strip().casefold() == "zoneid" and zone.strip().isdecimal():
            return int(zone) >= STRANGER
    return False


def trust(windows: Windows) -> Iterator[Finding]:
    """Yield settings that forbid the add-in, of the Trust Center or of the firm's policy."""
    for below, name, found, page in _FORBIDDING:
        place, value = _first(windows.read, below, name)
        if value == 1:
            by_policy = place == _BY_POLICY
            yield Finding(
                FAULT,
                f"{found}{', by a policy' if by_policy else ''}",
                "Ask those who keep this machine." if by_policy else f"Allow it in {_TRUST}, {page}.",
            )
    if any(windows.read(root, _VBA_OFF, "VBAOff") == 1 for root in (_USER, _MACHINE)):
        yield Finding(
            FAULT, "VBA is turned off for all of Office, by a policy", "Ask those who keep this machine."
        )


def _first(read: Read, below: str, name: str) -> tuple[str, object]:
    for root, key in _PLACES:
        if (value := read(root, key + below, name)) is not None:
            return key, value
    return "", None


def excels(windows: Windows) -> Iterator[Finding]:
    """Yield what is wrong with the Excels of this machine: several, or one of 32 bits."""
    found: dict[str, str] = {}
    for software in _INSTALLED:
        for release in OFFICES:
            key = rf"{software}\Microsoft\Office\{release}\Excel\InstallRoot"
            if path := windows.read(_MACHINE, key, "Path"):
                found.setdefault(str(path).rstrip("\\").casefold(), f"{release} in {path}")
    if len(found) > 1:
        yield Finding(
            ATTENTION,
            f"there are several Excels: {', '.join(found.values())}",
            "The add-in is loaded by each: see that the one you start is of 64 bits.",
        )
    click_to_run = r"SOFTWARE\Microsoft\Office\ClickToRun\Configuration"
    if windows.read(_MACHINE, click_to_run, "Platform") == "x86":
        yield Finding(
            FAULT, "this Excel is of 32 bits, and the add-in is for 64", "Install the Excel of 64 bits."
        )


def xlwings(windows: Windows) -> Iterator[Finding]:
    """Yield another release of xlwings beside this one: its DLL, or its own add-in in Excel's start folder."""
    ours = {name.casefold() for name in DLLS}
    for folder in windows.profile.python.parents[:2]:
        for path in sorted(folder.glob("xlwings*.dll")):
            if path.name.casefold() not in ours:
                yield Finding(
                    ATTENTION,
                    f"{path} is of another xlwings: this add-in is made with {DLLS[0]}",
                    "Install basketgex into an environment of its own.",
                )
    other = windows.profile.add_in.with_name("xlwings.xlam")
    if other.is_file():
        yield Finding(
            ATTENTION,
            f"xlwings' own add-in is loaded too: {other}",
            "Where one of the two does not work, take that one out of Excel's start folder.",
        )


def names(windows: Windows) -> Iterator[Finding]:
    """Yield a profile folder whose name VBA cannot read."""
    text = str(windows.profile.user)
    for character in text:
        try:
            character.encode(windows.encoding)
        except UnicodeEncodeError:
            yield Finding(
                FAULT,
                f"the profile folder {text} has {character} in it, which is not in Windows' code page: VBA cannot read it",
                "Turn on Region, Administrative, Beta: Use Unicode UTF-8, or use another account.",
            )
            return


def _mark(path: Path) -> str | None:
    with suppress(OSError):
        return Path(f"{path}{MARK}").read_text("utf-8", "replace")
    return None


def _registry() -> Read:
    if sys.platform != "win32":
        return lambda root, key, name: None
    import winreg

    roots = {_USER: winreg.HKEY_CURRENT_USER, _MACHINE: winreg.HKEY_LOCAL_MACHINE}

    def read(root: str, key: str, name: str) -> object:
        with suppress(OSError), winreg.OpenKey(roots[root], key) as opened:
            return winreg.QueryValueEx(opened, name)[0]
        return None

    return read
