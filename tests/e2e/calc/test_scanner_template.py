"""The sector scanner in a real Calc: orders, free rows that join in, and what is typed where nothing counts it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from basketgex_addin.cells import Reply
from tests.e2e.calc.harness import NOT_AVAILABLE, VALUE
from tests.e2e.calc.opened import Opened, close, measures, regime
from workbook_templates.scanner import contents
from workbook_templates.scanner.layout import CHARTED, FILLED, FIRST_MEMBERS, LAST_MEMBERS, ROOM, SEATS, line

FRONT, LISTED, DETAIL = "Scanner", "Members", "Detail"
ORDER, ATTENTION = "P1", "B4"
NAMES = tuple(sector.name for sector in FILLED)
PLACES = f"B7:B{6 + ROOM}"
ROOM_SAID = f"There is room for {ROOM} sectors of {SEATS} names."
Baskets = dict[str, tuple[str, ...]]
EXAMPLE: Baskets = {sector.name: sector.symbols for sector in FILLED}


def row_of(name: str, symbols: tuple[str, ...], index: int) -> dict[str, float | str]:
    """A sector's cells on Members, all weights 1."""
    row = FIRST_MEMBERS + index + 1
    weights = [chr(ord("S") + i) if i < 8 else f"A{chr(ord('A') + i - 8)}" for i in range(SEATS)]
    cells: dict[str, float | str] = {f"B{row}": name}
    for i, symbol in enumerate(symbols):
        cells |= {f"{chr(ord('C') + i)}{row}": symbol, f"{weights[i]}{row}": 1.0}
    return cells


def reply(opened: Opened, symbols: tuple[str, ...]) -> Reply:
    return opened.reply(symbols, (1.0,) * len(symbols))


def shown(opened: Opened) -> list[object]:
    """The sectors in the order shown, without the rows that are free."""
    names = opened.column(FRONT, PLACES)
    return [name for name in names if name]


def check(opened: Opened, wanted: Baskets) -> None:
    """The rows of these sectors, in this order, are what the client is answered; so are the charts."""
    assert shown(opened) == list(wanted)
    for place, (name, symbols) in enumerate(wanted.items()):
        found, row = reply(opened, symbols), opened.row(FRONT, f"B{7 + place}:P{7 + place}")
        assert [row[1], *row[8:11]] == close(measures(found)), name
        assert row[2:8] == [
            regime(found),
            close(found.net_to_gross),
            close(found.covered_weight),
            row[5],
            "",
            f"{found.negative_names} of {len(found.rows)}",
        ]
        if place < CHARTED:
            drawn = [
                opened.cell(DETAIL, line(what, 5 + place).partition("!")[2])
                for what in ("label", "one_sided", "other_sided", "in_negative", "in_positive")
            ]
            sides = (max(found.net_to_gross, 0), min(found.net_to_gross, 0))
            assert drawn[0] == name
            assert drawn[1:] == close([*sides, -found.negative_weight, 1 - found.negative_weight])


def ordered(opened: Opened, by: Callable[[Reply], float], baskets: Baskets = EXAMPLE) -> Baskets:
    ranked = sorted(baskets, key=lambda name: -by(reply(opened, baskets[name])))
    return {name: baskets[name] for name in ranked}


def test_the_orders(sample: Callable[[str], Opened]) -> None:
    opened = sample("sector_scanner")
    check(opened, EXAMPLE)
    for order, by in (
        (contents.ONE_SIDED, lambda r: abs(r.net_to_gross)),
        (contents.MOST_NEGATIVE, lambda r: -r.gex),
        (contents.MOST_POSITIVE, lambda r: r.gex),
    ):
        opened.put(FRONT, {ORDER: order})
        check(opened, ordered(opened, by))
    assert shown(opened)[0] == max(EXAMPLE, key=lambda name: reply(opened, EXAMPLE[name]).gex)
    for order in (contents.AS_TYPED, "", "by chance", 3.0):
        opened.put(FRONT, {ORDER: order})
        assert shown(opened) == list(NAMES)


def test_free_rows_join_in_up_to_the_last(sample: Callable[[str], Opened]) -> None:
    opened = sample("sector_scanner")
    assert opened.column(FRONT, f"B19:B{6 + ROOM}") == [""] * (ROOM - len(FILLED))
    more: Baskets = {
        "Thirteenth": ("NVDA", "SPX"),
        "As many as fit": ("SPY", "QQQ", "IWM", "DIA", "XLF", "XLE", "SMH", "TLT", "GLD", *EXAMPLE["Banks"]),
        "One": ("TSLA",),
    }
    assert len(more["As many as fit"]) == SEATS
    for index, (name, symbols) in zip((12, 13, ROOM - 1), more.items(), strict=True):
        opened.put(LISTED, row_of(name, symbols, index))
    check(opened, EXAMPLE | more)
    opened.put(FRONT, {ORDER: contents.ONE_SIDED})
    check(opened, ordered(opened, lambda r: abs(r.net_to_gross), EXAMPLE | more))
    assert opened.cell(FRONT, ATTENTION) == opened.cell(LISTED, "B3") == ""
    assert "69 of 69 names" in str(opened.cell(FRONT, "B2"))
    for cell in opened.errors():
        assert cell.ArrayFormula and cell.getError() == NOT_AVAILABLE.code, cell.AbsoluteName


