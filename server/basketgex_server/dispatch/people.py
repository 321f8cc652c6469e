"""Who asks. Pure, but for the variable that goes with a call through everything that is done for it."""

from __future__ import annotations

from contextvars import ContextVar

ASKS: ContextVar[str] = ContextVar("asks", default="")
"""The name of the person whose call this is; empty for the home's own token."""
