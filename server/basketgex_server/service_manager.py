"""Tells systemd how a server stands, where that has started it with ``Type=notify``."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress

VARIABLE = "NOTIFY_SOCKET"
READY, STOPPING = "READY=1", "STOPPING=1"


def tell(state: str, environment: Mapping[str, str] = os.environ) -> None:
    """Say a state to whoever asked to hear it, by sd_notify's protocol. Raises nothing: nobody hears is no fault of ours."""
    address = environment.get(VARIABLE, "")
    if not address.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as said:
        said.sendto(state.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)
