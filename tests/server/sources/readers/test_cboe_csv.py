"""The fast way through a Cboe download says what the ``csv`` module says, of every row, good or bad."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.errors import BadChain
from basketgex_server.shown import quoted
from basketgex_server.sources.files.folder import read_chain
from basketgex_server.sources.files.reader import columns_of
from basketgex_server.sources.readers.cboe_csv import cboe_csv, headings_of
from basketgex_server.sources.readers.columns import Columns
from basketgex_server.sources.readers.plain_rows import PlainRows

HEAD = (
    "\n"
    "Meta Platforms, Inc.,Last: 701.25,Change:  5\n"
    '"Date: July 10, 2026 at 4:00 PM EDT",Bid: 701,Ask: 702\n'
    "Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,"
    "Puts,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest\n"
)
FIRST_LINE = 5
CALL, PUT = 1, 12
BID, ASK, IV, INTEREST = 3, 4, 6, 9
"""Places of columns after that of the call, or the put."""
NAMES = {BID: "Bid", ASK: "Ask", IV: "IV", INTEREST: "Open Interest"}


def cells_of(row: int) -> list[str]:
    day, strike = 10 + row % 20, 100 + row
    cells = [f"Aug {day} 2026"]
    for side in "CP":
        cells += [f"META2608{day}{side}{strike * 1000:08d}", "1.5", "-0.25", f"{row * 0.05:.2f}"]
        cells += [f"{row * 0.05 + 1:.1f}", "7", f"0.{row % 10_000:04d}", "-0.5", "0.0004", str(row % 977)]
        cells += [f"{strike}.00"] if side == "C" else []
    return cells


def text_of(rows: Sequence[Sequence[str]]) -> str:
    return HEAD + "".join(",".join(cells) + "\n" for cells in rows)


def read(content: str) -> Columns:
    raw = content.encode()
    heading = headings_of(raw)
    assert heading is not None
    return cboe_csv(raw, "META.csv", heading)


def is_fast(columns: Columns) -> bool:
    return not isinstance(columns.options, list)


def assert_equal(found: Columns, rows: Sequence[Sequence[str]]) -> None:
    """Compare with rows as the csv module gives them."""
    sides = [(at, row) for at in (CALL, PUT) for row in rows]
    options = [row[at] for at, row in sides]
    count = len(options)
    got = (
        found.options if isinstance(found.options, list) else [found.options.text(n) for n in range(count)]  # type: ignore[union-attr]
    )
    assert got == options
    for column, offset in (
        (found.bid, BID),
        (found.ask, ASK),
        (found.volatility, IV),
        (found.open_interest, INTEREST),
    ):
        assert column is not None
        np.testing.assert_array_equal(column, [float(row[at + offset] or "nan") for at, row in sides])


@pytest.mark.parametrize("dress", ["as served", "CRLF", "no last newline", "blank lines after", "BOM"])
@pytest.mark.parametrize("name", ["spx_2022-12-12", "ndx_2022-12-12", "rut_2022-12-12", "spy_2025-05-16"])
def test_real_files_are_read_as_the_csv_module_reads_them(
    shared_data: Path, tmp_path: Path, name: str, dress: str
) -> None:
    original = (shared_data / f"chains/cboe_csv/{name}.csv").read_bytes().replace(b"\r\n", b"\n").rstrip()
    content = {
        "as served": original + b"\n",
        "CRLF": original.replace(b"\n", b"\r\n") + b"\r\n",
        "no last newline": original,
        "blank lines after": original + b"\n\n\n",
        "BOM": b"\xef\xbb\xbf" + original,
    }[dress]
    path = tmp_path / f"{name}.csv"
    path.write_bytes(content)
    found = columns_of(path)
    assert is_fast(found)
    assert_equal(found, list(csv.reader(original.decode().splitlines()))[4:])


def test_a_real_chain_is_the_same_both_ways(shared_data: Path, tmp_path: Path) -> None:
    plain = shared_data / "chains/cboe_csv/spx_2022-12-12.csv"
    quoted = tmp_path / "spx_2022-12-12.csv"
    quoted.write_text(plain.read_text().replace("Mon Dec 12 2022", '"Mon Dec 12 2022"', 1))
    assert is_fast(columns_of(plain)) and not is_fast(columns_of(quoted))
    one, other = read_chain(plain, "SPX"), read_chain(quoted, "SPX")
    for name in ("strike", "is_call", "expiry", "volatility", "open_interest", "bid", "ask"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert (one.spot, one.as_of, one.other_root) == (other.spot, other.as_of, other.other_root)


NUMBERS = st.one_of(
    st.just(""),
    st.integers(0, 10**9).map(str),
    st.tuples(st.integers(0, 10**7), st.integers(0, 7)).map(lambda v: f"{v[0] / 10 ** v[1]:.{v[1]}f}"),
    st.from_regex(r"[0-9]{0,9}\.?[0-9]{1,9}", fullmatch=True),
    st.sampled_from(["7.", ".5", "00.50", "99999999", "9999999.", ".0000001", "123456.789012", "1" * 20]),
)
ODD = st.one_of(
    st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters=',"'), max_size=10),
    st.sampled_from(
        [".", "..", "1..2", "1.2.3", "-1", "+1", "1e3", "1 2", " 7 ", "0x10", "1/2", "*", "nan", "é"]
    ),
)


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.sampled_from([CALL, PUT]), st.sampled_from(sorted(NAMES)), NUMBERS)
    )
)
def test_every_plain_decimal_is_read_to_the_last_bit(changes: list[tuple[int, int, int, str]]) -> None:
    rows = [cells_of(row) for row in range(41)]
    for row, side, offset, cell in changes:
        rows[row][side + offset] = cell
    found = read(text_of(rows))
    assert is_fast(found)
    assert_equal(found, rows)


@given(
    row=st.integers(0, 40),
    side=st.sampled_from([CALL, PUT]),
    offset=st.sampled_from(sorted(NAMES)),
    cell=ODD,
)
def test_what_is_no_number_is_named_and_what_is_one_is_read(
    row: int, side: int, offset: int, cell: str
) -> None:
    rows = [cells_of(n) for n in range(41)]
    rows[row][side + offset] = cell
    try:
        float(cell.strip() or "nan")
    except ValueError:
        with pytest.raises(BadChain) as refusal:
            read(text_of(rows))
        said = f"META.csv, line {FIRST_LINE + row}: {NAMES[offset]} is {quoted(cell.strip())}, not a number."
        assert refusal.value.sentence == said
    else:
        rows[row][side + offset] = cell.strip()
        assert_equal(read(text_of(rows)), rows)


MANY = 3_000
"""Rows: some fill each chunk, and the last does not."""


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("row", [0, 1, 435, 436, 437, 438, 1_777, 2_047, 2_048, MANY - 2, MANY - 1])
@pytest.mark.parametrize("side", [CALL, PUT])
def test_a_bad_row_among_thousands_is_named_with_its_line(
    tmp_path: Path, side: int, row: int, ending: str
) -> None:
    good = [cells_of(n) for n in range(MANY)]
    line, symbol = FIRST_LINE + row, good[row][side]
    path = tmp_path / "META.csv"

    def refusal(cells: Sequence[str]) -> str:
        text = text_of([*good[:row], cells, *good[row + 1 :]])
        path.write_text(text.replace("\n", ending), newline="")
        with pytest.raises(BadChain) as refused:
            read_chain(path, "META")
        return refused.value.sentence

    def with_cell(at: int, cell: str) -> list[str]:
        return [cell if place == at else was for place, was in enumerate(good[row])]

    for offset, name in NAMES.items():
        assert refusal(with_cell(side + offset, "1x3")) == (
            f'META.csv, line {line}: {name} is "1x3", not a number.'
        )
    for odd in (symbol[:-1], symbol[:-1] + "x", symbol.replace("META2608", "META2613"), "META", ""):
        assert refusal(with_cell(side, odd)) == f'META.csv, line {line}: "{odd}" is not an option symbol.'
    for short in (good[row][:-1], good[row][:1]):
        said = f"META.csv, line {line}: {len(short)} columns where the headings are 22."
        assert refusal(short) == said


def test_a_row_that_lacks_what_the_next_has_too_much_is_named(tmp_path: Path) -> None:
    rows = [cells_of(n) for n in range(5)]
    rows[3].append(rows[2].pop())
    path = tmp_path / "META.csv"
    path.write_text(text_of(rows))
    with pytest.raises(BadChain) as refusal:
        read_chain(path, "META")
    assert refusal.value.sentence == "META.csv, line 7: 21 columns where the headings are 22."


def test_blank_lines_and_quotes_shift_no_line_number(tmp_path: Path) -> None:
    rows = [cells_of(n) for n in range(5)]
    rows[1] = [f'"{cell}"' for cell in rows[1]]
    rows[4][PUT + BID] = "?"
    text = text_of(rows).replace("\nAug 12", "\n\n\nAug 12")
    with pytest.raises(BadChain) as refusal:
        read(text)
    assert refusal.value.sentence == 'META.csv, line 11: Bid is "?", not a number.'
    rows[1] = [cell.strip('"') for cell in rows[1]]
    rows[4][PUT + BID] = "0"
    assert_equal(read(text.replace(",?,", ",0,")), rows)


def test_headings_in_another_order_are_found() -> None:
    rows = [cells_of(n) for n in range(3)]
    for row in rows:
        for side in (CALL, PUT):
            row[side + BID], row[side + IV] = row[side + IV], row[side + BID]
    text = text_of(rows).replace("Bid,Ask,Volume,IV", "IV,Ask,Volume,Bid")
    assert_equal(read(text), [cells_of(n) for n in range(3)])


def test_a_row_longer_than_a_chunk_goes_the_other_way() -> None:
    rows = [cells_of(n) for n in range(3)]
    rows[1][0] = rows[1][2] = "x" * 100_000
    found = read(text_of(rows))
    assert not is_fast(found)
    assert_equal(found, rows)


@pytest.mark.parametrize("body", ["a,1,2\nb,3\n", "a,1,2\nb,3,4,5\n", "a,1\nb,2,3,4\n", "a,1,2\n\nb,3,4\n"])
def test_rows_of_another_width_are_not_plain(body: str) -> None:
    assert plain(body) is None


def test_rows_of_one_width_are_plain() -> None:
    found = plain("a,1,2\nb,3,\n")
    assert found is not None
    assert [found.texts.text(row) for row in range(2)] == ["1", "3"]
    np.testing.assert_array_equal(found.numbers, [[2.0, np.nan]])


def plain(body: str) -> PlainRows | None:
    lead, body = "." * 30, body.replace("a", "a" * 9).replace("b", "b" * 9)
    return PlainRows.of((lead + body).encode(), len(lead), 3, (1,), (2,))


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 47, 48, 62, 63, 64, 65, 127, 128, 500])
@pytest.mark.parametrize("at", [0, 2, 13, 19])
def test_a_field_that_is_not_asked_for_may_be_of_any_length(at: int, length: int) -> None:
    rows = [cells_of(n) for n in range(3)]
    rows[1][at] = "x" * length
    found = read(text_of(rows))
    assert is_fast(found) == (length < 64)
    assert_equal(found, rows)
