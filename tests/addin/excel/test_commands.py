"""The ribbon's commands, called as its VBA does: through xlwings' COM server."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from basketgex_addin import menu, template_files
from basketgex_addin.cells import Ask, Problem, Quota
from basketgex_addin.client import ServerStatus, problems
from basketgex_addin.excel import commands, component
from basketgex_addin.functions.quota import QuotaOf
from basketgex_addin.triggers import CALCULATION, Triggers
from tests.addin.excel.com_stub import Application, Area, Formula, Selection, Sheet, Workbook, excel

STATUS = ServerStatus(
    *("1.0", "sample", "Sample", True, "flashalpha", "SYNTHETIC figures of the sample."),
    *(0.0, 12, 3, 4, 5, 6, 7, 8, True, 50, "The source was slow.", 1),
)


class FakeClient:
    """Remembers what it was asked; answers the first symbols of ``failing`` with a problem."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Ask, ...]]] = []
        self.failing: dict[str, Problem] = {}
        self.found_quota: Quota | Problem = problems.NOT_METERED
        self.found_status: ServerStatus | Problem = STATUS

    def ask_many(self, asks: Any, refresh: str = "NORMAL") -> list[Any]:
        self.calls.append((refresh, tuple(asks)))
        return [self.failing.get(ask.symbols[0], "a reply") for ask in asks]

    def ask(self, question: QuotaOf) -> Quota | Problem:
        assert question == QuotaOf()
        return self.found_quota

    def status(self) -> ServerStatus | Problem:
        return self.found_status


@pytest.fixture(scope="module")
def app() -> Iterator[Application]:
    with excel() as application:
        yield application


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    fake = FakeClient()
    monkeypatch.setattr(component, "client", lambda home: fake)
    return fake


@pytest.fixture
def sheet() -> Sheet:
    one = Sheet("One", [["NVDA", 1.0], ["AMD", 2.0]])
    one.fill([["=BASKETGEX(A1:A2,B1:B2)"], ["=BASKETDEX(A1:A2,B1:B2)"], ['=SYMBOLGEX("SPY")']], left=4)
    one.fill([['=BASKETGEX("TSLA")'], ["=SUM(B1:B2)"], ['=BASKETAGE("NEVER")']], left=6)
    other = Sheet("Two", [['=BASKETGEX("META")']])
    Workbook(one, other, Sheet("Empty"))
    return one


BOTH = Ask(("NVDA", "AMD"), (1.0, 2.0))
SPY, TSLA, META = Ask(("SPY",)), Ask(("TSLA",)), Ask(("META",))


def test_a_selection_is_one_forced_call_for_its_own_formulas(
    app: Application, client: FakeClient, sheet: Sheet
) -> None:
    assert app.command("refresh", sheet.Range("D1:D2")) == ""
    assert app.command("refresh", Selection(sheet.Range("D2"), sheet.Range("F1:F3"))) == ""
    assert app.command("refresh", Area(sheet, 1, 1, 1_048_576, 16_384)) == ""
    assert client.calls == [("FORCE", (BOTH,)), ("FORCE", (BOTH, TSLA)), ("FORCE", (BOTH, TSLA, SPY))]


def test_a_workbook_is_one_forced_call(app: Application, client: FakeClient, sheet: Sheet) -> None:
    assert app.command("refresh_book", sheet.Parent) == ""
    assert client.calls == [("FORCE", (BOTH, TSLA, SPY, META))]


def test_where_no_formula_asks_nothing_is_spent(app: Application, client: FakeClient, sheet: Sheet) -> None:
    for area in (sheet.Range("A1:B2"), sheet.Range("F2:F3"), sheet.Range("Z90:Z99")):
        assert app.command("refresh", area) == menu.NOTHING_TO_REFRESH
    assert client.calls == []


def test_what_formulas_show_is_calculated_and_counts(app: Application, client: FakeClient) -> None:
    one = Sheet("One", [[Formula("=X()", shown="IBM")], ["=BASKETGEX(A1)"]])
    Workbook(one)
    assert app.command("refresh", one.Range("A2")) == ""
    assert client.calls == [("FORCE", (Ask(("IBM",)),))]


