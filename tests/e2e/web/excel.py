"""The Office page in Chromium, with Microsoft's own custom-functions runtime and a stand-in for the Excel behind it.

Excel itself is not to be had here: the stand-in speaks the host's side of the runtime's protocol, which is Microsoft's own and
may change. Everything else is the product: the page over https, its policy, the web host and the server.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from basketgex.home import Home
from basketgex_addin.functions import FUNCTIONS, Way
from basketgex_addin.web.install import Installer
from basketgex_addin.web.keys import OFFICE, key
from basketgex_addin.web.metadata import functions_json
from basketgex_addin.web.platforms import Computer
from tests.addin.web.hosts import WebHost, free_port, web_host
from tests.e2e.serving import COMMAND
from tests.e2e.web.browser import PATIENCE
from tests.e2e.web.opened import fetched

HOSTED = "https://appsforoffice.microsoft.com/lib/1/hosted/"
OFFICE_JS, RUNTIME, READY = (f"{HOSTED}{name}.js" for name in ("office", "custom-functions-runtime", "ready"))
STREAM, CANCELABLE, ERRORS = 2, 1, 4
EXCEL = """
window.told = {}; window.full = 0;
window._richApiNativeBridge = { sendMessageToHost(text) {
  const sent = JSON.parse(text);
  if (sent.type !== 1) return;
  const body = sent.message.body, asked = typeof body === "string" ? JSON.parse(body) : body;
  for (const action of asked.Actions ?? []) if (/SetInvocation(Array)?Results/.test(action.Name))
    for (const one of action.ArgumentInfo.Arguments[0]) {
      const [id, ok, value, code] = Array.isArray(one) ? one : [one.id, !one.failed, one.value, one.errorCode];
      (told[id] ??= []).push({ ok, value, code });
    }
  const results = (asked.Actions ?? []).map(a => ({ ActionId: a.Id, Value: a.Name === "_GetEnabledFeatures" ? [] : null }));
  const reply = { statusCode: 200, headers: {}, body: JSON.stringify({ Results: results }) };
  setTimeout(() => this.onMessageFromHost(JSON.stringify({ id: sent.id, type: 2, flags: 0, message: reply })), 0);
} };
window.host = entries => _richApiNativeBridge.onMessageFromHost(JSON.stringify({ type: 3, message: { entries } }));
"""
"""The host's side: what it is told of results lies in ``told``, by call."""
AFTER = (
    "Office.onReady = async () => ({ host: 'Excel' });"
    "window.Excel = { run: async work => work({ workbook: { application: { calculate: kind => {"
    " if (kind === 'Full') full++; } } }, sync: async () => {} }) };"
)


@contextmanager
def office_host(folder: Path, monkeypatch: pytest.MonkeyPatch, **environ: str) -> Iterator[WebHost]:
    """A web host with the Office add-in installed in its home; no program of the system is asked to trust anything."""
    home = Home(folder)
    home.create()
    (folder / "none").mkdir()
    with monkeypatch.context() as alone:
        alone.setenv("PATH", str(folder / "none"))
        Installer(home, COMMAND, ("basketgex", "web"), Computer("linux", folder / "user", 0)).install(
            web=True, port=free_port()
        )
    (folder / "none").rmdir()
    with web_host(folder, **environ) as running:
        yield running


