"""Each template in a real Calc, on the sample and on real chains: numbers where numbers belong, and the right ones."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from basketgex.home import Home
from basketgex_addin.cells import Ask, Reply, serial
from basketgex_addin.cells.shape import Past
from basketgex_addin.client import BasketClient
from tests.e2e.calc.harness import NOT_AVAILABLE, Calc, Error
from tests.e2e.calc.opened import Opened, close, measures, opened_template, regime, short, since_shown, usable
from tests.e2e.clocked import Clock, asked
from tests.e2e.serving import until
from tests.standin.upstream import Figures, Upstream
from workbook_templates.book.contents import BOOK_VALUE, POSITIONS
from workbook_templates.build import TEMPLATES, path
from workbook_templates.days import BARS
from workbook_templates.dispersion.contents import INDEX, MEMBERS
from workbook_templates.dispersion.layout import FIRST_MEMBER, FIRST_SHOWN
from workbook_templates.dispersion.layout import SEATS as MEMBER_SEATS
from workbook_templates.marks import OLD
from workbook_templates.scanner.layout import DAYS, DRAWN, line
from workbook_templates.scanner.layout import FILLED as ALL

pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")  # openpyxl's
QUIET = ("", "–")
CORRELATIONS = re.compile(r"−?\d\.\d\d to −?\d\.\d\d")
"""What stands for a number where the members are too little of the index for one."""
"""What may stand in place of a number that there is not."""


@pytest.fixture(scope="module", params=TEMPLATES)
def opened(request: pytest.FixtureRequest, calc: Calc, source: str) -> Iterator[Opened]:
    with opened_template(calc, request.param, source) as opened:
        yield opened


def test_no_error_but_below_a_table_and_beside_what_is_missing(opened: Opened) -> None:
    """Calc pads an array formula that is larger than its table with #N/A, and a basket none of whose names has data is one."""
    for cell in opened.errors():
        assert Error(cell.getError()) == NOT_AVAILABLE, cell.AbsoluteName
        none = opened.source == "chains" and ("BASKET" in cell.Formula or "INDEX(" in cell.Formula)
        assert cell.ArrayFormula or none, cell.AbsoluteName


def test_numbers_where_numbers_belong(opened: Opened) -> None:
    for sheet in openpyxl.load_workbook(path(opened.name)):
        values = opened.everything()[sheet.title]
        for row in sheet.iter_rows():
            for cell in row:
                numeric = cell.number_format not in ("General", "@")
                value = values[cell.row - 1][cell.column - 1] if cell.row <= len(values) else None
                if numeric and isinstance(value, str):
                    quiet = value in QUIET or CORRELATIONS.fullmatch(value)
                    assert quiet, f"{sheet.title}!{cell.coordinate}: {value}"


def test_where_the_figures_come_from_and_whether_they_are_made_up(opened: Opened) -> None:
    front, synthetic = opened.sheets[0], opened.source == "sample"
    status, warning = opened.column(front, "B2:B3")
    origin = "SYNTHETIC (synthetic sample); " if synthetic else "chains in basket_2026-07-10; historical; "
    assert str(status).startswith(origin)
    assert str(warning).startswith("SYNTHETIC FIGURES") == synthetic


def test_calculating_again_changes_nothing(opened: Opened) -> None:
    before = opened.everything()
    opened.calc.recalculate(opened.document)
    assert opened.everything() == before


def check_sector_scanner(opened: Opened) -> None:
    answered = 0
    for sector in ALL:
        shown = opened.row("Scanner", f"B{sector.scanner + 1}:P{sector.scanner + 1}")
        basket = Ask(sector.symbols, (1.0,) * len(sector.symbols))
        reply = opened.client.ask(basket)
        if not isinstance(reply, Reply):
            assert shown[1:3] == shown[8:11][:2] == [NOT_AVAILABLE] * 2 and shown[14] == reply.sentence
            continue
        answered += 1
        assert [shown[1], *shown[8:11]] == close(measures(reply)), sector.name
        assert shown[:1] + shown[2:3] == [sector.name, regime(reply)]
        assert shown[3:7] == [close(reply.net_to_gross), close(reply.covered_weight), usable(reply), ""]
        assert shown[7] == f"{reply.negative_names} of {len(reply.rows)}"
        assert opened.cell("Detail", line("weight", sector.line).partition("!")[2]) == close(
            reply.negative_weight
        )
        since, today = since_shown(opened.client, basket), today_shown(opened.client, basket)
        assert shown[11:14] == [since, today, ", ".join(reply.missing)]
    assert answered == len(ALL) if opened.source == "sample" else answered


