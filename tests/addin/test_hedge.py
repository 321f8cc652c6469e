"""What cells ask of hedges, and what they show."""

from __future__ import annotations

import pytest

from basketgex_addin.cells import Ask, BadInput, Betas, CellError, Hedge, Scenario, Tick
from basketgex_addin.functions.hedge import BASKETHEDGE, BASKETLADDER, CHARMCLOCK, HedgeOf
from basketgex_addin.functions.record import Function

NAMES = (("NVDA",), ("AMD",))
LOADS = ((2.0,), (1.0,))
BASKET = Ask(("NVDA", "AMD"), (2.0, 1.0))
NOON = 1_790_000_000.0
FOUND = Hedge(
    rows=((Scenario(-0.02), 5e9), (Scenario(0.0, 0.01), -1e9)),
    clock=(
        Tick("hour", NOON + 1_800, 1e6),
        Tick("close", NOON + 5_400, 3e6),
        Tick("weekend", NOON + 259_200, 9e6),
    ),
    per="market",
    symbols=("NVDA", "AMD"),
    counts=(1.0, 1.0),
    betas=(1.0, 1.0),
    correlation=None,
    missing=(),
    covered_weight=1.0,
    as_of=NOON,
    client_ttl=60.0,
)


def asks(function: Function, *arguments: object) -> object:
    blocks = [a if isinstance(a, tuple) or a is None else ((a,),) for a in arguments]
    return function.kind.question(function.given(blocks))


@pytest.mark.parametrize(
    ("arguments", "scenario", "betas"),
    [
        ((), Scenario(-0.01), Betas()),
        ((-0.02,), Scenario(-0.02), Betas()),
        (("-2%", "1 %", 3.0), Scenario(-0.02, 0.01, 3.0), Betas()),
        ((None, 0.01), Scenario(0.0, 0.01), Betas()),
        ((None, None, 1.0), Scenario(0.0, 0.0, 1.0), Betas()),
        ((-0.02, None, None, ((1.5,), (0.8,))), Scenario(-0.02), Betas((1.5, 0.8))),
        ((-0.02, None, None, "1.5, 0.8"), Scenario(-0.02), Betas((1.5, 0.8))),
        ((-0.02, None, None, ((1.5, 0.8),)), Scenario(-0.02), Betas((1.5, 0.8))),
        ((-0.02, None, None, " SPX "), Scenario(-0.02), Betas(index="SPX")),
        ((-0.02, None, None, ((None,), (None,))), Scenario(-0.02), Betas()),
    ],
)
def test_one_scenario(arguments: tuple[object, ...], scenario: Scenario, betas: Betas) -> None:
    assert asks(BASKETHEDGE, NAMES, LOADS, *arguments) == HedgeOf(BASKET, (scenario,), betas)


def test_betas_lie_beside_their_symbols_whatever_is_blank() -> None:
    names, sizes = (("NVDA",), (None,), ("AMD",), (None,)), ((1.5,), (9.0,), ("80%",), (None,))
    assert asks(BASKETHEDGE, names, None, -0.01, None, None, sizes) == HedgeOf(
        Ask(("NVDA", "AMD")), (Scenario(-0.01),), Betas((1.5, 0.8))
    )


@pytest.mark.parametrize(
    ("arguments", "argument", "sentence"),
    [
        (("down",), "move", "move must be a number: -0.02 is 2 % down, say."),
        ((CellError.NOT_AVAILABLE,), "move", "move must be a number: -0.02 is 2 % down, say."),
        ((None, "much"), "vol", "vol must be a number: -0.02 is 2 % down, say."),
        (
            (None, None, None, ((1.0,),)),
            "betas",
            "2 symbols but 1 betas: give one beta beside each symbol, or an index.",
        ),
        (
            (None, None, None, ((1.0,), (None,))),
            "betas",
            "Row 2 of the betas is no number: give each symbol a beta.",
        ),
        (
            (None, None, None, ((1.0,), (CellError.VALUE,))),
            "betas",
            "Row 2 of the betas is no number: give each symbol a beta.",
        ),
    ],
)
def test_what_is_no_scenario(arguments: tuple[object, ...], argument: str, sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        asks(BASKETHEDGE, NAMES, LOADS, *arguments)
    assert (caught.value.problem.argument, caught.value.problem.sentence) == (argument, sentence)


def test_a_ladder_lists_its_moves_or_has_its_own() -> None:
    listed = asks(BASKETLADDER, NAMES, LOADS, ((-0.02,), (None,), (0.02,)), "SPX")
    assert listed == HedgeOf(BASKET, (Scenario(-0.02), Scenario(0.02)), Betas(index="SPX"))
    own = asks(BASKETLADDER, NAMES, LOADS)
    assert isinstance(own, HedgeOf) and own.clock
    assert [s.move for s in own.scenarios[:11]] == pytest.approx([x / 100 for x in range(-5, 6)])
    assert own.scenarios[11:] == (Scenario(0.0, -0.01), Scenario(0.0, 0.01), Scenario(0.0, 0.0, 1.0))
    with pytest.raises(BadInput, match="Entry 2 of the moves is no number"):
        asks(BASKETLADDER, NAMES, LOADS, "-0.02, down")


def test_what_cells_show() -> None:
    assert BASKETHEDGE.kind.show(FOUND, None) == 5e9
    assert BASKETLADDER.kind.show(FOUND, True) == (
        ("move", "vol", "days", "dealers buy"),
        (-0.02, 0.0, 0.0, 5e9),
        (0.0, 0.01, 0.0, -1e9),
        (0.0, 0.0, 0.0625, 3e6),
    )
    assert CHARMCLOCK.kind.show(FOUND, True) == (
        ("until", "hours", "dealers buy"),
        ("2026-09-21 10:43", 0.5, 1e6),
        ("2026-09-21 11:43", 1.5, 3e6),
        ("over a weekend", 72.0, 9e6),
    )
    assert len(CHARMCLOCK.kind.show(FOUND, False)) == 3
