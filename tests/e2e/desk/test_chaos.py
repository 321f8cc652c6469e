"""The chaos of ``chaos.py``, bounded and with a seed: 20 seconds, or as long as BASKETGEX_CHAOS_SECONDS says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.desk.postgres import Cluster
from tests.e2e.desk.books import PERHAPS_SPENT, calls
from tests.e2e.desk.chaos import Chaos
from tests.standin.upstream import Upstream

SECONDS = float(os.environ.get("BASKETGEX_CHAOS_SECONDS", "20"))
SEED = int(os.environ.get("BASKETGEX_CHAOS_SEED", "7"))


@pytest.mark.timeout(SECONDS + 400)
def test_chaos(tmp_path: Path, crashing: Cluster, upstream: Upstream) -> None:
    chaos = Chaos(tmp_path, crashing, upstream, SEED)
    chaos.rage(SECONDS, at_most=SECONDS + 120)
    states = calls(chaos.store)
    ledger, charged = states.total() - states["free"], upstream.debits
    print(
        f"seed {SEED}: {chaos.kills} replicas killed, the store {chaos.outages} times; {chaos.right} right, "
        f"{dict(chaos.problems)}, source {charged}, ledger {dict(states)}, asked for twice {sorted(chaos.twice)}"
    )
    assert chaos.wrong == []
    assert chaos.late == []
    assert charged <= ledger <= charged + sum(states[state] for state in PERHAPS_SPENT)
    assert chaos.twice == set()
    assert chaos.was_one
