"""Baskets and their regimes: many of them in one call, and every answer into memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from basketgex.home import Home
from basketgex_addin.cells import Ask, BasketQuestion, Problem, Question, RegimesOf, Reply, Since
from basketgex_addin.client import problems
from basketgex_addin.client.connection import Connection
from basketgex_addin.client.last_good import AWAY, SOURCE_AWAY, last_good
from basketgex_addin.client.memo import Memo
from basketgex_addin.client.rpc import GET_REGIMES
from basketgex_addin.loading import uncollected

NOT_CACHED = "not_cached"
"""The server's code for a basket that it has no figure of and was not to ask for."""

A = TypeVar("A")
_Answers = dict[BasketQuestion[object], object]


class Baskets:
    """Asks for baskets over a connection. Nothing raises. Thread-safe; ``now`` gives Unix seconds.

    While the desk that a home has joined is away, what it last said is answered.
    """

    def __init__(
        self, connection: Connection, memo: Memo, home: Home, now: Callable[[], float] = time.time
    ) -> None:
        self._connection = connection
        self._memo = memo
        self._home = home
        self._now = now

    def ask_many(self, questions: Sequence[BasketQuestion[A]], refresh: str = "NORMAL") -> list[A | Problem]:
        """Return the answers in order: one call for what memory lacks, or for all unless ``refresh`` is NORMAL.

        Regimes are one call more; the server knows only those of baskets it has been asked for. What is asked for by FORCE is
        news for every basket that has one of its symbols: their answers hold no longer.
        """
        found = self._answers(questions, refresh)
        return [_of(question, found) for question in questions]

    def ask_with(self, question: BasketQuestion[A], others: Sequence[BasketQuestion[object]]) -> A | Problem:
        """Return the answer; what memory lacks of the others travels in the same call."""
        return _of(question, self._answers([question, *others], "NORMAL"))

    def _answers(self, questions: Sequence[BasketQuestion[object]], refresh: str) -> _Answers:
        found: _Answers = dict.fromkeys(questions)
        if refresh == "NORMAL":
            found = {question: self._memo.get(question) for question in found}
        regimes = [q for q, answer in found.items() if answer is None and isinstance(q, RegimesOf)]
        asks = [q for q, answer in found.items() if answer is None and isinstance(q, Ask)]
        asks += [q.ask for q in regimes if q.ask not in found and self._memo.get(q.ask) is None]
        if asks:
            if refresh == "FORCE":
                self._memo.forget(symbol for ask in asks for symbol in ask.symbols)
            found.update(zip(asks, self.send(asks, refresh), strict=True))
        if regimes:
            found.update(zip(regimes, self.regimes([q.ask for q in regimes]), strict=True))
        return found

    def send(
        self, asks: Sequence[Ask], refresh: str = "NORMAL", *, early: float = 0.0
    ) -> list[Reply | Problem]:
        """Return baskets' replies by one call, ``early`` seconds before its deadline."""
        try:
            with uncollected():
                from basketgex_addin.client import codec
        except Exception:  # noqa: BLE001 - protobuf missing, or older than the contract's code
            return [problems.MISSING_PACKAGE] * len(asks)
        try:
            parts = codec.chunks(asks)
            requests = [codec.encode(part, refresh) for part in parts]
            stamp, responses = self._connection.batch(requests, early)
            answers: list[Reply | Problem] = []
            for part, found in zip(parts, responses, strict=True):
                answers.extend(
                    [found] * len(part) if isinstance(found, Problem) else codec.decode(part, found)
                )
        except Exception:  # noqa: BLE001 - a problem for the person, never a traceback in the host
            return [problems.CLIENT_FAULT] * len(asks)
        # A source that was too slow for one basket is too slow for the next: the deadline is the whole pass's.
        failed = [answer for answer in answers if isinstance(answer, Problem)]
        self._connection.record_failure(*failed)
        if any(map(self._is_away, failed)):
            answers = list(map(self.or_last_good, asks, answers))
        # What was too much for all at once may be answered for one alone, and that the server was told not to ask the source
        # is no answer for those who let it.
        passing = problems.TOO_MUCH_AT_ONCE if len(asks) > 1 else frozenset[str]()
        if refresh == "CACHE_ONLY":
            passing |= {NOT_CACHED}
        pairs = zip(asks, answers, strict=True)
        self._memo.put((pair for pair in pairs if getattr(pair[1], "code", "") not in passing), stamp)
        return answers

    def regimes(self, asks: Sequence[Ask]) -> list[Since | Problem]:
        """Return, in order, since when baskets have been in their regime: from what the server keeps, at no source call."""
        try:
            from basketgex_addin.client import codec
        except Exception:  # noqa: BLE001 - protobuf missing, or older than the contract's code
            return [problems.MISSING_PACKAGE] * len(asks)
        stamp = self._home.stamp()
        try:
            answers: list[Since | Problem] = []
            for part in codec.chunks(asks):
                found = self._connection.call(GET_REGIMES, GET_REGIMES.request(baskets=codec.encode(part)))
                answers.extend(
                    [found] * len(part)
                    if isinstance(found, Problem)
                    else codec.decode_baskets_regimes(len(part), found)
                )
        except Exception:  # noqa: BLE001 - a problem for the person, never a traceback in the host
            return [problems.CLIENT_FAULT] * len(asks)
        answers = [
            self._memo.remembered(RegimesOf(ask)) or a if self._is_away(a) else a
            for ask, a in zip(asks, answers, strict=True)
        ]
        self._memo.put(zip(map(RegimesOf, asks), answers, strict=True), stamp)
        return answers

    def or_last_good(self, question: Question[A], answer: A | Problem) -> A | Problem:
        """Return the answer; where desk or source is away, what the question was last answered, if it may be shown.

        What a basket is while its source is away the server says itself.
        """
        if not isinstance(answer, Problem):
            return answer
        of_source = answer.code in SOURCE_AWAY and not isinstance(question, BasketQuestion)
        if not of_source and not self._is_away(answer):
            return answer
        known = self._memo.remembered(question)
        return answer if known is None else last_good(known, answer, self._now())

    def _is_away(self, answer: object) -> bool:
        return answer in AWAY and self._home.desk() is not None


def _of(question: BasketQuestion[A], found: _Answers) -> A | Problem:
    # Beside each question stands its own kind of answer.
    return cast("A | Problem", found[question] or problems.CLIENT_FAULT)
