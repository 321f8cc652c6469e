"""``basketgex web`` as it is typed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from basketgex.home import Home
from basketgex_addin.client import BasketClient
from tests.e2e.serving import environment
from tests.e2e.web.browser import browser, chromium

PROGRAM = (sys.executable, "-W", "error", "-m", "basketgex_cli")


def typed(home: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        (*PROGRAM, "web", *arguments),
        env=environment(home),
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


@pytest.mark.parametrize("port", ["-1", "65536", "x", ""])
def test_no_port(home: Path, port: str) -> None:
    wrong = typed(home, "--port", port)
    out, err = wrong.communicate(timeout=60)
    assert (wrong.returncode, out) == (2, "")
    assert "0 to 65535" in err
