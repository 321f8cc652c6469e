"""What LibreOffice loads: the functions by name, and nothing of ours until the first call.

Copied into the extension as it is; ``extension.json`` beside it says which functions there are and where the
packages lie. Only the standard library and UNO are imported here: a missing package or another Python must become
a sentence in BASKETWHY, not an add-in that does not load.
"""

from __future__ import annotations

import gc
import json
import os
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import unohelper
from com.sun.star.lang import XServiceInfo
from com.sun.star.task import XJobExecutor
from org.basketgex import XBasketGex, XBasketGexLive  # LibreOffice makes them from the extension's IDL

NOT_AVAILABLE = struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000000 | 32767))[0]
BESIDE: dict[str, Any] = json.loads(Path(__file__).with_name("extension.json").read_text("utf-8"))

EXPLAINING = ("BASKETWHY", "BASKETEXPLAIN")
LATE = ("grpc", "google.protobuf")
"""What our packages load at their first call."""
OTHER_PYTHON = (
    "Basket GEX was installed with Python {installed}, but LibreOffice runs Python {running}: "
    "install it with Python {running}, run 'basketgex install calc' and restart LibreOffice."
)
NOT_FOUND = (
    "Basket GEX does not find its Python packages ({missing}): "
    "run 'basketgex install calc' again and restart LibreOffice."
)

_loaded: list[Any] = []  # the component, or the sentence that says why there is none


def _home() -> str | None:
    return os.environ.get("BASKETGEX_HOME") or BESIDE["home"]


def _python_path() -> list[str]:
    """Return the recorded folders: those of the home first, which are the younger ones."""
    recorded: list[str] = []
    if home := _home():
        with suppress(OSError, ValueError, TypeError, KeyError):
            recorded = list(json.loads(Path(home, "launch.json").read_text("utf-8"))["python_path"])
    return [*recorded, *BESIDE["python_path"], str(Path(__file__).with_name("pythonpath"))]


@contextmanager
def _in_front() -> Iterator[None]:
    """Put our folders first while our packages are found, and last from then on.

    The system may have protobuf and grpc of its own, too old for ours; found once, a package is read where it was found.
    Afterwards LibreOffice and other extensions find the modules that they came with.
    """
    ours = list(dict.fromkeys(_python_path()))
    others = [path for path in sys.path if path not in ours]
    sys.path[:] = [*ours, *others]
    try:
        yield
    finally:
        sys.path[:] = [*(path for path in sys.path if path not in ours), *ours]


def _load() -> Any:
    collects = gc.isenabled()
    gc.disable()  # it would look through all that is loaded as it comes, for a tenth of the time
    try:
        with _in_front():
            for late in LATE:  # here is where its absence can still be explained
                import_module(late)
            return import_module("basketgex_addin.calc.component")
    except Exception as error:  # noqa: BLE001 - whatever an import does, the cell gets a sentence
        running = f"{sys.version_info[0]}.{sys.version_info[1]}"
        if running != BESIDE["python"]:
            return OTHER_PYTHON.format(installed=BESIDE["python"], running=running)
        return NOT_FOUND.format(missing=getattr(error, "name", None) or type(error).__name__)
    finally:
        if collects:
            gc.enable()


def _component() -> Any:
    if not _loaded:
        _loaded.append(_load())
    return _loaded[0]


def _call(function: dict[str, Any], document: Any, arguments: tuple[Any, ...], live: bool) -> Any:
    component = _component()
    if not isinstance(component, str):
        return component.evaluate(function["name"], document, arguments, _home(), live_tables=live)
    if function["table"] and not live:
        return ((NOT_AVAILABLE,),)
    return component if function["name"] in EXPLAINING else NOT_AVAILABLE


def _method(function: dict[str, Any], live: bool) -> Callable[..., Any]:
    def method(self: Any, document: Any, *arguments: Any) -> Any:
        return _call(function, document, arguments, live)

    return method


class Service(unohelper.Base, XServiceInfo):  # type: ignore[misc]
    """What both services are to UNO."""

    name = ""

    def __init__(self, context: Any, *_: Any) -> None:
        self.context = context

    def getImplementationName(self) -> str:  # noqa: N802 - UNO's name
        """Return the name under which the extension lists it."""
        return self.name

    def supportsService(self, name: str) -> bool:  # noqa: N802 - UNO's name
        """Tell whether it is the named service."""
        return name == self.name

    def getSupportedServiceNames(self) -> tuple[str, ...]:  # noqa: N802 - UNO's name
        """Return the one service it is."""
        return (self.name,)


class AddIn(Service, XBasketGex):  # type: ignore[misc]
    """The worksheet functions, one method each."""

    name = str(BESIDE["service"])


class LiveAddIn(Service, XBasketGexLive):  # type: ignore[misc]
    """The same functions where cells are live: those that give a table return an object that delivers it."""

    name = AddIn.name


def _add_in(context: Any, *arguments: Any) -> Service:
    """Return the add-in for the cell mode of this moment. LibreOffice asks once, at its first formula."""
    component = _component()
    live = not isinstance(component, str) and component.host(_home()).is_live()
    return (LiveAddIn if live else AddIn)(context, *arguments)


class Menu(Service, XJobExecutor):  # type: ignore[misc]
    """The menu's entries."""

    name = str(BESIDE["menu"])

    def trigger(self, command: str) -> None:
        """Do what an entry says."""
        if not isinstance(_component(), str):
            import_module("basketgex_addin.calc.commands").run(command, self.context, _home())


for _function in BESIDE["functions"]:
    setattr(AddIn, _function["method"], _method(_function, live=False))
    setattr(LiveAddIn, _function["method"], _method(_function, live=True))

g_ImplementationHelper = unohelper.ImplementationHelper()  # noqa: N816 - the name the loader looks for
for _make, _name in ((_add_in, AddIn.name), (Menu, Menu.name)):
    g_ImplementationHelper.addImplementation(_make, _name, (_name,))
