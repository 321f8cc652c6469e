"""The VBA project of the built .xlam, by module."""

from __future__ import annotations

import warnings
from importlib import import_module

from basketgex_addin.excel import xlam


def modules(built: bytes) -> dict[str, str]:
    """Return the VBA by module, as oletools reads it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # oletools calls its own dependency by old names
        olevba = import_module("oletools.olevba")
    parser = olevba.VBA_Parser(xlam.XLAM.name, data=built)
    try:
        return {
            name.rpartition(".")[0]: code.replace("\r\n", "\n")
            for _, _, name, code in parser.extract_macros()
            if name.endswith((".bas", ".cls"))
        }
    finally:
        parser.close()