def today_shown(client: BasketClient, basket: Ask) -> str:
    """A percentile, a dash without five days, and a bar for each of the last days where they differ."""
    whole, recent = client.history(basket, DAYS), client.history(basket, DRAWN)
    assert isinstance(whole, Past) and isinstance(recent, Past)
    figures = [row[1] or 0.0 for row in recent.rows]
    low, high = min(figures), max(figures)
    bars = [BARS[math.floor(7 * (x - low) / (high - low) + 0.5)] for x in figures] if high > low else []
    share = whole.gex.percentile
    return "–" if share is None else f"{math.floor(100 * share + 0.5)} %\n{''.join(bars)}"


def check_book(opened: Opened) -> None:
    money: dict[str, float] = {}
    for symbol, size, unit in POSITIONS:
        alone = opened.client.ask(Ask((symbol,)))
        if unit == "$":
            money[symbol] = size
        elif unit == "%":
            money[symbol] = size / 100 * BOOK_VALUE
        elif isinstance(alone, Reply):
            money[symbol] = size * alone.rows[0].underlying_price
    for row, side in ((7, 1), (8, -1), (9, 0)):
        leg = {symbol: abs(held) for symbol, held in money.items() if not side or held * side > 0}
        reply = opened.reply(tuple(leg), tuple(leg.values()))
        shown = opened.row("Book", f"C{row}:N{row}")
        assert shown[:2] == [close(sum(leg.values())), len(leg)]
        assert shown[2:6] == close(measures(reply))
        assert shown[6:9] == [regime(reply), close(reply.net_to_gross), close(reply.covered_weight)]
        assert shown[9:] == [usable(reply), "", ", ".join(reply.missing)]
    ranked = [r.symbol for r in sorted(reply.rows, key=lambda r: -r.contribution_pct)]
    assert [name for name in opened.column("Book", "B17:B31") if name] == ranked
    shares = [share for share in opened.column("Book", "F17:F31") if share != ""]
    assert shares == close(sorted((r.contribution_pct / 100 for r in reply.rows), reverse=True))
    out = len(POSITIONS) - len(money)
    said = f"{out} of the positions not counted: see the notes on the sheet Positions." if out else ""
    assert opened.cell("Book", "B4") == said


def check_dispersion(opened: Opened) -> None:
    index = opened.reply((INDEX,))
    members = opened.reply(tuple(name for name, _ in MEMBERS), tuple(weight for _, weight in MEMBERS))
    for row, reply in ((7, index), (8, members)):
        shown = opened.row("Dispersion", f"C{row}:O{row}")
        assert shown[:4] == close(measures(reply))
        assert shown[4] == regime(reply)
        assert shown[8:] == [
            len(reply.rows), close(reply.covered_weight), usable(reply), "", ", ".join(reply.missing),
        ]  # fmt: skip
    assert opened.cell("Dispersion", "I7") == ""
    positive = sum(r.gex >= 0 for r in members.rows) / len(members.rows)
    assert opened.row("Dispersion", "I8:J8") == close([members.net_to_gross, positive])
    sums = [sum(getattr(r, measure) for r in members.rows) for measure in ("gex", "dex", "vex", "chex")]
    assert opened.row("Dispersion", "C9:F9") == close(sums)
    against = [r for r in members.rows if (r.gex < 0) != (index.gex < 0)]
    verdict, listed = opened.column("Dispersion", "B11:B12")
    differ = "differ" if (index.gex < 0) != (members.gex < 0) else "agree"
    assert verdict == (f"The regimes {differ}: the index {regime(index)}, its members {regime(members)}.")
    weight, names = sum(r.weight for r in against), ", ".join(r.symbol for r in against)
    assert listed == (
        f"{len(against)} of {len(members.rows)} members, with {100 * weight:.0f} % of the weight, are against the index"
        + (f": {names}." if against else ".")
    )
    ranked = sorted(members.rows, key=lambda r: -r.contribution_pct)
    first = opened.calc.cells(
        opened.document, "Dispersion", f"B{FIRST_SHOWN + 1}:G{FIRST_SHOWN + len(ranked)}"
    )
    assert [row[0] for row in first] == [r.symbol for r in ranked]
    assert [row[5] for row in first] == [short(r) for r in ranked]


