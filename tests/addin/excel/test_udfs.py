"""The worksheet functions through xlwings' own COM server: its argument conversion, its call, its results."""

from __future__ import annotations

import datetime as dt
import io
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from basketgex_addin.cells import (
    BESIDE,
    HEADINGS,
    Ask,
    Betas,
    CellError,
    Dispersion,
    Hedge,
    LevelFigures,
    Problem,
    Profile,
    Question,
    Quota,
    RegimesOf,
    Reply,
    Row,
    Scenario,
    Since,
    Strikes,
    Tick,
)
from basketgex_addin.cells.index_units import IndexUnits
from basketgex_addin.cells.shape import (
    Change,
    ExpectedMove,
    Expiries,
    ExpiryBucket,
    MaxPain,
    MoveBucket,
    Moves,
    Past,
    Rank,
    Standing,
    VolumeGex,
)
from basketgex_addin.client import problems
from basketgex_addin.client.problems import LAUNCH_NOT_RECORDED
from basketgex_addin.excel import component, values
from basketgex_addin.excel.book import MAX_CELLS, Scanner
from basketgex_addin.functions import CATEGORY, FUNCTIONS, SYMBOL, Way
from basketgex_addin.functions.betas import BetasAsked
from basketgex_addin.functions.change import ChangeOf
from basketgex_addin.functions.dispersion import DispersionOf
from basketgex_addin.functions.hedge import HedgeOf
from basketgex_addin.functions.history import PastOf
from basketgex_addin.functions.levels import LevelsOf
from basketgex_addin.functions.profile import FLIP_REACH, ProfileOf
from basketgex_addin.functions.quota import QuotaOf
from basketgex_addin.functions.shape import ExpectedMoveOf, ExpiriesOf, MaxPainOf, MovesOf
from basketgex_addin.functions.strikes import StrikesOf
from basketgex_addin.functions.volume import VolumeGexOf
from basketgex_addin.throttle import MIN_PAUSE, PAUSE_FACTOR, SWITCH, Throttle
from basketgex_addin.triggers import CALCULATION, Triggers
from basketgex_addin.worksheet import COMPUTED, NO_FORMULA, Worksheet
from tests.addin.excel.com_stub import (
    ERRORS,
    Application,
    Area,
    ComDate,
    Formula,
    Sheet,
    Spilled,
    Workbook,
    excel,
)

NAMES = [function.name for function in FUNCTIONS if function.arguments]
WEIGHING = [function.name for function in FUNCTIONS if function.weighs]
ASKING = [function.name for function in FUNCTIONS if function.weighs and function.kind.foreseeable]
OF_ONE = [function.name for function in FUNCTIONS if function.arguments == (SYMBOL,)]
NA, VALUE = CellError.NOT_AVAILABLE, CellError.VALUE
NVDA = Ask(("NVDA",))
BASKET = Ask(("NVDA", "AMD"), (0.6, 0.4))
ROWS = (
    Row("NVDA", 0.6, 214.6, 1e9, 2e8, 3e7, 4e6, 75.0, 1_790_000_000.0, "FRESH", gross_gex=4e9),
    Row("AMD", 0.4, 541.3, -1e9, 2e8, float("nan"), 4e6, 25.0, 1_790_000_000.0, "FRESH", gross_gex=4e9),
)
REPLY = Reply(
    *(1.25, -2.5, 3.0, 4.0, 0.5, 0.75, 0, 0.0, 1.0, 1000.0, 1000.0, 1000.0),
    freshness="FRESH",
    client_ttl=60.0,
    notice="",
    source="sample",
    synthetic=True,
    convention="flashalpha",
    missing=("ZZZZ", "YYYY"),
    rows=ROWS,
)


