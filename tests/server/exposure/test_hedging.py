"""What dealers must trade, held to brute force on every real chain, and to what must be so whatever the chain."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.domain import DAY_COUNTS, DayCount, Terms
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.hedging import Hedged, Ladder, Scenario, ladder
from basketgex_server.exposure.symbol import exposure
from basketgex_server.sources.files.folder import read_chain
from tests.reference.hedging import bought
from tests.reference.textbook import Rows
from tests.server.exposure.test_levels import BASKET, NAMES, REAL, Row, make

TERMS = Terms("flashalpha", 0.045, 0.013)
MOVES = [x / 100 for x in range(-5, 6)]
SCENARIOS = [
    *(Scenario(move) for move in MOVES),
    *(Scenario(0.0, vol) for vol in (-0.01, 0.01)),
    *(Scenario(0.0, 0.0, days) for days in (0.1, 1.0, 3.0)),
    Scenario(-0.03, 0.05, 1.0),
]

rows = st.lists(
    st.tuples(
        st.sampled_from([60.0, 90.0, 95.0, 100.0, 105.0, 110.0, 150.0]),
        st.booleans(),
        st.sampled_from([0.001, 0.02, 0.5, 2.0]),
        st.sampled_from([0.05, 0.2, 0.9]),
        st.integers(1, 1_000).map(float),
    ),
    min_size=1,
    max_size=20,
)


def found(members: list[Hedged], scenarios: list[Scenario]) -> Ladder:
    result = ladder(members, scenarios)
    assert result
    return result


def as_rows(chain: Chain) -> Rows:
    columns = (chain.strike, chain.is_call, chain.expiry, chain.volatility, chain.open_interest)
    return Rows(chain.spot, chain.as_of, *columns)


@pytest.mark.parametrize("day_count", DAY_COUNTS)
@pytest.mark.parametrize("path, symbol", REAL)
def test_brute_force_says_the_same(shared_data: Path, path: str, symbol: str, day_count: DayCount) -> None:
    chain = read_chain(shared_data / path, symbol)
    held = found([Hedged(chain, TERMS._replace(day_count=day_count))], SCENARIOS)
    for scenario, usd in zip(SCENARIOS, held.buy, strict=True):
        wanted, gross = bought(as_rows(chain), *scenario, TERMS.rate, TERMS.dividend_yield, day_count)
        assert abs(usd - wanted) <= 1e-9 * gross


def test_gex_is_wrong_for_large_moves_of_spx(shared_data: Path) -> None:
    chain = read_chain(shared_data / BASKET / "SPX.csv.gz", "SPX")
    moves = [-0.01, -0.02, -0.05, 0.01]
    buy = found([Hedged(chain, TERMS)], [Scenario(move) for move in moves]).buy
    assert [usd / 1e9 for usd in buy] == pytest.approx([21.34, 8.67, -109.87, -54.15], abs=0.01)
    whole = exposure(chain, *TERMS)
    assert whole
    by_gex = [-whole.net.gex * 100 * move / 1e9 for move in moves]
    assert by_gex == pytest.approx([40.5, 81.0, 202.6, -40.5], abs=0.1)


def test_names_add_up_by_what_they_count_and_move_by_their_betas(shared_data: Path) -> None:
    chains = [read_chain(shared_data / BASKET / f"{name}.csv.gz", name) for name in NAMES[:4]]
    members = [
        Hedged(chain, TERMS, counts, beta)
        for chain, counts, beta in zip(chains, (1.0, 0.25, -0.5, 1.0), (1.0, 1.7, 0.6, -0.2), strict=True)
    ]
    whole = found(members, SCENARIOS)
    assert whole.symbols == NAMES[:4]
    for place, (move, vol, days) in enumerate(SCENARIOS):
        parts = [
            m.counts * found([Hedged(m.chain, m.terms)], [Scenario(m.beta * move, vol, days)]).buy[0]
            for m in members
        ]
        assert whole.buy[place] == pytest.approx(math.fsum(parts), rel=1e-9, abs=1.0)


@given(rows, st.integers(0, 20))
def test_a_chain_is_the_sum_of_its_parts(given_: list[Row], cut: int) -> None:
    whole = found([Hedged(make(given_), TERMS)], SCENARIOS)
    parts = [part for part in (given_[:cut], given_[cut:]) if part]
    sums = np.sum([found([Hedged(make(part), TERMS)], SCENARIOS).buy for part in parts], axis=0)
    gross = 100.0 * 100.0 * sum(row[4] for row in given_)
    assert np.all(np.abs(np.array(whole.buy) - sums) <= 1e-9 * gross)


@given(rows)
def test_small_moves_are_those_of_gex_and_none_is_nothing(given_: list[Row]) -> None:
    chain = make(given_)
    whole = exposure(chain, *TERMS)
    assert whole
    nothing, up, down = found([Hedged(chain, TERMS)], [Scenario(), Scenario(1e-6), Scenario(-1e-6)]).buy
    assert nothing == 0.0
    gross = 100.0 * 100.0 * sum(row[4] for row in given_)
    assert (up - down) / 2 == pytest.approx(-whole.net.gex * 1e-4, abs=1e-9 * gross)


def test_the_convention_of_the_figures_does_not_matter() -> None:
    chain = make([(100.0, True, 0.1, 0.2, 10.0), (90.0, False, 0.1, 0.2, 30.0)])
    both = [found([Hedged(chain, TERMS._replace(convention=c))], SCENARIOS) for c in ("flashalpha", "dealer")]
    assert both[0] == both[1]


def test_what_expires_meanwhile_keeps_the_delta_of_its_last_minute() -> None:
    inside, outside = (make([(strike, True, 1 / 365 / 4, 0.2, 10.0)]) for strike in (90.0, 110.0))
    for days in (0.25, 1.0, 30.0):
        assert found([Hedged(inside, TERMS)], [Scenario(-0.2, 0.0, days)]).buy[0] == pytest.approx(
            100_000.0, rel=1e-3
        )
        assert found([Hedged(outside, TERMS)], [Scenario(0.2, 0.0, days)]).buy[0] == pytest.approx(
            -100_000.0, rel=1e-3
        )


def test_names_without_a_contract_that_counts_are_left_out() -> None:
    good, empty = make([(100.0, True, 0.1, 0.2, 10.0)]), make([(100.0, True, -0.1, 0.2, 10.0)])
    assert found([Hedged(empty, TERMS), Hedged(good, TERMS)], [Scenario(0.01)]).symbols == ("X",)
    assert ladder([Hedged(empty, TERMS)], [Scenario(0.01)]) is None
    assert ladder([], [Scenario(0.01)]) is None
    vast = replace(good, open_interest=good.open_interest * 1e305)
    assert ladder([Hedged(vast, TERMS), Hedged(vast, TERMS, 1e10)], [Scenario(0.01)]) is None


@pytest.mark.parametrize(
    ("member", "scenario", "said"),
    [
        ({}, Scenario(math.nan), "must be finite"),
        ({"counts": math.inf}, Scenario(), "must be finite"),
        ({}, Scenario(0.0, 0.0, -1.0), "days must be 0 or more"),
        ({}, Scenario(-1.0), "above 0"),
        ({"beta": 2.0}, Scenario(-0.5), "above 0"),
    ],
)
def test_what_cannot_be_asked_is_refused(member: dict[str, float], scenario: Scenario, said: str) -> None:
    chain = make([(100.0, True, 0.1, 0.2, 10.0)])
    with pytest.raises(ValueError, match=said):
        ladder([Hedged(chain, TERMS, **member)], [scenario])
