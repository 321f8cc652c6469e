"""The browser workbook and the add-in for Excel, each against what it stands on: the client, Univer, Microsoft's runtime.

Without Chromium, or without the files that set-up fetches, what needs a browser is left out.
"""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import re
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from basketgex.home import Home
from basketgex_addin.cells import Ask, Reply
from basketgex_addin.client import BasketClient
from basketgex_addin.web.app import make_app
from basketgex_addin.web.looking import Looking
from basketgex_addin.web.sheet import Sheet
from benchmarks.pairs import Result, compare
from benchmarks.sheets import NAMES
from tests.addin.web.hosts import WebHost, web_host
from tests.e2e.serving import Server
from tests.e2e.web.browser import SHEET, Workbook, browser, chromium, workbook
from tests.e2e.web.excel import Excel, entry, excel, office_host
from tests.e2e.web.opened import fetched

CELLS, WIDTH, FORMULAS = 1_000, 20, 500
LONE = 200
KEY = "key"
TICKERS = [[name] for name in NAMES[:WIDTH]]
OTHERS_FILES = ("univer", "react", "rxjs")
_fresh = itertools.count(1)


def measure(folder: Path) -> Iterator[Result]:
    with Server(folder / "web", source="sample"):
        yield _batch(Home(folder / "web"))
    with web_host(folder / "pages") as host:
        yield _known_cell(host)
        try:
            chromium()
        except pytest.skip.Exception:
            return
        with browser() as running:
            context = running.new_context(viewport={"width": 1500, "height": 800})
            yield _own_bytes(context.new_page(), host)
            yield _first_painting(running, host)
            with workbook(context, host) as book:
                yield from _formulas(book)
    try:
        fetched("custom-functions-runtime.js")
    except pytest.skip.Exception:
        return
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        host = stack.enter_context(office_host(folder / "office", patch))
        host.cells(["BASKETGEX", [TICKERS]])  # starts the server
        yield from _runtime(stack.enter_context(excel(stack.enter_context(browser()), host)))


def _weights() -> list[list[float]]:
    """Weights that no basket has had: nothing is answered from memory."""
    return [[float(next(_fresh))], *([1.0 + at % 7] for at in range(WIDTH - 1))]


def _batch(home: Home) -> Result:
    """From the bytes of a request to those of its reply, in this process: the network has no part in it."""
    sheet, client = Sheet(BasketClient(home), home), BasketClient(home)
    looking = Looking(sheet, home)
    app = make_app(sheet, lambda: KEY, "boot", looking)
    transport = httpx.ASGITransport(app)
    http = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:1", timeout=60)

    def asked() -> tuple[bytes, list[Ask]]:
        weights = [_weights() for _ in range(CELLS)]
        calls = [["BASKETGEX", [TICKERS, each], f"A{at}"] for at, each in enumerate(weights)]
        asks = [Ask(tuple(NAMES[:WIDTH]), tuple(row[0] for row in each)) for each in weights]
        return json.dumps({"page": "page", "calls": calls}).encode(), asks

    with asyncio.Runner() as runner:

        def ours() -> float:
            body, _ = asked()
            headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
            begin = time.perf_counter()
            found = runner.run(http.post("/sheet/evaluate", content=body, headers=headers))
            taken = time.perf_counter() - begin
            assert all(isinstance(value, float) for value in found.json()["results"])
            return taken * 1e3

        def theirs() -> float:
            body, asks = asked()
            begin = time.perf_counter()
            json.loads(body)
            found = client.ask_many(asks)
            taken = time.perf_counter() - begin
            assert all(isinstance(each, Reply) for each in found)
            return taken * 1e3

        try:
            return compare(
                f"1,000 new cells of {WIDTH} names, a page's request to its reply",
                "json.loads plus the client's one call for the same baskets",
                2.0,
                ours,
                theirs,
            )
        finally:
            runner.run(http.aclose())
            looking.close()
            sheet.close()
            client.close()


def _known_cell(host: WebHost) -> Result:
    call = ["BASKETGEX", [TICKERS], "A1"]
    host.cells(call)  # starts the server

    def p50(calls: list[Any]) -> float:
        taken = []
        for _ in range(LONE):
            begin = time.perf_counter()
            found = host.post("evaluate", {"page": "page", "calls": calls})
            taken.append(time.perf_counter() - begin)
            assert found.status_code == 200
        return statistics.median(taken) * 1e3

    return compare(
        "one known cell of a page over HTTP, p50",
        "a request without a cell",
        2.0,
        lambda: p50([call]),
        lambda: p50([]),
    )


def _own_bytes(page: Any, host: WebHost) -> Result:
    """What an empty workbook loads besides the files of others; figures and function help are no files."""
    sizes: dict[str, int] = {}
    replies: list[Any] = []
    page.on("response", lambda reply: replies.append(reply))
    Workbook(page, host, enters=False)
    page.goto(host.link())
    page.wait_for_selector("#refresh:enabled")
    for reply in replies:
        name = reply.url.partition("#")[0].rpartition("/")[2]
        if "/sheet/" not in reply.url and not name.startswith(OTHERS_FILES):
            sizes[name] = len(gzip.compress(reply.body()))
    page.close()
    total = sum(sizes.values()) / 1e3
    assert len(sizes) > 5
    what = "gzipped files of a page that are not Univer's, React's or RxJS's"
    return Result(what, "25 KB", 1.0, total / 25.0, total, 25.0, "KB")


