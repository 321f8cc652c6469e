"""Under Wine, whose ucrtbase ends a program that calls one of C99's complex functions: leads those to ``shim_crt.dll``.

For tests only. A ``.pth`` beside it imports it at the start of every Python of the tree; no file of Wine or numpy changes.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from pathlib import Path

BEGINS = bytes.fromhex("4883ec28488d0d")
"""The first bytes of a function that Wine only has the name of."""
JUMP = b"\xff\x25\0\0\0\0"
PAGE_EXECUTE_READWRITE = 0x40
OF_ONE = [
    "catan",
    "ccos",
    "ccosh",
    "cexp",
    "clog",
    "csin",
    "csinh",
    "csqrt",
    "ctan",
    "ctanh",
    "cabs",
    "carg",
    "creal",
    "cimag",
]
OF_TWO = ["cpow"]
SUFFIXES = ("", "f", "l")


def lead() -> list[str]:
    """Write a jump over each such function; return their names, none on a Windows."""
    kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined]
    kernel.GetModuleHandleW.restype = kernel.GetProcAddress.restype = ctypes.c_void_p
    kernel.GetModuleHandleW.argtypes = [ctypes.c_wchar_p]
    kernel.GetProcAddress.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    kernel.VirtualProtect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint32, ctypes.c_void_p]
    if not kernel.GetProcAddress(kernel.GetModuleHandleW("ntdll.dll"), b"wine_get_version"):
        return []
    crt = kernel.GetModuleHandleW("ucrtbase.dll")
    ours = ctypes.CDLL(str(Path(__file__).with_suffix(".dll")))
    led, before = [], ctypes.c_uint32()
    for name in (function + suffix for function in (*OF_ONE, *OF_TWO) for suffix in SUFFIXES):
        place = kernel.GetProcAddress(crt, name.encode())
        if not place or ctypes.string_at(place, len(BEGINS)) != BEGINS:
            continue
        target = ctypes.cast(getattr(ours, f"shim_{name}"), ctypes.c_void_p).value
        code = JUMP + struct.pack("<Q", target)
        kernel.VirtualProtect(place, len(code), PAGE_EXECUTE_READWRITE, ctypes.byref(before))
        ctypes.memmove(place, code, len(code))
        kernel.VirtualProtect(place, len(code), before.value, ctypes.byref(before))
        led.append(name)
    return led


if sys.platform == "win32":
    LED = lead()
    if LED and sys.version_info >= (3, 12):
        sys.modules["_wmi"] = None  # type: ignore[assignment]  # what platform.uname() asks it ends Wine 8
