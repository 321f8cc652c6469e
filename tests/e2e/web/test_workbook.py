"""The workbook in a real browser: typed formulas, spilled tables, errors that say why, and what it keeps."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from playwright.sync_api import BrowserContext

from basketgex_addin.web import assets
from tests.addin.web.hosts import WebHost
from tests.e2e.web.browser import SHEET, Workbook, workbook
from tests.e2e.web.opened import accessible

NAMES, WEIGHTS = [["NVDA"], ["AMD"], ["AVGO"]], [[50], [30], [20]]
SENTENCE = "3 symbols but 2 weights: give one weight beside each symbol, or none at all."


def test_formulas_typed(book: Workbook, host: WebHost) -> None:
    book.type("D1", "=BASKETGEX(A1:A3,B1:B3)")
    (expected, table) = host.cells(["BASKETGEX", [NAMES, WEIGHTS]], ["BASKET", [NAMES, WEIGHTS, True]])
    book.shows("D1", expected)
    book.type("D7", "=BASKET(A1:A3,B1:B3,TRUE)")
    book.until(f"() => {SHEET}.getRange('N10').getValues()[0][0] !== null")
    assert [row[0] for row in book.values("D7:D10")] == [row[0] for row in table]
    shown, answered = book.values("M7:N10"), [row[-2:] for row in table]
    assert shown[0] == answered[0]
    for (moment, balance), (its_moment, its_balance) in zip(shown[1:], answered[1:], strict=True):
        assert moment == its_moment and abs(balance - its_balance) < 1e-9
    book.type("D12", "=SUM(G8:G10)")
    total = sum(row[3] for row in table[1:])
    assert abs(book.shows_number("D12") - total) < 1e-6 * abs(total)

    book.click("A2")
    book.type("A2", "MU")  # everything that hangs on it follows
    (other,) = host.cells(["BASKETGEX", [[["NVDA"], ["MU"], ["AVGO"]], WEIGHTS]])
    book.shows("D1", other)
    book.until(f"() => {SHEET}.getRange('D9').getValues()[0][0] === 'MU'")
    book.until(f"v => {SHEET}.getRange('D12').getRawValue() !== v", total)


def test_what_the_progress_bar_says_is_english(book: Workbook) -> None:
    """Not the names of its texts, which is what Univer shows where it has none."""
    core = gzip.decompress(assets.vendored()["univer-sheets-core.js"]).decode()
    names = sorted(set(re.findall(r"sheets-formula\.progress\.[a-z-]+", core)))
    assert len(names) >= 5
    said = book.page.evaluate(
        "names => names.map(name => basketgex.univerAPI._injector.get(UniverCore.LocaleService).t(name))",
        names,
    )
    assert [text for text in said if "." in text or text in names] == []


def test_errors_are_errors_and_say_why(book: Workbook) -> None:
    book.put(
        {
            "D1": "=BASKETGEX(A1:A3,B1:B2)",
            "D2": "=BASKETWHY(A1:A3,B1:B2)",
            "D3": "=BASKETEXPLAIN(D1)",
            "D4": '=IFERROR(D1,"caught")',
            "D5": '=ERROR.TYPE(BASKETGEX("NOSUCH"))',
            "D6": "=ISERROR(D1)",
            "D7": '=IFNA(BASKETGEX("NOSUCH"),"none")',
        }
    )
    for cell, value in {
        "D1": "#VALUE!",
        "D2": SENTENCE,
        "D3": SENTENCE,
        "D4": "caught",
        "D5": 7,
        "D7": "none",
    }.items():
        book.shows(cell, value)
    book.shows("D6", 1)
    book.click("D1")
    book.until("s => document.getElementById('reason').innerText === s", SENTENCE)
    accessible(book.page, only="body > header, body > p")
    book.click("A1")
    book.until("() => document.getElementById('reason').hidden")


def test_an_empty_text_is_a_text(book: Workbook) -> None:
    """Also for a formula that is typed when that text has long been calculated."""
    book.put({"D1": '=""', "D2": "=3", "D3": "=-2"})
    book.shows("D3", -2)
    book.calm()
    book.put(
        {
            "E1": "=ISTEXT(D1)",
            "E2": "=RANK(D3,D1:D3)",
            "E3": "=ISBLANK(D1)",
            "E4": "=COUNT(D1:D3)",
            "E5": "=RANK(D2,D1:D3)",
        }
    )
    for cell, value in {"E5": 1, "E1": 1, "E2": 2, "E3": 0, "E4": 2}.items():
        book.shows(cell, value)


def test_a_spill_that_is_blocked(book: Workbook) -> None:
    book.put({"E8": "=1+1"})
    book.shows("E8", 2)
    book.put({"D7": "=BASKET(A1:A3,B1:B3)"})
    book.shows("D7", "#SPILL!")
    book.click("E8")
    book.page.keyboard.press("Delete")
    book.until(f"() => {SHEET}.getRange('D9').getValues()[0][0] === 'AVGO'")


def test_it_is_said_what_the_figures_are(book: Workbook) -> None:
    """Before the first of them is there."""
    source = book.page.locator("#source")
    book.put({"D1": "=BASKETGEX(A1:A3,B1:B3)"})
    book.shows_number("D1")
    assert "synthetic" in source.inner_text()
    assert source.get_attribute("class") == "synthetic"
    assert not book.page.locator("#notice").is_visible()


def test_help_while_a_formula_is_typed(book: Workbook) -> None:
    book.click("D1")
    book.page.keyboard.type("=BASKETGE")
    book.page.get_by_text("Weighted net dealer gamma exposure").first.wait_for()
    book.page.keyboard.type("X(")
    book.page.get_by_text("[weights]").first.wait_for()
    book.page.keyboard.press("Escape")


def test_many_formulas_are_one_request(book: Workbook) -> None:
    before = book.requests
    book.page.evaluate(
        f"""() => {SHEET}.getRange('D1:H100').setValues(Array.from({{ length: 100 }}, (_, r) =>
            Array.from({{ length: 5 }}, (_, c) => ({{ f: `=BASKETGEX($A$1:$A$3,{{${{r + 1}};${{c + 1}};7}})` }}))))"""
    )
    book.shows_number("H100")
    book.calm()
    assert (book.requests - before, len(book.asked)) == (1, 500)


def test_it_is_kept(book: Workbook, host: WebHost) -> None:
    book.type("D1", "=BASKETGEX(A1:A3,B1:B3)")
    book.shows_number("D1")
    book.until("async () => !!(await (await import('/static/keep.js')).kept()) && basketgex.keeper.settled")
    book.page.reload()
    book.until("() => !!window.basketgex")
    book.shows_number("D1")
    assert book.page.evaluate(f"{SHEET}.getRange('D1').getFormula()") == "=BASKETGEX(A1:A3,B1:B3)"
    assert host.key not in book.page.url
    book.page.on("dialog", lambda dialog: dialog.accept())
    book.page.get_by_role("button", name="New", exact=True).click()
    book.until(f"() => !!window.basketgex && !{SHEET}.getRange('D1').getFormula()")


def test_no_figure_is_kept(book: Workbook) -> None:
    """When a workbook is opened again its figures are asked for; what was kept may be of another source."""
    book.type("D1", "=BASKETGEX(A1:A3,B1:B3)")
    figure = str(book.shows_number("D1"))
    book.until("() => basketgex.keeper.settled")
    opened = "async () => JSON.stringify(await (await import('/static/keep.js')).kept())"
    assert "=BASKETGEX" in (found := book.page.evaluate(opened))
    assert figure not in found


def test_a_second_tab_writes_over_nothing(book: Workbook, context: BrowserContext, host: WebHost) -> None:
    with workbook(context, host) as second:
        said = second.page.locator("#notice").inner_text()
        assert said.startswith("The workbook is open in another tab")
        second.type("D1", "=BASKETCOUNT(A1:A3)")
        second.shows("D1", 3)
    assert not book.page.locator("#notice").is_visible()


def test_values_are_exported(book: Workbook, tmp_path: Path) -> None:
    book.put({"D1": "=BASKETCOUNT(A1:A3)", "D2": '="a ""b"", c"'})
    book.shows("D1", 3)
    book.shows("D2", 'a "b", c')
    with book.page.expect_download() as download:
        book.page.get_by_role("button", name="Export CSV").click()
    download.value.save_as(tmp_path / "values.csv")
    assert download.value.suggested_filename == "Basket.csv"
    lines = (tmp_path / "values.csv").read_text("utf-8").splitlines()
    assert lines[:3] == ["NVDA,50,,3", 'AMD,30,,"a ""b"", c"', "AVGO,20,,"]


def test_a_refresh_asks_again(book: Workbook) -> None:
    book.type("D1", "=BASKETGEX(A1:A3,B1:B3)")
    book.shows_number("D1")
    with book.page.expect_request("**/sheet/refresh") as refreshing:
        book.page.get_by_role("button", name="Refresh").click()
    assert [call[0] for call in refreshing.value.post_data_json["calls"]] == ["BASKETGEX"]
    book.until("() => !document.getElementById('refresh').disabled")
    book.shows_number("D1")
    assert not book.page.locator("#notice").is_visible()


def test_without_the_key(context: BrowserContext, host: WebHost) -> None:
    page = context.new_page()
    closed = Workbook(page, host, enters=False)
    page.goto(f"{host.running.http}/")
    page.get_by_text("opened without its key").wait_for()
    accessible(page)
    page.goto(f"{host.running.http}/#ticket=forged")
    page.reload()
    page.get_by_text("opened without its key").wait_for()
    assert closed.faults == []
    page.close()
