"""Homes that join a desk, as their users do it: by the command, with a token and the desk's authority."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from basketgex.home import Home
from basketgex_cli.main import main
from tests.e2e.desk.replicas import desk
from tests.e2e.serving import Server
from tests.standin.upstream import Upstream


def said(*words: str | Path, typed: str = "", environment: Mapping[str, str] = os.environ) -> str:
    """Return what a command prints; it must succeed. ``typed`` is what a person types."""
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr("sys.stdin", io.StringIO(typed))
        assert main(list(map(str, words))) == 0, printed.getvalue()
    return printed.getvalue()


@dataclass
class Reachable:
    """A desk that clients reach with TLS, and what it takes to join it."""

    servers: Sequence[Server]
    folder: Path
    store: str
    authority: Path

    def address(self, *servers: Server) -> str:
        """Return where clients ask: all of its servers, if none is named."""
        return f"grpcs://{','.join(str(one.ready['tls']) for one in servers or self.servers)}"

    def token(self, person: str) -> str:
        """Let somebody in; return their token."""
        printed = self.operate("person", "add", person)
        return printed.splitlines()[-1]

    def operate(self, *words: str) -> str:
        """Return what the operator's command prints."""
        environment = {"BASKETGEX_STORE": self.store}
        return said("--home", self.folder / "operator", "desk", *words, environment=environment)

    def joined(self, person: str, *servers: Server) -> Home:
        """Return the home of somebody who has joined."""
        home = Home(self.folder / f"home of {person}")
        self.join(home, self.token(person), *servers)
        return home

    def join(self, home: Home, token: str, *servers: Server) -> str:
        """Let a home join; return what is printed."""
        where = (self.address(*servers), "--ca", self.authority, "--to-file")
        return said("--home", home.path, "join", *where, typed=f"{token}\n")


@contextmanager
def reachable(
    folder: Path, store: str, upstream: Upstream, count: int, **settings: object
) -> Iterator[Reachable]:
    """Serve a desk of so many replicas while the block runs, each with TLS on a port of its own."""
    papers = folder / "papers"
    said("--home", folder / "operator", "desk", "certificate", "--name", "127.0.0.1", "--out", papers)
    tls = {
        "listen": "127.0.0.1:0",
        "tls_certificate": papers / "server.pem",
        "tls_key": papers / "server.key",
    }
    with desk(folder, store, upstream, count, **tls, **settings) as servers:
        yield Reachable(servers, folder, store, papers / "ca.pem")
