from __future__ import annotations

import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketgex_server.domain import (
    CONVENTIONS,
    DAY_COUNTS,
    Convention,
    DayCount,
    Measures,
    SymbolExposure,
    Terms,
)
from basketgex_server.exposure.black_scholes import contracts
from basketgex_server.exposure.chain import YEAR, Chain
from basketgex_server.exposure.symbol import exposure, exposures
from basketgex_server.sources.files.folder import read_chain

AS_OF = 1_700_000_000.0
Row = tuple[float, bool, float, float, float]


def make(rows: list[Row], spot: float = 100.0) -> Chain:
    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    strike, is_call, years, volatility, interest = columns
    return Chain(
        symbol="X",
        spot=spot,
        as_of=AS_OF,
        strike=np.array(strike, dtype=float),
        is_call=np.array(is_call, dtype=bool),
        expiry=AS_OF + np.array(years, dtype=float) * YEAR,
        volatility=np.array(volatility, dtype=float),
        open_interest=np.array(interest, dtype=float),
    )


sensible = st.tuples(
    st.sampled_from([60.0, 90.0, 95.0, 100.0, 105.0, 110.0, 150.0]),
    st.booleans(),
    st.floats(0.001, 2),
    st.floats(0.05, 2),
    st.integers(1, 100_000).map(float),
)
odd = st.one_of(st.floats(), st.sampled_from([0.0, -1.0, 1e-300, 1e300, math.inf, math.nan, 100.0, 0.2]))


def finite(found: SymbolExposure) -> bool:
    assert found.call and found.put
    figures = [*found.net, *found.call, *found.put, found.usable_open_interest]
    for row in found.strikes:
        figures += [row.strike, *row.call, *row.put, row.call_open_interest, row.put_open_interest]
    return all(map(math.isfinite, figures))


@pytest.mark.parametrize("rate, dividend, billions", [(0.0, 0.0, -2.765007311), (0.05, 0.013, -0.425467015)])
def test_spx_of_december_2022(shared_data: Path, rate: float, dividend: float, billions: float) -> None:
    chain = read_chain(shared_data / "chains/cboe_csv/spx_2022-12-12.csv", "SPX")
    found = exposure(chain, "flashalpha", rate, dividend)
    assert found and found.rows
    assert len(chain) == 19_156
    assert found.rows == (13_160, 286, 1_167, 0, 0, 14)
    assert found.net.gex / 1e9 == pytest.approx(billions, abs=0.00005)


def test_the_measures_of_one_contract() -> None:
    greeks = contracts(
        np.array([105.0]), np.array([False]), np.array([0.3]), np.array([0.5]), 0.04, 0.01
    ).greeks(100)
    gamma, delta, vanna, charm = (
        float(c[0]) for c in (greeks.gamma, greeks.delta, greeks.vanna, greeks.charm)
    )
    found = exposure(make([(105.0, False, 0.5, 0.3, 7.0)]), "flashalpha", 0.04, 0.01)
    assert found
    wanted = (-gamma * 7e6 * 0.01, delta * 7e4, vanna * 7e4 * 0.01, charm * 7e4 / 365)
    assert found.net == pytest.approx(wanted, rel=1e-7)  # the instants are whole microseconds or so
    assert found.call == (0, 0, 0, 0)


def test_the_conventions_differ_in_the_sign_of_the_puts() -> None:
    chain = make([(100.0, True, 0.5, 0.3, 10.0), (100.0, False, 0.5, 0.3, 10.0)])
    published, dealer = (exposure(chain, c, 0.04, 0.01) for c in CONVENTIONS)
    assert published and dealer and published.put and dealer.put
    assert published.call == dealer.call
    assert published.put.gex == dealer.put.gex < 0
    assert published.put[1:] == tuple(-x for x in dealer.put[1:])
    assert published.put.dex < 0 < dealer.put.dex


