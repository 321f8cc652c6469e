"""Whether the web host serves, and whether Excel through Office.js finds it."""

from __future__ import annotations

from datetime import UTC, datetime

from basketgex import __version__
from basketgex_addin.web import assets
from basketgex_addin.web.office_files import OfficeFiles
from basketgex_cli.doctor.report import ATTENTION, FAULT, OK, Facts, Finding

AGAIN = "Run basketgex install office again."
START = "Run basketgex web --no-browser, or log in anew."


def web_host(facts: Facts) -> Finding:
    """Look at the host of the browser workbook."""
    running = facts.home.web()
    if running is None:
        if not assets.version():
            return Finding(
                ATTENTION,
                "none runs, and the workbook's files are missing",
                "Run make run in the checkout while online.",
            )
        return Finding(OK, "none runs: basketgex web starts it")
    text = f"at {running.http}, process {running.pid}, version {running.version}"
    if running.version != __version__:
        return Finding(
            FAULT, f"{text}, not this installation's {__version__}", "End it, then run basketgex web again."
        )
    return Finding(OK, text)


def office(facts: Facts) -> Finding:
    """Look at the add-in of Excel through Office.js: its files, its certificate, and whether Excel is answered."""
    files = OfficeFiles(facts.home)
    if (installed := files.installed()) is None:
        return Finding(OK, "not installed")
    from basketgex_addin.web import certificates

    try:
        files.context()
        known = certificates.facts(files.authority.read_bytes())
    except (OSError, ValueError):
        return Finding(FAULT, "installed, but its certificate is missing or spoilt", AGAIN)
    until = f"certificate until {known.until:%Y-%m-%d}"
    if known.is_due(datetime.fromtimestamp(facts.now(), UTC)):
        return Finding(ATTENTION, f"installed, {until}", AGAIN)
    if not files.manifest.is_file():
        return Finding(FAULT, f"installed, {until}, but its manifest is missing", AGAIN)
    text = f"installed for Excel on {'the web' if installed.web else 'this computer'} (preview), {until}"
    if "trust" not in installed.steps:
        return Finding(
            ATTENTION, f"{text}, not trusted by this computer", f"Let your browser trust {files.authority}."
        )
    running = facts.home.web()
    if running is None:
        return Finding(ATTENTION, f"{text}, but the web host does not run", START)
    if running.https != files.origin():
        return Finding(ATTENTION, f"{text}, but the web host was started before it", f"End it. {START}")
    if "login" not in installed.steps:
        return Finding(ATTENTION, f"{text}, answered now, but not started at login", AGAIN)
    return Finding(OK, f"{text}, answered at {running.https}")