QUOTA = Quota("Growth", 2_500, 12, 2_488, False, 1_795_046_400.0, 488)
LEVELS = LevelFigures(100.0, 95.0, "ok", 110.0, None, 110.0, 90.0, 100.0, None, 1000.0, 60.0)
STRIKES = Strikes(((95.0, 1.0, -3.0, -2.0, 10.0, 20.0), (100.0, 4.0, -1.0, 3.0, 30.0, 5.0)), 60.0)
PROFILE = Profile(
    (0.9, 1.1), (90.0, 110.0), (-5.0, 5.0), 0.97, 60.0, (0.97, 1.04), "several_roots", ("several_roots",)
)
SINCE = Since("positive_gamma", 1_790_000_000.0, "negative_gamma")
DISPERSION = Dispersion(
    *(0.19, 0.24, 0.3, 0.22, (("N1", 0.3),), (), 1.0, "positive_gamma", "negative_gamma", -0.4, (), 0.0, 60.0)
)
STANDING = Standing((), (), (), 1.0, 0.0, 0.0, "", "sample", True, "flashalpha")
EXPIRIES = Expiries((ExpiryBucket(0, 0, 1.0, 2.0, 3.0, 4.0, 1.0, 1.0),), STANDING, 60.0)
MOVES = Moves((MoveBucket(0.05, 3.0, -1.0, 2.0, 5.0, 6.0, 7.0),), 0.05, None, STANDING, 60.0)
MOVE = ExpectedMove(0.05, 0.05, 0.05, 0.04, 0.07, 0.4, 0.4, 0.4, "given", (), STANDING, 60.0)
HEDGE = Hedge(
    rows=((Scenario(-0.01), 5e9),),
    clock=(Tick("close", 4_600.0, 2e6),),
    per="market",
    symbols=("NVDA",),
    counts=(1.0,),
    betas=(1.0,),
    correlation=None,
    missing=(),
    covered_weight=1.0,
    as_of=1_000.0,
    client_ttl=60.0,
)
CHANGE = Change(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 28.0, 1_790_000_000.0, 1_790_000_000.0, STANDING, 60.0)
UNITS = IndexUnits(
    *(("NVDA",), (1.0,), (1.5,), (0.4,), (2e9,), (5e9,), (0,), 2e9, 3e9, 4.5e9, 5e9, None, "", "market", ()),
    covered_weight=1.0,
    as_of=1_000.0,
    client_ttl=60.0,
)
PAST = Past(((1000.0, 1.0, 2.0, 3.0, 4.0, None),), Rank(0.9, 1.5, 12), Rank(None, None, 3), STANDING, 60.0)
OTHERS = {
    BetasAsked: UNITS,
    HedgeOf: HEDGE,
    RegimesOf: SINCE,
    LevelsOf: LEVELS,
    QuotaOf: QUOTA,
    StrikesOf: STRIKES,
    ProfileOf: PROFILE,
    DispersionOf: DISPERSION,
    ExpiriesOf: EXPIRIES,
    MovesOf: MOVES,
    ExpectedMoveOf: MOVE,
    MaxPainOf: MaxPain(200.0, 210.0, (), STANDING, 60.0),
    ChangeOf: CHANGE,
    PastOf: PAST,
    VolumeGexOf: VolumeGex(3e9, -1e9, 10e9, ((5.0, 7.0),), STANDING, 60.0),
}


@dataclass
class FakeClient:
    """Remembers what it was asked; answers every basket with one answer, everything with a problem, or fails."""

    answer: Reply | Problem | Exception = REPLY
    memory: dict[Question, Any] = field(default_factory=dict)
    calls: list[tuple[Question, ...]] = field(default_factory=list)
    refreshes: list[str] = field(default_factory=list)

    def known(self, question: Question) -> Any:
        return self.memory.get(question)

    def ask(self, question: Question) -> Any:
        return self.memory.get(question) or self.ask_many([question])[0]

    def ask_many(self, questions: Sequence[Any], refresh: str = "NORMAL") -> list[Any]:
        self.calls.append(tuple(questions))
        self.refreshes.append(refresh)
        if isinstance(self.answer, Exception):
            raise self.answer
        answers = [self._answer(question) for question in questions]
        self.memory.update(zip(questions, answers, strict=True))
        return answers

    def _answer(self, question: Question) -> Any:
        return self.answer if isinstance(self.answer, Problem) else OTHERS.get(type(question), self.answer)

    def ask_with(self, question: Any, others: Sequence[Any]) -> Any:
        return self.ask_many([question, *others])[0]

    def remembered(self, ask: Ask) -> Reply | None:
        found = self.memory.get(ask)
        return found if isinstance(found, Reply) else None


@pytest.fixture(scope="module")
def app() -> Iterator[Application]:
    with excel() as application:
        yield application


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    """Behind the functions stands this one; no workbook has been read yet."""
    fake = FakeClient()
    sheet = Worksheet(fake, now=lambda: 1120.0)
    monkeypatch.setattr(component, "worksheet", lambda home: sheet)
    own = Scanner(Throttle(lambda: 0.0))
    monkeypatch.setattr(component, "scanner", lambda: own)
    monkeypatch.setattr(component, "triggers", Triggers())
    return fake


def only(client: FakeClient) -> Ask:
    """The one basket that was asked for, for its figures or for its regimes."""
    ((question,),) = client.calls
    return question.ask if isinstance(question, RegimesOf) else question  # type: ignore[return-value]