def test_names_without_a_title_and_a_title_without_names(sample: Callable[[str], Opened]) -> None:
    opened = sample("sector_scanner")
    opened.put(LISTED, row_of("", ("AMD", "MU"), 12) | row_of("Nothing yet", (), 14))
    assert shown(opened)[12:] == ["Row 18 of Members", "Nothing yet"]
    found = reply(opened, ("AMD", "MU"))
    assert opened.cell(FRONT, "C19") == close(found.gex)
    blank = opened.row(FRONT, "C20:P20")
    assert blank == [""] * 10 + ["–", "–", "", "No names yet: type them on the sheet Members."]
    assert opened.cell(FRONT, ATTENTION) == ""


def test_what_fails_comes_last_and_is_told_whole(sample: Callable[[str], Opened]) -> None:
    opened = sample("sector_scanner")
    opened.put(LISTED, {"C11": "X?X", **row_of("Lost", ("ZZZZ", "YYYY"), 12)})
    opened.put(FRONT, {ORDER: contents.MOST_NEGATIVE})
    left = {name: symbols for name, symbols in EXAMPLE.items() if name != "Energy"}
    check_first = list(ordered(opened, lambda r: -r.gex, left))
    assert shown(opened) == [*check_first, "Energy", "Lost"]
    sentence = '"X?X" is not a ticker: correct or clear it.'
    assert opened.column(FRONT, "C18:C19") == [VALUE, NOT_AVAILABLE]
    assert opened.cell(FRONT, "P18") == sentence
    assert opened.cell(FRONT, ATTENTION) == f"Energy: {sentence} (1 more without a figure)"
    # The other sectors have figures of the same source, which are synthetic as ever.
    assert str(opened.cell(FRONT, "B2")).startswith("SYNTHETIC (synthetic sample); ")
    assert str(opened.cell(FRONT, "B3")).startswith("SYNTHETIC FIGURES")


def test_many_missing_names_are_counted_where_they_do_not_fit(sample: Callable[[str], Opened]) -> None:
    opened = sample("sector_scanner")
    lost = {f"{letter}6": f"ZZ{letter}" for letter in "CDEFGHI"}
    opened.put(LISTED, lost | {"C7": "ZZZZ"})
    assert opened.column(FRONT, "O7:O8") == ["7 names: see Detail", "ZZZZ"]
    missing = str(opened.cell(DETAIL, line("missing", 5).partition("!")[2]))
    assert missing == ", ".join(sorted(lost.values(), key=list(lost.values()).index))


@pytest.mark.parametrize(
    ("cells", "count"),
    [
        ({f"B{FIRST_MEMBERS + ROOM + 1}": "A 25th"}, "1 filled cell"),
        ({f"B{FIRST_MEMBERS + ROOM + 4}": "Far below", f"C{FIRST_MEMBERS + ROOM + 4}": "AMD"}, "2 filled cells"),
        ({"AH6": 1.0}, "1 filled cell"),
        ({"R8": "GOOG", "AJ9": "AMD", "AK9": "MU"}, "3 filled cells"),
    ],
)  # fmt: skip
def test_what_is_typed_outside_the_list_is_told(
    sample: Callable[[str], Opened], cells: dict[str, float | str], count: str
) -> None:
    assert LAST_MEMBERS == 32  # AG
    opened = sample("sector_scanner")
    opened.put(LISTED, cells)
    said = f"{count} outside the list on the sheet Members: not counted. {ROOM_SAID}"
    assert opened.cell(FRONT, ATTENTION) == opened.cell(LISTED, "B3") == said
    opened.put(LISTED, dict.fromkeys(cells, ""))
    assert opened.cell(FRONT, ATTENTION) == opened.cell(LISTED, "B3") == ""


def test_a_row_put_in_between_is_told_to_count_for_nothing(sample: Callable[[str], Opened]) -> None:
    opened = sample("sector_scanner")
    opened.document.Sheets.getByName(LISTED).Rows.insertByIndex(FIRST_MEMBERS + 2, 1)
    opened.put(LISTED, {"B8": "Put in between", "C8": "GOOG"})
    assert str(opened.cell(FRONT, ATTENTION)).startswith("2 filled cells outside the list")
    check(opened, EXAMPLE)
