"""The template is what its script builds, and says nothing that a host cannot compute."""

from __future__ import annotations

import re

import pytest

from basketgex_addin.functions import BY_NAME
from workbook_templates.build import TEMPLATE, build, main, parts
from workbook_templates.layout import ALL, SEATS

# What the formulas use besides our functions: all of them in Excel 365 and in Calc 25.2.
OF_THE_HOSTS = {
    "_xlfn.TEXTJOIN", "ABS", "AND", "COUNT", "COUNTIF", "IF", "IFERROR", "INDEX", "ISERR", "ISERROR", "ISNA", "ISNUMBER",
    "ISTEXT", "MATCH", "MAX", "MIN", "RANK", "SEARCH", "SIGN", "SUM", "SUMIF", "TEXT",
}  # fmt: skip

SHEETS = ("Scanner", "Members", "Detail", "Notes")


@pytest.fixture(scope="module")
def inside() -> dict[str, str]:
    return {name: part.decode() for name, part in parts(TEMPLATE.read_bytes()).items()}


def sheet(inside: dict[str, str], name: str) -> str:
    return inside[f"xl/worksheets/sheet{SHEETS.index(name) + 1}.xml"]


def formulas(xml: str) -> list[str]:
    return re.findall(r"<(?:f|formula|xm:f)(?: [^>]*)?>([^<]+)</", xml)


def called(formula: str) -> set[str]:
    without_texts = re.sub(r"&quot;.*?&quot;|\"[^\"]*\"", "", formula)
    return set(re.findall(r"([A-Za-z_.][\w.]*)\(", without_texts))


def test_building_twice_gives_the_same_bytes() -> None:
    assert build() == build()


def test_the_committed_template_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().out


def test_formulas_call_only_our_functions_and_those_of_both_hosts(inside: dict[str, str]) -> None:
    names: set[str] = set()
    for xml in inside.values():
        for formula in formulas(xml):
            names |= called(formula)
    ours = {name for name in names if name not in OF_THE_HOSTS}
    assert ours <= set(BY_NAME)
    assert {
        "BASKET",
        "BASKETGEX",
        "BASKETDEX",
        "BASKETVEX",
        "BASKETCHEX",
        "BASKETREGIME",
        "BASKETSTATUS",
    } <= ours


def test_no_macros_and_nothing_from_outside(inside: dict[str, str]) -> None:
    assert not [name for name in inside if "vba" in name.lower() or "external" in name.lower()]
    assert "macro" not in inside["[Content_Types].xml"].lower()


def test_no_formula_has_a_cached_value(inside: dict[str, str]) -> None:
    # Calc would keep it and not compute.
    for name in SHEETS:
        xml = sheet(inside, name)
        assert len(re.findall(r"</f>", xml)) == len(re.findall(r"</f><v></v>|</f></c>", xml)), name
        assert "<v>0</v></c>" not in re.sub(r'<c [^>]*t="s"><v>0</v></c>', "", xml), name


def test_every_sector_has_its_own_block_and_room_for_its_names(inside: dict[str, str]) -> None:
    detail = sheet(inside, "Detail")
    blocks = re.findall(r'<c r="[A-Z]+\d+"[^>]* cm="1"[^>]*><f t="array" ref="(B\d+:K\d+)">BASKET\(', detail)
    assert blocks == [f"B{sector.first + 1}:K{sector.first + SEATS}" for sector in ALL]
    assert all(len(sector.symbols) <= SEATS for sector in ALL)
    assert all(len(set(sector.symbols)) == len(sector.symbols) for sector in ALL)


def test_a_rewrite_sees_every_formula_once_it_is_written() -> None:
    seen: list[str] = []

    def note(formula: str) -> str:
        seen.append(formula)
        return formula

    build(note)
    assert sum(formula.startswith("=BASKETGEX(") for formula in seen) == len(ALL)
    assert sum(formula.startswith("=BASKET(") for formula in seen) == len(ALL)
