"""What is particular to the templates watchlist and status."""

from __future__ import annotations

import re
from functools import cache

import pytest

from basketgex_addin.cells import LEVELS
from workbook_templates.build import build, parts, path
from workbook_templates.levels import LEVELS as LEVEL_ROWS
from workbook_templates.scanner.contents import SECTORS
from workbook_templates.status import contents as status
from workbook_templates.status.layout import FIRST as FIRST_BASKET
from workbook_templates.status.layout import SEATS as BASKET_SEATS
from workbook_templates.watchlist import contents as watchlist
from workbook_templates.watchlist.layout import BASKET, DAYS, DRAWN, SEATS, SHOWN

NEVER_AFTER_REFRESH = ("BASKETREFRESH", "BASKETAGE", "BASKETWHY(Watchlist!$P$27,")
"""What the refresh waits for, is recalculated every time, or speaks of one name."""


@cache
def sheets(name: str) -> dict[str, str]:
    """Each sheet's XML by its name."""
    inside = {part: data.decode() for part, data in parts(path(name).read_bytes()).items()}
    names = re.findall(r'<sheet name="([^"]+)"', inside["xl/workbook.xml"])
    return {sheet: inside[f"xl/worksheets/sheet{i}.xml"] for i, sheet in enumerate(names, 1)}


def spilled(xml: str) -> dict[str, str]:
    """The range of every spill, and its formula without what makes it wait for the refresh."""
    found = re.findall(r'<c [^>]* cm="1"[^>]*><f t="array" ref="([^"]+)">([^<]+)</f>', xml)
    return {area: re.sub(r"^IF\(LEN\(Detail!\$Z\$6\)&gt;0,(.*),\"\"\)$", r"\1", f) for area, f in found}


def test_what_the_watchlist_spills_and_where() -> None:
    front, detail = spilled(sheets("watchlist")["Watchlist"]), spilled(sheets("watchlist")["Detail"])
    assert BASKET == "Watchlist!$B$14:$B$63,Watchlist!$C$14:$C$63"
    chosen = "Watchlist!$P$27"
    assert front == {}
    assert detail == {
        "B6:K55": f"BASKET({BASKET})",
        "W6:Y6": f"BASKETSINCE({BASKET})",
        "AD6:AI13": f'IF(LEN(TRIM({chosen}))=0,"",GEXLEVELS({chosen}))',
        "AK6:AO6": f"BASKETPERCENTILE({BASKET},{DAYS})",
        "AQ6:AV67": f"BASKETHISTORY({BASKET},{DRAWN},TRUE)",
    }
    assert SEATS == 50
    assert len(LEVELS) + 1 == LEVEL_ROWS  # the price as well


def test_every_figure_of_the_watchlist_is_made_again_after_a_refresh() -> None:
    seen: list[str] = []
    build("watchlist", lambda formula: seen.append(formula) or formula)  # type: ignore[func-returns-value]
    asking = [
        formula
        for formula in seen
        if re.search(r"(BASKET|SYMBOL|GEXLEVELS)[A-Z]*\(", formula)
        and not any(exempt in formula for exempt in NEVER_AFTER_REFRESH)
        and not formula.startswith("=IFERROR(BASKETSTATUS(")  # the line under the title: of the same cells
    ]
    assert len(asking) == 17
    assert all(formula.startswith("=IF(LEN(Detail!$Z$6)>0,") for formula in asking)
    assert sum("BASKETREFRESH" in formula for formula in seen) == 1


def test_the_chosen_name_is_of_the_list() -> None:
    front = sheets("watchlist")["Watchlist"]
    assert '<dataValidation type="list"' in front and "<formula1>$B$14:$B$63</formula1>" in front
    assert watchlist.CHOSEN in dict(watchlist.NAMES)
    assert len(dict(watchlist.NAMES)) == len(watchlist.NAMES) <= SHOWN < SEATS


def test_it_is_said_what_a_refresh_costs() -> None:
    assert "one debit for up to 50 names" in watchlist.REFRESH
    assert dict(watchlist.NOTES)["Refresh"]


def test_the_status_sheet_asks_for_each_basket_by_one_text() -> None:
    assert [name for name, _ in status.BASKETS] == [name for name, _ in SECTORS]
    assert len(status.BASKETS) < BASKET_SEATS == 30
    found = sheets("status")
    for seat in range(BASKET_SEATS):
        symbols = f"$C{FIRST_BASKET + seat + 1}"
        for function in ("GEX", "COUNT", "COVERAGE", "ASOF", "AGE"):
            assert f"BASKET{function}({symbols})" in found["Status"]
        for function in ("STATUS", "WHY", "MISSING"):
            assert f"BASKET{function}(Status!$C${FIRST_BASKET + seat + 1})" in found["Detail"]
    assert spilled(found["Detail"]) == {"J6:O6": "BASKETQUOTA()"}


@pytest.mark.parametrize("state", status.STATES)
def test_every_state_differs_by_more_than_colour_and_is_explained(state: str) -> None:
    mark, _, words = state.partition(" ")
    assert len(mark) == 1 and not mark.isalnum() and words
    assert state in dict(status.NOTES) or state == status.ABSENT  # for which the notes have "Errors"
