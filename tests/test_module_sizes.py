"""A module is short; a long one says why it is one file."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("addin", "cli", "server", "protos", "workbook_templates", "tools", "deploy")
WRITTEN = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*.py")
    if "_pb2" not in path.name and "vendor" not in path.parts
)
LONG, TOO_LONG = 300, 400


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_short_or_says_why_it_is_one_file(path: Path) -> None:
    text = path.read_text("utf-8")
    lines = len(text.splitlines())
    assert lines <= TOO_LONG
    assert lines <= LONG or "one file" in (ast.get_docstring(ast.parse(text)) or "").lower()