PAINTED = """window.painted = new Promise(done => {
    const write = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (...given) {
        if (this.canvas.width > 300) requestAnimationFrame(() => setTimeout(() => done(performance.now())));
        return write.apply(this, given);
    };
});"""
ALONE = """<!doctype html><html lang="en"><head><title>Univer</title>{styles}</head>
<body style="margin: 0; height: 100vh"><main id="workbook" style="height: 100%"></main>{scripts}<script>
    const {{ createUniver }} = UniverPresets, {{ LocaleType, mergeLocales }} = UniverCore;
    createUniver({{
        locale: LocaleType.EN_US,
        locales: {{
            [LocaleType.EN_US]: mergeLocales(UniverPresetSheetsCoreEnUS, UniverPresetSheetsConditionalFormattingEnUS),
        }},
        presets: [
            UniverPresetSheetsCore.UniverSheetsCorePreset({{ container: "workbook" }}),
            UniverPresetSheetsConditionalFormatting.UniverSheetsConditionalFormattingPreset(),
        ],
    }}).univerAPI.createWorkbook({{}});
</script></body></html>"""


def _first_painting(running: Browser, host: WebHost) -> Result:
    """From the address to a sheet with its headings, each time in a browser that has kept nothing."""
    ours = httpx.get(f"{host.running.http}/", trust_env=False).text
    styles = "".join(re.findall(r'<link rel="stylesheet" href="/assets/.*?>', ours))
    scripts = "".join(re.findall(r'<script src="/assets/.*?</script>', ours))
    alone = f"{host.running.http}/alone"

    def painted(address: str) -> float:
        context = running.new_context(viewport={"width": 1500, "height": 800})
        context.add_init_script(PAINTED)
        page = context.new_page()
        page.route(
            alone,
            lambda route: route.fulfill(
                body=ALONE.format(styles=styles, scripts=scripts), content_type="text/html"
            ),
        )
        page.goto(address)
        found: float = page.evaluate("painted")
        context.close()
        return found

    return compare(
        "the browser workbook, from its address to its first painting",
        "Univer alone with an empty sheet",
        1.25,
        lambda: painted(host.link()),
        lambda: painted(alone),
    )


PUT = """async formulas => {
    const sheet = basketgex.univerAPI.getActiveWorkbook().getActiveSheet(), range = sheet.getRange("D1:H100");
    const begin = performance.now();
    range.setValues(formulas.map(row => row.map(f => ({ f }))));
    const there = () => typeof sheet.getRange("H100").getRawValue() === "number" && basketgex.engine.settled
        && range.getRawValues().every(row => row.every(value => typeof value === "number"));
    while (!there()) await new Promise(go => setTimeout(go, 5));
    return performance.now() - begin;
}"""


def _formulas(book: Workbook) -> Iterator[Result]:
    requests: list[int] = []
    names = [[name[0]] for name in TICKERS]
    book.page.evaluate(f"names => {SHEET}.getRange('A1:A{WIDTH}').setValues(names)", names)

    def taken(function: str) -> float:
        weights = [[float(next(_fresh)) for _ in range(5)] for _ in range(100 + WIDTH - 1)]
        book.page.evaluate(
            f"weights => {{ {SHEET}.getRange('D1:H100').clearContent();"
            f" {SHEET}.getRange('P1:T{len(weights)}').setValues(weights); }}",
            weights,
        )
        book.calm()
        formulas = [
            [f"={function}($A$1:$A${WIDTH},{column}{row}:{column}{row + WIDTH - 1})" for column in "PQRST"]
            for row in range(1, 101)
        ]
        before = book.requests
        found: float = book.page.evaluate(PUT, formulas)
        if function == "BASKETGEX":
            requests.append(book.requests - before)
        return found

    yield compare(
        f"{FORMULAS} formulas in the browser workbook, their baskets new to the page",
        f"{FORMULAS} SUMPRODUCT over the same cells there",
        2.0,
        lambda: taken("BASKETGEX"),
        lambda: taken("SUMPRODUCT"),
    )
    yield Result("requests for them, at most", "-", 1.0, max(requests), max(requests), 0.0, "requests")


RUN = """async ([entries, bodies, each]) => {
    const key = location.pathname.split("/")[2], begin = performance.now();
    for (let at = 0; at < entries.length; at += each) setTimeout(() => host(entries.slice(at, at + each)), at / each);
    while (!entries.every(entry => told[entry.id])) await new Promise(go => setTimeout(go, 1));
    await Promise.all(bodies.map(body => fetch("/sheet/evaluate", {
        method: "POST", body, headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    }).then(reply => reply.json())));
    return performance.now() - begin;
}"""


def _runtime(sheet: Excel) -> Iterator[Result]:
    sheet.page.evaluate("CustomFunctions.associate('NOTHING', () => 1)")

    def taken(name: str, each: int = CELLS) -> float:
        given = [[TICKERS, _weights()] for _ in range(CELLS)]
        entries = [
            entry(next(_fresh), name, sent, f"Sheet1!A{at}", False, None) for at, sent in enumerate(given)
        ]
        calls = [["BASKETGEX", sent, f"bare{at}"] for at, sent in enumerate(given)]
        halves = [calls[:FORMULAS], calls[FORMULAS:]] if name == "NOTHING" else []
        bodies = [json.dumps({"page": "bare", "calls": half}) for half in halves]
        found: float = sheet.page.evaluate(RUN, [entries, bodies, each])
        return found

    yield compare(
        "1,000 calls in Microsoft's runtime",
        "the same of a function that returns at once, plus two bare fetches",
        1.5,
        lambda: taken("BASKETGEX"),
        lambda: taken("NOTHING"),
    )
    for messages, most in ((1, 2.0), (100, 10.0)):
        before = sheet.requests
        spent = taken("BASKETGEX", CELLS // messages)
        count = sheet.requests - before
        what = f"requests for 1,000 calls in Microsoft's runtime, in {messages} message{'s' * (messages > 1)}"
        yield Result(what, "-", most, count, spent, 0.0, "ms")