@pytest.mark.parametrize("convention", CONVENTIONS)
@given(st.lists(sensible, min_size=1, max_size=30))
def test_sides_and_strikes_add_up(convention: Convention, rows: list[Row]) -> None:
    found = exposure(make(rows), convention, 0.04, 0.01)
    assert found and found.call and found.put
    assert found.net == tuple(c + p for c, p in zip(found.call, found.put, strict=True))
    strikes = [row.strike for row in found.strikes]
    assert strikes == sorted({row[0] for row in rows})
    for place in range(4):
        assert found.call[place] == pytest.approx(math.fsum(r.call[place] for r in found.strikes), rel=1e-12)
        assert found.put[place] == pytest.approx(math.fsum(r.put[place] for r in found.strikes), rel=1e-12)
    assert sum(r.call_open_interest + r.put_open_interest for r in found.strikes) == sum(r[4] for r in rows)


@given(st.lists(sensible, min_size=1, max_size=30))
def test_expiries_add_up_and_todays_are_apart(rows: list[Row]) -> None:
    today: list[Row] = [(101.0, call, 3600 / YEAR, 0.3, 9.0) for call in (True, False)]
    found = exposure(make([*rows, *today]), "dealer", 0.04, 0.01)
    alone = exposure(make(today), "dealer", 0.04, 0.01)
    assert found and found.call and found.put and alone
    expiries = [row.expiry for row in found.expiries]
    assert expiries == sorted(set(expiries))
    for place in range(4):
        size = sum(abs(r.call[place]) + abs(r.put[place]) for r in found.strikes)
        for side in ("call", "put"):
            added = math.fsum(getattr(row, side)[place] for row in found.expiries)
            assert added == pytest.approx(getattr(found, side)[place], rel=1e-9, abs=1e-12 * size)
    interest = sum(r.call_open_interest + r.put_open_interest for r in found.expiries)
    assert interest == sum(row[4] for row in [*rows, *today])
    assert {row.zero_dte for row in alone.expiries} == {True}
    assert alone.zero_dte == pytest.approx(alone.net, rel=1e-9)
    short = [row for row in rows if row[2] * 365 < 1.5]
    if not short:
        assert found.zero_dte == pytest.approx(alone.net, rel=1e-9)


MEMBERS = st.tuples(
    st.lists(st.one_of(sensible, st.tuples(odd, st.booleans(), odd, odd, odd)), max_size=12),
    st.one_of(st.floats(50, 200), st.sampled_from([0.0, math.nan])),
    st.sampled_from([0.0, 0.04, 0.05]),
    st.sampled_from([0.0, 0.01, None]),
)
"""Rows, spot, rate and dividend yield; None: each row has its own."""


def written_out(found: SymbolExposure | None) -> object:
    return found and (repr(found), list(found.strikes), list(found.expiries), found.forwards)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of instants beyond the largest double, in ``make``
@given(st.lists(MEMBERS, max_size=6), st.sampled_from(CONVENTIONS), st.sampled_from(DAY_COUNTS))
def test_chains_worked_out_together_are_as_each_is_alone(
    members: list[tuple[list[Row], float, float, float | None]], convention: Convention, day_count: DayCount
) -> None:
    asked = []
    for place, (rows, spot, rate, dividend_yield) in enumerate(members):
        own = None if dividend_yield is not None else np.linspace(0.0, 0.05, len(rows))
        chain = replace(make(rows, spot), symbol=f"X{place}", dividend_yield=own)
        later = replace(chain, as_of=chain.as_of + 3_600 * place)
        asked.append((later, Terms(convention, rate, dividend_yield or 0.0, day_count)))
    alone = [written_out(exposure(chain, *terms)) for chain, terms in asked]
    assert list(map(written_out, exposures(asked))) == alone


def test_many_real_chains_are_worked_out_together_as_each_is_alone(shared_data: Path) -> None:
    paths = sorted((shared_data / "chains/basket_2026-07-10").glob("*.csv.gz"))
    chains = [read_chain(path, path.name.split(".")[0]) for path in paths]
    asked = [(chain, Terms("flashalpha", 0.04, 0.01 * (place % 2))) for place, chain in enumerate(chains)]
    together = exposures(asked)
    assert all(together) and len(together) == 13
    assert list(map(written_out, together)) == [written_out(exposure(c, *terms)) for c, terms in asked]