SHAPES: dict[str, tuple[Callable[[Application], tuple[Any, ...]], Ask]] = {
    "one text": (lambda x: ("NVDA, AMD", "0.6, 0.4"), BASKET),
    "one cell": (lambda x: (x.area(["nvda "]),), Ask(("nvda",))),
    "columns": (lambda x: (x.area(["NVDA"], ["AMD"]), x.area([0.6], [0.4])), BASKET),
    "rows": (lambda x: (x.area(["NVDA", "AMD"]), x.area([0.6, 0.4])), BASKET),
    "a row and a column": (lambda x: (x.area(["NVDA", "AMD"]), x.area([0.6], [0.4])), BASKET),
    "a block": (lambda x: (x.area(["A", "B"], ["C", "D"]),), Ask(("A", "B", "C", "D"))),
    "array constants": (lambda x: (("NVDA", "AMD"), ((0.6,), (0.4,))), BASKET),
    "blanks": (lambda x: (x.area(["NVDA"], [None], [""], ["AMD"], [None]),), Ask(("NVDA", "AMD"))),
    "text numbers": (lambda x: (x.area(["NVDA"], ["AMD"]), x.area(["60 %"], [" 0.4"])), BASKET),
    "a blank weight": (lambda x: (x.area(["A"], ["B"]), x.area([1], [None])), Ask(("A", "B"), (1.0, 0.0))),
    "currency": (lambda x: (x.area(["NVDA"], ["AMD"]), x.area([Decimal("0.6")], [Decimal("0.4")])), BASKET),
    "dates": (
        lambda x: (x.area(["A"], ["B"]), x.area([ComDate(2026, 1, 2, 12)], [1.0])),
        Ask(("A", "B"), (46024.5, 1.0)),
    ),
    "a Boolean": (lambda x: (x.area([True], ["AMD"]),), Ask(("TRUE", "AMD"))),
    "one weight": (lambda x: ("NVDA", 1), Ask(("NVDA",), (1.0,))),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ASKING)
def test_every_function_reads_every_shape(
    app: Application, client: FakeClient, name: str, shape: str
) -> None:
    make, ask = SHAPES[shape]
    found = app.call(name, *make(app))
    assert only(client) == ask
    assert not isinstance(found, CellError)


def test_what_the_cells_show(app: Application, client: FakeClient) -> None:
    shown = {name: app.call(name, "NVDA") for name in WEIGHING if name not in ("BASKET", "BASKETASOF")}
    assert shown == {
        "BASKETGEX": 1.25,
        "BASKETDEX": -2.5,
        "BASKETVEX": 3.0,
        "BASKETCHEX": 4.0,
        "BASKETTOTAL": (0.0, 4e8, NA, 8e6),
        "BASKETTOP": (("NVDA", 0.75), ("AMD", -0.25)),
        "BASKETREGIME": "positive_gamma",
        "BASKETBALANCE": pytest.approx(1.25 / 4e9),
        "BASKETSINCE": ("positive gamma", pytest.approx(46286.425926), "negative gamma"),
        "BASKETBREADTH": 0.5,
        "BASKETCOUNT": 2.0,
        "BASKETMISSING": "ZZZZ, YYYY",
        "BASKETCOVERAGE": 0.75,
        "BASKETSTATUS": (
            "SYNTHETIC (sample); as of 1969-12-31 19:16 New York; convention flashalpha (DEX, VEX, CHEX: "
            "open interest, plain sum); 2 of 4 names; "
            "coverage 75 %; no data: ZZZZ, YYYY"
        ),
        "BASKETWHY": "OK",
        "BASKETAGE": 2.0,
        "BASKETPROFILE": ((0.9, -5.0), (1.1, 5.0)),
        "BASKETFLIP": (pytest.approx(-0.03), "several roots", "-3.00%, +4.00%", ""),
        "BASKETEXPIRIES": ("0DTE", 1.0, 2.0, 3.0, 4.0, 1.0, 1.0),
        "BASKETSTRIKES": (0.05, 3.0, -1.0, 2.0, 5.0, 6.0, 7.0, "call wall"),
        "BASKETMOVE": (0.05, 0.04, 0.07, 0.4, 1.0),
        "BASKETCHANGE": (
            ("before", 1.0),
            ("spot", 2.0),
            ("volatility", 3.0),
            ("time", 4.0),
            ("open interest", 5.0),
            ("weights", 6.0),
            ("residual", 7.0),
            ("after", 28.0),
            ("since", pytest.approx(46286.425926)),
        ),
        "BASKETHISTORY": (pytest.approx(25568.80324), 1.0, 2.0, 3.0, 4.0, NA),
        "BASKETPERCENTILE": (0.9, 1.5, NA, NA, 12.0),
        "BASKETVOLUMEGEX": 2e9,
        "BASKETHEDGE": 5e9,
        "BASKETLADDER": ((-0.01, 0.0, 0.0, 5e9), (0.0, 0.0, pytest.approx(1 / 24), 2e6)),
        "CHARMCLOCK": ("1969-12-31 20:16", 1.0, 2e6),
        "BASKETINDEXGEX": 4.5e9,
        "BASKETCOMPARE": (("NVDA", 2e9, 0.4, 5e9, NA), ("basket", 2e9, "", 5e9, NA)),
    }
    curve, flip = ProfileOf(NVDA, "gex", (0.8, 1.2), 60), ProfileOf(NVDA, "gex", FLIP_REACH, 2)
    shape = (ExpiriesOf(NVDA, False),), (MovesOf(NVDA, 0.01),), (ExpectedMoveOf(NVDA, 30.0, None, ""),)
    one = (Scenario(-0.01),)
    ladder = (
        *(Scenario(percent / 100) for percent in range(-5, 6)),
        *(Scenario(*beside) for beside in BESIDE),
    )
    hedges = [
        HedgeOf(NVDA, one, Betas()),
        HedgeOf(NVDA, ladder, Betas(), clock=True),
        HedgeOf(NVDA, (Scenario(),), Betas(), clock=True),
    ]
    assert client.calls == [
        (NVDA,),
        (RegimesOf(NVDA),),
        (curve,),
        (flip,),
        *shape,
        *((hedge,) for hedge in hedges),
        (ChangeOf(NVDA, None, ()),),
        (BetasAsked(NVDA, Betas()),),
        (PastOf(NVDA, 400.0),),  # of both functions: the second is answered from memory
        (VolumeGexOf(NVDA),),
    ]


