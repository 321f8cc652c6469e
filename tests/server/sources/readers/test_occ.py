from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.exposure.chain import Chain
from basketgex_server.sources.readers.occ import chain_of, series


def made(*options: str) -> Chain:
    column = np.arange(len(options), dtype=float)
    return chain_of("AMD", 100.0, 0.0, options, column, column)


def test_a_symbol_is_the_authority() -> None:
    chain = made("AMD260717C00162500", " AMD   260717P01000000 ")
    assert chain.strike.tolist() == [162.5, 1000.0]
    assert chain.is_call.tolist() == [True, False]
    assert chain.expiry.tolist() == [1_784_318_400.0] * 2  # 2026-07-17 20:00 UTC


@pytest.mark.parametrize(
    "stray",
    [
        "AMD1260717C00100000",
        "NVDA260717C00100000",
        "AMD261317C00100000",
        "AMD260717X00100000",
        "AMD260717C0010000x",
        "AMD260717C+0100000",
        "AMD260717C٠٠١٠٠٠٠٠",
        "AMD",
        "",
    ],
)
def test_what_cannot_be_its_own_is_kept_out_and_counted(stray: str) -> None:
    chain = made("AMD260717C00100000", stray, "AMD260717P00105000")
    assert chain.strike.tolist() == [100.0, 105.0]
    assert chain.open_interest.tolist() == [0.0, 2.0]
    assert chain.other_root == 1


@pytest.mark.parametrize("blanks, other_root", [(0, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 1)])
def test_root_and_day_are_padded_to_sixteen_characters_at_most(blanks: int, other_root: int) -> None:
    others = ["AMD260717C00100000", "BMD" + " " * blanks + "260717C00105000", "AMD260717P00105000"]
    chain = made(*others, "AMD" + " " * blanks + "260717C00105000")
    assert chain.open_interest.tolist() == [0.0, 2.0, 3.0][: 3 - other_root]
    assert chain.other_root == 1 + other_root


def test_nothing_at_all() -> None:
    assert len(made()) == 0
    assert len(made("x")) == 0


def test_a_date_that_is_none() -> None:
    assert series("AMD260230C") is None


def test_thousands_of_roots_and_days_are_each_told_apart() -> None:
    """More of them than a table of slots can hold without two falling into one."""
    roots = ["AMD", "AMDW", *(f"X{n}" for n in range(2_000))]
    options = [
        f"{root}{yy:02d}{mm:02d}17{side}00100000"
        for root in roots
        for yy in (26, 27)
        for mm in (3, 8)
        for side in "CP"
    ]
    chain = made(*options)
    assert len(chain) == 16 and chain.other_root == len(options) - 16
    assert chain.open_interest.tolist() == list(range(16))  # the rows they stand in
    assert len(set(chain.expiry.tolist())) == 4


@pytest.mark.parametrize(
    "option",
    ["\0AMD260717C00100000", "AMD260717\0C00100000", "AMD260717C\0000100000", "A\nMD260717C00100000"],
)
def test_a_symbol_with_a_control_character_is_none(option: str) -> None:
    refused: list[tuple[int, str]] = []
    column = np.zeros(2)
    chain_of(
        "AMD",
        1.0,
        0.0,
        ["AMD260717C00100000", option],
        column,
        column,
        unreadable=lambda *a: refused.append(a),
    )
    assert [row for row, _ in refused] == [1]


OPTIONS = st.one_of(
    st.from_regex(r" {0,2}(AMD|AMDW|AMD1|NVDA|A) {0,4}[0-9]{6}[CPX][0-9]{6,9} ?", fullmatch=True),
    st.text(max_size=24),
)


