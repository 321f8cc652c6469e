"""A server whose clock stands still until a test moves it: what age does to figures, at any time of any day.

``python clocked.py CLOCK`` serves the home of the environment with its settings; the file CLOCK says what time it is.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from basketgex.files import write_whole
from basketgex.home import Home, default_home
from basketgex_addin.cells import Ask, Problem, Reply
from basketgex_addin.client import BasketClient
from basketgex_server.lifecycle import announce, log_to, serve
from basketgex_server.settings import load
from basketgex_server.sources.factory import make_source

MIDDAY = datetime(2026, 9, 16, 15, tzinfo=UTC).timestamp()
"""Within a session: Wednesday, 11:00 in New York."""


class Clock:
    """The time, in Unix seconds, of the servers that are started with ``command``; fit for the stand-in too."""

    def __init__(self, folder: Path, at: float = MIDDAY) -> None:
        self.path = folder / "clock"
        self.command = (sys.executable, "-W", "error", __file__, str(self.path))
        self.set(at)

    def __call__(self) -> float:
        return self._at

    def set(self, at: float) -> None:
        """Make it another time."""
        self._at = at
        write_whole(self.path, repr(at))

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.set(self._at + seconds)


def asked(
    home: Home, *baskets: Sequence[str] | Ask, refresh: str = "NORMAL", deadline: float = 60.0
) -> list[Reply | Problem]:
    """Return what a client without memory is answered, all in one call."""
    client = BasketClient(home, deadline)
    try:
        return client.ask_many([b if isinstance(b, Ask) else Ask(tuple(b)) for b in baskets], refresh)
    finally:
        client.close()


def reply(home: Home, *symbols: str, refresh: str = "NORMAL", deadline: float = 60.0) -> Reply:
    """Return the reply for one basket of equal weights, which must be one."""
    (found,) = asked(home, symbols, refresh=refresh, deadline=deadline)
    assert isinstance(found, Reply), found
    return found


def problem(home: Home, *symbols: str, refresh: str = "NORMAL", deadline: float = 60.0) -> Problem:
    """Return the problem that one basket of equal weights must meet."""
    (found,) = asked(home, symbols, refresh=refresh, deadline=deadline)
    assert isinstance(found, Problem), found
    return found


def _main(clock: str) -> None:
    home = Home(default_home().absolute())
    home.create()
    log_to(home.log_file)
    serve(
        home,
        load(home.config_file),
        make_source,
        announce,
        now=lambda: float(Path(clock).read_text("utf-8")),
    )


if __name__ == "__main__":
    _main(*sys.argv[1:])
