"""``python.exe installed_side.py FOLDER``: the installed tree as Excel uses it, its server on Windows too. A line a check.

``FOLDER/calls.json`` has [function, arguments]; ``FOLDER/found.json`` gets what their cells show, straight and through
xlwings' DLL.
"""

from __future__ import annotations

import csv
import ctypes
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import pythoncom
import win32com.client

from basketgex.home import Home, default_home
from basketgex_addin.client import BasketClient, ServerStatus
from basketgex_addin.excel import component, install
from basketgex_addin.patience import VARIABLE

FOLDER = Path(sys.argv[1])
CALLS: list[tuple[str, list[Any]]] = json.loads((FOLDER / "calls.json").read_text("utf-8"))
HOME = Home(default_home())
PATIENCE = 60.0
OMITTED = win32com.client.VARIANT(pythoncom.VT_ERROR, -2147352572)
FOUND: dict[str, Any] = {}


def the_first_cell_has_a_value_within_its_deadline() -> None:
    for _ in range(3):  # a laden machine that stands still says nothing of the tree
        began = time.monotonic()
        value = component.evaluate("BASKETGEX", [[["NVDA"], ["AMD"]], None, None])
        FOUND["first cell"] = time.monotonic() - began
        if isinstance(value, float):
            return
        stop_ends_it_and_tidies_up()
    raise AssertionError(value)


def every_function() -> None:
    # The figures are compared from here on, not how soon a laden machine has them.
    os.environ[VARIABLE] = str(PATIENCE)
    for made in (component.live, component.worksheet, component.client):
        made.cache_clear()
    for name, arguments in CALLS:
        component.evaluate(name, arguments)
    FOUND["straight"] = [component.evaluate(name, arguments) for name, arguments in CALLS]


def every_function_through_the_dll() -> None:
    excel = _excel()
    for _ in range(2):  # what BASKETWHY says hangs on what was asked before
        FOUND["dll"] = [
            excel.CallUDF(
                "basketgex_addin.excel.udfs",
                name,
                tuple(OMITTED if a is None else tuple(map(tuple, a)) for a in (*arguments, None)),
            )
            for name, arguments in CALLS
        ]
    for program in ("pythonw.exe", "cmd.exe"):  # as Excel's end ends them
        subprocess.run(["taskkill", "/f", "/im", program], check=True, capture_output=True, timeout=PATIENCE)


def a_second_server_leaves_it_to_the_first() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "basketgex_server", "serve"], capture_output=True, timeout=PATIENCE
    )
    assert json.loads(said.stdout)["pid"] == _pid(), said


def a_killed_server_is_started_again_and_has_kept_what_it_knew() -> None:
    before, killed = _debits(), _pid()
    assert before > 0
    subprocess.run(["taskkill", "/f", "/pid", str(killed)], check=True, capture_output=True, timeout=PATIENCE)
    _until(lambda: not HOME.is_served())
    assert _debits() == before
    assert _pid() != killed
    component.evaluate(
        "BASKETGEX", [[["NVDA"]], None, None]
    )  # the first one notices that its channel is dead
    again = [component.evaluate(name, arguments) for name, arguments in CALLS[:4]]
    assert repr(again) == repr(FOUND["straight"][:4])


def the_key_is_kept_by_windows() -> None:
    program = Path(sys.executable).parents[1] / "basketgex.exe"
    for command, typed in (("set", b"fa_test_123\r\n"), ("clear", b"")):
        said = subprocess.run([program, "key", command], input=typed, capture_output=True, timeout=PATIENCE)
        assert said.returncode == 0, said
        asked = "from basketgex_server.sources.flashalpha import keys; k = keys.get_key({}); print(k and k.reveal())"
        other = subprocess.run([sys.executable, "-c", asked], capture_output=True, timeout=PATIENCE)
        assert other.stdout.strip() == {"set": b"fa_test_123", "clear": b"None"}[command], other
    assert not [path for path in HOME.path.rglob("*key*") if path.is_file()]


def stop_ends_it_and_tidies_up() -> None:
    program = Path(sys.executable).parents[1] / "basketgex.exe"
    subprocess.run([program, "stop"], check=True, capture_output=True, timeout=PATIENCE)
    assert not HOME.is_served()
    assert not HOME.runtime_file.exists()


def _excel() -> Any:
    """Return the Python that xlwings' DLL starts as the add-in's VBA has it do by the installed configuration."""
    written = Path(os.environ["USERPROFILE"], ".basketgex", "basketgex.conf").read_text("mbcs")
    conf = dict(csv.reader(written.splitlines()))
    python = Path(conf["INTERPRETER_WIN"])
    paths = ";".join(["False", "", "", "", "", "", conf["PYTHONPATH"]]).replace("\\", "\\\\")
    line = (
        f'cmd.exe  /K ""{python}" -B -c "import sys, os;import xlwings.utils;'
        f'xlwings.utils.prepare_sys_path(\\"{paths}\\");import xlwings; xlwings.serve(\'$(CLSID)\')""'
    )
    variant = (ctypes.c_uint64 * 3)()  # a VARIANT; the pointer is its second word
    dll = ctypes.WinDLL(str(python.with_name(install.DLLS[0])))  # type: ignore[attr-defined]
    failed = dll.XLPyDLLActivateAuto(ctypes.byref(variant), line.encode("mbcs"), 1)
    assert not failed, f"the DLL says {failed}"
    return win32com.client.Dispatch(pythoncom.ObjectFromAddress(variant[1], pythoncom.IID_IDispatch))


def _debits() -> int:
    client = BasketClient(HOME, PATIENCE)
    found = client.status()
    client.close()
    assert isinstance(found, ServerStatus), found
    return found.debits_total


def _pid() -> int:
    runtime = HOME.server()
    assert runtime is not None
    return runtime.pid


def _until(condition: Callable[[], object]) -> None:
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends, "it never happened"
        time.sleep(0.05)


CHECKS: tuple[Callable[[], None], ...] = (
    the_first_cell_has_a_value_within_its_deadline,
    every_function,
    every_function_through_the_dll,
    a_second_server_leaves_it_to_the_first,
    a_killed_server_is_started_again_and_has_kept_what_it_knew,
    the_key_is_kept_by_windows,
    stop_ends_it_and_tidies_up,
)


def main() -> int:
    failed = 0
    for check in CHECKS:
        try:
            check()
        except Exception as error:  # noqa: BLE001 - a check may fail in any way
            failed += 1
            print(
                f"FAILED {check.__name__}: {type(error).__name__}: {' '.join(str(error).split())[:400]}",
                flush=True,
            )
        else:
            print(f"ok {check.__name__}", flush=True)
    (FOLDER / "found.json").write_text(json.dumps(FOUND), "utf-8")
    return failed


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # COM's threads need not be waited for
