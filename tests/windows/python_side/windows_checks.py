"""How the Windows side states and runs its checks."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from basketgex.home import Home, Runtime


@dataclass(frozen=True)
class Stage:
    """What a check is given: a folder of its own, and what the Linux side told."""

    folder: Path
    linux: dict[str, Any]

    @cached_property
    def runtime(self) -> Runtime:
        """The Linux server's, as that of a Windows one."""
        return Runtime(str(self.linux["address"]), 1, str(self.linux["version"]), "linux")

    def home(self, *, told: bool = False) -> Home:
        """Return a new home; ``told``: it says where the Linux server listens and has its token."""
        home = Home(self.folder / "home")
        home.create()
        if told:
            home.token_file.write_text(str(self.linux["token"]), "ascii")
            home.write_runtime(self.runtime)
        return home


Check = Callable[[Stage], None]
CHECKS: list[Check] = []


def check(work: Check) -> Check:
    CHECKS.append(work)
    return work


def run(folder: Path, checks: Sequence[Check]) -> int:
    """Run the checks, print a line for each, and return how the program ends."""
    linux = json.loads((folder / "linux.json").read_text("utf-8"))
    failed = 0
    for number, work in enumerate(checks):
        own = folder / f"{number}"
        own.mkdir()
        began = time.monotonic()
        try:
            work(Stage(own, linux))
        except Exception as error:  # noqa: BLE001 - a check may fail in any way
            failed += 1
            where = traceback.extract_tb(error.__traceback__)[-1]
            reason = " ".join(str(error).split()) or where.line
            print(
                f"FAILED {work.__name__}: {type(error).__name__}: {reason} ({Path(where.filename).name}:{where.lineno})",
                flush=True,
            )
        else:
            print(f"ok {work.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


def same(found: Any, expected: Any) -> None:
    """Demand the same cells to the bit, a scalar and a table of one cell being the same."""
    got, wanted = list(_cells(found)), list(_cells(expected))
    assert got == wanted, f"{got} instead of {wanted}"


def _cells(value: Any) -> list[str]:
    if isinstance(value, list | tuple):
        return [cell for row in value for cell in _cells(row)]
    return [value.hex() if isinstance(value, float) else repr(value)]
