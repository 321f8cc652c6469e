"""Each form that a chain can come in, and what is said of one that is broken."""

from __future__ import annotations

import gzip
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.errors import BadChain, BadSettings
from basketgex_server.exposure.chain import YEAR, Chain, rows
from basketgex_server.sources.files.folder import ChainFiles, read_chain
from basketgex_server.sources.readers.date_line import moment_of
from basketgex_server.sources.readers.forms import READ

NARROW, MINUS = "\u202f", "\u2212"
EVENING = datetime(2022, 12, 13, 1, 30, tzinfo=UTC).timestamp()


def utc(*when: int) -> float:
    return datetime(*when, tzinfo=UTC).timestamp()  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "December 12, 2022 at 8:30 PM EST",
        f"December 12, 2022 at 8:30{NARROW}PM EST",
        "December 12, 2022, 8:30 PM EST",
        "Dec 12, 2022, 8:30:00 PM EST",
        "Monday, December 12, 2022 at 8:30 PM EST",
        "12 December 2022 at 20:30",
        "12 December 2022 at 20:30 EST",
        "12 December 2022 at 8:30 pm GMT-5",
        "12 Dec 2022, 20:30 GMT-05:00",
        "December 12, 2022 at 8:30 p.m. EST",
        "December 12th, 2022 8:30PM ET",
        "2022-12-12 20:30",
        "2022-12-12T20:30:00-05:00",
        "2022-12-13, 01:30 UTC",
        "13 December 2022 at 02:30 CET",
        "13. Dezember 2022 um 02:30 MEZ",
        "12. Dezember 2022 um 20:30 Uhr GMT-5",
        f"12 décembre 2022 à 20:30 UTC{MINUS}5",
        f"12\xa0décembre 2022 à 20{NARROW}h{NARROW}30 UTC{MINUS}05:00",
        "12 de diciembre de 2022, 20:30 GMT-5",
        "12 de diciembre de 2022 a las 20:30 EST",
        f"12 de diciembre de 2022, 8:30{NARROW}p.\xa0m. EST",
        "12 dicembre 2022 alle ore 20:30 GMT-5",
        "12 de dezembro de 2022 às 20:30 GMT-5",
        "12 december 2022 om 20:30 EST",
        "December 12, 2022 at 7:30 PM CST",
        "12 December 2022 at 20:30 Eastern Standard Time",
        "13/12/2022, 01:30 UTC",
        "2022年12月12日 GMT-5 20:30",
        "13 December 2022 at 07:00 GMT+5:30",
    ],
)
def test_the_moment_in_every_way_a_browser_writes_it(text: str) -> None:
    for line in (
        f'"Date: {text}",Bid: 0,Ask: 0,Size: 0*0,Volume: 0',
        f"Date: {text},Bid: 0,Ask: 0",
        f"Date: {text}",
    ):
        assert moment_of(line) == EVENING


SEVEN_23 = utc(2025, 5, 16, 23, 23)
"""19:23 in New York."""


@pytest.mark.parametrize(
    "text",
    [
        "2025年5月16日 下午7:23 [EDT]",
        "2025年5月16日 晚上7:23 [EDT]",
        "2025年5月16日 下午07:23:00 GMT-4",
        "2025年5月16日 EDT 19:23",
        "2025年5月16日星期五 19时23分",
        "2025年5月16日 北美东部夏令时间 19:23",
        "2025年5月16日 午後7:23 EDT",
        "2025年5月16日金曜日 19時23分 EDT",
        "2025年5月16日 19:23:00 アメリカ東部夏時間",
        "2025년 5월 16일 오후 7:23 EDT",
        "2025년 5월 16일 금요일 오후 7시 23분 00초 GMT-4",
        "2025년 5월 16일 19:23 미 동부 하계 표준시",
        "16 мая 2025 г. в 19:23 EDT",
        "пятница, 16 мая 2025 г., 19:23 GMT-4",
        "16 мая 2025, 19:23",
        "16 maja 2025 19:23 EDT",
        "piątek, 16 maja 2025 o 19:23 GMT-4",
        "16 maj 2025, 19:23:00",
        "16 Mayıs 2025 19:23 EDT",
        "16 MAYIS 2025 Cuma saat 19:23 GMT-4",
        "16 Mayıs 2025 ÖS 7:23",
        "16 mai 2025 à 19 h 23 HAE",
        "vendredi 16 mai 2025 à 19 h 23 min HAE",
        "16 mai 2025 à 18 h 23 HAC",
        "16 mai 2025 à 19:23:00 heure avancée de l’Est",
        "viernes, 16 de mayo de 2025, 7:23 p. m. hora de verano oriental",
        "16. Mai 2025 um 19:23 Uhr nordamerikanische Ostküsten-Sommerzeit",
        "sexta-feira, 16 de maio de 2025 às 19:23 GMT-4",
        "May 16, 2025 at 7:23 PM GMT-4 (EDT)",
        "May 16 2025 @ 19:23 ET",
        "vendredi 16 mai 2025 à 19 h 23 min 00 s heure avancée de l’Est",
        "venerdì 16 maggio 2025 alle ore 19:23:00 Ora legale orientale USA",
        "sexta-feira, 16 de maio de 2025 às 19:23:00 Horário de Verão do Leste",
        "sexta-feira, 16 de maio de 2025 às 19:23:00 Hora de verão oriental norte-americana",
        "vrijdag 16 mei 2025 om 19:23:00 Eastern-zomertijd",
        "пятница, 16 мая 2025 г. в 19:23:00 Восточная Америка, летнее время",
        "piątek, 16 maja 2025 19:23:00 czas wschodnioamerykański letni",
        "16 Mayıs 2025 Cuma 19:23:00 Kuzey Amerika Doğu Yaz Saati",
        "2025年5月16日金曜日 19時23分00秒 米国東部夏時間",
        "2025년 5월 16일 금요일 PM 7시 23분 0초 미 동부 하계 표준시",
        "2025. 5. 16. PM 7:23:00",
        "2025年5月16日 GMT-4下午7:23",
        "2025/05/16 19:23:00",
        "2025/5/16 晚上7:23",
        "16-05-2025, 7:23:00 p. m.",
        "19:23, 16 May 2025",
    ],
)
def test_the_moment_in_more_languages(text: str) -> None:
    for line in (f'"Date: {text}",Bid: 0,Ask: 0', f"Date: {text},Bid: 0", f"Date: {text}"):
        assert moment_of(line) == SEVEN_23


