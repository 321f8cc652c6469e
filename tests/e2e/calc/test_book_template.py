"""The book in a real Calc: rows of one name are netted, long minus short has its row, and the list grows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from basketgex_addin.cells import Ask, Reply
from basketgex_addin.cells.shape import Flow
from tests.e2e.calc.opened import Opened, close, measures, regime
from workbook_templates.book.contents import BOOK_VALUE, NET_SAID, POSITIONS
from workbook_templates.book.layout import FIRST_POSITION, SEATS

FRONT, LISTED = "Book", "Positions"
ATTENTION = "B4"
Position = tuple[str, float, str]


def typed(positions: tuple[Position, ...], first: int) -> dict[str, float | str]:
    """Cells of Positions from a row on."""
    found: dict[str, float | str] = {}
    for row, (symbol, size, unit) in enumerate(positions, first):
        found |= {f"B{row}": symbol, f"C{row}": size, f"D{row}": unit}
    return found


def netted(opened: Opened, positions: tuple[Position, ...], written: dict[str, str]) -> dict[str, float]:
    """Net money by name; ``written``: how names are spelled that are not spelled so."""
    found: dict[str, float] = {}
    for symbol, size, unit in positions:
        name = written.get(symbol, symbol)
        price = opened.reply((name,)).rows[0].underlying_price if unit == "shares" else 0.0
        money = {"$": size, "%": size / 100 * BOOK_VALUE, "shares": size * price}[unit]
        found[name] = found.get(name, 0.0) + money
    return found


def check(opened: Opened, net: dict[str, float]) -> None:
    """Legs, net and comparison are made of the net money of each name."""
    legs = (
        {name: held for name, held in net.items() if held > 0},
        {name: -held for name, held in net.items() if held < 0},
        {name: abs(held) for name, held in net.items() if held},
    )
    for row, leg in enumerate(legs, 7):
        reply = opened.reply(tuple(leg), tuple(leg.values()))
        shown = opened.row(FRONT, f"C{row}:K{row}")
        assert shown[:2] == [close(sum(leg.values())), len(leg)]
        assert shown[2:6] == close(measures(reply))
        assert shown[6:] == [regime(reply), close(reply.net_to_gross), close(reply.covered_weight)]
    check_net(opened, net)


def check_net(opened: Opened, net: dict[str, float]) -> None:
    """Long minus short, computed here from each name by itself."""
    own = {}
    for name in net:
        answer = opened.client.ask(Ask((name,)))
        if isinstance(answer, Reply):
            own[name] = answer
    gross = sum(abs(net[name]) for name in own)
    flows = [sum(net[n] * getattr(own[n], m) for n in own) / gross for m in ("dex", "vex", "chex")]
    shown = opened.row(FRONT, "B10:N10")
    assert shown[:4] == ["Net", close(sum(net.values())), sum(held != 0 for held in net.values()), "–"]
    assert shown[4:7] == close(flows)
    assert shown[7:] == ["–", "–", "", "", "", NET_SAID]


def test_the_net_row_of_the_example(sample: Callable[[str], Opened]) -> None:
    opened = sample("book")
    net = netted(opened, POSITIONS, {})
    check(opened, net)
    check_charm(opened, net)


def check_charm(opened: Opened, net: dict[str, float]) -> None:
    """The sentence says of charm what the server says of the book, and turns round with it."""
    flow = opened.client.flow(tuple(net), tuple(net.values()))
    assert isinstance(flow, Flow)
    does, side = ("hurts", "against") if flow.dealers[2] > 0 else ("helps", "for")
    millions = f"{abs(flow.dealers[2]) / 1e6:,.1f}"
    said = f"Charm {does} this book: as a day passes dealers trade ${millions} m {side} it, weighted by its money."
    assert opened.cell(FRONT, "B12") == said


def test_one_name_held_both_ways_is_netted_however_it_is_spelled(sample: Callable[[str], Opened]) -> None:
    opened = sample("book")
    more: tuple[Position, ...] = (
        ("nvda", -1_500.0, "shares"),
        ("$AAPL", -2_000_000.0, "$"),
        (" gld ", -600_000.0, "$"),
        ("brk/b", 100.0, "shares"),
        ("BRK.B", 50.0, "shares"),
    )
    opened.put(LISTED, typed(more, 23))
    written = {"nvda": "NVDA", "$AAPL": "AAPL", " gld ": "GLD", "brk/b": "BRK.B"}
    net = netted(opened, POSITIONS + more, written)
    assert net["AAPL"] == -800_000 and net["GLD"] == 0
    check(opened, net)
    assert opened.row(LISTED, "H8:H8") == [close(net["NVDA"])]
    assert opened.column(LISTED, "H23:I25") == [""] * 3
    assert opened.column(LISTED, "N23:N27") == [
        "In the net of NVDA above.",
        "In the net of AAPL above.",
        "In the net of GLD above.",
        "Netted with the other rows of this name.",
        "In the net of BRK.B above.",
    ]
    assert opened.column(LISTED, "F23:F26") == ["short", "short", "short", "long"]
    rows = opened.calc.cells(opened.document, FRONT, "B16:D30")
    sides = {str(name): (money, side) for name, money, side in rows}
    assert sides["AAPL"] == (close(-800_000), "short") and sides["NVDA"] == (close(net["NVDA"]), "long")
    assert len(sides) == 15
    gross = sum(abs(held) for held in net.values())
    for row in opened.calc.cells(opened.document, FRONT, "B16:G30"):
        assert row[3] == close(abs(net[str(row[0])]) / gross)
        assert row[5] == pytest.approx(100 * (float(row[4]) - float(row[3])), abs=1e-9)  # type: ignore[arg-type]
    opened.put(LISTED, {"B23": "", "C23": "", "D23": ""})
    assert opened.cell(LISTED, "H8") == close(858_400)


def test_a_name_without_data_counts_as_money_of_its_side(sample: Callable[[str], Opened]) -> None:
    opened = sample("book")
    more: tuple[Position, ...] = (("YYYY", 700_000.0, "$"), ("yyyy", -900_000.0, "$"))
    opened.put(LISTED, typed(more, 23))
    net = netted(opened, POSITIONS, {}) | {"YYYY": -200_000.0}
    check_net(opened, net)
    shorts = sum(-held for held in net.values() if held < 0)
    assert opened.row(FRONT, "C8:K8")[0::8] == [close(shorts), close(1 - 200_000 / shorts)]
    assert opened.cell(FRONT, "N8") == "YYYY"


def test_the_last_row_counts_and_the_one_below_is_told(sample: Callable[[str], Opened]) -> None:
    opened = sample("book")
    last = FIRST_POSITION + SEATS
    opened.put(LISTED, typed((("META", 1_000_000.0, "$"),), last))
    net = netted(opened, POSITIONS, {}) | {"META": 1_000_000.0}
    check(opened, net)
    assert opened.cell(FRONT, ATTENTION) == ""
    opened.put(LISTED, typed((("GOOG", 5.0, "shares"),), last + 1))
    told = "3 filled cells outside the list on the sheet Positions: not counted. There is room for 100 positions."
    assert opened.cell(FRONT, ATTENTION) == opened.cell(LISTED, "B3") == told
    opened.put(LISTED, {"C8": "many"})
    said = "1 of the positions not counted: see the notes on the sheet Positions."
    assert opened.cell(FRONT, ATTENTION) == f"{told}   {said}"
