"""JSON in, cells out, and back."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_addin.cells import Block, CellError
from basketgex_addin.web import values

NA, VALUE = CellError.NOT_AVAILABLE, CellError.VALUE


@pytest.mark.parametrize(
    ("said", "block"),
    [
        (None, None),
        ("NVDA", (("NVDA",),)),
        (5, ((5.0,),)),
        (True, ((True,),)),
        ("", ((None,),)),
        ([["NVDA"], ["AMD"]], (("NVDA",), ("AMD",))),
        ([["NVDA", 5, True, None, ""]], (("NVDA", 5.0, True, None, None),)),
        ([["", None], ["", ""], [None, None], ["A", ""]], ((None, None),) * 3 + (("A", None),)),
        ([[{"e": "#N/A"}, {"e": "#DIV/0!"}, {"x": 1}, {}]], ((NA, VALUE, VALUE, VALUE),)),
        ([["a", 1], ["ragged"]], (("a", 1.0), ("ragged",))),
        ([["a"], "no row"], (("a",), (VALUE,))),  # no page of ours sends that, and it must not raise
        (["a", "b"], (("a", "b"),)),
        ([], ((),)),
        ([[10**400]], ((VALUE,),)),
        ([[[1]]], ((VALUE,),)),
    ],
)
def test_an_argument(said: Any, block: Block | None) -> None:
    assert values.block(said) == block
    found = values.read(msgspec.json.encode(said))
    assert repr(found) == repr(block)  # which tells a number from TRUE, and 5 from 5.0


@pytest.mark.parametrize(
    "argument",
    [b"[[1e400]]", b'[["NVDA", "\\ud800"]]', b'[["\\x"]]', b"[" * 5_000 + b"]" * 5_000, b"1e400"],
)
def test_what_cannot_be_read_is_an_error(argument: bytes) -> None:
    """JSON as such, but nothing that a cell holds."""
    assert values.read(argument) == ((VALUE,),)
    values.without_zeros(b"0" + argument)


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ([["NVDA", 0], [0.0, False]], [["NVDA", None], [None, False]]),
        ([["BRK.B", 10], ["0", ""]], [["BRK.B", 10], ["0", ""]]),
        (0, None),
        (None, None),
        ([[{"e": "#N/A"}, 0]], [[{"e": "#N/A"}, None]]),
    ],
)
def test_symbols_of_excels_have_no_zeros(given: Any, left: Any) -> None:
    assert values.said(values.without_zeros(msgspec.json.encode(given))) == left


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (1.5, 1.5),
        ("text", "text"),
        (None, None),
        (VALUE, {"e": "#VALUE!"}),
        (math.nan, {"e": "#N/A"}),
        (-math.inf, {"e": "#N/A"}),
        ((("a", NA), (None, math.inf)), [["a", {"e": "#N/A"}], [None, {"e": "#N/A"}]]),
        ((), [[None]]),
    ],
)
def test_a_result(found: Any, said: Any) -> None:
    assert values.result(found) == said


cells = st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.just({"e": "#N/A"})


@given(st.recursive(cells, st.lists, max_leaves=20))
def test_whatever_json_says_is_cells(said: Any) -> None:
    """No argument raises, and every result can be sent."""
    block = values.block(said)
    assert repr(values.read(msgspec.json.encode(said))) == repr(
        values.block(values.said(msgspec.json.encode(said)))
    )
    assert block is None or all(isinstance(row, tuple) for row in block)
    msgspec.json.encode(values.result(block or ()))
