"""Cells by the host's one call: the same values as the worksheet functions give, in as few requests as may be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from basketgex_addin.client import BasketClient, ServerStatus
from basketgex_addin.functions import FUNCTIONS, Function
from basketgex_addin.web import values
from basketgex_addin.worksheet import Worksheet
from tests.addin.web.hosts import WebHost

NAMES, WEIGHTS = [["NVDA"], ["AMD"], ["AVGO"]], [[5], [3], [2]]
_OF_THEIR_OWN = ("BASKETEXPLAIN", "BASKETAGE")  # the first is told of calls, the second of a clock
SHAPES: dict[str, list[Any]] = {
    "range": [NAMES, WEIGHTS],
    "block": [[["NVDA", "AMD"], ["AVGO", "MU"]], [[1, 2], [3, 4]]],
    "blank cells": [[["NVDA"], [None], ["AMD"], [""]], [[1], [None], [2], [""]]],
    "text list": ["NVDA,AMD", None],
    "error cell": [[["NVDA"], [{"e": "#DIV/0!"}]], None],
    "error cell #N/A": [[["NVDA"], [{"e": "#N/A"}]], [[1], [2]]],
    "whole column": [[["NVDA"], *[[None]] * 999], [[1], *[[None]] * 999]],
    "omitted": [NAMES, None],
    "one name": ["AAPL", None],
    "no such name": ["NOSUCH", None],
    "bad": [NAMES, [[1], [2]]],
    "nothing": [None, None],
}


@pytest.fixture(scope="module")
def worksheet(host: WebHost) -> Iterator[Worksheet]:
    with closing(BasketClient(host.home)) as client:
        yield Worksheet(client)


def fitted(function: Function, given: list[Any]) -> list[Any]:
    """The given arguments, with what a function wants in other places."""
    by_name = {"index": "SPX", "symbols": given[0], "symbol": given[0], "weights": given[1]}
    return [by_name.get(argument.name) for argument in function.arguments]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_function_is_the_worksheets(host: WebHost, worksheet: Worksheet, shape: str) -> None:
    asked = [
        [function.name, fitted(function, SHAPES[shape])]
        for function in FUNCTIONS
        if function.name not in _OF_THEIR_OWN
    ]
    found = host.cells(*asked)
    for (name, arguments), shown in zip(asked, found, strict=True):
        blocks = tuple(map(values.block, arguments))
        expected = values.result(worksheet.evaluate(name, blocks))
        if isinstance(shown, dict):
            why = shown.pop("why", None)
            assert why is None or why == worksheet.explain([(name, blocks)]), name
        if name == "BASKETQUOTA" and isinstance(shown, list):  # what is used and saved grows by asking
            shown, expected = ([row[0][:2], row[0][4]] for row in (shown, expected))
        assert shown == expected, name


def test_an_error_says_why(host: WebHost) -> None:
    bad, none, levels = host.cells(
        ["BASKETGEX", [NAMES, [[1], [2]]]], ["basketgex", ["NOSUCH"]], ["GEXLEVELS", ["NVDA,AMD"]]
    )
    assert bad == {
        "e": "#VALUE!",
        "why": "3 symbols but 2 weights: give one weight beside each symbol, or none at all.",
    }
    assert none["e"] == "#N/A"
    assert "NOSUCH" in none["why"]
    assert levels["e"] == "#VALUE!"
    assert levels["why"].endswith(".")


def test_a_cell_is_explained_by_its_calls(host: WebHost) -> None:
    bad = ["BASKETGEX", [NAMES, [[1], [2]]]]
    found = host.cells(
        ["BASKETEXPLAIN", [[bad]]],
        ["BASKETEXPLAIN", [[["BASKETGEX", [NAMES, WEIGHTS]], bad]]],
        ["BASKETEXPLAIN", [[["BASKETGEX", [NAMES, WEIGHTS]]]]],
        ["BASKETEXPLAIN", [[]]],
        ["BASKETEXPLAIN", ["no calls"]],
        ["BASKETEXPLAIN", [[["NOSUCHFUNCTION", []], ["BASKETGEX"], 5]]],
    )
    sentence = "3 symbols but 2 weights: give one weight beside each symbol, or none at all."
    nothing = "That cell has no formula of Basket GEX."
    assert found == [sentence, sentence, "OK", nothing, nothing, nothing]


def test_an_unknown_function(host: WebHost) -> None:
    assert host.cells(["NOSUCH", []], ["", []]) == [{"e": "#NAME?"}] * 2


@pytest.mark.parametrize(
    "arguments",
    [[], [None] * 9, [[["TSLA"]], [[1]], 1, 2, 3, 4, 5, 6], [[[]]], [{"e": "#N/A"}], [True], [[[[["x"]]]]]],
)
def test_no_argument_makes_it_fail(host: WebHost, arguments: list[Any]) -> None:
    asked = [[function.name, arguments] for function in FUNCTIONS]
    assert len(host.cells(*asked)) == len(FUNCTIONS)


def test_many_cells_are_one_request_to_the_source(host: WebHost) -> None:
    """500 formulas over new baskets of names that nobody has asked for: one call for all."""
    with closing(BasketClient(host.home)) as client:

        def counted() -> tuple[int, int]:
            status = client.status()
            assert isinstance(status, ServerStatus)
            return status.requests, status.source_calls

        before = counted()
        names = [f"Q{chr(65 + at // 26)}{chr(65 + at % 26)}" for at in range(40)]
        asked = [["BASKETGEX", [[[n] for n in names], [[at + i] for i in range(40)]]] for at in range(500)]
        found = host.cells(*asked)
        after = counted()
    assert len(set(map(str, found))) in (1, 500)  # of names without data there is one answer
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)


def test_too_many_cells(host: WebHost) -> None:
    call = ["BASKETCOUNT", ["NVDA"], "A1"]
    assert host.post("evaluate", {"page": "p", "calls": [call] * 2_001}).status_code == 413
    assert host.post("evaluate", {"page": "p" * 65, "calls": [call]}).status_code == 400
    assert (
        host.post("evaluate", {"page": "p", "calls": [["BASKETCOUNT", ["NVDA"], "A" * 65]]}).status_code
        == 400
    )


def test_the_table_is_told(host: WebHost) -> None:
    told = host.get("functions")
    assert [entry["name"] for entry in told] == [function.name for function in FUNCTIONS]
    assert [len(entry["arguments"]) for entry in told] == [len(function.arguments) for function in FUNCTIONS]


def test_a_refresh_says_what_failed(host: WebHost) -> None:
    """Each basket once, whatever asks for it; what is no basket is nothing to refresh."""
    call = ["BASKETGEX", [NAMES, WEIGHTS], "A1"]
    said = host.post("refresh", {"page": "p", "calls": [call, ["GEXLEVELS", ["NVDA"], "A2"]]}).json()
    assert said["said"] == ""
    none = host.post("refresh", {"page": "p", "calls": [["GEXLEVELS", ["NVDA"], "A2"]]}).json()
    assert none["said"] == "No formula there asks for a basket."
    missing = host.post("refresh", {"page": "p", "calls": [["BASKETGEX", ["NOSUCH"], "A1"]]}).json()
    assert missing["said"].startswith("1 of 1 baskets could not be refreshed.")
