from __future__ import annotations

import gzip
import json
import os
import re
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from basketgex_server.errors import BadChain, BadSettings, SourceUnavailable
from basketgex_server.sources.files import folder as files_folder
from basketgex_server.sources.files import reader as files_reader
from basketgex_server.sources.files.folder import ChainFiles, read_chain, symbol_of
from basketgex_server.sources.files.reading import Reader, content_of
from basketgex_server.sources.readers.forms import READ
from basketgex_server.times import parse_new_york

PLAIN = """option,expiration,side,strike,bid,ask,last,volume,open_interest,iv
BRKB260717C00500000,2026-07-17,call,500.0,1,1,1,,10,0.21
BRKB260717P00490000,2026-07-17,put,490.0,1,1,1,4,20.0,0.25
BRKB260717P00480500,2026-07-17,put,480.5,1,1,1,4,,
BRKB1260717P00480000,2026-07-17,put,480.0,1,1,1,4,5,0.3
"""
QUOTES = """whatever this line says
Standard & Poors 500 Index,Last: 3990.5601,Change:  56.1801
"Date: July 12, 2022 at 12:05 PM EST",Bid: 3962.01,Ask: 4016.6299,Size: 1*1,Volume: 0
Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,Puts,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest
Fri Jul 15 2022,SPX220715C04000000,1,0,0,8,0,0.21,0,1,11,4000.00,SPX220715P04000000,0,0,0,0,0,0.22,0,0,12
Fri Jul 15 2022,SPXW220715C04100000,1,0,0,8,0,0,0,1,13,4100.00,SPXW220715P04100000,0,0,0,0,0,0.24,0,0,14
"""  # noqa: E501 as downloaded
REPLY: dict[str, Any] = {
    "timestamp": "2023-09-21 03:17:42",
    "data": {
        "options": [
            {"option": "RUT231020C01800000", "iv": 0.2, "open_interest": 7.0, "delta": 0.5},
            {"option": "RUTW231020P01800000", "iv": 0.3, "open_interest": 9},
            {"option": "RUTX231020P01800000", "iv": None, "open_interest": None},
        ],
        "current_price": 1806.1193,
        "last_trade_time": "2023-09-20T16:15:04",
    },
}
PRICES = json.dumps({"BRK.B": {"underlying_price": 495.5, "contracts": 3}})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "secret" / "basket_2026-07-10"
    path.mkdir(parents=True)
    (path / "underlyings.json").write_text(PRICES)
    return path


def put(folder: Path, name: str, content: str | bytes) -> Path:
    raw = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(
        gzip.compress(raw) if name.endswith(".gz") and isinstance(content, str) else raw
    )
    return folder / name


def utc(*when: int) -> float:
    return datetime(*when, tzinfo=UTC).timestamp()  # type: ignore[misc,arg-type]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("name", ["BRK.B.csv.gz", "BRKB.csv.gz", "brk.b.csv", "_BRKB_new.csv"])
def test_plain_csv(folder: Path, name: str) -> None:
    put(folder, name, PLAIN)
    chain = ChainFiles(folder).chain("BRK.B")
    assert chain
    assert (chain.symbol, chain.spot, chain.other_root) == ("BRK.B", 495.5, 1)
    assert chain.as_of == utc(2026, 7, 10, 20)
    assert chain.strike.tolist() == [500.0, 490.0, 480.5]
    assert chain.is_call.tolist() == [True, False, False]
    assert chain.expiry.tolist() == [utc(2026, 7, 17, 20)] * 3
    np.testing.assert_array_equal(chain.open_interest, [10, 20, np.nan])
    np.testing.assert_array_equal(chain.volatility, [0.21, 0.25, np.nan])


