"""Every form of chain file keeps what it says was traded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from basketgex_server.errors import BadChain
from basketgex_server.sources.files.folder import ChainFiles, read_chain
from tests.server.sources.test_chain_forms import HEADINGS, contract, polygon, put, schwab, tradier

AT = 1_783_713_600.0


def volumes(path: Path, symbol: str) -> list[float]:
    chain = read_chain(path, symbol, AT, 100.0)
    assert chain.volume is not None
    return [-1.0 if np.isnan(volume) else volume for volume in chain.volume.tolist()]


CANONICAL = "option,open_interest,iv,{}underlying_price,as_of\n{}"
ROWS = "AMD260717C00505000,10,0.3,{}500,2026-07-10T16:00\nAMD260717P00505000,11,0.3,{}500,2026-07-10T16:00\n"
YFINANCE = (
    "contractSymbol,bid,ask,volume,openInterest,impliedVolatility,contractSize\n"
    "AMD260717C00505000,1,2,33,10,0.3,REGULAR\nAMD260717P00505000,1,2,,11,0.3,REGULAR\n"
)


def test_tables(tmp_path: Path) -> None:
    rows = ROWS.format("33,", ",")
    plain = put(tmp_path, "AMD.csv", CANONICAL.format("volume,", rows))
    assert volumes(plain, "AMD") == [33, -1]
    assert volumes(put(tmp_path, "AMD_2026-07-10.csv", YFINANCE), "AMD") == [33, -1]
    without = read_chain(put(tmp_path, "AMD2.csv", CANONICAL.format("", ROWS.format("", ""))), "AMD")
    assert without.volume is None
    with pytest.raises(BadChain, match='line 2: volume is "many", not a number'):
        read_chain(put(tmp_path, "AMD.csv", CANONICAL.format("volume,", ROWS.format("many,", "1,"))), "AMD")


def test_files_that_are_joined(tmp_path: Path) -> None:
    head, call, a_put = YFINANCE.splitlines()
    put(tmp_path, "AMD_calls.csv", f"{head}\n{call}\n")
    put(tmp_path, "AMD_puts.csv", f"{head}\n{a_put}\n")
    put(tmp_path, "underlyings.json", '{"AMD": {"underlying_price": 502.0}}')
    chain = ChainFiles(tmp_path, "2026-07-10T16:00").chain("AMD")
    assert chain and chain.volume is not None
    np.testing.assert_array_equal(chain.volume, [33.0, np.nan])


@pytest.mark.parametrize("odd", ["", '"'], ids=["read at once", "by csv"])
@pytest.mark.parametrize("heading", ["Volume", "Vol"])
def test_cboe_downloads(tmp_path: Path, heading: str, odd: str) -> None:
    side = "{},1,0,1.0,1.2,{},0.2,0.5,0.01,10"
    row = f"Fri Jul 17 2026,{side},500,{side}".format("AMD260717C00500000", 33, "AMD260717P00500000", 44)
    head = 'AMD,Last: 502.0,Change: 0\n"Date: July 10, 2026 at 4:00 PM EDT",Bid: 1\n'
    text = (
        head
        + HEADINGS.replace("Volume", heading)
        + "\n"
        + row.replace("Fri Jul", f"{odd}Fri Jul{odd}")
        + "\n"
    )
    assert volumes(put(tmp_path, "AMD.csv", text), "AMD") == [33, 44]


@pytest.mark.parametrize(
    "symbol, content",
    [
        (
            "AMD",
            {
                "data": {
                    "current_price": 502.0,
                    "last_trade_time": "2026-07-10T16:00:00",
                    "options": [
                        {"option": "AMD260717C00500000", "iv": 0.2, "open_interest": 1, "volume": 33},
                        {"option": "AMD260717P00500000", "iv": 0.2, "open_interest": 1},
                    ],
                }
            },
        ),
        (
            "VXX",
            {
                "options": {
                    "option": [
                        tradier("VXX190517C00016000", volume=33),
                        tradier("VXX190517P00016000", volume=None),
                    ]
                }
            },
        ),
        (
            "AAPL",
            {
                "results": [
                    polygon("O:AAPL220121C00150000", day={"volume": 33.0}),
                    polygon("O:AAPL220121P00150000", day=None),
                ]
            },
        ),
    ],
    ids=["cboe", "tradier", "polygon"],
)
def test_replies(tmp_path: Path, symbol: str, content: Any) -> None:
    assert volumes(put(tmp_path, f"{symbol}.json", json.dumps(content)), symbol) == [33, -1]


def test_schwab(tmp_path: Path) -> None:
    reply = schwab(contract("SPXW  260717C06000000", totalVolume=33), contract("SPXW  260717C06005000"))
    assert volumes(put(tmp_path, "SPX.json", json.dumps(reply)), "SPX") == [33, -1]
