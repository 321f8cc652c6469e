"""The shape of baskets held to plain loops over real chains, and to sums that must come out."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from basketgex_server.domain import Basket, BasketExposure, Constituent, Measures, Terms
from basketgex_server.exposure.basket import aggregate
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.shape import EDGES, Walls, by_expiry, by_move, walls
from basketgex_server.exposure.symbol import exposure
from basketgex_server.market_hours import NEW_YORK
from basketgex_server.sources.files.folder import read_chain
from tests.reference.textbook import Floats, Rows, exposures
from tests.server.exposure.test_levels import BASKET, NAMES, make

TERMS = Terms("dealer", 0.045, 0.013)
WEIGHTS = tuple(float(1 + place % 3) for place in range(len(NAMES)))


def basket_of(chains: list[Chain], weights: tuple[float, ...]) -> BasketExposure:
    own = {chain.symbol: found for chain in chains if (found := exposure(chain, *TERMS))}
    return aggregate(Basket(tuple(chain.symbol for chain in chains), weights), own)


def day(at: float) -> date:
    return datetime.fromtimestamp(at, NEW_YORK).date()


def by_hand(
    chains: list[Chain], key: Callable[[Rows], list[object]]
) -> dict[object, tuple[dict[str, float], float]]:
    """Net measures and gross GEX by a key of the contracts, weighted."""
    sums: dict[object, tuple[dict[str, float], float]] = {}
    total = sum(WEIGHTS)
    for chain, weight in zip(chains, WEIGHTS, strict=True):
        columns = (chain.strike, chain.is_call, chain.expiry, chain.volatility, chain.open_interest)
        rows = Rows(chain.spot, chain.as_of, *columns).counting()
        figures: dict[str, Floats] = exposures(rows, np.array([chain.spot]), *TERMS)
        for place, k in enumerate(key(rows)):
            net, gross = sums.get(k, (dict.fromkeys(figures, 0.0), 0.0))
            for measure, column in figures.items():
                net[measure] += weight / total * float(column[0][place])
            sums[k] = net, gross + weight / total * abs(float(figures["gex"][0][place]))
    return sums


@pytest.fixture(scope="module")
def chains(shared_data: Path) -> list[Chain]:
    return [read_chain(shared_data / BASKET / f"{name}.csv.gz", name) for name in NAMES]


def test_by_expiry_is_the_plain_loop(chains: list[Chain]) -> None:
    def bucket(rows: Rows) -> list[object]:
        ages = [(day(at) - day(rows.as_of)).days for at in rows.expiry.tolist()]
        return [sum(age > edge for edge in EDGES) for age in ages]

    basket = basket_of(chains, WEIGHTS)
    wanted = by_hand(chains, bucket)
    gross = math.fsum(size for _, size in wanted.values())
    found = by_expiry(basket.constituents)
    assert [(b.first_day, b.last_day) for b in found] == [(0, 0), (1, 7), (8, 30), (31, 90), (91, None)]
    rolled = 0.0
    for place, one in enumerate(found):
        net, size = wanted.get(place, (dict.fromkeys(Measures._fields, 0.0), 0.0))
        rolled += size / gross
        assert one.net.gex == pytest.approx(net["gex"], abs=1e-9 * gross)
        assert one.net == pytest.approx(tuple(net.values()), rel=1e-8, abs=1e-3)
        assert (one.gross_share, one.rolled_off) == pytest.approx((size / gross, rolled), abs=1e-9)
    for m in range(4):
        assert math.fsum(b.net[m] for b in found) == pytest.approx(basket.net[m], rel=1e-9, abs=1e-9 * gross)


def test_a_bucket_for_each_day(chains: list[Chain]) -> None:
    basket = basket_of(chains, WEIGHTS)
    found = by_expiry(basket.constituents, None)
    days = {
        (day(row.expiry) - day(member.exposure.as_of)).days
        for member in basket.constituents
        for row in member.exposure.expiries
    }
    assert [b.first_day for b in found] == [b.last_day for b in found] == sorted(days)
    assert found[-1].rolled_off == pytest.approx(1.0)
    assert math.fsum(b.net.gex for b in found) == pytest.approx(basket.net.gex, rel=1e-9)


def test_by_move_is_the_plain_loop(chains: list[Chain]) -> None:
    def bucket(rows: Rows) -> list[object]:
        return [
            (math.floor((k / rows.spot - 1) / 0.02 + 0.5), bool(call))
            for k, call in zip(rows.strike.tolist(), rows.is_call.tolist(), strict=True)
        ]

    basket = basket_of(chains, WEIGHTS)
    wanted = by_hand(chains, bucket)
    gross = math.fsum(size for _, size in wanted.values())
    found = by_move(basket.constituents, 0.02)
    assert {round(b.move / 0.02) for b in found} == {place for place, _ in wanted}  # type: ignore[misc]
    for one in found:
        for side, is_call in ((one.call, True), (one.put, False)):
            net, _ = wanted.get(
                (round(one.move / 0.02), is_call), (dict.fromkeys(Measures._fields, 0.0), 0.0)
            )
            assert side.gex == pytest.approx(net["gex"], abs=1e-9 * gross)
            assert side == pytest.approx(tuple(net.values()), rel=1e-8, abs=1e-3)
    for m in range(4):
        assert math.fsum(b.net[m] for b in found) == pytest.approx(basket.net[m], rel=1e-9, abs=1e-9 * gross)
    call, put = walls(found)
    assert call == max(found, key=lambda b: b.call.gex).move
    assert put == min(found, key=lambda b: b.put.gex).move


def test_walls_nearest_spot_where_they_tie_and_none_without_a_side() -> None:
    def member(rows: list[tuple[float, bool, float, float, float]]) -> Constituent:
        found = exposure(make(rows), *TERMS._replace(rate=0.0, dividend_yield=0.0))
        assert found
        return Constituent(found, 1.0, 100.0)

    calls = member([(110.0, True, 0.1, 0.3, 10.0), (104.0, True, 0.1, 0.3, 90.0)])
    assert walls(by_move([calls])) == Walls(0.04, None)
    puts = member([(95.0, False, 0.1, 0.3, 10.0)])
    assert walls(by_move([puts])) == Walls(None, -0.05)
    assert walls(()) == Walls(None, None)


def test_names_without_a_breakdown_have_no_part() -> None:
    found = exposure(make([(100.0, True, 0.1, 0.3, 10.0)]), *TERMS)
    assert found
    bare = Constituent(type(found)("Y", 100.0, found.net, found.as_of), 0.5, 50.0)
    with_it = [Constituent(found, 0.5, 50.0), bare]
    assert math.fsum(b.net.gex for b in by_expiry(with_it)) == pytest.approx(found.net.gex / 2)
    assert by_expiry(with_it)[-1].rolled_off == 1.0
    assert [b.gross_share for b in by_expiry([bare])] == [0.0] * 5
    assert by_move([bare]) == ()


@pytest.mark.parametrize("edges", [(7, 0), (0, 0), (-1, 3)])
def test_edges_ascend(edges: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="ascend"):
        by_expiry([], edges)


@pytest.mark.parametrize("step", [0.0, -0.01, math.nan, math.inf])
def test_a_step_is_a_size(step: float) -> None:
    with pytest.raises(ValueError, match="step"):
        by_move([], step)
