"""``basketgex web`` as it is typed."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from basketgex.home import Home
from basketgex_addin.client import BasketClient
from tests.addin.web.hosts import free_port
from tests.e2e.commands import refused, said
from tests.e2e.serving import environment
from tests.e2e.web.browser import browser, chromium

PROGRAM = (sys.executable, "-W", "error", "-m", "basketgex_cli")


def typed(home: Path, *arguments: str, **environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        (*PROGRAM, "web", *arguments),
        env=environment(home) | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    chromium()
    yield tmp_path / "home"
    with closing(BasketClient(Home(tmp_path / "home"))) as client:
        if Home(tmp_path / "home").is_served():
            client.shutdown()


def test_from_the_command_to_the_first_figure(home: Path) -> None:
    """Nothing is set up before: the first cell starts the server."""
    web = typed(home, "--no-browser", "--port", "0")
    assert web.stdout is not None
    said = web.stdout.readline()
    assert said.startswith("Open this within a minute: http://127.0.0.1:")
    link = said.split(": ", 1)[1].strip()
    assert web.stdout.readline() == "Ctrl+C ends it; the server goes on for spreadsheets.\n"
    with browser() as running:
        page = running.new_page()
        page.goto(link)
        page.get_by_text("synthetic sample").wait_for()
        page.close()

    again = typed(home, "--no-browser")
    out, err = again.communicate(timeout=60)
    assert (again.returncode, err) == (0, "")
    second, told = out.splitlines()
    assert second.split("#")[0] == said.strip().split("#")[0]
    assert second != said.strip()
    assert told == "It was being served already; the first basketgex web goes on."

    web.send_signal(signal.SIGINT)
    assert web.communicate(timeout=60) == ("", "")
    assert web.returncode == 0
    assert Home(home).web() is None


def test_a_browser_that_ends_without_a_window_leaves_the_address(home: Path) -> None:
    """As Chromium does where it finds no sandbox; to Python it was opened."""
    web = typed(home, "--port", "0", BROWSER="true %s")
    assert web.stdout is not None
    said, _, link = web.stdout.readline().strip().partition(": ")
    assert said == "The workbook opens in your browser. If it does not, open this within a minute"
    with browser() as running:
        page = running.new_page()
        page.goto(link)
        page.get_by_text("synthetic sample").wait_for()
    web.send_signal(signal.SIGINT)
    assert web.communicate(timeout=60)[1] == ""


def test_a_port_that_is_taken(home: Path, tmp_path: Path) -> None:
    web = typed(home, "--no-browser", "--port", "0")
    assert web.stdout is not None
    port = web.stdout.readline().rsplit(":", 1)[1].split("/")[0]
    other = typed(tmp_path / "other", "--no-browser", "--port", port)
    out, err = other.communicate(timeout=60)
    assert (other.returncode, out) == (1, "")
    assert err == (
        f"basketgex: Port {port} is in use, or not to be had: give another one with --port, or 0 for any free one.\n"
    )
    assert httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code == 200
    web.terminate()
    assert web.wait(60) == 0
    web.communicate()


def listening(home: Path, *arguments: str, **environ: str) -> str:
    """Where it listens, by what it prints, and that a page enters there; or why it does not."""
    web = typed(home, "--no-browser", *arguments, **environ)
    assert web.stdout is not None
    link = web.stdout.readline().strip().partition(": ")[2]
    at, _, ticket = link.partition("/#ticket=")
    if at:
        headers = {"Origin": at, "Content-Type": "application/json"}
        assert httpx.get(f"{at}/", trust_env=False).status_code == 200
        entered = httpx.post(f"{at}/sheet/enter", json={"ticket": ticket}, headers=headers, trust_env=False)
        assert entered.status_code == 200
        web.terminate()
    _, err = web.communicate(timeout=60)
    assert (web.returncode, bool(err)) == ((0, False) if at else (1, True))
    return at or err.removeprefix("basketgex: ").strip()


def test_where_it_listens_is_a_setting(home: Path) -> None:
    """Where that is taken, any free port will do; one that is typed is meant."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said(home, "config", "set", "web_listen", f"localhost:{port}")
        elsewhere = listening(home)
        assert elsewhere.startswith("http://127.0.0.1:") and not elsewhere.endswith(f":{port}")
        assert listening(home, "--port", str(port)).startswith(f"Port {port} is in use")
    assert listening(home) == f"http://127.0.0.1:{port}"
    other = free_port()
    assert listening(home, BASKETGEX_WEB_LISTEN=f"127.0.0.1:{other}") == f"http://127.0.0.1:{other}"


@pytest.mark.parametrize("address", ["127.0.0.9", "::1", "::1%none"])
def test_it_listens_at_any_address_of_loopback(home: Path, address: str) -> None:
    """As far as this computer has it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.create_server((address, 0), family=family):
            named = f"[{address}]" if ":" in address else address
            expected = f"http://{named}:"
    except OSError:
        expected = (
            f"{address} is no address of this computer: run basketgex config set web_listen with another one"
        )
    assert listening(home, BASKETGEX_WEB_LISTEN=f"[{address}]:0").startswith(expected)


def test_where_it_may_not_listen(home: Path) -> None:
    beyond = "web_listen must be on loopback, such as 127.0.0.1:8737: HTTP has no TLS here."
    nowhere = "web_listen must be HOST:PORT, such as 127.0.0.1:8737."
    for listen, sentence in (("0.0.0.0:8737", beyond), ("127.0.0.1", nowhere)):
        assert refused(home, "config", "set", "web_listen", listen) == sentence
    for listen, sentence in (("[::]:0", beyond), ("", nowhere)):
        assert listening(home, BASKETGEX_WEB_LISTEN=listen) == sentence
    Home(home).config_file.write_text("web_listen = 8737")
    assert listening(home) == "web_listen must be a text, in quotes."


@pytest.mark.parametrize("text", ["no TOML", "sauce = 1"])
def test_other_faults_of_the_settings_do_not_keep_it_from_saying_so(home: Path, text: str) -> None:
    Home(home).create()
    Home(home).config_file.write_text(text)
    assert listening(home, "--port", "0").startswith("http://127.0.0.1:")


@pytest.mark.parametrize("port", ["-1", "65536", "x", ""])
def test_no_port(home: Path, port: str) -> None:
    wrong = typed(home, "--port", port)
    out, err = wrong.communicate(timeout=60)
    assert (wrong.returncode, out) == (2, "")
    assert "0 to 65535" in err
