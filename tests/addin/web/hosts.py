"""A real web host over a real server of the sample, each a process of its own, in a temporary home."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx

from basketgex.home import Home, WebRuntime
from basketgex_addin.client import BasketClient
from basketgex_addin.web.host import link
from basketgex_addin.web.keys import key
from tests.e2e.serving import COMMAND, environment

WEB = (
    sys.executable,
    *("-W", "error", "-c"),
    "import json, sys; from pathlib import Path;"
    "from basketgex.home import Home; from basketgex_addin.web.host import serve; from basketgex_cli.web import checks;"
    "from basketgex_addin.web import pages; pages.QUIET, pages.SWEEP = map(float, sys.argv[3:] or (pages.QUIET, pages.SWEEP));"
    "home = Home(Path(sys.argv[1])); say = lambda r: print(json.dumps(r._asdict()), flush=True);"
    "served = serve(home, (int(sys.argv[2]),), say, lambda: checks(home));"
    "print(json.dumps({'served': served}), flush=True)",
)


ENDS_IN = 10.0
"""Seconds in which a host has long ended, whoever waits for news of it: a page does for twenty."""


class WebHost:
    """A web host that runs, and a client of it that has the key."""

    def __init__(self, home: Home, port: int = 0, quiet: str = "", **environ: str) -> None:
        """``quiet``: seconds after which a silent page counts as closed, and between two looks for such, as in "1.5 0.1"."""
        self.home = home
        self.process = subprocess.Popen(
            (*WEB, str(home.path), str(port), *quiet.split()),
            env=environment(home.path) | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.process.communicate()[1])
        self.running = WebRuntime(**json.loads(line))
        self.http = httpx.Client(base_url=self.running.http, trust_env=False, timeout=90.0)
        self.key = key(home.token())

    def link(self, path: str = "/") -> str:
        return link(self.home, self.running, path)

    def post(self, path: str, said: Any, **headers: str) -> httpx.Response:
        given = {"Authorization": f"Bearer {self.key}"} | headers
        return self.http.post(f"/sheet/{path}", json=said, headers=given)

    def get(self, path: str) -> Any:
        found = self.http.get(f"/sheet/{path}", headers={"Authorization": f"Bearer {self.key}"})
        assert found.status_code == 200, found.text
        return found.json()

    def cells(self, *calls: list[Any], page: str = "page") -> list[Any]:
        numbered = [[*call, f"A{at}"] if len(call) == 2 else call for at, call in enumerate(calls)]
        found = self.post("evaluate", {"page": page, "calls": numbered})
        assert found.status_code == 200, found.text
        results: list[Any] = found.json()["results"]
        return results

    def stop(self) -> str:
        """End the host as Ctrl+C does; return what it said on standard error."""
        self.http.close()
        self.process.terminate()
        return self.process.communicate(timeout=60)[1]


def free_port() -> int:
    """Return a port that nobody listens on; somebody may before it is used."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def web_host(folder: Path, *, quiet: str = "", **environ: str) -> Iterator[WebHost]:
    """Serve the pages of a new home for as long as the block lasts; its server is started by the first cell, and ended."""
    home = Home(folder)
    home.write_launch(COMMAND, ())
    host = WebHost(home, 0, quiet, **environ)
    try:
        yield host
    finally:
        errors = host.stop()
        with closing(BasketClient(home)) as client:
            if home.is_served():
                client.shutdown()
    assert errors == ""