@pytest.mark.parametrize(
    "text",
    [
        "2025年5月16日 傍晚7:23 [EDT]",
        "2025年5月16日 下午19:23",
        "2025年5月16日 晚上12:23",  # noon or midnight
        "令和7年5月16日 19:23",
        "2025年5月16日 오후 下午7:23",
        "16 mai 2025 à 7 h 23 du soir HAE",
        "16 de mayo de 2025, 7:23 de la tarde EDT",
        "16 мая 2025 г. в 7:23 вечера",
        "16 Mayıs 2025 akşam 7:23",
        "16 maja 2025 7:23 wieczorem",
        "16. listopada 2025. 19:23",  # October in Croatian, November in Polish without the point
        "16 května 2025 19:23",
        "16. maj 2025 kl. 19.23",
        "May 16, 2025 at 7:23 in the evening EDT",
        "May 16, 2025 at 7:23 PM AST",
        "May 16, 2025 at 7:23 PM GMT-5 (EDT)",
        "May 16, 2025 at 7:23 PM PM AM",
        "May 16, 2025 at 7:23 PM 5",
        "May 16, 2025 at 7:23 P",
        "16 ١٢ 2025 7:23",
        "16 Mai 2025 am 7:23",  # "at" in Welsh
        "am 16. Mai 2025 um 7:23 Uhr",  # "on" in German
        "am 16.05.2025 um 7:23",
        "2025年5月16日 中午1:05",
        "۱۴۰۴/۲/۲۶, ۱۹:۲۳",  # a year of Iran's calendar
        "16/05/2568 19:23",  # of Thailand's
        "1446-05-16 19:23",
    ],
)
def test_a_word_that_is_not_understood_is_never_passed_over(text: str) -> None:
    assert moment_of(f'"Date: {text}",Bid: 0') is None


@pytest.mark.parametrize(
    "text, moment",
    [
        ("27 de agosto de 2023, 13:35 GMT-4", utc(2023, 8, 27, 17, 35)),
        (
            "August 27, 2023 at 1:35 PM EST",
            utc(2023, 8, 27, 17, 35),
        ),  # New York's clock, whatever it is called
        ("May 16, 2025 at 12:05 AM EDT", utc(2025, 5, 16, 4, 5)),
        ("May 16, 2025 at 12:05 PM EDT", utc(2025, 5, 16, 16, 5)),
        ("2025年5月16日 中午12:05 [EDT]", utc(2025, 5, 16, 16, 5)),
        ("2025年5月16日 清晨5:05 [EDT]", utc(2025, 5, 16, 9, 5)),
        ("2025년 5월 16일 목요일 AM 12시 5분 9초 GMT-4", utc(2025, 5, 16, 4, 5, 9)),
        ("3 juill. 2025, 20 h 05 min 09 s", utc(2025, 7, 4, 0, 5, 9)),
        (f"1er août 2025 à 09:31 UTC{MINUS}4", utc(2025, 8, 1, 13, 31)),
    ],
)
def test_the_moment_in_summer(text: str, moment: float) -> None:
    assert moment_of(f'"Date: {text}",Bid: 1') == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "December 2022 at 8:30 PM EST",
        "December 32, 2022 at 8:30 PM EST",
        "December 12, 2022",
        "December 12, 2022 at 20:30 PM EST",
        "December 12, 2022 at 25:30",
        "12 Frimaire 2022 at 20:30",
        "December 12, 2022 at 8:30 PM XYZT",
        "12 December January 2022 at 20:30",
        "05/06/2022, 20:30",  # May or June
        "12 December 2022 at 20:30 GMT-19",
    ],
)
def test_a_moment_that_cannot_be_told_is_not_guessed(text: str) -> None:
    assert moment_of(f'"Date: {text}",Bid: 0') is None


HEADINGS = (
    "Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,"
    "Puts,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest"
)
ROWS = (
    "Fri Jul 17 2026,META260717C00700000,1,0,10.5,11.5,8,0.21,0,1,11,700.00,META260717P00700000,0,0,.5,5.,0,0.22,0,0,12\n"
    "Fri Jul 17 2026,META260717C00702500,1,0,8,9,8,0.2,0,1,13,702.50,META260717P00702500,0,0,0,0,0,,0,0,14\n"
)
LINES = (
    "\n",
    "Meta Platforms, Inc.,Last: 1,701.25,Change:  5\n",
    '"Date: July 10, 2026 at 4:00 PM EDT",Bid: 701,Ask: 702\n',
    HEADINGS + "\n",
)


def put(folder: Path, name: str, content: str | bytes) -> Path:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder / name


def columns(chain: Chain) -> dict[str, list[float]]:
    names = ("strike", "is_call", "expiry", "volatility", "open_interest", "bid", "ask")
    return {name: getattr(chain, name).tolist() for name in names}


