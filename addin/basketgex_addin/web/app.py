"""The addresses of the web host. What a page may see without a key holds nothing of anybody's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from basketgex import __version__
from basketgex_addin import template_files
from basketgex_addin.cells import Problem
from basketgex_addin.functions import FUNCTIONS, Function, Shape, Way
from basketgex_addin.web import assets
from basketgex_addin.web.guard import NAMES, PageGuard, refuse
from basketgex_addin.web.keys import Tickets
from basketgex_addin.web.looking import Looking
from basketgex_addin.web.office import Office
from basketgex_addin.web.pages import Call
from basketgex_addin.web.replies import Refused, guarded, page, read, reply
from basketgex_addin.web.sheet import Sheet
from basketgex_addin.web.snapshot import snapshot
from basketgex_addin.web.workfile import NoWorkbook, Tab, opened, saved

MOST_CALLS = 2_000
"""Cells in one request."""
MOST_NAME = 64
"""Characters of what a page calls itself, or a cell."""
HELD = 3
"""Requests for news that wait at once, over all pages: a browser opens six connections to a host."""
LONGEST_WAIT = 25.0
"""Seconds that one waits."""
FOREVER = "public, max-age=31536000, immutable"
"""The address of what others made carries its version."""


class Ticket(msgspec.Struct):
    """What is traded for the key."""

    ticket: str


class Cells(msgspec.Struct):
    """Calls of a page's cells: a function, its arguments, and the cell. Sheets repeat ranges: each is read later, once."""

    page: str
    calls: list[tuple[str, list[msgspec.Raw], str]]
    drop: list[str] = []
    again: list[str] = []
    """The calls whose trigger has changed."""


class File(msgspec.Struct):
    """A file to open."""

    file: bytes


class Workbook(msgspec.Struct):
    """A workbook to save: the template or the file that it was opened from, and its sheets as they are now."""

    tabs: list[Tab]
    template: str = ""
    file: bytes | None = None
    moved: bool = False
    formatted: bool = False


class Listening(msgspec.Struct):
    """A page that waits for news of its cells, and whose figures it has."""

    page: str
    generation: str
    wait: float = 20.0


def make_office_app(sheet: Sheet, key: Callable[[], str], looking: Looking) -> PageGuard:
    """Return what Excel is served over https, under a key of its own: the page, its cells, and how everything stands."""
    cells = _Addresses(sheet, key, "", office=True)
    routes = [*Office(sheet, key).routes(), *cells.of_cells(), *looking.of_status()]
    return PageGuard(Starlette(routes=routes), key, ("localhost",))


def make_app(
    sheet: Sheet, key: Callable[[], str], boot: str, looking: Looking, names: tuple[str, ...] = NAMES
) -> PageGuard:
    """Return the web host's application over a sheet, which answers to some ``names``.

    ``key`` is looked up for every request, ``boot`` seals its tickets.
    """
    return PageGuard(
        Starlette(routes=[*_Addresses(sheet, key, boot).routes(), *looking.routes()]), key, names
    )


