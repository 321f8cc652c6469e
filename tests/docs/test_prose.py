"""Sentences that had to be read twice do not come back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("addin", "cli", "server", "protos", "docs", "tools", "workbook_templates")
TIMES = "half|second|minute|hour|day|week|month|year"
TWICE = {
    "one row per strike": rf"\b(?:a|one) (?:row|line|call|debit|file|weight|number) an? (?!{TIMES})[a-z]+\b",
    "that does not exist": r"that there is not\b|that there is nothing\b",
    "counts as absent": r"\b(?:that|which) is none\b|\bare none (?:either|too)\b",
}


def texts() -> dict[str, str]:
    paths = [*ROOT.glob("*.md"), *(path for name in FOLDERS for path in (ROOT / name).rglob("*"))]
    kept = [
        path
        for path in paths
        if path.suffix in {".py", ".md", ".proto", ".bas", ".cls"}
        and not {"vendor", ".venv"} & set(path.parts)
    ]
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in kept}


@pytest.mark.parametrize("instead", TWICE)
def test_no_sentence_has_to_be_read_twice(instead: str) -> None:
    found = texts()
    assert len(found) > 250
    said = [
        f"{name}: {match[0]}" for name, text in found.items() for match in re.finditer(TWICE[instead], text)
    ]
    assert not said, f"write such as: {instead}"


@pytest.mark.parametrize(
    ("instead", "sentence"),
    [
        ("one row per strike", "a row a strike besides"),
        ("one row per strike", "one debit a symbol"),
        ("that does not exist", "one that there is not is absent"),
        ("counts as absent", "where the text, which is none, stands"),
    ],
)
def test_such_a_sentence_would_be_found(instead: str, sentence: str) -> None:
    assert re.search(TWICE[instead], sentence)
