"""Many cells at once, for a host whose functions come in batches. Threads, no HTTP."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

import msgspec

from basketgex.home import CELLS_LIVE, Home
from basketgex_addin import menu
from basketgex_addin.cells import BadInput, BasketQuestion, Block, Question
from basketgex_addin.client import BasketClient
from basketgex_addin.functions import BY_NAME, Way
from basketgex_addin.patience import Patience
from basketgex_addin.prefetch import Asked, Foreseen
from basketgex_addin.triggers import Triggers
from basketgex_addin.web import values
from basketgex_addin.web.pages import Call, Pages
from basketgex_addin.worksheet import Worksheet

SIDE_BY_SIDE = 8
"""Questions under way at once that do not share a call: levels, strikes, profiles, dispersion."""
_NAMES = ("symbols", "symbol", "index")
"""What an argument is called that has tickers in it."""
_UNEXPLAINED = frozenset({Way.EXPLAIN, Way.REMEMBER, Way.TRIGGER})
"""What is answered so has no reason that could be had without asking the server."""


class _Parsed(NamedTuple):
    """A call, with its arguments as the worksheet functions take them."""

    name: str
    blocks: tuple[Block | None, ...]
    call: Call


class Shown(NamedTuple):
    """What open pages show: how many they are, and the baskets that their cells ask for."""

    pages: int
    questions: list[Foreseen]


class Sheet:
    """Evaluates the cells of pages over one home's client. Thread-safe."""

    def __init__(self, client: BasketClient, home: Home) -> None:
        self.client = client
        self._home = home
        self._boot = ""
        self._again = 0  # grows when every figure that pages show was asked for again
        self._pages = Pages(client)
        self._triggers = Triggers()
        self._worksheet = Worksheet(client, more_to_say=self._pages.look_again)
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="basketgex-web")

    def generation(self) -> str:
        """Return what changes when another server serves, or the settings change: a page's reason to forget every figure.

        It stays while no server runs: one that ended because nobody asked is no reason to start another.
        """
        if self._home.desk() is not None:
            return f"{'.'.join(map(str, self._home.stamp()))}.{self._again}"
        if (runtime := self._home.read_runtime()) is not None:
            self._boot = runtime.boot
        return f"{'.'.join(map(str, self._home.stamp()[2:4]))}.{self._boot}.{self._again}"

    @property
    def live(self) -> bool:
        """Whether cells are to update by themselves."""
        return self._home.cell_mode() == CELLS_LIVE

    def evaluate_office(self, page: str, calls: Sequence[Call], dropped: Sequence[str] = ()) -> list[Any]:
        """Return likewise what cells of Excel show, which says blanks otherwise, and not whether a trigger has changed."""
        parsed = _all_parsed([_of_office(call) for call in calls])
        return self._evaluated(page, parsed, dropped, [one for one in parsed if self._has_changed(page, one)])

    def evaluate(
        self, page: str, calls: Sequence[Call], dropped: Sequence[str] = (), again: Collection[str] = ()
    ) -> list[Any]:
        """Return in order what the cells show. The baskets of all calls travel in one request, the rest side by side.

        ``again`` names the calls of BASKETREFRESH whose trigger has changed in their cell: the source is asked again before,
        once for all of them.
        """
        parsed = _all_parsed(calls)
        return self._evaluated(page, parsed, dropped, [one for one in parsed if one.call[2] in again])

    def news(self, page: str, wait: float, generation: str) -> tuple[list[tuple[str, Any]], bool]:
        """Return the cells of a page that show something else now, and what; waits for some, or for another generation.

        And whether the page was not known: one that has had news was taken for closed, and its cells are to ask again.
        """
        due, anew = self._pages.news(page, wait, lambda: self.generation() != generation)
        parsed = _all_parsed(due)
        if self.live:
            return [(one.call[2], self._live(page, one)) for one in parsed], anew
        return self._of_what_is_there(parsed), anew

    def refresh(self, calls: Sequence[Call]) -> str:
        """Ask the source again for the baskets of the calls, in one request; return what a person is to be told, or ""."""
        return menu.refresh(
            self.client, [q for one in _all_parsed(calls) if (q := _foreseen(one)) is not None]
        )

    def shown(self) -> Shown:
        """Return what the cells of open pages ask for, each basket once."""
        pages = self._pages.shown()
        found = dict.fromkeys(
            q for calls in pages.values() for one in _all_parsed(calls) if (q := _foreseen(one)) is not None
        )
        return Shown(len(pages), list(found))

    def refresh_shown(self) -> str:
        """Ask the source again for what open pages show, and let them ask for their figures anew; return what to tell."""
        said = menu.refresh(self.client, self.shown().questions)
        self._again += 1
        return said

    def wait_no_more(self) -> None:
        """Answer whoever waits for news within a second: the host ends. A signal's handler may call it."""
        self._pages.wait_no_more()

    def close(self) -> None:
        """End what is under way."""
        self._pages.close()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.client.close()

    def _evaluated(
        self, page: str, parsed: Sequence[_Parsed], dropped: Sequence[str], again: Sequence[_Parsed]
    ) -> list[Any]:
        if dropped:
            self._pages.leave(page, dropped)
        forced = list(dict.fromkeys(q for one in again if _has_trigger(one) for q in _baskets(one)))
        if self.live:
            if forced:
                self._pool.submit(self._ask_again, forced)  # no cell waits
            return [self._live(page, one) for one in parsed]
        patience = Patience(self.client.deadline)  # else what earlier batches have waited would count
        if forced:
            patience.wait(lambda: self._ask_again(forced), anyway=True)
        self._pages.note(page, [one.call for one in parsed])
        return self._values(parsed, patience)

    def _values(self, parsed: Sequence[_Parsed], patience: Patience) -> list[Any]:
        ahead = [question for one in parsed if (question := _foreseen(one)) is not None]
        found: list[Any] = [None] * len(parsed)
        under_way: list[tuple[int, Future[Any]]] = []
        # What only looks at what is there comes last, when the others have asked.
        for at, one in sorted(enumerate(parsed), key=lambda numbered: _has_trigger(numbered[1])):
            function = BY_NAME.get(one.name)
            if function is None or function.kind.foreseeable or function.volatile:
                found[at] = self._value(one, ahead, patience)
            else:
                under_way.append((at, self._pool.submit(self._value, one, ahead, patience)))
        for at, future in under_way:
            found[at] = future.result()
        return found

    def _has_changed(self, page: str, one: _Parsed) -> bool:
        """Tell whether a trigger has changed in its cell, for whose basket it counts; an id begins with the cell."""
        if not _has_trigger(one):
            return False
        given = BY_NAME[one.name].given(one.blocks)
        cell, value = one.call[2].partition(".")[0], BY_NAME[one.name].kind.option(given)
        return any(self._triggers.changed(page, (cell, question), value) for question in _questions(one))

    def _ask_again(self, baskets: Sequence[BasketQuestion[Any]]) -> None:
        """Ask the source again, in one request, and let every cell that shows one of the names be told."""
        self.client.ask_many(baskets, "FORCE")
        names = {symbol.upper() for basket in baskets for symbol in basket.basket.symbols}
        self._pages.redraw(
            (page, one.call[2])
            for page, calls in self._pages.shown().items()
            for one in _all_parsed(calls)
            if any(symbol.upper() in names for q in _baskets(one) for symbol in q.basket.symbols)
        )

    def _of_what_is_there(self, parsed: Sequence[_Parsed]) -> list[tuple[str, Any]]:
        """Return cells and what they show of the figures that the server has, for which it asks no source.

        A basket that it has nothing of is asked for as usual. What would be asked for beside baskets is passed over.
        """
        self.client.ask_many(list(dict.fromkeys(q for one in parsed for q in _baskets(one))), "CACHE_ONLY")
        told = [one for one in parsed if all(map(self._is_there, _questions(one)))]
        found = self._values(told, Patience(self.client.deadline))
        return [(one.call[2], shown) for one, shown in zip(told, found, strict=True)]

    def _is_there(self, question: Question[Any]) -> bool:
        return isinstance(question, BasketQuestion) or self.client.known(question) is not None

    def _value(self, one: _Parsed, ahead: Sequence[Foreseen], patience: Patience) -> Any:
        if one.name not in BY_NAME:
            return values.NO_NAME
        if BY_NAME[one.name].kind.way is Way.EXPLAIN:
            return values.result(self._worksheet.explain(_asked(one.call), patience=patience))
        shown = values.result(
            self._worksheet.evaluate(one.name, one.blocks, lambda: ahead, patience=patience)
        )
        return self._with_reason(shown, one, patience=patience)

    def _live(self, page: str, one: _Parsed) -> Any:
        if one.name not in BY_NAME:
            return values.NO_NAME
        view = self._pages.at(page, one.call)
        if BY_NAME[one.name].kind.way is Way.EXPLAIN:
            return values.result(self._worksheet.explain(_asked(one.call), live=view))
        shown = values.result(self._worksheet.evaluate(one.name, one.blocks, live=view))
        return self._with_reason(shown, one, live=view)

    def _with_reason(self, shown: Any, one: _Parsed, **how: Any) -> Any:
        """Return an error with the sentence that says why, as far as memory knows it."""
        if not values.is_error(shown) or BY_NAME[one.name].kind.way in _UNEXPLAINED:
            return shown
        why = self._worksheet.explain([(one.name, one.blocks)], **how)
        return shown | {"why": why} if isinstance(why, str) and why != "OK" else shown


