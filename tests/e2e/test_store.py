"""A real server over a store that was damaged, while it was away and while it serves; and what doctor says of it."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.clocked import Clock, problem, reply
from tests.e2e.serving import environment, serving, status
from tests.standin.upstream import Upstream, figures

NAMES = tuple(f"S{n}" for n in range(40))


def doctor(home: Path) -> dict[str, dict[str, str]]:
    """Return what the command says, by check."""
    command = (sys.executable, "-W", "error", "-m", "basketgex_cli", "doctor", "--json")
    done = subprocess.run(command, env=environment(home), capture_output=True, timeout=120, check=False)
    return {check["name"]: check for check in json.loads(done.stdout)["checks"]}


@pytest.mark.parametrize("seed", range(4))
def test_a_store_that_was_damaged_meanwhile_costs_no_answer_and_no_debit_is_forgotten(
    tmp_path: Path, clock: Clock, upstream: Upstream, seed: int
) -> None:
    chance = random.Random(seed)
    with serving(tmp_path, clock, upstream) as server:
        for n in range(5):
            reply(server.home, *NAMES, f"X{n}")
            clock.advance(901)
    path = server.home.state_file
    made = bytearray(path.read_bytes())
    for _ in range(3):
        page = chance.randrange(1, len(made) // 4_096) * 4_096
        made[page : page + 4_096] = chance.randbytes(4_096)
    path.write_bytes(made)
    with serving(tmp_path, clock, upstream) as server:
        for names in (("NEW",), NAMES, (*NAMES[:3], "NEWER")):
            found = reply(server.home, *names)
            assert found.gex == pytest.approx(sum(figures(s).net_gex for s in names) / len(names))
        assert upstream.debits <= status(server.home).debits_today
        found = doctor(server.home.path)["store"]
        assert found["state"] == "attention" and "state-set-aside-1.db" in found["found"]
        log = server.home.log_file.read_text("utf-8")
        assert "The old state is in state-set-aside-1.db" in log


def test_one_bad_row_is_asked_for_again_and_named(tmp_path: Path, clock: Clock, upstream: Upstream) -> None:
    with serving(tmp_path, clock, upstream) as server:
        reply(server.home, *NAMES)
    with closing(sqlite3.connect(server.home.state_file)) as store:
        store.execute("UPDATE snapshot SET sides = '[[1, 2' WHERE symbol = 'S7'")
        store.commit()
    with serving(tmp_path, clock, upstream) as server:
        reply(server.home, *NAMES[20:])
        assert len(upstream.calls) == 1
        assert reply(server.home, *NAMES).gex == pytest.approx(sum(figures(s).net_gex for s in NAMES) / 40)
        assert (len(upstream.calls), status(server.home).debits_today) == (2, 2)
        assert "state-set-aside-1.db" in doctor(server.home.path)["store"]["found"]


def test_a_store_that_another_program_holds_is_named_and_heals(
    tmp_path: Path, clock: Clock, upstream: Upstream
) -> None:
    with serving(tmp_path, clock, upstream) as server:
        before = reply(server.home, "AMD")
        clock.advance(901)
        with closing(sqlite3.connect(server.home.state_file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            held = "Another program holds the file state.db in the home folder: close it, then recalculate."
            last = reply(server.home, "AMD")
            assert last.notice.startswith(f"Last good value: {held}") and last.gex == before.gex
            found = problem(server.home, "NVDA")
            assert found.sentence.startswith(held) and found.code == "store_unavailable"
            assert len(upstream.calls) == 1
            other.execute("ROLLBACK")
        assert reply(server.home, "AMD", "NVDA").notice == ""
        assert upstream.debits == status(server.home).debits_today == 2