def test_cboe_quotedata(folder: Path) -> None:
    put(folder, "spx_quotedata.csv", QUOTES)
    chain = ChainFiles(folder, "2020-01-01").chain("SPX")
    assert chain
    assert chain.spot == 3990.5601
    assert chain.as_of == utc(
        2022, 7, 12, 16, 5
    )  # New York's summer time whatever the zone is called; file before setting
    assert chain.strike.tolist() == [4000, 4100, 4000, 4100]
    assert chain.is_call.tolist() == [True, True, False, False]
    opening, close = utc(2022, 7, 15, 13, 30), utc(2022, 7, 15, 20)
    assert chain.expiry.tolist() == [opening, close, opening, close]
    assert chain.volatility.tolist() == [0.21, 0, 0.22, 0.24]
    assert chain.open_interest.tolist() == [11, 13, 12, 14]


def test_cboe_json(folder: Path) -> None:
    put(folder, "_RUT.json", json.dumps(REPLY))
    chain = ChainFiles(folder).chain("RUT")
    assert chain
    assert (chain.spot, chain.as_of, chain.other_root) == (1806.1193, utc(2023, 9, 20, 20, 15, 4), 1)
    assert chain.expiry.tolist() == [utc(2023, 10, 20, 13, 30), utc(2023, 10, 20, 20)]
    assert chain.open_interest.tolist() == [7, 9]
    assert chain.volatility.tolist() == [0.2, 0.3]


def test_real_files_are_read_whole(shared_data: Path) -> None:
    counts = {
        "cboe_csv/ndx_2022-12-12.csv": ("NDX", 19_118, 11706.4395, utc(2022, 12, 13, 1, 31)),
        "cboe_csv/spy_2025-05-16.csv": ("SPY", 3_160, 589.25, utc(2025, 5, 16, 23, 23)),
        "cboe_json/rut_2023-09-20.json": ("RUT", 6_680, 1806.1193, utc(2023, 9, 20, 20, 15, 4)),
        "basket_2026-07-10/SPX.csv.gz": ("SPX", 4_160, 7575.39013671875, utc(2026, 7, 10, 20)),
    }
    for name, (symbol, count, spot, as_of) in counts.items():
        chain = read_chain(shared_data / "chains" / name, symbol)
        assert (len(chain), chain.spot, chain.as_of, chain.other_root) == (count, spot, as_of, 0)


def test_what_the_caller_gives_wins(folder: Path) -> None:
    path = put(folder, "spx.csv", QUOTES)
    chain = read_chain(path, "SPX", as_of=123.0, spot=4_000.0)
    assert (chain.as_of, chain.spot) == (123.0, 4_000.0)


def test_numbers_with_thousands_and_blank_lines(folder: Path) -> None:
    text = PLAIN.replace(",,10,", ',,"1,234",').replace("\nBRKB260717P00490000", "\n\nBRKB260717P00490000")
    chain = read_chain(put(folder, "BRKB.csv", text), "BRK.B")
    assert chain.open_interest[0] == 1234


BROKEN: list[tuple[str, str | bytes | None, str]] = [
    (
        "A.csv.gz",
        gzip.compress(PLAIN.encode(), mtime=0)[:-20],
        "A.csv.gz cannot be unpacked: it is cut short or is not gzip.",
    ),
    ("A.csv.gz", b"plain text", "A.csv.gz cannot be unpacked: it is cut short or is not gzip."),
    ("A.csv", b"\xff\xfe\x00", f"A.csv is not text. {READ}"),
    ("A.csv", "", "A.csv is empty."),
    (
        "A.csv",
        "iv,strike\n1,2\n",
        f'A.csv has no column "option", and is no chain of a form that is read. {READ}',
    ),
    ("A.csv", "option,iv\nA260717C00500000,1\n", 'A.csv has no column "open_interest".'),
    ("A.csv", PLAIN + "BRKB260717C0050", "A.csv, line 6: 1 columns where the headings are 10."),
    ("A.csv", PLAIN.replace("0.25", "n/a"), 'A.csv, line 3: iv is "n/a", not a number.'),
    ("A.csv", PLAIN.replace(",,10,", ",,1 0,"), 'A.csv, line 2: open_interest is "1 0", not a number.'),
    (
        "A.csv",
        PLAIN.replace("BRKB", "BRKB-"),
        'A.csv, line 2: "BRKB-260717C00500000" is not an option symbol.',
    ),
    ("A.csv", PLAIN, 'A.csv has no option of A: its first is "BRKB260717C00500000".'),
    ("A.csv", QUOTES.replace(",11,", ",x,"), 'A.csv, line 5: Open Interest is "x", not a number.'),
    ("A.json", json.dumps(REPLY)[:-40], "A.json is not whole JSON: it may be cut short."),
    ("A.json", "{}", f"A.json is JSON, but no chain of a form that is read. {READ}"),
    ("A.json", "Unavailable", f"A.json is not JSON. {READ}"),
    (
        "A.json",
        json.dumps(REPLY).replace("9}", '"9"}'),
        "A.json: open_interest is missing or of another kind.",
    ),
    (
        "A.json",
        json.dumps(REPLY).replace('"option":', '"x":'),
        "A.json: option is missing or of another kind.",
    ),
    (
        "A.json",
        json.dumps(REPLY).replace("9}", "1e999}"),
        "A.json: open_interest is missing or of another kind.",
    ),
]


