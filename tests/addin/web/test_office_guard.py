"""The https door for Excel against everything that must not come in, as a client that checks its certificate."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import httpx
import pytest

from basketgex_addin.web.guard import MOST_BODY
from basketgex_addin.web.keys import OFFICE, key, make_ticket
from basketgex_addin.web.office_files import OfficeFiles
from tests.addin.web.hosts import WebHost
from tests.addin.web.test_guard import HOSTS, KEYS, KINDS, ORIGINS, with_
from tests.e2e.web.excel import office_host

POSTS = ("/sheet/evaluate", "/sheet/news", "/sheet/refresh", "/sheet/refresh-shown", "/sheet/end")
GETS = ("/sheet/report", "/sheet/doctor")
OPEN = ("/office/functions.json", "/office/icon-32.png", "/static/cells.js")
PAGE = "/office/KEY/cells.html"
THEIRS = ORIGINS | {"https": with_("Origin", "http://localhost:PORT")}
NAMES = HOSTS | {
    "by its number": with_("Host", "127.0.0.1:PORT"),
    "another port": with_("Host", "localhost:1"),
}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHost]:
    with (
        pytest.MonkeyPatch.context() as patch,
        office_host(tmp_path_factory.mktemp("office") / "home", patch) as found,
    ):
        found.key = key(found.home.token(), OFFICE)
        yield found


def trusting(host: WebHost) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=OfficeFiles(host.home).authority)


def ask(
    host: WebHost, method: str, path: str, headers: dict[str, str], body: bytes = b""
) -> tuple[int, str, bytes]:
    port = int(host.running.https.rpartition(":")[2])
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    with (
        socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
        trusting(host).wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall("\r\n".join(lines).encode("latin1") + body)
        found = b""
        while more := connection.recv(1 << 16):
            found += more
    head, _, rest = found.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode("latin1").lower(), rest


def proper(host: WebHost, path: str, size: int = 2) -> dict[str, str]:
    headers = {"Host": host.running.https.removeprefix("https://"), "Connection": "close"}
    if path.startswith("/sheet/"):
        headers |= {"Authorization": f"Bearer {host.key}", "Origin": host.running.https}
        headers["Sec-Fetch-Site"] = "same-origin"
    if path in POSTS:
        headers |= {"Content-Type": "application/json", "Content-Length": str(size)}
    return headers


@pytest.mark.parametrize(
    ("path", "change", "status"),
    [
        *((path, change, 401) for path, change in product((*POSTS, *GETS), KEYS.values())),
        *((path, change, 403) for path, change in product((*POSTS, *GETS), THEIRS.values())),
        *((path, change, 403) for path, change in product((*POSTS, *GETS, *OPEN, PAGE), NAMES.values())),
        *((path, change, 415) for path, change in product(POSTS, KINDS.values())),
    ],
)
def test_what_is_refused(host: WebHost, path: str, change: object, status: int) -> None:
    assert callable(change)
    headers = proper(host, path)
    change(headers, headers["Host"].rpartition(":")[2])
    method = "POST" if path in POSTS else "GET"
    found, _, body = ask(
        host, method, path.replace("KEY", host.key), headers, b"{}" if path in POSTS else b""
    )
    assert found == status
    assert host.key.encode() not in body


@pytest.mark.parametrize("path", ["/sheet/report", "/sheet/evaluate"])
def test_the_workbooks_key_is_another(host: WebHost, path: str) -> None:
    """Neither opens the other's door."""
    theirs = key(host.home.token())
    headers = proper(host, path) | {"Authorization": f"Bearer {theirs}"}
    method = "POST" if path in POSTS else "GET"
    assert ask(host, method, path, headers, b"{}" if path in POSTS else b"")[0] == 401
    own = {"Authorization": f"Bearer {host.key}"}
    assert host.http.get("/sheet/report", headers=own).status_code == 401


@pytest.mark.parametrize("wrong", ["", "x", "0" * 64, "%00", "..", "é"])
def test_the_page_wants_its_key(host: WebHost, wrong: str) -> None:
    status, _, body = ask(
        host, "GET", PAGE.replace("KEY", wrong.encode().decode("latin1")), proper(host, PAGE)
    )
    assert status in (400, 401, 404)
    assert b"<script" not in body


