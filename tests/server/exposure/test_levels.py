"""The levels held to plain loops and direct sums over real chains, and to odd chains."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import astuple, replace
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketgex_server.domain import CONVENTIONS, Convention
from basketgex_server.exposure.chain import YEAR, Chain
from basketgex_server.exposure.levels import Levels, gamma_flip, levels
from basketgex_server.exposure.symbol import exposure
from basketgex_server.exposure.trust import FLIP_AVAILABLE, FLIP_NO_BOUNDARY, FLIP_SEVERAL_ROOTS
from basketgex_server.market_hours import NEW_YORK
from basketgex_server.sources.files.folder import read_chain

RATE, DIVIDEND = 0.045, 0.013
BASKET = "chains/basket_2026-07-10"
NAMES = "AAPL", "AMD", "AMZN", "AVGO", "GOOGL", "IWM", "META", "MSFT", "NVDA", "QQQ", "SPX", "SPY", "TSLA"
REAL = [
    ("chains/cboe_csv/spx_2022-12-12.csv", "SPX"),
    ("chains/cboe_csv/spy_2025-05-16.csv", "SPY"),
    ("chains/cboe_json/rut_2023-09-20.json", "RUT"),
    *((f"{BASKET}/{name}.csv.gz", name) for name in NAMES),
]
MORNING = datetime(2023, 11, 14, 10, 0, tzinfo=NEW_YORK).timestamp()
CLOSE = MORNING + 6 * 3600
Row = tuple[float, bool, float, float, float]


def make(rows: list[Row], spot: float = 100.0, as_of: float = MORNING) -> Chain:
    """A chain of (strike, is call, years, volatility, open interest)."""
    strike, is_call, years, volatility, interest = zip(*rows, strict=True) if rows else [()] * 5
    return Chain(
        symbol="X",
        spot=spot,
        as_of=as_of,
        strike=np.array(strike, dtype=float),
        is_call=np.array(is_call, dtype=bool),
        expiry=as_of + np.array(years, dtype=float) * YEAR,
        volatility=np.array(volatility, dtype=float),
        open_interest=np.array(interest, dtype=float),
    )


def found(chain: Chain) -> Levels:
    result = levels(chain, "flashalpha", RATE, DIVIDEND)
    assert result
    return result


def counting(chain: Chain) -> Chain:
    """The contracts that count, sorted out without the product's code."""
    kept = (chain.open_interest > 0) & (chain.volatility > 0) & (chain.expiry > chain.as_of)
    return replace(
        chain,
        strike=chain.strike[kept],
        is_call=chain.is_call[kept],
        expiry=chain.expiry[kept],
        volatility=chain.volatility[kept],
        open_interest=chain.open_interest[kept],
    )


def net_gex(chain: Chain) -> Callable[[float], float]:
    """Net GEX at a spot price by the textbook, summed exactly."""
    c = counting(chain)
    years = np.maximum(c.expiry - c.as_of, 60.0) / YEAR  # a minute at least
    deviation = c.volatility * np.sqrt(years)
    weight = np.where(c.is_call, 1.0, -1.0) * c.open_interest * np.exp(-DIVIDEND * years) / deviation

    def at(price: float) -> float:
        d1 = (np.log(price / c.strike) + (RATE - DIVIDEND) * years) / deviation + deviation / 2
        return price * math.fsum((weight * np.exp(-d1 * d1 / 2)).tolist()) / math.sqrt(2 * math.pi)

    return at


def nearer_changes(chain: Chain, flip: float, steps: int) -> int:
    """How often net GEX changes sign nearer spot than the flip."""
    reach, at = abs(flip - chain.spot) * (1 - 1e-6), net_gex(chain)
    signs = [at(x) > 0 for x in np.linspace(chain.spot - reach, chain.spot + reach, steps)]
    return sum(a != b for a, b in pairwise(signs))


@pytest.mark.parametrize("path, symbol", REAL)
def test_the_flip_of_a_real_chain_is_the_nearest_root(shared_data: Path, path: str, symbol: str) -> None:
    chain = read_chain(shared_data / path, symbol)
    result = found(chain)
    alone = len(result.gamma_flip_roots) == 1
    assert result.gamma_flip_status == (FLIP_AVAILABLE if alone else FLIP_SEVERAL_ROOTS)
    flip, at = result.gamma_flip, net_gex(chain)
    assert flip is not None
    assert at(flip * (1 - 1e-10)) * at(flip * (1 + 1e-10)) < 0
    assert nearer_changes(chain, flip, 400) == 0