@given(st.lists(OPTIONS, max_size=40, unique_by=lambda option: option.replace(" ", "")))
def test_every_symbol_is_read_as_it_would_be_alone(options: list[str]) -> None:
    together, rows = made(*options), np.arange(len(options), dtype=float)
    alone = [(made(option), row) for option, row in zip(options, rows.tolist(), strict=True)]
    own = [(chain, row) for chain, row in alone if len(chain)]
    assert together.open_interest.tolist() == [row for _, row in own]
    for name in ("strike", "is_call", "expiry"):
        assert getattr(together, name).tolist() == [getattr(chain, name)[0] for chain, _ in own]
    for chain, row in own:
        root, day, side, strike = re.fullmatch(
            r" *([A-Z]+) *([0-9]{6})([CP])([0-9]{8}) ?", options[int(row)]
        ).groups()  # type: ignore[union-attr]
        assert root in ("AMD", "AMDW")
        assert chain.strike[0] == int(strike) / 1000 and chain.is_call[0] == (side == "C")
        found = series(f"{root}{day}{side}")
        assert found and chain.expiry[0] == found.expiry


CALL, PUT = "AMD260717C00100000", "AMD260717P00100000"


@pytest.mark.parametrize(
    "options, rows",
    [
        ([CALL, PUT, CALL], [0, 1]),
        ([CALL, CALL, CALL, PUT, PUT], [0, 3]),
        (["AMD   260717C00100000", CALL, PUT], [0, 2]),  # padded or not
        ([CALL, "AMDW260717C00100000"], [0, 1]),  # another root is another contract
        ([CALL, "AMD1260717C00100000", "AMD1260717C00100000"], [0]),  # which are kept out anyhow
        ([CALL, "AMD260717C00100001", "AMD260718C00100000"], [0, 1, 2]),
    ],
)
def test_a_contract_counts_once(options: list[str], rows: list[int]) -> None:
    column = np.ones(len(options))
    chain = chain_of("AMD", 100.0, 0.0, options, column, np.arange(len(options), dtype=float))
    assert chain.open_interest.tolist() == rows
    own = sum(not option.startswith("AMD1") for option in options)
    assert chain.repeated == own - len(rows)


@pytest.mark.parametrize("column", ["volatility", "open_interest", "bid", "ask"])
def test_rows_of_one_contract_that_differ_are_named(column: str) -> None:
    options = [PUT, CALL, PUT, CALL]
    columns = {
        name: np.array([np.nan, 1, np.nan, 1]) for name in ("volatility", "open_interest", "bid", "ask")
    }
    clashes: list[tuple[int, int, str]] = []

    def chain() -> Chain:
        return chain_of("AMD", 100.0, 0.0, options, **columns, differs=lambda *clash: clashes.append(clash))

    assert chain().repeated == 2 and not clashes  # absent twice is the same
    columns[column][3] = 2.0
    chain()
    assert clashes == [(1, 3, CALL)]


@given(st.lists(st.sampled_from([f"AMD{day}{side}{n:08d}" for day in ("260717", "260724") for side in "CP"
                                 for n in (1, 99_999_999)]), max_size=12))  # fmt: skip
def test_once_is_as_often_as_there_are_contracts(options: list[str]) -> None:
    column = np.ones(len(options))
    chain = chain_of("AMD", 100.0, 0.0, options, column, column)
    assert (len(chain), chain.repeated) == (len(set(options)), len(options) - len(set(options)))


@pytest.mark.parametrize(
    "options, gaps",
    [
        ([CALL, PUT], ""),
        ([CALL, "AMD260724C00100000"], "calls only"),
        ([PUT], "puts only"),
        ([CALL, PUT, "AMD260724C00100000"], "one side only in 1 of 2 expiries"),
        ([CALL, "AMD260724P00100000"], "one side only in 2 of 2 expiries"),
        ([CALL, PUT, "AMD200717C00100000"], ""),  # has expired
    ],
)
def test_a_side_that_is_not_there_is_said(options: list[str], gaps: str) -> None:
    column = np.ones(len(options))
    assert chain_of("AMD", 100.0, 1.7e9, options, column, column).gaps == gaps
