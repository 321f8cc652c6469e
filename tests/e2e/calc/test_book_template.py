"""The book in a real Calc: rows of one name are netted, long minus short and its part of a day's volume have their rows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from basketgex_addin.cells import Ask, Reply
from basketgex_addin.cells.hedging import Hedge, Scenario
from basketgex_addin.cells.shape import Flow
from tests.e2e.calc.opened import Opened, close, measures, regime
from workbook_templates.book.contents import ADV, BOOK_VALUE, NET_SAID, NO_VOLUME, POSITIONS
from workbook_templates.book.layout import DETAIL, FIRST_POSITION, SEATS

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


def check_net(opened: Opened, net: dict[str, float], volumes: dict[str, float] | None = None) -> None:
    """Long minus short, and in parts of a day's volume, computed here from each name by itself."""
    own = {}
    for name in net:
        answer = opened.client.ask(Ask((name,)))
        if isinstance(answer, Reply):
            own[name] = answer
    gross = sum(abs(net[name]) for name in own)
    measured = ("dex", "vex", "chex")
    flows = [sum(net[n] * getattr(own[n], m) for n in own) / gross for m in measured]
    shown = opened.row(FRONT, "B10:N10")
    assert shown[:4] == ["Net", close(sum(net.values())), sum(held != 0 for held in net.values()), "–"]
    assert shown[4:7] == close(flows)
    assert shown[7:] == ["–", "–", "", "", "", NET_SAID]
    parts = [opened.column("Detail", DETAIL.column(f"part_{m}").partition("!")[2]) for m in measured]
    assert [sum(x for x in part if isinstance(x, float)) for part in parts] == close(flows)
    adv = {name: 1e6 * held for name, held in (ADV if volumes is None else volumes).items() if net.get(name)}
    known = sum(abs(net[n]) for n in own if n in adv)
    days = [sum(net[n] * getattr(own[n], m) / adv[n] for n in own if n in adv) / known for m in measured]
    share = f"{100 * known / gross:.0f} % of the money"
    assert opened.row(FRONT, "B11:E11") == ["Of ADV", close(known), len(adv), "–"]
    assert opened.row(FRONT, "F11:H11") == close(days)
    assert opened.cell(FRONT, "N11") == f"net in days of volume; known of {share}"


def test_the_net_row_of_the_example(sample: Callable[[str], Opened]) -> None:
    opened = sample("book")
    net = netted(opened, POSITIONS, {})
    check(opened, net)
    check_charm(opened, net)
    gex = opened.reply(("NVDA",)).gex
    assert opened.cell(LISTED, "L8") == close(gex / (ADV["NVDA"] * 1e6))
    opened.put(LISTED, {f"C{row}": -size for row, (_, size, _) in enumerate(POSITIONS, 8)})
    check_charm(opened, {name: -held for name, held in net.items()})


def check_charm(opened: Opened, net: dict[str, float]) -> None:
    """The sentence says of charm what the server says of both legs, and turns round with them."""
    gross, helped = sum(map(abs, net.values())), 0.0
    for side in (1, -1):
        leg = {name: side * held for name, held in net.items() if side * held > 0}
        hedge = opened.client.hedge(Ask(tuple(leg), tuple(leg.values())), [Scenario()], clock=True)
        assert isinstance(hedge, Hedge) and hedge.to_close
        helped += side * sum(leg.values()) * hedge.to_close / gross
    flow = opened.client.flow(tuple(net), tuple(net.values()))
    assert isinstance(flow, Flow)
    does, side_taken = ("helps", "for") if helped > 0 else ("hurts", "against")
    by_the_day = "against" if flow.dealers[2] > 0 else "for"
    assert opened.cell(FRONT, "B13") == (
        f"Charm until the close (2026-09-16 16:00) {does} this book: dealers trade ${tenths(helped)} m {side_taken} it, "
        f"weighted by its money. As a day passes they trade ${tenths(flow.dealers[2])} m {by_the_day} it."
    )


def tenths(dollars: float) -> str:
    return f"{abs(dollars) / 1e6:.1f}".removesuffix(".0")


def test_volumes_are_those_of_first_rows(sample: Callable[[str], Opened]) -> None:
    opened = sample("book")
    more: tuple[Position, ...] = (("nvda", -1_500.0, "shares"), ("META", 100_000.0, "$"), ("HD", 5e4, "$"))
    opened.put(LISTED, typed(more, 23) | {"E8": 64_000.0, "E9": "", "E23": 1.0, "E24": -5.0, "E25": "lots"})
    net = netted(opened, POSITIONS + more, {"nvda": "NVDA"})
    check_net(opened, net, {name: held for name, held in ADV.items() if name != "AAPL"} | {"NVDA": 64_000.0})
    assert opened.column(LISTED, "P23:P25") == [
        "In the net of NVDA above. ADV counts in its first row.",
        "ADV is no number above 0: not counted.",
        "ADV is no number above 0: not counted.",
    ]
    assert opened.column(LISTED, "L24:L25") == ["", ""]
    opened.put(LISTED, {f"E{row}": "" for row in range(8, 26)})
    assert opened.row(FRONT, "B11:H11") == ["Of ADV", "", 0.0, "–", "–", "–", "–"]
    assert opened.cell(FRONT, "N11") == NO_VOLUME


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
    assert opened.row(LISTED, "I8:I8") == [close(net["NVDA"])]
    assert opened.column(LISTED, "I23:J25") == [""] * 3
    assert opened.column(LISTED, "P23:P27") == [
        "In the net of NVDA above.",
        "In the net of AAPL above.",
        "In the net of GLD above.",
        "Netted with the other rows of this name.",
        "In the net of BRK.B above.",
    ]
    assert opened.column(LISTED, "G23:G26") == ["short", "short", "short", "long"]
    rows = opened.calc.cells(opened.document, FRONT, "B17:D31")
    sides = {str(name): (money, side) for name, money, side in rows}
    assert sides["AAPL"] == (close(-800_000), "short") and sides["NVDA"] == (close(net["NVDA"]), "long")
    assert len(sides) == 15
    gross = sum(abs(held) for held in net.values())
    for row in opened.calc.cells(opened.document, FRONT, "B17:G31"):
        assert row[3] == close(abs(net[str(row[0])]) / gross)
        assert row[5] == pytest.approx(100 * (float(row[4]) - float(row[3])), abs=1e-9)  # type: ignore[arg-type]
    opened.put(LISTED, {"B23": "", "C23": "", "D23": ""})
    assert opened.cell(LISTED, "I8") == close(858_400)


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