@given(st.lists(sensible, min_size=1, max_size=20), st.sampled_from([2.0, 3.0, 1000.0]))
def test_more_open_interest_is_more_exposure(rows: list[Row], factor: float) -> None:
    chain = make(rows)
    once = exposure(chain, "flashalpha", 0.04, 0.01)
    more = exposure(replace(chain, open_interest=chain.open_interest * factor), "flashalpha", 0.04, 0.01)
    assert once and more and once.call and more.call and once.put and more.put
    assert more.call == pytest.approx([factor * x for x in once.call], rel=1e-9)
    assert more.put == pytest.approx([factor * x for x in once.put], rel=1e-9)


@given(st.lists(sensible, min_size=2, max_size=20), st.data())
def test_a_chain_is_the_sum_of_its_parts(rows: list[Row], data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(rows) - 1))
    whole, *parts = (exposure(make(r), "dealer", 0.04, 0.01) for r in (rows, rows[:cut], rows[cut:]))
    assert whole and whole.call
    for place in range(4):
        values = [p.call[place] for p in parts if p and p.call]
        size = sum(abs(r.call[place]) for r in whole.strikes)
        assert whole.call[place] == pytest.approx(sum(values), rel=1e-9, abs=1e-9 * size + 1e-12)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(sensible, st.tuples(odd, st.booleans(), odd, odd, odd)), max_size=12),
    st.one_of(odd, st.just(100.0)),
    st.sampled_from(CONVENTIONS),
)
def test_odd_numbers_never_come_out(rows: list[Row], spot: float, convention: Convention) -> None:
    with np.errstate(all="ignore"):
        chain = make(rows, spot)
    found = exposure(chain, convention, 0.04, 0.01)
    if found:
        assert finite(found)
        assert found.rows and found.rows.used > 0
        assert 0 < found.usable_open_interest <= 1


@given(st.lists(sensible, min_size=1, max_size=10), st.lists(sensible, min_size=1, max_size=10))
def test_what_has_expired_never_counts(live: list[Row], dead: list[Row]) -> None:
    past = [(strike, call, -years, vol, oi) for strike, call, years, vol, oi in dead]
    past[0] = (*past[0][:2], 0.0, *past[0][3:])  # at this very instant is past, too
    alone, together = (exposure(make(r), "flashalpha", 0.04, 0.01) for r in (live, live + past))
    assert alone and together and together.rows
    assert together.net == alone.net
    assert together.strikes == alone.strikes
    assert together.usable_open_interest == 1
    assert together.rows.expired == len(past)
    assert exposure(make(past), "flashalpha", 0.04, 0.01) is None


def test_the_usable_share_is_at_most_all_of_it() -> None:
    interest = (0.1, 0.3, 0.1, 0.3, 0.3, 0.3, 0.7, 0.3, 0.1, 0.1, 0.3)
    rows: list[Row] = [(100.0, True, 0.5, 0.3, each) for each in interest]
    found = exposure(make([(100.0, True, 0.5, math.nan, 1e-300), *rows]), "flashalpha", 0.04, 0.01)
    assert found and found.usable_open_interest == 1.0  # added up in another order it was an ulp above


def test_the_usable_share_of_the_open_interest() -> None:
    rows: list[Row] = [
        (100.0, True, 0.5, 0.3, 30.0),
        (100.0, False, 0.5, math.nan, 10.0),
        (100.0, False, -0.5, 0.3, 1_000.0),
    ]
    found = exposure(replace(make(rows), other_root=4), "flashalpha", 0.0, 0.0)
    assert found
    assert found.usable_open_interest == 0.75
    assert found.rows == (1, 1, 1, 4, 0, 0)


@pytest.mark.parametrize("rows", [[], [(100.0, True, 0.5, math.nan, 5.0)], [(100.0, True, 0.5, 0.3, 0.0)]])
def test_without_a_row_that_counts_there_is_no_figure(rows: list[Row]) -> None:
    assert exposure(make(rows), "flashalpha", 0.04, 0.01) is None


def test_the_moments_travel_along() -> None:
    found = exposure(
        replace(make([(100.0, True, 0.5, 0.3, 5.0)]), oi_as_of=AS_OF - 5), "flashalpha", 0.04, 0.01
    )
    assert found and isinstance(found.net, Measures)
    assert (found.as_of, found.oi_as_of, found.underlying_price) == (AS_OF, AS_OF - 5, 100.0)
    assert {f.name for f in fields(found)} >= {"rows", "usable_open_interest"}
