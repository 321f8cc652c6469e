"""The onion around the worksheet functions: what asks, what does not, and that nothing ever raises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from basketgex_addin.cells import Ask, CellError, Problem, Quota, Reply
from basketgex_addin.client import problems
from basketgex_addin.client.problems import NOT_METERED
from basketgex_addin.functions import FUNCTIONS
from basketgex_addin.worksheet import FAULT, Worksheet

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


class FakeClient:
    def __init__(self, answer: Any = REPLY) -> None:
        self.answer = answer
        self.memory: dict[Ask, Reply | Problem] = {}
        self.calls: list[tuple[Ask, ...]] = []

    def known(self, ask: Ask) -> Reply | Problem | None:
        return self.memory.get(ask)

    def ask(self, ask: Ask) -> Reply | Problem:
        return self.memory.get(ask) or self.ask_many([ask])[0]

    def ask_many(self, asks: Sequence[Ask]) -> list[Reply | Problem]:
        self.calls.append(tuple(asks))
        if isinstance(self.answer, Exception):
            raise self.answer
        self.memory.update((ask, self.answer) for ask in asks)
        return [self.answer] * len(asks)

    def quota(self) -> Quota | Problem:
        return NOT_METERED

    def remembered(self, ask: Ask) -> Reply | None:
        found = self.memory.get(ask)
        return found if isinstance(found, Reply) else None


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
        def ask_many(self, asks: Sequence[Ask]) -> list[Reply | Problem]:
            self.calls.append(tuple(asks))
            return [REPLY if len(asks) == 1 else problems.TOO_LARGE] * len(asks)

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
    assert len(sheet._faults) == 256


def test_the_quota_of_a_source_that_costs_nothing_is_not_available() -> None:
    assert Worksheet(FakeClient()).evaluate("BASKETQUOTA", []) is CellError.NOT_AVAILABLE


def test_an_unlimited_plan_says_so() -> None:
    client = FakeClient()
    client.quota = lambda: Quota("Alpha", None, 7, None, True, 1_795_046_400.0, 93)  # type: ignore[method-assign]
    row = ("Alpha", "unlimited", 7.0, "unlimited", "2026-11-19 00:00 UTC", 93.0)
    assert Worksheet(client).evaluate("BASKETQUOTA", []) == (row,)