def _all_parsed(calls: Sequence[Call]) -> list[_Parsed]:
    read = cache(values.read)  # sheets repeat their ranges
    return [_parsed(call, read) for call in calls]


def _parsed(call: Call, read: Callable[[bytes], Block | None]) -> _Parsed:
    name = call[0].upper()
    known = BY_NAME.get(name)
    explains = known is not None and known.kind.way is Way.EXPLAIN
    return _Parsed(name, () if explains else tuple(map(read, call[1])), call)


def _of_office(call: Call) -> Call:
    """Return a call of Excel's, its blanks as ours: no ticker is 0. What BASKETEXPLAIN asks about are calls likewise."""
    known = BY_NAME.get(call[0].upper())
    if known is None:
        return call
    if known.kind.way is Way.EXPLAIN:
        pairs = [[name, list(map(msgspec.Raw, _without_zeros(name, given)))] for name, given in _pairs(call)]
        return call[0], [msgspec.json.encode(pairs)], call[2]
    return call[0], _without_zeros(call[0], call[1]), call[2]


def _without_zeros(name: str, given: Sequence[bytes]) -> list[bytes]:
    arguments = BY_NAME[name.upper()].arguments
    return [
        values.without_zeros(value) if argument.name in _NAMES else value
        for value, argument in zip(given, arguments, strict=False)
    ]


