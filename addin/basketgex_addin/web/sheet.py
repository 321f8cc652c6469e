"""Many cells at once, for a host whose functions come in batches. Threads, no HTTP."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any, NamedTuple

import msgspec

from basketgex.home import CELLS_LIVE, Home
from basketgex_addin import menu
from basketgex_addin.cells import Block
from basketgex_addin.client import BasketClient
from basketgex_addin.functions import BY_NAME, Way
from basketgex_addin.patience import Patience
from basketgex_addin.prefetch import Asked, Foreseen
from basketgex_addin.triggers import Triggers
from basketgex_addin.web import values
from basketgex_addin.web.pages import Call, Pages
from basketgex_addin.worksheet import Trigger, Worksheet

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
        if (runtime := self._home.read_runtime()) is not None:
            self._boot = runtime.boot
        return f"{'.'.join(map(str, self._home.stamp()[2:4]))}.{self._boot}.{self._again}"

    @property
    def live(self) -> bool:
        """Whether cells are to update by themselves."""
        return self._home.cell_mode() == CELLS_LIVE

    def evaluate_office(self, page: str, calls: Sequence[Call], dropped: Sequence[str] = ()) -> list[Any]:
        """Return likewise what cells of Excel show, which says blanks otherwise, and which cell asks: BASKETREFRESH acts."""
        return self.evaluate(page, [_of_office(call) for call in calls], dropped, triggers=self._triggers)

    def evaluate(
        self,
        page: str,
        calls: Sequence[Call],
        dropped: Sequence[str] = (),
        *,
        triggers: Triggers | None = None,
    ) -> list[Any]:
        """Return in order what the cells show. The baskets of all calls travel in one request, the rest side by side."""
        if dropped:
            self._pages.leave(page, dropped)
        parsed = _all_parsed(calls)
        if self.live:
            return [self._live(page, one, _trigger(triggers, page, one)) for one in parsed]
        patience = Patience(self.client.deadline)  # else what earlier batches have waited would count
        self._pages.note(page, calls)
        ahead = [question for one in parsed if (question := _foreseen(one)) is not None]
        found: list[Any] = [None] * len(parsed)
        under_way: list[tuple[int, Future[Any]]] = []
        for at, one in enumerate(parsed):
            function = BY_NAME.get(one.name)
            if function is None or function.kind.foreseeable or function.volatile:
                found[at] = self._value(one, ahead, _trigger(triggers, page, one), patience)
            else:
                under_way.append(
                    (at, self._pool.submit(self._value, one, ahead, _trigger(triggers, page, one), patience))
                )
        for at, future in under_way:
            found[at] = future.result()
        return found

    def news(self, page: str, wait: float, generation: str) -> tuple[list[tuple[str, Any]], bool]:
        """Return the cells of a page that show something else now, and what; waits for some, or for another generation.

        And whether the page was not known: one that has had news was taken for closed, and its cells are to ask again.
        """
        due, anew = self._pages.news(page, wait, lambda: self.generation() != generation)
        return [(one.call[2], self._live(page, one)) for one in _all_parsed(due)], anew

    def refresh(self, calls: Sequence[Call]) -> str:
        """Ask the source again for the baskets of the calls, in one request; return what a person is to be told, or ""."""
        return menu.refresh(
            self.client, [q for one in _all_parsed(calls) if (q := _foreseen(one)) is not None]
        )

    def shown(self) -> Shown:
        """Return what the cells of open pages ask for, each basket once."""
        pages = self._pages.shown()
        found = dict.fromkeys(
            q for calls in pages for one in _all_parsed(calls) if (q := _foreseen(one)) is not None
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

    def _value(
        self, one: _Parsed, ahead: Sequence[Foreseen], trigger: Trigger | None, patience: Patience
    ) -> Any:
        if one.name not in BY_NAME:
            return values.NO_NAME
        if BY_NAME[one.name].kind.way is Way.EXPLAIN:
            return values.result(self._worksheet.explain(_asked(one.call)))
        shown = values.result(
            self._worksheet.evaluate(one.name, one.blocks, lambda: ahead, trigger=trigger, patience=patience)
        )
        return self._with_reason(shown, one)

    def _live(self, page: str, one: _Parsed, trigger: Trigger | None = None) -> Any:
        if one.name not in BY_NAME:
            return values.NO_NAME
        view = self._pages.at(page, one.call)
        if BY_NAME[one.name].kind.way is Way.EXPLAIN:
            return values.result(self._worksheet.explain(_asked(one.call), live=view))
        shown = values.result(self._worksheet.evaluate(one.name, one.blocks, trigger=trigger, live=view))
        return self._with_reason(shown, one, view)

    def _with_reason(self, shown: Any, one: _Parsed, live: Any = None) -> Any:
        """Return an error with the sentence that says why, as far as memory knows it."""
        if not values.is_error(shown) or BY_NAME[one.name].kind.way in _UNEXPLAINED:
            return shown
        why = self._worksheet.explain([(one.name, one.blocks)], live=live)
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


def _trigger(triggers: Triggers | None, page: str, one: _Parsed) -> Trigger | None:
    """Return what tells whether a cell's trigger has changed; an id begins with what stands for the cell."""
    if triggers is None:
        return None
    return lambda value: triggers.changed(page, one.call[2].partition(".")[0], value)


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
