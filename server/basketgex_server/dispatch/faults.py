"""Where an error arose that nobody foresaw."""

from __future__ import annotations

import sys
from pathlib import PurePath


def fault(error: BaseException) -> str:
    """Return where an unforeseen error arose, with nothing of its text: fit for a log line."""
    trace = error.__traceback__ or sys.exc_info()[2]
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" in {PurePath(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"