@pytest.mark.parametrize(
    "said", ["2025年5月16日 傍晚7:23", "16 mai 2025 à 7 h 23 du soir", "once upon a time", ""]
)
def test_what_gives_the_moment_otherwise_is_asked_before_a_download_is_refused(
    tmp_path: Path, said: str
) -> None:
    text = ("".join(LINES) + ROWS).replace("July 10, 2026 at 4:00 PM EDT", said)
    plain = put(tmp_path, "META.csv", text)
    with pytest.raises(BadChain) as refusal:
        read_chain(plain, "META")
    assert refusal.value.sentence == (
        'META.csv, line 3: no moment: it should read like "Date: July 10, 2026 at 4:00 PM EDT".'
    )
    assert read_chain(plain, "META", as_of=123.0).as_of == 123.0
    folder = ChainFiles(tmp_path, "2026-07-09T15:00").chain("META")
    assert folder and folder.as_of == utc(2026, 7, 9, 19)
    named = plain.rename(tmp_path / "META_2026-07-08T1015.csv")
    assert read_chain(named, "META").as_of == utc(2026, 7, 8, 14, 15)


@pytest.mark.parametrize("said", ["Last: n/a", "Last: ", "First: 1.5"])
def test_what_gives_the_spot_otherwise_is_asked_before_a_download_is_refused(
    tmp_path: Path, said: str
) -> None:
    path = put(tmp_path, "META.csv", ("".join(LINES) + ROWS).replace("Last: 1,701.25", said))
    for prices in ("", '{"AMD": {"underlying_price": 5}}'):
        if prices:
            put(tmp_path, "underlyings.json", prices)
        with pytest.raises(BadChain) as refusal:
            read_chain(path, "META")
        assert (
            refusal.value.sentence == 'META.csv, line 2: no spot price: it should say "Last:" and a number.'
        )
    assert read_chain(path, "META", spot=1700.0).spot == 1700.0
    put(
        tmp_path,
        "underlyings.json",
        '\ufeff{"^meta": {"underlying_price": 1702}, "AMD": {"underlying_price": NaN}}',
    )
    assert read_chain(path, "META").spot == 1702.0


OLD = "META (Meta Platforms, Inc.),701.25,-1.98\nJul 10 2026 @ 16:00 ET,Bid,701,Ask,702,Size,2x4,Vol,7464\n"


@pytest.mark.parametrize(
    "head",
    [
        OLD,
        OLD.replace(",-1.98", ",-1.98,").replace("7464", "7464,"),
        "\n" + OLD,
        '"' + OLD.replace(",701.25", '",701.25').replace("-1", "+1"),
        OLD.replace("Jul 10 2026 @ 16:00 ET", '"Jul 10, 2026 @ 4:00 PM EDT"'),
    ],
)
@pytest.mark.parametrize("quoted", [False, True])
def test_cboes_downloads_of_2018_to_2020(tmp_path: Path, head: str, quoted: bool) -> None:
    headings = HEADINGS.replace("Volume", "Vol").replace("Open Interest", "Open Int")
    rows = ROWS.replace(",13,", ',"13",') if quoted else ROWS
    chain = read_chain(put(tmp_path, "META.csv", head + headings + "\n" + rows), "META")
    assert (chain.spot, chain.as_of) == (701.25, utc(2026, 7, 10, 20))
    assert chain.open_interest.tolist() == [11, 13, 12, 14]
    np.testing.assert_array_equal(chain.volatility, [0.21, 0.2, 0.22, np.nan])


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("name", ["META.csv", "BRKB.csv", "AMD.csv", "VXX.json", "AAPL.json", "RUT.json"])
def test_whatever_a_program_encodes_its_text_in(tmp_path: Path, name: str, codec: str) -> None:
    text = WHOLE[name].replace("July 10, 2026 at 4:00 PM EDT", "10 août 2026 à 16 h 00 HAE")
    given = {"as_of": 1.75e9, "spot": 500.0}
    symbol = name.partition(".")[0]
    plain = read_chain(put(tmp_path, name, text), symbol, **given)
    other = read_chain(put(tmp_path, name, text.encode(codec)), symbol, **given)
    np.testing.assert_equal(columns(other), columns(plain))
    if name == "META.csv":
        assert read_chain(tmp_path / name, symbol).as_of == utc(2026, 8, 10, 20)


@pytest.mark.parametrize(
    "old, new",
    [('"mid_iv": 0.0', '"mid_iv": NaN'), ('"bid": 10.85', '"bid": NaN'), ('"open_interest": 10', '"open_interest": NaN'),
     ('"ask": 11.0', '"ask": Infinity'), ('"strike": 16.0', '"strike": -Infinity'), ('"last": null', '"last": NaN')],
)  # fmt: skip
def test_numbers_that_json_has_not_and_python_writes(tmp_path: Path, old: str, new: str) -> None:
    assert old in WHOLE["VXX.json"]
    chain = read_chain(put(tmp_path, "VXX.json", WHOLE["VXX.json"].replace(old, new)), "VXX", spot=27.0)
    assert chain.volatility.tolist() == [0.380002]
    assert (np.isnan(chain.open_interest[0]), chain.bid is not None and np.isnan(chain.bid[0])) == (
        "open_interest" in new, '"bid"' in new,
    )  # fmt: skip


@pytest.mark.parametrize("content, what", [
    (b"<!DOCTYPE html><html>", "is a web page"),
    (b"PK\x03\x04\x14\0\x06\0", "is an Excel file or a zip archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an Excel file"),
    (gzip.compress(b"option,iv", mtime=0), "is packed by gzip: let its name end in .gz"),
    (b"[QUOTE_UNIXTIME], [QUOTE_READTIME], [C_IV]\n1,2,3\n", "is an OptionsDX file, which has no open interest"),
    (b"x" * 1_000_000, "is not TEXT"),
    (b",Calls,Strike,Puts,\n" + b"x" * 1_000_000, "is not TEXT"),
    (b"option;open_interest;iv\nA;1;0,3\n", "is separated by semicolons: save it with commas"),
    (b"option\topen_interest\tiv\nA\t1\t0.3\n", "is separated by tabs: save it with commas"),
    (b'{"optionChain": {"result": []}}', "is Yahoo's own JSON: save it with yfinance, as CSV"),
])  # fmt: skip
@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_what_is_no_chain_is_called_what_it_is(
    tmp_path: Path, content: bytes, what: str, suffix: str
) -> None:
    with pytest.raises(BadChain) as refusal:
        read_chain(put(tmp_path, "A" + suffix, content), "A")
    assert refusal.value.sentence == f"A{suffix} {what.replace('TEXT', suffix[1:].upper())}. {READ}"


