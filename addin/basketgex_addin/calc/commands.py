"""What the menu Basket GEX does: whatever asks the server behind Calc's own thread, and all else on it (see threads.py)."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import uno
from com.sun.star.awt.MessageBoxType import INFOBOX, WARNINGBOX
from com.sun.star.beans import PropertyValue

from basketgex_addin import menu, template_files
from basketgex_addin.calc import settings_dialog, tables
from basketgex_addin.calc.component import host
from basketgex_addin.calc.document import asks_of
from basketgex_addin.calc.table_search import Refused
from basketgex_addin.calc.threads import behind, on_calcs_thread
from basketgex_addin.cells import Ask
from basketgex_addin.menu import AUTO, INSERT_TABLE, REFRESH, RESIZE_TABLE, SETTINGS, TEMPLATE
from basketgex_addin.prefetch import Foreseen


def run(command: str, context: Any, home: str | None) -> None:
    """Do what a menu entry says, soon. Never raises."""
    with suppress(Exception):  # the last guard: nothing of ours may reach Calc
        on_calcs_thread(context, lambda: _run(command, context, home))


def _run(command: str, context: Any, home: str | None) -> None:
    desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    document = desktop.getCurrentComponent()
    if command.startswith(TEMPLATE):
        _open_template(desktop, command.removeprefix(TEMPLATE))
    elif command.startswith(AUTO):
        autos.set(context, document, int(command.removeprefix(AUTO)))
    elif command in _TABLES:
        _step(context, document, home, _TABLES[command](document, document.CurrentSelection), None)
    elif command == SETTINGS:
        _settings(context, document, home)
    else:
        asks = _asks(document, command.removeprefix(REFRESH)) if command.startswith(REFRESH) else ()
        behind(lambda: _answer(command, context, document, asks, home))


def _answer(command: str, context: Any, document: Any, asks: tuple[Foreseen, ...], home: str | None) -> None:
    client = host(home).client
    if command.startswith(REFRESH):
        said = menu.refresh(client, asks)
        on_calcs_thread(context, lambda: recalculate(document))
    else:
        said = {"quota": menu.quota, "status": menu.status}.get(command, lambda _: menu.manual())(client)
    if said:
        _tell(context, document, said, warns=command.startswith(REFRESH))


def _step(context: Any, document: Any, home: str | None, work: tables.Work, answer: object) -> None:
    """Go on with a table until it asks the server, which is waited for behind."""

    def wait(ask: Ask) -> None:
        try:
            found = host(home).client.ask(ask)
        except Exception:  # noqa: BLE001 - as below
            _tell(context, document, menu.FAULT, warns=True)
            return
        on_calcs_thread(context, lambda: _step(context, document, home, work, found))

    try:
        ask = work.send(answer)
        behind(lambda: wait(ask))
        return
    except StopIteration as end:
        said = str(end.value)
    except Refused as refused:
        said = str(refused)
    except Exception:  # noqa: BLE001 - a person who chose an entry is told that nothing came of it
        said = menu.FAULT
    if said:
        _tell(context, document, said, warns=True)


_TABLES = {INSERT_TABLE: tables.insert, RESIZE_TABLE: tables.resize}


def _settings(context: Any, document: Any, home: str | None) -> None:
    caller = settings_dialog.Caller(
        context,
        document.CurrentController.Frame.ContainerWindow,
        host(home).client,
        tell=lambda said, warns: _tell(context, document, said, warns=warns),
        changed=lambda: on_calcs_thread(context, lambda: recalculate(document)),
    )
    behind(lambda: settings_dialog.show(caller))


def _asks(document: Any, scope: str) -> tuple[Foreseen, ...]:
    controller = document.CurrentController
    if scope == "selection":
        return asks_of(document, controller.ActiveSheet, document.CurrentSelection)
    return asks_of(document, controller.ActiveSheet) if scope == "sheet" else asks_of(document)


def recalculate(document: Any) -> None:
    """Calculate a document again; nothing where it was closed meanwhile."""
    with suppress(Exception):
        document.calculateAll()


class _Autos:
    """The documents that are recalculated by themselves: only age decides whether the source is asked."""

    def __init__(self) -> None:
        self._stops: dict[str, threading.Event] = {}

    def set(self, context: Any, document: Any, seconds: int) -> None:
        """Recalculate a document every so many seconds; 0: no more."""
        name = str(document.RuntimeUID)
        if before := self._stops.pop(name, None):
            before.set()
        if seconds:
            stop = self._stops[name] = threading.Event()
            behind(lambda: self._run(context, document, seconds, stop))

    def _run(self, context: Any, document: Any, seconds: int, stop: threading.Event) -> None:
        done = threading.Event()

        def calculate() -> None:
            try:
                document.calculateAll()
            except Exception:  # noqa: BLE001 - the document was closed
                stop.set()
            finally:
                done.set()

        while not stop.wait(seconds):
            done.clear()
            on_calcs_thread(context, calculate)
            done.wait()


autos = _Autos()


def _open_template(desktop: Any, name: str) -> None:
    found = template_files.find(name)
    if found is not None:
        new = PropertyValue(
            "AsTemplate", 0, True, uno.Enum("com.sun.star.beans.PropertyState", "DIRECT_VALUE")
        )
        desktop.loadComponentFromURL(found.resolve().as_uri(), "_default", 0, (new,))


def _tell(context: Any, document: Any, sentence: str, *, warns: bool) -> None:
    def show() -> None:
        window = document.CurrentController.Frame.ContainerWindow
        kind = WARNINGBOX if warns else INFOBOX
        box = window.Toolkit.createMessageBox(window, kind, 1, "Basket GEX", sentence)
        box.execute()
        box.dispose()

    on_calcs_thread(context, show)
