"""BASKETEXPIRIES, BASKETSTRIKES, BASKETMOVE and SYMBOLMAXPAIN: what they ask, and what their cells show."""

from __future__ import annotations

from typing import Any

import pytest

from basketgex_addin.cells import Ask, BadInput, CellError
from basketgex_addin.cells.shape import (
    ExpectedMove,
    Expiries,
    ExpiryBucket,
    MaxPain,
    MoveBucket,
    Moves,
    Standing,
)
from basketgex_addin.functions import BY_NAME
from basketgex_addin.functions.shape import (
    EXPIRY_HEADINGS,
    MOVE_HEADINGS,
    ExpectedMoveOf,
    ExpiriesOf,
    MaxPainOf,
    MovesOf,
)
from tests.addin.shown import render

NAMES = (("NVDA",), ("AMD",))
ASK = Ask(("NVDA", "AMD"))
STANDING = Standing(("NVDA",), (1.0,), ("AMD",), 0.5, 0.0, 0.0, "", "sample", True, "flashalpha")
MOVE = ExpectedMove(0.05, 0.05, 0.05, 0.04, 0.07, 0.4, 0.4, 0.4, "given", (0.3,), STANDING, 60.0)


def question(name: str, *arguments: Any) -> Any:
    function = BY_NAME[name]
    return function.kind.question(function.given(arguments))


@pytest.mark.parametrize(
    ("name", "arguments", "asked"),
    [
        ("BASKETEXPIRIES", (NAMES,), ExpiriesOf(ASK, False)),
        ("BASKETEXPIRIES", (NAMES, None, ((" days ",),)), ExpiriesOf(ASK, True)),
        ("BASKETSTRIKES", (NAMES,), MovesOf(ASK, 0.01)),
        ("BASKETSTRIKES", (NAMES, None, (("5%",),)), MovesOf(ASK, 0.05)),
        ("BASKETMOVE", (NAMES,), ExpectedMoveOf(ASK, 30.0, None, "")),
        ("BASKETMOVE", (NAMES, None, ((7.0,),), ((0.4,),)), ExpectedMoveOf(ASK, 7.0, 0.4, "")),
        ("BASKETMOVE", (NAMES, None, None, (("SPX",),)), ExpectedMoveOf(ASK, 30.0, None, "SPX")),
        ("SYMBOLMAXPAIN", ((("NVDA",),),), MaxPainOf("NVDA", "")),
        ("SYMBOLMAXPAIN", ((("NVDA",),), ((46_283.0,),)), MaxPainOf("NVDA", "2026-09-18")),
        ("SYMBOLMAXPAIN", ((("NVDA",),), ((" 2026-09-18 ",),)), MaxPainOf("NVDA", "2026-09-18")),
    ],
)
def test_what_the_arguments_ask(name: str, arguments: Any, asked: Any) -> None:
    assert question(name, *arguments) == asked
    assert asked.about.symbols[0] == "NVDA"


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("BASKETEXPIRIES", (NAMES, None, (("WEEKS",),)), "invalid_by"),
        ("BASKETEXPIRIES", (NAMES, None, ((7.0,),)), "invalid_by"),
        ("BASKETEXPIRIES", (((None,),),), "missing_symbols"),
        ("BASKETSTRIKES", (NAMES, None, ((0.0,),)), "invalid_width"),
        ("BASKETSTRIKES", (NAMES, None, (("wide",),)), "invalid_width"),
        ("BASKETSTRIKES", (NAMES, None, ((2.0,),)), "invalid_width"),
        ("BASKETMOVE", (NAMES, None, ((0.0,),)), "invalid_horizon"),
        ("BASKETMOVE", (NAMES, None, None, ((1.5,),)), "invalid_correlation"),
        ("BASKETMOVE", (NAMES, None, None, ((True,),)), "invalid_correlation"),
        ("SYMBOLMAXPAIN", (NAMES,), "one_symbol"),
        ("SYMBOLMAXPAIN", ((("NVDA",),), (("soon",),)), "invalid_expiry"),
        ("SYMBOLMAXPAIN", ((("NVDA",),), ((1e300,),)), "invalid_expiry"),
    ],
)
def test_what_cannot_be_meant_is_refused(name: str, arguments: Any, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        question(name, *arguments)
    assert refused.value.problem.code == code and refused.value.problem.sentence.endswith(".")


def test_the_rows_of_expiries_and_strikes() -> None:
    buckets = ExpiryBucket(0, 0, 1.0, 2.0, 3.0, 4.0, 0.25, 0.25), ExpiryBucket(1, 7, *(5.0,) * 4, 0.5, 0.75)
    found = Expiries((*buckets, ExpiryBucket(33, 33, *(6.0,) * 4, 0.25, 1.0)), STANDING, 60.0)
    rows = (
        ("0DTE", 1.0, 2.0, 3.0, 4.0, 0.25, 0.25),
        ("1-7", *(5.0,) * 4, 0.5, 0.75),
        (33.0, *(6.0,) * 4, 0.25, 1.0),
    )
    assert render("BASKETEXPIRIES", found) == rows
    assert render("BASKETEXPIRIES", found, True) == (EXPIRY_HEADINGS, *rows)

    bucket = MoveBucket(0.05, 3.0, -1.0, 2.0, 5.0, 6.0, 7.0)
    moved = Moves((bucket, bucket._replace(move=0.06)), 0.05, 0.05, STANDING, 60.0)
    shown = render("BASKETSTRIKES", moved, True)
    assert shown == (MOVE_HEADINGS, (*bucket, "call wall, put wall"), (0.06, *bucket[1:], ""))


def test_an_expected_move_that_is_a_range_is_one_in_words() -> None:
    assert render("BASKETMOVE", MOVE) == ((0.05, 0.04, 0.07, 0.4, 0.5),)
    part = MOVE._replace(value=None, correlation=None, low=0.041, high=0.0533, lowest=0.2, highest=0.55)
    assert render("BASKETMOVE", part) == (("4.10% to 5.33%", 0.04, 0.07, "0.20 to 0.55", 0.5),)
    none = part._replace(low=None, lowest=None)
    assert render("BASKETMOVE", none) == (
        (CellError.NOT_AVAILABLE, 0.04, 0.07, CellError.NOT_AVAILABLE, 0.5),
    )


def test_max_pain_is_a_strike() -> None:
    assert render("SYMBOLMAXPAIN", MaxPain(105.0, 100.0, (), STANDING, 60.0), None) == 105.0
