"""The sample's past: the same every time, of real sessions, and such that today's chain could have come of it."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from functools import cache

import numpy as np
import pytest

from basketgex_server.domain import SymbolExposure
from basketgex_server.exposure.chain import Chain, rows
from basketgex_server.exposure.symbol import exposure
from basketgex_server.market_hours import NEW_YORK, trades
from basketgex_server.sources.sample.names import BY_SYMBOL
from basketgex_server.sources.sample.past import SESSIONS, sessions
from basketgex_server.sources.sample.provider import Sample

SAMPLE = Sample()
MOMENTS = SAMPLE.moments()
FIRST, LAST = -133_324_831.92, -964_934_922.22
DAY = 86_400.0


@cache
def chains_of(symbol: str) -> tuple[Chain, ...]:
    """The chains of the days before, and today's."""
    found = [SAMPLE.chain_at(symbol, moment) for moment in MOMENTS]
    return tuple(chain for chain in (*found, SAMPLE.chain(symbol)) if chain)


def figure_of(chain: Chain) -> SymbolExposure:
    found = exposure(chain, "flashalpha", 0.045, 0.013)
    assert found
    return found


def open_of(chain: Chain) -> dict[tuple[float, float, bool], float]:
    keys = zip(chain.expiry.tolist(), chain.strike.tolist(), chain.is_call.tolist(), strict=True)
    return dict(zip(keys, chain.open_interest.tolist(), strict=True))


def test_the_figures_never_change() -> None:
    first, last = (figure_of(chains_of("NVDA")[place]).net.gex for place in (0, -2))
    assert (first, last) == pytest.approx((FIRST, LAST), rel=1e-9)


def test_the_moments_are_the_closes_of_the_sessions_before() -> None:
    seen = [datetime.fromtimestamp(at, NEW_YORK) for at in MOMENTS]
    assert len(MOMENTS) == SESSIONS >= 5
    assert [f"{at:%Y-%m-%d}" for at in seen[-7:]] == [
        *("2026-09-04", "2026-09-08", "2026-09-09", "2026-09-10", "2026-09-11", "2026-09-14", "2026-09-15"),
    ]  # Monday, 7 September, is Labor Day
    assert {f"{at:%H:%M}" for at in seen} == {"16:00"}
    assert tuple(at.date() for at in seen) == sessions()
    between = (sessions()[0] + timedelta(day) for day in range((date(2026, 9, 16) - sessions()[0]).days))
    assert tuple(filter(trades, between)) == sessions()
    now = SAMPLE.chain("SPX")
    assert now and MOMENTS[-1] < now.as_of


def test_there_is_nothing_of_other_names_and_moments() -> None:
    assert SAMPLE.chain_at("NOSUCH", MOMENTS[0]) is None
    assert SAMPLE.chain_at("NVDA", MOMENTS[0] + 1) is None


@pytest.mark.parametrize("symbol", BY_SYMBOL)
def test_every_name_could_have_come_to_where_it_is(symbol: str) -> None:
    chains, name = chains_of(symbol), BY_SYMBOL[symbol]
    spots = np.array([chain.spot for chain in chains])
    steps = np.diff(np.log(spots)) * math.sqrt(252) / name.volatility
    assert 0.3 < steps.std() < 1.8 and np.abs(steps).max() < 3.5
    for chain, at in zip(chains, MOMENTS, strict=False):
        assert chain.symbol == symbol and chain.as_of == at and at - DAY < chain.oi_as_of < at
        level = np.nanmedian(chain.volatility) / np.nanmedian(chains[-1].volatility)
        assert 0.7 < level < 1.4
        held = float(chain.open_interest.sum()) / name.open_interest
        assert 0.7 < held < 1.3
        assert rows(chain).used.sum() > 0.8 * len(chain) and not rows(chain).expired.any()
        assert chain.bid is not None and chain.ask is not None and (chain.ask > chain.bid).all()


@pytest.mark.parametrize("symbol", ["NVDA", "SPX", "VZ"])
def test_contracts_grew_to_what_is_open_today_and_some_have_expired(symbol: str) -> None:
    first, *_, last, today = map(open_of, chains_of(symbol))
    assert today.keys() <= last.keys() and today.keys() <= first.keys()
    grown = [today[key] - first[key] for key in today]
    assert sum(step > 0 for step in grown) > 0.55 * sum(step != 0 for step in grown)
    assert any(step < 0 for step in grown)
    gone = first.keys() - today.keys()
    expiries = {f"{datetime.fromtimestamp(key[0], NEW_YORK):%m-%d}" for key in gone}
    daily = (
        {"09-02", "09-03", "09-08", "09-09", "09-10", "09-14", "09-15"} if BY_SYMBOL[symbol].daily else set()
    )
    assert expiries == {"09-04", "09-11"} | daily
    assert last.keys() == today.keys()


def test_signs_were_others_on_some_days() -> None:
    flipped = 0
    for symbol in BY_SYMBOL:
        nets = [figure_of(chain).net.gex for chain in chains_of(symbol)]
        assert all(map(math.isfinite, nets)) and len(set(nets)) == SESSIONS + 1
        flipped += len({net > 0 for net in nets}) == 2
    assert 0.25 * len(BY_SYMBOL) < flipped < 0.75 * len(BY_SYMBOL)


def test_the_market_moves_together_and_volatility_against_it() -> None:
    def returns(symbol: str) -> list[float]:
        steps: list[float] = np.diff(np.log([chain.spot for chain in chains_of(symbol)])).tolist()
        return steps

    index, volatility = returns("SPX"), np.diff([np.nanmedian(c.volatility) for c in chains_of("SPX")])
    assert np.corrcoef(index, returns("SPY"))[0, 1] > 0.95
    assert (
        np.mean([np.corrcoef(index, returns(s))[0, 1] for s in ("NVDA", "AAPL", "JPM", "XOM", "CAT")]) > 0.3
    )
    assert np.corrcoef(index, volatility)[0, 1] < -0.5
