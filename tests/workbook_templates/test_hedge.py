"""What is particular to the template hedge."""

from __future__ import annotations

import re

from basketgex_addin.cells import BESIDE, LADDER
from tests.workbook_templates.test_watchlist_status import sheets, spilled
from workbook_templates.build import build, parts, path
from workbook_templates.hedge import contents
from workbook_templates.hedge.layout import (
    BASKET,
    BETAS,
    BUCKETS,
    INDEX_NAME,
    MOVE,
    NAMES,
    ONE_DAY,
    RUNGS,
    SEATS,
    TO_CLOSE,
    VOL_DOWN,
    VOL_UP,
)

CHAINS = re.compile(r"(BASKETLADDER|BASKETHEDGE|CHARMCLOCK|BASKETEXPIRIES|BASKETSTRIKES|BASKETBETA)\(")


def seen() -> list[str]:
    found: list[str] = []
    build("hedge", lambda formula: found.append(formula) or formula)  # type: ignore[func-returns-value]
    return found


def test_what_it_spills_and_where() -> None:
    detail, front = spilled(sheets("hedge")["Detail"]), spilled(sheets("hedge")["Hedge"])
    asked = sorted(formula for formula in detail.values() if CHAINS.search(formula))
    calls = (
        f"BASKETBETA({INDEX_NAME},{BASKET})",
        f"BASKETEXPIRIES({BASKET})",
        f"BASKETEXPIRIES({INDEX_NAME})",
        f"BASKETLADDER({NAMES},,,{BETAS})",
        f"BASKETLADDER({INDEX_NAME})",
        f"BASKETSTRIKES({BASKET})",
        f"BASKETSTRIKES({INDEX_NAME})",
        f"CHARMCLOCK({NAMES})",
        f"CHARMCLOCK({INDEX_NAME})",
    )
    assert len(asked) == len(calls)
    assert all(any(call in formula for formula in asked) for call in calls)
    assert front == {}
    assert (BASKET, BETAS) == ("Hedge!$B$21:$B$70,Hedge!$C$21:$C$70", "Detail!$B$6:$B$55")
    assert (INDEX_NAME, MOVE, SEATS) == ("Hedge!$B$8", "Hedge!$C$15", 50)


def test_the_rows_below_the_moves_are_those_of_the_function() -> None:
    assert len(LADDER) == RUNGS
    assert [BESIDE[row - RUNGS] for row in (VOL_DOWN, VOL_UP, ONE_DAY)] == [(0, -0.01, 0), (0, 0.01, 0), (0, 0, 1)]  # fmt: skip
    assert RUNGS + len(BESIDE) == TO_CLOSE


def test_nothing_that_needs_chains_is_asked_before_the_baskets() -> None:
    """Each such question would else be a source call of its own."""
    formulas = seen()
    asked = [formula for formula in formulas if CHAINS.search(formula) and "BASKETWHY" not in formula]
    assert len(asked) == 13
    (gate,) = (formula for formula in formulas if formula.startswith("=IF(OR(ISERROR("))
    assert gate.count("ISERROR(Detail!") == 2
    (cell,) = {formula.partition("=1,")[0] for formula in asked}
    assert re.fullmatch(r"=IF\(Detail!\$[A-Z]+\$11", cell)


def test_both_ladders_are_drawn_by_sign() -> None:
    drawn = [
        data.decode() for part, data in parts(path("hedge").read_bytes()).items() if "charts/chart" in part
    ]
    assert len(drawn) == 3
    values = [re.findall(r"<c:val><c:numRef><c:f>Detail!([^<]+)</c:f>", xml) for xml in drawn]
    rows = [{re.sub(r"[A-Z$]", "", area) for area in areas} for areas in values]
    assert [len(areas) for areas in values] == [2, 2, 2]
    assert rows == [{"6:16"}, {"6:16"}, {"6:26"}]


def test_the_example_and_its_limits_are_explained() -> None:
    notes = dict(contents.NOTES)
    assert len({name for name, *_ in contents.NAMES}) == len(contents.NAMES) < SEATS
    assert f"{BUCKETS} steps" in notes["Walls"]
    assert "whatever its weight" in notes["Whole market"] and "A blank is 1" in notes["Beta"]