@pytest.mark.parametrize(
    "content",
    ["[" * 200_000, '{"data":' + "[" * 200_000, "[]", "null", "7", '"x"', '[{"a": 1}, 2]', '{"results": []}'],
)
def test_json_of_another_shape_however_deep(tmp_path: Path, content: str) -> None:
    with pytest.raises(BadChain) as refusal:
        read_chain(put(tmp_path, "A.json", content), "A")
    assert refusal.value.sentence.startswith("A.json")
    assert refusal.value.sentence.endswith((READ, "cut short.", "data is missing or of another kind."))


def contract(symbol: str, **fields: Any) -> dict[str, Any]:
    plain = {
        "putCall": "CALL",
        "symbol": symbol,
        "bid": 1.0,
        "ask": 1.2,
        "volatility": 31.5,
        "openInterest": 7,
        "multiplier": 100.0,
        "quoteTimeInLong": 1784040300000,
        "tradeTimeInLong": 1784040000000,
        "nonStandard": False,
        "mini": False,
    }
    return plain | fields


def schwab(*contracts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    plain = {"symbol": "$SPX", "status": "SUCCESS", "underlyingPrice": 6_000.5, "putExpDateMap": {}}
    return plain | {"callExpDateMap": {"2026-07-17:3": {"6000.0": list(contracts)}}} | fields


@pytest.mark.parametrize(
    "call, put_",
    [("SPXW  260717C06000000", "SPX   260717P06000000"), ("SPXW_071726C6000", "$SPX_071726P6000.0")],
)
def test_schwabs_chains_and_td_ameritrades(tmp_path: Path, call: str, put_: str) -> None:
    odd = contract("XYZ1  260717C00010000", nonStandard=True)
    reply = schwab(contract(call), contract(call[:-1] + "5", volatility="NaN"), odd,
                   putExpDateMap={"2026-07-17:3": {"6000.0": [contract(put_, volatility=-999.0, openInterest=9)]}},
                   underlying={"quoteTime": 1784059200000, "tradeTime": 1784050000000})  # fmt: skip
    chain = read_chain(put(tmp_path, "SPX.json", json.dumps(reply)), "SPX")
    assert (chain.spot, chain.as_of, chain.seen_at, chain.other_root) == (
        6_000.5,
        1784040300.0,
        1784059200.0,
        1,
    )
    np.testing.assert_array_equal(chain.volatility, [0.315, np.nan, np.nan])
    assert chain.is_call.tolist() == [True, True, False] and chain.strike[0] == chain.strike[2] == 6000
    assert chain.expiry.tolist() == [utc(2026, 7, 17, 20)] * 2 + [utc(2026, 7, 17, 13, 30)]
    pages = [schwab(contract(call)), schwab(contract(put_), underlyingPrice=6_001.0)]
    assert len(read_chain(put(tmp_path, "SPX.json", json.dumps(pages)), "SPX")) == 2


@pytest.mark.parametrize("reply, sentence", [
    (schwab(callExpDateMap={}), "SPX.json is a Schwab reply without a contract: ask for the chain again."),
    (schwab(contract("SPXW  260717C06000000", volatility="many")), 'SPX.json: volatility is "many", not a number.'),
    (schwab(contract("SPXW_073226C6000")), 'SPX.json, option 1: "SPXW260732C06000000" is not an option symbol.'),
])  # fmt: skip
def test_a_broken_chain_of_schwab(tmp_path: Path, reply: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadChain) as refusal:
        read_chain(put(tmp_path, "SPX.json", json.dumps(reply)), "SPX", as_of=1.7e9)
    assert refusal.value.sentence == sentence


CLOSE = utc(2026, 7, 10, 20)


@pytest.mark.parametrize("said, seen_at", [
    ("2026-07-12 18:48:00", utc(2026, 7, 12, 18, 48)),
    ("2026-07-12T18:48:00Z", utc(2026, 7, 12, 18, 48)),
    ("2026-07-12T14:48:00-04:00", utc(2026, 7, 12, 18, 48)),
    (1783882080, utc(2026, 7, 12, 18, 48)),
    (1783882080000, utc(2026, 7, 12, 18, 48)),
    ("2026-07-01 18:48:00", CLOSE - 1),  # before its last trade: that is later
    (None, CLOSE - 1),
    ("", CLOSE - 1),
])  # fmt: skip
def test_when_a_reply_of_cboe_was_made(tmp_path: Path, said: Any, seen_at: float) -> None:
    options = [{"option": f"RUTW26071{day}C01800000", "iv": 0.2, "open_interest": 7.0} for day in (0, 3)]
    data = {"options": options, "current_price": 1806.1, "last_trade_time": "2026-07-10T15:59:59"}
    chain = read_chain(put(tmp_path, "RUT.json", json.dumps({"timestamp": said, "data": data})), "RUT")
    assert (chain.as_of, chain.seen_at) == (CLOSE - 1, seen_at)
    assert rows(chain).expired.tolist() == [seen_at > CLOSE, False]
    assert chain.years()[1] * YEAR == pytest.approx(3 * 86_400 + 1)  # from the quote's moment
    assert rows(replace(chain, made_at=0.0)).expired.tolist() == [False, False]


def test_a_timestamp_that_cannot_be_read_refuses_the_reply(tmp_path: Path) -> None:
    text = WHOLE["RUT.json"].replace('{"data"', '{"timestamp": "Sunday noon", "data"')
    with pytest.raises(BadChain) as refusal:
        read_chain(put(tmp_path, "RUT.json", text), "RUT")
    assert refusal.value.sentence == (
        'RUT.json: timestamp is "Sunday noon": it should read like 2026-07-10 20:15:00, in UTC.'
    )


def test_when_other_files_were_made(tmp_path: Path) -> None:
    """No earlier than the latest moment that they have in them."""
    late = tradier(
        "VXX190517C00016000",
        trade_date=1557259200000,
        greeks={"mid_iv": 0.4, "updated_at": "2019-05-07 19:59:08"},
    )
    text = json.dumps({"options": {"option": [tradier("VXX190517P00016000", greeks=None), late]}})
    chain = read_chain(put(tmp_path, "VXX.json", text), "VXX", spot=27.0)
    put(
        tmp_path,
        "underlyings.json",
        '{"VXX": {"underlying_price": 27.0}, "AMD": {"underlying_price": 502.0}}',
    )
    in_folder = ChainFiles(tmp_path).chain("VXX")
    assert in_folder and (in_folder.as_of, in_folder.seen_at) == (1557172096.0, utc(2019, 5, 7, 20))
    assert chain.seen_at == in_folder.seen_at
    snapshot = polygon("O:AAPL220121C00150000", last_trade={"sip_timestamp": 1636577059862384600})
    chain = read_chain(put(tmp_path, "AAPL.json", json.dumps({"results": [snapshot]})), "AAPL")
    assert chain.seen_at - chain.as_of == pytest.approx(3600)
    yahoo = YFINANCE.replace("2026-07-09 19:59:00+00:00", "2026-07-10 20:14:59+00:00")
    chain = read_chain(put(tmp_path, "AMD_2026-07-10.csv", yahoo), "AMD")
    assert chain.seen_at - chain.as_of == 14 * 60 + 59
    assert (
        read_chain(tmp_path / "AMD_2026-07-10.csv", "AMD", as_of=123.0).seen_at == 123.0
    )  # who gives the moment decides


@pytest.mark.parametrize(
    "content",
    [
        "".join(LINES) + ROWS,
        "".join(LINES) + ROWS.rstrip(),
        ("".join(LINES) + ROWS).replace("\n", "\r\n"),
        "\ufeffwhatever, this says\n" + "".join(LINES[1:]) + ROWS,
        "".join(LINES[1:]) + ROWS,
        "".join(("an\n", "extra\n", *LINES)) + ROWS,
        "".join(LINES).replace("Meta Platforms, Inc.", '"Meta Platforms, Inc."') + ROWS,
        "".join(LINES) + ROWS.replace(",13,", ',"13",'),  # no longer plain: through the csv module
        "".join(LINES) + ROWS.replace("\n", "\n\n"),
        "".join(LINES).replace("Open Interest\n", "Open Interest,More\n") + ROWS.replace("\n", ",x\n"),
        "".join(LINES) + ROWS.replace("Fri", "Fré"),
        "".join(LINES) + ROWS.replace(",0.21,", ",2.1e-1,"),
        "".join(LINES) + ROWS.replace(",11,", ", 11 ,"),
    ],
)
def test_cboe_downloads_in_every_dress(tmp_path: Path, content: str) -> None:
    chain = read_chain(put(tmp_path, "META.csv", content), "META")
    assert (chain.spot, chain.as_of) == (1701.25, utc(2026, 7, 10, 20))
    assert chain.strike.tolist() == [700, 702.5, 700, 702.5]
    assert chain.is_call.tolist() == [True, True, False, False]
    np.testing.assert_array_equal(chain.volatility, [0.21, 0.2, 0.22, np.nan])
    assert chain.open_interest.tolist() == [11, 13, 12, 14]
    assert chain.bid is not None and chain.ask is not None
    assert chain.bid.tolist() == [10.5, 8, 0.5, 0]
    assert chain.ask.tolist() == [11.5, 9, 5, 0]


def test_a_broken_cboe_row_is_refused_with_its_line(tmp_path: Path) -> None:
    for old, new, sentence in (
        (",13,", ",1x3,", 'META.csv, line 6: Open Interest is "1x3", not a number.'),
        (",13,", ",1.2.3,", 'META.csv, line 6: Open Interest is "1.2.3", not a number.'),
        (",13,", ",.,", 'META.csv, line 6: Open Interest is ".", not a number.'),
        ("META260717P00702500", "702.5 put", 'META.csv, line 6: "702.5 put" is not an option symbol.'),
        (",14\n", "", "META.csv, line 6: 21 columns where the headings are 22."),
        ("\n" + ROWS, "", "META.csv has no option of META: there is none at all."),
    ):
        with pytest.raises(BadChain) as refusal:
            read_chain(put(tmp_path, "META.csv", ("".join(LINES) + ROWS).replace(old, new)), "META")
        assert refusal.value.sentence == sentence


CANONICAL = (
    "option,open_interest,iv,bid,ask,underlying_price,as_of\n"
    "BRKB260717C00500000,10,0.21,1.5,1.7,495.5,2026-07-10T15:45\n"
    "BRKB260717P00490000,20,,0,1.1,495.5,2026-07-10T15:45\n"
)


def test_the_canonical_form_carries_all_it_needs(tmp_path: Path) -> None:
    for text in (
        CANONICAL,
        CANONICAL.replace("15:45", "15:45:00-04:00"),
        CANONICAL.replace("15:45", "19:45Z"),
    ):
        chain = read_chain(put(tmp_path, "BRKB.csv", text), "BRK.B")
        assert (chain.spot, chain.as_of) == (495.5, utc(2026, 7, 10, 19, 45))
        assert chain.bid is not None and chain.bid.tolist() == [1.5, 0]


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        ("495.5,2026-07-10T15:45\nBRKB260717P", "495.6,2026-07-10T15:45\nBRKB260717P",
         "BRKB.csv: underlying_price must be the same in every row: one file is one moment."),
        ("15:45\nBRKB260717P", "15:46\nBRKB260717P", "BRKB.csv: as_of must be the same in every row: one file is one moment."),
        ("2026-07-10T15:45", "July 10", 'BRKB.csv, line 2: as_of is "July 10": write it like 2026-07-10T16:00.'),
        ("2026-07-10T15:45", "2026-07-10", 'BRKB.csv, line 2: as_of is "2026-07-10": write it like 2026-07-10T16:00.'),
        ("P00490000", "P490", 'BRKB.csv, line 3: "BRKB260717P490" is not an option symbol.'),
    ],
)  # fmt: skip
def test_a_broken_canonical_file(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    with pytest.raises(BadChain) as refusal:
        read_chain(put(tmp_path, "BRKB.csv", CANONICAL.replace(old, new)), "BRK.B")
    assert refusal.value.sentence == sentence


YFINANCE = (
    ",contractSymbol,lastTradeDate,strike,lastPrice,bid,ask,change,percentChange,volume,openInterest,"
    "impliedVolatility,inTheMoney,contractSize,currency\n"
    "0,AMD260717C00500000,2026-07-09 19:59:00+00:00,500.0,1,1.5,1.7,0,0,,10,0.21,True,REGULAR,USD\n"
    "1,AMD260717C00505000,2026-07-09 19:59:00+00:00,505.0,1,0,0,0,0,,11.0,1.0000000000000003e-05,True,REGULAR,USD\n"
    "2,AMD260717C00510000,2026-07-09 19:59:00+00:00,510.0,1,0,0,0,0,5,12,0.3,True,MINI,USD\n"
)


def test_yfinance_csv(tmp_path: Path) -> None:
    put(tmp_path, "underlyings.json", '{"AMD": {"underlying_price": 502.0}}')
    chain = read_chain(put(tmp_path, "AMD_2026-07-10.csv", YFINANCE), "AMD")
    assert (chain.spot, chain.as_of, chain.other_root) == (502.0, utc(2026, 7, 10, 20), 1)
    np.testing.assert_array_equal(chain.volatility, [0.21, np.nan])  # the placeholder is none
    assert chain.open_interest.tolist() == [10, 11]
    with pytest.raises(BadChain, match='line 3: "AMD" is not an option symbol'):
        read_chain(put(tmp_path, "AMD_2026-07-10.csv", YFINANCE.replace("AMD260717C00505000", "AMD")), "AMD")


def tradier(symbol: str, **fields: Any) -> dict[str, Any]:
    plain = {
        "symbol": symbol, "exch": "Z", "type": "option", "last": None, "volume": 0, "bid": 10.85, "ask": 11.0,
        "underlying": "VXX", "strike": 16.0, "trade_date": 0, "bid_date": 1557171657000, "ask_date": 1557172096000,
        "open_interest": 10, "contract_size": 100, "expiration_date": "2019-05-17", "root_symbol": "VXX",
        "greeks": {"delta": 1.0, "mid_iv": 0.0, "smv_vol": 0.380002, "updated_at": "2019-08-29 14:59:08"},
    }  # fmt: skip
    return plain | fields


def test_tradier_chains(tmp_path: Path) -> None:
    put(tmp_path, "underlyings.json", '{"VXX": {"underlying_price": 27.0}}')
    first = [
        tradier("VXX190517P00016000"),
        tradier("VXX190517C00016000", open_interest=0, greeks=None, ask_date=1557172135000),
        tradier("VXX1190517C00016000", contract_size=25),
    ]
    second = tradier("VXX190524C00016000", greeks={"mid_iv": 0.4, "smv_vol": 0.5}, bid=None)
    for content in (
        [{"options": {"option": first}}, {"options": {"option": second}}, {"options": None}],
        {"options": {"option": [*first, second]}},
    ):
        chain = read_chain(put(tmp_path, "VXX.json", json.dumps(content)), "VXX")
        assert (chain.spot, chain.as_of, chain.other_root) == (27.0, 1557172135.0, 1)
        np.testing.assert_array_equal(chain.volatility, [0.380002, np.nan, 0.4])
        assert chain.open_interest.tolist() == [10, 0, 10]
        assert chain.ask is not None and chain.ask.tolist() == [11, 11, 11]


def polygon(ticker: str, **fields: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "break_even_price": 171.075, "day": {"close": 21.4, "last_updated": 1636520400000000000},
        "details": {"contract_type": "call", "exercise_style": "american", "expiration_date": "2022-01-21",
                    "shares_per_contract": 100, "strike_price": 150, "ticker": ticker},
        "greeks": {"delta": 0.55}, "implied_volatility": 0.3048, "open_interest": 8921,
        "last_quote": {"ask": 21.25, "bid": 20.9, "last_updated": 1636573458756383500, "midpoint": 21.075},
        "underlying_asset": {"last_updated": 1636573459862384600, "price": 150.5, "ticker": "AAPL"},
    }  # fmt: skip
    return plain | fields


def test_polygon_snapshots(tmp_path: Path) -> None:
    odd = polygon("O:AAPL1220121C00150000")
    odd["details"]["shares_per_contract"] = 10
    pages = [
        {"status": "OK", "request_id": "x", "results": [polygon("O:AAPL220121C00150000"), odd], "next_url": "…"},
        {"status": "OK", "request_id": "y", "results": [
            polygon("O:AAPL220121P00150000", implied_volatility=None, last_quote=None, underlying_asset=None)]},
    ]  # fmt: skip
    chain = read_chain(put(tmp_path, "AAPL.json", json.dumps(pages)), "AAPL")
    assert (chain.spot, chain.as_of, chain.other_root) == (150.5, pytest.approx(1636573459.862, abs=1e-3), 1)
    np.testing.assert_array_equal(chain.volatility, [0.3048, np.nan])
    assert chain.bid is not None
    np.testing.assert_array_equal(chain.bid, [20.9, np.nan])

    index = polygon(
        "O:SPX220121C04000000", underlying_asset={"value": 4100.5, "last_updated": 1636573459862384600}
    )
    chain = read_chain(put(tmp_path, "SPX.json", json.dumps({"results": [index]})), "SPX")
    assert chain.spot == 4100.5
    with pytest.raises(BadChain) as refusal:
        read_chain(put(tmp_path, "AAPL.json", json.dumps(pages[0])), "AAPL")
    assert refusal.value.sentence == (
        "AAPL.json is only a part of its chain: it has a next_url. Save every page, as a list."
    )


def test_json_gzipped_is_the_same(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "chains/cboe_json/rut_2023-09-20.json"
    packed = put(tmp_path, "_RUT.json.gz", gzip.compress(path.read_bytes(), 1))
    np.testing.assert_equal(columns(read_chain(packed, "RUT")), columns(read_chain(path, "RUT")))
    assert ChainFiles(tmp_path).symbols() == ("RUT",)


def test_an_option_symbol_of_json_that_cannot_be_read(tmp_path: Path) -> None:
    reply = {
        "data": {
            "options": [{"option": "AMD26"}],
            "current_price": 5.0,
            "last_trade_time": "2026-07-10T16:00:00",
        }
    }
    with pytest.raises(BadChain) as refusal:
        read_chain(put(tmp_path, "AMD.json", json.dumps(reply)), "AMD")
    assert refusal.value.sentence == 'AMD.json, option 1: "AMD26" is not an option symbol.'


def parquet_of(path: Path, **values: Any) -> Path:
    import pyarrow
    import pyarrow.parquet

    table: dict[str, Any] = {
        "option": ["BRKB260717C00500000", "BRKB260717P00490000"],
        "open_interest": [10, 20],
        "iv": [0.21, None],
        "bid": [1.5, 0.0],
        "ask": [1.7, 1.1],
        "underlying_price": [495.5, 495.5],
        "as_of": [datetime(2026, 7, 10, 19, 45, tzinfo=UTC)] * 2,
        "other": ["x", "y"],
    }
    kept = {name: value for name, value in (table | values).items() if value is not None}
    pyarrow.parquet.write_table(pyarrow.table(kept), path)
    return path


def test_parquet_is_the_canonical_form_too(tmp_path: Path) -> None:
    text = read_chain(put(tmp_path, "BRKB.csv", CANONICAL), "BRK.B")
    for as_of in (
        [datetime(2026, 7, 10, 19, 45, tzinfo=UTC)] * 2,
        [datetime(2026, 7, 10, 15, 45)] * 2,
        ["2026-07-10T15:45"] * 2,
    ):
        chain = read_chain(parquet_of(tmp_path / "BRKB.parquet", as_of=as_of), "BRK.B")
        assert (chain.spot, chain.as_of) == (text.spot, text.as_of)
        np.testing.assert_equal(columns(chain), columns(text))


@pytest.mark.parametrize(
    "values, sentence",
    [
        ({"iv": None}, 'BRKB.parquet has no column "iv".'),
        ({"iv": ["a", "b"]}, "BRKB.parquet: iv is of the type string: it must be a number."),
        ({"option": [1, 2]}, "BRKB.parquet: option must be a text in every row."),
        ({"option": ["BRKB260717C00500000", "x"]}, 'BRKB.parquet, row 2: "x" is not an option symbol.'),
        ({"as_of": ["x", "x"]}, 'BRKB.parquet, row 1: as_of is "x": write it like 2026-07-10T16:00.'),
    ],
)
def test_a_broken_parquet_file(tmp_path: Path, values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadChain) as refusal:
        read_chain(parquet_of(tmp_path / "BRKB.parquet", **values), "BRK.B")
    assert refusal.value.sentence == sentence


def test_parquet_that_is_cut_short(tmp_path: Path) -> None:
    path = parquet_of(tmp_path / "BRKB.parquet")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(BadChain) as refusal:
        read_chain(path, "BRK.B")
    assert refusal.value.sentence == "BRKB.parquet is not whole Parquet: it may be cut short."


def test_parquet_whose_rows_pack_into_next_to_nothing(tmp_path: Path) -> None:
    many = {"option": ["BRKB260717C00500000"], "iv": [0.2], "open_interest": [1], "underlying_price": [1.0]}
    path = parquet_of(
        tmp_path / "BRKB.parquet",
        bid=None, ask=None, as_of=None, other=None, **{name: value * 1_000_001 for name, value in many.items()},
    )  # fmt: skip
    assert path.stat().st_size < 1 << 20
    with pytest.raises(BadChain) as refusal:
        read_chain(path, "BRK.B")
    assert (
        refusal.value.sentence
        == "BRKB.parquet is larger than a chain can be: at most 1,000,000 rows are read."
    )


def test_parquet_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = parquet_of(tmp_path / "BRKB.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BadChain) as refusal:
        read_chain(path, "BRK.B")
    assert refusal.value.sentence == (
        "BRKB.parquet needs pyarrow, which is not installed: run pip install pyarrow with the pip of basketgex's Python."
    )


WHOLE = {
    "META.csv": "".join(LINES) + ROWS,
    "BRKB.csv": CANONICAL,
    "AMD.csv": YFINANCE,
    "VXX.json": json.dumps({"options": {"option": [tradier("VXX190517P00016000")]}}),
    "AAPL.json": json.dumps({"results": [polygon("O:AAPL220121C00150000")]}),
    "RUT.json": json.dumps(
        {
            "data": {
                "options": [{"option": "RUT231020C01800000", "iv": 0.2, "open_interest": 7.0}],
                "current_price": 1806.1,
                "last_trade_time": "2023-09-20T16:15:04",
            }
        }
    ),
}
ODD = st.one_of(
    st.binary(max_size=6),
    st.sampled_from(
        [b'"', b",", b"\n", b"\r", b"\0", b"1e999", b"-", b"null", b"[]", b"\xe2\x88\x92", b"9" * 30, b"0001"]
    ),
)


@given(
    name=st.sampled_from(sorted(WHOLE)),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), ODD), min_size=1, max_size=4),
    cut=st.floats(0.2, 1),
)
def test_no_file_however_odd_does_more_than_be_refused(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    changes: list[tuple[float, int, bytes]],
    cut: float,
) -> None:
    content = WHOLE[name].encode()
    content = content[: int(len(content) * cut)] if cut > 0.6 else content
    for place, length, odd in changes:
        at = int(place * len(content))
        content = content[:at] + odd + content[at + length :]
    folder = tmp_path_factory.getbasetemp() / "odd"
    folder.mkdir(exist_ok=True)
    try:
        chain = read_chain(put(folder, name, content), name.partition(".")[0], as_of=1.7e9, spot=100.0)
    except BadChain as error:
        assert name in error.sentence and str(folder) not in error.sentence
    else:
        assert len(chain) > 0 and np.isfinite(chain.strike).all()


