"""The one table: names that hosts take for functions, arguments in an order that can be left out from the end."""

from __future__ import annotations

import dataclasses
import keyword
import re

import pytest

from basketgex_addin.cells import Ask, BasketQuestion, Question, RegimesOf
from basketgex_addin.functions import FUNCTIONS, Function
from basketgex_addin.functions.levels import LevelsOf
from basketgex_addin.functions.quota import QuotaOf
from basketgex_addin.functions.strikes import StrikesOf


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_the_table_can_be_bound_to_any_host(function: Function) -> None:
    assert re.fullmatch("[A-Z]{4,}", function.name), (
        "letters only, more than a column has: never a cell address"
    )
    optional = [argument.optional for argument in function.arguments]
    assert optional == sorted(optional), "what can be left out comes last"
    assert not any(keyword.iskeyword(argument.name) for argument in function.arguments)
    # UNOIDL, too: with an underscore in one of them Calc loads none of the functions and every cell is Err:504.
    assert all(re.fullmatch(r"[a-z][a-z0-9]*", argument.name) for argument in function.arguments)
    for argument in function.arguments:
        assert argument.optional == bool(argument.default), "a default is shown where there is one"
        assert 0 < len(argument.help) <= 255
    assert 0 < len(function.summary) <= 255, "more than Excel's wizard shows"


def test_every_name_is_there_once() -> None:
    assert len({function.name for function in FUNCTIONS}) == len(FUNCTIONS) == 46


def test_questions_of_different_kinds_are_different_questions() -> None:
    """Also where they hold the same: in memory one must not be taken for the other."""
    basket = Ask(("NVDA",))
    questions: list[Question[object]] = [
        basket,
        RegimesOf(basket),
        LevelsOf("NVDA"),
        StrikesOf("NVDA"),
        QuotaOf(),
    ]
    assert len(set(questions)) == len(questions)
    assert set(questions) == {
        type(question)(*map(question.__getattribute__, question.__slots__)) for question in questions
    }
    with pytest.raises(dataclasses.FrozenInstanceError):
        questions[2].symbol = "AMD"  # type: ignore[attr-defined]


@pytest.mark.parametrize("function", [f for f in FUNCTIONS if f.kind.foreseeable], ids=lambda f: f.name)
def test_what_can_be_foreseen_asks_for_a_basket_alone(function: Function) -> None:
    """A document is read ahead for symbols and weights: no other argument may change the question."""
    names, weights = (("NVDA",),), ((2.0,),)
    given = (names, *((weights,) if function.weighs else ()))
    others = [None] * (len(function.arguments) - len(given))
    question = function.foreseen(given)
    assert isinstance(question, BasketQuestion)
    assert question.basket.symbols == ("NVDA",)
    assert function.foreseen((*given, *((("x",),) for _ in others))) == question
    assert function.foreseen((None, *others)) is None
