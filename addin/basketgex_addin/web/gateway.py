"""The REST gateway of the home's server, as the playground asks it: this machine, this server and nobody else."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from basketgex.home import Home
from basketgex_addin.client import BasketClient

if TYPE_CHECKING:
    import httpx

PATIENCE = 60.0
"""Seconds that an answer may take: the gateway has a shorter time of its own."""
OFF = (
    "The REST gateway is off. Run basketgex config set http_listen 127.0.0.1:8321, then basketgex stop: the server starts "
    "again with the next question."
)
OF_A_DESK = (
    "This home has joined a desk: the REST gateway to try is that of one of its servers, beside that server."
)
UNREACHED = "The gateway does not answer: the server may have ended. Ask again, and it starts."
_PATH = re.compile(r"/[!\"$-~]{0,8000}", re.ASCII)
_TOLD = ("content-type", "retry-after")
"""Of the reply's headers, beside those of the quota."""


class Gateway:
    """Asks the gateway with the home's token, which no page gets to see. Thread-safe."""

    def __init__(self, home: Home, client: BasketClient) -> None:
        self._home = home
        self._client = client

    def describe(self) -> dict[str, Any]:
        """Return where the gateway is, where its key lies, and the document of its addresses; or what is to be done first."""
        if not (at := self._at()):
            return {"problem": OFF if self._home.desk() is None else OF_A_DESK}
        document = self._get(at, "/openapi.json")
        if document is None or document.status_code != 200:
            return {"problem": UNREACHED}
        where = {"url": f"http://{at}", "token_file": str(self._home.token_file.absolute())}
        return {**where, "document": document.json()}

    def ask(self, path: str) -> dict[str, Any] | None:
        """Return the gateway's reply to a GET as it stands; None where ``path`` is no path of an address."""
        if not _PATH.fullmatch(path):
            return None
        if not (at := self._at()):
            return {"problem": OFF if self._home.desk() is None else OF_A_DESK}
        if (found := self._get(at, path)) is None:
            return {"problem": UNREACHED}
        told = {k: v for k, v in found.headers.items() if k in _TOLD or k.startswith("x-ratelimit-")}
        return {"status": found.status_code, "headers": told, "body": found.text}

    def close(self) -> None:
        """Close its connections."""
        if "_http" in self.__dict__:
            self._http.close()

    def _at(self) -> str:
        """Return where the gateway listens, "" where it does not; a server is started where none runs."""
        if self._home.desk() is not None:
            return ""
        if not self._home.is_served():
            self._client.status()
        found = self._home.server()
        return found.http if found else ""

    @cached_property
    def _http(self) -> httpx.Client:
        import httpx

        return httpx.Client(
            trust_env=False, timeout=PATIENCE
        )  # no proxy stands between this machine and itself

    def _get(self, at: str, path: str) -> httpx.Response | None:
        import httpx

        url = httpx.URL(f"http://{at}").copy_with(raw_path=path.encode())
        try:
            return self._http.get(url, headers={"X-Api-Key": self._home.read_token()})
        except httpx.HTTPError:
            return None