@given(st.text(max_size=60))
def test_no_date_line_however_odd_does_more_than_be_refused(text: str) -> None:
    found = moment_of(f"Date: {text}")
    assert found is None or np.isfinite(found)


@pytest.mark.parametrize("suffix", [".csv.gz", ".json.gz", ".JSON.GZ"])
def test_what_is_packed_twice(tmp_path: Path, suffix: str) -> None:
    path = put(tmp_path, "A" + suffix, gzip.compress(gzip.compress(b"{}")))
    with pytest.raises(BadChain) as refusal:
        read_chain(path, "A")
    assert refusal.value.sentence == f"A{suffix} is packed by gzip twice: unpack it once. {READ}"


DAY = 86_400_000
"""In milliseconds, as Tradier and Schwab count."""


def tradier_at(symbol: str, later: int) -> dict[str, Any]:
    return {"options": {"option": [tradier(symbol, bid_date=None, ask_date=1557172096000 + later)]}}


def schwab_at(symbol: str, later: int) -> dict[str, Any]:
    return schwab(contract(symbol, quoteTimeInLong=1784040300000 + later))


def polygon_at(symbol: str, later: int) -> dict[str, Any]:
    quote = {"ask": 21.25, "bid": 20.9, "last_updated": 1636573458756383500 + later * 1_000_000}
    return {"results": [polygon("O:" + symbol, last_quote=quote)]}