@pytest.mark.parametrize("path, symbol", REAL)
def test_the_strikes_of_a_real_chain(shared_data: Path, path: str, symbol: str) -> None:
    chain = read_chain(shared_data / path, symbol)
    call: dict[float, float] = {}
    put: dict[float, float] = {}
    interest: dict[float, float] = {}
    c = counting(chain)
    columns = (c.strike, c.is_call, c.expiry, c.volatility, c.open_interest)
    for strike, is_call, expiry, volatility, contracts in zip(*(x.tolist() for x in columns), strict=True):
        years = (expiry - c.as_of) / YEAR
        s = volatility * math.sqrt(years)
        d1 = (math.log(c.spot / strike) + (RATE - DIVIDEND) * years) / s + s / 2
        gamma = math.exp(-DIVIDEND * years - d1 * d1 / 2) / (s * c.spot * math.sqrt(2 * math.pi))
        side = call if is_call else put
        side[strike] = side.get(strike, 0.0) + gamma * contracts * c.spot**2
        interest[strike] = interest.get(strike, 0.0) + contracts
    net = {strike: call.get(strike, 0.0) - put.get(strike, 0.0) for strike in interest}
    result = found(chain)
    assert result.call_wall == max(call, key=call.__getitem__)
    assert result.put_wall == max(put, key=put.__getitem__)
    assert result.max_positive_gamma == max(net, key=net.__getitem__)
    assert result.max_negative_gamma == min(net, key=net.__getitem__)
    assert result.highest_oi_strike == max(interest, key=interest.__getitem__)


@pytest.mark.parametrize("path, symbol", REAL)
@pytest.mark.parametrize("factor", [3.0, 1000.0])
def test_more_open_interest_moves_no_level(shared_data: Path, path: str, symbol: str, factor: float) -> None:
    chain = read_chain(shared_data / path, symbol)
    once, more = found(chain), found(replace(chain, open_interest=chain.open_interest * factor))
    assert more.gamma_flip == pytest.approx(once.gamma_flip, rel=1e-10)
    assert replace(more, gamma_flip=None) == replace(once, gamma_flip=None)


@pytest.mark.parametrize("minutes", [360, 60, 5, 1])
@pytest.mark.parametrize("symbol", ["SPY", "TSLA"])
def test_the_flip_is_the_nearest_root_on_an_expiry_day(
    shared_data: Path, symbol: str, minutes: float
) -> None:
    day = date(2026, 7, 13)
    close = datetime(2026, 7, 13, 16, tzinfo=NEW_YORK).timestamp()
    friday = read_chain(shared_data / BASKET / f"{symbol}.csv.gz", symbol)
    chain = replace(friday, as_of=close - minutes * 60)
    result = found(chain)
    flip, at = result.gamma_flip, net_gex(chain)
    assert flip is not None
    assert at(flip * (1 - 1e-10)) * at(flip * (1 + 1e-10)) < 0
    assert nearer_changes(chain, flip, 1000) == 0

    today = replace(chain, open_interest=np.where(chain.expiry == close, chain.open_interest, 0.0))
    alone = exposure(today, "flashalpha", RATE, DIVIDEND)
    whole = exposure(chain, "flashalpha", RATE, DIVIDEND)
    assert alone and alone.call and alone.put and whole and whole.call and whole.put
    gross = (alone.call.gex - alone.put.gex) / (whole.call.gex - whole.put.gex)
    assert result.zero_dte and result.zero_dte.expiration == day
    assert result.zero_dte.net_gex == pytest.approx(alone.net.gex)
    assert result.zero_dte.pct_of_total_gex == pytest.approx(100 * gross)
    assert 0 < gross < 1
    assert (
        result.zero_dte_magnet == max(alone.strikes, key=lambda row: abs(row.call.gex + row.put.gex)).strike
    )


def test_two_bells_cross_where_they_weigh_the_same() -> None:
    chain = make([(90.0, False, 0.25, 0.4, 10.0), (110.0, True, 0.25, 0.4, 10.0)], spot=97.0)
    flip = levels(chain, "flashalpha", 0.0, 0.0)
    middle = math.sqrt(90 * 110) * math.exp(-(0.4**2) * 0.25 / 2)  # d1 of the one is minus d1 of the other
    assert flip and flip.gamma_flip == pytest.approx(middle, rel=1e-10)


