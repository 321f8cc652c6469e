"""A folder of chains on a network that went away: what cannot be read is given up, the rest answered, and SIGTERM ends it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from basketgex_addin.cells import Ask, Problem, Reply
from basketgex_addin.client import BasketClient
from basketgex_server.lifecycle import AT_LAST
from tests.e2e.serving import Server, until
from tests.e2e.stuck import COMMAND

DEADLINE = 30.0
SLOW = "{}.csv could not be read within 1 seconds."
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="only where processes are ended by signals")


def chain(symbol: str) -> str:
    rows = [f"{symbol}270115{side}00100000,1000,0.3,100,2026-07-10T16:00" for side in "CP"]
    return "\n".join(["option,open_interest,iv,underlying_price,as_of", *rows, ""])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "chains"
    path.mkdir()
    for symbol in ("MSFT", "STUCKA", "STUCKB", "NVDA", "ENDLESS"):
        (path / f"{symbol}.csv").write_text(chain(symbol))
    return path


def serving(tmp_path: Path, folder: Path) -> Server:
    return Server(tmp_path / "home", command=COMMAND, source="chain-files", chain_folder=folder)


def ended(server: Server) -> float:
    """End a server as a system does, and return how many seconds that took."""
    began = time.monotonic()
    server.process.terminate()
    assert server.process.wait(60) == 0
    return time.monotonic() - began


def names(reply: Reply | Problem) -> list[str]:
    assert isinstance(reply, Reply), reply
    return [row.symbol for row in reply.rows]


def test_what_cannot_be_read_in_time_takes_its_own_name_out(tmp_path: Path, folder: Path) -> None:
    with serving(tmp_path, folder) as server:
        client = BasketClient(server.home, DEADLINE)
        reply = client.ask(Ask(("STUCKA", "MSFT", "STUCKB", "NVDA")))
        assert names(reply) == ["MSFT", "NVDA"]
        assert reply.left_out == (("STUCKA", SLOW.format("STUCKA")), ("STUCKB", SLOW.format("STUCKB")))  # type: ignore[union-attr]
        alone = client.ask(Ask(("STUCKA",)))
        assert isinstance(alone, Problem) and alone.sentence == SLOW.format("STUCKA")
        client.close()
        assert ended(server) < AT_LAST


def test_a_neighbour_does_not_wait_for_what_is_stuck(tmp_path: Path, folder: Path) -> None:
    with serving(tmp_path, folder) as server:
        client, other = BasketClient(server.home, DEADLINE), BasketClient(server.home, DEADLINE)
        assert names(other.ask(Ask(("MSFT",)))) == ["MSFT"]
        waiting = client.submit(Ask(("STUCKA", "STUCKB")))
        began = time.monotonic()
        assert names(other.ask(Ask(("NVDA",)))) == ["NVDA"]
        assert time.monotonic() - began < DEADLINE / 2 and isinstance(waiting.result(DEADLINE), Problem)
        client.close(), other.close()


def test_a_folder_that_does_not_answer_any_more(tmp_path: Path, folder: Path) -> None:
    with serving(tmp_path, folder) as server:
        client = BasketClient(server.home, DEADLINE)
        assert names(client.ask(Ask(("MSFT",)))) == ["MSFT"]
        Path(f"{folder}.gone").touch()

        def said() -> str:
            answer = client.ask_many([Ask(("NVDA",))], "FORCE")[0]
            return answer.sentence if isinstance(answer, Problem) else ""

        until(lambda: said() == 'The chain folder "chains" cannot be read any more.')
        client.close()
        assert ended(server) < AT_LAST


def test_a_thread_that_never_ends_does_not_keep_the_server(tmp_path: Path, folder: Path) -> None:
    with serving(tmp_path, folder) as server:
        client = BasketClient(server.home, 2.0)
        assert isinstance(client.ask(Ask(("ENDLESS",))), Problem)  # by its own deadline
        client.close()
        assert ended(server) < 2 * AT_LAST
    assert not server.home.is_served() and server.home.read_runtime() is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only on systems with named pipes")
def test_a_pipe_among_the_files_blocks_nothing(tmp_path: Path, folder: Path) -> None:
    os.mkfifo(folder / "AAPL.csv")
    (folder / "TSLA.csv").symlink_to("/dev/zero")
    with (folder / "QQQ.csv").open("wb") as sparse:
        sparse.truncate(2 << 30)
    with Server(tmp_path / "home", source="chain-files", chain_folder=folder) as server:
        client = BasketClient(server.home, DEADLINE)
        reply = client.ask(Ask(("AAPL", "MSFT", "TSLA", "QQQ")))
        assert names(reply) == ["MSFT"]
        assert dict(reply.left_out) == {  # type: ignore[union-attr]
            "AAPL": "AAPL.csv is no regular file.",
            "TSLA": "TSLA.csv is no regular file.",
            "QQQ": "QQQ.csv is larger than a chain can be: at most 64 MB are read.",
        }
        client.close()
        assert ended(server) < AT_LAST