@pytest.mark.parametrize("path", ["/sheet/enter", "/sheet/try", "/sheet/gateway", "/", "/status", "/try"])
def test_what_is_the_workbooks_alone(host: WebHost, path: str) -> None:
    """A ticket is traded there and nowhere else."""
    headers = proper(host, path) | {"Content-Type": "application/json"}
    body = json.dumps({"ticket": make_ticket(host.key, host.running.boot)}).encode()
    headers["Content-Length"] = str(len(body))
    for method in ("GET", "POST"):
        assert ask(host, method, path, headers, body)[0] == 404


@pytest.mark.parametrize(
    ("path", "method"),
    [
        *product(POSTS, ("GET", "PUT", "DELETE", "OPTIONS")),
        *product((*GETS, *OPEN, PAGE), ("POST", "PUT", "DELETE", "OPTIONS")),
    ],
)
def test_by_another_method(host: WebHost, path: str, method: str) -> None:
    headers = proper(host, path) | {"Content-Type": "application/json", "Content-Length": "2"}
    assert ask(host, method, path.replace("KEY", host.key), headers, b"{}")[0] == 405


@pytest.mark.parametrize("path", POSTS)
def test_too_large(host: WebHost, path: str) -> None:
    assert ask(host, "POST", path, proper(host, path, MOST_BODY + 1))[0] == 413


def test_who_may_read_what(host: WebHost) -> None:
    """Excel on the web reads the list of functions from its own origin, and shows the pictures; nothing else is shared."""
    for path in (*OPEN, *GETS, PAGE):
        status, head, _ = ask(host, "GET", path.replace("KEY", host.key), proper(host, path))
        assert status == 200
        assert ("access-control-allow-origin: *" in head) == (path == "/office/functions.json")
        shared = path.startswith("/office/") and path != PAGE
        assert ("cross-origin-resource-policy: cross-origin" in head) == shared
        assert "referrer-policy: no-referrer" in head
        assert "set-cookie" not in head
        assert "unsafe" not in head or path != PAGE


def test_one_script_comes_from_elsewhere(host: WebHost) -> None:
    status, head, body = ask(host, "GET", PAGE.replace("KEY", host.key), proper(host, PAGE))
    assert status == 200
    assert "script-src 'self' https://appsforoffice.microsoft.com;" in head
    text = body.decode()
    assert re.findall(r'https?://[^"]+', text) == [
        "https://appsforoffice.microsoft.com/lib/1/hosted/office.js"
    ]
    assert "PAGE_SCRIPTS" not in text and "OWN_VERSION" not in text
    assert host.key not in text  # it stands in the address alone


def test_every_address_of_the_manifest_answers(host: WebHost) -> None:
    text = OfficeFiles(host.home).manifest.read_text("utf-8")
    urls = set(re.findall(rf'{host.running.https}/[^"<]+', text))
    assert len(urls) == 6
    with httpx.Client(verify=trusting(host), trust_env=False) as client:
        assert {url: client.get(url).status_code for url in urls} == dict.fromkeys(urls, 200)


def test_plain_http_gets_nothing(host: WebHost) -> None:
    port = int(host.running.https.rpartition(":")[2])
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://localhost:{port}/static/cells.js", trust_env=False)


def test_its_port_is_taken(host: WebHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other will do, since the manifest names it; the web host says so and does not start."""
    from basketgex_addin.web import host as web

    port = int(host.running.https.rpartition(":")[2])
    with office_host(tmp_path / "home", monkeypatch) as other:
        other.process.terminate()
        other.process.wait(30)
        files = OfficeFiles(other.home)
        found = files.installed()
        assert found is not None
        files.write_record(type(found)(port, "", "linux", True))
        with pytest.raises(
            web.CannotListen, match=f"^Port {port}, where Excel looks for the add-in, is in use"
        ):
            web.serve(other.home, (0,), lambda running: None)
        files.key.unlink()
        with pytest.raises(web.CannotListen, match=r"^The certificate for Excel is missing or spoilt"):
            web.serve(other.home, (0,), lambda running: None)