@pytest.mark.parametrize("name, content, sentence", BROKEN)
def test_a_broken_file_is_refused_whole(folder: Path, name: str, content: str | bytes, sentence: str) -> None:
    (folder / "underlyings.json").write_text('{"A": {"underlying_price": 5}}')
    put(folder, name, content)
    with pytest.raises(BadChain) as refusal:
        ChainFiles(folder).chain("A")
    assert refusal.value.sentence == sentence


@pytest.mark.parametrize(
    "prices, sentence",
    [
        (None, "BRKB.csv has no spot price: put underlyings.json beside it."),
        ("[", "underlyings.json cannot be read: it needs an underlying_price for each symbol."),
        ("{}", "underlyings.json has no underlying_price for BRK.B."),
        ('{"BRK.B": {"underlying_price": 0}}', "BRKB.csv has no usable spot price for BRK.B."),
        (
            '{"BRK.B": {"underlying_price": "x"}}',
            'underlyings.json: the underlying_price of BRK.B is "x", not a number.',
        ),
        (
            '{"brk-b": {"underlying_price": true}}',
            'underlyings.json: the underlying_price of BRK.B is "True", not a number.',
        ),
        ('{"BRK-B": 500}', 'underlyings.json: the underlying_price of BRK.B is "500", not a number.'),
        (
            '{"BRK.B": {"underlying_price": null}, "A": {"underlying_price": 1}}',
            "underlyings.json has no underlying_price for BRK.B.",
        ),
        (
            '{"BRK.B": {"underlying_price": 500}, "BRK-B": {"underlying_price": 501}}',
            "underlyings.json has more than one underlying_price for BRK.B: leave the right one.",
        ),
    ],
)
def test_without_a_spot_price(folder: Path, prices: str | None, sentence: str) -> None:
    put(folder, "BRKB.csv", PLAIN)
    (folder / "underlyings.json").unlink()
    if prices is not None:
        put(folder, "underlyings.json", prices)
    with pytest.raises(BadChain) as refusal:
        ChainFiles(folder).chain("BRK.B")
    assert refusal.value.sentence == sentence


@pytest.mark.parametrize(
    "other", ['{"underlying_price": "x"}', "7", "[]", "null", '{"underlying_price": NaN}', '"text"']
)
def test_a_broken_price_is_of_no_matter_to_other_names(folder: Path, other: str) -> None:
    put(folder, "BRKB.csv", PLAIN)
    spelt_twice = '"BRK.B": {"underlying_price": 500}, "BRK-B": {"underlying_price": 500.0}'
    put(folder, "underlyings.json", f'{{"AMD": {other}, {spelt_twice}}}')
    chain = ChainFiles(folder).chain("BRK.B")
    assert chain and chain.spot == 500


