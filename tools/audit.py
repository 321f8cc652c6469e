"""Ask pip-audit about the locked packages: `python -m tools.audit`.

Ends with 0 where its database knows no weakness, with 1 where it knows one that a newer release mends, and with NOT_ASKED where
it gave no answer: want of a network says nothing about the packages.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.lockfile import LOCKS

NOT_ASKED = 3
PATIENCE = 120.0  # seconds; a hundred packages take ten where the network is there

UNREACHED = "the database of weaknesses is not reached from here, so nothing is known about the packages."
UNKNOWN = "the database that is reached from here knows none of the packages, which says nothing about them."
REMEDY = "Take the newer release: make lock ARGS='--upgrade-package NAME'."


def verdict(report: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Return the exit code and the sentences for a report of pip-audit, as its JSON says it."""
    answered = [each for each in report["dependencies"] if "skip_reason" not in each]
    if not answered:
        return NOT_ASKED, [UNKNOWN]
    mended, sentences = False, []
    for package in answered:
        for weakness in package["vulns"]:
            fixes = weakness["fix_versions"]
            mended = mended or bool(fixes)
            remedy = f"mended in {', '.join(fixes)}" if fixes else "no release mends it yet"
            sentences.append(f"{package['name']} {package['version']}: {weakness['id']}, {remedy}.")
    unknown = sorted(each["name"] for each in report["dependencies"] if "skip_reason" in each)
    if unknown:
        sentences.append(f"Not known to the database: {', '.join(unknown)}.")
    return (1, [*sentences, REMEDY]) if mended else (0, sentences)


def ask(lock: Path = LOCKS / "dev.txt") -> tuple[int, list[str]]:
    """Run pip-audit over all that a lock names; return what `verdict` does."""
    source = ["--requirement", str(lock), "--require-hashes", "--disable-pip"]
    form = ["--format", "json", "--progress-spinner", "off"]
    command = [sys.executable, "-m", "pip_audit", *source, *form]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        return verdict(json.loads(answer.stdout))
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        pass
    # A failure has one exit code, whatever failed. This one asks nobody, so it fails only for what is wrong here.
    rehearsal = subprocess.run([*command, "--dry-run"], capture_output=True, text=True)
    if rehearsal.returncode != 0:
        return 1, ["pip-audit cannot read the lock.", *rehearsal.stderr.splitlines()[-1:]]
    return NOT_ASKED, [UNREACHED]


def main() -> int:
    """Print the sentences, return the exit code."""
    code, sentences = ask()
    print(*sentences, sep="\n", end="\n" if sentences else "")
    return code


if __name__ == "__main__":
    sys.exit(main())
