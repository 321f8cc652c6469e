"""The addresses of the status page and of the playground."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from basketgex import __version__
from basketgex.home import Home
from basketgex_addin import menu
from basketgex_addin.cells import Problem
from basketgex_addin.client import BasketClient
from basketgex_addin.web.gateway import Gateway
from basketgex_addin.web.guard import refuse
from basketgex_addin.web.replies import guarded, page, read, reply
from basketgex_addin.web.sheet import Sheet

NOBODY = "No server is running. It starts with the next question."
ENDED = "The server has ended. It starts again with the next question."
NOT_OURS = "This home has joined a desk, whose servers whoever runs it ends."
DRAINING = "The server is still answering what it had begun: it ends after that."
PATIENCE = 5.0
"""Seconds that the server may take to say how it stands."""
ENDING = 200
"""Looks, a twentieth of a second apart, for the end of a server that drains."""

Check = tuple[str, str, str]
"""A line of doctor's: what was looked at, its state (ok, attention or fault), and what was found and what to do."""


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """What is said where there is nothing to say."""


class Question(msgspec.Struct):
    """What the playground asks the gateway: the address with its query, such as ``/v1/maxpain/SPY``."""

    path: str


class Looking:
    """Says how everything stands. ``look`` returns doctor's lines, which the command line hands in."""

    def __init__(self, sheet: Sheet, home: Home, look: Callable[[], Sequence[Check]] = tuple) -> None:
        self._sheet = sheet
        self._home = home
        self._look = look
        self._looking = threading.Lock()
        self._gateway = Gateway(home, sheet.client)
        # Looking may start no server: not even one that is just ending.
        self._onlooker = BasketClient(home, PATIENCE, start=lambda home, deadline: None)

    def routes(self) -> list[Route]:
        """Return the table of addresses."""
        return [
            Route("/status", self.status_page),
            Route("/try", self.try_page),
            Route("/sheet/try", guarded(self.ask), methods=["POST"]),
            Route("/sheet/gateway", guarded(self.gateway)),
            *self.of_status(),
        ]

    def of_status(self) -> list[Route]:
        """Return the addresses that a page asks which says how everything stands."""
        posts = {"refresh-shown": self.refresh, "end": self.end}
        gets = {"report": self.report, "doctor": self.doctor}
        return [
            *(Route(f"/sheet/{name}", guarded(answer), methods=["POST"]) for name, answer in posts.items()),
            *(Route(f"/sheet/{name}", guarded(answer)) for name, answer in gets.items()),
        ]

    def close(self) -> None:
        """Let go of server and gateway."""
        self._onlooker.close()
        self._gateway.close()

    async def status_page(self, request: Request) -> Response:
        """Show how everything stands."""
        return page("status.html", PAGE_SCRIPTS='<script type="module" src="/static/looking.js"></script>')

    async def try_page(self, request: Request) -> Response:
        """Show the playground."""
        return page("try.html")

    async def report(self, request: Request) -> Response:
        """Say what serves, what it has spent, and what open pages show. Starts no server and asks no source."""
        return self._told(await run_in_threadpool(self._report))

    async def doctor(self, request: Request) -> Response:
        """Say what doctor found."""
        return self._told({"checks": await run_in_threadpool(self._checks)})

    async def refresh(self, request: Request) -> Response:
        """Ask the source again for what open pages show, which may cost debits."""
        await read(request, Nothing)
        return self._told({"said": await run_in_threadpool(self._sheet.refresh_shown)})

    async def end(self, request: Request) -> Response:
        """End the server, where one runs."""
        await read(request, Nothing)
        return self._told({"said": await run_in_threadpool(self._end)})

    async def gateway(self, request: Request) -> Response:
        """Describe the REST gateway's addresses."""
        return self._told(await run_in_threadpool(self._gateway.describe))

    async def ask(self, request: Request) -> Response:
        """Ask the gateway, and say what it replied."""
        found = await run_in_threadpool(self._gateway.ask, (await read(request, Question)).path)
        return refuse(400) if found is None else self._told(found)

    def _report(self) -> dict[str, Any]:
        shown = self._sheet.shown()
        names = {symbol for question in shown.questions for symbol in question.basket.symbols}
        said = {"shown": {"pages": shown.pages, "baskets": len(shown.questions), "names": len(names)}}
        desk = self._home.desk()
        if desk is None and not self._home.is_served():
            return {**said, "server": {"problem": NOBODY, "serves": False}, "quota": []}
        found, runtime = self._onlooker.status(), self._home.server()
        if isinstance(found, Problem):
            return {**said, "server": {"problem": found.sentence, "serves": True}, "quota": []}
        at = {"at": runtime.grpc, "pid": runtime.pid, "http": runtime.http} if runtime else {}
        if desk is not None:
            at = {"at": desk.server, "desk": True}
        return {
            **said,
            "server": {**found._asdict(), **at, "serves": True},
            "quota": self._quota() if found.metered else [],
        }

    def _quota(self) -> Sequence[str]:
        found = self._onlooker.quota()
        return (found.sentence,) if isinstance(found, Problem) else menu.quota_lines(found)

    def _checks(self) -> Sequence[Check]:
        with self._looking:  # some start programs: one look at a time is enough
            return self._look()

    def _end(self) -> str:
        if self._home.desk() is not None:
            return NOT_OURS
        if not self._home.is_served():
            return NOBODY
        found = self._onlooker.shutdown()
        if isinstance(found, Problem):
            return found.sentence
        for _ in range(ENDING):
            if not self._home.is_served():
                return ENDED
            threading.Event().wait(0.05)
        return DRAINING

    def _told(self, said: dict[str, Any]) -> Response:
        more = {"generation": self._sheet.generation(), "live": self._sheet.live, "version": __version__}
        return reply({**said, **more})