def test_the_moment_of_a_chain_that_carries_none(tmp_path: Path) -> None:
    put(tmp_path, "underlyings.json", PRICES)
    undated = put(tmp_path, "BRKB.csv", PLAIN)
    with pytest.raises(BadChain) as refusal:
        read_chain(undated, "BRK.B")
    assert refusal.value.sentence == (
        "BRKB.csv does not say when its chain is from: name it with its day, such as AAPL_2026-07-10.csv, "
        "or say it with --as-of (chain_as_of in config.toml), such as 2026-07-10T16:00."
    )
    for setting in ("2026-07-09T15:00", "2026-07-09T19:00Z", "2026-07-09T15:00-04:00"):
        chain = ChainFiles(tmp_path, setting).chain("BRK.B")
        assert chain and chain.as_of == utc(2026, 7, 9, 19)
    dated = put(tmp_path, "BRKB_2026-07-08.csv", PLAIN)
    assert read_chain(dated, "BRK.B").as_of == utc(2026, 7, 8, 20)


@pytest.mark.parametrize(
    ("name", "setting", "expected"),
    [
        ("BRKB_2026-07-08.csv", "2026-07-09T15:00", utc(2026, 7, 8, 20)),  # the name's day rules
        ("BRKB_2026-07-08.csv", "2026-07-07", utc(2026, 7, 8, 20)),
        ("BRKB_2026-07-08.csv", "2026-07-08T12:30", utc(2026, 7, 8, 16, 30)),  # of that very day: its time
        ("BRKB_2026-07-08.csv", "2026-07-09T01:00Z", utc(2026, 7, 9, 1)),  # the day is New York's
        ("BRKB_2026-13-08.csv", "2026-07-09T15:00", utc(2026, 7, 9, 19)),  # no day
        ("BRKB.csv", "2026-07-09T15:00", utc(2026, 7, 9, 19)),  # rather than the folder's day
        ("BRKB.csv", "", utc(2026, 7, 1, 20)),
    ],
)
def test_what_was_said_of_a_folder_never_beats_a_day_in_a_files_name(
    tmp_path: Path, name: str, setting: str, expected: float
) -> None:
    folder = tmp_path / "chains_2026-07-01"
    folder.mkdir()
    put(folder, "underlyings.json", PRICES)
    put(folder, name, PLAIN)
    chain = ChainFiles(folder, setting).chain("BRK.B")
    assert chain and chain.as_of == expected


@pytest.mark.parametrize("symbol", ["BRK.B", "BRKB"])
def test_a_price_is_found_under_both_spellings(tmp_path: Path, symbol: str) -> None:
    put(tmp_path, "underlyings.json", PRICES)
    put(tmp_path, "BRKB_2026-07-08.csv", PLAIN)
    chain = ChainFiles(tmp_path).chain(symbol)
    assert chain and chain.spot > 0


def test_of_several_files_of_a_symbol_the_latest_day_counts_and_without_days_none(tmp_path: Path) -> None:
    put(tmp_path, "underlyings.json", PRICES)
    for name in ("BRKB_2026-07-08.csv", "BRK.B_2026-07-07.csv"):
        put(tmp_path, name, PLAIN)
    latest = ChainFiles(tmp_path).chain("BRK.B")
    assert latest and latest.as_of == utc(2026, 7, 8, 20)
    put(tmp_path, "BRKB_old.csv", PLAIN)
    with pytest.raises(BadChain) as refusal:
        ChainFiles(tmp_path).chain("BRK.B")
    assert refusal.value.sentence == (
        '"BRKB_old.csv" and "BRK.B_2026-07-07.csv" are chains of one name: give both a day in their names, or neither.'
    )


def test_settings_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as refusal:
        ChainFiles(tmp_path / "nowhere")
    assert refusal.value.sentence == (
        'chain_folder: there is no folder "nowhere". Name the folder of the chains.'
    )
    with pytest.raises(BadSettings) as refusal:
        ChainFiles(tmp_path, "yesterday")
    assert refusal.value.sentence == 'chain_as_of is "yesterday": write it like 2026-07-10T16:00.'


def test_a_day_is_its_close() -> None:
    assert parse_new_york("2026-01-05") == utc(2026, 1, 5, 21)


