"""The onion around the worksheet functions: what asks, what does not, and that nothing ever raises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from basketgex_addin.cells import (
    Ask,
    CellError,
    Dispersion,
    LevelFigures,
    Problem,
    Profile,
    Question,
    Quota,
    RegimesOf,
    Reply,
    Since,
    Strikes,
)
from basketgex_addin.client import problems
from basketgex_addin.client.problems import NOT_METERED
from basketgex_addin.functions import FUNCTIONS
from basketgex_addin.functions.dispersion import DispersionOf
from basketgex_addin.functions.levels import LevelsOf
from basketgex_addin.functions.moments import NO_AGE
from basketgex_addin.functions.profile import FLIP_REACH, ProfileOf
from basketgex_addin.functions.strikes import HEADINGS as STRIKE_HEADINGS
from basketgex_addin.functions.strikes import StrikesOf
from basketgex_addin.worksheet import COMPUTED, FAULT, NO_FORMULA, Worksheet

REPLY = Reply(
    *(1.0, 2.0, 3.0, 4.0, 0.5, 1.0, 0, 0.0, 1.0, 1000.0, 1000.0, 1000.0),
    freshness="FRESH",
    client_ttl=60.0,
    notice="",
    source="sample",
    synthetic=True,
    convention="flashalpha",
    missing=(),
    rows=(),
)
NVDA = ((("NVDA",),),)
ASK = Ask(("NVDA",))
LEVELS = LevelFigures(100.0, 95.0, "available", 110.0, None, 110.0, 90.0, 100.0, None, 0.0, 30.0)


class FakeClient:
    def __init__(self, answer: Any = REPLY) -> None:
        self.answer = answer
        self.memory: dict[Question, Any] = {}
        self.last: dict[Question, Any] = {}
        self.calls: list[tuple[Question, ...]] = []
        self.refreshes: list[str] = []

    def known(self, question: Question) -> Any:
        return self.memory.get(question)

    def ask(self, question: Question) -> Any:
        return self.memory.get(question) or self.ask_many([question])[0]

    def ask_many(self, questions: Sequence[Any], refresh: str = "NORMAL") -> list[Any]:
        self.calls.append(tuple(questions))
        self.refreshes.append(refresh)
        if isinstance(self.answer, Exception):
            raise self.answer
        self.memory.update((question, self.answer) for question in questions)
        return [self.answer] * len(questions)

    def ask_with(self, question: Any, others: Sequence[Any]) -> Any:
        return self.ask_many([question, *others])[0]

    def remembered(self, ask: Question) -> Any:
        found = self.memory.get(ask, self.last.get(ask))
        return None if isinstance(found, Problem) else found


class FakeLive:
    def __init__(self) -> None:
        self.wanted: list[Question] = []
        self.work: list[tuple[Question, Callable[[], object]]] = []
        self.said: dict[Question, Any] = {}

    def latest(self, question: Ask | RegimesOf) -> Any:
        return self.said.get(question)

    def want(self, question: Ask | RegimesOf) -> None:
        self.wanted.append(question)

    def later(self, question: Question, work: Callable[[], object], *, wanted: bool = False) -> None:
        self.work.append((question, work))


def test_a_value() -> None:
    assert Worksheet(FakeClient()).evaluate("basketgex", NVDA) == 1.0


def test_bad_input_asks_nobody() -> None:
    client = FakeClient()
    sheet = Worksheet(client)
    assert sheet.evaluate("BASKET", (None,)) is CellError.VALUE
    assert sheet.evaluate("BASKETWHY", ()) == "No symbols: give at least one ticker."
    assert sheet.evaluate("BASKET", (*NVDA, None, (("maybe",),))) is CellError.VALUE
    assert client.calls == []


def test_a_problem_is_an_error_value_and_why_says_it() -> None:
    sheet = Worksheet(FakeClient(problems.SERVER_ABSENT))
    assert sheet.evaluate("BASKETGEX", NVDA) is CellError.NOT_AVAILABLE
    assert sheet.evaluate("BASKET", NVDA) is CellError.NOT_AVAILABLE
    assert sheet.evaluate("BASKETWHY", NVDA) == "The server cannot be reached. Recalculate to ask again."
    bad = Problem("invalid_weights", "The weight of NVDA is negative.", "weights", bad_input=True)
    assert Worksheet(FakeClient(bad)).evaluate("BASKETGEX", NVDA) is CellError.VALUE


def test_why_is_ok_where_there_is_a_value() -> None:
    assert Worksheet(FakeClient()).evaluate("BASKETWHY", NVDA) == "OK"


def test_age_never_asks() -> None:
    client = FakeClient()
    sheet = Worksheet(client, now=lambda: 1120.0)
    assert sheet.evaluate("BASKETAGE", NVDA) is CellError.NOT_AVAILABLE
    assert client.calls == []
    sheet.evaluate("BASKETGEX", NVDA)
    assert sheet.evaluate("BASKETAGE", NVDA) == 2.0
    assert len(client.calls) == 1


@pytest.mark.parametrize("first", ["BASKETAGE", "BASKETGEX"])
def test_figures_of_a_past_moment_have_no_age_and_why_says_so(first: str) -> None:
    client = FakeClient(REPLY._replace(freshness="HISTORICAL"))
    sheet = Worksheet(client, now=lambda: 1120.0)
    assert sheet.evaluate("BASKETWHY", NVDA) == "OK"
    for name in (first, "BASKETGEX", "BASKETAGE"):  # the age may be calculated before its figures come
        sheet.evaluate(name, NVDA)
    assert sheet.evaluate("BASKETAGE", NVDA) is CellError.NOT_AVAILABLE
    assert sheet.evaluate("BASKETWHY", NVDA) == NO_AGE
    assert sheet.evaluate("BASKETWHY", ((("AMD",),),)) == "OK"
    client.answer = problems.NO_STRIKES  # a failure says more than that
    assert sheet.evaluate("GEXSTRIKES", NVDA) is CellError.NOT_AVAILABLE
    assert sheet.evaluate("BASKETWHY", NVDA) == problems.NO_STRIKES.sentence
    client.answer, client.memory = REPLY, {StrikesOf("NVDA"): Strikes(((1.0,) * 6,), 2.0)}
    assert sheet.evaluate("BASKETWHY", NVDA) == "OK"  # another source, whose figures have an age
    assert sheet.evaluate("BASKETAGE", NVDA) == 2.0


def test_of_an_age_that_is_asked_for_the_host_hears_once() -> None:
    told: list[Question[object]] = []
    sheet = Worksheet(FakeClient(REPLY._replace(freshness="HISTORICAL")), more_to_say=told.append)
    for name in ("BASKETGEX", "BASKETAGE", "BASKETAGE", "BASKETWHY"):
        sheet.evaluate(name, NVDA)
    assert told == [Ask(("NVDA",))]
    assert sheet.evaluate("BASKETAGE", ((("AMD",),),)) is CellError.NOT_AVAILABLE
    assert told[1:] == [Ask(("AMD",))]


def test_a_miss_takes_the_document_along_in_one_call() -> None:
    client = FakeClient()
    sheet = Worksheet(client)
    scans: list[int] = []

    def prefetch() -> list[Ask]:
        scans.append(1)
        return [Ask(("AMD",)), ASK, Ask(("MU",))]

    sheet.evaluate("BASKETGEX", NVDA, prefetch)
    sheet.evaluate("BASKETGEX", (("AMD",),) and ((("AMD",),),), prefetch)
    sheet.evaluate("BASKETVEX", ((("MU",),),), prefetch)
    assert client.calls == [(ASK, Ask(("AMD",)), Ask(("MU",)))]
    assert len(scans) == 1


def test_a_prefetch_that_fails_costs_nobody_the_value() -> None:
    def prefetch() -> list[Ask]:
        raise RuntimeError

    assert Worksheet(FakeClient()).evaluate("BASKETGEX", NVDA, prefetch) == 1.0


def test_company_that_is_too_large_is_left_behind() -> None:
    class Crowded(FakeClient):
        def ask_many(self, questions: Sequence[Any], refresh: str = "NORMAL") -> list[Any]:
            self.calls.append(tuple(questions))
            return [REPLY if len(questions) == 1 else problems.TOO_LARGE] * len(questions)

    client = Crowded()
    assert Worksheet(client).evaluate("BASKETGEX", NVDA, lambda: [Ask(("AMD",))]) == 1.0
    assert [len(call) for call in client.calls] == [2, 1]


def test_a_fault_is_an_error_value_and_why_says_so_until_it_is_gone() -> None:
    client = FakeClient(REPLY._replace(as_of="no time"))  # type: ignore[arg-type]
    sheet = Worksheet(client)
    assert sheet.evaluate("BASKETSTATUS", NVDA) is CellError.NOT_AVAILABLE
    assert sheet.evaluate("BASKETGEX", NVDA) == 1.0
    assert sheet.evaluate("BASKETWHY", NVDA) == FAULT
    assert sheet.evaluate("BASKETWHY", ((("AMD",),),)) == "OK"
    client.memory[ASK] = REPLY
    assert isinstance(sheet.evaluate("BASKETSTATUS", NVDA), str)
    assert sheet.evaluate("BASKETWHY", NVDA) == "OK"


@pytest.mark.parametrize("name", [function.name for function in FUNCTIONS] + ["NOSUCH"])
def test_nothing_raises(name: str) -> None:
    sheet = Worksheet(FakeClient(RuntimeError("secret /home/x")))
    odd: Any = object()
    for arguments in (NVDA, (), (odd,), ((odd, odd), odd, odd, odd), (((),),)):
        result = sheet.evaluate(name, arguments)
        assert isinstance(result, CellError | str)
        assert "secret" not in str(result)


def test_faults_do_not_pile_up() -> None:
    sheet = Worksheet(FakeClient(RuntimeError()))
    for i in range(1000):
        sheet.evaluate("BASKETGEX", (((f"T{i}",),),))
    assert len(sheet._reasons._faults) == 256


def test_the_quota_of_a_source_that_costs_nothing_is_not_available() -> None:
    assert Worksheet(FakeClient(NOT_METERED)).evaluate("BASKETQUOTA", []) is CellError.NOT_AVAILABLE


def test_an_unlimited_plan_says_so() -> None:
    client = FakeClient(Quota("Alpha", None, 7, None, True, 1_795_046_400.0, 93))
    row = ("Alpha", "unlimited", 7.0, "unlimited", "2026-11-19 00:00 UTC", 93.0)
    assert Worksheet(client).evaluate("BASKETQUOTA", []) == (row,)


def test_one_symbol_is_a_basket_of_one_and_two_are_refused() -> None:
    client = FakeClient()
    sheet = Worksheet(client)
    assert [sheet.evaluate(f"SYMBOL{m}", NVDA) for m in ("GEX", "DEX", "VEX", "CHEX")] == [1.0, 2.0, 3.0, 4.0]
    assert client.calls == [(ASK,)]
    two = ((("NVDA",), ("AMD",)),)
    assert sheet.evaluate("SYMBOLGEX", two) is CellError.VALUE
    assert sheet.evaluate("GEXLEVELS", two) is CellError.VALUE
    assert client.calls == [(ASK,)]


def test_levels_and_why_there_are_none() -> None:
    flip = LEVELS
    client = FakeClient(flip)
    sheet = Worksheet(client)
    found = sheet.evaluate("GEXLEVELS", NVDA)
    assert isinstance(found, tuple)
    assert found[0] == ("underlying price", 100.0, 0.0, None, None, None)
    assert found[1] == ("gamma flip", 95.0, pytest.approx(-0.05), "available", "", "")
    assert found[3] == ("put wall", CellError.NOT_AVAILABLE, CellError.NOT_AVAILABLE, None, None, None)
    assert len(found) == 8
    assert client.calls == [(LevelsOf("NVDA"),)]

    client.memory[LevelsOf("NVDA")] = Problem("not_offered", "The source has no levels.")
    client.memory[ASK] = REPLY
    assert sheet.evaluate("GEXLEVELS", NVDA) is CellError.NOT_AVAILABLE
    assert sheet.evaluate("BASKETWHY", NVDA) == "The source has no levels."
    client.memory[LevelsOf("NVDA")] = flip
    assert sheet.evaluate("BASKETWHY", NVDA) == "OK"  # whichever of the two cells is calculated first
    client.memory.clear()
    client.memory[ASK] = REPLY
    assert sheet.evaluate("BASKETWHY", NVDA) == "The source has no levels."
    client.memory[LevelsOf("NVDA")] = flip
    sheet.evaluate("GEXLEVELS", NVDA)
    client.memory.pop(LevelsOf("NVDA"))
    assert sheet.evaluate("BASKETWHY", NVDA) == "OK"


def test_levels_that_are_the_last_good_ones_say_so() -> None:
    last = "Last good value: The desk cannot be reached."
    client = FakeClient(LEVELS._replace(notice=last))
    sheet = Worksheet(client)
    client.memory[ASK] = REPLY
    shown = sheet.evaluate("GEXLEVELS", NVDA)
    assert shown == Worksheet(FakeClient(LEVELS)).evaluate("GEXLEVELS", NVDA)
    assert sheet.evaluate("BASKETWHY", [*NVDA, None, (("GEXLEVELS",),)]) == last
    assert sheet.explain([("GEXLEVELS", NVDA)]) == sheet.evaluate("BASKETWHY", NVDA) == last
    client.memory[LevelsOf("NVDA")] = LEVELS
    assert sheet.evaluate("GEXLEVELS", NVDA) == shown
    assert sheet.evaluate("BASKETWHY", [*NVDA, None, (("GEXLEVELS",),)]) == "OK"
    assert sheet.explain([("GEXLEVELS", NVDA)]) == sheet.evaluate("BASKETWHY", NVDA) == "OK"


def test_live_the_last_good_levels_stay_while_they_are_asked_for_anew_within_their_session() -> None:
    last = LEVELS._replace(notice="Last good value: The desk cannot be reached.", keep_until=1_000.0)
    client, live, at = FakeClient(last), FakeLive(), [999.0]
    sheet = Worksheet(client, now=lambda: at[0])
    assert sheet.evaluate("GEXLEVELS", NVDA, live=live) is CellError.NOT_AVAILABLE
    live.work.pop()[1]()
    shown = sheet.evaluate("GEXLEVELS", NVDA, live=live)
    assert isinstance(shown, tuple) and live.work == []
    client.last = {LevelsOf("NVDA"): client.memory.pop(LevelsOf("NVDA"))}  # memory vouches for it no more
    assert sheet.evaluate("GEXLEVELS", NVDA, live=live) == shown
    assert [question for question, _ in live.work] == [LevelsOf("NVDA")]
    assert sheet.explain([("GEXLEVELS", NVDA)], live=live) == last.notice
    at[0] = 1_000.0
    assert sheet.evaluate("GEXLEVELS", NVDA, live=live) is CellError.NOT_AVAILABLE
    client.last = {LevelsOf("NVDA"): LEVELS._replace(keep_until=2_000.0)}  # never as fresh
    assert sheet.evaluate("GEXLEVELS", NVDA, live=live) is CellError.NOT_AVAILABLE


def test_since_takes_the_document_along_in_one_call() -> None:
    client = FakeClient(Since("negative_gamma", 1_789_000_000.0, "positive_gamma"))
    sheet = Worksheet(client)
    others = [RegimesOf(Ask(("AMD",))), Ask(("MU",))]
    regime, since, previous = sheet.evaluate("BASKETSINCE", NVDA, lambda: others)[0]  # type: ignore[index, misc]
    assert (regime, previous) == ("negative gamma", "positive gamma")
    assert since == pytest.approx(46274.8519, abs=1e-4)  # 2026-09-09 20:26:40 in New York
    assert client.calls == [(RegimesOf(ASK), *others)]
    client.memory[RegimesOf(ASK)] = Since("negative_gamma", 0.0, "")
    na = CellError.NOT_AVAILABLE
    assert sheet.evaluate("BASKETSINCE", NVDA) == (("negative gamma", na, na),)


def test_a_refresh_spends_only_when_the_host_says_that_the_trigger_changed() -> None:
    client = FakeClient()
    sheet = Worksheet(client)
    seen: list[object] = []

    def trigger(value: object) -> bool:
        seen.append(value)
        return len(seen) == 2

    for value in (1.0, 2.0, 2.0):
        found = sheet.evaluate("BASKETREFRESH", (*NVDA, ((value,),)), trigger=trigger)
        assert found == pytest.approx(25568.80, abs=0.01)  # the moment of the reply, New York
    assert seen == [1.0, 2.0, 2.0]
    assert client.refreshes == ["CACHE_ONLY", "FORCE"]  # the third was in memory
    sheet.evaluate("BASKETREFRESH", (*NVDA, ((3.0,),)))
    assert client.refreshes == ["CACHE_ONLY", "FORCE"]


def test_live_never_waits() -> None:
    client, live = FakeClient(), FakeLive()
    sheet = Worksheet(client)
    assert sheet.evaluate("BASKETGEX", NVDA, live=live) is CellError.NOT_AVAILABLE
    assert (live.wanted, client.calls) == ([ASK], [])
    live.said[ASK] = REPLY
    assert sheet.evaluate("BASKETGEX", NVDA, live=live) == 1.0
    client.memory[ASK] = REPLY._replace(gex=-7.0)
    assert sheet.evaluate("BASKETGEX", NVDA, live=live) == -7.0

    assert sheet.evaluate("BASKETQUOTA", [], live=live) is CellError.NOT_AVAILABLE
    [(question, work)] = live.work
    client.answer = Quota("Alpha", 100, 7, 93, False, 1_795_046_400.0, 93)
    work()
    assert client.calls == [(question,)]
    row = sheet.evaluate("BASKETQUOTA", [], live=live)
    assert isinstance(row, tuple)
    assert row[0][0] == "Alpha"


def test_a_live_refresh_shows_the_last_value_and_asks_behind() -> None:
    client, live = FakeClient(), FakeLive()
    sheet = Worksheet(client)
    arguments = (*NVDA, ((1.0,),))
    assert (
        sheet.evaluate("BASKETREFRESH", arguments, trigger=lambda _: False, live=live)
        is CellError.NOT_AVAILABLE
    )
    live.work.pop()[1]()
    assert client.refreshes == ["CACHE_ONLY"]
    assert isinstance(sheet.evaluate("BASKETREFRESH", arguments, trigger=lambda _: True, live=live), float)
    live.work.pop()[1]()
    assert client.refreshes == ["CACHE_ONLY", "FORCE"]


def test_strikes_and_profiles_are_questions_of_their_own() -> None:
    client = FakeClient(Strikes(((100.0, 1.0, -3.0, -2.0, 10.0, 20.0),), 30.0))
    sheet = Worksheet(client)
    found = sheet.evaluate("GEXSTRIKES", (*NVDA, (("TRUE",),)))
    assert found == (STRIKE_HEADINGS, (100.0, 1.0, -3.0, -2.0, 10.0, 20.0))
    client.answer = Profile((0.9, 1.1), (90.0, 110.0), (-5.0, 5.0), 0.97, 30.0)
    assert sheet.evaluate("GEXPROFILE", (*NVDA, None, ((0.9,),), ((1.1,),), ((2.0,),))) == (
        (90.0, -5.0),
        (110.0, 5.0),
    )
    assert sheet.evaluate("BASKETFLIP", (*NVDA, ((2.0,),))) == ((pytest.approx(-0.03), "", "", ""),)
    weighed = Ask(("NVDA",), (2.0,))
    assert client.calls == [
        (StrikesOf("NVDA"),),
        (ProfileOf(ASK, "gex", (0.9, 1.1), 2),),
        (ProfileOf(weighed, "gex", FLIP_REACH, 2),),
    ]
    assert sheet.evaluate("BASKETPROFILE", NVDA) == ((0.9, -5.0), (1.1, 5.0))
    assert sheet.evaluate("BASKETPROFILE", (*NVDA, None, (("GAMMA",),))) is CellError.VALUE


DISPERSION = Dispersion(
    *(0.19, 0.24, 0.3, 0.22360679774997896, (("NVDA", 0.2), ("AMD", 0.1)), ("ZZZZ",), 0.8),
    *("positive_gamma", "negative_gamma", -0.4, ("AMD",), 0.0, 30.0, 0.19, 0.19, "available", 0.95),
)


def test_a_dispersion_is_rows_of_name_and_value() -> None:
    client = FakeClient(DISPERSION)
    sheet = Worksheet(client)
    spx, both, loads = (("SPX",),), (("NVDA", "AMD"),), ((2.0, 1.0),)
    rows = sheet.evaluate("DISPERSION", (spx, both, loads, ((91.0,),)), prefetch=lambda: [ASK])
    assert rows == (
        ("implied correlation", 0.19),
        ("index volatility", 0.24),
        ("mean member volatility", 0.3),
        ("volatility at correlation 0", 0.22360679774997896),
        ("covered weight", 0.8),
        ("no volatility", "ZZZZ"),
        ("index regime", "positive gamma"),
        ("basket regime", "negative gamma"),
        ("net to gross", -0.4),
        ("opposed to the index", "AMD"),
        ("correlation", "available"),
        ("correlation at least", 0.19),
        ("correlation at most", 0.19),
        ("covered part of the index", 0.95),
        ("contribution NVDA", 0.2),
        ("contribution AMD", 0.1),
    )
    sheet.evaluate("DISPERSION", (spx, both))
    members = ("NVDA", "AMD")
    assert client.calls == [  # alone: the document's baskets do not travel with it
        (DispersionOf("SPX", Ask(members, (2.0, 1.0)), 91.0),),
        (DispersionOf("SPX", Ask(members), 30.0),),
    ]


def test_a_dispersion_has_no_figures_where_there_are_none() -> None:
    bare = Dispersion(*(None,) * 4, (), ("NVDA",), 0.0, "", "", None, (), 0.0, 30.0)
    na = CellError.NOT_AVAILABLE
    rows = Worksheet(FakeClient(bare)).evaluate("DISPERSION", ((("SPX",),), *NVDA))
    assert isinstance(rows, tuple)
    assert [row[1] for row in rows] == [
        *(na, na, na, na, 0.0, "NVDA", na, na, na, na),
        *("", na, na, na),
    ]


def test_a_correlation_of_part_of_an_index_is_a_range_and_no_number() -> None:
    found = DISPERSION._replace(
        implied_correlation=None,
        correlation_low=-0.084,
        correlation_high=0.412,
        correlation_status="part_of_index",
        index_covered=0.55,
    )
    rows = Worksheet(FakeClient(found)).evaluate("DISPERSION", ((("SPX",),), *NVDA))
    assert isinstance(rows, tuple)
    assert rows[0] == ("implied correlation", "-0.08 to 0.41")
    assert rows[10:14] == (
        ("correlation", "part of index"),
        ("correlation at least", -0.084),
        ("correlation at most", 0.412),
        ("covered part of the index", 0.55),
    )


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        NVDA,
        (None, *NVDA),
        ((("SPX", "NDX"),), *NVDA),
        (*NVDA, (("A", "B"),), ((1.0,),)),
        *((*NVDA, *NVDA, None, ((days,),)) for days in (0.0, -1.0, 3651.0, "soon", True, CellError.VALUE)),
    ],
)
def test_what_makes_no_dispersion_is_refused(arguments: Any) -> None:
    client = FakeClient(DISPERSION)
    assert Worksheet(client).evaluate("DISPERSION", arguments) is CellError.VALUE
    assert client.calls == []


def test_why_tells_the_latest_reason() -> None:
    """The formula of an earlier one may be gone: nothing then takes it back."""
    client = FakeClient()
    sheet = Worksheet(client)
    for question, name, sentence in (
        (LevelsOf("NVDA"), "GEXLEVELS", "no levels"),
        (StrikesOf("NVDA"), "GEXSTRIKES", "no strikes"),
        (LevelsOf("NVDA"), "GEXLEVELS", "still no levels"),
    ):
        client.memory[question] = Problem("not_offered", sentence)
        assert sheet.evaluate(name, NVDA) is CellError.NOT_AVAILABLE
        assert sheet.evaluate("BASKETWHY", NVDA) == sentence


def test_why_there_is_no_dispersion_is_told_of_its_members() -> None:
    client = FakeClient(Problem("not_offered", "The source has no chains."))
    sheet = Worksheet(client)
    spx, both, loads = (("SPX",),), (("NVDA", "AMD"),), ((2.0, 1.0),)
    assert sheet.evaluate("DISPERSION", (spx, both, loads)) is CellError.NOT_AVAILABLE
    client.answer = REPLY
    assert sheet.evaluate("BASKETWHY", (both, loads)) == "The source has no chains."
    assert sheet.evaluate("BASKETWHY", (spx,)) == sheet.evaluate("BASKETWHY", (both,)) == "OK"
    client.memory[DispersionOf("SPX", Ask(("NVDA", "AMD"), (2.0, 1.0)), 30.0)] = DISPERSION
    assert isinstance(sheet.evaluate("DISPERSION", (spx, both, loads)), tuple)
    assert sheet.evaluate("BASKETWHY", (both, loads)) == "OK"


def test_why_tells_the_reason_of_the_function_that_is_named() -> None:
    """Two functions of one symbol fail for two reasons: each is told where it is asked for, whichever came last."""

    class Two(FakeClient):
        def ask(self, question: Any) -> Any:
            return problems.NO_STRIKES if isinstance(question, StrikesOf) else problems.NOT_ENTITLED

    sheet = Worksheet(Two())
    for order in (("GEXSTRIKES", "GEXPROFILE"), ("GEXPROFILE", "GEXSTRIKES")):
        for name in order:
            assert sheet.evaluate(name, NVDA) is CellError.NOT_AVAILABLE
        for name, problem in (("GEXSTRIKES", problems.NO_STRIKES), ("gexprofile", problems.NOT_ENTITLED)):
            assert sheet.evaluate("BASKETWHY", (*NVDA, None, ((name,),))) == problem.sentence


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((((None,),), None, (("GEXLEVELS",),)), "No symbols: give at least one ticker."),
        (((("NVDA", "AMD"),), None, (("GEXSTRIKES",),)), "2 symbols: give one ticker."),
        (
            ((("NVDA",),), ((1.0, 2.0),), (("BASKETFLIP",),)),
            "1 symbols but 2 weights: give one weight beside each symbol, or none at all.",
        ),
        (
            ((("NVDA",),), None, (("BASKETX",),)),
            "BASKETX is no function of Basket GEX: give a name such as GEXSTRIKES.",
        ),
        (((("NVDA",),), None, (("BASKETGEX",),)), "OK"),
        (((("NVDA",),), None, ((None,),)), "OK"),
    ],
)
def test_why_of_a_named_function_tells_bad_input(arguments: Any, sentence: str) -> None:
    assert Worksheet(FakeClient()).evaluate("BASKETWHY", arguments) == sentence


NAMES, LOADS = (("NVDA",), ("AMD",)), ((0.6,), (0.4,))
WRONG: list[tuple[str, tuple[Any, ...], str]] = [
    ("BASKETTOTAL", (NAMES, LOADS, (("GAMMA",),)), "The measure must be GEX, DEX, VEX, CHEX or ALL."),
    ("BASKETTOP", (NAMES, LOADS, ((0.0,),)), "n must be a whole number, 1 or more."),
    (
        "BASKETASOF",
        (NAMES, LOADS, (("EDT",),)),
        "The zone is not known: write one such as Europe/London or UTC.",
    ),
    ("BASKET", (NAMES, LOADS, (("yes",),)), "The headers argument must be TRUE or FALSE."),
    ("GEXPROFILE", ((("NVDA",),), (("GAMMA",),)), "The measure must be GEX, DEX, VEX or CHEX."),
    (
        "GEXPROFILE",
        ((("NVDA",),), None, ((1.2,),), ((0.8,),)),
        "low must be less than high: 0.8 and 1.2, say.",
    ),
    (
        "BASKETPROFILE",
        (NAMES, LOADS, None, None, None, ((1.0,),)),
        "levels must be a whole number, 2 to 2000.",
    ),
    (
        "DISPERSION",
        ((("SPY",),), NAMES, LOADS, ((0.0,),)),
        "horizon must be a number of calendar days, above 0 and up to 3650.",
    ),
    ("SYMBOLGEX", (NAMES,), "2 symbols: give one ticker."),
    ("SYMBOLGEX", ((("NVDA,AMD",),),), "2 symbols: give one ticker."),
]


@pytest.mark.parametrize(("name", "arguments", "sentence"), WRONG)
def test_every_bad_argument_is_explained(name: str, arguments: tuple[Any, ...], sentence: str) -> None:
    sheet = Worksheet(FakeClient())
    assert sheet.explain([(name, arguments)]) == sentence  # before the cell itself was ever calculated
    assert sheet.evaluate(name, arguments) is CellError.VALUE
    basket = arguments[1:3] if name == "DISPERSION" else arguments[: 2 if name.startswith("BASKET") else 1]
    # Of the basket it is no reason, and would stay one after the cell was corrected.
    assert sheet.evaluate("BASKETWHY", basket) == "OK"
    assert sheet.explain([("BASKETGEX", arguments[:1]), (name, arguments)]) == sentence


def test_explained_are_also_the_source_s_reasons_and_what_is_none_of_ours() -> None:
    sheet = Worksheet(FakeClient(problems.TIMED_OUT))
    for name in (
        "BASKETGEX",
        "BASKETREGIME",
        "BASKETSINCE",
        "GEXLEVELS",
        "GEXSTRIKES",
        "BASKETFLIP",
        "SYMBOLGEX",
    ):
        assert sheet.explain([(name, NVDA)]) == problems.TIMED_OUT.sentence
    assert sheet.explain([]) == NO_FORMULA
    assert sheet.explain([("BASKETTOP", None)]) == COMPUTED.format(name="BASKETTOP")
    assert Worksheet(FakeClient()).explain([("BASKETGEX", NVDA), ("BASKETWHY", NVDA)]) == "OK"
