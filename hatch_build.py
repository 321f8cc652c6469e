"""Build ``basketgex.xlam`` with the wheel, and with an editable install: it carries xlwings' VBA, so it is not committed."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = ("addin", "protos")


class AddInBuilder(BuildHookInterface[Any]):
    """Puts the Excel add-in where the package looks for it, from what ``build-system.requires`` names and nothing else."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the add-in into the source tree and have the wheel take it along. Raises TemplateChanged as ``xlam.build``."""
        root = Path(self.root)
        sys.path[:0] = [str(root / source) for source in SOURCES]
        xlam: Any = import_module("basketgex_addin.excel.xlam")
        xlam.XLAM.write_bytes(xlam.build())
        # git ignores the file, and hatchling what git ignores.
        build_data["artifacts"].append(f"/{xlam.XLAM.relative_to(root).as_posix()}")