def _has_trigger(one: _Parsed) -> bool:
    return one.name in BY_NAME and BY_NAME[one.name].kind.way is Way.TRIGGER


def _asked(call: Call) -> list[Asked]:
    """Return the functions of the cell that BASKETEXPLAIN is asked about: the page knows which it called, and with what."""
    return [(name.upper(), tuple(map(values.read, given))) for name, given in _pairs(call)]


def _pairs(call: Call) -> list[tuple[str, list[bytes]]]:
    said = values.said(call[1][0]) if call[1] else None
    return [
        (pair[0], list(map(msgspec.json.encode, pair[1])))
        for pair in (said if isinstance(said, list) else [])
        if isinstance(pair, list)
        and len(pair) == 2
        and isinstance(pair[0], str)
        and pair[0].upper() in BY_NAME
        and isinstance(pair[1], list)
    ]


def _foreseen(one: _Parsed) -> Foreseen | None:
    """Return the basket that a call asks for, None where it asks for something else or cannot be understood."""
    function = BY_NAME.get(one.name)
    return None if function is None else function.foreseen(one.blocks)


def _questions(one: _Parsed) -> Iterator[Question[Any]]:
    """Yield what a call asks; for BASKETEXPLAIN what the calls ask that it is asked about. Bad input asks nothing."""
    explains = one.name in BY_NAME and BY_NAME[one.name].kind.way is Way.EXPLAIN
    for name, blocks in _asked(one.call) if explains else [(one.name, one.blocks)]:
        if (function := BY_NAME.get(name)) is not None:
            with suppress(BadInput):
                yield function.kind.question(function.given(blocks or ()))


def _baskets(one: _Parsed) -> Iterator[BasketQuestion[Any]]:
    return (question for question in _questions(one) if isinstance(question, BasketQuestion))
