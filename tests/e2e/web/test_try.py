"""The playground: each address of the gateway by its form, with the reply that the gateway gives, and calls that run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import BrowserContext, Page

from tests.addin.web.hosts import WebHost, web_host
from tests.e2e.web.browser import chromium
from tests.e2e.web.opened import accessible, opened, until

GATEWAY = {"BASKETGEX_HTTP_LISTEN": "127.0.0.1:0"}
CLOCKED = {"last_updated", "time_to_close_hours", "time_to_close_pct", "as_of", "lastUpdate", "resets_at"}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHost]:
    chromium()
    folder = tmp_path_factory.mktemp("try") / "it's a home"  # which what is to be typed has to quote
    with web_host(folder, **GATEWAY) as found:
        found.cells(["BASKETGEX", ["NVDA"]])
        yield found


@pytest.fixture
def page(context: BrowserContext, host: WebHost) -> Iterator[Page]:
    with opened(context, host, "/try") as found:
        until(found, "() => document.querySelector('details.address')")
        yield found


def base(host: WebHost) -> str:
    runtime = host.home.server()
    assert runtime is not None
    return f"http://{runtime.http}"


def straight(host: WebHost, path: str) -> tuple[int, Any]:
    """What the gateway replies to who asks it without us."""
    key = {"X-Api-Key": host.home.read_token()}
    found = httpx.get(f"{base(host)}{path}", headers=key, trust_env=False, timeout=60)
    return found.status_code, found.json()


def ask(page: Page, name: str, **values: str) -> tuple[str, str]:
    """Fill in a form and send it; return the request and what is said of the reply."""
    form = f"#{name}"
    page.evaluate("id => { document.querySelector(id).open = true; }", form)
    for field, value in values.items():
        box = page.locator(f"{form}-{field}")
        if box.evaluate("box => box.tagName") == "SELECT":
            box.select_option(value)
        else:
            box.fill(value)
    page.locator(f"{form} form button").click()
    until(page, "id => /^(Status|The)/.test(document.querySelector(id + ' .state').textContent)", form)
    state = page.locator(f"{form} .state").inner_text()
    return page.locator(f"{form} pre").nth(0).inner_text(), state


def reply(page: Page, name: str) -> Any:
    return json.loads(page.locator(f"#{name} pre").nth(2).inner_text())


def settled(body: Any) -> Any:
    """A reply without what the moment of asking changes."""
    if isinstance(body, dict):
        return {k: settled(v) for k, v in body.items() if k not in CLOCKED}
    return [settled(each) for each in body] if isinstance(body, list) else body


def test_every_address_as_it_opens(page: Page, host: WebHost) -> None:
    """Its form is filled in so that it can be sent at once; the reply is the gateway's own."""
    document = straight(host, "/openapi.json")[1]
    shown = page.evaluate(
        "() => [...document.querySelectorAll('details.address summary code')].map(c => c.textContent)"
    )
    assert shown == [f"GET {path}" for path in document["paths"]]
    assert len(shown) > 15
    for operation in (each["get"] for each in document["paths"].values()):
        name = operation["operationId"]
        request, state = ask(page, name)
        first, *key = request.splitlines()
        assert key == ([] if name == "health" else ["X-Api-Key: the token of this home"])
        status, body = straight(host, first.removeprefix(f"GET {base(host)}"))
        assert state.startswith(f"Status {status}; "), (name, state)
        assert status == 200, name
        assert settled(reply(page, name)) == settled(body), name
    assert host.home.read_token() not in page.content()
    accessible(page)


@pytest.mark.parametrize(
    ("name", "values", "path", "status"),
    [
        (
            "basket",
            {"symbols": "NVDA, AMD", "weights": "3,1"},
            "/v1/exposure/basket?symbols=NVDA,%20AMD&weights=3,1",
            200,
        ),
        (
            "basket",
            {"symbols": "NVDA,AMD", "weights": "1"},
            "/v1/exposure/basket?symbols=NVDA,AMD&weights=1",
            400,
        ),
        ("basket", {"symbols": "a&b=c#?%"}, "/v1/exposure/basket?symbols=a%26b%3Dc%23%3F%25", 400),
        ("gex", {"symbol": "BRK/B", "min_oi": "10"}, "/v1/exposure/gex/BRK%2FB?min_oi=10", None),
        ("max_pain", {"symbol": "NOSUCH"}, "/v1/maxpain/NOSUCH", 404),
        ("levels", {"symbol": "../../health"}, "/v1/exposure/levels/..%2F..%2Fhealth", 400),
        ("universe", {"sort": "symbol", "limit": "3"}, "/v1/universe?sort=symbol&limit=3", 200),
        ("universe", {"limit": "many"}, "/v1/universe?limit=many", 400),
    ],
)
def test_what_is_typed(
    page: Page, host: WebHost, name: str, values: dict[str, str], path: str, status: int | None
) -> None:
    request, state = ask(page, name, **values)
    assert request.splitlines()[0] == f"GET {base(host)}{path}"
    found, body = straight(host, path)
    assert state.startswith(f"Status {found}; ")
    assert status in (found, None)
    assert settled(reply(page, name)) == settled(body)


PROGRAMS = {
    "curl": lambda text, folder: ["sh", "-c", text],
    "Python": lambda text, folder: [sys.executable, "-c", text],
    "JavaScript": lambda text, folder: [
        compute_driver_executable()[0],
        str(written(folder / "call.mjs", text)),
    ],
}


def written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name", ["basket", "health"])
def test_the_same_call_runs(page: Page, host: WebHost, tmp_path: Path, name: str, program: str) -> None:
    ask(page, name)
    page.locator(f"#{name}").get_by_label(program, exact=True).check()
    text = page.locator(f"#{name} pre").nth(1).inner_text()
    assert ("token" in text) == (name == "basket")
    done = subprocess.run(
        PROGRAMS[program](text, tmp_path), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    if program == "JavaScript":  # its console has a notation of its own
        assert ("net_gex" in done.stdout) or ("Healthy" in done.stdout)
    else:
        assert settled(json.loads(done.stdout)) == settled(reply(page, name))


@pytest.mark.parametrize(
    "path", ["", "x", "http://example.com/", "/ x", "/\n", "/é", "/#x", "/" + "x" * 8_001]
)
def test_no_path_of_an_address(host: WebHost, path: str) -> None:
    assert host.post("try", {"path": path}).status_code == 400


@pytest.mark.parametrize("path", ["//example.com/", "/@example.com/", "/../../etc/passwd", "/:80/"])
def test_nobody_else_is_asked(host: WebHost, path: str) -> None:
    """Whatever it looks like, the gateway is asked for it, and has no such address."""
    found = host.post("try", {"path": path}).json()
    assert (found["status"], "token" in found["body"]) == (404, False)


def test_a_gateway_that_is_off(context: BrowserContext, tmp_path: Path) -> None:
    """The page says how to turn it on, and that works."""
    chromium()
    with web_host(tmp_path / "home") as host:
        with opened(context, host, "/try") as page:
            page.get_by_text("The REST gateway is off. Run basketgex config set http_listen").wait_for()
            assert not page.locator("details").count()
            accessible(page)
        asked = host.post("try", {"path": "/health"}).json()
        assert asked["problem"].startswith("The REST gateway is off.")
