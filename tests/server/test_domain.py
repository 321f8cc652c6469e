from __future__ import annotations

import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.domain import Basket, Fetched, Measures, StrikeRow, StrikeRows
from basketgex_server.errors import (
    BadRequest,
    InvalidSymbol,
    InvalidWeights,
    MissingSymbols,
    TooManySymbols,
    WeightCountMismatch,
)
from basketgex_server.tickers import basket, ticker

TICKERS = st.from_regex(r"[A-Z0-9]{1,10}(\.[A-Z0-9]{1,3})?", fullmatch=True)
WEIGHTS = st.floats(0, 1e12, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("NVDA", "NVDA"),
        ("  nvda\t", "NVDA"),
        ("^SPX", "SPX"),
        ("$SPX", "SPX"),
        ("_SPX", "SPX"),
        ("BRK/B", "BRK.B"),
        ("BRK-B", "BRK.B"),
        ("brk.b", "BRK.B"),
        ("AAPL US EQUITY", "AAPL"),
        ("AAPL US Equity ", "AAPL"),
        ("aapl us", "AAPL"),
        ("BRK/B US Equity", "BRK.B"),
        ("TRUE", "TRUE"),
        ("US", "US"),
        ("EQUITY", "EQUITY"),
        ("BUS", "BUS"),
        ("7203", "7203"),
    ],
)
def test_ticker_has_one_spelling(text: str, symbol: str) -> None:
    assert ticker(text) == symbol


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", '""'),
        ("   ", '"   "'),
        ("NVDA AMD", '"NVDA AMD"'),
        ("^^SPX", '"^^SPX"'),
        ("#N/A", '"#N/A"'),
        ("AAPL EQUITY", '"AAPL EQUITY"'),
        ("NVDA,AMD", '"NVDA,AMD"'),
        ("-5", '"-5"'),
        ("A.B.C", '"A.B.C"'),
        ("TOOLONGTICKER", '"TOOLONGTICKER"'),
        ("N\nV", '"N?V"'),
        ("'\"", '"??"'),
        ("x" * 40, f'"{"x" * 24}…"'),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}", '"\N{FULLWIDTH LATIN CAPITAL LETTER A}"'),
    ],
)
def test_what_is_no_ticker_is_named(text: str, shown: str) -> None:
    with pytest.raises(InvalidSymbol) as caught:
        ticker(text)
    assert caught.value.sentence == f"{shown} is not a ticker: correct or clear it."
    assert caught.value.argument == "symbols"


@given(TICKERS.filter(lambda s: not s.endswith(" US")))
def test_a_ticker_is_its_own_spelling(symbol: str) -> None:
    assert ticker(symbol) == symbol
    assert ticker(f" {symbol.lower()} us equity ") == symbol
    assert ticker("^" + symbol) == symbol


@given(st.text())
def test_any_text_is_a_ticker_or_refused(text: str) -> None:
    try:
        symbol = ticker(text)
    except InvalidSymbol as error:
        assert error.sentence.isprintable()
        assert len(error.sentence) < 100
    else:
        assert ticker(symbol) == symbol


@pytest.mark.parametrize(
    ("symbols", "weights", "expected"),
    [
        (["NVDA"], None, Basket(("NVDA",), (1.0,))),
        (["NVDA", "amd", "nvda"], None, Basket(("NVDA", "AMD"), (1.0, 1.0))),
        (["NVDA", "AMD", "nvda"], [1, 5, 2], Basket(("NVDA", "AMD"), (3.0, 5.0))),
        (["BRK/B", "BRK-B"], [1, 2], Basket(("BRK.B",), (3.0,))),
        (["NVDA", "AMD"], [0, 5], Basket(("NVDA", "AMD"), (0.0, 5.0))),
        (["NVDA", "AMD"], [-0.0, 5], Basket(("NVDA", "AMD"), (0.0, 5.0))),
        (["B", "A"], [5e-324, 0], Basket(("B", "A"), (5e-324, 0.0))),
    ],
)
def test_basket(symbols: list[str], weights: list[float] | None, expected: Basket) -> None:
    found = basket(symbols, weights, most=2)
    assert found == expected
    assert all(math.copysign(1, w) == 1 for w in found.weights)


def test_a_name_without_weight_stays_and_is_named() -> None:
    assert basket(["A", "B", "C"], [1, 0, 0], most=3).unweighted == ("B", "C")


