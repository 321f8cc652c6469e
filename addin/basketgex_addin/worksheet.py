"""The onion around every worksheet function: check, answer from memory or ask, render, and never raise."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from basketgex_addin import cells
from basketgex_addin.cells import (
    NO_AGE,
    Ask,
    BadInput,
    Block,
    CellError,
    InputCell,
    LevelsOf,
    Problem,
    Question,
    QuotaOf,
    RegimesOf,
    Reply,
    Result,
    StrikesOf,
)
from basketgex_addin.client.problems import OVERDUE, TOO_MUCH_AT_ONCE
from basketgex_addin.functions import BY_NAME, SYMBOL, Answer, Function
from basketgex_addin.patience import DEADLINE, Patience
from basketgex_addin.prefetch import Asked

FAULT = "The add-in failed while answering this cell. Recalculate to try again."

NO_FORMULA = "That cell has no formula of Basket GEX."
COMPUTED = (
    "An argument of {name} there is a formula itself: put that into cells of its own, or ask BASKETWHY with the same "
    "arguments."
)
UNKNOWN_FUNCTION = "{name} is no function of Basket GEX: give a name such as GEXSTRIKES."

Prefetch = Callable[[], Sequence[Ask | RegimesOf]]

_MOST_FAULTS = 256
_MOST_AGES = 4_096


class Client(Protocol):
    """What the functions need of ``client.BasketClient``. No method raises."""

    def known(self, question: Question) -> Any:
        """Return the answer that memory still vouches for, or None: no call."""

    def ask(self, question: Question) -> Any:
        """Return the answer or a Problem, from memory or by a call, which for baskets many threads share."""

    def ask_many(self, questions: Sequence[Ask | RegimesOf], refresh: str = "NORMAL") -> list[Any]:
        """Return the answers, those not in memory by one call."""

    def remembered(self, ask: Ask) -> Reply | None:
        """Return the last reply of any age: no call."""

    def submit(self, ask: Ask) -> object:
        """Ask without waiting; what comes goes into memory."""


class Live(Protocol):
    """What a host in live mode offers: cells that do not wait, and are told when their answer is there. Nothing blocks."""

    def latest(self, question: Ask | RegimesOf) -> Any:
        """Return what the stream last said of a basket."""

    def want(self, question: Ask | RegimesOf) -> None:
        """Let the stream carry this basket, for the cell that is being calculated."""

    def later(self, question: Question, work: Callable[[], object], *, wanted: bool = False) -> None:
        """Do ``work`` on another thread, then calculate the cell again that is being calculated.

        ``wanted``: a person asked for it, so it is done whatever else is under way for the question.
        """


class Worksheet:
    """Evaluates worksheet functions over a client. Safe to share between threads."""

    def __init__(self, client: Client, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._now = now
        self._patience = Patience(getattr(client, "deadline", DEADLINE))
        self._faults: dict[tuple[str, str], tuple[str, Question | None]] = {}
        self._aged: dict[str, None] = {}

    def evaluate(
        self,
        name: str,
        arguments: Sequence[Block | None],
        prefetch: Prefetch | None = None,
        *,
        trigger: Callable[[InputCell], bool] | None = None,
        live: Live | None = None,
    ) -> Result:
        """Return what the cell shows: a value, a table, or the error value that stands for a problem. Never raises.

        ``prefetch`` tells the baskets that the document is about to ask for; it is called where memory has no answer,
        and they travel in the same call. ``trigger`` tells whether BASKETREFRESH's trigger has changed in the calling cell
        since it was last seen there. With ``live`` nothing waits: what is not known yet is #N/A until it is.
        """
        name = name.upper()
        try:
            now = _Pass(prefetch, trigger, live)
            if name == "BASKETWHY" and (named := _named(arguments)) is not None:
                return self._why(named, arguments[:2], now)
            result = self._evaluate(name, arguments, now)
            return self._recall(arguments, result) if name == "BASKETWHY" and self._faults else result
        except Exception:  # noqa: BLE001 - the last guard: nothing of ours may reach a cell
            if name == "BASKETWHY":
                return FAULT
            self._remember(name, arguments, FAULT)
            return CellError.NOT_AVAILABLE

    @staticmethod
    def question(name: str, arguments: Sequence[Block | None]) -> Question:
        """Return what a call of a function asks, for a host that reads ahead. Raises BadInput."""
        return _asked(BY_NAME[name], arguments)[0]

    def explain(
        self, asked: Sequence[Asked], prefetch: Prefetch | None = None, *, live: Live | None = None
    ) -> Result:
        """Return why a cell has no value: the reason of the first of its functions that has none, or OK. Never raises."""
        now = _Pass(prefetch, None, live)
        try:
            told = (self._reason(name, arguments, now) for name, arguments in asked)
            return next((said for said in told if said != "OK"), "OK" if asked else NO_FORMULA)
        except Exception:  # noqa: BLE001 - the last guard
            return FAULT

    def _reason(self, name: str, arguments: Sequence[Block | None] | None, now: _Pass) -> Result:
        """Return why a function has no value for its arguments; #N/A while that is not known, OK where it has one."""
        if arguments is None:
            return COMPUTED.format(name=name)
        function = BY_NAME[name]
        if function.answer is Answer.EXPLAIN or name == "BASKETWHY":
            return "OK"
        if not isinstance(self._evaluate(name, arguments, now), CellError):
            return "OK"
        try:
            _asked(function, arguments)
        except BadInput as bad:
            return bad.problem.sentence
        if function.answer in (Answer.BASKET, Answer.MEMORY, Answer.REFRESH):
            basket = arguments[:2] if function.weighs else arguments[:1]
            return self._evaluate("BASKETWHY", basket, now)
        remembered = self._faults.get((name, _key(name, arguments)))
        return CellError.NOT_AVAILABLE if remembered is None else remembered[0]

    def _evaluate(self, name: str, arguments: Sequence[Block | None], now: _Pass) -> Result:
        function = BY_NAME[name]
        try:
            question, option = _asked(function, arguments)
        except BadInput as bad:
            return _refusal(name, bad.problem)
        if function.volatile and isinstance(question, Ask):
            self._note_age(_key(name, arguments))
            reply = self._client.remembered(question)
            return CellError.NOT_AVAILABLE if reply is None else cells.age(reply, self._now())
        if function.answer is Answer.REFRESH and isinstance(question, Ask):
            answer = self._refresh(question, cells.trigger((*arguments, None, None)[1]), now)
        else:
            answer = self._live(question, now.live) if now.live else self._answer(question, now.prefetch)
        # BASKETWHY asks for the basket's figures: of a problem with anything else it would not know.
        if isinstance(answer, Problem) and function.answer is not Answer.BASKET:
            self._remember(name, arguments, answer.sentence, question)
        elif self._faults:
            self._faults.pop((name, _key(name, arguments)), None)
        if answer is None:  # on its way
            return CellError.NOT_AVAILABLE
        if isinstance(answer, Problem):
            return _refusal(name, answer)
        if function.answer is Answer.STRIKES:
            return cells.strikes(answer, option)
        if function.answer is Answer.PROFILE:  # a basket's are moves, whether it has one name or many
            return cells.profile(answer, moves=function.weighs)
        if name == "BASKETWHY" and _key(name, arguments) in self._aged and cells.is_historical(answer):
            return NO_AGE
        shown = _SHOWN.get(function.answer)
        return shown(answer) if shown else cells.render(name, answer, option)

    def _why(self, name: str, arguments: Sequence[Block | None], now: _Pass) -> Result:
        """Return why a function has no value for a basket, or one symbol, and its own defaults."""
        if name not in BY_NAME:
            return UNKNOWN_FUNCTION.format(name=name)
        return self._reason(name, arguments if BY_NAME[name].weighs else arguments[:1], now)

    def _answer(self, question: Question, prefetch: Prefetch | None) -> Any:
        if not isinstance(question, Ask | RegimesOf) or prefetch is None:
            return self._waited_for(question, lambda: self._client.ask(question))
        known = self._client.known(question)
        if known is not None:
            return known
        asks = [question, *_others(question, prefetch)]
        answer = self._waited_for(question, lambda: self._client.ask_many(asks)[0])
        if isinstance(answer, Problem) and answer.code in TOO_MUCH_AT_ONCE:
            # The company was too large, not the question: a cell must not depend on what travels with it.
            return self._waited_for(question, lambda: self._client.ask(question))
        return answer

    def _waited_for(self, question: Question, work: Callable[[], Any]) -> Any:
        """Return what ``work`` finds, within what is left of the calculation's deadline; the rest is asked for together."""
        answer = self._patience.wait(work)
        if answer is not None:
            return answer
        known = self._client.known(question)
        if known is None and isinstance(question, Ask | RegimesOf):
            self._client.submit(question if isinstance(question, Ask) else question.ask)
        return self._late() if known is None else known

    def _late(self) -> Problem:
        """Return why a cell was not waited for: what those that were waited for have met, if they have."""
        said = self._patience.slowest_said
        return said if isinstance(said, Problem) else OVERDUE

    def _live(self, question: Question, live: Live) -> Any:
        known = self._client.known(question)
        if isinstance(question, Ask | RegimesOf):
            live.want(question)
            return known if known is not None else live.latest(question)
        if known is None:
            live.later(question, lambda: self._client.ask(question))
        return known

    def _refresh(self, ask: Ask, value: InputCell, now: _Pass) -> Any:
        """Ask the source again where the trigger changed, else only look at what is there."""
        refresh = "FORCE" if now.trigger is not None and now.trigger(value) else "CACHE_ONLY"
        if now.live is None:
            known = self._client.known(ask) if refresh == "CACHE_ONLY" else None
            if known is not None:
                return known
            found = self._patience.wait(
                lambda: self._client.ask_many([ask], refresh)[0], anyway=refresh == "FORCE"
            )
            return self._late() if found is None else found
        known = self._client.known(ask) or self._client.remembered(ask)
        if refresh == "FORCE" or known is None:
            now.live.later(ask, lambda: self._client.ask_many([ask], refresh), wanted=refresh == "FORCE")
        return known

    def _remember(
        self, name: str, arguments: Sequence[Block | None], sentence: str, question: Question | None = None
    ) -> None:
        key = name, _key(name, arguments)
        self._faults.pop(key, None)  # that the latest stands last
        while len(self._faults) >= _MOST_FAULTS:
            self._faults.pop(next(iter(self._faults), ("", "")), None)
        self._faults[key] = sentence, question

    def _recall(self, arguments: Sequence[Block | None], result: Result) -> Result:
        key = _key("BASKETWHY", arguments)
        latest = reversed(list(self._faults.items()))
        said = (
            why for (_, fault), (why, question) in latest if fault == key and not self._answered(question)
        )
        return next(said, result) if result in ("OK", NO_AGE) else result

    def _note_age(self, key: str) -> None:
        """Note that an age is asked for, before or after its figures come: BASKETWHY is to say why there is none."""
        if key not in self._aged and len(self._aged) >= _MOST_AGES:
            self._aged.pop(next(iter(self._aged)), None)
        self._aged[key] = None

    def _answered(self, question: Question | None) -> bool:
        """Tell whether a question has found an answer since its cell was calculated, which may come after this one."""
        known = self._client.known(question) if question is not None else None
        return known is not None and not isinstance(known, Problem)