@pytest.mark.parametrize(
    "symbol, reply",
    [("VXX", tradier_at), ("SPX", schwab_at), ("AAPL", polygon_at)],
    ids=["Tradier", "Schwab", "Polygon"],
)
@pytest.mark.parametrize(
    "later, joined", [(60_000, True), (-3_600_000, True), (DAY + 1, False), (-3 * DAY, False)]
)
def test_replies_of_different_days_are_no_chain(
    tmp_path: Path, symbol: str, reply: Any, later: int, joined: bool
) -> None:
    replies = [reply(f"{symbol}280121C00150000", 0), reply(f"{symbol}280121P00150000", later)]
    path = put(tmp_path, f"{symbol}.json", json.dumps(replies))
    if joined:
        assert len(read_chain(path, symbol, spot=100.0)) == 2
        return
    with pytest.raises(BadChain) as refusal:
        read_chain(path, symbol, spot=100.0)
    assert refusal.value.sentence.startswith(f"{symbol}.json has a reply of 20")
    assert refusal.value.sentence.endswith(": only those of one moment are one chain.")


@pytest.mark.parametrize(
    "said", ["0001-01-01T00:00Z", "9999-12-31T23:59-12:00", "1404-02-26T19:23", "2568-05-16T19:23"]
)
def test_a_moment_of_no_market_refuses_its_file_alone(tmp_path: Path, said: str) -> None:
    heading = "option,open_interest,iv,underlying_price,as_of"
    put(tmp_path, "AMD_b.csv", f"{heading}\nAMD260821P00550000,5,0.3,550,2026-07-10T16:00\n")
    put(tmp_path, "AMD.csv", f"{heading}\nAMD260821C00550000,5,0.3,550,{said}\n")
    with pytest.raises(BadChain) as refusal:
        ChainFiles(tmp_path).chain("AMD")
    assert refusal.value.sentence == f'AMD.csv, line 2: as_of is "{said}": write it like 2026-07-10T16:00.'
    with pytest.raises(BadSettings):
        ChainFiles(tmp_path, said)
    for field, content in {
        "last_trade_time": {"data": {"options": [], "current_price": 5, "last_trade_time": said}},
        "timestamp": {"timestamp": said, "data": {"options": [], "current_price": 5}},
        "updated_at": {"options": {"option": [tradier("RUT260821C00550000", greeks={"updated_at": said})]}},
    }.items():
        with pytest.raises(BadChain, match=f'RUT.json: {field} is "{said[:6]}'):
            read_chain(put(tmp_path, "RUT.json", json.dumps(content)), "RUT")


@pytest.mark.parametrize("said", [-1e300, -5, 0])
def test_times_of_quotes_that_are_none_are_absent(tmp_path: Path, said: float) -> None:
    replies = [
        {"options": {"option": [tradier("VXX280121C00150000", bid_date=at, ask_date=None, trade_date=said)]}}
        for at in (1557172096000, said)
    ]
    for some in (replies[:1], replies):
        chain = read_chain(put(tmp_path, "VXX.json", json.dumps(some)), "VXX", spot=27.0)
        assert (chain.as_of, len(chain)) == (1557172096.0, 1)
