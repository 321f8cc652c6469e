"""Profiles and flips held to ``exposure`` at each price, on real chains, made-up and odd ones."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketgex_server.domain import (
    CONVENTIONS,
    DAY_COUNTS,
    Basket,
    Convention,
    DayCount,
    Terms,
    levels_between,
)
from basketgex_server.exposure.basket import aggregate
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.hedging import Hedged, Scenario, ladder
from basketgex_server.exposure.profile import Member, basket_flips, profile
from basketgex_server.exposure.repricing import DEX, prepare, prepare_delta
from basketgex_server.exposure.symbol import exposure
from basketgex_server.market_hours import NEW_YORK
from basketgex_server.sources.files.folder import read_chain
from tests.server.exposure.test_levels import MORNING, Row, make, odd, sensible

BASKET = "chains/basket_2026-07-10"
TERMS = Terms("flashalpha", 0.045, 0.013)
SIXTY = levels_between(0.8, 1.2, 60)


def gross(chain: Chain, move: float, terms: Terms) -> list[float]:
    """What a figure's rounding is held to: the sum of all contracts' exposures without their signs."""
    found = exposure(replace(chain, spot=chain.spot * move), *terms)
    assert found
    return [math.fsum(abs(row.call[m]) + abs(row.put[m]) for row in found.strikes) for m in range(4)]


@pytest.mark.parametrize("minutes", [360.0, 5.0, 0.5])
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_profile_is_the_exposure_at_each_price(
    shared_data: Path, convention: Convention, minutes: float
) -> None:
    close = datetime(2026, 7, 13, 16, tzinfo=NEW_YORK).timestamp()
    friday = read_chain(shared_data / BASKET / "SPY.csv.gz", "SPY")
    chain, terms = replace(friday, as_of=close - minutes * 60), TERMS._replace(convention=convention)
    found = profile([Member(chain, terms)], SIXTY)
    assert found
    for place, move in enumerate(SIXTY):
        there = exposure(replace(chain, spot=chain.spot * move), *terms)
        assert there
        size = gross(chain, move, terms)
        for m in range(4):
            assert abs(found.net[m][place] - there.net[m]) <= 1e-10 * size[m]


@pytest.mark.parametrize("day_count", DAY_COUNTS)
def test_a_basket_of_one_is_its_symbol(shared_data: Path, day_count: DayCount) -> None:
    chain, terms = read_chain(shared_data / BASKET / "AMD.csv.gz", "AMD"), TERMS._replace(day_count=day_count)
    alone, basket = (profile([Member(chain, terms, weight)], SIXTY) for weight in (1.0, 7.0))
    assert alone and basket and alone == basket
    assert alone.covered_weight == 1.0 and alone.weights == (1.0,)
    here = profile([Member(chain, terms)], [1.0])
    whole = exposure(chain, *terms)
    assert here and whole
    assert [row[0] for row in here.net] == pytest.approx(list(whole.net), rel=1e-10)


def test_a_basket_moves_as_its_weighted_members(shared_data: Path) -> None:
    weights = {"NVDA": 3.0, "AMD": 1.0, "TSLA": 0.0, "SPY": 0.5}
    chains = {s: read_chain(shared_data / BASKET / f"{s}.csv.gz", s) for s in weights}
    members = [Member(chain, TERMS, weights[s]) for s, chain in chains.items()]
    moves = levels_between(0.9, 1.1, 11)
    found = profile(members, moves)
    assert found and found.symbols == ("NVDA", "AMD", "SPY")
    for place, move in enumerate(moves):
        moved = {s: exposure(replace(c, spot=c.spot * move), *TERMS) for s, c in chains.items()}
        wanted = aggregate(
            Basket(tuple(weights), tuple(weights.values())), {s: e for s, e in moved.items() if e}
        )
        for m in range(4):
            assert found.net[m][place] == pytest.approx(wanted.net[m], rel=1e-9)

    roots = basket_flips(members)
    assert found.roots == pytest.approx([r for r in roots if 0.9 <= r <= 1.1], rel=1e-9)
    for root in roots:
        around = profile(members, [root * (1 - 1e-9), root * (1 + 1e-9)], [0])
        assert around and around.net[0][0] * around.net[0][1] < 0
    scan = profile(members, levels_between(0.5, 1.5, 2001), [0])
    assert scan
    changes = np.flatnonzero(np.diff(np.sign(scan.net[0])))
    assert len(changes) <= len(roots) and len(roots) > 0
    for place in changes:
        assert any(scan.moves[place] <= root <= scan.moves[place + 1] for root in roots)


def test_the_baskets_flip_is_the_root_nearest_no_move() -> None:
    rows: list[Row] = [
        (70.0, True, 0.1, 0.2, 10.0),
        (100.0, False, 0.1, 0.2, 10.0),
        (130.0, True, 0.1, 0.2, 10.0),
    ]
    found = profile([Member(make(rows, 105.0), TERMS)], levels_between(0.7, 1.3, 5))
    assert found and len(found.roots) == 2
    assert found.flip == found.roots[1] and 1.0 < found.roots[1] < 130 / 105


def test_a_member_about_to_expire_is_seen_in_a_basket() -> None:
    needle = make([(103.123, False, 1e-7, 0.2, 10.0)])
    broad = make([(100.0, True, 0.5, 0.3, 10.0)])
    roots = basket_flips([Member(broad, TERMS), Member(needle, TERMS)])
    assert len(roots) == 2 and roots[0] < 1.03123 < roots[1]


def test_members_without_data_leave_their_weight_to_the_others() -> None:
    chain = make([(100.0, True, 0.5, 0.3, 10.0)])
    found = profile([Member(chain, TERMS, 1.0), Member(make([]), TERMS, 3.0)], [1.0])
    assert found and found.covered_weight == 0.25 and found.weights == (1.0,)
    assert profile([Member(make([]), TERMS)], [1.0]) is None
    assert profile([Member(chain, TERMS, 0.0)], [1.0]) is None
    assert profile([], [1.0]) is None and basket_flips([]) == ()


@pytest.mark.parametrize("moves", [[], [0.0], [1.0, -1.0], [math.nan], [math.inf]])
def test_moves_that_are_no_prices_are_refused(moves: list[float]) -> None:
    with pytest.raises(ValueError, match="moves must be finite and above 0"):
        profile([], moves)


def test_some_measures_alone_are_the_same_figures() -> None:
    chain = make([(95.0, False, 0.02, 0.4, 10.0), (105.0, True, 0.5, 0.3, 10.0)])
    book, moves = prepare(chain, TERMS), np.linspace(0.5, 1.5, 40)
    assert book
    whole = book.net(moves)
    for wanted in ([0], [1], [3, 0], [2, 1]):
        assert np.allclose(book.net(moves, wanted), whole[wanted], rtol=1e-13, atol=0)


@settings(deadline=None)
@given(st.lists(sensible, max_size=20), st.sampled_from(CONVENTIONS), st.sampled_from(DAY_COUNTS))
def test_delta_by_itself_is_that_of_all_measures(
    rows: list[Row], convention: Convention, day_count: DayCount
) -> None:
    chain, moves = make(rows), np.array([0.5, 0.95, 1.0, 1.3])
    terms = Terms(convention, 0.04, 0.01, day_count)
    whole, alone = prepare(chain, terms), prepare_delta(chain, terms)
    assert (whole is None) == (alone is None)
    if whole and alone:
        size = [gross(chain, move, terms)[DEX] for move in moves]
        assert (
            abs(whole.net(moves, (DEX,))[0] - alone.net(moves, (DEX,))[0]) <= 1e-12 * np.array(size)
        ).all()


def test_many_levels_and_contracts_go_in_blocks() -> None:
    draw = np.random.default_rng(3)
    rows: list[Row] = [
        (float(k), bool(k % 2), float(t), 0.3, 5.0)
        for k, t in zip(draw.integers(50, 150, 9_000), draw.uniform(0.001, 1, 9_000), strict=True)
    ]
    book, moves = prepare(make(rows), TERMS), np.linspace(0.8, 1.2, 333)
    assert book
    whole = book.net(moves)
    one_by_one = np.hstack([book.net(moves[i : i + 1]) for i in range(0, 333, 37)])
    assert np.allclose(whole[:, ::37], one_by_one, rtol=1e-11)


@settings(deadline=None)
@given(st.lists(sensible, min_size=1, max_size=20), st.sampled_from([2.0, 3.0, 1000.0]))
def test_more_open_interest_is_more_exposure(rows: list[Row], factor: float) -> None:
    chain = make(rows)
    more = replace(chain, open_interest=chain.open_interest * factor)
    once, scaled = (profile([Member(c, TERMS)], [0.9, 1.0, 1.1]) for c in (chain, more))
    assert once and scaled
    for place, move in enumerate(once.moves):
        size = gross(chain, move, TERMS)
        for m in range(4):
            assert scaled.net[m][place] == pytest.approx(
                factor * once.net[m][place], rel=1e-9, abs=1e-12 * factor * size[m]
            )


@settings(deadline=None)
@given(st.lists(sensible, min_size=2, max_size=20), st.data())
def test_a_chain_is_the_sum_of_its_parts(rows: list[Row], data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(rows) - 1))
    whole, *parts = (
        profile([Member(make(r), TERMS)], [0.9, 1.0, 1.1]) for r in (rows, rows[:cut], rows[cut:])
    )
    assert whole
    for place, move in enumerate(whole.moves):
        size = gross(make(rows), move, TERMS)
        for m in range(4):
            added = sum(p.net[m][place] for p in parts if p)
            assert whole.net[m][place] == pytest.approx(added, rel=1e-9, abs=1e-11 * size[m])


def test_what_is_too_small_to_be_computed_has_no_flip() -> None:
    rows = [(1e-200, is_call, 0.5, 0.3, 1e-200) for is_call in (True, False)]
    tiny = Member(make(rows, 1e-200), TERMS)
    found = profile([tiny], [0.8, 1.0])
    assert found and found.roots == ()
    assert basket_flips([tiny]) == ()


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(sensible, st.tuples(odd, st.booleans(), odd, odd, odd)), max_size=12),
    st.one_of(odd, st.just(100.0)),
    st.one_of(odd, st.just(MORNING)),
    st.sampled_from(CONVENTIONS),
    st.sampled_from(DAY_COUNTS),
)
def test_odd_numbers_never_come_out(
    rows: list[Row], spot: float, as_of: float, convention: Convention, day_count: DayCount
) -> None:
    with np.errstate(all="ignore"):
        chain = make(rows, spot, as_of)
    terms = Terms(convention, 0.04, 0.01, day_count)
    members = [Member(chain, terms), Member(make([(100.0, True, 0.5, 0.3, 10.0)]), terms)]
    for some in (members[:1], members):
        found = profile(some, [1e-3, 0.8, 1.0, 1.2, 1e3])
        if found:
            assert all(map(math.isfinite, [*(x for row in found.net for x in row), *found.roots]))
            assert list(found.roots) == sorted(found.roots)
        assert all(0.5 <= root <= 1.5 for root in basket_flips(some))
    hedge = ladder([Hedged(m.chain, terms) for m in members], [Scenario(-0.5), Scenario(0.1, 0.2, 3.0)])
    assert hedge is None or all(map(math.isfinite, hedge.buy))
    whole = exposure(chain, *terms)
    if whole:
        assert all(math.isfinite(x) for row in whole.expiries for x in (*row.call, *row.put))
