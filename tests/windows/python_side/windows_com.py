"""Checks of what Excel reaches through COM: xlwings' real decorators, its server in a second process, its real DLL."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pythoncom
import pywintypes
import win32com.client
import win32com.server.util
from windows_checks import Stage, check, same
from windows_helpers import command, running

from basketgex.home import HOME_VARIABLE, Home
from basketgex_addin.excel import install, udfs
from basketgex_addin.excel.applications import Applications
from basketgex_addin.functions import FUNCTIONS

UDFS = udfs.__name__
MISSING = -2147352572  # DISP_E_PARAMNOTFOUND: how an omitted argument arrives
OMITTED = win32com.client.VARIANT(pythoncom.VT_ERROR, MISSING)
CLSID = "{5b1f8c0e-4f0a-4d3c-9d52-6f2b7f9a0c11}"
PATIENCE = 30.0


@check
def xlwings_knows_every_function(stage: Stage) -> None:
    for function in FUNCTIONS:
        known = getattr(udfs, function.name).__xlfunc__
        names = [argument["name"] for argument in known["args"]]
        assert names == [*(argument.name for argument in function.arguments), udfs.CELL], names
        assert known["name"] == function.name
        assert known["volatile"] == function.volatile
        assert known["call_in_wizard"] is False


@check
def xlwings_converts_as_on_linux(stage: Stage) -> None:
    from xlwings.com_server import XLPython

    with _served(stage):
        _ask_all(stage, XLPython().CallUDF, omitted=MISSING)


@check
def another_process_calls_the_functions(stage: Stage) -> None:
    with _served(stage):
        server = subprocess.Popen(command("com", CLSID), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        with server:
            try:
                excel = _reached(CLSID)
                _ask_all(stage, excel.CallUDF)
                began = time.perf_counter()
                for _ in range(100):
                    excel.CallUDF(UDFS, "BASKETGEX", (_variant([["NVDA"]]), OMITTED, OMITTED))
                print(f"   a repeated call takes {(time.perf_counter() - began) * 10:.1f} ms")
            finally:
                server.kill()


@check
def the_dll_starts_python_as_excel_does(stage: Stage) -> None:
    """With the command that the add-in's VBA makes of the configuration that was installed."""
    dll = next(
        path for folder in Path(sys.executable).parents[:2] if (path := folder / install.DLLS[0]).is_file()
    )
    python = install.windowless(Path(sys.executable))
    paths = ";".join(["False", "", "", "", "", "", *install._python_path()]).replace("\\", "\\\\")
    line = (
        f'cmd.exe  /K ""{python}" -B -c "import sys, os;import xlwings.utils;'
        f'xlwings.utils.prepare_sys_path(\\"{paths}\\");import xlwings; xlwings.serve(\'$(CLSID)\')""'
    )
    variant = (ctypes.c_uint64 * 3)()  # a VARIANT; the pointer is its second word
    with _served(stage):
        failed = ctypes.WinDLL(str(dll)).XLPyDLLActivateAuto(ctypes.byref(variant), line.encode("mbcs"), 1)
        assert not failed, f"the DLL says {failed}"
        assert variant[0] & 0xFFFF == 9, f"a VARIANT of type {variant[0] & 0xFFFF}"
        excel = win32com.client.Dispatch(pythoncom.ObjectFromAddress(variant[1], pythoncom.IID_IDispatch))
        _ask_all(stage, excel.CallUDF)


@check
def an_application_is_handed_to_another_thread(stage: Stage) -> None:
    class Excel:
        _public_methods_ = ("Calculate",)
        called_by = 0

        def Calculate(self) -> int:  # noqa: N802 - Excel's name
            Excel.called_by = threading.get_ident()
            return 7

    cell = SimpleNamespace(Application=win32com.client.Dispatch(win32com.server.util.wrap(Excel())))
    applications = Applications()
    found: list[int] = []

    def work() -> None:
        applications.attach()
        found.append(applications.reach(1).Calculate())
        pythoncom.CoUninitialize()

    applications.hand_over(1, cell)
    thread = threading.Thread(target=work)
    thread.start()
    ends = time.monotonic() + PATIENCE
    while thread.is_alive() and time.monotonic() < ends:
        pythoncom.PumpWaitingMessages()
        time.sleep(0.01)
    assert found == [7], found
    assert Excel.called_by == threading.get_ident(), "not the thread that has the object"


@contextmanager
def _served(stage: Stage) -> Iterator[Home]:
    home = stage.home(told=True)
    with running("hold", home.path):
        os.environ[HOME_VARIABLE] = str(home.path)
        yield home


def _reached(clsid: str) -> Any:
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            return win32com.client.Dispatch(
                pythoncom.CoCreateInstance(
                    pywintypes.IID(clsid), None, pythoncom.CLSCTX_LOCAL_SERVER, pythoncom.IID_IDispatch
                )
            )
        except pythoncom.com_error:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)


def _ask_all(stage: Stage, call_udf: Any, omitted: Any = OMITTED) -> None:
    for call in stage.linux["calls"]:
        given = [omitted if a is None else _variant(a) for a in (*call["arguments"], None)]
        same(call_udf(UDFS, call["name"], tuple(given)), call["value"])


def _variant(argument: Any) -> tuple[tuple[Any, ...], ...]:
    return tuple(map(tuple, argument))
