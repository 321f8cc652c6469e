"""What a page stands on changes below it: the source, the server, the host, and in live mode the figures themselves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from basketgex_addin.cells import Ask, Reply
from basketgex_addin.client import BasketClient
from tests.addin.web.hosts import WebHost, web_host
from tests.e2e.serving import environment, kill
from tests.e2e.web.browser import Workbook, chromium, workbook

HEAD = "option,open_interest,iv,underlying_price"
ASK = '=BASKETGEX("NVDA")'


@pytest.fixture
def chains(tmp_path: Path) -> Path:
    folder = tmp_path / "chains"
    folder.mkdir()
    write(folder, 1_000)
    return folder


def write(folder: Path, interest: int) -> None:
    rows = [f"NVDA280320C00255000,{interest},0.3,255", "NVDA280320P00255000,10,0.3,255"]
    (folder / "NVDA_2027-01-15.csv").write_text("\n".join([HEAD, *rows, ""]))


@contextmanager
def own_host(folder: Path, **environ: str) -> Iterator[WebHost]:
    chromium()
    with web_host(folder / "home", **environ) as found:
        yield found


def source(host: WebHost, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "basketgex_cli", "source", *arguments],
        env=environment(host.home.path),
        check=True,
        capture_output=True,
        timeout=60,
    )


def changes(book: Workbook, cell: str, before: object) -> float:
    book.until(
        "([a, v]) => { const now = basketgex.univerAPI.getActiveWorkbook().getActiveSheet().getRange(a).getRawValue();"
        " return typeof now === 'number' && now !== v; }",
        [cell, before],
    )
    return book.shows_number(cell)


def test_another_source(context: BrowserContext, tmp_path: Path, chains: Path) -> None:
    """Nobody touches the page: it hears of the source, and shows nothing of the old one."""
    with own_host(tmp_path) as host, workbook(context, host) as book:
        book.put({"D1": ASK})
        sample = book.shows_number("D1")
        source(host, "chain-files", "--folder", str(chains))
        own = changes(book, "D1", sample)
        (expected,) = host.cells(["BASKETGEX", ["NVDA"]])
        assert own == expected
        book.until("() => !document.getElementById('source').innerText.includes('synthetic')")
        assert book.page.locator("#source").get_attribute("class") == ""


def test_a_server_that_is_killed(context: BrowserContext, tmp_path: Path) -> None:
    with own_host(tmp_path) as host, workbook(context, host) as book:
        book.put({"D1": ASK})
        before = book.shows_number("D1")
        kill(host.home)
        book.put({"D2": '=BASKETGEX("AMD")'})
        assert book.shows_number("D2") != before
        book.shows("D1", before)


def test_a_host_that_goes_and_comes_back(context: BrowserContext, tmp_path: Path) -> None:
    """The page says so, shows an error where it cannot ask, and goes on by itself."""
    with own_host(tmp_path) as host, workbook(context, host) as book:
        book.put({"D1": ASK})
        before = book.shows_number("D1")
        port = int(host.running.http.rpartition(":")[2])
        host.process.terminate()
        host.process.wait(30)
        book.put({"D2": '=BASKETCOUNT("AMD,MU")'})
        book.shows("D2", "#N/A")
        notice = book.page.locator("#notice")
        assert notice.inner_text().startswith("The web host does not answer.")
        again = WebHost(host.home, port)
        book.shows("D2", 2)
        book.shows("D1", before)
        assert not notice.is_visible()
        assert again.stop() == ""


def test_another_token(context: BrowserContext, tmp_path: Path) -> None:
    with own_host(tmp_path) as host, workbook(context, host) as book:
        draft = host.home.path / ".token.draft"
        draft.write_text("another")
        draft.replace(host.home.token_file)
        book.put({"D1": ASK})
        book.shows("D1", "#N/A")
        book.page.get_by_text("This page's key is no longer good.").wait_for()


def test_live_cells(context: BrowserContext, tmp_path: Path, chains: Path) -> None:
    """Figures that change come by themselves, to every page that shows them; nothing of a page that went is watched."""
    live = {"BASKETGEX_CELL_MODE": "live"}
    with own_host(tmp_path, **live) as host:
        source(host, "chain-files", "--folder", str(chains))
        with workbook(context, host) as book, closing(BasketClient(host.home, 60.0)) as client:
            book.put({"D1": ASK, "D2": '=BASKETCOUNT("NVDA")', "D3": "=D1*2", "D4": '=ROWS(BASKET("NVDA"))'})
            first = book.shows_number("D1")
            with workbook(context, host) as other:
                other.put({"D1": ASK})
                other.shows("D1", first)
                write(chains, 2_000)
                later = first
                while later == first:  # the source looks at its folder once a second
                    (found,) = client.ask_many([Ask(("NVDA",))], "FORCE")
                    assert isinstance(found, Reply)
                    later = found.gex
                assert changes(book, "D1", first) == later
                other.shows("D1", later)
            book.shows("D3", 2 * later)
            book.shows("D2", 1)
            book.shows("D4", 1)
