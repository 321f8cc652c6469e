"""The template profile in a real Calc: curves, flips, strikes and levels are the client's, and what is wrong shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from basketgex.home import Home
from basketgex_addin import cells
from basketgex_addin.cells import LevelFigures, Reply, Strikes
from basketgex_addin.client import BasketClient, ProfileFigures
from basketgex_addin.functions.levels import levels
from tests.addin.shown import render
from tests.e2e.calc.harness import NOT_AVAILABLE, Calc, settle
from tests.e2e.calc.opened import (
    Opened,
    Value,
    close,
    levels_shown,
    nothing_is_wrong,
    opened_template,
    percent,
    usable,
    words,
)
from tests.e2e.clocked import Clock
from tests.e2e.serving import Server, until
from tests.standin.upstream import Upstream
from workbook_templates.build import path
from workbook_templates.profile import contents
from workbook_templates.profile import words as said
from workbook_templates.profile.layout import DRAWN, FIRST, LARGEST, POINTS, SEATS, STRIKES

FRONT, DETAIL = "Profile", "Detail"
LAST = 5 + POINTS
NAMES = dict(contents.NAMES)
Names = dict[str, float]
Range = tuple[float, float]
EXAMPLE: Range = (contents.LOW, contents.HIGH)


@pytest.fixture
def profile(calc: Calc, source: str) -> Iterator[Opened]:
    with opened_template(calc, "profile", source) as opened:
        yield opened


def figures(opened: Opened, names: Names, between: Range, levels: int = POINTS) -> ProfileFigures:
    found = opened.client.profile(
        tuple(names),
        tuple(names.values()),
        between=(1 + between[0], 1 + between[1]),
        levels=levels,
        measures=("gex",),
    )
    assert isinstance(found, ProfileFigures), found
    return found


def flip_of(opened: Opened, names: Names) -> float | None:
    found = figures(opened, names, (-0.5, 0.5), 2).flip
    return None if found is None else found - 1


NEAR = ", near flip"


def check_line(
    opened: Opened, row: int, names: Names, between: Range, flip: float | None, *, near: bool
) -> Reply:
    """The figures of one row, and the columns that its chart draws."""
    reply = opened.reply(tuple(names), tuple(names.values()))
    found = figures(opened, names, between)
    curve = found.net["gex"]
    shown = opened.row(FRONT, f"C{row}:S{row}")
    lowest = min(curve)
    assert shown[0] == close(reply.gex)
    assert shown[2] == words(reply.gex) + NEAR * near
    assert shown[5] == ("–" if flip is None else close(flip))
    assert shown[6:8] == close([curve[0], curve[-1]])
    assert shown[8:10] == (
        [close(lowest), close(found.moves[curve.index(lowest)] - 1)] if lowest < 0 else ["–", "–"]
    )
    assert shown[10:13] == [len(reply.rows), close(reply.covered_weight), usable(reply)]
    assert shown[14:] == [", ".join(reply.missing), close(render("BASKETASOF", reply)), ""]

    first = {7: "C", 8: "H"}[row]
    across, net, above, below = (
        opened.column(DETAIL, f"{chr(ord(first) + i)}6:{chr(ord(first) + i)}{LAST}") for i in range(4)
    )
    assert across == close(list(found.spots or found.moves))
    assert net == close(list(curve))
    assert opened.column(DETAIL, f"B6:B{LAST}") == pytest.approx(
        [move - 1 for move in found.moves], abs=1e-12
    )
    for drawn, sign in ((above, 1), (below, -1)):
        for i, value in enumerate(drawn):
            near = curve[max(i - 1, 0) : i + 2]
            wanted = any((y >= 0) == (sign > 0) for y in near)
            assert value == (close(curve[i]) if wanted else NOT_AVAILABLE)
    mark = {7: 6, 8: 10}[row]
    in_range = flip is not None and between[0] <= flip <= between[1]
    heights = [close(max(*curve, 0)), close(min(*curve, 0)), 0] if in_range else [NOT_AVAILABLE] * 3
    assert opened.column(DETAIL, f"P{mark}:P{mark + 2}") == heights
    assert opened.column(DETAIL, f"N{mark}:N{mark + 2}") == [close(flip or 0)] * 3
    return reply


def check_basket(opened: Opened, names: Names, between: Range = EXAMPLE) -> None:
    flip = flip_of(opened, names)
    found = figures(opened, names, (-0.5, 0.5), 2)
    reply = check_line(opened, 7, names, between, flip, near=found.near_flip)
    doubts = cells.doubts_in_words(found.flip_status, found.flip_doubts)
    flips = cells.roots_in_words(found.roots, lambda root: f"{root - 1:+.2%}")
    assert opened.row(DETAIL, "AJ9:AK9") == [doubts, flips]
    now, then = words(reply.gex) + NEAR * found.near_flip, words(-reply.gex)
    if flip is None:
        expected = f"The basket is {now}, and stays so from −50 % to +50 %."
    elif doubts != "available":
        outside = "" if between[0] <= flip <= between[1] else ", which is outside the range shown"
        expected = doubted(f"The basket is {now}", f"{signed(flip)}{outside}", doubts, flips)
    else:
        way = "fall" if flip < 0 else "rise"
        outside = "" if between[0] <= flip <= between[1] else ", which is outside the range shown"
        expected = f"The basket is {now}. If all its names {way} by {percent(flip)} together{outside}, it turns {then}."
    assert opened.cell(FRONT, "B10") == expected
    assert opened.cell(FRONT, "E15") == said_unit()


def signed(move: float) -> str:
    return f"{'−' if move < 0 else '+'}{percent(move)}"


def doubted(now: str, at: str, doubts: str, flips: str) -> str:
    """The sentence on a flip that something is against."""
    listed = flips if len(flips) <= said.LISTED else f"{flips[: said.LISTED]} …"
    return f"{now}. Its flip at {at} is in doubt: {doubts}. All flips: {listed}."


def said_unit() -> str:
    return "$ m per 1 % move; 0 % is the present price"


def check_one(opened: Opened, symbol: str, between: Range = EXAMPLE) -> None:
    found = opened.client.levels(symbol)
    assert isinstance(found, LevelFigures), found
    price, flip = found.underlying_price, found.gamma_flip
    away = None if flip is None else flip / price - 1
    reply = check_line(opened, 8, {symbol: 1.0}, between, away, near=found.near_flip)
    assert opened.row(FRONT, "F8:G8") == [close(price), "–" if flip is None else close(flip)]
    now, then = words(reply.gex) + NEAR * found.near_flip, words(-reply.gex)
    stays = f"{symbol} is {now}, and stays so from −50 % to +50 %."
    at = f"{float(f'{flip or 0:.2f}'):g}, {signed(away or 0)} away"
    doubts, flips = levels(found)[1][3:5]
    if flip is None:
        expected = stays
    elif doubts != "available":
        expected = doubted(f"{symbol} is {now}", at, str(doubts), str(flips))
    else:
        expected = f"{symbol} is {now}. Beyond {at}, it turns {then}."
    assert opened.cell(FRONT, "B11") == expected
    rows, lines = levels_shown(found)
    assert opened.calc.cells(opened.document, FRONT, "Q17:S24") == rows
    assert opened.column(FRONT, "Q25:Q26") == lines
    check_strikes(opened, symbol, price, between)


def check_strikes(opened: Opened, symbol: str, price: float, between: Range) -> None:
    found = opened.client.strikes(symbol)
    assert isinstance(found, Strikes), found
    whole = opened.calc.cells(opened.document, DETAIL, f"S6:X{len(found.rows) + 6}")
    assert whole[:-1] == [close(list(row)) for row in found.rows]
    assert whole[-1] == [NOT_AVAILABLE] * 6 and len(found.rows) < STRIKES
    inside = [row for row in found.rows if price * (1 + between[0]) <= row[0] <= price * (1 + between[1])]
    largest = sorted(inside, key=lambda row: -abs(row[3]))[:DRAWN]
    drawn = sorted(largest, key=lambda row: -row[0])
    missing: list[Value] = ["", 0, 0, 0]
    assert opened.calc.cells(opened.document, DETAIL, f"AB6:AE{5 + DRAWN}") == [
        *(close(list(row[:4])) for row in drawn),
        *[missing] * (DRAWN - len(drawn)),
    ]
    table = [[row[0], close(row[3]), close(row[0] / price - 1)] for row in largest[:LARGEST]]
    shown = opened.calc.cells(opened.document, FRONT, f"Q30:S{29 + LARGEST}")
    assert shown == table + [[""] * 3] * (LARGEST - len(table))


def test_it_shows_what_the_client_is_answered(profile: Opened) -> None:
    check_basket(profile, NAMES)
    check_one(profile, contents.CHOSEN)
    assert {cell.getError() for cell in profile.errors()} == {NOT_AVAILABLE.code}


def test_a_changed_name_weight_and_range_change_the_curves(profile: Opened) -> None:
    before = profile.column(DETAIL, f"D6:D{LAST}")
    profile.put(FRONT, {f"C{FIRST + 1}": 1.0})
    heavier = profile.column(DETAIL, f"D6:D{LAST}")
    profile.put(FRONT, {f"B{FIRST + 2}": "SPY", "B8": " spy "})
    other = profile.column(DETAIL, f"D6:D{LAST}")
    profile.put(FRONT, {"C15": -0.1, "C16": 0.05})
    narrower = profile.column(DETAIL, f"D6:D{LAST}")
    assert len({tuple(curve) for curve in (before, heavier, other, narrower)}) == 4
    names = {"SPY" if name == "AVGO" else name: weight for name, weight in NAMES.items()} | {"NVDA": 1.0}
    check_basket(profile, names, (-0.1, 0.05))
    check_one(profile, "SPY", (-0.1, 0.05))


def test_an_index_has_room_for_all_its_strikes(profile: Opened) -> None:
    profile.put(FRONT, {"B8": "SPX"})
    check_one(profile, "SPX")


def test_a_name_without_data_is_listed_and_counts_for_nothing(profile: Opened) -> None:
    profile.put(FRONT, {f"B{FIRST + 1}": "ZZZZ"})
    check_basket(profile, {"ZZZZ": NAMES["NVDA"]} | {n: w for n, w in NAMES.items() if n != "NVDA"})
    assert str(profile.cell(FRONT, "Q7")).startswith("ZZZZ")
    assert float(profile.cell(FRONT, "N7")) < 0.9  # type: ignore[arg-type]


def test_a_flip_outside_the_range_is_told_and_not_drawn(sample: Callable[[str], Opened]) -> None:
    opened = sample("profile")
    flip = flip_of(opened, NAMES)
    assert flip is not None and flip > 0.005
    opened.put(FRONT, {"C15": -0.005, "C16": 0.005})
    check_basket(opened, NAMES, (-0.005, 0.005))
    assert "outside the range shown" in str(opened.cell(FRONT, "B10"))


def test_a_basket_that_keeps_its_sign_is_told(calc: Calc, fresh_home: Home, tmp_path: Path) -> None:
    calls = [
        f"XX260717C{strike:05}000,{100 * strike},0.3,100.0,2026-06-17T15:00" for strike in (90, 100, 110)
    ]
    (tmp_path / "XX.csv").write_text("\n".join(["option,open_interest,iv,underlying_price,as_of", *calls]))
    client = BasketClient(fresh_home)
    with (
        Server(calc.home, source="chain-files", chain_folder=tmp_path),
        calc.document(path("profile")) as document,
    ):
        opened = Opened("profile", "chains", calc, document, client)
        opened.put(FRONT, {f"B{FIRST + 1}": "XX", "B8": "XX"})
        names = {"XX": NAMES["NVDA"]} | {name: weight for name, weight in NAMES.items() if name != "NVDA"}
        check_basket(opened, names)
        check_one(opened, "XX")
        assert str(opened.cell(FRONT, "B10")) == "The basket is ▲ positive, and stays so from −50 % to +50 %."
    client.close()


def test_one_symbol_is_enough(sample: Callable[[str], Opened]) -> None:
    opened = sample("profile")
    opened.put(FRONT, {f"{c}{row}": "" for c in "BC" for row in range(FIRST + 1, FIRST + 1 + SEATS)})
    check_one(opened, contents.CHOSEN)
    nothing_is_wrong(opened)
    assert opened.row(FRONT, "C7:S7") == [""] * 17
    assert opened.cell(FRONT, "B10") == said.NO_BASKET and opened.cell(FRONT, "E15") == ""
    assert "1 of 1 names" in str(opened.cell(FRONT, "B2"))


def test_a_basket_is_enough(sample: Callable[[str], Opened]) -> None:
    opened = sample("profile")
    opened.put(FRONT, {"B8": ""})
    check_basket(opened, NAMES)
    nothing_is_wrong(opened)
    assert opened.row(FRONT, "C8:S8") == [""] * 17
    assert [opened.cell(FRONT, cell) for cell in ("B11", "Q25")] == [said.NO_NAME, "Choose a name."]
    assert opened.column(FRONT, f"Q30:Q{29 + LARGEST}") == [""] * LARGEST


@pytest.mark.parametrize(("low", "high"), [(0.1, -0.1), (-1.0, 0.2), ("", 0.2), (-0.2, "far")])
def test_a_range_that_is_none_is_told(
    sample: Callable[[str], Opened], low: float | str, high: float | str
) -> None:
    opened = sample("profile")
    opened.put(FRONT, {"C15": low, "C16": high})
    nothing_is_wrong(opened)
    assert [opened.cell(FRONT, cell) for cell in ("E15", "E31")] == [said.NO_RANGE] * 2
    assert opened.row(FRONT, "I7:L7") == ["–"] * 4
    assert opened.column(DETAIL, "C6:C7") == [NOT_AVAILABLE] * 2
    opened.put(FRONT, {"C15": -0.2, "C16": 0.2})
    check_basket(opened, NAMES)


def test_what_cannot_be_answered_says_why(sample: Callable[[str], Opened]) -> None:
    opened = sample("profile")
    opened.put(FRONT, {f"B{FIRST + 1}": "NV?DA", "B8": "ZZZZ"})
    ticker, data = (
        '"NV?DA" is not a ticker: correct or clear it.',
        "The source has no data for ZZZZ: check the spelling.",
    )
    assert [opened.cell(FRONT, cell) for cell in ("B10", "E15")] == [ticker] * 2
    assert [opened.cell(FRONT, cell) for cell in ("B11", "E31", "K15", "Q25")] == [data] * 4
    assert opened.row(FRONT, "H7:L7") == opened.row(FRONT, "H8:L8") == ["–"] * 5


def test_a_source_of_net_figures_says_why_there_is_no_curve(
    calc: Calc, service: tuple[Upstream, Clock]
) -> None:
    none = "This source has no option chains, so no profile over spot prices."
    client = BasketClient(Home(calc.home))
    with calc.document(path("profile")) as document:
        opened = Opened("profile", "flashalpha", calc, document, client)
        nothing_is_wrong(opened)
        assert [opened.cell(FRONT, cell) for cell in ("E15", "E31")] == [none] * 2
        assert opened.cell(FRONT, "K15") == "The source gives net figures only: there are none by strike."
        assert isinstance(opened.cell(FRONT, "C7"), float) and isinstance(opened.cell(FRONT, "F8"), float)
        assert opened.row(FRONT, "H7:L7") == ["–"] * 5 and opened.row(FRONT, "I8:L8") == ["–"] * 4
        assert opened.column(FRONT, f"R30:R{29 + LARGEST}") == [""] * LARGEST
        assert str(opened.cell(FRONT, "B10")).endswith("negative.") or str(
            opened.cell(FRONT, "B10")
        ).endswith("positive.")
    client.close()


def test_live_cells_wait_and_then_fill(live_calc: Calc, live_home: Home) -> None:
    client = BasketClient(live_home)
    with Server(live_home.path), live_calc.document(path("profile")) as document:
        opened = Opened("profile", "sample", live_calc, document, client)

        def filled() -> bool:
            waiting: list[Any] = [
                opened.cell(FRONT, cell) for cell in ("C7", "C8", "H7", "I7", "I8", "R17", "R30")
            ]
            return all(isinstance(value, float) for value in waiting)

        until(filled)
        settle(document)
        check_basket(opened, NAMES)
        check_one(opened, contents.CHOSEN)
    client.close()
