"""The templates are what their script builds, and say nothing that a host cannot compute."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import openpyxl
import pytest

from basketgex_addin.functions import BY_NAME
from workbook_templates.book.contents import POSITIONS
from workbook_templates.book.layout import SEATS as POSITION_SEATS
from workbook_templates.build import TEMPLATES, build, main, parts, path
from workbook_templates.dispersion.contents import MEMBERS
from workbook_templates.dispersion.layout import SEATS as MEMBER_SEATS
from workbook_templates.scanner.layout import ALL, FILLED, ROOM, SEATS

# What the formulas use besides our functions: all of them in Excel 365 and in Calc 25.2.
OF_THE_HOSTS = {
    "_xlfn.NUMBERVALUE", "_xlfn.TEXTJOIN", "ABS", "AND", "CHAR", "COUNT", "COUNTA", "COUNTIF", "FIND", "FIXED", "IF", "IFERROR",
    "INDEX", "ISBLANK", "ISERR", "ISERROR", "ISNA", "ISNUMBER", "ISTEXT", "LARGE", "LEFT", "LEN", "MATCH", "MAX",
    "MID", "MIN", "NA", "NOT", "OR", "RANK", "ROUND", "SUBSTITUTE", "SUM", "SUMIF", "SUMIFS", "SUMPRODUCT", "TEXT",
    "TRIM", "UPPER",
}  # fmt: skip
EVERYWHERE = {"GEX", "CHEX", "Sign", "Regime", "As of", "Errors", "Synthetic"}
"""Terms that every sheet of notes explains."""


@cache
def inside(name: str) -> dict[str, str]:
    return {part: data.decode() for part, data in parts(path(name).read_bytes()).items()}


def sheets(name: str) -> dict[str, str]:
    """Each sheet's XML by its name, in the workbook's order."""
    names = re.findall(r'<sheet name="([^"]+)"', inside(name)["xl/workbook.xml"])
    return {sheet: inside(name)[f"xl/worksheets/sheet{i}.xml"] for i, sheet in enumerate(names, 1)}


def formulas(xml: str) -> list[str]:
    return re.findall(r"<(?:f|formula|xm:f)(?: [^>]*)?>([^<]+)</", xml)


def called(formula: str) -> set[str]:
    without_texts = re.sub(r"&quot;.*?&quot;|\"[^\"]*\"", "", formula)
    return set(re.findall(r"([A-Za-z_.][\w.]*)\(", without_texts))


def all_called(name: str) -> set[str]:
    return {call for xml in inside(name).values() for formula in formulas(xml) for call in called(formula)}


@pytest.fixture(params=TEMPLATES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_building_twice_gives_the_same_bytes(name: str) -> None:
    assert build(name) == build(name)


def test_the_committed_templates_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().out


def test_a_template_that_is_not_current_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("workbook_templates.build.path", lambda name: tmp_path / f"{name}.xlsx")
    assert main(["--check"]) == 1
    assert capsys.readouterr().out.startswith(f"{next(iter(TEMPLATES))}.xlsx, ")
    assert main([]) == 0
    (tmp_path / "book.xlsx").write_bytes(build("dispersion"))
    assert main(["--check"]) == 1
    said = "book.xlsx: not what the script builds. Run make templates and commit.\n"
    assert capsys.readouterr().out == said


def test_all_of_them_are_in_the_distribution() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included == {
        f"workbook_templates/{name}.xlsx": f"basketgex_addin/templates/{name}.xlsx" for name in TEMPLATES
    }


def test_formulas_call_only_our_functions_and_those_of_both_hosts(name: str) -> None:
    ours = all_called(name) - OF_THE_HOSTS
    assert ours
    assert ours <= set(BY_NAME)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (
            "sector_scanner",
            "BASKET BASKETGEX BASKETREGIME BASKETSINCE BASKETPERCENTILE BASKETHISTORY BASKETSTATUS BASKETAGE BASKETWHY",
        ),
        ("book", "BASKET BASKETGEX BASKETREGIME BASKETCOVERAGE BASKETFLOW BASKETSTATUS BASKETAGE BASKETWHY"),
        (
            "dispersion",
            "BASKET SYMBOLGEX BASKETGEX BASKETTOTAL BASKETBREADTH BASKETSINCE BASKETAGE DISPERSION",
        ),
        (
            "profile",
            "BASKETPROFILE BASKETFLIP GEXPROFILE GEXSTRIKES GEXLEVELS BASKETGEX BASKETSTATUS BASKETWHY",
        ),
        (
            "hedge",
            "BASKETLADDER BASKETHEDGE CHARMCLOCK BASKETEXPIRIES BASKETSTRIKES BASKETBETA BASKETBALANCE BASKETMISSING",
        ),
    ],
)
def test_what_each_asks(name: str, wanted: str) -> None:
    assert set(wanted.split()) <= all_called(name)


def test_no_macros_and_nothing_from_outside(name: str) -> None:
    assert not [part for part in inside(name) if "vba" in part.lower() or "external" in part.lower()]
    assert "macro" not in inside(name)["[Content_Types].xml"].lower()


def test_no_formula_has_a_cached_value(name: str) -> None:
    # Calc would keep it and not compute.
    for sheet, xml in sheets(name).items():
        assert len(re.findall(r"</f>", xml)) == len(re.findall(r"</f><v></v>|</f></c>", xml)), sheet
        assert "<v>0</v></c>" not in re.sub(r'<c [^>]*t="s"><v>0</v></c>', "", xml), sheet


def test_tables_spill(name: str) -> None:
    """What gives a table is never a plain formula: Excel would show its first cell only."""
    tables = {function.name for function in BY_NAME.values() if function.shape.value == "table"}
    for sheet, xml in sheets(name).items():
        for kind, formula in re.findall(r"<f( [^>]*)?>([^<]+)</f>", xml):
            if called(formula) & tables and "INDEX" not in formula:
                assert 't="array"' in kind, f"{sheet}: {formula}"


def test_heads_stay_in_sight_on_screen_and_on_paper(name: str) -> None:
    for sheet, xml in sheets(name).items():
        assert 'state="frozen"' in xml, sheet
        assert 'orientation="landscape"' in xml and "<pageSetUpPr fitToPage" in xml, sheet
        assert ('fitToHeight="0"' in xml) == (sheet in ("Detail", "Notes", "Positions")), sheet
        assert "<mergeCell" not in xml, sheet
    # Repeated on paper the head makes Calc draw page breaks through the figures on the screen.
    assert "_xlnm.Print_Titles" not in inside(name)["xl/workbook.xml"]


def test_no_line_of_what_is_frozen_runs_through_a_title(name: str) -> None:
    """Where columns are frozen as well as rows, the title stands right of them."""
    for sheet, xml in sheets(name).items():
        pane = re.search(r"<pane ([^>]*)/>", xml)
        assert pane is not None, sheet
        columns = int((re.search(r'xSplit="(\d+)"', pane[1]) or [0, 0])[1])
        titles = re.findall(r'<c r="([A-Z])1"[^>]*><(?:v|is|f)', xml)
        assert not columns or ord(titles[0]) - ord("A") >= columns, sheet


# openpyxl does not know Excel's own extensions, which data bars need.
@pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")
def test_notes_explain_units_and_signs_and_all_of_it_can_be_read(name: str) -> None:
    notes = openpyxl.load_workbook(path(name))["Notes"]
    found = {str(row[1].value): (str(row[2].value), row[0].row) for row in notes.iter_rows(min_row=4)}
    assert set(found) >= EVERYWHERE
    assert "puts −" in found["Sign"][0] and "not the dealers'" in found["Sign"][0]
    for word in ("DEX", "VEX", "CHEX"):  # plain sums under the default convention
        assert "ealer" not in found.get(word, ("", 0))[0]
    for text, row in found.values():
        height = notes.row_dimensions[row].height
        assert height is not None and height >= 14 * len(text) / 160, text


def test_the_front_sheet_says_when_figures_are_synthetic(name: str) -> None:
    front = next(iter(sheets(name)))
    assert 'LEFT($B$2,9)="SYNTHETIC"' in sheets(name)[front]


def test_a_minus_stays_a_minus(name: str) -> None:
    codes = re.findall(
        r'<numFmt [^>]*formatCode="(.+?)"/>', inside(name)["xl/styles.xml"].replace("&quot;", '"')
    )
    signed = [code.split(";") for code in codes if code.startswith('"+"')]
    assert signed
    assert all(negative == positive.replace("+", "−") for positive, negative, _ in signed)


def test_every_sector_has_its_own_block_and_room_for_its_names() -> None:
    detail = sheets("sector_scanner")["Detail"]
    array = (
        r'<c r="[A-Z]+\d+"[^>]* cm="1"[^>]*><f t="array" ref="(B\d+:K\d+)">IF\(\S+=0,&quot;&quot;,BASKET\('
    )
    assert re.findall(array, detail.replace('""', "&quot;&quot;")) == [
        f"B{sector.block.first + 1}:K{sector.block.first + SEATS}" for sector in ALL
    ]
    assert len(FILLED) < len(ALL) == ROOM
    assert all(len(set(sector.symbols)) == len(sector.symbols) < SEATS for sector in FILLED)


def test_the_book_asks_one_price_per_row_and_three_legs_over_all_rows() -> None:
    detail = "".join(formulas(sheets("book")["Detail"]))
    assert POSITION_SEATS == 100
    assert all(f"BASKET(Positions!$B${8 + seat})" in detail for seat in range(POSITION_SEATS))
    front = formulas(sheets("book")["Book"])
    for names, weights in ("QR", "ST", "UV"):
        asked = f"BASKETGEX(Detail!${names}$6:${names}$105,Detail!${weights}$6:${weights}$105)"
        assert sum(asked in formula for formula in front) == 1
    assert len(POSITIONS) < POSITION_SEATS and {unit for *_, unit in POSITIONS} == {"$", "%", "shares"}


def test_the_dispersion_sheet_asks_for_all_members_and_takes_no_difference() -> None:
    found = sheets("dispersion")
    arguments = "Members!$B$8:$B$127,Members!$C$8:$C$127"
    assert f'ref="B6:K125">BASKET({arguments})' in found["Detail"]
    assert f'ref="C9:F9">BASKETTOTAL({arguments})' in found["Dispersion"]
    # Fourteen figures, and each member's contribution.
    assert re.search(r'ref="AD6:AE139">IF\(.*?,DISPERSION\(', found["Detail"])
    assert f"DISPERSION(Members!$C$4,{arguments},Dispersion!$C$18)" in found["Detail"]
    assert not [
        formula for formula in formulas(found["Dispersion"]) if re.search(r"\)-\$?[A-Z]|\d-\$", formula)
    ]
    assert len(MEMBERS) < MEMBER_SEATS == 120


def test_a_rewrite_sees_every_formula_once_it_is_written() -> None:
    seen: list[str] = []

    def note(formula: str) -> str:
        seen.append(formula)
        return formula

    build("sector_scanner", note)
    assert sum("BASKETGEX(" in formula for formula in seen) == len(ALL)
    assert sum("BASKET(" in formula for formula in seen) == len(ALL)
