"""Nothing of Calc is touched but on Calc's own thread: elsewhere it can wait for ever, and the window with it."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from basketgex_addin import menu
from basketgex_addin.cells import Ask

CALCS, OTHER = "calc", "behind"
UNO = (
    *(
        "uno",
        "unohelper",
        "com",
        "com.sun",
        "com.sun.star",
        "com.sun.star.awt",
        "com.sun.star.awt.MessageBoxType",
    ),
    *("com.sun.star.beans", "com.sun.star.lang", "com.sun.star.sheet", "com.sun.star.table"),
    "com.sun.star.table.CellHoriJustify",
)


class _Uno(ModuleType):
    """A module of UNO where there is no LibreOffice: whatever is wanted of it is a class of nothing."""

    __path__: list[str] = []  # noqa: RUF012 - as a package has it

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (), {"__init__": lambda self, *_: None})
        setattr(self, name, made)
        return made


class Office:
    """A context whose document notes on which thread it is looked at; what is left to Calc is done on a thread of that name."""

    def __init__(self) -> None:
        self.touched: list[str] = []
        self.document = _Noted(self)
        self.ServiceManager = self
        self._left: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=CALCS)
        self._thread.start()

    def createInstanceWithContext(self, name: str, _: object) -> Any:  # noqa: N802 - UNO's name
        if name == "com.sun.star.frame.Desktop":
            return SimpleNamespace(getCurrentComponent=lambda: self.document)
        return SimpleNamespace(addCallback=lambda callback, _: self._left.put(callback))

    def close(self) -> None:
        self._left.put(None)
        self._thread.join(30)

    def _work(self) -> None:
        while (callback := self._left.get()) is not None:
            callback.notify(None)


class _Noted:
    def __init__(self, office: Office) -> None:
        self._office = office

    def __getattr__(self, name: str) -> Any:
        self._office.touched.append(threading.current_thread().name)
        return _Noted(self._office)

    def __call__(self, *_: object) -> Any:
        return self


@pytest.fixture
def office() -> Iterator[Office]:
    made = Office()
    yield made
    made.close()


@pytest.fixture
def waiting() -> list[threading.Thread]:
    """What was done behind Calc's thread, in the order of its beginning."""
    return []


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, waiting: list[threading.Thread]) -> Iterator[Any]:
    """The menu's module over a server that answers at once."""

    def behind(work: Callable[[], None]) -> None:
        waiting.append(threading.Thread(target=work, name=OTHER))
        waiting[-1].start()

    with monkeypatch.context() as patch:
        for name in UNO:
            patch.setitem(sys.modules, name, _Uno(name))
        for name in [name for name in sys.modules if name.startswith("basketgex_addin.calc")]:
            patch.delitem(sys.modules, name)
        found = import_module("basketgex_addin.calc.commands")
        client = SimpleNamespace(ask=lambda ask: threading.current_thread().name)
        patch.setattr(found, "host", lambda home: SimpleNamespace(client=client))
        patch.setattr(found, "behind", behind)
        patch.setattr(found.menu, "refresh", lambda client, asks: "Asked again.")
        patch.setattr(found, "_asks", lambda document, scope: ())
        yield found
        for name in [name for name in sys.modules if name.startswith("basketgex_addin.calc")]:
            sys.modules.pop(name)  # made of nothing


def settled(office: Office, waiting: list[threading.Thread]) -> None:
    """Wait until neither thread has anything to do."""
    for _ in range(3):  # each may leave something to the other
        passed = threading.Event()
        office.createInstanceWithContext("", None).addCallback(
            SimpleNamespace(notify=lambda _, passed=passed: passed.set()), None
        )
        assert passed.wait(30)
        for thread in waiting:
            thread.join(30)


def test_a_refresh(office: Office, commands: Any, waiting: list[threading.Thread]) -> None:
    commands.run(f"{menu.REFRESH}all", office, None)
    settled(office, waiting)
    assert len(waiting) == 1 and len(office.touched) > 2
    assert set(office.touched) == {CALCS}


def test_a_table(office: Office, commands: Any, waiting: list[threading.Thread], monkeypatch: Any) -> None:
    """What it asks is waited for behind; before and after that it is at work on Calc's thread."""
    seen: list[object] = []

    def work(document: Any, chosen: Any) -> Iterator[Ask]:
        seen.append(threading.current_thread().name)
        seen.append((yield Ask(("NVDA",))))
        seen.append(document.Sheets and threading.current_thread().name)
        return ""

    monkeypatch.setitem(commands._TABLES, menu.INSERT_TABLE, work)
    commands.run(menu.INSERT_TABLE, office, None)
    settled(office, waiting)
    assert seen == [CALCS, OTHER, CALCS]
    assert set(office.touched) == {CALCS}


def test_a_table_whose_server_cannot_be_asked(
    office: Office, commands: Any, waiting: list[threading.Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person who chose the entry is told so, and nothing is entered."""
    said: list[str] = []

    def work(document: Any, chosen: Any) -> Iterator[Ask]:
        yield Ask(("NVDA",))
        said.append("entered")

    def nobody(home: object) -> Any:
        raise OSError

    monkeypatch.setattr(commands, "host", nobody)
    monkeypatch.setattr(
        commands, "_tell", lambda context, document, sentence, *, warns: said.append(sentence)
    )
    monkeypatch.setitem(commands._TABLES, menu.INSERT_TABLE, work)
    commands.run(menu.INSERT_TABLE, office, None)
    settled(office, waiting)
    assert said == [menu.FAULT]


def test_a_sheet_that_is_calculated_by_itself(
    office: Office, commands: Any, waiting: list[threading.Thread]
) -> None:
    commands.autos.set(office, office.document, 0)
    stop = threading.Event()
    calculated: list[str] = []

    def calculate() -> None:
        calculated.append(threading.current_thread().name)
        raise RuntimeError("the document was closed")

    commands.autos._run(office, SimpleNamespace(calculateAll=calculate), 0, stop)
    assert calculated == [CALCS] and stop.is_set()
