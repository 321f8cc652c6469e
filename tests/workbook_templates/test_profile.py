"""What is particular to the template profile."""

from __future__ import annotations

import re

import pytest

from tests.workbook_templates.test_watchlist_status import sheets, spilled
from workbook_templates.build import TEMPLATES, build, parts, path
from workbook_templates.profile import contents
from workbook_templates.profile.layout import BASKET, DRAWN, LARGEST, LOW, POINTS, SEATS, STRIKES

Area = tuple[int, int, int, int]
"""First row, first column, last row, last column, counted from 0."""


def test_what_it_spills_and_where() -> None:
    detail, front = spilled(sheets("profile")["Detail"]), spilled(sheets("profile")["Profile"])
    reach = '"GEX",1+Profile!$C$15,1+Profile!$C$16,81'
    for area, asked in (
        ("C6:D86", f"BASKETPROFILE({BASKET},{reach})"),
        ("H6:I86", f"GEXPROFILE(Profile!$B$8,{reach})"),
        ("S6:X805", "GEXSTRIKES(Profile!$B$8)"),
        ("AI9:AL9", f"BASKETFLIP({BASKET})"),
        ("AN6:AS13", "GEXLEVELS(Profile!$B$8)"),
    ):
        assert asked in detail[area]
    assert BASKET == "Profile!$B$21:$B$70,Profile!$C$21:$C$70"
    assert front == {}
    assert (POINTS, STRIKES, SEATS) == (81, 800, 50)


def test_of_the_one_name_nothing_is_asked_before_the_baskets() -> None:
    """Each question about it would else be a source call of its own."""
    seen: list[str] = []
    build("profile", lambda formula: seen.append(formula) or formula)  # type: ignore[func-returns-value]
    alone = [f for f in seen if re.search(r"(GEXPROFILE|GEXSTRIKES|GEXLEVELS)\(", f) and "BASKETWHY" not in f]
    levels, curve, strikes = sorted(alone, key=lambda formula: re.search("GEX[LPS]", formula)[0])  # type: ignore[index]
    assert all(formula.startswith("=IF(Detail!$AI$12=1,") for formula in (levels, strikes))
    assert "=IF(ISERROR(Detail!$AI$10),1,1)" in seen
    assert "ISTEXT(Detail!$AI$13)" in curve  # which waits for the strikes
    assert any(formula.startswith("=IF(OR(") and "ISNUMBER(Detail!$S$6)" in formula for formula in seen)


def test_the_example_fits_and_its_one_name_is_of_the_list_but_need_not_be() -> None:
    front = sheets("profile")["Profile"]
    assert contents.CHOSEN in dict(contents.NAMES) and len(contents.NAMES) < SEATS
    (validation,) = re.findall(r"<dataValidation .*?</dataValidation>", front)
    assert "<formula1>$B$21:$B$70</formula1>" in validation and "showErrorMessage" not in validation
    assert LARGEST <= DRAWN


def test_the_curves_are_drawn_by_sign_and_marked_at_the_flip() -> None:
    drawn = {
        part: data.decode() for part, data in parts(path("profile").read_bytes()).items() if "charts/" in part
    }
    curves = [xml for xml in drawn.values() if "<c:scatterChart>" in xml]
    assert len(curves) == 2
    for xml, (above, below), mark in zip(curves, (("E", "F"), ("J", "K")), (6, 10), strict=True):
        heights = re.findall(r"<c:yVal><c:numRef><c:f>Detail!([^<]+)</c:f>", xml)
        assert heights == [
            f"${above}$6:${above}$86",
            f"${below}$6:${below}$86",
            f"$P${mark}:$P${mark + 1}",
            f"$P${mark}",
            f"$P${mark + 2}",
        ]
        assert f"<c:f>Detail!$M${mark}</c:f>" in xml  # what is written at the mark
        assert xml.count('<c:tickLblPos val="low"/>') == 2  # the axes cross at no move and no gamma
        assert "<c:min" not in xml and "<c:max" not in xml


def covered(name: str) -> list[Area]:
    """The cells that the front sheet's charts lie on."""
    drawing = parts(path(name).read_bytes()).get("xl/drawings/drawing1.xml", b"").decode()
    corner = (
        r"<xdr:col>(\d+)</xdr:col><xdr:colOff>(-?\d+)</xdr:colOff><xdr:row>(\d+)</xdr:row><xdr:rowOff>(-?\d+)"
    )
    found = []
    for left, _, top, _, right, right_over, bottom, bottom_over in re.findall(
        f"<xdr:from>{corner}.*?<xdr:to>{corner}", drawing
    ):
        over = (int(bottom) - (bottom_over == "0"), int(right) - (right_over == "0"))
        found.append((int(top), int(left), *over))
    return found


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_chart_lies_on_another_or_on_a_cell_that_says_something(name: str) -> None:
    charts = covered(name)
    assert charts or name == "status"
    for i, (top, left, bottom, right) in enumerate(charts):
        for other in charts[:i]:
            assert top > other[2] or other[0] > bottom or left > other[3] or other[1] > right
        filled = re.findall(r'<c r="([A-Z]+)(\d+)"[^>]*>(?:<f|<v|<is)', next(iter(sheets(name).values())))
        for letters, row in filled:
            column = sum((ord(c) - 64) * 26**i for i, c in enumerate(reversed(letters))) - 1
            assert not (top < int(row) <= bottom + 1 and left <= column <= right), f"{letters}{row}"


def test_the_range_and_its_limits_are_explained() -> None:
    notes = dict(contents.NOTES)
    assert "volatility and open interest fixed" in notes["Curve"]
    assert f"{POINTS} points" in notes["Range"] and f"{STRIKES} strikes" in notes["Strikes"]
    assert f"the {DRAWN} strikes" in notes["Strikes"]
    assert LOW == "Profile!$C$15"
