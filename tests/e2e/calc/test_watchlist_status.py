"""The templates watchlist and status in a real Calc: the figures are the client's, and what is wrong shows."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from basketgex.home import Home
from basketgex_addin import cells
from basketgex_addin.cells import Ask, LevelFigures, Reply
from basketgex_addin.cells.shape import Past
from basketgex_addin.client import BasketClient
from basketgex_server.sources.sample.past import SESSIONS
from tests.addin.shown import render
from tests.e2e.calc.harness import Calc, Error, settle
from tests.e2e.calc.opened import close, levels_shown, regime, short, since_shown, usable
from tests.e2e.clocked import MIDDAY, Clock, asked
from tests.e2e.serving import Server, fresh, until
from tests.standin.upstream import Figures, Upstream
from tests.standin.upstream import status as broken
from workbook_templates.build import path
from workbook_templates.status import contents as status
from workbook_templates.status.layout import FIRST as FIRST_BASKET
from workbook_templates.status.layout import SEATS as BASKET_SEATS
from workbook_templates.watchlist.contents import CHOSEN, NAMES
from workbook_templates.watchlist.layout import DAYS, DRIVERS, FIRST, SEATS

HEADLINE = "E7:T7"
TABLE = f"E{FIRST + 1}:M{FIRST + SEATS}"
STATES, FIGURES, AGES, WHYS = (
    f"{letter}{FIRST_BASKET + 1}:{letter}{FIRST_BASKET + len(status.BASKETS)}" for letter in "DEJK"
)
"""Columns of the sheet Status, as far as there are baskets."""
DAY = 86_400.0
CONVENTION = cells.convention_in_words("flashalpha")
Value = float | str | Error
Names = tuple[tuple[str, float], ...]


class Book:
    """A template in Calc, and a client of the server that answers it."""

    def __init__(self, calc: Calc, document: Any, client: BasketClient) -> None:
        self.calc, self.document, self.client = calc, document, client
        self.front = str(document.Sheets.ElementNames[0])

    def rows(self, area: str, sheet: str = "") -> list[list[Value]]:
        return self.calc.cells(self.document, sheet or self.front, area)

    def row(self, area: str, sheet: str = "") -> list[Value]:
        return self.rows(area, sheet)[0]

    def column(self, area: str, sheet: str = "") -> list[Value]:
        return [row[0] for row in self.rows(area, sheet)]

    def recalculated(self, area: str) -> list[Value]:
        """A column after a recalculation: ages that an earlier document showed are followed within seconds."""
        self.calc.recalculate(self.document)
        return self.column(area)

    def cell(self, address: str, sheet: str = "") -> Value:
        return self.calc.cell(self.document, sheet or self.front, address)

    def put(self, values: dict[str, float | str]) -> None:
        for address, value in values.items():
            self.calc.set(self.document, self.front, address, value)

    def reply(self, names: Names) -> Reply:
        found = self.client.ask(ask_of(names))
        assert isinstance(found, Reply), found
        return found


@contextmanager
def opened(calc: Calc, name: str) -> Iterator[Book]:
    client = BasketClient(Home(calc.home))
    try:
        with calc.document(path(name)) as document:
            yield Book(calc, document, client)
    finally:
        client.close()


@pytest.fixture
def watchlist(calc: Calc, source: str) -> Iterator[Book]:
    with opened(calc, "watchlist") as book:
        yield book


@pytest.fixture
def overview(calc: Calc, source: str) -> Iterator[Book]:
    with opened(calc, "status") as book:
        yield book


def ask_of(names: Names) -> Ask:
    return Ask(tuple(name for name, _ in names), tuple(weight for _, weight in names))


def check_watchlist(book: Book, names: Names) -> None:
    """Headline, table, chart and drivers are those of the client's reply."""
    reply = book.reply(names)
    shares = {row.symbol: row.contribution_pct / 100 * (-1 if row.gex < 0 else 1) for row in reply.rows}
    ranked = sorted(shares.items(), key=lambda item: -abs(item[1]))
    assert book.row(HEADLINE) == [
        close(reply.covered_weight),
        usable(reply),
        close(sum(row.gex >= 0 for row in reply.rows) / len(reply.rows)),
        *map(close, (reply.gex, reply.dex, reply.vex, reply.chex, reply.net_to_gross)),
        regime(reply),
        "",
        since_shown(book.client, ask_of(names)),
        close(render("BASKETASOF", reply)),
        "",
        "",
        len(reply.rows),
        close(abs(ranked[0][1])),
    ]
    numbers = ("weight", "underlying_price", "gex", "dex", "vex", "chex")
    expected: list[Any] = [
        [
            row.symbol,
            *(close(getattr(row, number)) for number in numbers),
            close(shares[row.symbol]),
            short(row),
        ]
        for row in reply.rows
    ]
    expected += [[symbol, *[""] * 7, "no data"] for symbol in reply.missing]
    assert book.rows(TABLE) == expected + [[""] * 9] * (SEATS - len(expected))
    missing = ", ".join(reply.missing)
    assert book.cell("B8") == (f"No data: {missing}" if missing else "")
    drivers = [[name, close(share)] for name, share in ranked[:DRIVERS]]
    assert book.rows(f"S30:T{29 + DRIVERS}") == drivers + [["", ""]] * (DRIVERS - len(drivers))
    chart = [[name, close(max(share, 0)), close(min(share, 0))] for name, share in ranked[:12]]
    assert book.rows("S6:U17", "Detail") == chart + [["", 0, 0]] * (12 - len(chart))


