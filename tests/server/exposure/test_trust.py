"""When a basket's flip is not to be trusted, and when a regime is no more than a nearness to its flip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from basketgex_server import domain
from basketgex_server.domain import Terms
from basketgex_server.exposure import trust
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.levels import levels
from basketgex_server.exposure.profile import Member, Profile, profile
from basketgex_server.exposure.repricing import GEX, prepare
from basketgex_server.exposure.symbol import exposure
from basketgex_server.sources.files.folder import read_chain
from tests.server.exposure.test_flips import book
from tests.server.exposure.test_levels import Row, make

TERMS = Terms("flashalpha", 0.045, 0.013)
WHOLE = (0.5, 1.0, 1.5)


def of(*members: tuple[Chain, float]) -> Profile:
    found = profile([Member(chain, TERMS, weight) for chain, weight in members], WHOLE, (GEX,))
    assert found
    return found


def test_a_basket_of_one_has_the_doubts_of_its_name(shared_data: Path) -> None:
    for path, symbol in (
        ("cboe_csv/rut_2022-12-12.csv", "RUT"),
        ("cboe_json/rut_2023-09-20.json", "RUT"),
        ("basket_2026-07-10/SPX.csv.gz", "SPX"),
    ):
        chain = read_chain(shared_data / "chains" / path, symbol)
        own, found = levels(chain, *TERMS), of((chain, 7.0))
        assert own and found.doubts == own.gamma_flip_doubts
        assert (found.flip_status, found.near_flip) == (own.gamma_flip_status, own.near_flip)


def test_roots_of_the_sum_are_what_counts() -> None:
    hill: Row = (70.0, True, 0.1, 0.1, 400.0)
    several = make([*book(80, 120), hill])
    alone = of((several, 1.0))
    assert alone.doubts == ("several_roots",)
    among = of((several, 1e-4), (make(book(80, 120)), 1.0))
    assert (among.flip_status, among.doubts) == ("available", ())


@pytest.mark.parametrize("share, enough", [(0.05, True), (0.3, False)])
def test_names_without_coverage_count_by_their_gross_gex(share: float, enough: bool) -> None:
    good, thin = make(book(80, 120)), make(book(98, 120, step=1.5))
    sizes = [float(b.balance(np.array([1.0]))[1][0]) for c in (good, thin) if (b := prepare(c, TERMS))]
    found = of((good, (1 - share) / sizes[0]), (thin, share / sizes[1]))
    assert ("insufficient_local_coverage" not in found.doubts) is enough


def test_a_basket_of_far_expiries_moves_with_the_rate() -> None:
    far = make([(k, call, 2.0, vol, interest) for k, call, _, vol, interest in book(80, 120)])
    assert "sensitive_root" in of((far, 1.0), (far, 2.0)).doubts
    assert "sensitive_root" not in of((make(book(80, 120)), 1.0), (make(book(80, 120)), 2.0)).doubts


def test_a_change_of_rate_or_volatility_is_that_of_another_chain(shared_data: Path) -> None:
    chain = read_chain(shared_data / "chains/cboe_json/rut_2023-09-20.json", "RUT")
    held, moves = prepare(chain, TERMS), np.linspace(0.7, 1.3, 13)
    assert held
    v = chain.volatility
    higher, lower = np.where(v > 0, v + 0.005, 0.0), np.maximum(v - 0.2, v / 2)
    for change, other in (
        ({"rate": 0.005}, prepare(chain, TERMS._replace(rate=0.05))),
        ({"volatility": 0.005}, prepare(replace(chain, volatility=higher), TERMS)),
        ({"volatility": -0.2}, prepare(replace(chain, volatility=lower), TERMS)),
    ):
        assert other
        changed = held.changed(**change).balance(moves)
        gross = other.balance(moves)[1]
        for ours, theirs in zip(changed, other.balance(moves), strict=True):
            assert np.abs(ours - theirs).max() < 1e-11 * gross.max()


def test_balance_is_net_over_gross_contract_by_contract(shared_data: Path) -> None:
    names = ("AAPL", "AMD", "AMZN", "AVGO", "GOOGL", "META", "MSFT", "NVDA", "TSLA")
    chains = [read_chain(shared_data / f"chains/basket_2026-07-10/{n}.csv.gz", n) for n in names]
    found = of(*((chain, 1.0) for chain in chains))
    assert found.balance == pytest.approx(0.364, abs=5e-4)  # over names, each already net, it is 100 %
    net = gross = 0.0
    for chain in chains:
        own = exposure(chain, *TERMS)
        assert own and own.call and own.put
        net, gross = net + own.net.gex, gross + own.call.gex - own.put.gex
    assert found.balance == pytest.approx(net / gross, rel=1e-9)
    assert not found.near_flip


@pytest.mark.parametrize(
    "path, symbol, near",
    [
        ("cboe_csv/spx_2022-12-12.csv", "SPX", True),  # net GEX is 0.4 % of gross
        ("basket_2026-07-10/QQQ.csv.gz", "QQQ", True),  # 1.8 %
        ("basket_2026-07-10/NVDA.csv.gz", "NVDA", False),
        ("cboe_json/rut_2023-09-20.json", "RUT", False),
    ],
)
def test_a_regime_that_is_near_its_flip(shared_data: Path, path: str, symbol: str, near: bool) -> None:
    found = levels(read_chain(shared_data / "chains" / path, symbol), *TERMS)
    assert found and found.near_flip is near


@pytest.mark.parametrize("spot, near", [(100.2, True), (99.9, True), (107.0, False)])
def test_half_a_daily_move_is_near(spot: float, near: bool) -> None:
    """A daily move is 1.26 %, at a volatility of 20 %."""
    steep = [(k, call, 0.1, 0.2, 10.0) for k, call, *_ in book(90, 110, step=0.5)]
    chain = make(steep, spot)
    found = levels(chain, *TERMS)
    assert found and found.gamma_flip and found.gamma_flip_status == "available"
    assert found.near_flip is near


def test_a_flip_in_doubt_makes_no_regime_near() -> None:
    rows = [(k, call, 0.1, 0.2, 10.0) for k, call, *_ in book(90, 110, step=0.5)]
    members = [trust.Weighed(c, TERMS, b) for c in (make(rows, 103.0),) if (b := prepare(c, TERMS))]
    assert abs(trust.balance(members)) > domain.BALANCED
    assert trust.near_flip(members, 0.999, ()) and not trust.near_flip(members, 0.999, ("several_roots",))
    assert not trust.near_flip(members, None, ("no_boundary",))