class _Pass(NamedTuple):
    """What the host gives for one evaluation."""

    prefetch: Prefetch | None
    trigger: Callable[[InputCell], bool] | None
    live: Live | None


_SHOWN: dict[Answer, Callable[[Any], Result]] = {
    Answer.REGIMES: cells.since,
    Answer.LEVELS: cells.levels,
    Answer.FLIP: cells.flip,
    Answer.DISPERSION: cells.dispersion,
    Answer.QUOTA: cells.quota,
}


def _asked(function: Function, arguments: Sequence[Block | None]) -> tuple[Question, cells.Option]:
    """Return a function's question and what its last argument says. Raises BadInput."""
    first, second, third = (*arguments, None, None, None)[:3]
    weights = second if function.weighs else None
    question = _question(function, first, weights, arguments)
    return question, cells.option(function.name, third if function.weighs else second)


def _question(
    function: Function, first: Block | None, weights: Block | None, arguments: Sequence[Block | None]
) -> Question:
    if function.answer is Answer.QUOTA:
        return QuotaOf()
    if function.answer is Answer.LEVELS:
        return LevelsOf(cells.symbol(first))
    if function.answer is Answer.STRIKES:
        return StrikesOf(cells.symbol(first))
    if function.answer is Answer.DISPERSION:
        return cells.dispersion_of(arguments)
    ask = Ask((cells.symbol(first),)) if SYMBOL in function.arguments else cells.ask(first, weights)
    if function.answer is Answer.PROFILE:
        return cells.profile_of(ask, arguments[2 if function.weighs else 1 :])
    if function.answer is Answer.FLIP:
        return cells.flip_of(ask)
    return RegimesOf(ask) if function.answer is Answer.REGIMES else ask


def _named(arguments: Sequence[Block | None]) -> str | None:
    """Return the function that BASKETWHY's third argument names, None where it names none."""
    third = arguments[2] if len(arguments) > 2 else None
    cell = third[0][0] if third and third[0] else None
    return None if cell is None else str(cell).strip().upper()


def _refusal(name: str, problem: Problem) -> Result:
    return problem.sentence if name == "BASKETWHY" else problem.cell_error


def _others(question: Ask | RegimesOf, prefetch: Prefetch) -> list[Ask | RegimesOf]:
    try:
        return [other for other in prefetch() if other != question]
    except Exception:  # noqa: BLE001 - reading ahead is a courtesy; the cell itself can still be answered
        return []


def _key(name: str, arguments: Sequence[Block | None]) -> str:
    """Return what BASKETWHY is called with where it is asked about this cell."""
    first, second, third = (*arguments, None, None, None)[:3]
    function = BY_NAME.get(name)
    if function is not None and function.answer is Answer.DISPERSION:  # its first is the index
        return repr((second, third))
    return repr((first, second if function is not None and function.weighs else None))
