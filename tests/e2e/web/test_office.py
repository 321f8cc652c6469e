"""The worksheet functions in Microsoft's custom-functions runtime: each cell is told what the worksheet functions say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from basketgex_addin.cells import Ask, Reply
from basketgex_addin.client import BasketClient
from basketgex_addin.functions import BY_NAME, FUNCTIONS, Way
from basketgex_addin.web import values
from basketgex_addin.worksheet import Worksheet
from tests.addin.web.hosts import WebHost
from tests.e2e.serving import kill, status
from tests.e2e.web.browser import chromium
from tests.e2e.web.excel import Excel, entry, excel, office_host, shown
from tests.e2e.web.opened import accessible, fetched
from tests.e2e.web.test_functions import SHAPES, arguments
from tests.e2e.web.test_under_the_page import source, write

NAMES, WEIGHTS = [["NVDA"], ["AMD"], ["AVGO"]], [[50], [30], [20]]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHost]:
    chromium()
    fetched("custom-functions-runtime.js")
    with (
        pytest.MonkeyPatch.context() as patch,
        office_host(tmp_path_factory.mktemp("office") / "home", patch) as found,
    ):
        yield found


@pytest.fixture
def sheet(running: Browser, host: WebHost) -> Iterator[Excel]:
    with excel(running, host) as opened:
        yield opened


@pytest.fixture(scope="module")
def worksheet(host: WebHost) -> Iterator[Worksheet]:
    """The functions themselves, asked without a page."""
    host.cells(["BASKETGEX", ["NVDA"]])  # starts the server
    with closing(BasketClient(host.home)) as client:
        yield Worksheet(client)


def said(worksheet: Worksheet, name: str, sent: list[Any]) -> Any:
    """What a cell shows, as Excel has it: blanks are empty texts, an error has its sentence."""
    blocks = tuple(map(values.block, sent))
    found = values.result(worksheet.evaluate(name, blocks))
    if isinstance(found, dict):
        silent = BY_NAME[name].kind.way in (Way.EXPLAIN, Way.REMEMBER, Way.TRIGGER)
        return found | {"why": "" if silent else worksheet.explain([(name, blocks)])}
    if isinstance(found, list):
        return [["" if cell is None else cell for cell in row] for row in found]
    return "" if found is None else found


OTHERS = [f for f in FUNCTIONS if f.kind.way not in (Way.EXPLAIN, Way.REMEMBER)]
"""What a cell called, and how old figures are, have tests of their own."""


@pytest.mark.parametrize("left_out", ["as nothing", "not at all"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_function(sheet: Excel, worksheet: Worksheet, shape: str, left_out: str) -> None:
    entries, sents = [], []
    for number, function in enumerate(OTHERS, 1):
        _, sent = arguments(function, SHAPES[shape])
        missing = [None] * (len(function.arguments) - len(sent)) if left_out == "as nothing" else []
        entries.append(entry(number, function.name, [*sent, *missing], f"Sheet1!D{number}", False, None))
        sents.append(sent)
    sheet.page.evaluate("entries => host(entries)", entries)
    for number, (function, sent) in enumerate(zip(OTHERS, sents, strict=True), 1):
        found, expected = shown(sheet.told(number)), said(worksheet, function.name, sent)
        if function.name == "BASKETQUOTA":  # what it saved grows by asking
            assert [row[:1] for row in found] == [row[:1] for row in expected]
            continue
        if function.name == "BASKETWHY":  # tells the last of many reasons, as the answers came
            assert isinstance(found, str) and isinstance(expected, str)
            continue
        assert found == expected, function.name


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_cell_called(sheet: Excel, worksheet: Worksheet, shape: str) -> None:
    _, sent = arguments(BY_NAME["BASKETGEX"], SHAPES[shape])
    sheet.cell("BASKETGEX", sent, "Sheet1!A1")
    found = sheet.cell("BASKETEXPLAIN", [0], "Sheet1!B1", addresses=["Sheet1!$A$1:$A$1"])
    assert found == worksheet.explain([("BASKETGEX", tuple(map(values.block, sent)))])


def test_why_there_is_nothing(sheet: Excel, worksheet: Worksheet) -> None:
    sent = [[["ZZQX"]]]
    found = sheet.cell("BASKETWHY", sent)
    assert "ZZQX" in found and found == said(worksheet, "BASKETWHY", sent)


def test_a_cell_without_a_formula_of_ours(sheet: Excel) -> None:
    found = sheet.cell("BASKETEXPLAIN", [7], addresses=["Sheet1!Z99"])
    assert found == "That cell has no formula of Basket GEX."


def test_an_age_is_told_anew(sheet: Excel) -> None:
    """A stream in every mode; the page asks again by itself, and ceases to when Excel cancels it."""
    call = sheet.enter("BASKETAGE", ["AAPL"])
    assert shown(sheet.told(call)) == {"e": "#N/A", "why": ""}
    assert sheet.page.evaluate("basketgex.streams.size") == 1
    sheet.cancel(call)
    assert sheet.page.evaluate("basketgex.streams.size") == 0


def test_a_name_that_is_none_of_ours(sheet: Excel) -> None:
    assert not sheet.told(sheet.enter("NOSUCH", []))["ok"]


@pytest.mark.parametrize(("messages", "most"), [(1, 2), (100, 10)])
def test_a_thousand_calls(sheet: Excel, host: WebHost, messages: int, most: int) -> None:
    """They travel together, and each gets its own answer."""
    asked = [["BASKETGEX", [NAMES, [[5], [3], [2 + at / 1_000 + messages]]]] for at in range(1_000)]
    entries = [entry(at, *call, f"Sheet1!A{at}", False, None) for at, call in enumerate(asked, 1)]
    before = sheet.requests
    sheet.page.evaluate(
        "([all, each]) => { for (let at = 0; at < all.length; at += each)"
        " setTimeout(() => host(all.slice(at, at + each)), at / each); }",
        [entries, len(entries) // messages],
    )
    sheet.until("() => Object.keys(told).length === 1000")
    requests = sheet.requests - before
    assert requests == most if messages == 1 else requests <= most
    found = sheet.page.evaluate("() => Array.from({ length: 1000 }, (_, at) => told[at + 1].at(-1).value)")
    assert found == [each for at in (0, 500) for each in host.cells(*asked[at : at + 500])]


def test_a_trigger(sheet: Excel, host: WebHost) -> None:
    """BASKETREFRESH asks the source when its trigger changes in its cell, and never because it is calculated again."""

    def calls() -> int:
        return status(host.home).source_calls

    sheet.cell("BASKETGEX", [NAMES])
    before, trigger = calls(), 0
    sheet.cell("BASKETREFRESH", [NAMES, trigger], "Sheet1!E1")
    assert calls() == before  # the first time never
    for trigger in range(1, 60):  # a change within a second of the first calculation is of that calculation
        sheet.cell("BASKETREFRESH", [NAMES, trigger], "Sheet1!E1")
        if calls() > before:
            break
    assert calls() == before + 1
    for _ in range(20):
        sheet.cell("BASKETREFRESH", [NAMES, trigger], "Sheet1!E1")
    assert calls() == before + 1


def test_the_server_is_killed(sheet: Excel, host: WebHost) -> None:
    before = sheet.cell("BASKETGEX", [NAMES, WEIGHTS])
    kill(host.home)
    assert sheet.cell("BASKETGEX", [NAMES, WEIGHTS], "Sheet1!D2") == before
    sheet.until("() => full > 0")  # Excel is asked to calculate everything: no figure of another server stays


def test_the_pane(sheet: Excel) -> None:
    """The same page is what the ribbon's button shows."""
    sheet.page.get_by_text("synthetic: invented, for trying out").wait_for()
    sheet.until("() => !document.getElementById('checks').hidden")
    assert not sheet.page.get_by_role("link").count()
    accessible(sheet.page)
    sheet.page.get_by_role("button", name="End the server").click()
    sheet.page.get_by_role("button", name="No").click()


