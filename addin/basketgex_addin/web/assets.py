"""Where the files lie that pages load: our own, and those of others that set-up fetched (see .ci/web-assets.json)."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from pathlib import Path

STATIC = Path(str(resources.files("basketgex_addin.web"))) / "static"
"""Our own pages, scripts and pictures."""
VENDOR = Path(str(resources.files("basketgex_addin.web"))) / "vendor"
"""The workbook of others: compressed, never in git."""
LISTED = "vendor.json"
"""What has to be in it, and which version that is; written beside the files as they are fetched."""


@cache
def version(folder: Path = VENDOR) -> str:
    """Return the version of the files of others, which stands in their address; "" where they are not all there."""
    try:
        listed = json.loads((folder / LISTED).read_text("utf-8"))
        whole = all((folder / f"{name}.gz").is_file() for name in listed["files"])
        return str(listed["version"]) if whole else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


@cache
def vendored(folder: Path = VENDOR) -> dict[str, bytes]:
    """Return the files of others by name, still compressed."""
    if not version(folder):
        return {}
    return {path.name.removesuffix(".gz"): path.read_bytes() for path in sorted(folder.glob("*.gz"))}


def kind(name: str) -> str:
    """Return the media type of a file by its name.

    >>> kind("sheet.js"), kind("icon.png")
    ('text/javascript; charset=utf-8', 'image/png')
    """
    return _KINDS.get(name.rpartition(".")[2], "application/octet-stream")


_KINDS = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}
