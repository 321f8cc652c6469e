"""What made the change of a figure: parts that add up, each held to the repricing that it names."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.domain import Terms
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.change import Change, Weighed, combined, of_chain
from basketgex_server.exposure.symbol import exposure
from basketgex_server.sources.files.folder import read_chain
from tests.server.exposure.test_levels import BASKET, MORNING, Row, make

TERMS = Terms("flashalpha", 0.045, 0.013)
DAY = 86_400.0
rows = st.lists(
    st.tuples(
        st.sampled_from([90.0, 95.0, 100.0, 105.0, 110.0]),
        st.booleans(),
        st.sampled_from([0.001, 0.02, 0.5]),
        st.sampled_from([0.1, 0.2, 0.9]),
        st.integers(0, 1_000).map(float),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row[:3],
)


def gex(chain: Chain) -> float:
    found = exposure(chain, *TERMS)
    return found.net.gex if found else 0.0


def later(given_: list[Row], spot: float = 100.0, days: float = 0.0) -> Chain:
    """Rows whose expiries are those of MORNING, looked at some days later."""
    return replace(make(given_, spot=spot), as_of=MORNING + days * DAY)


def change(before: Chain, after: Chain) -> Change:
    found = of_chain(before, after, TERMS)
    assert found
    return found


@given(rows, rows, st.sampled_from([80.0, 100.0, 103.0]), st.sampled_from([0.0, 0.3, 1.0]))
def test_parts_add_up_and_nothing_is_left_over(
    one: list[Row], two: list[Row], spot: float, days: float
) -> None:
    before, after = make(one), later(two, spot, days)
    found = of_chain(before, after, TERMS)
    if found is None:
        assert not (exposure(before, *TERMS) and exposure(after, *TERMS))
        return
    size = sum(
        abs(row.call.gex) + abs(row.put.gex)
        for chain in (before, after, replace(before, spot=spot))
        for row in (exposure(chain, *TERMS) or pytest.fail("no figures")).strikes
    )
    assert (found.before, found.after) == pytest.approx((gex(before), gex(after)), abs=1e-9 * size)
    assert found.before + math.fsum(found.parts) == pytest.approx(found.after, abs=1e-9 * size)
    assert found.parts.residual == pytest.approx(0.0, abs=1e-9 * size)


def test_each_part_alone() -> None:
    base: list[Row] = [(100.0, True, 0.1, 0.2, 50.0), (95.0, False, 0.02, 0.3, 80.0)]
    before = make(base)
    dearer: list[Row] = [(k, call, years, 1.5 * v, n) for k, call, years, v, n in base]
    fewer: list[Row] = [(k, call, years, v, n / 2) for k, call, years, v, n in base]
    for after, part in (
        (make(base, spot=104.0), "spot"),
        (make(dearer), "volatility"),
        (later(base, days=1.0), "time"),
        (make(fewer), "open_interest"),
    ):
        found = change(before, after)
        others = [x for name, x in found.parts._asdict().items() if name != part]
        assert getattr(found.parts, part) == pytest.approx(gex(after) - gex(before), rel=1e-9)
        assert abs(getattr(found.parts, part)) > 1.0
        assert others == pytest.approx([0.0] * 5, abs=1e-9 * abs(gex(before)))


def test_new_contracts_are_open_interest_and_expired_ones_are_time() -> None:
    old: list[Row] = [(100.0, True, 0.1, 0.2, 50.0), (100.0, True, 0.5 / 365, 0.2, 20.0)]
    new: list[Row] = [(100.0, True, 0.1, 0.2, 50.0), (105.0, False, 0.1, 0.2, 70.0)]
    before, after = make(old), later(new, days=1.0)
    found = change(before, after)
    without = later(old[:1], days=1.0)
    assert found.parts.open_interest == pytest.approx(gex(after) - gex(without), rel=1e-9)
    assert found.parts.time == pytest.approx(gex(without) - gex(before), rel=1e-9)


def test_a_real_chain_a_day_later(shared_data: Path) -> None:
    before = read_chain(shared_data / BASKET / "SPY.csv.gz", "SPY")
    after = replace(
        before,
        spot=before.spot * 0.99,
        volatility=before.volatility + 0.01,
        as_of=before.as_of + 3 * DAY,
        open_interest=np.roll(before.open_interest, 1),
    )
    found = change(before, after)
    moved = replace(before, spot=after.spot)
    alive = before.expiry > after.as_of
    quoted = replace(moved, volatility=np.where(alive, after.volatility, before.volatility))
    assert found.parts.spot == pytest.approx(gex(moved) - gex(before), rel=1e-9)
    assert found.parts.volatility == pytest.approx(gex(quoted) - gex(moved), rel=1e-6)
    assert found.before + math.fsum(found.parts) == pytest.approx(found.after, rel=1e-9)
    assert abs(found.parts.residual) <= 1e-9 * abs(found.before)


def test_of_a_basket_weights_have_a_part() -> None:
    first, second = (make([(100.0, call, 0.1, 0.2, 50.0)]) for call in (True, False))
    risen = replace(first, spot=103.0)
    found = combined([Weighed(change(first, risen), 0.5, 0.75), Weighed(change(second, second), 0.5, 0.25)])
    assert found.before == pytest.approx(0.5 * gex(first) + 0.5 * gex(second))
    assert found.after == pytest.approx(0.75 * gex(risen) + 0.25 * gex(second))
    assert found.parts.spot == pytest.approx(0.5 * (gex(risen) - gex(first)))
    assert found.parts.weights == pytest.approx(0.25 * (gex(risen) - gex(second)))
    assert found.before + math.fsum(found.parts) == pytest.approx(found.after)


def test_what_cannot_be_told() -> None:
    good, empty = make([(100.0, True, 0.1, 0.2, 50.0)]), make([(100.0, True, -0.1, 0.2, 50.0)])
    assert of_chain(good, empty, TERMS) is None
    assert of_chain(empty, good, TERMS) is None
    assert of_chain(good, replace(good, spot=math.nan), TERMS) is None
