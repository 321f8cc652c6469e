"""The web host's life beside the server's: one for each home, and a page that outlives what it stands on."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from basketgex.home import Home
from basketgex_addin.client import BasketClient
from basketgex_addin.web import host as web
from basketgex_addin.web.keys import key
from tests.addin.web.hosts import ENDS_IN, WEB, WebHost, web_host
from tests.e2e.serving import environment, free, kill

CELL = ["BASKETGEX", ["NVDA,AMD"], "A1"]
CHAIN = "option,open_interest,iv,underlying_price\nNVDA280320C00255000,1000,0.3,255\nNVDA280320P00255000,10,0.3,255\n"


def generation(host: WebHost) -> str:
    said: str = host.post("evaluate", {"page": "p", "calls": [CELL]}).json()["generation"]
    return said


def test_a_second_start_finds_the_first(tmp_path: Path) -> None:
    with web_host(tmp_path / "home") as host:
        second = subprocess.run(
            (*WEB, str(host.home.path), "0"),
            env=environment(host.home.path),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (second.returncode, json.loads(second.stdout), second.stderr) == (0, {"served": False}, "")
        assert host.home.web() == host.running
        assert stat.S_IMODE(host.home.web_file.stat().st_mode) == 0o600
    assert host.home.web() is None
    assert not host.home.web_file.exists()
    assert host.process.returncode == 0


def test_a_killed_host_leaves_nothing_that_lives(tmp_path: Path) -> None:
    with web_host(tmp_path / "home") as host:
        host.process.send_signal(signal.SIGKILL)
        host.process.wait(30)
        assert host.home.web() is None
        again = WebHost(host.home)
        assert again.cells(CELL) != []
        assert again.key == host.key  # a page that is open goes on
        assert again.stop() == ""


def test_a_page_that_waits_for_news_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with web_host(tmp_path / "home") as host, ThreadPoolExecutor(1) as pool:
        assert host.cells(CELL)  # starts the server
        waits = {"page": "page", "generation": generation(host), "wait": 20.0}
        waiting = pool.submit(host.post, "news", waits)
        assert host.cells(CELL)  # asked after it, and answered
        assert not waiting.done()
        started = time.monotonic()
        host.process.terminate()
        assert waiting.result().status_code == 200
        host.process.wait(ENDS_IN)
        assert time.monotonic() - started < ENDS_IN


def test_a_ticket_is_no_good_for_the_next_host(tmp_path: Path) -> None:
    with web_host(tmp_path / "home") as host:
        ticket = host.link().partition("#ticket=")[2]
        assert host.post("enter", {"ticket": ticket}).status_code == 200
        host.process.terminate()
        host.process.wait(30)
        again = WebHost(host.home)
        assert again.post("enter", {"ticket": ticket}).status_code == 401
        assert again.stop() == ""


def test_another_token_is_another_key(tmp_path: Path) -> None:
    with web_host(tmp_path / "home") as host:
        assert host.get("functions")
        draft = host.home.path / ".token.draft"
        draft.write_text("another")
        draft.replace(host.home.token_file)
        assert host.post("evaluate", {"page": "p", "calls": []}).status_code == 401
        host.key = key("another")
        assert host.post("evaluate", {"page": "p", "calls": []}).status_code == 200


def test_a_taken_port(tmp_path: Path) -> None:
    with web_host(tmp_path / "home") as host:
        port = int(host.running.http.rpartition(":")[2])
        with pytest.raises(web.CannotListen, match=f"^Port {port} is in use"):
            web.serve(Home(tmp_path / "other"), (port,), lambda running: None)
    assert Home(tmp_path / "other").web() is None


def test_a_server_that_ended_is_started_again(tmp_path: Path) -> None:
    """A page is on its own: its next cell starts the server, and shows the same."""
    with web_host(tmp_path / "home") as host:
        (before,) = host.cells(CELL)
        first = generation(host)
        with closing(BasketClient(host.home)) as client:
            client.shutdown()
        free(host.home)
        assert generation(host) != "" and host.cells(CELL) == [before]
        kill(host.home)
        assert host.cells(CELL) == [before]
        assert generation(host) != first  # another server: the page asks for everything again


def test_another_source_is_another_generation(tmp_path: Path) -> None:
    """What waits for news hears of it at once, and the next cell is of the new source."""
    folder = tmp_path / "chains"
    folder.mkdir()
    (folder / "NVDA_2027-01-15.csv").write_text(CHAIN)
    with web_host(tmp_path / "home") as host:
        ((sample,), before) = host.cells(["BASKETGEX", ["NVDA"]]), generation(host)
        heard: list[str] = []
        asked = {"page": "p", "generation": before, "wait": 25}
        waiting = threading.Thread(target=lambda: heard.append(host.post("news", asked).json()["generation"]))
        waiting.start()
        subprocess.run(
            [sys.executable, "-m", "basketgex_cli", "source", "chain-files", "--folder", str(folder)],
            env=environment(host.home.path),
            check=True,
            capture_output=True,
            timeout=60,
        )
        waiting.join(30)
        assert heard and heard != [before]
        (own,) = host.cells(["BASKETGEX", ["NVDA"]])
        assert isinstance(own, float) and own != sample
        assert host.get("status")["server"]["source"] == "chain-files"


def test_no_server_to_be_had(tmp_path: Path) -> None:
    """Its sentence stands beside the error; nothing fails."""
    with web_host(tmp_path / "home") as host:
        host.home.launch_file.unlink()
        (found,) = host.cells(CELL)
        assert found == {
            "e": "#N/A",
            "why": "No server is running and none is installed: run basketgex install, or basketgex serve.",
        }
        assert "problem" in host.get("status")["server"]


def test_the_first_port_that_can_be_had(tmp_path: Path) -> None:
    with web_host(tmp_path / "home") as host:
        taken = int(host.running.http.rpartition(":")[2])
        listener = web._bound((taken, 0))
        with listener:
            assert listener.getsockname()[1] not in (0, taken)
