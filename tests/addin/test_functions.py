"""The one table: names that hosts take for functions, arguments in an order that can be left out from the end."""

from __future__ import annotations

import keyword
import re

import pytest

from basketgex_addin.functions import FUNCTIONS, Function


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
    assert len({function.name for function in FUNCTIONS}) == len(FUNCTIONS) == 30