@pytest.mark.parametrize(
    ("symbols", "weights", "error", "sentence", "argument"),
    [
        ([], None, MissingSymbols, "No symbols: give at least one ticker.", "symbols"),
        ([], [1.0], MissingSymbols, "No symbols: give at least one ticker.", "symbols"),
        (["A", "!"], [math.nan], InvalidSymbol, '"!" is not a ticker: correct or clear it.', "symbols"),
        (
            ["A", "B", "C", "D"],
            [1.0],
            TooManySymbols,
            "4 distinct symbols: a basket may have 3. Split it or shorten the range.",
            "symbols",
        ),
        (
            ["A", "A", "B"],
            [1.0, 2.0],
            WeightCountMismatch,
            "3 symbols but 2 weights: give one weight beside each symbol, or none at all.",
            "weights",
        ),
        (
            ["A"],
            [],
            WeightCountMismatch,
            "1 symbols but 0 weights: give one weight beside each symbol, or none at all.",
            "weights",
        ),
        (["A", "B"], [1, math.nan], InvalidWeights, "The weight of B is not a finite number.", "weights"),
        (["A", "B"], [math.inf, 1], InvalidWeights, "The weight of A is not a finite number.", "weights"),
        (["A", "B"], [-math.inf, 1], InvalidWeights, "The weight of A is not a finite number.", "weights"),
        (
            ["A", "B"],
            [3, -1],
            InvalidWeights,
            "The weight of B is negative: weights must be 0 or more. For a short leg use a basket of its own.",
            "weights",
        ),
        (
            ["A", "A"],
            [3, -1],
            InvalidWeights,
            "The weight of A is negative: weights must be 0 or more. For a short leg use a basket of its own.",
            "weights",
        ),
        (["A", "B"], [0, -0.0], InvalidWeights, "The weights are all zero: give at least one name a weight.", "weights"),
        (["A", "B"], [1.7e308, 1.7e308], InvalidWeights, "The weights are too large to add up.", "weights"),
    ],
)  # fmt: skip
def test_basket_refuses(
    symbols: list[str], weights: list[float] | None, error: type[BadRequest], sentence: str, argument: str
) -> None:
    with pytest.raises(error) as caught:
        basket(symbols, weights, most=3)
    assert caught.value.sentence == sentence
    assert caught.value.argument == argument


def test_a_thousand_names_are_counted_after_merging() -> None:
    names = [f"S{i}" for i in range(1_000)]
    assert len(basket(names * 2, None, most=1_000).symbols) == 1_000
    with pytest.raises(TooManySymbols) as caught:
        basket([*names, "ONE"], None, most=1_000)
    assert caught.value.sentence == (
        "1,001 distinct symbols: a basket may have 1,000. Split it or shorten the range."
    )


@given(st.lists(st.tuples(TICKERS, WEIGHTS), min_size=1, max_size=20))
def test_duplicates_add_up_and_order_is_kept(rows: list[tuple[str, float]]) -> None:
    symbols, weights = [s for s, _ in rows], [w for _, w in rows]
    sums = {s: sum(w for t, w in rows if t == s) for s in symbols}
    if sum(sums.values()) == 0:
        with pytest.raises(InvalidWeights):
            basket(symbols, weights, most=20)
        return
    found = basket(symbols, weights, most=20)
    assert found.symbols == tuple(dict.fromkeys(symbols))
    assert found.weights == pytest.approx(tuple(sums[s] for s in found.symbols))


def test_strike_rows_are_made_when_looked_at_and_always_the_same() -> None:
    wanted = [
        StrikeRow(90.0, Measures(1.0, 2.0, 3.0, 4.0), Measures(5.0, 6.0, 7.0, 8.0), 9.0, 10.0),
        StrikeRow(95.0, Measures(11.0, 12.0, 13.0, 14.0), Measures(15.0, 16.0, 17.0, 18.0), 19.0, 20.0),
    ]
    figures = array("d", [90.0, *range(1, 11), 95.0, *range(11, 21)])
    rows = StrikeRows(figures)
    assert list(rows) == wanted and len(rows) == 2
    assert rows[0] == wanted[0] and rows[-1] == wanted[1] and rows[1:] == tuple(wanted[1:])
    with pytest.raises(IndexError):
        rows[2]
    assert rows == StrikeRows(figures[:]) and rows != StrikeRows(figures[: StrikeRows.WIDTH])
    assert hash(rows) == hash(StrikeRows(figures[:]))
    assert not StrikeRows(array("d"))


def test_what_was_fetched_is_counted_not_written_out() -> None:
    fetched = Fetched({}, frozenset({"A", "B"}), {"C": "broken"}, {"D": object()})
    assert repr(fetched) == "<Fetched 0, missing 2, failed 1>"