def test_another_source(running: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Excel is asked to calculate everything again, and nothing of the old source comes."""
    chains = tmp_path / "chains"
    chains.mkdir()
    write(chains, 1_000)
    with office_host(tmp_path / "home", monkeypatch) as host, excel(running, host) as sheet:
        sample = sheet.cell("BASKETGEX", ["NVDA"])
        source(host, "chain-files", "--folder", str(chains))
        sheet.until("() => full > 0")
        own = sheet.cell("BASKETGEX", ["NVDA"])
        assert own != sample
        assert [own] == host.cells(["BASKETGEX", ["NVDA"]])


def test_live_cells(running: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values, errors and tables are pushed as they change; a cell that Excel cancels is told nothing more."""
    chains = tmp_path / "chains"
    chains.mkdir()
    write(chains, 1_000)
    live = {"BASKETGEX_CELL_MODE": "live"}
    with office_host(tmp_path / "home", monkeypatch, **live) as host, excel(running, host) as sheet:
        source(host, "chain-files", "--folder", str(chains))
        number, table, gone, bad = (
            sheet.enter(*call, cell=f"Sheet1!D{row}", live=True)
            for row, call in enumerate(
                (
                    ("BASKETGEX", ["NVDA"]),
                    ("BASKET", ["NVDA"]),
                    ("BASKETDEX", ["NVDA"]),
                    ("BASKETGEX", [NAMES, [[1]]]),
                )
            )
        )
        value = "id => typeof told[id]?.at(-1)?.value === 'number'"
        sheet.until(value, number)
        sheet.until(value, gone)
        sheet.until("id => Array.isArray(told[id]?.at(-1)?.value)", table)
        assert shown(sheet.told(bad))["why"].startswith("3 symbols but 1 weights")
        first = sheet.told(number)["value"]
        sheet.cancel(gone)
        told = sheet.page.evaluate("id => told[id].length", gone)
        write(chains, 2_000)
        with closing(BasketClient(host.home, 60.0)) as client:
            for _ in range(100):  # what is under way when the file is written is of the old one
                (found,) = client.ask_many([Ask(("NVDA",))], "FORCE")
                assert isinstance(found, Reply)
                if found.gex != first:
                    break
        assert found.gex != first
        sheet.until("([id, v]) => told[id].at(-1).value === v", [number, found.gex])
        sheet.until("([id, v]) => told[id].at(-1).value?.[0]?.[3] === v", [table, found.gex])
        assert sheet.page.evaluate("id => told[id].length", gone) == told
        # What is cancelled is dropped with the next request: nobody asks for it any more.
        for call in (number, table, bad):
            sheet.cancel(call)
        sheet.enter("BASKETCOUNT", ["AMD"], live=True)
        sheet.until("() => basketgex.streams.size === 1")
        while host.get("report")["shown"]["baskets"] != 1:
            sheet.page.wait_for_timeout(50)