def check_levels(book: Book, symbol: str) -> None:
    found = book.client.levels(symbol)
    assert isinstance(found, LevelFigures), found
    rows, lines = levels_shown(found)
    assert book.rows("O30:Q37") == rows
    assert book.column("O38:O39") == lines


def test_the_watchlist_shows_what_the_client_is_answered(watchlist: Book) -> None:
    check_watchlist(watchlist, NAMES)
    check_levels(watchlist, CHOSEN)


def test_a_changed_name_and_weight_change_all_of_it(watchlist: Book) -> None:
    names = (("NVDA", 1.0), ("zzzz", 50.5), *NAMES[2:], ("SPY", 12.25))
    end = FIRST + len(NAMES) + 1
    watchlist.put({"C14": 1.0, "B15": "zzzz", "C15": 50.5, f"B{end}": "SPY", f"C{end}": 12.25, "P27": "SPY"})
    check_watchlist(watchlist, names)
    check_levels(watchlist, "SPY")
    assert "ZZZZ" in str(watchlist.cell("B8"))
    assert float(watchlist.cell("E7")) < 0.9  # type: ignore[arg-type]


def test_a_list_of_one_name_is_one_row(watchlist: Book) -> None:
    """Calc repeats a table of one row over the whole array."""
    watchlist.put({f"{column}{row}": "" for column in "BC" for row in range(FIRST + 2, FIRST + SEATS + 1)})
    check_watchlist(watchlist, NAMES[:1])
    watchlist.put({"B15": "ZZZZ", "C15": 2.0})
    check_watchlist(watchlist, (*NAMES[:1], ("ZZZZ", 2.0)))


def test_the_last_row_counts_and_the_one_below_is_told(watchlist: Book) -> None:
    end = FIRST + SEATS
    watchlist.put({f"B{end}": "SPY", f"C{end}": 3.0})
    check_watchlist(watchlist, (*NAMES, ("SPY", 3.0)))
    assert watchlist.cell("B4") == ""
    watchlist.put({f"B{end + 1}": "QQQ", f"C{end + 5}": 3.0})
    check_watchlist(watchlist, (*NAMES, ("SPY", 3.0)))
    assert watchlist.cell("B4") == (
        "2 filled cells outside the list on the sheet Watchlist: not counted. There is room for 50 names."
    )


def test_what_cannot_be_answered_says_why(watchlist: Book) -> None:
    watchlist.put({"B14": "NV?DA", "P27": "ZZZZ"})
    assert watchlist.cell("B8") == '"NV?DA" is not a ticker: correct or clear it.'
    assert isinstance(watchlist.cell("H7"), Error)
    assert watchlist.cell("P30") == "–"
    assert watchlist.cell("Q27") == "no data"
    assert watchlist.cell("O38") == "The source has no data for ZZZZ: check the spelling."
    watchlist.put({"P27": ""})
    assert [watchlist.cell(cell) for cell in ("Q27", "P30", "O38")] == ["", "", "Choose a name."]
    watchlist.put({"B14": "NVDA", "B15": "", "C15": 5.0})
    assert "has a weight but no symbol" in str(watchlist.cell("B8"))


