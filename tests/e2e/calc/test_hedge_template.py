"""The template hedge in a real Calc: ladders, clock, roll-off and walls are the client's, and what is wrong shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from xlsxwriter.utility import xl_col_to_name

from basketgex.home import Home
from basketgex_addin.cells import BESIDE, LADDER, Ask, Betas, Hedge, Problem, Scenario
from basketgex_addin.cells.index_units import IndexUnits
from basketgex_addin.cells.shape import Expiries, Moves
from basketgex_addin.client import BasketClient
from basketgex_addin.functions import hedge, shape
from tests.contract.worlds import chain
from tests.e2e.calc.harness import NOT_AVAILABLE, Calc, settle
from tests.e2e.calc.opened import (
    Opened,
    Value,
    close,
    nothing_is_wrong,
    opened_template,
    percent,
    regime,
    usable,
)
from tests.e2e.clocked import Clock
from tests.e2e.serving import Server, until
from tests.standin.cboe import CboeStandIn
from tests.standin.upstream import Upstream
from workbook_templates.build import path
from workbook_templates.hedge import contents
from workbook_templates.hedge import words as said
from workbook_templates.hedge.layout import COLUMNS, FIRST, SEATS

FRONT, DETAIL = "Hedge", "Detail"
NAMES = tuple((name, float(weight), float(beta)) for name, weight, beta in contents.NAMES)
Names = tuple[tuple[str, float, float], ...]
ORDER = (10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 12, 11, 13, 14)
"""Rows of BASKETLADDER as the sheet has them: the largest move on top, volatility up before down."""
NONE = ["–"] * 15


@pytest.fixture
def opened(calc: Calc, source: str) -> Iterator[Opened]:
    with opened_template(calc, "hedge", source) as found:
        yield found


class Side(NamedTuple):
    """What the client is answered of one side of the sheet."""

    ladder: Hedge
    moved: Hedge
    expiries: Expiries
    strikes: Moves


def side(opened: Opened, whole: Ask, weighted: Ask, betas: Betas, size: float) -> Side:
    scenarios = [*map(Scenario, LADDER), *(Scenario(*beside) for beside in BESIDE)]
    found = (
        opened.client.hedge(whole, scenarios, betas, clock=True),
        opened.client.hedge(whole, [Scenario(-size), Scenario(size)], betas),
        opened.client.expiries(weighted, each_day=False),
        opened.client.moves(weighted, 0.01),
    )
    assert not any(isinstance(answer, Problem) for answer in found), found
    return Side(*found)  # type: ignore[arg-type]


def check(
    opened: Opened, names: Names = NAMES, index: str = contents.INDEX, size: float = contents.MOVE
) -> Side:
    """Everything that the sheet shows of a basket and, where there is one, of an index."""
    symbols, weights, betas = zip(*names, strict=True)
    ours = Ask(symbols, weights)
    basket = side(opened, Ask(symbols), ours, Betas(betas), size)
    other = side(opened, Ask((index,)), Ask((index,)), Betas(), size) if index else None
    for column, row, asked, found in (("H", 7, ours, basket), ("I", 8, Ask((index,)), other)):
        if found is None:
            assert opened.row(FRONT, f"C{row}:T{row}") == [""] * 18
            assert opened.column(FRONT, f"{column}17:{column}31") == NONE
        else:
            check_row(opened, row, asked, found)
            table = hedge.ladder(found.ladder, False)
            assert opened.column(FRONT, f"{column}17:{column}31") == [close(table[i][3]) for i in ORDER]
    assert opened.column(FRONT, "G17:G27") == [
        signed(up / 100) if up else "no move" for up in range(5, -6, -1)
    ]
    check_panel(opened, basket, other)
    check_charts(opened, basket, other)
    check_betas(opened, names, index)
    check_sentences(opened, basket, other, index, size)
    return basket


def check_row(opened: Opened, row: int, asked: Ask, found: Side) -> None:
    reply = opened.reply(asked.symbols, asked.weights)
    shown = opened.row(FRONT, f"C{row}:T{row}")
    weekend = next(tick.buy for tick in found.ladder.clock if tick.kind == "weekend")
    rolled = [bucket.rolled_off for bucket in found.expiries.buckets]
    assert shown[:3] == [close(reply.gex), regime(reply), close(reply.balance)]
    assert shown[4:7] == [*(close(buy) for _, buy in found.moved.rows), close(found.ladder.to_close)]
    assert shown[8:12] == close([weekend, *rolled[:3]])
    assert shown[15:] == [len(reply.rows), close(reply.covered_weight), usable(reply)]


def check_panel(opened: Opened, basket: Side, other: Side | None) -> None:
    """Roll-off, walls and the clock on the right."""
    for place, bucket in enumerate(basket.expiries.buckets):
        shown = opened.row(FRONT, f"P{17 + place}:T{17 + place}")
        beside = other.expiries.buckets[place] if other else None
        days = shape.days_in_words(bucket.first_day, bucket.last_day)
        assert shown[:3] == [days, *map(close, (bucket.gex, bucket.rolled_off))]
        assert shown[3:] == (close([beside.gex, beside.rolled_off]) if beside else ["–"] * 2)
    for row, wall, gex in ((25, "call_wall", "call_gex"), (26, "put_wall", "put_gex")):
        walls: list[Value] = []
        for found in (basket, other):
            at = getattr(found.strikes, wall) if found else None
            of = [getattr(b, gex) for b in found.strikes.buckets if b.move == at] if found else []
            walls += ["–"] * 2 if at is None else [close(at), close(of[0])]
        assert opened.row(FRONT, f"Q{row}:T{row}") == walls
    clock = hedge.clock(basket.ladder, False)
    beside_it = {row[0]: row[2] for row in hedge.clock(other.ladder, False)} if other else {}
    rows: list[list[Value]] = [
        [until, close(hours), close(buy), close(beside_it[until]) if until in beside_it else "–"]
        for until, hours, buy in clock
    ]
    assert opened.calc.cells(opened.document, FRONT, "P30:S37") == rows + [[""] * 4] * (8 - len(rows))


def drawn(opened: Opened, first: str, rows: int) -> list[list[Value]]:
    """Two columns side by side on Detail."""
    letters = [xl_col_to_name(COLUMNS.at(first) + i) for i in range(2)]
    return opened.calc.cells(opened.document, DETAIL, f"{letters[0]}6:{letters[1]}{5 + rows}")


def check_charts(opened: Opened, basket: Side, other: Side | None) -> None:
    for name, found in (("basket", basket), ("index", other)):
        buys = [buy for _, buy in reversed(found.ladder.rows[:11])] if found else [0.0] * 11
        wanted = [[close(max(buy, 0)), close(min(buy, 0))] for buy in buys]
        assert drawn(opened, f"{name}_plus", 11) == wanted
    by_step = {round(100 * b.move): [b.call_gex, b.put_gex] for b in basket.strikes.buckets}
    assert drawn(opened, "drawn_calls", 21) == [close(by_step.get(k, [0, 0])) for k in range(10, -11, -1)]


def check_betas(opened: Opened, names: Names, index: str) -> None:
    shown = opened.column(FRONT, f"E{FIRST + 1}:E{FIRST + SEATS}")
    if not index:
        assert shown == ["–"] * len(names) + [""] * (SEATS - len(names))
        return
    symbols, weights, _ = zip(*names, strict=True)
    found = opened.client.betas(Ask(symbols, weights), Betas(index=index))
    assert isinstance(found, IndexUnits), found
    wanted = ["–" if place is None else close(found.betas[place]) for place in found.place]
    assert shown == wanted + [""] * (SEATS - len(wanted))


def trade(buy: float) -> str:
    size = abs(buy)
    amount = f"${round(size / 1e9, 2):g} bn" if size >= 1e9 else f"${size / 1e6:.0f} m"
    return f"{'sell' if buy < 0 else 'buy'} {amount if size >= 1e6 else 'less than $1 m'}"


def signed(move: float) -> str:
    return "0 %" if move == 0 else f"{'−' if move < 0 else '+'}{percent(move)}"


def check_sentences(opened: Opened, basket: Side, other: Side | None, index: str, size: float) -> None:
    down, up = (trade(buy) for _, buy in basket.moved.rows)
    beside = [f" and {trade(buy)} of {index}" for _, buy in other.moved.rows] if other else ["", ""]
    count = int(float(opened.cell(FRONT, "R7")))  # type: ignore[arg-type]
    market = index or "the market"
    assert opened.cell(FRONT, "B10") == (
        f"{said.MADE_UP if opened.source == 'sample' else ''}If {market} falls {percent(size)}, dealers {down} of the {count} "
        f"names{beside[0]}; if it rises {percent(size)}, they {up} of {'them' if count > 1 else 'it'}{beside[1]}."
    )
    weekend = next(tick.buy for tick in basket.ladder.clock if tick.kind == "weekend")
    rolled = [bucket.rolled_off for bucket in basket.expiries.buckets]
    call, put = basket.strikes.call_wall, basket.strikes.put_wall
    assert call is not None and put is not None
    assert opened.cell(FRONT, "B11") == (
        f"As time alone passes they {trade(basket.ladder.to_close or 0)} of the names by the close and {trade(weekend)} over a "
        f"weekend. {percent(rolled[0])} of the gamma expires the same day, {percent(rolled[1])} within 7 days. Call "
        f"wall at {signed(call)}, put wall at {signed(put)}."
    )


def test_it_shows_what_the_client_is_answered(opened: Opened) -> None:
    check(opened)
    assert opened.cell(FRONT, "B13") == ""
    assert {cell.getError() for cell in opened.errors()} == {NOT_AVAILABLE.code}


def test_what_is_typed_changes_all_of_it(sample: Callable[[str], Opened]) -> None:
    """A name, a weight, a beta, one that is left out, a free row, the index and the size of the move."""
    opened = sample("hedge")
    names = (("AMD", 1.0, 2.5), ("MSFT", 8.0, 1.0), *NAMES[2:], ("XOM", 12.25, 0.5))
    end = FIRST + len(names)
    opened.put(FRONT, {f"B{FIRST + 1}": "AMD", f"C{FIRST + 1}": 1.0, f"D{FIRST + 1}": 2.5})
    opened.put(FRONT, {f"D{FIRST + 2}": "", f"B{end}": "XOM", f"C{end}": 12.25, f"D{end}": 0.5})
    opened.put(FRONT, {"B8": " spy ", "C15": 0.035})
    check(opened, names, "SPY", 0.035)
    opened.put(FRONT, {"B8": ""})
    check(opened, names, "", 0.035)
    nothing_is_wrong(opened)


def test_names_without_data_and_an_index_without_data_are_told(sample: Callable[[str], Opened]) -> None:
    opened = sample("hedge")
    opened.put(FRONT, {f"B{FIRST + 1}": "ZZZZ"})
    assert opened.cell(FRONT, "B13") == "No data: ZZZZ."
    check(opened, (("ZZZZ", *NAMES[0][1:]), *NAMES[1:]))
    opened.put(FRONT, {"B8": "YYYY"})
    assert opened.cell(FRONT, "B13") == (
        "No data: ZZZZ. YYYY: The source has no data for YYYY: check the spelling."
    )
    assert str(opened.cell(FRONT, "B10")).startswith(f"{said.MADE_UP}If the market falls 2 %, dealers ")
    assert opened.column(FRONT, "I17:I31") == NONE


def test_what_cannot_be_answered_says_why(sample: Callable[[str], Opened]) -> None:
    opened = sample("hedge")
    for typed in (0.0, -0.02, 0.6, "far", ""):  # a name with a beta of 1.8 would lose more than all at 60 %
        opened.put(FRONT, {"C15": typed})
        assert opened.cell(FRONT, "B10") == said.NO_MOVE
        assert opened.row(FRONT, "G7:H7") == ["–"] * 2
    assert isinstance(opened.cell(FRONT, "H17"), float)
    opened.put(FRONT, {"C15": contents.MOVE, f"D{FIRST + 1}": 21.0})
    assert opened.cell(FRONT, "B10") == "The beta of NVDA must be a number from -20 to 20."
    opened.put(FRONT, {f"D{FIRST + 1}": 20.0})  # too much for the ladder's ends
    assert "dealers " in str(opened.cell(FRONT, "B10")) and "would leave NVDA no price" in str(
        opened.cell(FRONT, "G32")
    )
    opened.put(FRONT, {f"D{FIRST + 1}": "high"})
    assert opened.cell(FRONT, "B10") == said.NO_BETA
    assert opened.column(FRONT, "H17:H31") == NONE
    opened.put(FRONT, {f"D{FIRST + 1}": NAMES[0][2], f"B{FIRST + 1}": "NV?DA"})
    assert opened.cell(FRONT, "B10") == '"NV?DA" is not a ticker: correct or clear it.'
    assert opened.column(FRONT, "H17:H31") == NONE
    opened.put(FRONT, {f"{c}{row}": "" for c in "BCD" for row in range(FIRST + 1, FIRST + len(NAMES) + 1)})
    nothing_is_wrong(opened)
    assert [opened.cell(FRONT, cell) for cell in ("B10", "B11", "B13")] == [said.NO_BASKET, "", ""]
    assert isinstance(opened.cell(FRONT, "I17"), float) and opened.cell(FRONT, "G17") == "+5 %"
    opened.put(FRONT, {f"C{FIRST + SEATS + 1}": 5.0})
    assert "outside the list on the sheet Hedge: not counted." in str(opened.cell(FRONT, "B4"))


def test_the_source_is_asked_once_for_each_name(calc: Calc, fresh_home: Home, tmp_path: Path) -> None:
    """Whatever is made of its chain: counted where the source is asked, over HTTP."""
    names = [contents.INDEX, *(name for name, *_ in NAMES)]
    clock = Clock(tmp_path, at=datetime(2026, 11, 20, 21, 16, tzinfo=UTC).timestamp())
    with CboeStandIn({name: chain(name, 100.0) for name in names}) as cboe:
        settings = {"source": "cboe", "cboe_base_url": cboe.url}
        with Server(fresh_home.path, command=clock.command, **settings):
            calc.awake()
            with calc.document(path("hedge")) as document:
                for cell in ("C7", "C8", "G7", "H17", "I17", "Q17", "S17", "Q25", "S25", "R30", "E21"):
                    assert isinstance(calc.cell(document, FRONT, cell), float), cell
                calc.recalculate(document)
        assert sorted(cboe.calls) == sorted(names)


def test_a_source_of_net_figures_says_why_there_is_no_ladder(
    calc: Calc, service: tuple[Upstream, Clock]
) -> None:
    client = BasketClient(Home(calc.home))
    with calc.document(path("hedge")) as document:
        opened = Opened("hedge", "flashalpha", calc, document, client)
        nothing_is_wrong(opened)
        refused = client.hedge(Ask(tuple(name for name, *_ in NAMES)), [Scenario(-0.01)])
        assert isinstance(refused, Problem)
        assert opened.cell(FRONT, "B10") == refused.sentence
        assert isinstance(opened.cell(FRONT, "C7"), float) and isinstance(opened.cell(FRONT, "C8"), float)
        assert opened.row(FRONT, "G7:I7") == ["–"] * 3
        assert opened.column(FRONT, "H17:H31") == opened.column(FRONT, "I17:I31") == NONE
        old = str(opened.cell(FRONT, "B13"))
        assert old.startswith("The basket's figures are ") and "The index's figures are " in old
    client.close()


def test_live_cells_wait_and_then_fill(live_calc: Calc, live_home: Home) -> None:
    client = BasketClient(live_home)
    with Server(live_home.path), live_calc.document(path("hedge")) as document:
        opened = Opened("hedge", "sample", live_calc, document, client)
        waiting = ("C7", "C8", "G7", "H8", "H17", "I17", "Q17", "S17", "Q25", "S25", "R30", "S30", "E21")
        until(lambda: all(isinstance(opened.cell(FRONT, cell), float) for cell in waiting))
        settle(document)
        check(opened)
    client.close()
