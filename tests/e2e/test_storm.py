"""The storm of ``storm.py``, bounded and with a seed: 20 seconds, or as long as BASKETGEX_STORM_SECONDS says.

Whatever happens: no debit that the source has charged is missing from the ledger, none is in it that cannot be spent, the
reserve is exact, no figure is wrong, and nobody waits past a deadline.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.clocked import Clock
from tests.e2e.storm import AT_ONCE, UNCHARGED, Storm
from tests.standin.upstream import Upstream

SECONDS = float(os.environ.get("BASKETGEX_STORM_SECONDS", "20"))
SEED = int(os.environ.get("BASKETGEX_STORM_SEED", "7"))


@pytest.mark.timeout(SECONDS + 280)
def test_a_storm(tmp_path: Path, clock: Clock, upstream: Upstream) -> None:
    storm = Storm(tmp_path, clock, upstream, SEED)
    storm.rage(SECONDS, at_most=SECONDS + 150)
    ledger, charged = storm.ledger, upstream.debits
    print(
        f"seed {SEED}: {storm.kills} kills, {sum(storm.faults.values())} faults of {len(storm.faults)} kinds, "
        f"{storm.baskets} baskets, {storm.figures_right} figures, ledger {ledger}, source {charged}, "
        f"longest wait {storm.worst:.2f} s, days spent to the reserve {storm.spent_days}, {dict(storm.problems)}"
    )
    assert storm.wrong == []
    assert storm.waiting == []
    assert charged <= ledger <= charged + AT_ONCE * storm.kills + storm.faults[UNCHARGED]
    assert storm.was_one
