"""The traps that published scripts fall into, each on a real chain."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from basketgex_server.exposure.chain import SHORTEST, YEAR, Chain, rows
from basketgex_server.exposure.implied import fill
from basketgex_server.exposure.symbol import contracts_of, exposure
from basketgex_server.market_hours import EARLY_CLOSE, NEW_YORK, last_session
from basketgex_server.sources.files.folder import read_chain
from basketgex_server.sources.files.reader import columns_of

BASKET = ("AAPL", "AMD", "AMZN", "AVGO", "GOOGL", "IWM", "META", "MSFT", "NVDA", "QQQ", "SPX", "SPY", "TSLA")


def new_york(*when: int) -> float:
    return datetime(*when, tzinfo=NEW_YORK).timestamp()  # type: ignore[misc,arg-type]


@pytest.fixture(scope="module")
def spx(shared_data: Path) -> Chain:
    return read_chain(shared_data / "chains/cboe_csv/spx_2022-12-12.csv", "SPX")


@pytest.fixture(scope="module")
def spy_path(shared_data: Path) -> Path:
    return shared_data / "chains/cboe_csv/spy_2025-05-16.csv"


@pytest.fixture(scope="module")
def rut_path(shared_data: Path) -> Path:
    return shared_data / "chains/cboe_json/rut_2023-09-20.json"


def day_of(instant: float) -> date:
    return datetime.fromtimestamp(instant, NEW_YORK).date()


def test_what_expired_that_afternoon_is_still_in_the_evening_file(spx: Chain) -> None:
    today = np.array([day_of(e) == date(2022, 12, 12) for e in spx.expiry])
    expired = rows(spx).expired
    assert today.sum() > 100
    np.testing.assert_array_equal(expired, today)
    assert not rows(spx).used[today].any()
    found = exposure(spx, "dealer", 0.04, 0.01)
    assert found and found.rows and found.rows.expired == today.sum()


def test_a_0dte_contract_has_its_time_to_the_minute_and_a_floor(spy_path: Path) -> None:
    def left(*clock: int) -> float:
        chain = read_chain(spy_path, "SPY", as_of=new_york(2025, 5, 16, *clock))
        return float(chain.years()[0] * YEAR)

    assert left(15, 0) == pytest.approx(3600)
    assert left(15, 58, 30) == pytest.approx(90)
    assert left(15, 59, 30) == pytest.approx(SHORTEST)
    assert left(16, 0) == 0
    last = read_chain(spy_path, "SPY", as_of=new_york(2025, 5, 16, 15, 59, 59))
    found = exposure(last, "dealer", 0.04, 0.01)
    assert found and found.rows and found.rows.expired == 0


def test_the_quote_time_of_cboes_json_is_new_yorks_and_not_its_timestamp(rut_path: Path) -> None:
    said = json.loads(rut_path.read_bytes())
    generated = datetime.fromisoformat(said["timestamp"]).replace(tzinfo=UTC).timestamp()
    chain = read_chain(rut_path, "RUT")
    assert chain.as_of == new_york(2023, 9, 20, 16, 15, 4)
    assert generated - chain.as_of == pytest.approx(7 * 3600 + 2 * 60 + 38)


def test_the_vendors_gamma_has_four_decimals_and_is_not_used(shared_data: Path, spx: Chain) -> None:
    with (shared_data / "chains/cboe_csv/spx_2022-12-12.csv").open(newline="") as lines:
        table = list(csv.reader(lines))[4:]
    vendor = np.array([float(row[at]) for at in (9, 20) for row in table])
    used = rows(spx).used
    assert (np.round(vendor, 4) == vendor).all()
    ours = contracts_of(spx, used, 0.04, 0.015).greeks(spx.spot).gamma
    held, sign = spx.open_interest[used], np.where(spx.is_call[used], 1.0, -1.0)
    vanished = (vendor[used] == 0) & (ours > 0)
    assert vanished.mean() > 0.1  # of the contracts that count, this share has no gamma in the file
    rounded, exact = (float((gamma * held * sign).sum()) for gamma in (vendor[used], ours))
    assert abs(rounded / exact - 1) > 0.005


def test_spx_and_spxw_share_days_and_strikes_and_both_count(spx: Chain) -> None:
    day = np.array([day_of(e) == date(2022, 12, 16) for e in spx.expiry])
    opening, close = new_york(2022, 12, 16, 9, 30), new_york(2022, 12, 16, 16)
    morning, evening = (day & (spx.expiry == at) & spx.is_call for at in (opening, close))
    shared = np.intersect1d(spx.strike[morning], spx.strike[evening])
    assert len(shared) > 100
    assert (morning | evening).sum() == (day & spx.is_call).sum()
    found = exposure(spx, "dealer", 0.04, 0.01)
    assert found
    counted = rows(spx)
    row = next(r for r in found.strikes if r.strike == 4000)
    assert (
        row.call_open_interest
        == counted.open_interest[counted.used & spx.is_call & (spx.strike == 4000)].sum()
    )


def test_am_settled_contracts_are_gone_by_ten_and_the_others_are_not(shared_data: Path) -> None:
    path = shared_data / "chains/cboe_csv/spx_2022-12-12.csv"
    chain = read_chain(path, "SPX", as_of=new_york(2022, 12, 16, 10))
    day = np.array([day_of(e) == date(2022, 12, 16) for e in chain.expiry])
    expired = rows(chain).expired
    assert 0 < (expired & day).sum() < day.sum()
    assert {float(e) for e in chain.expiry[expired & day]} == {new_york(2022, 12, 16, 9, 30)}


def test_open_interest_without_a_volatility_is_dropped_and_its_share_said(spx: Chain, rut_path: Path) -> None:
    for chain in (spx, read_chain(rut_path, "RUT")):
        found = exposure(chain, "dealer", 0.04, 0.01)
        assert found and found.rows and found.rows.no_volatility > 0
        live = (chain.expiry > chain.as_of) & (chain.open_interest > 0)
        with_one = live & (chain.volatility > 0)
        share = chain.open_interest[with_one].sum() / chain.open_interest[live].sum()
        assert found.usable_open_interest == pytest.approx(share, abs=1e-12) and share < 1
        filled = exposure(fill(chain, 0.04, 0.01).chain, "dealer", 0.04, 0.01)
        assert filled and filled.rows
        assert filled.usable_open_interest > 0.999 and filled.rows.no_volatility < found.rows.no_volatility


def test_adjusted_contracts_are_kept_out_and_counted(shared_data: Path, tmp_path: Path) -> None:
    text = gzip.decompress((shared_data / "chains/basket_2026-07-10/AMD.csv.gz").read_bytes()).decode()
    plain, (heading, first, *rest) = (
        read_chain(shared_data / "chains/basket_2026-07-10/AMD.csv.gz", "AMD"),
        text.splitlines(),
    )
    path = tmp_path / "AMD_2026-07-10.csv"
    path.write_text("\n".join([heading, first.replace("AMD26", "AMD126"), first, *rest]))
    chain = read_chain(path, "AMD", spot=plain.spot)
    assert (len(chain), chain.other_root, plain.other_root) == (len(plain), 1, 0)
    found = exposure(chain, "dealer", 0.04, 0.01)
    assert found and found.rows and found.rows.other_root == 1


@pytest.mark.parametrize("symbol", BASKET)
def test_strikes_are_whole_halves_and_thousandths(shared_data: Path, symbol: str) -> None:
    path = shared_data / f"chains/basket_2026-07-10/{symbol}.csv.gz"
    with gzip.open(path, "rt", newline="") as lines:
        table = list(csv.DictReader(lines))
    chain = read_chain(path, symbol)
    assert chain.strike.tolist() == [float(row["strike"]) for row in table]
    assert chain.is_call.tolist() == [row["side"] == "call" for row in table]
    assert [day_of(e).isoformat() for e in chain.expiry] == [row["expiration"] for row in table]
    if symbol in ("NVDA", "AMD"):
        assert (chain.strike % 1 != 0).any()


def test_every_expiry_of_real_chains_is_a_session_and_half_days_close_at_one(shared_data: Path) -> None:
    halves = set()
    for name, symbol in (("cboe_csv/spx_2022-12-12.csv", "SPX"), ("cboe_csv/ndx_2022-12-12.csv", "NDX"),
                         ("cboe_json/rut_2023-09-20.json", "RUT"), ("basket_2026-07-10/SPY.csv.gz", "SPY")):  # fmt: skip
        chain = read_chain(shared_data / "chains" / name, symbol)
        for instant in np.unique(chain.expiry).tolist():
            when = datetime.fromtimestamp(instant, NEW_YORK)
            session, close = last_session(when.date())
            assert session == when.date()
            assert (when.hour, when.minute) in ((9, 30), (close.hour, close.minute))
            if close == EARLY_CLOSE:
                halves.add(session)
    assert halves <= {date(2023, 11, 24), date(2026, 11, 27), date(2026, 12, 24), date(2023, 7, 3)}


def test_a_half_days_contracts_are_gone_after_one(spy_path: Path, tmp_path: Path) -> None:
    text = spy_path.read_text().replace("SPY250516", "SPY241129")
    path = tmp_path / "SPY.csv"
    path.write_text(text)
    for clock, expired in (((12, 59), False), ((13, 0), True), ((15, 0), True)):
        chain = read_chain(path, "SPY", as_of=new_york(2024, 11, 29, *clock))
        assert bool(rows(chain).expired[0]) is expired


def test_overnight_bids_are_zero_and_do_no_harm(spx: Chain) -> None:
    assert spx.bid is not None
    assert (spx.bid == 0).mean() > 0.5
    found = exposure(spx, "dealer", 0.04, 0.01)
    assert found and all(np.isfinite(found.net))


def test_a_spot_after_hours_belongs_to_the_moment_of_the_file(spy_path: Path) -> None:
    chain = read_chain(spy_path, "SPY")
    assert chain.as_of == new_york(2025, 5, 16, 19, 23)
    assert chain.spot == 589.25  # after the close, at 594.20, came a downgrade
    gone = rows(chain).expired
    assert gone.any() and {day_of(e) for e in chain.expiry[gone]} == {date(2025, 5, 16)}
    columns = columns_of(spy_path)
    assert columns.spot == chain.spot
