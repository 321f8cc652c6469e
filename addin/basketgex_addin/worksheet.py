"""The onion around every worksheet function: check, answer from memory or ask, render, and never raise."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from basketgex_addin import cells
from basketgex_addin.cells import Ask, BadInput, Block, CellError, Problem, Quota, Reply, Result
from basketgex_addin.client.problems import TOO_MUCH_AT_ONCE
from basketgex_addin.functions import BY_NAME, QUOTA

FAULT = "The add-in failed while answering this cell. Recalculate to try again."

_MOST_FAULTS = 256


class Client(Protocol):
    """What the functions need of ``client.BasketClient``. No method raises."""

    def known(self, ask: Ask) -> Reply | Problem | None:
        """Return the answer that memory still vouches for, or None: no call."""

    def ask(self, ask: Ask) -> Reply | Problem:
        """Return the answer, from memory or by a call that many threads share."""

    def ask_many(self, asks: Sequence[Ask]) -> list[Reply | Problem]:
        """Return the answers, those not in memory by one call."""

    def remembered(self, ask: Ask) -> Reply | None:
        """Return the last reply of any age: no call."""

    def quota(self) -> Quota | Problem:
        """Return a metered source's quota."""


class Worksheet:
    """Evaluates worksheet functions over a client. Safe to share between threads."""

    def __init__(self, client: Client, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._now = now
        self._faults: dict[tuple[str, str], None] = {}

    def evaluate(
        self,
        name: str,
        arguments: Sequence[Block | None],
        prefetch: Callable[[], Sequence[Ask]] | None = None,
    ) -> Result:
        """Return what the cell shows: a value, a table, or the error value that stands for a problem. Never raises.

        ``prefetch`` tells the baskets that the document is about to ask for; it is called where memory has no answer,
        and they travel in the same call.
        """
        try:
            result = self._evaluate(name.upper(), arguments, prefetch)
            if self._faults:
                result = self._recall(name.upper(), arguments, result)
        except Exception:  # noqa: BLE001 - the last guard: nothing of ours may reach a cell
            return self._remember(name, arguments)
        return result

    def _evaluate(
        self, name: str, arguments: Sequence[Block | None], prefetch: Callable[[], Sequence[Ask]] | None
    ) -> Result:
        function = BY_NAME[name]
        if function is QUOTA:
            found = self._client.quota()
            return found.cell_error if isinstance(found, Problem) else cells.quota(found)
        symbols, weights, headers = (*arguments, None, None, None)[:3]
        try:
            ask = cells.ask(symbols, weights)
            with_headers = name == "BASKET" and cells.wants_headers(headers)
        except BadInput as bad:
            return _refusal(name, bad.problem)
        if function.volatile:
            reply = self._client.remembered(ask)
            return CellError.NOT_AVAILABLE if reply is None else cells.age(reply, self._now())
        answer = self._answer(ask, prefetch)
        return (
            _refusal(name, answer)
            if isinstance(answer, Problem)
            else cells.render(name, answer, with_headers)
        )

    def _answer(self, ask: Ask, prefetch: Callable[[], Sequence[Ask]] | None) -> Reply | Problem:
        if prefetch is None:
            return self._client.ask(ask)
        known = self._client.known(ask)
        if known is not None:
            return known
        answer = self._client.ask_many([ask, *_others(ask, prefetch)])[0]
        if isinstance(answer, Problem) and answer.code in TOO_MUCH_AT_ONCE:
            # The company was too large, not the question: a cell must not depend on what travels with it.
            return self._client.ask(ask)
        return answer

    def _remember(self, name: str, arguments: Sequence[Block | None]) -> Result:
        if name.upper() == "BASKETWHY":
            return FAULT
        while len(self._faults) >= _MOST_FAULTS:
            self._faults.pop(next(iter(self._faults), ("", "")), None)
        self._faults[name.upper(), _key(arguments)] = None
        return CellError.NOT_AVAILABLE

    def _recall(self, name: str, arguments: Sequence[Block | None], result: Result) -> Result:
        key = _key(arguments)
        if name != "BASKETWHY":
            self._faults.pop((name, key), None)
        elif result == "OK" and any(fault[1] == key for fault in list(self._faults)):
            return FAULT
        return result


def _refusal(name: str, problem: Problem) -> Result:
    return problem.sentence if name == "BASKETWHY" else problem.cell_error


def _others(ask: Ask, prefetch: Callable[[], Sequence[Ask]]) -> list[Ask]:
    try:
        return [other for other in prefetch() if other != ask]
    except Exception:  # noqa: BLE001 - reading ahead is a courtesy; the cell itself can still be answered
        return []


def _key(arguments: Sequence[Block | None]) -> str:
    return repr((*arguments, None, None)[:2])
