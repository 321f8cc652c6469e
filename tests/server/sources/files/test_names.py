"""Whose chain a file is and of when, by its name: every spelling that a cell accepts, and what people add to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.errors import BadChain
from basketgex_server.sources.files.folder import ChainFiles
from basketgex_server.sources.files.names import SUFFIXES, days_in, names_in, parts_of, symbol_of
from basketgex_server.tickers import ticker
from basketgex_server.times import parse_new_york

TICKERS = st.from_regex(r"[A-Z0-9]{1,10}(\.[A-Z0-9]{1,3})?|[A-Z0-9]{1,4}=F", fullmatch=True).filter(
    lambda text: not days_in(text)  # 20260710 is a ticker to a cell, and a day to everybody else
)


@given(
    TICKERS,
    st.sampled_from(["{}", "^{}", "${}", "_{}", "{} US", "{} US Equity"]),
    st.sampled_from(SUFFIXES),
    st.booleans(),
)
def test_a_file_is_found_under_every_spelling_that_a_cell_accepts(
    symbol: str, spelling: str, suffix: str, small: bool
) -> None:
    for spelt in {symbol, symbol.replace(".", "-")}:
        text = spelling.format(spelt)
        name = (text.lower() if small else text) + suffix
        found = names_in(name)
        assert ticker(text).replace(".", "") in (found.symbol, found.whole)


@pytest.mark.parametrize(
    "name, symbol",
    [
        ("spy options.csv", "SPY"),
        ("SPY - Copy.csv", "SPY"),
        ("SPY (12).csv.gz", "SPY"),
        ("SPY.csv.csv", "SPY"),
        ("GOOG.xlsx.csv", "GOOG"),
        ("%5ESPX.csv", "SPX"),
        ("^spx_quotedata (3).csv", "SPX"),
        ("$ndx-20260710.parquet", "NDX"),
        ("2026-07-10 BRK-B calls.csv", "BRKB"),
        ("20260710_BF.B.json", "BFB"),
        ("AAPL_2026-07-10T15-45.csv", "AAPL"),
        ("AAPL-calls.csv", "AAPL"),
        ("AAPL@noon.csv", "AAPL"),
        ("ES=F.csv", "ES=F"),
        ("options.csv", "OPTIONS"),
        ("2026-07-10.csv", None),
        ("übung.csv", None),
        ("NVDA.csv~", None),
        ("UNDERLYINGS.json", None),
    ],
)
def test_what_people_add_to_a_symbol_is_of_no_matter(name: str, symbol: str | None) -> None:
    assert symbol_of(name) == symbol


@pytest.mark.parametrize(
    "name, moments",
    [
        ("SPY_2026-07-10.csv", ["2026-07-10"]),
        ("SPY20260710.csv", ["2026-07-10"]),
        ("SPY_2026.07.10_1545.csv", ["2026-07-10T15:45"]),
        ("SPY 2026-07-10T09h31.csv", ["2026-07-10T09:31"]),
        ("SPY_2026-07-10_2026-07-17.csv", ["2026-07-10", "2026-07-17"]),
        ("SPY_2026-07-10_2599.csv", ["2026-07-10"]),
        ("SPY_2026-13-10.csv", []),
        ("SPY_120260710.csv", []),
        ("SPY_2026-0710.csv", []),
    ],
)
def test_days_and_times_in_a_name(name: str, moments: list[str]) -> None:
    assert [day.at for day in days_in(name)] == list(map(parse_new_york, moments))


def text(*options: str) -> str:
    return "option,open_interest,iv,underlying_price\n" + "".join(
        f"{option},10,0.3,255\n" for option in options
    )


FEB, MAR = "AAPL260220C00255000", "AAPL260320C00255000"


@pytest.mark.parametrize(
    "files, parts",
    [
        ({"AAPL_2026-02-11.csv": text(FEB, MAR), "AAPL_2026-02-12.csv": text(FEB, MAR)}, ["AAPL_2026-02-12.csv"]),
        ({"AAPL_2026-02-20.csv": text(FEB), "AAPL_2026-03-20.csv": text(MAR)}, None),  # one file an expiry
        ({"AAPL_2026-02-13.csv": text(FEB, MAR), "AAPL_2026-02-20.csv": text(FEB, MAR)}, ["AAPL_2026-02-20.csv"]),
        ({"AAPL_2026-02-11_2026-02-20.csv": text(FEB), "AAPL_2026-02-11_2026-03-20.csv": text(MAR)}, None),
        ({"AAPL_2026-02-10_2026-02-20.csv": text(FEB), "AAPL_2026-02-11_2026-02-20.csv": text(FEB)},
         ["AAPL_2026-02-11_2026-02-20.csv"]),
        ({"AAPL_calls.csv": text(FEB), "AAPL_puts.csv": text(FEB.replace("C", "P"))}, None),
    ],
)  # fmt: skip
def test_which_files_are_a_chain(files: dict[str, str], parts: list[str] | None) -> None:
    assert parts_of(list(files), lambda name: files[name].encode()) == (parts or list(files))


def put(folder: Path, files: dict[str, str]) -> ChainFiles:
    for name, content in files.items():
        (folder / name).write_text(content)
    return ChainFiles(folder, "2026-02-11T15:45")


@pytest.mark.parametrize(
    "files",
    [
        {"AAPL_calls.csv": text(FEB, MAR), "AAPL_puts.csv": text(*(o.replace("C0", "P0") for o in (FEB, MAR)))},
        {"AAPL_2026-02-20.csv": text(FEB, FEB.replace("C0", "P0")), "AAPL_2026-03-20.csv": text(MAR, MAR.replace("C0", "P0"))},
        {f"AAPL part {n}.csv": text(o) for n, o in enumerate((FEB, MAR, FEB.replace("C0", "P0"), MAR.replace("C0", "P0")))},
        {"AAPL.csv": text(FEB, MAR, FEB.replace("C0", "P0")), "aapl (1).csv": text(MAR, MAR.replace("C0", "P0"))},
    ],
)  # fmt: skip
def test_parts_of_one_moment_are_joined(tmp_path: Path, files: dict[str, str]) -> None:
    chain = put(tmp_path, files).chain("AAPL")
    assert chain and len(chain) == 4 and chain.is_call.sum() == 2 and not chain.gaps
    assert chain.as_of == parse_new_york("2026-02-11T15:45")
    assert chain.repeated == (1 if "AAPL.csv" in files else 0)


def dated(content: str, as_of: str, spot: str = "255") -> str:
    first, *rows = content.splitlines()
    return "\n".join([f"{first},as_of", *(f"{row[: row.rindex(',')]},{spot},{as_of}" for row in rows), ""])


@pytest.mark.parametrize(
    "files, sentence",
    [
        (
            {"AAPL_calls.csv": dated(text(FEB), "2026-02-11T15:45"),
             "AAPL_puts.csv": dated(text(FEB.replace("C0", "P0")), "2026-02-12T15:45")},
            '"AAPL_calls.csv" of 2026-02-11 15:45 and "AAPL_puts.csv" of 2026-02-12 15:45 are not parts of one chain; those '
            "are of one moment. Move what is of another out of the folder, or rename it, if it is not AAPL.",
        ),
        (
            {"AAPL_calls.csv": dated(text(FEB), "2026-02-11T15:45"),
             "AAPL_puts.csv": dated(text(FEB.replace("C0", "P0")), "2026-02-11T15:45", "260")},
            '"AAPL_calls.csv" at 255.00 and "AAPL_puts.csv" at 260.00 are not parts of one chain; those are of one moment. '
            "Move what is of another out of the folder, or rename it, if it is not AAPL.",
        ),
        (
            {"AAPL.csv": text(FEB), "AAPL_new.csv": text(FEB).replace(",10,", ",11,")},
            "AAPL_new.csv, line 2: AAPL260220C00255000 stands there with other figures than in AAPL.csv, line 2.",
        ),
        (
            {"AAPL_2026-02-11.csv": text(FEB), "AAPL_puts.csv": text(FEB.replace("C0", "P0"))},
            '"AAPL_puts.csv" and "AAPL_2026-02-11.csv" are chains of one name: give both a day in their names, or neither.',
        ),
        (
            {"AAPL_calls.csv": text(FEB), "AAPL_puts.csv": "half of"},
            'AAPL_puts.csv has no column "option", and is no chain of a form that is read. ',
        ),
    ],
)  # fmt: skip
def test_what_does_not_belong_together_is_refused_together(
    tmp_path: Path, files: dict[str, str], sentence: str
) -> None:
    with pytest.raises(BadChain) as refused:
        put(tmp_path, files).chain("AAPL")
    assert refused.value.sentence.startswith(sentence) and "leave one" not in refused.value.sentence


@pytest.mark.parametrize(
    "name", ["AAPL_2026-02-20.csv", "AAPL_20260320.csv", "AAPL_2026-02-20_2026-03-20.csv"]
)
def test_a_day_on_which_contracts_expire_is_no_moment(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(text(FEB, MAR))
    with pytest.raises(BadChain) as refused:
        ChainFiles(tmp_path).chain("AAPL")
    day = min(days_in(name)).day
    assert refused.value.sentence == (
        f"{name} has calls only, and does not say when its chain is from: "
        "name it with its day and time, such as AAPL_2026-07-10T1600.csv "
        f"(on {day} contracts expire: it may mean that), or say it with --as-of (chain_as_of in config.toml), such as "
        "2026-07-10T16:00."
    )
    said = ChainFiles(tmp_path, "2026-02-11T15:45").chain("AAPL")
    assert said and said.as_of == parse_new_york("2026-02-11T15:45")
    timed = tmp_path / "AAPL_2026-02-20T1000.csv"
    (tmp_path / name).rename(timed)
    chain = ChainFiles(tmp_path, "2026-02-11T15:45").chain("AAPL")
    assert chain and chain.as_of == parse_new_york("2026-02-20T10:00")


def test_a_folders_day_on_which_contracts_expire_is_none_either(tmp_path: Path) -> None:
    (folder := tmp_path / "chains_2026-02-20").mkdir()
    (folder / "AAPL.csv").write_text(text(FEB, MAR))
    with pytest.raises(
        BadChain,
        match=r"AAPL\.csv has calls only, and does not say when its chain is from: .* \(on 2026-02-20 ",
    ):
        ChainFiles(folder).chain("AAPL")


def test_a_word_after_a_sign_is_another_symbol_only_where_no_other_file_is_its(tmp_path: Path) -> None:
    (tmp_path / "RDS-NEW.csv").write_text(text("RDSNEW260220C00255000"))
    files = ChainFiles(tmp_path, "2026-02-11")
    found = files.chain("RDS.NEW")
    assert found and len(found) == 1
    with pytest.raises(BadChain, match=r"RDS-NEW\.csv has no option of RDS"):
        files.chain("RDS")
