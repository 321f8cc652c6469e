"""Makes ``shim_crt.dll`` with Debian's mingw and puts it into an installed tree: see ``shim_crt``."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.windows import shim_crt

COMPILER = "x86_64-w64-mingw32-gcc"


def source() -> str:
    """Return the C: MSVC passes a complex as a structure of two numbers, and its long double is a double."""
    lines = ["#include <complex.h>"]
    for kind, letter in (("double", "D"), ("float", "F")):
        lines += [
            f"typedef struct {{ {kind} re, im; }} {letter};",
            f"typedef union {{ {letter} plain; {kind} _Complex number; }} {letter}u;",
            f"static {kind} _Complex in{letter}({letter} z) {{ {letter}u u; u.plain = z; return u.number; }}",
            f"static {letter} out{letter}({kind} _Complex z) {{ {letter}u u; u.number = z; return u.plain; }}",
        ]
    for suffix in shim_crt.SUFFIXES:
        f, letter = ("f", "F") if suffix == "f" else ("", "D")
        for name in shim_crt.OF_ONE:
            real = name in ("cabs", "carg", "creal", "cimag")
            result = {"F": "float", "D": "double"}[letter] if real else letter
            call = f"{name}{f}(in{letter}(z))"
            body = call if real else f"out{letter}({call})"
            lines.append(
                f"__declspec(dllexport) {result} shim_{name}{suffix}({letter} z) {{ return {body}; }}"
            )
        lines.append(
            f"__declspec(dllexport) {letter} shim_cpow{suffix}({letter} a, {letter} b) "
            f"{{ return out{letter}(cpow{f}(in{letter}(a), in{letter}(b))); }}"
        )
    return "\n".join(lines) + "\n"


def put(site: Path) -> None:
    """Put the three files into a site-packages folder."""
    code = site / "shim_crt.c"
    code.write_text(source())
    subprocess.run(
        [COMPILER, "-shared", "-static", "-O1", "-o", str(site / "shim_crt.dll"), str(code), "-lm"],
        check=True,
    )
    code.unlink()
    shutil.copy(Path(shim_crt.__file__), site / "shim_crt.py")
    (site / "shim_crt.pth").write_text("import shim_crt\n")