FIGURES: dict[str, Callable[[Opened], None]] = {
    "sector_scanner": check_sector_scanner,
    "book": check_book,
    "dispersion": check_dispersion,
}


@pytest.mark.parametrize("opened", FIGURES, indirect=True)
def test_the_figures_are_those_that_the_server_gives(opened: Opened) -> None:
    """Those of watchlist and status are looked at in test_watchlist_status.py, those of profile in test_profile_template.py,
    those of hedge in test_hedge_template.py,
    the implied correlation in test_dispersion_template.py."""
    FIGURES[opened.name](opened)


def test_positions_that_cannot_be_counted_say_why(sample: Callable[[str], Opened]) -> None:
    book = sample("book")
    for row, (symbol, size, unit) in enumerate(
        (
            ("zzzz", 10.0, "shares"),
            ("YYYY", 500_000.0, "$"),
            ("AMD", 1.0, ""),
            ("AMD", "many", "$"),
            ("", 5.0, "$"),
            ("", "", "shares"),
            ("brk/b", 100.0, "shares"),
        ),
        start=24,
    ):
        book.put("Positions", {f"B{row}": symbol, f"C{row}": size, f"D{row}": unit})
    assert book.column("Positions", "P24:P30") == [
        "Not counted: no price. The source has no data for ZZZZ: check the spelling.",
        "The source has no data for YYYY: check the spelling.",
        "Not counted: say $, % or shares.",
        "Not counted: the size is not a number.",
        "Not counted: no symbol.",
        "",
        "",
    ]
    assert book.row("Positions", "G30:H30") == ["long", 49_720.0]
    assert book.cell("Book", "B4") == "4 of the positions not counted: see the notes on the sheet Positions."
    missing = book.row("Book", "K7:N7")
    assert missing[0] == close(1 - 500_000 / (6_484_370 + 500_000 + 49_720)) and missing[3] == "YYYY"
    book.put("Positions", {"C4": ""})
    assert book.cell("Positions", "P10") == "Not counted: no book value."


def test_a_leg_without_a_position_is_blank(sample: Callable[[str], Opened]) -> None:
    book = sample("book")
    book.put("Positions", {f"C{row}": 100.0 for row in range(17, 23)})
    assert book.row("Book", "B8:N8") == ["Short", 0, 0, *[""] * 4, "–", *[""] * 4, "no position"]
    assert book.row("Book", "C7:G7") == [book.cell("Book", f"{c}9") for c in "CDEFG"]
    book.put("Positions", {f"B{row}": "" for row in range(8, 48)})
    assert book.column("Book", "N7:N9") == ["no position"] * 3
    assert str(book.cell("Book", "B2")).startswith("No figures")


def test_a_ticker_that_is_none_is_named_where_the_figures_would_be(sample: Callable[[str], Opened]) -> None:
    book = sample("book")
    book.put("Positions", {"B8": "NV?DA", "D8": "$"})
    sentence = '"NV?DA" is not a ticker: correct or clear it.'
    assert book.cell("Positions", "P8") == sentence
    assert [book.cell("Book", f"N{row}") for row in (7, 8, 9)] == [sentence, "", sentence]
    assert isinstance(book.cell("Book", "E7"), Error) and isinstance(book.cell("Book", "E8"), float)
    assert str(book.cell("Book", "B2")).startswith(
        "SYNTHETIC (synthetic sample); "
    )  # of the leg that has figures


@pytest.mark.parametrize(
    ("name", "ages", "debits"),
    [
        ("book", "M7:M9", 1),
        ("sector_scanner", "H7:H18", 2),
        ("dispersion", "N7:N8", 1),
        ("hedge", "Q7:Q8", 1),
        ("profile", "S7:S8", 2),  # the levels of one name take a call of their own
    ],
)
def test_figures_that_are_not_historical_have_an_age_and_cost_few_debits(
    calc: Calc, service: tuple[Upstream, Clock], name: str, ages: str, debits: int
) -> None:
    def shown() -> list[list[Any]]:
        return calc.cells(document, document.Sheets.ElementNames[0], ages)

    with calc.document(path(name)) as document:
        # An age that was calculated before its figures came is there at the next look.
        until(lambda: all(isinstance(age, float) for (age,) in shown()))
        assert all(age > OLD for (age,) in shown())
    assert service[0].debits == debits


