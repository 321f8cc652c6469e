"""The status page: what it says is what the command line says, and both its actions ask first."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from basketgex_addin.web import assets
from tests.addin.web.hosts import WebHost, web_host
from tests.e2e.serving import environment, status
from tests.e2e.web.browser import chromium, workbook
from tests.e2e.web.opened import accessible, opened, until

FACT = "name => [...document.querySelectorAll('dt')].find(term => term.textContent === name)?.nextSibling.textContent"


def fact(page: Page, name: str) -> str:
    found: str = until(page, FACT, name)
    return found


def becomes(page: Page, name: str, text: str) -> None:
    until(page, f"([name, text]) => ({FACT})(name) === text", [name, text])


def click(page: Page, button: str, *, accept: bool) -> str:
    """Click a button and answer the question that it asks; return the question."""
    page.get_by_role("button", name=button).click()
    question = page.locator("#question").inner_text()
    page.locator("#ask").get_by_role("button", name="Yes" if accept else "No", exact=True).click()
    return question


def test_what_serves(context: BrowserContext, host: WebHost) -> None:
    host.cells(["BASKETGEX", ["NVDA,AMD"]])
    found, runtime = status(host.home), host.home.server()
    assert runtime is not None
    with opened(context, host, "/status") as page:
        assert fact(page, "Figures") == "synthetic: invented, for trying out"
        assert fact(page, "Source") == "synthetic sample"
        assert fact(page, "Convention") == found.convention
        server = fact(page, "Server")
        assert server.startswith(f"version {found.version}, since 20")
        assert server.endswith(f" UTC, at {runtime.grpc}, process {runtime.pid}")
        assert fact(page, "REST gateway") == "off"
        assert fact(page, "Debits") == f"{found.debits_today:,} today, {found.debits_total:,} in all"
        assert fact(page, "Watched") == "0 streams of live cells"
        assert fact(page, "Last problem") == "none"
        assert page.locator("#source").inner_text() == found.sentence
        assert page.locator("#source").get_attribute("class") == "synthetic"
        page.set_viewport_size({"width": 1200, "height": 900})
        until(page, "() => !document.getElementById('checks').hidden")
        accessible(page)


def test_doctors_lines(context: BrowserContext, host: WebHost) -> None:
    """Those of the command, in its order, with what to do."""
    with opened(context, host, "/status") as page:
        until(page, "() => !document.getElementById('checks').hidden")
        rows: list[list[str]] = page.evaluate(
            "() => [...document.querySelectorAll('tbody tr')].map(row => [...row.cells].map(c => c.textContent))"
        )
    done = subprocess.run(
        [sys.executable, "-m", "basketgex_cli", "doctor", "--json"],
        env=environment(host.home.path),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    told = json.loads(done.stdout)["checks"]
    assert [row[:2] for row in rows] == [[each["state"], each["name"]] for each in told]
    for row, each in zip(rows, told, strict=True):
        assert row[2].startswith(each["found"].splitlines()[0])
        assert each["advice"] in row[2]


def test_refreshing_asks_first(context: BrowserContext, tmp_path: Path) -> None:
    """It says the price; refused it costs nothing, accepted one call for all, and every page shows the new figures."""
    chromium()
    with web_host(tmp_path / "home") as host, workbook(context, host) as book:
        book.put({"D1": '=BASKETGEX("NVDA,AMD")', "D2": '=BASKETGEX("AVGO")'})
        shown = book.shows_number("D1")
        book.shows_number("D2")
        before = status(host.home)
        with opened(context, host, "/status") as page:
            becomes(page, "Open pages show", "2 baskets of 3 names on 1 page")
            asked = click(page, "Refresh what pages show", accept=False)
            assert asked == "Ask the source again for 2 baskets of 3 names? This may cost 1 debit."
            assert status(host.home).source_calls == before.source_calls
            click(page, "Refresh what pages show", accept=True)
            page.get_by_text("Done: every page asks for its figures again.").wait_for()
        assert status(host.home).source_calls == before.source_calls + 1
        asked_before = book.requests
        book.page.bring_to_front()
        give_up = 100
        while book.requests == asked_before and (give_up := give_up - 1):
            book.page.wait_for_timeout(100)
        assert book.requests > asked_before
        book.shows("D1", shown)
        assert status(host.home).source_calls == before.source_calls + 1


def test_ending_asks_first(context: BrowserContext, tmp_path: Path) -> None:
    """Looking starts no server again; a cell does."""
    chromium()
    with web_host(tmp_path / "home") as host:
        host.cells(["BASKETGEX", ["NVDA"]])
        with opened(context, host, "/status") as page:
            end = page.get_by_role("button", name="End the server")
            fact(page, "Server")
            asked = click(page, "End the server", accept=False)
            assert asked == "End the server? The next question starts it again; open pages go on."
            assert host.home.is_served()
            click(page, "End the server", accept=True)
            page.get_by_text("The server has ended. It starts again with the next question.").wait_for()
            page.get_by_text("No server is running. It starts with the next question.").wait_for()
            assert not end.is_enabled()
            assert (
                host.post("end", {}).json()["said"]
                == "No server is running. It starts with the next question."
            )
            assert not host.home.is_served()
            host.cells(["BASKETGEX", ["NVDA"]])
            assert fact(page, "Server").startswith("version ")


def test_a_problem_of_the_source(context: BrowserContext, tmp_path: Path) -> None:
    chromium()
    empty = tmp_path / "chains"
    empty.mkdir()
    (empty / "NVDA_2027-01-15.csv").write_text("option,open_interest\nnonsense,1\n")
    chosen = {"BASKETGEX_SOURCE": "chain-files", "BASKETGEX_CHAIN_FOLDER": str(empty)}
    with web_host(tmp_path / "home", **chosen) as host:
        host.cells(["BASKETGEX", ["NVDA"]])
        with opened(context, host, "/status") as page:
            said = fact(page, "Last problem")
            assert said == status(host.home).last_problem != ""
            assert fact(page, "Figures") == "of a real source"
            assert page.locator("#source").get_attribute("class") == ""


def test_the_page_without_its_files(context: BrowserContext, host: WebHost) -> None:
    """As a host sends it that lacks what set-up fetches."""
    text = (assets.STATIC / "missing.html").read_text("utf-8")
    context.route(f"{host.running.http}/", lambda route: route.fulfill(body=text, content_type="text/html"))
    with opened(context, host, "/", key=False) as page:
        page.get_by_text("The workbook's own files are missing").wait_for()
        accessible(page)


@pytest.mark.parametrize("path", ["/status", "/try"])
def test_without_its_key(context: BrowserContext, host: WebHost, path: str) -> None:
    with opened(context, host, path, key=False) as page:
        page.get_by_text("This page was opened without its key. Run basketgex web in a terminal").wait_for()
        accessible(page)
        assert not page.get_by_role("button").filter(has_not_text="x").and_(page.locator(":enabled")).count()


def test_the_way_there(context: BrowserContext, host: WebHost) -> None:
    """From the workbook by its links, without another ticket."""
    with workbook(context, host) as book:
        book.page.get_by_role("link", name="Status").click()
        fact(book.page, "Server")
        book.page.get_by_role("link", name="Try it").click()
        book.page.get_by_text("The REST gateway is off.").wait_for()
        book.page.get_by_role("link", name="Workbook").click()
        book.until("!!window.basketgex")