def test_the_status_sheet_tells_each_basket_apart(overview: Book, source: str) -> None:
    answered = 0
    for seat, (name, symbols) in enumerate(status.BASKETS):
        shown = overview.row(f"B{FIRST_BASKET + seat + 1}:K{FIRST_BASKET + seat + 1}")
        reply = overview.client.ask(Ask(tuple(symbols.split(","))))
        assert shown[:2] == [name, symbols]
        if not isinstance(reply, Reply):
            assert shown[2:] == [status.FAILING, *["–"] * 3, "", "–", "", reply.sentence]
            continue
        answered += 1
        missing = ", ".join(reply.missing)
        assert shown[2:] == [
            status.MISSING if missing else status.HISTORICAL,
            close(reply.gex),
            len(reply.rows),
            close(reply.covered_weight),
            usable(reply),
            close(render("BASKETASOF", reply)),
            "",
            f"No data: {missing}." if missing else "",
        ]
    blank = overview.rows(f"B{FIRST_BASKET + len(status.BASKETS) + 1}:K{FIRST_BASKET + BASKET_SEATS}")
    assert blank == [[""] * 10] * (BASKET_SEATS - len(status.BASKETS))
    assert str(overview.cell("B2")).endswith(
        f"historical; {answered} of {len(status.BASKETS)} baskets have figures"
    )
    total = {"sample": "12 historical", "chains": "1 historical, 2 names missing, 9 failing"}
    assert overview.cell("K7") == total[source]


def test_a_source_without_a_quota_costs_no_debits(overview: Book, source: str) -> None:
    shown = overview.row("B7:J7")
    if source == "chains":
        assert shown == [
            "answers", "chains in basket_2026-07-10", CONVENTION, "costs no debits", *["–"] * 5,
        ]  # fmt: skip
    else:  # which plays a metered source of unknown plan
        used, saved = shown[5], shown[8]
        assert shown[:5] == ["answers", "SYNTHETIC (synthetic sample)", CONVENTION, "unknown", "–"]
        assert shown[6] == "–" and isinstance(used, float) and isinstance(saved, float)


def test_an_edited_basket_is_told_what_is_wrong_with_it(overview: Book, source: str) -> None:
    overview.put({"C11": "NVDA,ZZZZ", "C12": "NV?DA", "C13": " ", "B23": "mine", "C23": "nvda"})
    assert overview.row("D11:K11")[0::7] == [status.MISSING, "No data: ZZZZ."]
    sentence = '"NV?DA" is not a ticker: correct or clear it.'
    assert overview.row("D12:K12") == [status.FAILING, *["–"] * 3, "", "–", "", sentence]
    assert overview.row("D13:K13") == [""] * 8
    assert overview.cell("D23") == status.HISTORICAL
    overview.put({f"C{row}": "" for row in range(11, 11 + BASKET_SEATS)})
    server, plan = {"sample": ("answers", "unknown"), "chains": ("no figures", "–")}[source]
    shown = overview.row("B7:K7")
    assert shown[:4] == [server, "–", "–", plan] and shown[-1] == ""


def test_the_last_basket_counts_and_the_one_below_is_told(overview: Book, source: str) -> None:
    last = FIRST_BASKET + BASKET_SEATS
    overview.put({f"B{last}": "mine", f"C{last}": "nvda"})
    assert overview.row(f"D{last}:F{last}")[::2] == [status.HISTORICAL, 1]
    assert overview.cell("B4") == ""
    overview.put({f"B{last + 1}": "more", f"C{last + 1}": "amd", f"C{last + 9}": "spy"})
    assert overview.row(f"D{last + 1}:K{last + 1}") == [""] * 8
    assert overview.cell("B4") == (
        "3 filled cells outside the list on the sheet Status: not counted. There is room for 30 baskets."
    )


@pytest.fixture
def metered(calc: Calc, tmp_path: Path) -> Iterator[Callable[[float], tuple[Clock, Upstream]]]:
    """Starts a stand-in of the metered service, and our server, both at some time."""
    with ExitStack() as running:

        def start(at: float) -> tuple[Clock, Upstream]:
            clock = Clock(tmp_path, at)
            upstream = running.enter_context(Upstream(now=clock))
            settings = {"flashalpha_base_url": upstream.url, "flashalpha_api_key": upstream.key}
            running.enter_context(fresh(calc.home))
            running.enter_context(Server(calc.home, command=clock.command, source="flashalpha", **settings))
            calc.awake()
            return clock, upstream

        yield start


def test_fresh_and_stale_are_told_apart_and_the_quota_is_shown(
    calc: Calc, metered: Callable[[float], tuple[Clock, Upstream]]
) -> None:
    metered(time.time())
    with opened(calc, "status") as book:
        until(lambda: book.recalculated(STATES) == [status.FRESH] * len(status.BASKETS))
        shown = book.row("B7:K7")
        assert shown[-1] == f"{len(status.BASKETS)} fresh"
        assert shown[0] == "answers" and shown[3] not in ("–", "costs no debits")
        assert all(isinstance(number, float) for number in (shown[5], shown[8]))


def test_figures_that_have_grown_old_are_stale(
    calc: Calc, metered: Callable[[float], tuple[Clock, Upstream]]
) -> None:
    metered(MIDDAY)
    with opened(calc, "status") as book:
        until(lambda: book.recalculated(STATES) == [status.STALE] * len(status.BASKETS))
        assert book.column(WHYS) == ["Older than 15 minutes."] * len(status.BASKETS)
        assert all(isinstance(age, float) and age > 15 for age in book.column(AGES))


