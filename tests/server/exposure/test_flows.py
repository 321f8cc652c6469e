"""The flow of a book held to plain sums, and to what must come out of it whatever the book is."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.domain import Basket, BasketExposure, Measures, SymbolExposure, Terms
from basketgex_server.exposure.basket import aggregate
from basketgex_server.exposure.flows import DIRECTED, Flow, flow
from basketgex_server.exposure.symbol import exposure
from basketgex_server.sources.files.folder import read_chain
from tests.server.exposure.test_levels import BASKET, NAMES

figures = st.floats(-1e9, 1e9, allow_subnormal=False)
amounts = st.floats(0.01, 1e6)
rows = st.lists(st.tuples(amounts, st.booleans(), *(figures,) * 6), min_size=1, max_size=6)


def name(place: int, figures: tuple[float, ...]) -> SymbolExposure:
    call, put = Measures(0.0, *figures[:3]), Measures(0.0, *figures[3:])
    net = Measures(*(c + p for c, p in zip(call, put, strict=True)))
    return SymbolExposure(f"N{place}", 100.0, net, 0.0, call=call, put=put)


def held(money: dict[str, float], names: list[SymbolExposure]) -> BasketExposure:
    return aggregate(Basket(tuple(money), tuple(map(abs, money.values()))), {n.symbol: n for n in names})


def of(money: dict[str, float], names: list[SymbolExposure], **more: dict[str, float]) -> Flow:
    return flow(held(money, names).constituents, money, "flashalpha", **more)


def book(found: list[tuple[object, ...]]) -> tuple[dict[str, float], list[SymbolExposure]]:
    names = [name(place, row[2:]) for place, row in enumerate(found)]  # type: ignore[arg-type]
    money = {n.symbol: float(row[0]) * (-1 if row[1] else 1) for n, row in zip(names, found, strict=True)}  # type: ignore[arg-type]
    return money, names


@given(rows)
def test_a_book_is_the_sum_of_its_legs_and_turned_round_the_opposite(found: list[tuple[object, ...]]) -> None:
    money, names = book(found)
    total = math.fsum(map(abs, money.values()))
    flows, turned = of(money, names), of({s: -n for s, n in money.items()}, names)
    for place, m in enumerate(DIRECTED):
        parts = [money[n.symbol] * n.net[m] / total for n in names]
        size = math.fsum(map(abs, parts)) + 1e-300
        assert flows.net[place] == pytest.approx(math.fsum(parts), abs=1e-9 * size)
        assert flows.gross[place] == pytest.approx(size, rel=1e-9)
        legs = flows.long_leg[place] + flows.short_leg[place]
        assert legs == pytest.approx(flows.net[place], abs=1e-9 * size)
        assert turned.net[place] == pytest.approx(-flows.net[place], abs=1e-9 * size)
        assert (turned.long_leg[place], turned.gross[place]) == pytest.approx(
            (-flows.short_leg[place], flows.gross[place]), abs=1e-9 * size
        )


@given(rows)
def test_a_book_that_is_long_only_is_the_basket(found: list[tuple[object, ...]]) -> None:
    money, names = book([(row[0], False, *row[2:]) for row in found])
    basket = held(money, names)
    flows = of(money, names)
    for place, m in enumerate(DIRECTED):
        assert flows.net[place] == pytest.approx(basket.net[m], abs=1e-9 * flows.gross[place] + 1e-300)
    assert flows.short_leg == (0.0, 0.0, 0.0)


@given(rows)
def test_the_dealers_owe_the_puts_whatever_the_convention(found: list[tuple[object, ...]]) -> None:
    money, names = book(found)
    total = math.fsum(map(abs, money.values()))
    flows = of(money, names)
    assert flows.dealers is not None
    signed = []
    for n in names:
        assert n.call and n.put
        put = Measures(*(-x for x in n.put))
        net = Measures(*(c + p for c, p in zip(n.call, put, strict=True)))
        signed.append(replace(n, put=put, net=net))
    as_dealers = flow(held(money, signed).constituents, money, "dealer")
    for place, m in enumerate(DIRECTED):
        size = math.fsum(
            abs(money[n.symbol]) * (abs(n.call[m]) + abs(n.put[m])) for n in names if n.call and n.put
        )
        assert flows.dealers[place] == pytest.approx(as_dealers.net[place], abs=1e-9 * size / total + 1e-300)


def test_days_of_volume_are_of_the_names_that_have_one() -> None:
    names = [name(0, (4.0,) * 6), name(1, (2.0,) * 6), name(2, (9.0,) * 6)]
    money = {"N0": 3.0, "N1": -1.0, "N2": 4.0}
    found = of(money, names, adv={"N0": 2.0, "N1": 8.0, "N2": 0.0})
    assert found.adv_covered == 0.5
    assert found.days_of_volume == pytest.approx([(3 * 8 / 2 - 1 * 4 / 8) / 4] * 3)
    assert of(money, names).days_of_volume is None
    bare = [replace(n, call=None, put=None) for n in names]
    assert of(money, bare).dealers is None


def test_real_names_are_the_plain_sum(shared_data: Path) -> None:
    terms = Terms("flashalpha", 0.045, 0.013)
    chains = [read_chain(shared_data / BASKET / f"{symbol}.csv.gz", symbol) for symbol in NAMES]
    names = [found for chain in chains if (found := exposure(chain, *terms))]
    money = {n.symbol: (-1) ** place * (1.0 + place) for place, n in enumerate(names)}
    flows, total = of(money, names), sum(map(abs, money.values()))
    for place, m in enumerate(DIRECTED):
        plain = sum(money[n.symbol] * n.net[m] for n in names) / total
        assert flows.net[place] == pytest.approx(plain, abs=1e-9 * flows.gross[place])
