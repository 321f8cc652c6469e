"""Live mode in Excel: nothing waits, news reach their cells, and nothing is lost, frozen or calculated for ever."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from threading import Condition, get_ident
from typing import Any

import pytest

from basketgex.home import CELLS_LIVE, CELLS_PREFETCH, CELLS_VARIABLE
from basketgex_addin.cells import Ask, CellError, Problem, Question, RegimesOf, Reply, Since
from basketgex_addin.client import problems
from basketgex_addin.excel import component, live
from basketgex_addin.excel.applications import GONE, REJECTED
from basketgex_addin.excel.live import ExcelLiveCells
from basketgex_addin.functions import FUNCTIONS, Way
from basketgex_addin.functions.levels import LevelsOf
from basketgex_addin.functions.quota import QuotaOf
from basketgex_addin.live import TRIES
from basketgex_addin.triggers import CALCULATION, Triggers
from basketgex_addin.worksheet import Worksheet
from tests.addin.excel.com_stub import ERRORS, Application, ComError, Formula, Host, Sheet, Workbook, excel
from tests.addin.excel.test_udfs import ASKING, OTHERS, REPLY, SHAPES, SINCE

NA = CellError.NOT_AVAILABLE
PATIENCE = 20.0


def reply(gex: float) -> Reply:
    return REPLY._replace(gex=gex)


class FakeStream:
    def __init__(self, changed: Callable[[frozenset[Ask]], None]) -> None:
        self.changed = changed
        self.wanted: set[Ask] = set()
        self.answers: dict[Ask, Reply | Problem] = {}
        self.turned = Condition()

    def say(self, **gex: float) -> None:
        """Tell of baskets of one name."""
        news = {Ask((name,)): reply(value) for name, value in gex.items()}
        self.answers.update(news)
        self.changed(frozenset(news))

    def want(self, ask: Ask) -> None:
        with self.turned:
            self.wanted.add(ask)
            self.turned.notify_all()

    def drop(self, ask: Ask) -> None:
        with self.turned:
            self.wanted.discard(ask)
            self.turned.notify_all()

    def latest(self, ask: Ask) -> Reply | Problem | None:
        return self.answers.get(ask)

    def since(self, ask: Ask) -> Since | None:
        return SINCE if ask in self.answers else None

    def close(self) -> None:
        pass


class FakeClient:
    """Has no memory unless given one; ``asked`` is what cells waited for, or had done behind them."""

    def __init__(self) -> None:
        self.memory: dict[Question, Any] = {}
        self.asked: list[tuple[str, tuple[Question, ...], int]] = []
        self.streams: list[FakeStream] = []

    def known(self, question: Question) -> Any:
        return self.memory.get(question)

    def ask(self, question: Question) -> Any:
        return self.ask_many([question])[0]

    def ask_many(self, questions: Sequence[Any], refresh: str = "NORMAL") -> list[Any]:
        self.asked.append((refresh, tuple(questions), get_ident()))
        answers = [OTHERS.get(type(q), REPLY) for q in questions]
        self.memory.update((q, a) for q, a in zip(questions, answers, strict=True) if not isinstance(q, Ask))
        return answers

    def ask_with(self, question: Any, others: Sequence[Any]) -> Any:
        return self.ask_many([question, *others])[0]

    def remembered(self, ask: Ask) -> Reply | None:
        found = self.memory.get(ask)
        return found if isinstance(found, Reply) else None

    def forget(self, question: Question) -> None:
        self.memory.pop(question, None)

    def watch(self, changed: Callable[[frozenset[Ask]], None], **how: Any) -> FakeStream:
        assert how == {"quiet": live.GAP, "longest": live.CALCULATION}
        self.streams.append(FakeStream(changed))
        return self.streams[-1]


class World:
    """An Excel in live mode, whose cells a fake stream feeds."""

    def __init__(self, app: Application, monkeypatch: pytest.MonkeyPatch, **how: Any) -> None:
        self.app, self.host, self.client = app, app.fresh(), FakeClient()
        self.cells = ExcelLiveCells(self.client, **how)
        self.sheet = Sheet("S")
        self.book = Workbook(self.sheet, name="Mine.xlsx")
        worksheet = Worksheet(self.client, now=lambda: 1120.0)
        monkeypatch.setattr(component, "worksheet", lambda home: worksheet)
        monkeypatch.setattr(component, "live", lambda home: self.cells)
        monkeypatch.setattr(component, "triggers", Triggers())
        monkeypatch.setenv(CELLS_VARIABLE, CELLS_LIVE)

    def open(self, *formulas: str) -> list[Formula]:
        """Open a workbook with these in column D; the first rows of A are names."""
        self.sheet.fill([[f"N{row}"] for row in range(1, 11)])
        self.sheet.fill([[formula] for formula in formulas], left=4)
        self.host.open(self.book)
        return [self.sheet.cells[row, 4] for row in range(1, len(formulas) + 1)]

    @property
    def stream(self) -> FakeStream:
        (stream,) = self.client.streams
        return stream

    def calculated(self, condition: Callable[[], object]) -> None:
        """Wait for a calculation after which it holds."""
        with self.host.calculated:
            assert self.host.calculated.wait_for(condition, PATIENCE)

    def wants(self, *names: str) -> None:
        """Wait until just these are watched, each name a basket."""
        asks = {Ask((name,)) for name in names}
        with self.stream.turned:
            assert self.stream.turned.wait_for(lambda: self.stream.wanted == asks, PATIENCE)

    def calculations(self) -> int:
        return self.host.calls.count("Calculate")


@pytest.fixture(scope="module")
def app() -> Iterator[Application]:
    with excel() as application:
        yield application


@pytest.fixture
def make(app: Application, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def make(**how: Any) -> World:
        made.append(World(app, monkeypatch, **how))
        return made[-1]

    yield make
    for world in made:
        world.cells.close()


@pytest.fixture
def world(make: Callable[..., World]) -> World:
    return make()


def formulas(count: int) -> list[str]:
    return [f"=BASKETGEX(A{row})" for row in range(1, count + 1)]


# Cells that are filled


def test_five_hundred_cells_do_not_wait_and_are_filled_in_one_calculation(world: World) -> None:
    world.sheet.fill([[f"B{row}"] for row in range(1, 501)], left=2)
    cells = world.open(*(f"=BASKETGEX(B{row})" for row in range(1, 501)))
    assert {cell.shown for cell in cells} == {NA}
    assert len(world.stream.wanted) == len(world.cells) == 500
    assert world.client.asked == []
    world.stream.say(**{f"B{row}": float(row) for row in range(1, 501)})
    world.calculated(lambda: cells[-1].shown == 500.0)
    assert [cell.shown for cell in cells] == [float(row) for row in range(1, 501)]
    assert {cell.calculated for cell in cells} == {2}
    assert (world.calculations(), world.host.calls.count("Dirty")) == (1, 1)


def test_what_memory_knows_is_shown_at_once_and_followed(world: World) -> None:
    world.client.memory[Ask(("N1",))] = reply(7.0)
    (cell,) = world.open("=BASKETGEX(A1)")
    assert (cell.shown, world.host.calls) == (7.0, [])
    del world.client.memory[Ask(("N1",))]
    world.stream.say(N1=8.0)
    world.calculated(lambda: cell.shown == 8.0)


def test_only_cells_with_news_are_calculated(world: World) -> None:
    cells = world.open(*formulas(3), "=BASKETGEX(A2)")
    world.stream.say(N2=5.0)
    world.calculated(lambda: cells[1].shown == 5.0)
    assert [cell.calculated for cell in cells] == [1, 2, 1, 2]
    assert [cell.shown for cell in cells] == [NA, 5.0, NA, 5.0]


def test_every_function_shows_in_the_end_what_it_shows_where_cells_wait(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = {"BASKETREFRESH": ",1", "DISPERSION": ",A1"}
    texts = [f"={f.name}({'A1' + second.get(f.name, '') if f.arguments else ''})" for f in FUNCTIONS]
    cells = world.open(*texts)
    waits = [cell for cell, f in zip(cells, FUNCTIONS, strict=True) if f.kind.foreseeable]
    assert all(cell.shown is NA for cell in waits)
    world.stream.say(N1=1.25)
    stays_blank = {"BASKETAGE", "BASKETREFRESH"}  # both only look at memory, which here has nothing
    pairs = [(cell, f) for cell, f in zip(cells, FUNCTIONS, strict=True) if f.name not in stays_blank]
    world.calculated(lambda: all(cell.shown is not NA for cell, _ in pairs))
    behind = [(refresh, questions[0]) for refresh, questions, _ in world.client.asked]
    assert behind.count(("NORMAL", QuotaOf())) == behind.count(("NORMAL", LevelsOf("N1"))) == 1
    assert behind.count(("CACHE_ONLY", Ask(("N1",)))) <= TRIES
    assert get_ident() not in {thread for *_, thread in world.client.asked}
    monkeypatch.setenv(CELLS_VARIABLE, CELLS_PREFETCH)
    world.client.memory.update({Ask(("N1",)): REPLY, RegimesOf(Ask(("N1",))): SINCE})
    for cell, f in pairs:
        given: list[Any] = ["N1"] * (2 if f.name == "DISPERSION" else 1 if f.arguments else 0)
        if f.kind.way is Way.EXPLAIN:
            given = [world.sheet.Range("A1")]
        assert repr(cell.shown) == repr(world.app.call(f.name, *given))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ASKING)
def test_every_function_reads_every_shape_and_does_not_wait(world: World, name: str, shape: str) -> None:
    arguments, ask = SHAPES[shape]
    assert world.app.call(name, *arguments(world.app)) is NA
    assert (world.stream.wanted, world.client.asked) == ({ask}, [])


def test_nine_hundred_names(world: World) -> None:
    names, weights = [f"N{i}" for i in range(900)], [float(i) for i in range(900)]
    world.sheet.fill([list(pair) for pair in zip(names, weights, strict=True)], left=7)
    for mode, shown in ((CELLS_LIVE, NA), (CELLS_PREFETCH, REPLY.gex)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(CELLS_VARIABLE, mode)
            ranges = world.sheet.Range("G1:G900"), world.sheet.Range("H1:H900")
            assert world.app.call("BASKETGEX", *ranges) == shown
    asked = Ask(tuple(names), tuple(weights))
    assert world.stream.wanted == {asked}
    assert world.client.asked == [("NORMAL", (asked,), get_ident())]


def test_an_error_in_a_range_is_an_error_at_once(world: World) -> None:
    for name in ASKING:
        found = world.app.call(name, world.app.area(["NVDA"], [ERRORS["#REF!"]]))
        assert found is CellError.VALUE or name == "BASKETWHY"
    assert (world.client.streams, world.client.asked) == ([], [])


def test_a_problem_is_an_error_and_its_sentence(world: World) -> None:
    cells = world.open("=BASKETGEX(A1)", "=BASKETWHY(A1)", '=BASKETGEX("A,,;5")', "=BASKETGEX(Z9)")
    assert [cell.shown for cell in cells] == [NA, NA, NA, CellError.VALUE]
    world.stream.answers[Ask(("N1",))] = problems.SERVER_ABSENT
    world.stream.changed(frozenset((Ask(("N1",)),)))
    world.calculated(lambda: cells[1].shown == problems.SERVER_ABSENT.sentence)
    assert cells[0].shown is NA


def test_age_asks_nobody(world: World) -> None:
    cells = world.open("=BASKETAGE(A1)")
    assert (cells[0].shown, world.client.streams, len(world.cells)) == (NA, [], 0)


def test_a_trigger_that_changes_asks_the_source_behind_the_cell(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(component, "triggers", Triggers(lambda: now[0]))
    world.client.memory[Ask(("N1",))] = REPLY
    world.sheet.fill([[1.0]], left=3)
    (cell,) = world.open("=BASKETREFRESH(A1,C1)")
    assert world.client.asked == []
    now[0] += CALCULATION
    world.host.type(world.sheet, 1, 3, 2.0)
    world.calculated(lambda: cell.calculated >= 3)
    now[0] += CALCULATION
    world.host.type(world.sheet, 1, 1, "N1")
    assert [(refresh, questions) for refresh, questions, _ in world.client.asked] == [
        ("FORCE", (Ask(("N1",)),))
    ]
    assert get_ident() != world.client.asked[0][2]


# Excel that takes no call


def test_nothing_is_lost_while_a_cell_is_edited(world: World) -> None:
    cells = world.open(*formulas(2))
    with world.host.held():
        for name in ("N1", "N2"):
            world.stream.say(**{name: 3.0})
            with world.host.rejected:
                assert world.host.rejected.wait(PATIENCE)
        assert [cell.shown for cell in cells] == [NA, NA]
    world.calculated(lambda: [cell.shown for cell in cells] == [3.0, 3.0])


@pytest.mark.parametrize("times", [1, 2, 3, 4, 5])
def test_every_way_to_be_rejected_at_every_step(
    world: World, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LONGEST_PAUSE", 0.01)
    (cell,) = world.open("=BASKETGEX(A1)")
    errors: list[Exception] = [ComError("rejected", code) for code in REJECTED]
    errors += [ComError("editing", scode=-2146777998), ComError("1004"), AttributeError("Workbooks")]
    accept, seen = world.host.accept, [0]

    def step(call: str) -> None:
        accept(call)
        seen[0] += 1
        if seen[0] % times == 0 and errors:
            raise errors.pop()

    monkeypatch.setattr(world.host, "accept", step)
    world.stream.say(N1=3.0)
    world.calculated(lambda: cell.shown == 3.0)


def test_the_pause_grows_to_a_second(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert live.LONGEST_PAUSE == 1.0
    monkeypatch.setattr(live, "FIRST_PAUSE", 1 / 1024)
    monkeypatch.setattr(live, "LONGEST_PAUSE", 1 / 128)
    world.cells._pause = live.FIRST_PAUSE
    (cell,) = world.open("=BASKETGEX(A1)")
    paused: list[float] = []
    world.host.rejections = [ComError("rejected", -2147418111) for _ in range(8)]
    reject = world.host._reject

    def rejected(error: Exception) -> None:
        paused.append(world.cells._pause * 1024)
        reject(error)

    monkeypatch.setattr(world.host, "_reject", rejected)
    world.stream.say(N1=3.0)
    world.calculated(lambda: cell.shown == 3.0)
    assert paused == [1, 2, 4, 8, 8, 8, 8, 8]


def test_cells_that_were_copied_stay_so(world: World) -> None:
    (cell,) = world.open("=BASKETGEX(A1)")
    world.host.CutCopyMode = 1
    looked = Condition()

    class Copying:
        def __bool__(self) -> bool:
            with looked:
                looked.notify()
            return True

    world.host.CutCopyMode = Copying()
    with looked:
        world.stream.say(N1=3.0)
        assert looked.wait(PATIENCE)
    assert cell.shown is NA
    world.host.CutCopyMode = False
    world.calculated(lambda: cell.shown == 3.0)


def test_where_somebody_calculates_by_hand_only_cells_with_news_are(world: World) -> None:
    world.host.Calculation = Host.MANUAL
    cells = world.open(*formulas(2))
    cells[0].dirty = True
    world.stream.say(N2=3.0)
    world.calculated(lambda: cells[1].shown == 3.0)
    assert (cells[0].calculated, cells[0].dirty, world.calculations()) == (1, True, 0)


@pytest.mark.parametrize("code", sorted(GONE))
def test_an_excel_that_has_ended_wants_nothing(world: World, code: int) -> None:
    world.open(*formulas(2))
    world.host.rejections = [ComError("gone", code)]
    world.stream.say(N1=3.0)
    world.wants()
    assert len(world.cells) == 0


# Cells that change, move and go


def test_another_symbol_takes_the_place_of_the_one_before(world: World) -> None:
    cells = world.open(*formulas(3))
    world.stream.say(N1=1.0, N2=2.0, N3=3.0)
    world.calculated(lambda: cells[2].shown == 3.0)
    world.host.type(world.sheet, 2, 1, "NEW")
    assert cells[1].shown is NA
    world.wants("N1", "N2", "N3", "NEW")
    world.stream.say(NEW=9.0)
    world.calculated(lambda: cells[1].shown == 9.0)
    world.wants("N1", "N3", "NEW")
    assert [cell.calculated for cell in cells] == [2, 4, 2]


def test_a_cell_may_ask_for_several(world: World) -> None:
    cells = world.open("=BASKETGEX(A1)-BASKETGEX(A2)+BASKETGEX(A1)")
    world.stream.say(N1=1.0, N2=2.0)
    world.calculated(lambda: cells[0].shown == [1.0, 2.0, 1.0])
    world.stream.say(N2=5.0)
    world.calculated(lambda: cells[0].shown == [1.0, 5.0, 1.0])
    world.stream.say(N1=4.0)
    world.calculated(lambda: cells[0].shown == [4.0, 5.0, 4.0])
    assert cells[0].calculated == 4
    world.wants("N1", "N2")


def test_a_row_that_is_inserted_freezes_no_cell(world: World) -> None:
    cells = world.open(*formulas(10))
    world.stream.say(**{f"N{row}": float(row) for row in range(1, 11)})
    world.calculated(lambda: cells[9].shown == 10.0)
    world.sheet.insert_row(4)
    for found in cells[3:]:  # Excel writes the references anew
        found.text = found.text.replace(str(n := cells.index(found) + 1), str(n + 1))
    world.stream.say(N6=60.0)
    world.calculated(lambda: cells[5].shown == 60.0)
    for row in (4, 10, 1):
        world.stream.say(**{f"N{row}": row * 10.0})
        world.calculated(lambda row=row: cells[row - 1].shown == row * 10.0)  # type: ignore[misc]
    world.wants(*(f"N{row}" for row in range(1, 11)))
    assert len(world.cells) == 10
    assert max(cell.calculated for cell in cells) <= 5


def test_a_formula_that_is_deleted_leaves_no_subscription(world: World) -> None:
    cells = world.open(*formulas(3))
    world.stream.say(N1=1.0, N2=2.0, N3=3.0)
    world.calculated(lambda: cells[2].shown == 3.0)
    world.sheet.cells[2, 4] = "text"
    del world.sheet.cells[3, 4]
    world.stream.say(N2=2.5, N3=3.5)
    world.wants("N1")


def test_a_sheet_that_is_deleted_or_renamed(world: World) -> None:
    (cell,) = world.open("=BASKETGEX(A1)")
    world.sheet.Name = "Another"
    world.stream.say(N1=1.0)
    world.calculated(lambda: cell.shown == 1.0)
    world.stream.say(N1=2.0)
    world.calculated(lambda: cell.shown == 2.0)
    world.book.Worksheets.items[0] = Sheet("Empty")
    world.book.Worksheets.items[0].Parent = world.book
    world.stream.say(N1=3.0)
    world.wants()


def test_arguments_that_change_by_themselves_make_the_cell_wait_instead_of_calculating_for_ever(
    world: World,
) -> None:
    cells = world.open("=BASKETGEX(A1,RAND())", "=BASKETGEX(A2)")
    said: set[Ask] = {Ask(("N2",))}
    answered = world.client.asked
    while not answered:
        with world.stream.turned:
            new = world.stream.wanted - said or (world.stream.turned.wait(0.2), world.stream.wanted - said)[1]
        said |= new
        world.stream.answers.update(dict.fromkeys(new, reply(1.0)))
        world.stream.changed(frozenset(new))
    world.calculated(lambda: cells[0].shown == REPLY.gex)
    assert cells[0].calculated < 10
    world.wants("N2")
    cells[0].text = "=BASKETGEX(A1,2)"  # somebody corrects it
    for _ in range(live.LATELY):
        world.host.type(world.sheet, 1, 1, "N1")
    assert world.stream.wanted == {Ask(("N2",)), Ask(("N1",), (2.0,))}


# Workbooks that close


def test_a_workbook_that_closes_leaves_no_subscription(make: Callable[..., World]) -> None:
    world = make(closing=0.0)
    world.open(*formulas(3))
    other = Workbook(sheet := Sheet("T", [['=BASKETGEX("OTHER")']]), name="other.xlsx")
    world.host.open(other)
    world.wants("N1", "N2", "N3", "OTHER")
    world.host.close(world.book)
    assert world.app.command("closed", world.book.FullName) == ""
    assert world.stream.wanted == {Ask(("OTHER",))}
    world.stream.say(OTHER=4.0)
    world.calculated(lambda: sheet.cells[1, 1].shown == 4.0)
    assert len(world.cells) == 1


def test_a_workbook_that_is_kept_open_after_all_goes_on(make: Callable[..., World]) -> None:
    world = make(closing=0.0)
    cells = world.open(*formulas(2))
    with world.host.held():  # Excel asks whether to save
        world.app.command("closed", world.book.FullName)
        assert world.stream.wanted == set()
        with world.host.rejected:
            assert world.host.rejected.wait(PATIENCE)
    world.wants("N1", "N2")
    world.stream.say(N1=1.0)
    world.calculated(lambda: cells[0].shown == 1.0)


def test_a_workbook_that_nobody_heard_closing(make: Callable[..., World]) -> None:
    world = make(sweep=0.02)
    world.open(*formulas(2))
    world.host.close(world.book)
    world.wants()


def test_a_workbook_that_is_saved_under_another_name(make: Callable[..., World]) -> None:
    world = make(sweep=0.02)
    cells = world.open(*formulas(2))
    world.book.FullName = "D:\\another.xlsx"
    world.calculated(lambda: [cell.calculated for cell in cells] == [2, 2])
    world.stream.say(N1=1.0, N2=2.0)
    world.calculated(lambda: [cell.shown for cell in cells] == [1.0, 2.0])
    world.app.command("closed", "D:\\another.xlsx")
    world.wants()


def test_two_sessions_of_excel_keep_apart(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    process = sys.modules["win32process"]
    monkeypatch.setattr(process, "GetWindowThreadProcessId", lambda window: (0, window))
    (cell,) = world.open("=BASKETGEX(A1)")
    another = world.app.fresh()
    monkeypatch.setattr(another, "Hwnd", 8)
    sheet = Sheet("S")
    sheet.fill([["N1"]])
    sheet.fill([["=BASKETGEX(A1)"]], left=4)
    another.open(Workbook(sheet))
    with another.held():  # a dialog in one does not hold the other up
        world.stream.say(N1=1.0)
        world.calculated(lambda: cell.shown == 1.0)
    with another.calculated:
        assert another.calculated.wait_for(lambda: sheet.cells[1, 4].shown == 1.0, PATIENCE)


# Where there is no way back to the cell


def test_a_call_that_no_cell_makes_waits(world: World) -> None:
    assert world.app.udfs.BASKETGEX([["NVDA"]]) == REPLY.gex
    assert world.client.asked == [("NORMAL", (Ask(("NVDA",)),), get_ident())]
    assert (world.client.streams, len(world.cells)) == ([], 0)


def test_a_cell_waits_where_there_is_no_com(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "win32process", None)
    (cell,) = world.open("=BASKETGEX(A1)")
    assert (cell.shown, world.client.streams) == (REPLY.gex, [])


def test_the_mode_may_change_while_excel_runs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (cell,) = world.open("=BASKETGEX(A1)")
    monkeypatch.setenv(CELLS_VARIABLE, CELLS_PREFETCH)
    world.stream.say(N1=1.0)
    world.calculated(lambda: cell.shown == REPLY.gex)
    world.wants()


def test_no_fault_ends_the_thread(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (cell,) = world.open("=BASKETGEX(A1)")
    desk, faults = live.Desk, [RuntimeError("a fault of ours")]

    def faulty(*given: Any) -> Any:
        if faults:
            raise faults.pop()
        return desk(*given)

    monkeypatch.setattr(live, "Desk", faulty)
    world.stream.say(N1=1.0)
    world.calculated(lambda: cell.shown == 1.0)
    assert faults == []
