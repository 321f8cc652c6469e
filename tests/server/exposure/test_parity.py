"""Whether spot is of the quotes' moment, and the yields that all forwards mean together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from basketgex_server.domain import SPOT_AGREES, SPOT_STALE, SPOT_THIN, Forward, Terms
from basketgex_server.exposure.chain import YEAR, Chain
from basketgex_server.exposure.implied import forwards, with_implied_yields
from basketgex_server.exposure.parity import Carry, carry
from basketgex_server.exposure.symbol import exposure
from basketgex_server.sources.files.folder import read_chain
from tests.server.exposure.test_implied import exact_price
from tests.server.exposure.test_symbol import make

R, SPOT, NOW = 0.045, 100.0, 1_700_000_000.0
DAILY = (3.0, 4.0, 5.0, 7.0, 10.0, 12.0, 14.0)


def told(
    days: Sequence[float],
    *,
    gap: float = 0.0,
    q: float = 0.01,
    noise: float = 0.0,
    given: float = 0.013,
    trusted: bool = True,
) -> Carry:
    """What forwards with a gap in spot, a yield and a noise of alternating sign say."""
    years = [d / 365 for d in days]
    prices = [SPOT * math.exp(gap + (R - q) * t + noise * (-1) ** place) for place, t in enumerate(years)]
    found = [
        Forward(NOW + d * 86_400, price, 0.0, 12, 1e-5, trusted)
        for d, price in zip(days, prices, strict=True)
    ]
    return carry(found, years, SPOT, NOW, R, given)


@pytest.mark.parametrize("gap", [0.0078, -0.0048, 0.0011, -0.03])
def test_a_spot_of_another_moment_is_put_right_and_is_no_yield(gap: float) -> None:
    found = told(DAILY, gap=gap)
    assert found.status == SPOT_STALE
    assert found.correction == pytest.approx(gap, rel=1e-9)
    assert found.common == pytest.approx(0.01, abs=1e-9)
    assert found.yields == pytest.approx([0.01] * len(DAILY), abs=1e-9)
    assert all(forward.trusted for forward in found.forwards)


@pytest.mark.parametrize("gap", [0.0, 0.0009, -0.00095])
def test_a_small_gap_is_noise(gap: float) -> None:
    found = told(DAILY, gap=gap)
    assert (found.status, found.correction) == (SPOT_AGREES, 0.0)
    assert found.common == pytest.approx(0.01, abs=1e-9)  # and in no yield either


def test_a_single_near_expiry_has_no_yield_of_its_own() -> None:
    """0.02 % of its forward were 2.4 points of yield, three days ahead."""
    days = (*DAILY, 60.0, 200.0)
    found = told(days, noise=1e-4)
    near = [q for q, d in zip(found.yields, days, strict=True) if d < 30]
    assert set(near) == {found.common}
    assert abs(found.common - 0.01) < 0.002
    far = found.yields[-2:]
    assert far[0] != far[1] and far == pytest.approx([0.01, 0.01], abs=0.002)
    one = told((5.0,), q=-0.2)
    assert (one.status, one.yields, one.common) == (SPOT_THIN, (0.013,), 0.013)


@pytest.mark.parametrize("q", [0.2, -0.2, 0.114, -0.088])
def test_a_yield_that_nothing_has_is_not_trusted(q: float) -> None:
    found = told((20.0, 40.0, 90.0), q=q)
    assert found.common == 0.013 and set(found.yields) == {0.013}
    assert not any(forward.trusted for forward in found.forwards)


def test_quotes_too_thin_to_tell() -> None:
    two = told((40.0, 90.0), gap=0.002)
    assert (two.status, two.correction) == (SPOT_THIN, 0.0)
    far = told((400.0, 500.0, 600.0), gap=0.019)  # a line from so far says nothing of today
    assert (far.status, far.correction) == (SPOT_THIN, 0.0)
    scattered = told((3.0, 5.0, 40.0, 80.0), gap=0.0015, noise=0.004)
    assert (scattered.status, scattered.correction) == (SPOT_THIN, 0.0)
    assert set(scattered.yields) == {0.013}  # a gap that cannot be put right would be in each of them
    assert told((), gap=0.0).status == told(DAILY, trusted=False).status == SPOT_THIN


def test_a_slope_that_is_not_sure_is_no_yield() -> None:
    found = told((1.0, 2.0, 3.0, 4.0), noise=2e-4)  # four days say little of a year
    assert found.common == 0.013


def quoted(days: Sequence[float], spot: float, real: float) -> Chain:
    """Quotes of options on a price that is ``real``, in a file that says ``spot``."""
    rows = [
        (strike, call, d / 365, 0.2, 10.0)
        for d in days
        for strike in np.arange(85.0, 116.0, 1.0).tolist()
        for call in (True, False)
    ]
    price = np.array(
        [
            float(exact_price(real * math.exp((R - 0.01) * t), k, t, v, math.exp(-R * t), c))
            for k, c, t, v, _ in rows
        ]
    )
    return replace(make(rows, spot), bid=price * 0.9999, ask=price * 1.0001)


@pytest.mark.parametrize("gap", [0.008, -0.005])
def test_figures_are_those_of_the_price_that_was_quoted(gap: float) -> None:
    real = quoted(DAILY, 100.0, 100.0)
    stale = quoted(DAILY, 100.0 * math.exp(-gap), 100.0)
    terms = Terms("flashalpha", R, 0.013)
    found, wanted = (with_implied_yields(chain, R, 0.013) for chain in (stale, real))
    assert (found.spot_status, wanted.spot_status) == (SPOT_STALE, SPOT_AGREES)
    assert found.spot == pytest.approx(100.0, rel=1e-6)
    ours, theirs = exposure(found, *terms), exposure(wanted, *terms)
    assert ours and theirs
    assert ours.net == pytest.approx(theirs.net, rel=1e-3)
    assert (ours.spot_status, ours.spot_correction) == (SPOT_STALE, pytest.approx(gap, abs=1e-6))
    assert [row.dividend_yield for row in ours.expiries] == pytest.approx([0.01] * len(DAILY), abs=2e-3)


def test_the_yield_of_every_expiry_is_told() -> None:
    chain = quoted((5.0, 40.0, 80.0, 120.0), 100.0, 100.0)
    flat, implied = (
        exposure(chain, "flashalpha", R, 0.02),
        exposure(with_implied_yields(chain, R, 0.02), "flashalpha", R, 0.02),
    )
    assert flat and implied
    assert [row.dividend_yield for row in flat.expiries] == [0.02] * 4
    assert [row.dividend_yield for row in implied.expiries] == pytest.approx([0.01] * 4, abs=1e-3)


def test_spy_of_2025_05_16_has_a_stale_spot_and_no_yields_of_99_per_cent(shared_data: Path) -> None:
    chain = read_chain(shared_data / "chains/cboe_csv/spy_2025-05-16.csv", "SPY")
    raw = [f.dividend_yield for f in forwards(chain, R) if f.trusted]
    assert len(raw) == 9 and min(raw) < -0.9 and max(raw) < -0.2  # what one forward at a time would mean
    found = with_implied_yields(chain, R, 0.013)
    assert found.spot_status == SPOT_STALE
    assert found.spot_correction == pytest.approx(0.0078, abs=1e-4)
    assert found.spot == pytest.approx(chain.spot * math.exp(found.spot_correction))
    assert found.dividend_yield is not None
    assert found.dividend_yield == pytest.approx(0.0039, abs=2e-4)
    flat, implied = (exposure(c, "flashalpha", R, 0.013) for c in (replace(chain, spot=found.spot), found))
    assert flat and implied
    assert implied.net.chex == pytest.approx(flat.net.chex, rel=0.1)  # it was −253 %


@pytest.mark.parametrize(
    "path, symbol, status",
    [
        ("cboe_json/rut_2023-09-20.json", "RUT", SPOT_AGREES),
        ("cboe_csv/ndx_2022-12-12.csv", "NDX", SPOT_STALE),  # the evening's quotes beside the close
        ("cboe_csv/spx_2022-12-12.csv", "SPX", SPOT_THIN),  # nothing quoted nearer than a year and a half
        *(
            (f"basket_2026-07-10/{name}.csv.gz", name, SPOT_AGREES)
            for name in ("AAPL", "AMD", "AMZN", "AVGO", "GOOGL", "IWM", "META", "MSFT", "NVDA", "QQQ", "SPX")
        ),
    ],
)
def test_no_real_chain_has_a_yield_that_nothing_has(
    shared_data: Path, path: str, symbol: str, status: str
) -> None:
    chain = read_chain(shared_data / "chains" / path, symbol)
    found = with_implied_yields(chain, R, 0.013)
    assert found.spot_status == status
    assert found.dividend_yield is not None
    assert -0.02 < found.dividend_yield.min() <= found.dividend_yield.max() < 0.03
    near = (chain.expiry > chain.as_of) & (chain.expiry < chain.as_of + 30 / 365 * YEAR)
    assert len(set(found.dividend_yield[near].tolist())) <= 1
