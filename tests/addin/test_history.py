"""BASKETHISTORY and BASKETPERCENTILE: what they ask, and what their cells show."""

from __future__ import annotations

from typing import Any

import pytest

from basketgex_addin.cells import BadInput, CellError, new_york, serial
from basketgex_addin.cells.shape import Past, Rank
from basketgex_addin.functions import BY_NAME
from basketgex_addin.functions.history import HISTORY_HEADINGS, PastOf
from tests.addin.shown import render
from tests.addin.test_shape import ASK, NAMES, STANDING

AT = 1_790_000_000.0
NA = CellError.NOT_AVAILABLE
PAST = Past(((AT, 1.0, 2.0, 3.0, 4.0, None),), Rank(0.9, 1.5, 12), Rank(None, None, 3), STANDING, 60.0)


@pytest.mark.parametrize("name", ["BASKETHISTORY", "BASKETPERCENTILE"])
def test_what_the_arguments_ask(name: str) -> None:
    function = BY_NAME[name]

    def question(*arguments: Any) -> Any:
        return function.kind.question(function.given(arguments))

    assert question(NAMES) == PastOf(ASK, 400.0)
    assert question(NAMES, None, ((90.0,),)) == PastOf(ASK, 90.0)
    for days in (0.0, 3_651.0, "long", True):
        with pytest.raises(BadInput) as refused:
            question(NAMES, None, ((days,),))
        assert refused.value.problem.code == "invalid_days"


def test_the_rows() -> None:
    row = (serial(AT, new_york()), 1.0, 2.0, 3.0, 4.0, NA)
    assert render("BASKETHISTORY", PAST) == (row,)
    assert render("BASKETHISTORY", PAST, True) == (HISTORY_HEADINGS, row)
    assert render("BASKETPERCENTILE", PAST, None) == ((0.9, 1.5, NA, NA, 12.0),)