class Excel:
    """One page of the add-in, and the Excel that it believes to be in."""

    def __init__(self, page: Page, host: WebHost) -> None:
        self.page = page
        self.host = host
        self.faults: list[str] = []
        self.requests = 0
        self._next = 0
        page.on("console", lambda said: self._fault(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self._fault(str(error)))
        page.on("request", lambda asked: self._note(asked.url))
        page.route(f"{HOSTED}*", self._hosted)
        page.goto(f"{host.running.https}/office/{key(host.home.token(), OFFICE)}/cells.html")
        self.until("!!window.basketgex")

    def _fault(self, said: str) -> None:
        # What its package has not: the files for one Excel or another, which the stand-in does without.
        if "Failed to load resource" not in said and "MicrosoftAjax.js is not loaded" not in said:
            self.faults.append(said)

    def _note(self, url: str) -> None:
        if not url.startswith((HOSTED, self.host.running.https)):
            self.faults.append(f"asked {url}")
        self.requests += url.endswith("/sheet/evaluate")

    def _hosted(self, route: Route) -> None:
        """What Microsoft would send: office.js loads the runtime, which wants to be called by its name, and that a table."""
        load = "".join(f"document.write('<script src=\"{url}\"></' + 'script>');" for url in (RUNTIME, READY))
        sent = {OFFICE_JS: EXCEL + load, RUNTIME: fetched("custom-functions-runtime.js"), READY: AFTER}
        found = sent.get(route.request.url)
        route.fulfill(status=200 if found else 404, body=found or "", content_type="text/javascript")

    def until(self, script: str, argument: Any = None) -> Any:
        give_up = time.monotonic() + PATIENCE
        while not (found := self.page.evaluate(script, argument)):
            assert time.monotonic() < give_up, f"it never came: {script} {self.faults}"
            self.page.wait_for_timeout(20)
        return found

    def enter(
        self,
        name: str,
        arguments: list[Any],
        cell: str = "Sheet1!D1",
        *,
        live: bool = False,
        addresses: Any = None,
    ) -> int:
        """Calculate a cell; return the number of the call."""
        self._next += 1
        self.page.evaluate(
            "entry => host([entry])", entry(self._next, name, arguments, cell, live, addresses)
        )
        return self._next

    def told(self, call: int, count: int = 1) -> dict[str, Any]:
        """Return what a call's cell was told last, once it was told so often."""
        self.until("([id, n]) => (told[id] ?? []).length >= n", [call, count])
        found: dict[str, Any] = self.page.evaluate("id => told[id].at(-1)", call)
        return found

    def cell(self, name: str, arguments: list[Any], cell: str = "Sheet1!D1", **how: Any) -> Any:
        """Return what a cell shows: a value, rows, or an error with its sentence, as the web host has it."""
        return shown(self.told(self.enter(name, arguments, cell, **how)))

    def cancel(self, call: int) -> None:
        entry = {
            "messageCategory": 1,
            "messageType": 1001,
            "targetId": "",
            "id": call,
            "message": {"invocationId": call},
        }
        self.page.evaluate("entry => host([entry])", entry)


FLAGS = {one["id"]: one["options"] for one in functions_json(live=False)["functions"]}
EXPLAINS = {function.name for function in FUNCTIONS if function.kind.way is Way.EXPLAIN}


def entry(
    number: int, name: str, arguments: list[Any], cell: str, live: bool, addresses: Any
) -> dict[str, Any]:
    """Return a call as Excel sends it, with the flags that functions.json asks for."""
    stream = live or FLAGS.get(name, {}).get("stream", False)
    flags = ERRORS + (STREAM + CANCELABLE if stream else 0)
    message = [number, name, [excels(each) for each in arguments], cell, flags, addresses]
    return {"messageCategory": 1, "messageType": 1000, "targetId": "", "id": number, "message": message}


def excels(argument: Any) -> Any:
    """Return an argument as Excel gives it to a function of anything: rows, errors as objects, blanks of a range as 0."""
    if argument is None:
        return None
    rows = argument if isinstance(argument, list) else [[argument]]
    return [[_excels(value) for value in row] for row in rows]


def _excels(value: Any) -> Any:
    if isinstance(value, dict):
        return {"type": "CustomFunctionError", "code": value["e"]}
    return 0 if value is None else value


CODES = {1: "#N/A", 7: "#VALUE!"}


def shown(told: dict[str, Any]) -> Any:
    value = told["value"]
    if told["ok"]:  # a stream's error too
        return _plain(value) | {"why": value.get("message", "")} if isinstance(value, dict) else _plain(value)
    return {"e": CODES.get(told["code"], told["code"]), "why": value}


def _plain(value: Any) -> Any:
    """An error in a table is an object with many names for itself."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return {"e": value["basicValue"]} if isinstance(value, dict) else value


@contextmanager
def excel(running: Browser, host: WebHost) -> Iterator[Excel]:
    """Open the add-in's page; nothing may have gone wrong in it at the end."""
    context = running.new_context(ignore_https_errors=True, viewport={"width": 420, "height": 900})
    opened = Excel(context.new_page(), host)
    yield opened
    assert opened.faults == []
    context.close()