def test_last_good_figures_are_stale_and_say_why(
    calc: Calc, metered: Callable[[float], tuple[Clock, Upstream]]
) -> None:
    clock, upstream = metered(MIDDAY)  # in a session: at other times nothing grows old
    with opened(calc, "status") as book:
        assert all(isinstance(gex, float) for gex in book.column(FIGURES))
        upstream.script(*[broken(500)] * 100)
        clock.advance(3_600)
        book.put({"C11": "AMD,NVDA"})  # not asked for yet, of names that are known
        state, gex, *_, why = book.row("D11:K11")
        assert state == status.STALE and isinstance(gex, float)
        assert str(why).startswith("Last good value: ")


def test_live_cells_wait_and_then_fill(live_calc: Calc, live_home: Home) -> None:
    with Server(live_home.path):
        with opened(live_calc, "status") as book:
            assert set(book.column(STATES)) <= {status.WAITING, status.HISTORICAL}
            until(lambda: book.cell("K7") == f"{len(status.BASKETS)} historical")
        with opened(live_calc, "watchlist") as book:
            until(lambda: isinstance(book.cell("H7"), float) and isinstance(book.cell("P30"), float))
            until(lambda: book.cell("E14") == NAMES[0][0] and book.cell("S6", "Detail") != "")
            settle(book.document)
            check_watchlist(book, NAMES)
            check_levels(book, CHOSEN)


def test_a_changed_trigger_asks_the_source_again_and_opening_does_not(
    calc: Calc, metered: Callable[[float], tuple[Clock, Upstream]]
) -> None:
    clock, upstream = metered(time.time())
    with opened(calc, "watchlist") as book:
        before, as_of = upstream.debits, float(book.cell("P7"))  # type: ignore[arg-type]
        assert before <= 2  # the basket, and the levels of one name
        calc.recalculate(book.document)
        assert upstream.debits == before
        clock.advance(60)  # the server's and the source's: nothing is too old, so only a trigger asks
        trigger = count(2)

        def triggered() -> bool:
            book.put({"C9": float(next(trigger))})
            return float(book.cell("P7")) > as_of  # type: ignore[arg-type]

        until(triggered)
        assert upstream.debits == before + 1
        assert book.column("K6:K17", "Detail") == [book.cell("K6", "Detail")] * len(NAMES)


def test_today_stands_among_the_days_before(
    calc: Calc, metered: Callable[[float], tuple[Clock, Upstream]]
) -> None:
    clock, upstream = metered(MIDDAY - 7 * DAY)
    names = ask_of(NAMES)
    for gex in (4e8, 1e8, 3e8, -2e8, 6e8, 5e8, 1.9e8, 3.5e8):
        upstream.published["NVDA"] = Figures(214.6, gex, 1.0, 1.0, 1.0)
        (found,) = asked(Home(calc.home), names, refresh="FORCE")
        assert isinstance(found, Reply)
        clock.advance(DAY)
    with opened(calc, "watchlist") as book:
        past = book.client.history(names, DAYS)
        assert isinstance(past, Past) and past.gex.days == 8 and past.gex.percentile and past.gex.z_score
        sign = "−" if past.gex.z_score < 0 else "+"
        score = f"{abs(past.gex.z_score):.1f}".removesuffix(".0")
        share = math.floor(100 * past.gex.percentile + 0.5)
        assert book.cell("E10") == f"Net GEX is above {share} % of the 8 days before (z {sign}{score})."
        line = book.column("AX7:AX16", "Detail")
        assert line == [*(close(row[1]) for row in past.rows), ""]
        assert book.cell("O10") == "▆▄▅▁█▇▄▆▆"


def test_the_sample_has_days_before_and_a_folder_of_one_day_has_none(watchlist: Book, source: str) -> None:
    past = watchlist.client.history(ask_of(NAMES), DAYS)
    days = SESSIONS if source == "sample" else 0
    assert isinstance(past, Past) and past.gex.days == days
    assert watchlist.row("AK6:AO6", "Detail")[4] == days
    today, bars = str(watchlist.cell("E10")), str(watchlist.cell("O10"))
    if past.gex.percentile is None:
        assert (today, bars) == ("0 days of history: five say whether today is unusual.", "")
        assert watchlist.cell("AX8", "Detail") == ""
    else:
        assert today.startswith(
            f"Net GEX is above {math.floor(100 * past.gex.percentile + 0.5)} % of the {days} days before (z "
        )
        assert len(bars) == days + 1 and {"▁", "█"} <= set(bars)
