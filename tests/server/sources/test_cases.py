"""Small inputs of people who do this job that once went wrong, one test a folder of ``../shared/data/cases``."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from basketgex_server.domain import SymbolExposure
from basketgex_server.errors import BadChain
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.symbol import exposure
from basketgex_server.market_hours import NEW_YORK
from basketgex_server.sources.cboe import read_reply
from basketgex_server.sources.files.folder import ChainFiles, read_chain
from basketgex_server.sources.readers.forms import READ
from basketgex_server.times import parse_new_york

TERMS = ("flashalpha", 0.045, 0.013)


@pytest.fixture(scope="module")
def cases(shared_data: Path) -> Path:
    return shared_data / "cases"


def figures(chain: Chain | None) -> SymbolExposure:
    assert chain
    found = exposure(chain, *TERMS)  # type: ignore[arg-type]
    assert found
    return found


def refusal(path: Path, symbol: str, **given: Any) -> str:
    with pytest.raises(BadChain) as refused:
        read_chain(path, symbol, **given)
    return refused.value.sentence


def test_one_second_of_a_last_trade_revives_nothing(cases: Path) -> None:
    folder = cases / "cboe-json-after-close"
    early, late = (read_chain(folder / f"SPY_{clock}.json", "SPY") for clock in ("155959", "160000"))
    assert late.as_of - early.as_of == 1
    assert early.seen_at == late.seen_at == datetime(2022, 4, 3, 18, 48, tzinfo=UTC).timestamp()
    one, other = figures(early), figures(late)
    assert one.rows == other.rows and one.rows and one.rows.expired > 0
    assert one.net.gex == pytest.approx(other.net.gex, rel=1e-4)
    friday = datetime(2022, 4, 1, tzinfo=NEW_YORK).date()
    assert friday not in {datetime.fromtimestamp(row.expiry, NEW_YORK).date() for row in one.expiries}
    body = (folder / "SPY_155959.json").read_bytes()  # and from the living source likewise
    assert figures(read_reply(body, "SPY")) == one


@pytest.mark.parametrize("name", ["SPY_zh-TW.csv", "SPY_fr-CA.csv"])
def test_a_download_says_the_same_in_every_language(cases: Path, name: str) -> None:
    folder = cases / "cboe-csv-locales"
    english = read_chain(folder / "SPY_en.csv", "SPY")
    assert english.as_of == datetime(2025, 5, 16, 19, 23, tzinfo=NEW_YORK).timestamp()
    other = read_chain(folder / name, "SPY")
    assert other.as_of == english.as_of and figures(other) == figures(english)


def test_a_contract_that_is_listed_twice_counts_once(cases: Path) -> None:
    folder = cases / "duplicate-contracts"
    once, twice = (read_chain(folder / name, "AMD") for name in ("AMD_2026-07-10.csv", "AMD_twice.csv"))
    assert (once.repeated, twice.repeated) == (0, 3)
    assert figures(twice).net == figures(once).net
    assert (
        figures(twice).remark
        == "AMD: 3 rows stand there again; each contract counts once; one side only in 1 of 2 expiries"
    )


def test_yahoos_halving_steps_are_no_volatilities(cases: Path) -> None:
    folder, at = cases / "yahoo-iv-stamps", parse_new_york("2026-05-26T08:00")
    quoted, stamped = (
        read_chain(folder / f"NVDA_{kind}_2026-05-26.csv", "NVDA", at, 215.0)
        for kind in ("quoted", "stamped")
    )
    assert figures(quoted).usable_open_interest == 1
    assert np.isnan(stamped.volatility).all() and exposure(stamped, *TERMS) is None  # type: ignore[arg-type]
    in_folder = ChainFiles(folder / "f").chain("NVDA")
    assert in_folder and np.isnan(in_folder.volatility).all()


def test_calls_and_puts_in_two_files_are_one_chain(cases: Path) -> None:
    folder = cases / "yfinance-calls-puts"
    both = ChainFiles(folder / "cp", "2026-02-11T16:00").chain("AAPL")
    assert both and both.is_call.tolist() == [True, False] and not both.gaps
    assert both.open_interest.tolist() == [9000, 15000] and both.spot == 255.5
    with pytest.raises(BadChain) as refused:
        ChainFiles(folder / "cp").chain("AAPL")
    assert refused.value.sentence.startswith("AAPL_calls.csv does not say when its chain is from: name it")
    with pytest.raises(BadChain) as refused:
        ChainFiles(folder / "cp1").chain("AAPL")
    assert refused.value.sentence.startswith("AAPL_calls.csv has calls only, and does not say when")
    alone = figures(ChainFiles(folder / "cp1", "2026-02-11T16:00").chain("AAPL"))
    assert alone.remark == "AAPL: calls only"


@pytest.mark.parametrize(
    "symbol, root",
    [("BRK.B", "BRKB"), ("SPX", "SPXW"), ("NDX", "NDXP"), ("AAPL", "AAPL"), ("BF.B", "BFB"), ("SPY", "SPY"),
     ("GOOG", "GOOG"), ("NVDA", "NVDA"), ("META", "META")],
)  # fmt: skip
def test_a_file_is_found_under_every_spelling(cases: Path, symbol: str, root: str) -> None:
    chain = ChainFiles(cases / "file-names/f").chain(symbol)
    assert chain and len(chain) == 2 and chain.symbol == symbol


def test_what_is_found_under_no_symbol_is_named(cases: Path) -> None:
    files = ChainFiles(cases / "file-names/f")
    assert files.strangers() == ("AMD.txt", "TSLA.csv.bak")
    with pytest.raises(BadChain) as refused:
        files.chain("I")
    assert refused.value.sentence == 'I_RUT.csv has no option of I: its first is "RUTW260320C02200000".'


def test_what_was_said_of_one_folder_is_not_said_of_the_next(cases: Path) -> None:
    one = ChainFiles(cases / "sticky-as-of/day1", "2026-03-18T16:00").chain("AAPL")
    other = ChainFiles(cases / "sticky-as-of/day2", "2026-03-18T16:00").chain("AAPL")
    assert one and other
    assert (one.as_of, other.as_of) == (
        parse_new_york("2026-03-18T16:00"),
        parse_new_york("2026-03-19T16:00"),
    )


def test_vix_weeklys_settle_in_the_morning_as_vix_does(cases: Path) -> None:
    chain = read_chain(cases / "vixw-am/VIX.csv", "VIX")
    clocks = {datetime.fromtimestamp(at, NEW_YORK).strftime("%m-%d %H:%M") for at in chain.expiry.tolist()}
    assert clocks == {"08-07 09:30", "08-21 09:30"}
    found = figures(chain)
    assert found.rows and (found.rows.used, found.rows.expired) == (
        2,
        2,
    )  # at noon of the 7th the first are gone


@pytest.mark.parametrize("name", ["VXX_nan.json", "VXX_bom.json"])
def test_json_as_python_and_windows_write_it(cases: Path, name: str) -> None:
    plain, odd = (read_chain(cases / "nan-json" / n, "VXX", spot=27.0) for n in ("VXX_plain.json", name))
    assert (
        (odd.volatility.tolist(), odd.as_of)
        == (plain.volatility.tolist(), plain.as_of)
        == ([0.4], plain.as_of)
    )


def test_a_broken_file_says_why(cases: Path) -> None:
    files = ChainFiles(cases / "one-broken-name/f")
    assert figures(files.chain("META"))
    with pytest.raises(BadChain) as refused:
        files.chain("GOOG")
    assert refused.value.sentence == f"GOOG.json is not JSON. {READ}"


def test_cboes_download_of_2020(cases: Path) -> None:
    path = cases / "old-cboe-dat/SPY_2020_quotedata.csv"
    found = read_chain(path, "SPY")
    assert (found.spot, found.as_of, len(found)) == (310.68, parse_new_york("2020-06-22T20:42"), 18)
    assert found.open_interest[:3].tolist() == [1, 0, 0] and found.open_interest[-1] == 115
    given = read_chain(path, "SPY", parse_new_york("2020-06-22T20:42"), 310.68)
    assert given.strike.tolist() == found.strike.tolist() and given.as_of == found.as_of
    assert found.implausible == 9  # the puts' 16 to 24 of an expiry that has passed


OTHERS = {
    "AAPL_alpaca.json": ("AAPL", "AAPL_alpaca.json is an Alpaca reply, which has no open interest."),
    "AAPL_empty.json": ("AAPL", "AAPL_empty.json is JSON, but no chain of a form that is read."),
    "AMZN_tos.csv": ("AMZN", "AMZN_tos.csv is a thinkorswim export, which names no contract by its OCC symbol."),
    "SPX_datashop.csv": ("SPX", "SPX_datashop.csv is a Cboe DataShop file, which names no contract by its OCC symbol."),
    "SPY_excel_de.csv": (
        "SPY", "SPY_excel_de.csv is separated by semicolons, as a spreadsheet saves it: download it anew."
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_a_form_that_is_not_read_is_named_and_so_are_those_that_are(cases: Path, name: str) -> None:
    symbol, sentence = OTHERS[name]
    assert refusal(cases / "other-forms" / name, symbol) == f"{sentence} {READ}"


def test_forms_of_other_services_that_are_read(cases: Path) -> None:
    schwab = read_chain(cases / "other-forms/MSFT_schwab.json", "MSFT")
    assert (schwab.spot, schwab.as_of) == (245.4, 1621281599.412)
    np.testing.assert_array_equal(schwab.volatility, [0.251, np.nan])
    assert schwab.open_interest.tolist() == [9000, 7000]
    polygon = read_chain(
        cases / "other-forms/AAPL_polygon_client_list.json", "AAPL", parse_new_york("2026-04-02"), 255.0
    )
    assert (polygon.volatility.tolist(), polygon.open_interest.tolist()) == ([0.3], [10])


def test_a_chain_without_open_interest_has_no_figure(cases: Path) -> None:
    chain = ChainFiles(cases / "zero-oi").chain("INTC")
    assert chain and exposure(chain, *TERMS) is None  # type: ignore[arg-type]


def test_no_folder_of_cases_is_forgotten(cases: Path) -> None:
    said = Path(__file__).read_text("utf-8")
    elsewhere = {"why-says-ok"}  # of cells, not of files
    assert all(
        folder.name in said for folder in cases.iterdir() if folder.is_dir() and folder.name not in elsewhere
    )


def test_rows_of_spy_stamped_a_second_before_the_close(shared_data: Path, tmp_path: Path) -> None:
    """The download of that evening as Cboe's JSON says it: +0.27 bn, where the clock of the last trade gave -4.04 bn."""
    download = read_chain(shared_data / "chains/cboe_csv/spy_2025-05-16.csv", "SPY")
    names = [
        f"SPY{datetime.fromtimestamp(at, NEW_YORK):%y%m%d}{'C' if call else 'P'}{round(strike * 1000):08d}"
        for at, call, strike in zip(
            download.expiry.tolist(), download.is_call.tolist(), download.strike.tolist(), strict=True
        )
    ]
    columns = zip(names, download.volatility.tolist(), download.open_interest.tolist(), strict=True)
    options = [{"option": n, "iv": v if v == v else None, "open_interest": i} for n, v, i in columns]
    reply = {
        "timestamp": "2025-05-16 23:23:00",
        "data": {
            "options": options,
            "current_price": download.spot,
            "last_trade_time": "2025-05-16T15:59:59",
        },
    }
    (tmp_path / "SPY.json").write_text(json.dumps(reply))
    stamped = figures(read_chain(tmp_path / "SPY.json", "SPY"))
    assert stamped.as_of == datetime(2025, 5, 16, 15, 59, 59, tzinfo=NEW_YORK).timestamp()
    assert (
        stamped.net.gex
        == pytest.approx(figures(download).net.gex, abs=0.02e9)
        == pytest.approx(0.27e9, abs=0.02e9)
    )
    assert stamped.net.chex == pytest.approx(0.45e9, abs=0.02e9)
    revived = figures(
        read_chain(tmp_path / "SPY.json", "SPY", stamped.as_of)
    )  # who gives the moment has the last word
    assert revived.net.gex < -4e9 and revived.net.chex > 80e9
    shutil.copy(tmp_path / "SPY.json", tmp_path / "SPY_again.json")
    assert figures(ChainFiles(tmp_path).chain("SPY")).rows == stamped.rows._replace(repeated=len(names))  # type: ignore[union-attr]
