"""The addresses of the Office add-in: its page and pane, what Excel reads of the functions, its pictures."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from basketgex_addin.functions import FUNCTIONS, Way
from basketgex_addin.web import assets, metadata
from basketgex_addin.web.guard import refuse
from basketgex_addin.web.replies import guarded, page
from basketgex_addin.web.sheet import Sheet

OFFICE_JS = "https://appsforoffice.microsoft.com"
"""Where Microsoft has its script, which may not be copied: the one thing that comes from anywhere else."""
POLICY = (
    f"default-src 'none'; script-src 'self' {OFFICE_JS}; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'none'"
)
"""Office shows the page in a frame of its own: who may is not named, since only who knows the key has the page."""
_SHARED = {"Cross-Origin-Resource-Policy": "cross-origin"}
"""Of what Excel on the web fetches from an origin of its own; it holds nothing of anybody's."""


class Office:
    """Answers Excel. ``key`` is looked up for every request."""

    def __init__(self, sheet: Sheet, key: Callable[[], str]) -> None:
        self._sheet = sheet
        self._key = key

    def routes(self) -> list[Route]:
        """Return the table of addresses."""
        return [
            Route("/office/functions.json", guarded(self.functions)),
            Route("/office/icon-{size:int}.png", guarded(self.icon)),
            Route("/office/{key}/cells.html", guarded(self.cells)),
        ]

    async def functions(self, request: Request) -> Response:
        """Tell Excel of the functions; it asks from its own origin, and without a key."""
        found = json.dumps(metadata.functions_json(live=self._sheet.live), indent=1)
        headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache", **_SHARED}
        return Response(found, headers=headers, media_type="application/json")

    async def icon(self, request: Request) -> Response:
        """Send a picture."""
        size = request.path_params["size"]
        if size not in metadata.ICONS:
            return refuse(404)
        content = (assets.STATIC / f"icon-{size}.png").read_bytes()
        return Response(content, headers=_SHARED, media_type="image/png")

    async def cells(self, request: Request) -> Response:
        """Show the page in which the functions run, and which is the pane too, to who has the key."""
        if not hmac.compare_digest(request.path_params["key"].encode(), self._key().encode()):
            return refuse(401)
        table = [[f.name, f.kind.way is Way.EXPLAIN, f.volatile] for f in FUNCTIONS]
        known = json.dumps({"live": self._sheet.live, "functions": table})
        office = (
            f'<script src="{OFFICE_JS}/lib/1/hosted/office.js"></script>'
            f'<script type="application/json" id="known">{known}</script>'
            '<script type="module" src="/static/cells.js"></script>'
        )
        found = page("status.html", PAGE_SCRIPTS=office)
        found.headers["Content-Security-Policy"] = POLICY
        found.headers["Cache-Control"] = "no-store"
        return found