class _Addresses:
    """What each address answers."""

    def __init__(self, sheet: Sheet, key: Callable[[], str], boot: str, *, office: bool = False) -> None:
        self._sheet = sheet
        self._key = key
        self._tickets = Tickets(boot)
        self._office = office
        self._held = threading.BoundedSemaphore(HELD)

    def routes(self) -> list[Route]:
        """Return the table of addresses."""
        posts = {"enter": self.enter, "open": self.open_file, "save": self.save_file}
        gets = {"functions": self.functions, "status": self.status}
        return [
            Route("/", self.workbook),
            Route("/sheet/books", guarded(self.books)),
            Route("/sheet/books/{name}", guarded(self.book)),
            Route("/assets/{version}/{name}", self.vendor_file),
            *(Route(f"/sheet/{name}", guarded(answer), methods=["POST"]) for name, answer in posts.items()),
            *(Route(f"/sheet/{name}", guarded(answer)) for name, answer in gets.items()),
            *self.of_cells(),
        ]

    def of_cells(self) -> list[Route]:
        """Return the addresses that every page with cells asks."""
        posts = {"evaluate": self.evaluate, "news": self.news, "refresh": self.refresh}
        return [
            Route("/static/{name}", self.own_file),
            *(Route(f"/sheet/{name}", guarded(answer), methods=["POST"]) for name, answer in posts.items()),
        ]

    async def enter(self, request: Request) -> Response:
        """Trade a ticket for the key, once."""
        key = self._key()
        if not self._tickets.take(key, (await read(request, Ticket)).ticket):
            return refuse(401)
        return reply({"key": key})

    async def evaluate(self, request: Request) -> Response:
        """Answer cells, in the order asked."""
        asked = await _cells(request)
        generation = self._sheet.generation()  # before: what changes meanwhile makes the answers old
        evaluate = (
            self._sheet.evaluate_office
            if self._office
            else partial(self._sheet.evaluate, again=frozenset(asked.again))
        )
        found = await run_in_threadpool(evaluate, asked.page, _calls(asked), asked.drop)
        return self._told(generation, results=found)

    async def news(self, request: Request) -> Response:
        """Tell what changed, once something has; where too many wait already, what has changed so far."""
        asked = await read(request, Listening)
        wait = min(max(asked.wait, 0.0), LONGEST_WAIT)
        held = self._held.acquire(blocking=False)
        try:
            changed, anew = await run_in_threadpool(
                self._sheet.news, asked.page, wait if held else 0.0, asked.generation
            )
        finally:
            if held:
                self._held.release()
        return self._told(self._sheet.generation(), changed=changed, held=held, anew=anew)

    async def refresh(self, request: Request) -> Response:
        """Ask the source again for what cells show, which may cost debits."""
        asked = await _cells(request)
        said = await run_in_threadpool(self._sheet.refresh, _calls(asked))
        return self._told(self._sheet.generation(), said=said)

    async def functions(self, request: Request) -> Response:
        """List the worksheet functions."""
        return reply([_described(function) for function in FUNCTIONS])

    async def books(self, request: Request) -> Response:
        """List the templates."""
        return reply([[name, template_files.title(name)] for name in template_files.TEMPLATES])

    async def book(self, request: Request) -> Response:
        """Send a template as the browser workbook's data."""
        path = template_files.find(request.path_params["name"])
        if path is None:
            return refuse(404)
        return Response(await run_in_threadpool(_book, path), media_type="application/json")

    async def open_file(self, request: Request) -> Response:
        """Send a file of the user's as the browser workbook's data."""
        asked = await read(request, File)
        try:
            return reply({"workbook": await run_in_threadpool(opened, asked.file)})
        except NoWorkbook as no:
            return reply({"problem": str(no)}, 422)

    async def save_file(self, request: Request) -> Response:
        """Send the browser's workbook as a file, and say what the file lacks."""
        asked = await read(request, Workbook)
        template = template_files.find(asked.template) if asked.template else None
        file = asked.file if template is None else template.read_bytes()
        try:
            found, lost = await run_in_threadpool(
                saved, file, asked.tabs, moved=asked.moved, formatted=asked.formatted
            )
        except NoWorkbook as no:
            return reply({"problem": str(no)}, 422)
        return reply({"file": found, "lost": lost})

    async def status(self, request: Request) -> Response:
        """Say what serves, and what it has done."""
        found = await run_in_threadpool(self._sheet.client.status)
        server = {"problem": found.sentence} if isinstance(found, Problem) else found._asdict()
        return self._told(self._sheet.generation(), server=server)

    async def workbook(self, request: Request) -> Response:
        """Show the workbook, or say what it lacks."""
        version = assets.version()
        return page("workbook.html", VENDOR_VERSION=version) if version else page("missing.html", 503)

    async def own_file(self, request: Request) -> Response:
        """Send a file of ours."""
        name = request.path_params["name"]
        path = assets.STATIC / name
        if not path.is_file() or path.parent != assets.STATIC or name.startswith("."):
            return Response(status_code=404)
        return Response(
            path.read_bytes(), headers={"Cache-Control": "no-cache"}, media_type=assets.kind(name)
        )

    async def vendor_file(self, request: Request) -> Response:
        """Send a file of others, compressed as it lies there."""
        name, version = request.path_params["name"], request.path_params["version"]
        found = assets.vendored().get(name) if version == assets.version() else None
        if found is None:
            return Response(status_code=404)
        headers = {"Content-Encoding": "gzip", "Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
        return Response(found, headers=headers, media_type=assets.kind(name))

    def _told(self, generation: str, **said: Any) -> Response:
        return reply({**said, "generation": generation, "live": self._sheet.live, "version": __version__})


async def _cells(request: Request) -> Cells:
    asked = await read(request, Cells)
    if max(len(asked.calls), len(asked.drop), len(asked.again)) > MOST_CALLS:
        raise Refused(413)
    named = [
        asked.page,
        *asked.drop,
        *asked.again,
        *(text for call in asked.calls for text in (call[0], call[2])),
    ]
    if any(len(text) > MOST_NAME for text in named):
        raise Refused(400)
    return asked


def _calls(asked: Cells) -> list[Call]:
    return [(name, list(map(bytes, arguments)), cell) for name, arguments, cell in asked.calls]


@cache
def _book(path: Path) -> bytes:
    found = snapshot(path.read_bytes(), path.stem)
    found["custom"]["template"] = path.stem
    return msgspec.json.encode(found)


def _described(function: Function) -> dict[str, Any]:
    """Return what a page needs to know of a function."""
    return {
        "name": function.name,
        "summary": function.summary,
        "table": function.shape is Shape.TABLE,
        "volatile": function.volatile,
        "explains": function.kind.way is Way.EXPLAIN,
        "triggered": function.kind.way is Way.TRIGGER,
        "arguments": [[a.name, a.help, a.optional, a.default] for a in function.arguments],
    }
