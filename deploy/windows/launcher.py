"""`basketgex.exe`, which works wherever its folder `python` is beside it: distlib's launcher and the wheel's own command."""

from __future__ import annotations

import zipfile
from configparser import ConfigParser
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

LAUNCHER = "t64.exe"
_MAIN = (
    "import sys\nfrom {module} import {function}\nif __name__ == '__main__':\n    sys.exit({function}())\n"
)


def made(wheel: Path) -> bytes:
    """Return the program."""
    module, _, function = _entry_point(wheel).partition(":")
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        main = zipfile.ZipInfo("__main__.py", (1980, 1, 1, 0, 0, 0))
        archive.writestr(main, _MAIN.format(module=module, function=function))
    found = find_spec("distlib")
    stub = Path(str(found and found.origin)).with_name(LAUNCHER).read_bytes()
    return stub + b"#!<launcher_dir>\\python\\python.exe\n" + packed.getvalue()


def _entry_point(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/entry_points.txt"))
        parsed = ConfigParser()
        parsed.read_string(archive.read(name).decode("utf-8"))
    return parsed["console_scripts"]["basketgex"]
