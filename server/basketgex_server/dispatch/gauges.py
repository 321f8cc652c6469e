"""How things stand at a dispatcher, for whoever looks after the server."""

from __future__ import annotations

from typing import NamedTuple


class Gauges(NamedTuple):
    """What is known and under way on this server.

    ``wants``: symbols that wait for a call; ``flights``: calls under way; ``debits_left`` of the day and the ``reserve`` of
    them for explicit requests, where the source is metered and both are known.
    """

    symbols_known: int = 0
    wants: int = 0
    flights: int = 0
    debits_left: int | None = None
    reserve: int | None = None
