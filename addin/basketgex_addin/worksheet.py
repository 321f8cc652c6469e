"""The onion around every worksheet function: check, answer from memory or ask, render, and never raise.

Every way of evaluating a cell goes through here, in one file.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from basketgex_addin.cells import (
    Ask,
    BadInput,
    BasketQuestion,
    CellError,
    Problem,
    Question,
    Reply,
    Result,
    is_historical,
)
from basketgex_addin.client.last_good import last_good_notice, still_good
from basketgex_addin.client.problems import OVERDUE, TOO_MUCH_AT_ONCE
from basketgex_addin.functions import BY_NAME, Function, Kind, Way
from basketgex_addin.functions.moments import NO_AGE
from basketgex_addin.functions.record import A, Arguments, O
from basketgex_addin.functions.status import BASKETWHY
from basketgex_addin.patience import DEADLINE, Patience
from basketgex_addin.reasons import Reasons

if TYPE_CHECKING:
    from basketgex_addin.prefetch import Asked, Foreseen

WHY = BASKETWHY.name
FAULT = "The add-in failed while answering this cell. Recalculate to try again."

NO_FORMULA = "That cell has no formula of Basket GEX."
COMPUTED = (
    "An argument of {name} there is a formula itself: put that into cells of its own, or ask BASKETWHY with the same "
    "arguments."
)
UNKNOWN_FUNCTION = "{name} is no function of Basket GEX: give a name such as GEXSTRIKES."

Prefetch: TypeAlias = "Callable[[], Sequence[Foreseen]]"
Trigger = Callable[[object], bool]


class Client(Protocol):
    """What the functions need of ``client.BasketClient``. No method raises."""

    def known(self, question: Question[A]) -> A | Problem | None:
        """Return the answer that memory still vouches for, or None: no call."""

    def ask(self, question: Question[A]) -> A | Problem:
        """Return the answer or a Problem, from memory or by a call, which for baskets many threads share."""

    def ask_with(self, question: BasketQuestion[A], others: Sequence[Foreseen]) -> A | Problem:
        """Return the answer; what memory lacks of the others travels in the same call."""

    def ask_many(
        self, questions: Sequence[BasketQuestion[A]], refresh: str = "NORMAL"
    ) -> Sequence[A | Problem]:
        """Return the answers by one call: FORCE asks the source again, CACHE_ONLY only what the server has."""

    def remembered(self, question: Question[A]) -> A | None:
        """Return the last reply of any age: no call."""

    def submit(self, ask: Ask) -> object:
        """Ask without waiting; what comes goes into memory."""


class Live(Protocol):
    """What a host in live mode offers: cells that do not wait, and are told when their answer is there. Nothing blocks."""

    def latest(self, question: BasketQuestion[A]) -> A | Problem | None:
        """Return what the stream last said of a basket."""

    def want(self, question: Foreseen) -> None:
        """Let the stream carry this basket, for the cell that is being calculated."""

    def later(self, question: Question[object], work: Callable[[], object], *, wanted: bool = False) -> None:
        """Do ``work`` on another thread, then calculate the cell again that is being calculated.

        ``wanted``: a person asked for it, so it is done whatever else is under way for the question.
        """


class Worksheet:
    """Evaluates worksheet functions over a client. Safe to share between threads.

    ``more_to_say`` is told a basket of which BASKETWHY may say something else from now on, though no figure changed.
    """

    def __init__(
        self,
        client: Client,
        now: Callable[[], float] = time.time,
        more_to_say: Callable[[Question[object]], None] = lambda _: None,
    ) -> None:
        self._client = client
        self._more_to_say = more_to_say
        self._now = now
        self._patience = Patience(getattr(client, "deadline", DEADLINE))
        self._reasons = Reasons()

    def evaluate(
        self,
        name: str,
        arguments: Arguments,
        prefetch: Prefetch | None = None,
        *,
        trigger: Trigger | None = None,
        live: Live | None = None,
        patience: Patience | None = None,
    ) -> Result:
        """Return what the cell shows: a value, a table, or the error value that stands for a problem. Never raises.

        ``prefetch`` tells the baskets that the document is about to ask for; it is called where memory has no answer,
        and they travel in the same call. ``trigger`` tells whether BASKETREFRESH's trigger has changed in the calling cell
        since it was last seen there. With ``live`` nothing waits: what is not known yet is #N/A until it is. A host
        that knows where a calculation begins gives its ``patience``.
        """
        name = name.upper()
        try:
            now = _Pass(prefetch, trigger, live, patience or self._patience)
            if name != WHY:
                return self._evaluate(name, arguments, now)
            if (named := _named(arguments)) is not None:
                return self._why(named, arguments[:2], now)
            result = self._evaluate(WHY, arguments, now)
            return self._recall(arguments, result) if self._reasons and result in ("OK", NO_AGE) else result
        except Exception:  # noqa: BLE001 - the last guard: nothing of ours may reach a cell
            if name == WHY:
                return FAULT
            self._reasons.remember(name, _key(name, arguments), FAULT)
            return CellError.NOT_AVAILABLE

    def explain(
        self,
        asked: Sequence[Asked],
        prefetch: Prefetch | None = None,
        *,
        live: Live | None = None,
        patience: Patience | None = None,
    ) -> Result:
        """Return why a cell has no value: the reason of the first of its functions that has none, or OK. Never raises."""
        now = _Pass(prefetch, None, live, patience or self._patience)
        try:
            told = (self._reason(name, arguments, now) for name, arguments in asked)
            return next((said for said in told if said != "OK"), "OK" if asked else NO_FORMULA)
        except Exception:  # noqa: BLE001 - the last guard
            return FAULT

    def _reason(self, name: str, arguments: Arguments | None, now: _Pass) -> Result:
        """Return why a function has no value for its arguments, or an old one; #N/A while that is not known, else OK."""
        if arguments is None:
            return COMPUTED.format(name=name)
        function = BY_NAME[name]
        if function.kind.way is Way.EXPLAIN or name == WHY:
            return "OK"
        if not isinstance(self._evaluate(name, arguments, now), CellError):
            return (self._reasons.of(name, _key(name, arguments)) if self._reasons else None) or "OK"
        try:
            question, _ = _asked(function.kind, function.given(arguments))
        except BadInput as bad:
            return bad.problem.sentence
        if isinstance(question, Ask):
            return self._evaluate(WHY, arguments[:2] if function.weighs else arguments[:1], now)
        return self._reasons.of(name, _key(name, arguments)) or CellError.NOT_AVAILABLE

    def _why(self, name: str, arguments: Arguments, now: _Pass) -> Result:
        """Return why a function has no value for a basket, or one symbol, and its own defaults."""
        if name not in BY_NAME:
            return UNKNOWN_FUNCTION.format(name=name)
        return self._reason(name, arguments if BY_NAME[name].weighs else arguments[:1], now)

    def _recall(self, arguments: Arguments, result: Result) -> Result:
        """Return what else is known against a basket whose reply has nothing against it."""
        return self._reasons.latest(_key(WHY, arguments), self._is_answered) or result

    def _is_answered(self, question: Question[object]) -> bool:
        """Tell whether a question has found an answer since its cell was calculated, which may come after this one."""
        known = self._client.known(question)
        return known is not None and not isinstance(known, Problem) and not last_good_notice(known)

    def _has_no_age(self, answer: object, key: Callable[[], str]) -> bool:
        """Tell whether an age is asked for of figures that have none."""
        return isinstance(answer, Reply) and is_historical(answer) and self._reasons.wants_age(key())

    def _evaluate(self, name: str, arguments: Arguments, now: _Pass) -> Result:
        function = BY_NAME[name]
        return self._shown(function.kind, function, arguments, now)

    def _shown(self, kind: Kind[A, O], function: Function, arguments: Arguments, now: _Pass) -> Result:
        """Return what a function's cell shows; ``kind`` is the function's own."""
        try:
            question, option = _asked(kind, function.given(arguments))
        except BadInput as bad:
            return kind.refuse(bad.problem)
        key = partial(_key, function.name, arguments)  # of a large range, too much for every cell
        answer = self._answered(kind, question, option, key, now)
        # BASKETWHY asks for the basket's figures: of a problem with anything else it would not know.
        of_reply = kind.way is Way.ASK and isinstance(question, Ask)
        said = answer.sentence if isinstance(answer, Problem) else last_good_notice(answer)
        if said and not of_reply:
            self._reasons.remember(function.name, key(), said, question)
        elif self._reasons and kind.way is not Way.REMEMBER:
            self._reasons.forget(function.name, key())
        if answer is None:  # on its way
            return CellError.NOT_AVAILABLE
        if isinstance(answer, Problem):
            return kind.refuse(answer)
        if function.name == WHY and self._has_no_age(answer, key):
            return NO_AGE
        shown = kind.show(answer, option)
        return shown(self._now()) if callable(shown) else shown

    def _answered(
        self, kind: Kind[A, O], question: Question[A], option: O, key: Callable[[], str], now: _Pass
    ) -> A | Problem | None:
        """Return the answer to a question in its function's own way; None where it is not there yet."""
        if kind.way is Way.REMEMBER:
            if self._reasons.note_age(key()):
                self._more_to_say(question)
            return self._client.remembered(question)
        if kind.way is Way.TRIGGER and isinstance(question, BasketQuestion):
            return self._refresh(question, option, now)
        return self._live(question, now.live) if now.live else self._answer(question, now)

    def _answer(self, question: Question[A], now: _Pass) -> A | Problem:
        if not isinstance(question, BasketQuestion) or now.prefetch is None:
            return self._waited_for(question, now.patience, lambda: self._client.ask(question))
        known = self._client.known(question)
        if known is not None:
            return known
        others = _others(question, now.prefetch)
        answer = self._waited_for(question, now.patience, lambda: self._client.ask_with(question, others))
        if isinstance(answer, Problem) and answer.code in TOO_MUCH_AT_ONCE:
            # The company was too large, not the question: a cell must not depend on what travels with it.
            return self._waited_for(question, now.patience, lambda: self._client.ask(question))
        return answer

    def _waited_for(
        self, question: Question[A], patience: Patience, work: Callable[[], A | Problem]
    ) -> A | Problem:
        """Return what ``work`` finds, within what is left of the calculation's deadline; the rest is asked for together."""
        answer = patience.wait(work)
        if answer is not None:
            return answer
        known = self._client.known(question)
        if known is None and isinstance(question, BasketQuestion):
            self._client.submit(question.basket)
        return _late(patience) if known is None else known

    def _live(self, question: Question[A], live: Live) -> A | Problem | None:
        known = self._client.known(question)
        if isinstance(question, BasketQuestion):
            live.want(question)
            return known if known is not None else live.latest(question)
        if known is None:
            live.later(question, lambda: self._client.ask(question))
            return still_good(self._client.remembered(question), self._now())
        return known

    def _refresh(self, question: BasketQuestion[A], value: object, now: _Pass) -> A | Problem | None:
        """Ask the source again where the trigger changed, else only look at what is there."""
        refresh = "FORCE" if now.trigger is not None and now.trigger(value) else "CACHE_ONLY"
        if now.live is None:
            known = self._client.known(question) if refresh == "CACHE_ONLY" else None
            if known is not None:
                return known
            found = now.patience.wait(
                lambda: self._client.ask_many([question], refresh)[0], anyway=refresh == "FORCE"
            )
            return _late(now.patience) if found is None else found
        known = self._client.known(question) or self._client.remembered(question)
        if refresh == "FORCE" or known is None:
            now.live.later(
                question, lambda: self._client.ask_many([question], refresh), wanted=refresh == "FORCE"
            )
        return known


