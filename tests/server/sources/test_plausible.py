"""What no market says is no figure: of open interest, of volatilities, and what Yahoo writes for want of one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.errors import BadChain
from basketgex_server.exposure.symbol import exposure
from basketgex_server.sources.cboe import read_reply
from basketgex_server.sources.files.folder import read_chain
from basketgex_server.sources.readers.columns import without_placeholders
from tests.server.sources.test_chain_forms import (
    CANONICAL,
    LINES,
    ROWS,
    YFINANCE,
    parquet_of,
    polygon,
    put,
    tradier,
)

AT = {"as_of": 1.75e9, "spot": 500.0}


def refusal(path: Path, symbol: str) -> str:
    with pytest.raises(BadChain) as refused:
        read_chain(path, symbol, **AT)
    return refused.value.sentence


@pytest.mark.parametrize(
    "said, shown",
    [("-5000", "-5000"), ("1e999", "inf"), ("Infinity", "inf"), ("-0.5", "-0.5"), ("-1e999", "-inf")],
)
def test_an_open_interest_that_is_none_is_refused_with_its_place(
    tmp_path: Path, said: str, shown: str
) -> None:
    what = f"an open interest of {shown} is no number of contracts."
    download = put(tmp_path, "META.csv", ("".join(LINES) + ROWS).replace(",13,", f",{said},"))
    assert refusal(download, "META") == f"META.csv, line 6: {what}"
    canonical = put(tmp_path, "BRKB.csv", CANONICAL.replace(",20,", f",{said},"))
    assert refusal(canonical, "BRK.B") == f"BRKB.csv, line 3: {what}"
    yahoo = put(tmp_path, "AMD.csv", YFINANCE.replace(",11.0,", f",{said},"))
    assert refusal(yahoo, "AMD") == f"AMD.csv, line 3: {what}"
    values: dict[str, Any] = {"open_interest": [10.0, float(said)]}
    assert refusal(parquet_of(tmp_path / "BRKB.parquet", **values), "BRK.B") == f"BRKB.parquet, row 2: {what}"


@pytest.mark.parametrize("said", [-1.0, -5000])
def test_replies_likewise(tmp_path: Path, said: float) -> None:
    what = f"option 1: an open interest of {said:g} is no number of contracts."
    text = json.dumps({"options": {"option": [tradier("VXX190517P00016000", open_interest=said)]}})
    assert refusal(put(tmp_path, "VXX.json", text), "VXX") == f"VXX.json, {what}"
    text = json.dumps({"results": [polygon("O:AAPL220121C00150000", open_interest=said)]})
    assert refusal(put(tmp_path, "AAPL.json", text), "AAPL") == f"AAPL.json, {what}"
    options = [{"option": "AMD260717C00500000", "iv": 0.3, "open_interest": said}]
    reply = {"data": {"options": options, "current_price": 500.0, "last_trade_time": "2026-07-10T15:00:00"}}
    with pytest.raises(BadChain) as refused:
        read_reply(json.dumps(reply).encode(), "AMD")
    assert refused.value.sentence == f"Cboe's reply for AMD, {what}"


@pytest.mark.parametrize("said", ["1_0", "1_000.5", "0x10", "ten", "1,0", "--1"])
def test_a_malformed_number_is_refused_with_its_line(tmp_path: Path, said: str) -> None:
    quoted = f'"{said}"' if "," in said else said
    canonical = put(tmp_path, "BRKB.csv", CANONICAL.replace(",20,", f",{quoted},"))
    assert refusal(canonical, "BRK.B") == f'BRKB.csv, line 3: open_interest is "{said}", not a number.'
    download = put(tmp_path, "META.csv", ("".join(LINES) + ROWS).replace(",13,", f",{quoted},"))
    assert refusal(download, "META") == f'META.csv, line 6: Open Interest is "{said}", not a number.'


@pytest.mark.parametrize(
    "said, counts",
    [("5", True), ("5.0001", False), ("26.4", False), ("500", False), ("1e999", False), ("0.0001", True)],
)
def test_a_volatility_beyond_any_market_is_absent_and_counted(
    tmp_path: Path, said: str, counts: bool
) -> None:
    chain = read_chain(put(tmp_path, "BRKB.csv", CANONICAL.replace(",0.21,", f",{said},")), "BRK.B")
    assert chain.volatility[0] == float(said) if counts else np.isnan(chain.volatility[0])
    assert chain.implausible == (not counts)
    other = read_chain(
        put(tmp_path, "BRKB.csv", CANONICAL.replace(",,", f",{said},").replace(",0.21,", ",0.3,")), "BRK.B"
    )
    found = exposure(other, "flashalpha", 0.0, 0.0)
    assert (
        found
        and found.rows
        and (found.rows.implausible, found.rows.no_volatility) == (not counts, not counts)
    )


STEPS = [1e-5 + (1 - 1e-5) * 2.0**-k for k in range(1, 18)]


@given(
    st.sampled_from(STEPS), st.sampled_from([0.0, np.nan]), st.sampled_from([0.0, np.nan]), st.integers(6, 12)
)
def test_the_steps_of_yahoos_search_are_none_without_a_quote(
    step: float, bid: float, ask: float, digits: int
) -> None:
    volatility = np.array([float(f"{step:.{digits + 2}f}"), 0.3, step])
    found = without_placeholders(volatility, np.array([bid] * 3), np.array([ask] * 3))
    np.testing.assert_array_equal(found, [np.nan, 0.3, np.nan])
    for quote in ((0.5, ask), (bid, 0.5)):
        quoted = without_placeholders(volatility, np.full(3, quote[0]), np.full(3, quote[1]))
        np.testing.assert_array_equal(quoted, volatility)


@pytest.mark.parametrize(
    "said",
    ["0.5", "0.25", "0.125", "0.0625", "0.03125", "0.00001", "0.2500075", "0.500005", "0.0039162109375"],
)
def test_yahoos_placeholders_in_its_own_form(tmp_path: Path, said: str) -> None:
    rows = YFINANCE.replace("1.5,1.7,0,0,,10,0.21", f"0.0,0.0,0,0,,10,{said}")
    found = read_chain(put(tmp_path, "AMD.csv", rows), "AMD", **AT)
    assert np.isnan(found.volatility[0])
    quoted = read_chain(put(tmp_path, "AMD.csv", YFINANCE.replace("10,0.21", f"10,{said}")), "AMD", **AT)
    np.testing.assert_array_equal(quoted.volatility[0], np.nan if said == "0.00001" else float(said))


def test_others_may_mean_a_round_volatility(tmp_path: Path) -> None:
    text = CANONICAL.replace("0.21,1.5,1.7", "0.25,0,0").replace("20,,0,1.1", "20,0.2500075,0,0")
    np.testing.assert_array_equal(
        read_chain(put(tmp_path, "BRKB.csv", text), "BRK.B").volatility, [0.25, np.nan]
    )
    path = parquet_of(tmp_path / "BRKB.parquet", iv=[0.25, 0.2500075], bid=[0.0, 0.0], ask=[0.0, 0.0])
    np.testing.assert_array_equal(read_chain(path, "BRK.B").volatility, [0.25, np.nan])
