"""A real server whose environment, as far as HTTP goes, cannot be read or does not let it out."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from basketgex_addin.cells import Ask, Problem
from basketgex_addin.client import BasketClient
from basketgex_addin.worksheet import Worksheet
from tests.e2e.commands import command
from tests.e2e.serving import COMMAND, Server, status

KEY = "fa-http-6d0e4b81"
WITHOUT_SOCKS = (
    sys.executable,
    "-c",
    "import sys; sys.modules['socksio'] = None; from basketgex_cli.main import main; sys.exit(main(['serve']))",
)
AFTER = ", then end the server with basketgex stop."
BEFORE = "The environment of the server cannot be used: "
OTHERS = [name for name in os.environ if name.upper().endswith("_PROXY") or name.startswith("SSL_CERT_")]


@contextmanager
def serving(
    folder: Path, environ: dict[str, str], program: tuple[str, ...] = COMMAND, **settings: object
) -> Iterator[BasketClient]:
    """Serve with the proxies and certificates of ``environ`` alone; the test's own process is not touched by them."""
    only = ("env", *(f"--unset={name}" for name in OTHERS), *(f"{k}={v}" for k, v in environ.items()))
    with Server(folder / "home", command=(*only, *program), **settings) as server:
        with closing(BasketClient(server.home, 60.0)) as client:
            yield client
        assert " ERROR " not in server.home.log_file.read_text()


@contextmanager
def listener(answer: Callable[[socket.socket, bytes], None]) -> Iterator[tuple[int, list[bytes]]]:
    """A port on loopback that notes what it is first told, and answers."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as sock:

        def work() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = sock.accept()
                    with connection, suppress(OSError):
                        heard.append(connection.recv(4096))
                        answer(connection, heard[-1])

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        yield sock.getsockname()[1], heard
        sock.shutdown(socket.SHUT_RDWR)
        thread.join(30)


def why(client: BasketClient) -> str:
    found = client.ask(Ask(("NVDA",)))
    assert isinstance(found, Problem), found
    assert Worksheet(client).evaluate("BASKETWHY", [(("NVDA",),)]) == found.sentence
    return found.sentence


@pytest.mark.parametrize(
    ("environ", "program", "fault"),
    [
        (
            {"ALL_PROXY": "socks5://me:pass-word@127.0.0.1:9"},
            WITHOUT_SOCKS,
            "ALL_PROXY is a SOCKS proxy, for which a package is missing: install it with pip install 'httpx[socks]' into "
            "basketgex's Python, or unset it",
        ),
        (
            {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "localhost,[::1]"},
            COMMAND,
            'NO_PROXY has "[::1]", which cannot be read: write ::1 without brackets',
        ),
        (
            {"SSL_CERT_FILE": "/nowhere/at-all.pem"},
            COMMAND,
            "SSL_CERT_FILE names no file of certificates that can be read: correct or unset it",
        ),
        (
            {"HTTPS_PROXY": "socks4://me:pass-word@127.0.0.1:9"},
            COMMAND,
            "HTTPS_PROXY is no address of a proxy, such as http://proxy.example:3128: correct or unset it",
        ),
    ],
    ids=["socks", "brackets", "certificates", "socks4"],
)
@pytest.mark.parametrize("source", ["flashalpha", "cboe"])
def test_what_cannot_be_read_is_named_in_the_cell(
    tmp_path: Path,
    source: str,
    environ: dict[str, str],
    program: tuple[str, ...],
    fault: str,
) -> None:
    with serving(tmp_path, environ, program, source=source, flashalpha_api_key=KEY) as client:
        assert why(client) == f"{BEFORE}{fault}{AFTER}"
        assert "pass-word" not in (tmp_path / "home" / "server.log").read_text()
        found = status(Server(tmp_path / "home").home)
        assert (found.last_problem, found.debits_today) == (f"{BEFORE}{fault}{AFTER}", 0)
    if program == COMMAND:
        code, out, _ = command(
            tmp_path / "home", "doctor", "--json", environ={"BASKETGEX_SOURCE": source, **environ}
        )
        (finding,) = [c for c in json.loads(out)["checks"] if c["name"] == "source"]
        assert code == 1
        assert finding["state"] == "fault" and finding["found"].endswith(
            f"In this terminal's environment {fault}"
        )


def test_a_socks_proxy_is_asked(tmp_path: Path) -> None:
    def refuse(connection: socket.socket, heard: bytes) -> None:
        connection.sendall(b"\x05\xff")  # none of the ways to say who one is

    with listener(refuse) as (port, heard):
        environ = {"ALL_PROXY": f"socks5://127.0.0.1:{port}"}
        given = {"source": "cboe", "cboe_base_url": "https://quotes.example/chains"}
        with serving(tmp_path, environ, **given) as client:
            assert why(client) == (
                "The proxy in the server's environment does not let it reach Cboe: correct HTTPS_PROXY, "
                "or name the service in NO_PROXY."
            )
        assert heard and heard[0][:1] == b"\x05"


def test_a_proxy_that_lets_nobody_through(tmp_path: Path) -> None:
    def refuse(connection: socket.socket, heard: bytes) -> None:
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    with listener(refuse) as (port, heard):
        environ = {"HTTPS_PROXY": f"http://127.0.0.1:{port}"}
        given = {
            "source": "flashalpha",
            "flashalpha_base_url": "https://lab.example",
            "flashalpha_api_key": KEY,
        }
        with serving(tmp_path, environ, **given) as client:
            assert why(client) == (
                "The proxy in the server's environment does not let it reach FlashAlpha: correct HTTPS_PROXY, "
                "or name the service in NO_PROXY."
            )
            assert status(Server(tmp_path / "home").home).debits_today == 0
        assert heard and heard[0].startswith(b"CONNECT lab.example:443 ")
        assert KEY.encode() not in b"".join(heard)


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("only on machines with openssl, which makes the certificate")
    pair = (tmp_path / "cert.pem", tmp_path / "key.pem")
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*made, "-out", pair[0], "-keyout", pair[1]], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*pair)
    with socket.create_server(("127.0.0.1", 0)) as sock:

        def work() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = sock.accept()
                    with suppress(OSError), context.wrap_socket(connection, server_side=True):
                        pass

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        given = {"source": "cboe", "cboe_base_url": f"https://127.0.0.1:{sock.getsockname()[1]}"}
        with serving(tmp_path, {}, **given) as client:
            assert why(client) == (
                "The certificate of Cboe is not trusted here: behind a company's proxy, set SSL_CERT_FILE to the company's "
                "certificates where the server is started."
            )
        sock.shutdown(socket.SHUT_RDWR)
        thread.join(30)
