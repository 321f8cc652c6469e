"""A source is in every place where sources are named: whoever adds one is told which was forgotten."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from basketgex_addin.preferences import CHOICES, SOURCE
from basketgex_server.settings import SOURCES, explanations
from tests.contract.worlds import WORLDS

ROOT = Path(__file__).parents[2]


def written(path: str, pattern: str) -> str:
    """What a file says of the sources that there are."""
    found = re.search(pattern, (ROOT / path).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found, path
    return found[1]


@pytest.mark.parametrize(
    ("place", "named"),
    [
        ("WORLDS in tests/contract/worlds.py", {name.replace("_", "-") for name in WORLDS}),
        ("CHOICES in addin/basketgex_addin/preferences.py", {name for name, _ in CHOICES[SOURCE]}),
        (
            "the explanation of source in server/basketgex_server/settings.py",
            set(re.findall(r"[a-z]+(?:-[a-z]+)*", explanations()["source"].partition(": ")[2])) - {"or"},
        ),
        (
            "Origin in protos/basketgex/v1/exposure.proto",
            set(
                re.findall(
                    '"([^"]+)"', written("protos/basketgex/v1/exposure.proto", r"// Kind of source: (.*?)$")
                )
            ),
        ),
        (
            "docs/guide.md, Where figures come from",
            set(
                re.findall(
                    r"basketgex source ([a-z-]+)",
                    written("docs/guide.md", r"^## Where figures come from\n(.*?)^## "),
                )
            ),
        ),
    ],
)
def test_a_place_names_every_source(place: str, named: set[str]) -> None:
    assert named == set(SOURCES), f"complete {place}"