class _Pass(NamedTuple):
    """What the host gives for one evaluation."""

    prefetch: Prefetch | None
    trigger: Trigger | None
    live: Live | None
    patience: Patience


def _late(patience: Patience) -> Problem:
    """Return why a cell was not waited for: what those that were waited for have met, if they have."""
    said = patience.slowest_said
    return said if isinstance(said, Problem) else OVERDUE


def _asked(kind: Kind[A, O], given: Arguments) -> tuple[Question[A], O]:
    """Return a call's question and option. Raises BadInput."""
    return kind.question(given), kind.option(given)


def _named(arguments: Arguments) -> str | None:
    """Return the function that BASKETWHY's third argument names, None where it names none."""
    third = arguments[2] if len(arguments) > 2 else None
    cell = third[0][0] if third and third[0] else None
    return None if cell is None else str(cell).strip().upper()


def _others(question: Foreseen, prefetch: Prefetch) -> list[Foreseen]:
    try:
        return [other for other in prefetch() if other != question]
    except Exception:  # noqa: BLE001 - reading ahead is a courtesy; the cell itself can still be answered
        return []


def _key(name: str, arguments: Arguments) -> str:
    """Return what BASKETWHY is called with where it is asked about this cell."""
    function = BY_NAME.get(name)
    return repr(function.basket(arguments) if function is not None else ((*arguments, None)[0], None))
