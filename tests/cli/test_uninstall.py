"""``uninstall --purge``: nothing of the home goes on, and nothing of what the system was told is left."""

from __future__ import annotations

from pathlib import Path

from tests.addin.web.hosts import ENDS_IN, web_host
from tests.e2e.commands import said

NOWHERE = {"PATH": "/nowhere"}
"""No program of the system's there: nothing is trusted, and nothing begins at login."""


def test_purge_ends_the_web_host_and_the_server(tmp_path: Path) -> None:
    """The web host first: a page that is open would have it start the server again."""
    with web_host(tmp_path / "home") as host:
        home = host.home
        host.cells(["BASKETGEX", ["NVDA"]])
        said(home.path, "install", "office", "--web", environ=NOWHERE)
        would = said(home.path, "uninstall", "office", "--purge", "--dry-run", environ=NOWHERE).splitlines()
        ending = ["Would end the web host.", "Would end the server.", f"Would remove {home.path}."]
        assert would[-3:] == ending and len(set(would)) == len(would)
        assert home.web() == host.running and home.is_served()
        done = said(home.path, "uninstall", "office", "--purge", environ=NOWHERE).splitlines()
        assert done[-3:] == ["The web host has ended.", "The server has ended.", f"Removed {home.path}."]
        assert len(done) == len(would)
        assert host.process.wait(ENDS_IN) == 0
        assert not home.path.exists()
