"""Which spreadsheets there are, whether the add-in is in them, and how their cells get figures."""

from __future__ import annotations

import os
import re
import sys

from basketgex.home import CELLS_LIVE, CELLS_PREFETCH, CELLS_VARIABLE
from basketgex_addin import patience, throttle
from basketgex_addin.calc import bridge
from basketgex_addin.calc import install as calc_install
from basketgex_addin.excel import install as excel_install
from basketgex_cli.context import START_COMMAND
from basketgex_cli.doctor.report import ATTENTION, ELSEWHERE, FAULT, OK, Facts, Finding, printed
from basketgex_server.shown import quoted

OLDEST_OFFICE = (25, 2)
"""The oldest LibreOffice that the add-in is made for."""
BLIND = (
    "Started from this shell it ends at the first formula: the virtual environment {folder} comes first on PATH and has no "
    "uno. Run deactivate, or run basketgex install calc from that environment."
)
_VERSION = re.compile(r"(\d+)\.(\d+)")


def libreoffice(facts: Facts) -> Finding:
    """Look for LibreOffice, and whether it is new enough and can load the add-in."""
    if (soffice := calc_install.find_soffice()) is None:
        if _excel_program():
            return Finding(OK, ELSEWHERE)
        return Finding(ATTENTION, "not found", "Install LibreOffice 25.2 or later.")
    if not (said := (printed(soffice, "--version") or "").strip()):
        return Finding(FAULT, f"{soffice} does not say its version", "Start LibreOffice to see why.")
    text = f"{said.splitlines()[0]} at {soffice}"
    version = _VERSION.search(said)
    if version and (int(version[1]), int(version[2])) < OLDEST_OFFICE:
        return Finding(ATTENTION, text, "Install LibreOffice 25.2 or later: this one is older.")
    if blind := bridge.blind_environment(os.environ):
        return Finding(ATTENTION, text, BLIND.format(folder=blind))
    return Finding(OK, text)


def excel(facts: Facts) -> Finding:
    """Look for Excel."""
    if found := _excel_program():
        return Finding(OK, found)
    if sys.platform != "win32" or calc_install.find_soffice():
        return Finding(OK, ELSEWHERE)
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


def calc_add_in(facts: Facts) -> Finding:
    """Look for the add-in in LibreOffice."""
    if calc_install.find_unopkg() is None:
        return Finding(OK, "no LibreOffice to have it")
    if facts.calc is None:
        return Finding(
            ATTENTION, "LibreOffice does not list its extensions", "Close LibreOffice, then look again."
        )
    if not facts.calc:
        return Finding(ATTENTION, "not installed", "Run basketgex install calc.")
    return Finding(OK, ", ".join(f"version {version}, {where}" for where, version in facts.calc.items()))


def excel_add_in(facts: Facts) -> Finding:
    """Look for the add-in in Excel, and whether it is this installation's."""
    try:
        profile = excel_install.this_profile()
    except excel_install.InstallError as error:
        if sys.platform != "win32":
            return Finding(OK, ELSEWHERE)
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


def cell_mode(facts: Facts) -> Finding:
    """Say how cells get their figures."""
    mode = facts.home.cell_mode()
    if mode not in (CELLS_PREFETCH, CELLS_LIVE):
        return Finding(
            FAULT, f"{quoted(mode)} is no mode", f"Set {CELLS_VARIABLE} to prefetch or live, or unset it."
        )
    return Finding(OK, mode)


def prefetch(facts: Facts) -> Finding:
    """Say whether cells are read ahead."""
    if os.environ.get(throttle.SWITCH) == "0":
        return Finding(
            ATTENTION, "off", f"Unset {throttle.SWITCH}: without reading ahead every cell makes its own call."
        )
    return Finding(OK, "on")


def deadline(facts: Facts) -> Finding:
    """Say how long a calculation waits."""
    said = os.environ.get(patience.VARIABLE, "")
    if said and patience.seconds_in(said) is None:
        return Finding(
            ATTENTION,
            f"{quoted(said)} is no number of seconds, so it is {patience.DEADLINE:g} s",
            f"Set {patience.VARIABLE} to seconds above 0 and up to {patience.LONGEST:g}, or unset it.",
        )
    return Finding(OK, f"{patience.deadline():g} s")
