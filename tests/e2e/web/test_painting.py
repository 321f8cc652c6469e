"""What is painted while answers are on their way: nothing for a moment, then that they are."""

from __future__ import annotations

from playwright.sync_api import Page, Route

from tests.e2e.web.browser import Workbook

WATCHED = """() => {
    window.painted = {};
    const write = CanvasRenderingContext2D.prototype.fillText, ask = window.fetch;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...given) {
        window.painted[text] ??= performance.now();
        return write.call(this, text, ...given);
    };
    window.fetch = (...given) => {
        if (String(given[0]).endsWith("/sheet/evaluate")) window.sent = performance.now();
        return ask(...given);
    };
}"""
WAITS = "#GETTING_DATA"
SOON = 75.0
"""Milliseconds after a request before which nothing is said of it; the page's own count begins some earlier."""


def test_nothing_is_painted_for_a_moment_then_that_the_answer_is_late(book: Workbook) -> None:
    book.page.evaluate(WATCHED)
    with Held(book.page) as held:
        book.put({"D1": '=BASKETGEX("NVDA,AMD")'})
        book.until(f"() => window.painted['{WAITS}'] !== undefined")
        assert book.page.evaluate(f"painted['{WAITS}'] - sent") > SOON
        held.release()
        value = book.shows_number("D1")
    book.calm()
    book.page.evaluate("() => { window.painted = {}; }")
    book.put({"D2": '=BASKETGEX("NVDA,AMD")'})  # known: no request
    assert book.shows_number("D2") == value
    book.until(f"() => Object.keys(painted).includes('{value:,.0f}')")
    assert not book.page.evaluate(f"'{WAITS}' in painted")


class Held:
    """Inside, the page's questions are not answered until they are released."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._waiting: list[Route] = []
        self._open = False

    def __enter__(self) -> Held:
        self._page.route("**/sheet/evaluate", self._take)
        return self

    def __exit__(self, *_: object) -> None:
        self._page.unroute("**/sheet/evaluate")

    def release(self) -> None:
        """Let them go on, and those that follow."""
        self._open = True
        for route in self._waiting:
            route.continue_()

    def _take(self, route: Route) -> None:
        if self._open:
            route.continue_()
        else:
            self._waiting.append(route)