def test_a_flip_is_seen(calc: Calc, service: tuple[Upstream, Clock]) -> None:
    upstream, clock = service
    energy = next(sector for sector in ALL if sector.name == "Energy")
    for gex in (2e9, -3e9):
        upstream.published = {symbol: Figures(100.0, gex, 0.0, 0.0, 0.0) for symbol in energy.symbols}
        clock.advance(3600)
        asked(Home(calc.home), energy.symbols)
    flipped = serial(clock(), ZoneInfo("America/New_York"))
    with calc.document(path("sector_scanner")) as document:
        shown = calc.cells(document, "Scanner", f"D{energy.scanner + 1}:M{energy.scanner + 1}")[0]
    assert shown[::9] == ["▼ negative", pytest.approx(flipped, abs=1e-3)]


def test_an_index_without_data_says_so_and_accuses_no_member(sample: Callable[[str], Opened]) -> None:
    dispersion = sample("dispersion")
    dispersion.put("Members", {"C4": "ZZZZ", "C9": 0.0, "B10": "YYYY"})
    assert dispersion.cell("Dispersion", "O7") == "The source has no data for ZZZZ: check the spelling."
    assert dispersion.column("Dispersion", "B11:B12") == ["", ""]
    assert dispersion.cell("Dispersion", "O8") == "YYYY"
    names = tuple("YYYY" if name == "AAPL" else name for name, _ in MEMBERS)
    weights = tuple(0.0 if name == "MSFT" else weight for name, weight in MEMBERS)
    assert dispersion.row("Dispersion", "C8:F8") == close(measures(dispersion.reply(names, weights)))


def test_members_grow_to_the_last_row_and_the_one_below_is_told(sample: Callable[[str], Opened]) -> None:
    dispersion = sample("dispersion")
    last = FIRST_MEMBER + MEMBER_SEATS
    dispersion.put("Members", {f"B{last}": "SPY", f"C{last}": 50.0})
    names = (*(name for name, _ in MEMBERS), "SPY")
    reply = dispersion.reply(names, (*(weight for _, weight in MEMBERS), 50.0))
    assert dispersion.row("Dispersion", "C8:F8") == close(measures(reply))
    assert dispersion.cell("Dispersion", "I8") == close(reply.net_to_gross)
    assert dispersion.cell("Dispersion", "B4") == ""
    dispersion.put("Members", {f"B{last + 1}": "IWM", f"C{last + 1}": 5.0})
    told = "2 filled cells outside the list on the sheet Members: not counted. There is room for 120 members."
    assert dispersion.cell("Dispersion", "B4") == dispersion.cell("Members", "B3") == told
    assert dispersion.row("Dispersion", "C8:F8") == close(measures(reply))


def test_a_member_that_is_no_ticker_leaves_the_status_of_the_index(sample: Callable[[str], Opened]) -> None:
    dispersion = sample("dispersion")
    dispersion.put("Members", {"B9": "NV?DA"})
    assert str(dispersion.cell("Dispersion", "B2")).startswith("SYNTHETIC (synthetic sample); ")
    assert str(dispersion.cell("Dispersion", "B3")).startswith("SYNTHETIC FIGURES")
    assert dispersion.cell("Dispersion", "O8") == '"NV?DA" is not a ticker: correct or clear it.'
    assert dispersion.column("Dispersion", "B11:B12") == ["", ""]
    first = dispersion.row("Dispersion", f"B{FIRST_SHOWN + 1}:L{FIRST_SHOWN + 1}")
    assert [value for value in first if value not in ("", "–")] == []


def test_one_member_is_one_row(sample: Callable[[str], Opened]) -> None:
    dispersion = sample("dispersion")
    dispersion.put("Members", {f"{c}{row}": "" for c in "BC" for row in range(9, 8 + MEMBER_SEATS)})
    reply = dispersion.reply((MEMBERS[0][0],))
    assert dispersion.cell("Dispersion", "I8") == close(reply.net_to_gross) and abs(reply.net_to_gross) == 1
    shown = dispersion.column("Dispersion", f"B{FIRST_SHOWN + 1}:B{FIRST_SHOWN + 3}")
    assert shown == [MEMBERS[0][0], "", ""]
