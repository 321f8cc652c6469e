"""The sheet's own figures by hand, and its rows by those of the exposure."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from basketgex_server.domain import Terms
from basketgex_server.exposure.chain import YEAR
from basketgex_server.exposure.expirations import by_expiration, days, days_to, listed, on_day
from basketgex_server.exposure.expiring import Expiring, NothingExpires, at_the_money, expiring, straddle
from basketgex_server.exposure.levels import levels
from basketgex_server.exposure.sheet import sheet
from basketgex_server.exposure.symbol import exposure
from basketgex_server.sources.files.folder import read_chain
from tests.server.exposure.test_levels import DIVIDEND, MORNING, RATE, make

TERMS = Terms("flashalpha", RATE, DIVIDEND)
DAY = 86_400.0 / YEAR
"""Years of a calendar day."""


def test_delta_adjusted_gamma_by_hand() -> None:
    chain = make([(95.0, False, 0.1, 0.3, 7.0), (105.0, True, 0.2, 0.2, 11.0), (105.0, False, 0.2, 0.2, 2.0)])
    found = sheet(chain, TERMS)
    assert found

    def one(strike: float, call: bool, years: float, volatility: float, interest: float) -> float:
        deviation = volatility * math.sqrt(years)
        d1 = (math.log(100.0 / strike) + (RATE - DIVIDEND + volatility**2 / 2) * years) / deviation
        held = NormalDist().cdf(d1 if call else -d1) * math.exp(-DIVIDEND * years)
        gamma = NormalDist().pdf(d1) * math.exp(-DIVIDEND * years) / (100.0 * deviation)
        return (1 if call else -1) * held * gamma * interest * 100 * 100.0**2 * 0.01

    expected = [
        one(95.0, False, 0.1, 0.3, 7.0),
        one(105.0, True, 0.2, 0.2, 11.0) + one(105.0, False, 0.2, 0.2, 2.0),
    ]
    assert [row.strike for row in found.rows] == [95.0, 105.0]
    assert list(found.dag) == pytest.approx(expected)


def test_the_line_in_the_sand_is_where_the_slope_changes_most() -> None:
    rows = [
        (k, True, 0.1, 0.2, n)
        for k, n in ((90.0, 1.0), (95.0, 1.0), (100.0, 900.0), (105.0, 1.0), (120.0, 1.0))
    ]
    found = sheet(make(rows), TERMS)
    assert found
    assert found.line_in_the_sand == 100.0
    assert [(peak.strike, peak.strength) for peak in found.peaks] == [(100.0, 1.0)]
    net = {row.strike: row.call.gex for row in found.rows}
    at = sorted(net)
    bends = {
        k: abs(2 * ((net[c] - net[k]) / (c - k) - (net[k] - net[a]) / (k - a)) / (c - a))
        for a, k, c in zip(at, at[1:], at[2:], strict=False)
    }
    assert max(bends, key=bends.__getitem__) == found.line_in_the_sand


def test_peaks_of_both_signs_and_no_line_of_two_strikes() -> None:
    rows = [(90.0, False, 0.1, 0.2, 500.0), (97.0, True, 0.1, 0.2, 1.0), (104.0, True, 0.1, 0.2, 400.0)]
    found = sheet(make(rows), TERMS)
    assert found
    assert [(p.strike, p.net_gex > 0) for p in found.peaks] == [(90.0, False), (104.0, True)]
    two = sheet(make(rows[:2]), TERMS)
    assert two
    assert two.line_in_the_sand is None
    assert sheet(make([]), TERMS) is None


def test_days_are_new_yorks_and_add_up_to_the_whole(shared_data: Path) -> None:
    chain = read_chain(shared_data / "chains/cboe_csv/spx_2022-12-12.csv", "SPX")
    known = by_expiration(chain, TERMS)
    assert known
    whole, rows = known
    assert [row.day for row in rows] == sorted({row.day for row in rows})
    for m in range(4):
        assert sum(row.net[m] for row in rows) == pytest.approx(whole.net[m], rel=1e-9)
    assert whole.rows
    assert sum(row.contracts for row in rows) == whole.rows.used
    friday = next(row for row in rows if row.day == date(2022, 12, 16))  # of the morning and of the evening
    part = exposure(on_day(chain, friday.day), *TERMS)
    assert part
    assert list(friday.net) == pytest.approx(list(part.net))
    assert len([e for e in whole.expiries if e.expiry in {x.expiry for x in part.expiries}]) == 2
    assert days_to(chain, friday.day) == 4
    offered = listed(chain)
    assert [row.day for row in offered] == days(chain)
    assert {row.day for row in rows} <= {row.day for row in offered}
    assert sum(row.contracts for row in offered) >= whole.rows.used


def test_what_expires_today_by_itself() -> None:
    near, far = 6 / 24 * DAY, 7 * DAY
    rows = [
        (k, call, t, v, 10.0)
        for k in (98.0, 99.0, 101.0, 102.0)
        for call in (True, False)
        for t, v in ((near, 0.2), (far, 0.3))
    ]
    chain = make(rows)
    today = days(chain)[0]
    found = expiring(chain, TERMS, today)
    assert isinstance(found, Expiring)
    part = on_day(chain, today)
    assert found.found == exposure(part, *TERMS)
    assert found.levels == levels(part, *TERMS)
    assert (found.volatility, found.week) == (pytest.approx(0.2), pytest.approx(0.3))
    assert found.move == pytest.approx(100.0 * 0.2 * math.sqrt(near))
    assert found.contracts == 8
    assert found.straddle is None  # no prices
    assert found.smile[98.0] == (0.2, 0.2)

    tomorrow = expiring(chain, TERMS, date(2023, 11, 15))
    assert tomorrow == NothingExpires(100.0, MORNING, date(2023, 11, 21))
    assert expiring(make([]), TERMS, today) is None


def test_a_straddle_is_that_of_the_nearest_strike_with_both_prices() -> None:
    rows = [(99.0, True), (99.0, False), (100.0, True), (101.0, True), (101.0, False)]
    chain = make([(k, call, 0.1, 0.2, 1.0) for k, call in rows] + [(100.0, False, 0.3, 0.2, 1.0)])
    chain = replace(chain, bid=np.array([2, 1, 9, 1, 2, 9.0]), ask=np.array([2.2, 1.2, 9, 1.4, 2.4, 9.0]))
    assert straddle(chain) == pytest.approx(2.1 + 1.1)
    assert straddle(replace(chain, bid=np.array([0, 1, 9, 1, 2, 9.0]))) == pytest.approx(1.2 + 2.2)
    assert straddle(replace(chain, bid=np.full(6, math.nan))) is None


def test_at_the_money_needs_a_strike_on_both_sides() -> None:
    assert at_the_money(make([(99.0, True, 0.1, 0.2, 1.0), (102.0, False, 0.1, 0.5, 1.0)])) == pytest.approx(
        0.3
    )
    assert at_the_money(make([(101.0, True, 0.1, 0.2, 1.0)])) is None
    assert at_the_money(make([])) is None