@pytest.mark.parametrize(
    "name, symbol",
    [
        ("SPX.csv.gz", "SPX"),
        ("_SPX.json", "SPX"),
        ("spx_quotedata.csv", "SPX"),
        ("BRK.B.csv.gz", "BRKB"),
        ("README.md", None),
        ("underlyings.json", None),
        (".SPX.csv", None),
        ("_.csv", None),
    ],
)
def test_which_symbol_a_file_is_for(name: str, symbol: str | None) -> None:
    assert symbol_of(name) == symbol


def test_a_symbol_without_a_file(folder: Path) -> None:
    put(folder, "SPX.csv", QUOTES)
    files = ChainFiles(folder)
    assert files.chain("NVDA") is None
    assert files.symbols() == ("SPX",)


Change = Callable[[Path], object]
CHANGES: dict[str, Change] = {
    "another file": lambda folder: put(folder, "NVDA.csv", "x"),
    "a longer file": lambda folder: put(folder, "SPX.csv", QUOTES + "\n"),
    "a later file": lambda folder: os.utime(folder / "SPX.csv", ns=(1, 1)),
    "a file less": lambda folder: (folder / "SPX.csv").unlink(),
    "other prices": lambda folder: put(folder, "underlyings.json", "{}"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_folder_is_another_origin_within_a_second(folder: Path, change: str) -> None:
    put(folder, "SPX.csv", QUOTES)
    clock = Clock()
    files = ChainFiles(folder, "", clock)
    before = files.origin()
    assert (before.source, before.label) == ("chain-files", "chains in basket_2026-07-10")
    assert before.historical and not before.synthetic
    assert before.location.startswith(f"{folder.resolve()}#")
    CHANGES[change](folder)
    clock.now += 0.5
    assert files.origin() == before
    clock.now += 0.5
    after = files.origin()
    assert after != before
    clock.now += 10
    assert files.origin() == after


def test_another_moment_is_another_origin(folder: Path) -> None:
    assert ChainFiles(folder, "2026-07-10").origin() != ChainFiles(folder, "2026-07-11").origin()


def test_a_folder_that_went_away(folder: Path) -> None:
    path = put(folder, "SPX.csv", QUOTES)
    clock = Clock()
    files = ChainFiles(folder, "", clock)
    before = files.origin()
    for child in (path, folder / "underlyings.json"):
        child.unlink()
    folder.rmdir()
    clock.now += 1
    assert files.origin() != before
    with pytest.raises(SourceUnavailable) as refusal:
        files.chain("SPX")
    assert refusal.value.sentence == 'The chain folder "basket_2026-07-10" cannot be read any more.'


YAHOO = "contractSymbol,lastTradeDate,strike,bid,ask,openInterest,impliedVolatility,contractSize"


@pytest.mark.parametrize(
    "name, said, traded, later",
    [
        ("AMD_2026-07-10.csv", "", "2026-07-13 14:00:00", True),
        ("AMD_2026-07-10T1000.csv", "", "2026-07-13 14:00:00", True),
        ("AMD.csv", "2026-07-10T16:00", "2026-07-13 14:00:00", True),  # what was said of yesterday's file
        ("AMD.csv", "2026-07-13", "2026-07-13 14:00:00", False),
        ("AMD_2026-07-10.csv", "", "2026-07-10 20:14:59", False),  # a quarter past the close
        ("AMD_2026-07-13.csv", "", "2026-07-10 14:00:00", False),
    ],
)
def test_a_trade_of_a_later_day_than_the_moment_is_said(
    tmp_path: Path, name: str, said: str, traded: str, later: bool
) -> None:
    rows = [f"AMD260821{side}00550000,{traded}+00:00,550,1,2,5,0.4,REGULAR" for side in "CP"]
    path = put(tmp_path, name, "\n".join([YAHOO, *rows]))
    put(tmp_path, "underlyings.json", '{"AMD": {"underlying_price": 557.89}}')
    chain = ChainFiles(tmp_path, said).chain("AMD")
    assert chain
    assert chain.remark == ("AMD: a trade in it is of 2026-07-13, after its moment" if later else "")
    assert not read_chain(path, "AMD", as_of=1783713600.0).remark  # who gives the moment knows


def test_the_command_does_not_wait_for_ever_either(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, stuck = threading.Event(), [f"STUCK{letter}" for letter in "ABCDEF"]
    for name in ("SPX", *stuck):
        put(folder, f"{name}.csv", QUOTES)

    def read(path: Path) -> bytes:
        if path.name.startswith("STUCK"):
            gate.wait()
        return content_of(path)

    for module in (files_folder, files_reader):
        monkeypatch.setattr(module, "content_of", read)
    try:
        files = ChainFiles(folder, within=0.2)
        assert files.chain("SPX")
        for name in stuck:  # more than there are threads
            with pytest.raises(BadChain) as refusal:
                files.chain(name)
            assert refusal.value.sentence == f"{name}.csv could not be read within 0.2 seconds."
        monkeypatch.setattr(Reader.now, "__defaults__", (0.2,))
        with pytest.raises(BadChain, match=r"STUCKA.csv could not be read within 10 seconds\."):
            read_chain(folder / "STUCKA.csv", "STUCKA")
    finally:
        gate.set()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="only where any byte can be in a name")
@pytest.mark.parametrize(
    "name", ["AMD\udcff.csv", "\udcffAMD.json", "AMD\n.csv", "AMD\x1b[31m.csv.gz", "AMD\u202evsc.csv"]
)
def test_a_name_that_cannot_be_shown_is_of_no_symbol(folder: Path, name: str) -> None:
    put(folder, "SPX.csv", QUOTES)
    (folder / name).write_text("x")
    files = ChainFiles(folder)
    assert files.chain("AMD") is None and files.chain("SPX")
    (stranger,) = files.strangers()
    assert stranger.isprintable() and stranger == re.sub(r"[^ -~]", "?", name)
    with pytest.raises(BadChain) as refusal:
        read_chain(folder / name, "AMD")
    assert refusal.value.sentence.isprintable()


def test_links_that_lead_nowhere_are_broken_files(folder: Path) -> None:
    put(folder, "SPX.csv", QUOTES)
    for name, target in {"AMD.csv": "nowhere", "NVDA.csv": "NVDA.csv", "QQQ.csv": "NVDA.csv"}.items():
        (folder / name).symlink_to(target)
        files = ChainFiles(folder)
        for look in (files.chain, lambda symbol: read_chain(folder / f"{symbol}.csv", symbol)):
            with pytest.raises(BadChain) as refusal:
                look(name[:-4])
            assert refusal.value.sentence == f"{name} cannot be opened."
        assert files.chain("SPX")
    (folder / "circle").symlink_to("circle")
    with pytest.raises(BadSettings):
        ChainFiles(folder / "circle")


@pytest.mark.parametrize("price", ["0", "-5", "1e400", "-0.0"])
def test_a_spot_price_that_is_none(tmp_path: Path, price: str) -> None:
    rows = [f"AMD260717{side}00550000,10,0.4,{price},2026-07-10T16:00" for side in "CP"]
    path = put(tmp_path, "AMD.csv", "\n".join(["option,open_interest,iv,underlying_price,as_of", *rows]))
    for look in (ChainFiles(tmp_path).chain, lambda symbol: read_chain(path, symbol)):
        with pytest.raises(BadChain) as refusal:
            look("AMD")
        assert refusal.value.sentence == "AMD.csv has no usable spot price for AMD."
    assert read_chain(path, "AMD", spot=557.89).spot == 557.89
    put(
        tmp_path,
        "AMD_b.csv",
        path.read_text().replace(f",{price},", ",557.89,").replace("00550000", "00600000"),
    )
    with pytest.raises(BadChain) as refusal:
        ChainFiles(tmp_path).chain("AMD")
    assert refusal.value.sentence == "AMD.csv has no usable spot price for AMD."
