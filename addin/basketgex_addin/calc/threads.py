"""Which thread does what: nothing that waits is done on Calc's own, and nothing of Calc is touched on another.

PyUNO looks an attribute up without letting go of Python's lock, and Calc's objects want Calc's own lock for it. A thread that
holds that one and wants Python's, as every calculation of a formula of ours does, then waits for ever, and so does the window
(seen in 25.2). On Calc's thread its lock is held already. What delivers live values only calls listeners, which want no lock
to be looked at.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import unohelper
from com.sun.star.awt import XCallback


def behind(work: Callable[[], None]) -> None:
    """Do something that may wait on a thread of its own."""
    threading.Thread(target=_guarded, args=(work,), name="basketgex-menu", daemon=True).start()


def on_calcs_thread(context: Any, work: Callable[[], None]) -> None:
    """Let LibreOffice do something on its own thread once it has nothing else to do there."""
    service = context.ServiceManager.createInstanceWithContext("com.sun.star.awt.AsyncCallback", context)
    service.addCallback(_Later(work), None)


def _guarded(work: Callable[[], None]) -> None:
    with suppress(Exception):  # nothing of ours may reach Calc
        work()


class _Later(unohelper.Base, XCallback):  # type: ignore[misc]
    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work

    def notify(self, _: Any) -> None:
        """Do it: LibreOffice calls this."""
        _guarded(self._work)
