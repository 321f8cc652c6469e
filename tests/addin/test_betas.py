"""What cells ask of betas, and what they show."""

from __future__ import annotations

import math

import pytest

from basketgex_addin.cells import Ask, BadInput, Betas, CellError
from basketgex_addin.cells.index_units import IndexUnits
from basketgex_addin.functions.betas import BASKETBETA, BASKETCOMPARE, BASKETINDEXGEX, COMPARED, BetasAsked
from basketgex_addin.functions.record import Arguments, Function

NA = CellError.NOT_AVAILABLE
NAMES = (("NVDA",), (None,), ("ZZZZ",), ("AMD",), (None,))
FOUND = IndexUnits(
    symbols=("NVDA", "AMD"),
    counts=(1.0, 1.0),
    betas=(1.5, 0.5),
    volatilities=(0.4, math.nan),
    gex=(4e9, -1e9),
    gex_per_sigma=(1e10, math.nan),
    place=(0, None, 1),
    total_gex=3e9,
    flow=5.5e9,
    index_equivalent=8.75e9,
    total_per_sigma=None,
    correlation=0.4,
    correlation_status="equal_weights",
    per="market",
    missing=("ZZZZ",),
    covered_weight=2 / 3,
    as_of=0.0,
    client_ttl=60.0,
)


def given(function: Function, *arguments: object) -> Arguments:
    return function.given([a if isinstance(a, tuple) or a is None else ((a,),) for a in arguments])  # type: ignore[misc]


def asks(function: Function, *arguments: object) -> object:
    return function.kind.question(given(function, *arguments))


def shows(function: Function, *arguments: object) -> object:
    return function.kind.show(FOUND, function.kind.option(given(function, *arguments)))


def test_betas_lie_as_their_symbols_do() -> None:
    assert asks(BASKETBETA, "SPX", NAMES, None, 45.0) == BetasAsked(
        Ask(("NVDA", "ZZZZ", "AMD")), Betas(index="SPX", horizon=45.0)
    )
    assert shows(BASKETBETA, "SPX", NAMES) == ((1.5,), (None,), (NA,), (0.5,))
    assert shows(BASKETBETA, "SPX", (("NVDA", "ZZZZ", "AMD"),)) == ((1.5, NA, 0.5),)
    assert shows(BASKETBETA, "SPX", "NVDA, ZZZZ, AMD") == ((1.5,), (NA,), (0.5,))
    assert shows(BASKETBETA, "SPX", (("NVDA", None), ("ZZZZ", "AMD"))) == ((1.5, None), (NA, 0.5))


def test_what_betas_are_taken() -> None:
    basket = Ask(("NVDA", "AMD"), (2.0, 1.0))
    names, loads = (("NVDA",), ("AMD",)), ((2.0,), (1.0,))
    assert asks(BASKETINDEXGEX, names, loads) == BetasAsked(basket, Betas())
    assert asks(BASKETINDEXGEX, names, loads, "SPX") == BetasAsked(basket, Betas(index="SPX"))
    assert asks(BASKETINDEXGEX, names, loads, ((1.5,), (0.5,))) == BetasAsked(basket, Betas((1.5, 0.5)))
    assert shows(BASKETINDEXGEX, names) == 8.75e9


def test_figures_that_compare() -> None:
    volume = ((2e10,), (None,), (1e9,), (None,), (None,))
    assert shows(BASKETCOMPARE, NAMES, None, volume, True) == (
        COMPARED,
        ("NVDA", 4e9, 0.4, 1e10, 0.2),
        ("AMD", -1e9, NA, NA, NA),
        ("basket", 3e9, "", NA, NA),
    )
    volume = ((2e10,), (None,), (1e9,), ("4e9",), (None,))
    assert shows(BASKETCOMPARE, NAMES, None, volume)[1:] == (  # type: ignore[index]
        ("AMD", -1e9, NA, NA, -0.25),
        ("basket", 3e9, "", NA, 0.125),
    )
    assert all(row[-1] is NA for row in shows(BASKETCOMPARE, NAMES))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("volume", "sentence"),
    [
        (((1e9,),), "5 symbols but 1 adv: give one beside each symbol, or none."),
        (
            ((1e9,), (None,), (0.0,), (1.0,), (None,)),
            "Row 3 of the adv is no number above 0: give the average daily volume in dollars.",
        ),
        (
            ((1e9,), (None,), ("much",), (1.0,), (None,)),
            "Row 3 of the adv is no number above 0: give the average daily volume in dollars.",
        ),
    ],
)
def test_what_is_no_volume(volume: object, sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        shows(BASKETCOMPARE, NAMES, None, volume)
    assert (caught.value.problem.argument, caught.value.problem.sentence) == ("adv", sentence)


@pytest.mark.parametrize("days", [0.0, -1.0, 3651.0, "soon"])
def test_what_is_no_horizon(days: object) -> None:
    with pytest.raises(BadInput) as caught:
        asks(BASKETBETA, "SPX", NAMES, None, days)
    assert caught.value.problem.argument == "horizon"
