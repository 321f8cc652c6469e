"""What a self-contained .oxt carries beside the extension: the packages that the add-in imports, under ``pythonpath``.

LibreOffice puts that folder on Python's path. grpc is compiled: such a file is for the platform and the Python it was built
with, and its name should say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

from basketgex_addin import template_files

FOLDER = "pythonpath"
PACKAGES = ("basketgex", "basketgex_addin", "grpc", "google.protobuf", "google._upb")
MODULES = ("typing_extensions",)
DISTRIBUTIONS = ("basketgex", "grpcio", "protobuf", "typing_extensions")
"""Whose licences go with them."""
TEMPLATES = "basketgex_addin/templates"
_LEFT_OUT = ("__pycache__", "basketgex_addin/excel", TEMPLATES)
_KINDS = (".py", ".so", ".pyd", ".pem", ".xlsx")


def parts() -> Iterator[tuple[str, bytes]]:
    """Yield each file's name in the extension, and its content, in a fixed order."""
    for name in DISTRIBUTIONS:
        yield from _licences(name)
    for package in PACKAGES:
        spec = find_spec(package)
        for root in sorted(spec.submodule_search_locations or ()) if spec is not None else ():
            above = Path(root).parents[package.count(".")]
            for path in sorted(Path(root).rglob("*")):
                name = path.relative_to(above).as_posix()
                if path.suffix in _KINDS and not any(part in f"{name}/" for part in _LEFT_OUT):
                    yield f"{FOLDER}/{name}", path.read_bytes()
    for module in MODULES:
        spec = find_spec(module)
        if spec is not None and spec.origin is not None:
            yield f"{FOLDER}/{Path(spec.origin).name}", Path(spec.origin).read_bytes()
    for template in template_files.TEMPLATES:
        found = template_files.find(template)
        if found is not None:
            yield f"{FOLDER}/{TEMPLATES}/{found.name}", found.read_bytes()


def _licences(name: str) -> Iterator[tuple[str, bytes]]:
    for file in sorted(distribution(name).files or ()):
        if file.parent.name.endswith((".dist-info", "licenses")) and file.name in ("LICENSE", "NOTICE"):
            yield f"licences/{name}/{file.name}", file.read_binary()