def test_the_nearer_of_two_roots_counts() -> None:
    rows = [(70.0, True, 0.1, 0.2, 10.0), (100.0, False, 0.1, 0.2, 10.0), (130.0, True, 0.1, 0.2, 10.0)]
    below, above = (found(make(rows, spot)).gamma_flip for spot in (95.0, 105.0))
    assert below and above and 70 < below < 95 and 105 < above < 130


def test_a_contract_about_to_expire_flips_the_sign_at_its_strike_alone() -> None:
    needle: Row = (103.123, False, 1 / YEAR, 0.2, 10.0)
    chain = make([(100.0, True, 0.5, 0.3, 10.0), needle])
    flip, at = found(chain).gamma_flip, net_gex(chain)
    assert flip and 103.123 * (1 - 2e-3) < flip < 103.123  # the needle's near side
    assert at(flip * (1 - 1e-10)) > 0 > at(flip * (1 + 1e-10))


def test_a_root_at_spot_is_found() -> None:
    chain = make([(90.0, False, 0.25, 0.4, 10.0), (110.0, True, 0.25, 0.4, 10.0)], spot=97.0)
    flip = found(chain).gamma_flip
    assert flip
    assert found(replace(chain, spot=flip)).gamma_flip == pytest.approx(flip, rel=1e-10)


def test_a_flip_beyond_reach_is_none() -> None:
    rows = [(100.0, True, 0.1, 0.2, 10.0), (300.0, False, 0.1, 0.2, 10.0)]
    assert astuple(found(make(rows)))[:2] == (None, FLIP_NO_BOUNDARY)


@pytest.mark.parametrize("is_call", [True, False])
def test_one_side_only_has_no_flip(is_call: bool) -> None:
    result = found(make([(95.0, is_call, 0.5, 0.3, 5.0), (105.0, is_call, 0.5, 0.3, 9.0)]))
    assert (result.gamma_flip, result.gamma_flip_status) == (None, FLIP_NO_BOUNDARY)
    walls = (105.0, None) if is_call else (None, 105.0)
    assert (result.call_wall, result.put_wall) == walls
    assert (result.max_positive_gamma, result.max_negative_gamma) == walls
    assert (result.highest_oi_strike, result.zero_dte_magnet, result.zero_dte) == (105.0, None, None)


def test_calls_and_puts_that_cancel_have_no_flip() -> None:
    rows: list[Row] = [
        (50.0 + k, call, 0.3, 0.2 + k / 300, 7.0) for k in range(100) for call in (True, False)
    ]
    result = found(make(rows))
    assert (result.gamma_flip, result.gamma_flip_status) == (None, FLIP_NO_BOUNDARY)
    assert (result.max_positive_gamma, result.max_negative_gamma) == (None, None)


def test_bells_with_nothing_between_them_have_no_flip() -> None:
    second = 1 / YEAR
    result = found(make([(90.0, False, second, 0.1, 5.0), (100.0, True, second, 0.1, 5.0)]))
    assert (result.gamma_flip, result.gamma_flip_status) == (None, FLIP_NO_BOUNDARY)


def test_of_strikes_that_tie_the_nearer_and_then_the_lower_counts() -> None:
    rows: list[Row] = [(strike, True, 0.5, 0.3, 8.0) for strike in (80.0, 98.0, 102.0, 120.0)]
    assert found(make(rows)).highest_oi_strike == 98.0


def test_today_is_new_yorks_and_what_has_expired_is_not_of_it() -> None:
    hour = 3600 / YEAR
    day: list[Row] = [(100.0, True, 6 * hour, 0.3, 5.0), (105.0, False, 6 * hour, 0.3, 5.0)]
    tomorrow: Row = (95.0, True, 30 * hour, 0.3, 500.0)
    result = found(make([*day, tomorrow]))
    assert result.zero_dte and result.zero_dte.expiration == date(2023, 11, 14)
    assert result.zero_dte_magnet == 100.0
    at_close = make([(k, c, y - 6 * hour, v, n) for k, c, y, v, n in [*day, tomorrow]], as_of=CLOSE)
    assert (found(at_close).zero_dte, found(at_close).zero_dte_magnet) == (None, None)
    at_eight = replace(
        make([tomorrow]), as_of=MORNING + 10 * 3600
    )  # the 15th already, by UTC's clock at 20:00
    assert found(at_eight).zero_dte is None
    past_midnight = found(replace(at_eight, as_of=MORNING + 14.5 * 3600)).zero_dte
    assert past_midnight and past_midnight.expiration == date(2023, 11, 15)
    assert past_midnight.pct_of_total_gex == 100.0


