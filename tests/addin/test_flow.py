"""BASKETFLOW: what it asks, and what its cells show."""

from __future__ import annotations

from typing import Any

import pytest

from basketgex_addin.cells import BadInput, CellError
from basketgex_addin.cells.shape import Flow
from basketgex_addin.functions import BY_NAME
from basketgex_addin.functions.flow import FlowOf
from tests.addin.shown import render
from tests.addin.test_shape import STANDING

NAMES, MONEY = (("NVDA",), ("AMD",)), ((3.0,), (-1.0,))
FLOW = Flow(
    (1.0, 2.0, 3.0), (4.0,) * 3, (5.0,) * 3, (-4.0, -3.0, -2.0), (7.0, 8.0, 9.0), (), (), 0.0, STANDING, 60.0
)
NA = CellError.NOT_AVAILABLE


def question(*arguments: Any) -> Any:
    function = BY_NAME["BASKETFLOW"]
    given = function.given(arguments)
    function.kind.option(given)
    return function.kind.question(given)


def test_what_the_arguments_ask() -> None:
    names, money = ("NVDA", "AMD"), (3.0, -1.0)
    assert question(NAMES, MONEY) == FlowOf(names, money, ())
    assert question(NAMES, MONEY, None, ((None,), (None,))) == FlowOf(names, money, ())
    assert question(NAMES, MONEY, (("chex",),), ((2e9,), (None,))) == FlowOf(names, money, (2e9, 0.0))
    assert question((("NVDA",), (None,), ("AMD",)), ((1.0,), (None,), (2.0,))).money == (1.0, 2.0)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ((NAMES,), "missing_money", "No money: give one amount beside each symbol."),
        ((NAMES, ((1.0,),)), "invalid_money", "The money must be one amount beside each symbol."),
        (
            (NAMES, ((1.0,), ("much",))),
            "invalid_money",
            'Row 2 of the money is "much": an amount must be a number.',
        ),
        (
            (NAMES, ((0.0,), (0.0,))),
            "invalid_money",
            "The amounts are all zero: give at least one name an amount.",
        ),
        (
            (NAMES, MONEY, (("GEX",),)),
            "invalid_measure",
            "Gamma has no side: ask for each leg as a basket of its own.",
        ),
        ((NAMES, MONEY, (("x",),)), "invalid_measure", "The measure must be DEX, VEX, CHEX or ALL."),
        (
            (NAMES, MONEY, None, ((1.0,), (-1.0,))),
            "invalid_adv",
            "An average daily volume must be 0 or more.",
        ),
        ((((None,),), MONEY), "missing_symbols", "No symbols: give at least one ticker."),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: Any, code: str, sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        question(*arguments)
    assert (refused.value.problem.code, refused.value.problem.sentence) == (code, sentence)


def test_the_rows() -> None:
    assert render("BASKETFLOW", FLOW, "ALL") == (
        (1.0, 5.0, -4.0, 4.0, 7.0, NA),
        (2.0, 5.0, -3.0, 4.0, 8.0, NA),
        (3.0, 5.0, -2.0, 4.0, 9.0, NA),
    )
    shown = render("BASKETFLOW", FLOW._replace(dealers=(), days_of_volume=(0.1, 0.2, 0.3)), "CHEX")
    assert shown == ((3.0, 5.0, -2.0, 4.0, NA, 0.3),)