def test_what_could_not_be_refreshed_is_said_once(app: Application, client: FakeClient, sheet: Sheet) -> None:
    client.failing = {name: Problem("spent", "The day's debits are spent.") for name in ("SPY", "TSLA")}
    assert (
        app.command("refresh_book", sheet.Parent)
        == "2 of 4 baskets could not be refreshed.\nThe day's debits are spent."
    )


def test_the_quota(app: Application, client: FakeClient) -> None:
    assert app.command("quota") == problems.NOT_METERED.sentence
    client.found_quota = Quota("Growth", 2_500, 12, 2_488, False, 1_795_046_400.0, 488)
    assert app.command("quota") == (
        "Plan Growth: 12 debits used, 2,488 left of 2,500. The count starts again at 2026-11-19 00:00 UTC. "
        "Saved today against one call per cell: 488."
    )
    client.found_quota = Quota("", None, 12, None, False, 1_795_046_400.0, 0)
    assert app.command("quota").startswith(
        "12 debits used; the source does not say how many a day has. The count "
    )
    client.found_quota = Quota("Max", None, 12, None, True, 1_795_046_400.0, 0)
    assert app.command("quota").startswith("Plan Max: 12 debits used, without limit. The count ")


def test_the_status(app: Application, client: FakeClient) -> None:
    assert app.command("status") == (
        "SYNTHETIC figures of the sample.\nVersion 1.0.\n"
        "3 requests for 4 baskets took 5 source calls for 6 symbols.\nDebits: 7 today, 8 in all.\n"
        "Last problem: The source was slow."
    )
    client.found_status = problems.SERVER_ABSENT
    assert app.command("status") == problems.SERVER_ABSENT.sentence


def test_a_template_is_copied_to_where_it_can_be_saved(
    app: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Documents").mkdir()
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    paths = [Path(app.command("template", "sector_scanner")) for _ in range(2)]
    assert [path.name for path in paths] == ["sector_scanner.xlsx", "sector_scanner 2.xlsx"]
    source = template_files.find("sector_scanner")
    assert source is not None
    assert {path.read_bytes() for path in paths} == {source.read_bytes()}
    assert {path.parent for path in paths} == {tmp_path / "Documents" / "Basket GEX"}
    missing = "This template is missing from the installation: install basketgex again."
    assert app.command("template", "../secrets") == missing


def test_a_template_has_a_place_without_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "nobody")
    monkeypatch.setattr(commands.tempfile, "gettempdir", lambda: str(tmp_path))
    assert Path(commands.template("sector_scanner")).parent == tmp_path / "Basket GEX"


def test_a_workbook_that_opens_or_closes_is_forgotten(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = count(0.0, CALCULATION).__next__
    monkeypatch.setattr(component, "triggers", triggers := Triggers(clock))
    for command in ("opened", "closed"):
        for book, value in (("one.xlsx", 1.0), ("two.xlsx", 1.0)):
            triggers.changed(book, "R1C1", value)
        assert app.command(command, "one.xlsx") == ""
        assert not triggers.changed("one.xlsx", "R1C1", 2.0)
        assert triggers.changed("two.xlsx", "R1C1", 2.0)
        triggers.forget("two.xlsx")


def test_help_fits_into_a_message_box(app: Application) -> None:
    text = app.command("manual")
    assert "=BASKETGEX(A2:A7,B2:B7)" in text
    assert len(text) < 1024


def test_no_command_raises(app: Application, client: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("secret")

    monkeypatch.setattr(component, "client", broken)
    monkeypatch.setattr(component, "triggers", SimpleNamespace(forget=broken))
    monkeypatch.setattr(template_files, "find", broken)
    for name, arguments in (
        ("quota", ()),
        ("status", ()),
        ("template", ("book",)),
        ("opened", ("x",)),
        ("closed", ("x",)),
        ("refresh", (None,)),
        ("refresh_book", (None,)),
    ):
        assert app.command(name, *arguments) == menu.FAULT
