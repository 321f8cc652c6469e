"""BASKETCHANGE: what it asks, and what its cells show."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from basketgex_addin.cells import Ask, BadInput, new_york, serial
from basketgex_addin.cells.shape import Change
from basketgex_addin.functions import BY_NAME
from basketgex_addin.functions.change import ChangeOf
from tests.addin.shown import render
from tests.addin.test_shape import ASK, NAMES, STANDING

CLOSE = datetime(2026, 9, 18, 23, 59, 59, tzinfo=new_york()).timestamp()
NOON = datetime(2026, 9, 18, 12, tzinfo=new_york()).timestamp()


def question(*arguments: Any) -> Any:
    function = BY_NAME["BASKETCHANGE"]
    return function.kind.question(function.given(arguments))


@pytest.mark.parametrize(
    ("since", "moment"),
    [
        (None, None),
        ("2026-09-18", CLOSE),
        (46_283.0, CLOSE),
        (46_283.5, NOON),
        (" 2026-09-18 12:00 ", NOON),
        ("2026-09-18T16:00:00+00:00", NOON),
    ],
)
def test_since_is_a_day_to_its_end_or_a_moment(since: Any, moment: float | None) -> None:
    assert question(NAMES, None, ((since,),)) == ChangeOf(ASK, moment, ())


def test_weights_of_before_stand_beside_the_same_symbols() -> None:
    loads = ((2.0,), (1.0,))
    assert question(NAMES, loads, None, ((1.0,), (0.0,))) == ChangeOf(
        Ask(("NVDA", "AMD"), (2.0, 1.0)), None, (1.0, 0.0)
    )
    with pytest.raises(BadInput):
        question(NAMES, loads, None, ((1.0,),))


@pytest.mark.parametrize("since", ["soon", -1.0, 0.0, True, 1e300, "1901-01-01"])
def test_what_is_no_moment_is_refused(since: Any) -> None:
    with pytest.raises(BadInput) as refused:
        question(NAMES, None, ((since,),))
    sentence = "since must be a date, or a text such as 2026-09-18 15:30."
    assert (refused.value.problem.code, refused.value.problem.sentence) == ("invalid_since", sentence)


def test_the_rows() -> None:
    found = Change(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 28.0, NOON, NOON, STANDING, 60.0)
    names = ("before", "spot", "volatility", "time", "open interest", "weights", "residual", "after")
    values = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 28.0)
    assert render("BASKETCHANGE", found, None) == (
        *zip(names, values, strict=True),
        ("since", serial(NOON, new_york())),
    )
