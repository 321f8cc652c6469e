"""Whether somebody holds a file's lock, asked without taking it. Standard library only, as ``home``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    class _Overlapped(ctypes.Structure):
        """The range to lock begins at ``low``; the rest is for calls that do not wait."""

        _fields_ = (
            ("internal", ctypes.c_void_p),
            ("internal_high", ctypes.c_void_p),
            ("low", wintypes.DWORD),
            ("high", wintypes.DWORD),
            ("event", wintypes.HANDLE),
        )

    _FAIL_IMMEDIATELY = 1  # and shared, where LOCKFILE_EXCLUSIVE_LOCK is not asked for
    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel.LockFileEx.argtypes = (
        *(wintypes.HANDLE, wintypes.DWORD, wintypes.DWORD, wintypes.DWORD, wintypes.DWORD),
        ctypes.POINTER(_Overlapped),
    )
    _kernel.LockFileEx.restype = wintypes.BOOL

    def is_locked(path: Path) -> bool:
        """Tell whether a process holds the lock of a file."""
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except OSError:
            return False
        try:
            # Shared, which msvcrt.locking is not: two lookers at once do not take each other for a server.
            handle = msvcrt.get_osfhandle(descriptor)
            return not _kernel.LockFileEx(handle, _FAIL_IMMEDIATELY, 0, 1, 0, ctypes.byref(_Overlapped()))
        finally:
            os.close(descriptor)  # lets go of the lock

else:
    import fcntl

    def is_locked(path: Path) -> bool:
        """Tell whether a process holds the lock of a file."""
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except OSError:
            return False
        try:
            # Shared: two lookers at once do not take each other for a server.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        else:
            return False
        finally:
            os.close(descriptor)