def test_the_conventions_agree_on_gex(shared_data: Path) -> None:
    chain = read_chain(shared_data / BASKET / "AAPL.csv.gz", "AAPL")
    published, dealer = (levels(chain, c, RATE, DIVIDEND) for c in CONVENTIONS)
    assert published == dealer


sensible = st.tuples(
    st.sampled_from([60.0, 90.0, 95.0, 100.0, 105.0, 110.0, 150.0]),
    st.booleans(),
    st.floats(0.0001, 2),
    st.floats(0.05, 2),
    st.integers(1, 100_000).map(float),
)
odd = st.one_of(st.floats(), st.sampled_from([0.0, -1.0, 1e-300, 1e300, math.inf, math.nan, 100.0, 0.2]))
odd_interest = odd.filter(lambda x: not 1e306 < x < math.inf)  # whose sum is still a number


@settings(deadline=None)
@given(st.lists(sensible, min_size=1, max_size=20), st.sampled_from([0.25, 2.0, 1024.0]))
def test_the_scale_of_open_interest_moves_nothing(rows: list[Row], factor: float) -> None:
    chain = make(rows)
    once, more = found(chain), found(replace(chain, open_interest=chain.open_interest * factor))
    assert replace(more, zero_dte=None) == replace(once, zero_dte=None)


@settings(deadline=None)
@given(st.lists(sensible, min_size=1, max_size=20))
def test_a_flip_that_is_found_is_one(rows: list[Row]) -> None:
    chain = make(rows)
    flip, at = found(chain).gamma_flip, net_gex(chain)
    if flip is None:
        signs = {
            at(100 * x) > 0
            for x in np.linspace(0.5, 1.5, 50)
            if abs(at(100 * x)) > 1e-9 * max(r[4] for r in rows)
        }
        assert len(signs) < 2
    else:
        assert 50 <= flip <= 150
        assert at(flip * (1 - 1e-7)) * at(flip * (1 + 1e-7)) <= 0


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(sensible, st.tuples(odd, st.booleans(), odd, odd, odd_interest)), max_size=12),
    st.one_of(odd, st.just(100.0)),
    st.one_of(odd, st.just(MORNING)),
    st.sampled_from(CONVENTIONS),
)
def test_odd_numbers_never_come_out(
    rows: list[Row], spot: float, as_of: float, convention: Convention
) -> None:
    with np.errstate(all="ignore"):
        chain = make(rows, spot, as_of)
        has_figures = exposure(chain, convention, RATE, DIVIDEND) is not None
    result = levels(chain, convention, RATE, DIVIDEND)
    assert (result is not None) == has_figures
    if result:
        today = result.zero_dte
        numbers = [x for x in astuple(result) if isinstance(x, float)]
        numbers += [today.net_gex, today.pct_of_total_gex] if today else []
        assert all(map(math.isfinite, numbers))
        assert (result.gamma_flip is None) == (result.gamma_flip_status == FLIP_NO_BOUNDARY)
        assert (today is None) <= (result.zero_dte_magnet is None)


@pytest.mark.parametrize("rows", [[], [(100.0, True, -0.5, 0.3, 5.0)], [(100.0, True, 0.5, math.nan, 5.0)]])
def test_without_a_row_that_counts_there_are_no_levels(rows: list[Row]) -> None:
    assert levels(make(rows), "flashalpha", RATE, DIVIDEND) is None


def test_a_contract_beyond_computing_does_not_hide_the_flip() -> None:
    rows: list[Row] = [(90.0, False, 0.25, 0.4, 10.0), (110.0, True, 0.25, 0.4, 10.0)]
    sick: Row = (100.0, True, 1e-300, 1e-200, 10.0)
    whole, alone = (gamma_flip(make(r), "flashalpha", RATE, DIVIDEND) for r in ([*rows, sick], rows))
    assert whole == alone is not None