def test_one_underlying(app: Application, client: FakeClient) -> None:
    for name, value in zip(OF_ONE[:4], (1.25, -2.5, 3.0, 4.0), strict=True):
        assert app.call(name, app.area(["NVDA"])) == value
    assert only(client) == NVDA
    levels = app.call("GEXLEVELS", "NVDA")
    assert len(levels) == 8
    assert {len(row) for row in levels} == {6}
    assert client.calls[1:] == [(LevelsOf("NVDA"),)]


def test_an_index_and_its_members(app: Application, client: FakeClient) -> None:
    rows = app.call("DISPERSION", "SPX", app.area(["NVDA"], ["AMD"]), app.area([0.6], [0.4]), 91)
    assert (rows[0], rows[9]) == (("implied correlation", 0.19), ("opposed to the index", ""))
    assert client.calls == [(DispersionOf("SPX", BASKET, 91.0),)]


def test_a_trigger_that_changes_asks_the_source_again_and_its_first_sight_does_not(
    app: Application, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(component, "triggers", Triggers(count(0.0, CALCULATION).__next__))
    one, other = workbook(), workbook()
    other.FullName = "C:\\other.xlsx"
    cell = Area(one.Worksheets.items[0], 15, 5, 15, 5)
    elsewhere = Area(other.Worksheets.items[0], 15, 5, 15, 5)
    for value, at in ((1, cell), (1, cell), (5, elsewhere), (2, cell), (2, cell), (None, cell)):
        assert app.call("BASKETREFRESH", "NVDA", value, cell=at) == app.call("BASKETASOF", "NVDA")
    assert client.refreshes == ["CACHE_ONLY", "FORCE", "FORCE"]
    component.triggers.forget(one.FullName)
    app.call("BASKETREFRESH", "NVDA", 9, cell=cell)
    app.call("BASKETREFRESH", "NVDA", 6, cell=elsewhere)
    assert client.refreshes == ["CACHE_ONLY", "FORCE", "FORCE", "FORCE"]
    app.udfs.BASKETREFRESH([["NVDA"]], [[1]])  # from a macro: no cell
    app.udfs.BASKETREFRESH([["NVDA"]], [[2]])
    assert len(client.refreshes) == 4


def test_one_cell_may_refresh_several_baskets(app: Application, client: FakeClient) -> None:
    cell = Area(workbook().Worksheets.items[0], 15, 5, 15, 5)
    for _ in range(3):
        for symbols, value in (("NVDA", 1), ("AMD", 2)):
            app.call("BASKETREFRESH", symbols, value, cell=cell)
    assert client.refreshes == ["CACHE_ONLY"] * 2


def test_the_quota_is_one_row(app: Application, client: FakeClient) -> None:
    row = app.call("BASKETQUOTA")
    assert tuple(row) == ("Growth", 2_500, 12.0, 2_488, "2026-11-19 00:00 UTC", 488.0)
    assert client.calls == [(QuotaOf(),)]


def test_a_table_is_rows_with_blanks_and_errors_in_their_cells(app: Application, client: FakeClient) -> None:
    as_of = "2026-09-21 10:13"
    first = ("NVDA", 0.6, 214.6, 1e9, 2e8, 3e7, 4e6, 0.75, "positive gamma", as_of, 0.25)
    second = ("AMD", 0.4, 541.3, -1e9, 2e8, NA, 4e6, -0.25, "negative gamma", as_of, -0.25)
    body = (first, second, *((name, *[""] * 7, "no data", "", "") for name in ("ZZZZ", "YYYY")))
    assert app.call("BASKET", "NVDA") == body
    assert app.call("BASKET", "NVDA", None, False) == body
    for yes in (True, 1, "true", app.area([True])):
        assert app.call("BASKET", "NVDA", None, yes) == (HEADINGS, *body)


def test_a_table_of_one_row_is_a_row(app: Application, client: FakeClient) -> None:
    client.answer = REPLY._replace(missing=(), rows=ROWS[:1])
    assert app.call("BASKET", "NVDA")[:3] == ("NVDA", 0.6, 214.6)
    client.answer = REPLY._replace(missing=(), rows=())
    assert app.call("BASKET", "AMD") == ""


@pytest.mark.parametrize("text", ERRORS)
@pytest.mark.parametrize("name", WEIGHING)
def test_an_error_in_a_range_is_an_error(app: Application, client: FakeClient, name: str, text: str) -> None:
    ranges = app.area(["NVDA"], [ERRORS[text]]), app.area([1.0], [ERRORS[text]])
    said = "Row 2 of the {} holds an error: correct that cell first."
    for arguments, where in (((ranges[0],), "symbols"), ((app.area(["A"], ["B"]), ranges[1]), "weights")):
        assert app.call(name, *arguments) == (said.format(where) if name == "BASKETWHY" else VALUE)
    assert app.call("BASKETGEX", ERRORS[text]) is VALUE  # not a range: =BASKETGEX(NA())
    assert client.calls == []


@pytest.mark.parametrize("name", OF_ONE)
def test_one_underlying_is_one_ticker(app: Application, client: FakeClient, name: str) -> None:
    for cell in (ERRORS["#N/A"], 5, "", None, app.area(["A"], ["B"])):
        assert app.call(name, cell) is VALUE
    assert client.calls == []


def test_a_number_or_a_date_is_no_ticker(app: Application, client: FakeClient) -> None:
    for cell in (5, ComDate(2026, 1, 2), Decimal(1)):
        assert app.call("BASKETGEX", app.area(["A"], [cell])) is VALUE
        assert (
            app.call("BASKETWHY", app.area(["A"], [cell]))
            == "Row 2 of the symbols is a number: write the ticker as text."
        )


def test_arguments_left_out(app: Application, client: FakeClient) -> None:
    no_symbols = "No symbols: give at least one ticker."
    assert app.call("BASKETWHY") == app.call("BASKETWHY", None, 1) == app.call("BASKETWHY", "") == no_symbols
    assert app.call("BASKET", "NVDA", None, "maybe") is VALUE
    assert client.calls == []
    assert app.call("BASKETGEX", "NVDA", None) == 1.25
    assert only(client) == NVDA


def test_a_whole_column_is_its_used_cells(app: Application, client: FakeClient) -> None:
    area = app.area(["NVDA"], ["AMD"])
    assert app.call("BASKETGEX", Area(area.Worksheet, 1, 1, 200_000, 1)) == 1.25
    assert only(client) == Ask(("NVDA", "AMD"))


@pytest.mark.parametrize("name", [*ASKING, *OF_ONE])
def test_a_problem_is_an_error_value(app: Application, client: FakeClient, name: str) -> None:
    client.answer = problems.SERVER_ABSENT
    sentence = "The server cannot be reached. Recalculate to ask again."
    assert app.call(name, "NVDA") == (sentence if name == "BASKETWHY" else NA)
    client.memory.clear()
    client.answer = Problem("x", "Wrong.", bad_input=True)
    assert app.call(name, "NVDA") == ("Wrong." if name == "BASKETWHY" else VALUE)


@pytest.mark.parametrize("name", NAMES)
def test_no_exception_reaches_a_cell(
    app: Application, client: FakeClient, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.answer = RuntimeError("secret")
    assert "secret" not in str(app.call(name, "NVDA"))

    def broken(*_: Any) -> Any:
        raise RuntimeError("secret")

    monkeypatch.setattr(Worksheet, "evaluate", broken)
    assert app.raw(name, "NVDA") == values.MARKERS[NA]
    assert app.call(name, "NVDA") is NA
    monkeypatch.setattr(component, "worksheet", broken)
    assert app.call(name, "NVDA") is NA
    assert app.call(name, app.area([object()])) is NA


def test_age_asks_nobody(app: Application, client: FakeClient) -> None:
    assert app.call("BASKETAGE", "NVDA") is NA
    assert client.calls == []
    app.call("BASKETGEX", "NVDA")
    assert app.call("BASKETAGE", "NVDA") == 2.0


# What leaves


def test_markers_pass_and_nothing_else_becomes_one(app: Application, client: FakeClient) -> None:
    client.answer = REPLY._replace(missing=(values.MARKERS[NA], "#N/A"))
    assert app.call("BASKETMISSING", "NVDA") == "#N/A, #N/A"
    client.answer = REPLY._replace(gex=float("inf"))
    assert app.raw("BASKETGEX", "AMD") == values.MARKERS[NA] == "\ue000#N/A"
    assert set(values.MARKERS) == set(values.CV_ERRORS) == set(CellError)


def test_xlwings_would_make_a_number_of_an_error_code_and_leave_an_error_as_an_object(
    app: Application,
) -> None:
    write = sys.modules["xlwings.conversion"].write
    assert write(ERRORS["#N/A"], None, {}) == [[ERRORS["#N/A"]]]
    assert write(NA, None, {}) == [[NA]]
    assert write([[values.MARKERS[NA], None]], None, {}) == [[values.MARKERS[NA], ""]]


def test_values_of_other_kinds_are_errors_and_scalars_and_flat_lists_are_taken() -> None:
    assert values.block(None) is None
    assert values.block("NVDA") == (("NVDA",),)
    assert values.block(["NVDA", 1]) == (("NVDA", 1.0),)
    assert values.block([]) == ((),)
    assert values.block([[object(), -5]]) == ((VALUE, -5.0),)
    assert values.block(["#N/A", "#REF!"]) == ((NA, VALUE),)
    assert values.result(None) == ""
    assert values.block(dt.datetime(1900, 3, 1, tzinfo=dt.UTC)) == ((61.0,),)


# What the wizard and the VBA get


def test_metadata_comes_from_the_table(app: Application) -> None:
    described = {
        name: value.__xlfunc__
        for name, value in vars(app.udfs).items()
        if not name.startswith("_") and hasattr(value, "__xlfunc__")
    }
    assert list(described) == [function.name for function in FUNCTIONS]
    for function in FUNCTIONS:
        udf, found = getattr(app.udfs, function.name), described[function.name]
        assert udf.__name__ == found["name"] == function.name
        assert udf.__doc__ == found["ret"]["doc"] == function.summary
        assert len(function.summary) <= 255
        assert (found["category"], found["volatile"]) == (CATEGORY, function.volatile)
        assert found["volatile"] == (function.kind.way is Way.REMEMBER)
        assert not (found["call_in_wizard"] or found["async_mode"] or found["ret"]["options"] or found["sub"])
        *arguments, cell = found["args"]
        assert [(a["name"], a["doc"], "optional" in a) for a in arguments] == [
            (a.name, a.help, a.optional) for a in function.arguments
        ]
        reads = {"convert": "range"} if function.kind.way is Way.EXPLAIN else {"ndim": 2, "err_to_str": True}
        assert all(a["options"] == reads and not a["vba"] for a in arguments)
        assert (cell["vba"], cell["options"]) == (app.udfs.CELL_VBA, {"convert": "range"})


def test_the_wrapper_that_xlwings_would_write(app: Application) -> None:
    text = io.StringIO()  # ours is vba.py's: it is compared with this one, so that it passes the same
    sys.modules["xlwings.udfs"].generate_vba_wrapper("udfs", app.udfs, text, app.addin)
    vba = text.getvalue()
    for function in FUNCTIONS:
        parameters = ", ".join(("Optional " if a.optional else "") + a.name for a in function.arguments)
        assert f"Function {function.name}({parameters})\n" in vba
        passed = ", ".join([*(a.name for a in function.arguments), "Application.Caller"])
        assert f'"{function.name}", Array({passed})' in vba
    assert vba.count("Application.Volatile") == 1


def test_it_is_plain_functions_where_xlwings_is_absent_and_pulls_in_no_heavy_package() -> None:
    code = """
import inspect, sys
for absent in sys.argv[1:]:
    sys.modules[absent] = None
import basketgex_addin.excel.component
assert not {"numpy", "pandas", "scipy", "xlwings"} & {m for m in sys.modules if sys.modules[m]}
from basketgex_addin.excel import udfs
assert str(inspect.signature(udfs.BASKET)) == "(symbols, weights=None, headers=None, cell=None)"
assert udfs.BASKETGEX("") == "\\ue000#VALUE!"
assert not {"pandas", "scipy"} & {m for m in sys.modules if sys.modules[m]}
"""
    for absent in ((), ("xlwings",), ("numpy", "pandas")):
        subprocess.run([sys.executable, "-W", "error", "-c", code, *absent], check=True, timeout=120)


def test_the_stub_leaves_nothing_behind() -> None:
    code = """
import ctypes, sys
import basketgex_addin.excel.component
from tests.addin.excel.com_stub import excel
library = ctypes.PyDLL
with excel() as first:
    pass
with excel() as second:
    assert second.xlwings is not first.xlwings
assert not [m for m in sys.modules if m.startswith(("xlwings", "win32", "pythoncom", "pywintypes"))]
assert ctypes.PyDLL is library and not hasattr(ctypes, "oledll")
import xlwings
from basketgex_addin.excel import udfs
assert not hasattr(udfs.BASKET, "__xlfunc__")
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120, cwd=Path(__file__).parents[3])


# What is read ahead


def workbook() -> Workbook:
    one = Sheet("One")
    one.fill([["NVDA", 1.0], ["AAPL", 2.0], ["MSFT", 3.0]])
    other = Sheet("Other one", [["SPY"], ["QQQ"]])
    one.fill([["META"], ['=IF(BASKETGEX(A1:A3)>0,"IBM","ORCL")']], left=3)
    formulas = [
        "=BASKETGEX(A1:A3,B1:B3)",
        "=IF(BASKETGEX(A1:A3,B1:B3)>0,@BASKETREGIME(A1:A3,B1:B3),0)",
        "=BASKETGEX('Other one'!A1:A2)",
        "=BASKETDEX(Picks)",
        "=BASKETDEX(Local)",
        "=BASKETDEX(Moving)",
        "=BASKETDEX(Nothing)",
        '=BASKETGEX("TSLA,AMD")',
        "=BASKETGEX('other ONE'!A:A)",
        "=BASKETGEX(C1:C2)",
        "=BASKETGEX(OFFSET(A1,0,0,2,1))",
        "=BASKETGEX(Held[Ticker],Held[Share])",
        "=BASKETGEX(Held[None])",
        "=BASKETGEX(J1:J2)",
        "='C:\\x\\basketgex.xlam'!BASKETGEX(A1)",
        "=BASKETGEX('[Book2.xlsx]One'!A1)",
        "=BASKETGEX(Absent!A1:A2)",
        '=BASKETAGE("NEVER")',
        "=SUM(B1:B3)",
        "text of BASKETGEX(A2)",
    ]
    one.fill([[formula] for formula in formulas], left=5)
    other.table("Held", other.fill([["GE", 0.3], ["GM", 0.7]], top=5, left=3), ("Ticker", "Share"))
    one.fill([[Spilled("OLD")], [Spilled("OLDER")]], left=10)
    one.name("Local", "=One!$A$1")
    book = Workbook(one, other, Sheet("Empty"))
    book.name("Picks", "=One!$A$2:$A$3")
    book.name("Moving", "=One!A1:A2")
    return book


def cell(app: Application, book: Workbook) -> Any:
    return SimpleNamespace(api=Area(book.Worksheets.items[0], 1, 5, 1, 5))


FORESEEN = {
    Ask(("NVDA", "AAPL", "MSFT"), (1.0, 2.0, 3.0)),
    Ask(("NVDA", "AAPL", "MSFT")),  # inside the formula of C2
    Ask(("SPY", "QQQ")),
    Ask(("AAPL", "MSFT")),
    Ask(("NVDA",)),
    Ask(("TSLA", "AMD")),
    Ask(("GE", "GM"), (0.3, 0.7)),
    Ask(("META",)),  # rides along: the cell below it is a formula
}


def test_constants_are_asked_ahead_and_each_basket_once(app: Application) -> None:
    found = Scanner().asks(cell(app, workbook()))
    assert len(found) == len(set(found))
    assert set(found) == FORESEEN


def test_the_first_miss_takes_its_own_workbook_along(app: Application, client: FakeClient) -> None:
    book = workbook()
    assert book is not app.active
    sheet = book.Worksheets.items[0]
    assert app.call("BASKETGEX", sheet.Range("A1"), cell=Area(sheet, 15, 5, 15, 5)) == 1.25
    (call,) = client.calls
    assert call[0] == NVDA
    assert set(call) == FORESEEN
    assert app.call("BASKETGEX", app.area(["SPY"], ["QQQ"])) == 1.25
    assert len(client.calls) == 1


def test_ranges_with_formulas_show_no_value_to_us(app: Application) -> None:
    sheet = Sheet("S", [["NVDA", Formula("=X()", shown="STALE"), "=BASKETGEX(A1:B1)"]])
    assert Scanner().asks(cell(app, Workbook(sheet))) == (NVDA,)


def test_a_large_range_is_left_to_its_own_call_and_a_large_sheet_is_searched_in_parts(
    app: Application,
) -> None:
    sheet = Sheet("S", [["NVDA", f"=BASKETGEX(A1:A{MAX_CELLS + 1})", "=BASKETGEX(A1)"]])
    sheet.fill([["=BASKETGEX(A1:A2)"]], top=MAX_CELLS + 5, left=3)
    sheet.fill([["AMD"]], top=2)
    assert set(Scanner().asks(cell(app, Workbook(sheet)))) == {NVDA, Ask(("NVDA", "AMD"))}
    assert {rows * columns for _, _, rows, columns in sheet.read} == {1, 2}


def test_an_excel_without_spills(app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sheet, "dynamic", False)
    sheet = Sheet("S", [["NVDA", "=BASKETGEX(A1)"]])
    assert Scanner().asks(cell(app, Workbook(sheet))) == (NVDA,)


def test_a_workbook_is_not_read_again_at_once(app: Application) -> None:
    now = [0.0]
    scanner = Scanner(Throttle(lambda: now[0]))
    book, other = workbook(), workbook()
    other.FullName = "C:\\other.xlsx"
    assert scanner.asks(cell(app, book))
    assert scanner.asks(cell(app, book)) == ()
    assert scanner.asks(cell(app, other))
    now[0] = MIN_PAUSE
    assert scanner.asks(cell(app, book))


def test_the_pause_grows_with_what_a_reading_takes() -> None:
    now = [0.0]
    throttle = Throttle(lambda: now[0])

    def slow() -> list[Ask]:
        now[0] += 1.0
        return [NVDA, NVDA]

    assert throttle.asks(lambda: "book", slow) == (NVDA,)
    now[0] += PAUSE_FACTOR - 0.1
    assert throttle.asks(lambda: "book", slow) == ()
    now[0] += 0.1
    assert throttle.asks(lambda: "book", slow) == (NVDA,)
    for i in range(200):
        throttle.asks(lambda i=i: f"book {i}", list)  # type: ignore[misc]
    assert len(throttle._next) <= 64


def test_a_workbook_that_cannot_be_read_asks_nothing(app: Application, client: FakeClient) -> None:
    for odd in (None, object(), SimpleNamespace(api=None)):
        assert Scanner().asks(odd) == ()
    broken = Sheet("S", [["=BASKETGEX(A1)"]])
    broken.Parent = SimpleNamespace(Application=None)
    assert app.call("BASKETGEX", "NVDA", cell=Area(broken, 1, 1, 1, 1)) == 1.25
    assert only(client) == NVDA


def test_a_call_from_vba_has_no_cell(app: Application, client: FakeClient) -> None:
    assert app.udfs.BASKETGEX([["NVDA"]], None) == 1.25
    assert app.udfs.BASKETGEX([["NVDA"]], None, None) == 1.25
    assert only(client) == NVDA


def test_reading_ahead_can_be_turned_off(app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "0")
    assert Scanner().asks(cell(app, workbook())) == ()


def test_one_client_for_a_process_and_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert component.worksheet(home) is component.worksheet(home)
    assert component.client(home) is component.client(home)
    assert component.client(home) is not component.client(tmp_path)
    component.worksheet.cache_clear()
    component.client.cache_clear()


def test_a_cell_is_explained_by_its_own_formula(app: Application) -> None:
    """Whatever its function, with its own arguments: ranges, texts, what is left out."""
    sheet = Sheet("Sheet1")
    Workbook(sheet)
    sheet.fill([["NVDA", 0.6], ["AMD", 0.4]])
    formulas = {
        '=BASKETTOTAL(A1:A2,B1:B2,"GAMMA")': "The measure must be GEX, DEX, VEX, CHEX or ALL.",
        "=BASKETTOP(A1:A2,,0)": "n must be a whole number, 1 or more.",
        "=IFERROR(SYMBOLGEX(A1:A2),0)": "2 symbols: give one ticker.",
        "=BASKETGEX(A1:A2,B1:B2)": LAUNCH_NOT_RECORDED.sentence,
        '=BASKETTOP(A1&",AMD")': COMPUTED.format(name="BASKETTOP"),
        "=A1": NO_FORMULA,
    }
    sheet.fill([[formula] for formula in formulas], left=6)
    for row, sentence in enumerate(formulas.values(), start=1):
        assert app.call("BASKETEXPLAIN", sheet.Range(f"F{row}")) == sentence
