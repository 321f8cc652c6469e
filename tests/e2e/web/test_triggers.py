"""BASKETREFRESH in the browser workbook: a change of its trigger asks the source once, and nothing else does."""

from __future__ import annotations

import time

from tests.addin.web.hosts import WebHost
from tests.e2e.serving import status
from tests.e2e.web.browser import PATIENCE, SHEET, Workbook


class Source:
    """What the source has been asked."""

    def __init__(self, host: WebHost) -> None:
        self._home = host.home
        self.so_far = self.calls

    @property
    def calls(self) -> int:
        return status(self._home).source_calls

    def was_asked_once(self, book: Workbook) -> None:
        """Wait for one more call, and for the page to come to rest without another."""
        give_up = time.monotonic() + PATIENCE
        while self.calls == self.so_far:
            assert time.monotonic() < give_up, "the source was never asked"
            book.page.wait_for_timeout(20)
        at_rest(book)
        assert self.calls == self.so_far + 1
        self.so_far += 1

    def was_not_asked(self, book: Workbook) -> None:
        at_rest(book)
        assert self.calls == self.so_far


def enter(book: Workbook, cell: str, value: object) -> None:
    book.page.evaluate(f"([a, v]) => {{ {SHEET}.getRange(a).setValue({{ v }}); }}", [cell, value])


def at_rest(book: Workbook) -> None:
    """Wait until all that was entered is calculated, and nothing is asked for any more."""
    mark = time.monotonic_ns() % 1_000_000
    book.put({"Z50": f"={mark}+1"})
    book.shows("Z50", mark + 1)
    book.calm()


def test_a_trigger(book: Workbook, host: WebHost) -> None:
    """There and back, for several cells, baskets and triggers, the source is asked once; for whatever else never."""
    enter(book, "C10", 1)
    enter(book, "C11", 2)
    with book.page.expect_request("**/sheet/evaluate") as asking:
        book.put({"E10": "=BASKETCOUNT($A$1:$A$3)"})
    ((_, _, count),) = asking.value.post_data_json["calls"]
    book.put(
        {
            "D10": "=BASKETREFRESH($A$1:$A$3,C10)",
            "D11": "=BASKETREFRESH($A$1:$A$3,C11)",  # of the same basket, and a trigger that the first is to have
            "D12": "=BASKETREFRESH($A$1:$A$2,C10)+BASKETREFRESH($A$1:$A$3,C10)",
            "D13": "=IF(FALSE,BASKETREFRESH($A$1:$A$3,C10),1)",
            "D14": "=BASKETREFRESH($A$1:$A$3,$E$10)",
        }
    )
    book.shows_number("D14")
    at_rest(book)
    source = Source(host)
    for trigger in (2, 1):
        enter(book, "C10", trigger)
        source.was_asked_once(book)
    # A trigger that hangs on what is refreshed comes to rest: what is told of that asks for nothing again.
    book.page.evaluate("id => basketgex.engine.changed([[id, 7]])", count)
    book.shows("E10", 7)
    source.was_not_asked(book)
    # Other cells stand where these stood, and every figure is asked for anew.
    book.page.evaluate(f"() => {{ {SHEET}.deleteRows(9, 1); basketgex.engine.forget(); }}")
    source.was_not_asked(book)
    book.until("() => basketgex.keeper.settled")
    book.page.reload()
    book.until("() => !!window.basketgex")
    book.shows_number("D12")
    source.was_not_asked(book)
    enter(book, "C10", 3)
    source.was_asked_once(book)
