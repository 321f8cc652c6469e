"""Calc in a home that has joined a desk of two servers: one debit for two people, and what it shows without the desk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk.fixtures import desk_store, postgres
from tests.e2e.calc.harness import Calc
from tests.e2e.clocked import reply
from tests.e2e.desk.joining import reachable
from tests.e2e.desk.replicas import PLENTY
from tests.e2e.serving import fresh, until
from tests.standin.upstream import Upstream, figures

__all__ = ["desk_store", "postgres"]


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(limit=PLENTY) as serving:
        yield serving


def test_a_cell_costs_one_debit_and_another_persons_on_the_other_server_none(
    calc: Calc, tmp_path: Path, desk_store: str, upstream: Upstream
) -> None:
    with fresh(calc.home) as home, reachable(tmp_path, desk_store, upstream, 2) as two:
        one, other = two.servers
        two.join(home, two.token("ann"), one)
        calc.awake()
        before = upstream.debits
        document = calc.open_document("private:factory/scalc")
        try:
            sheet = document.Sheets.ElementNames[0]
            calc.set(document, sheet, "A1", "NVDA")
            calc.set(document, sheet, "A2", "AMD")
            calc.set(document, sheet, "B1", "=BASKETGEX(A1:A2)")
            mean = (figures("NVDA").net_gex + figures("AMD").net_gex) / 2
            assert calc.cell(document, sheet, "B1") == pytest.approx(mean, rel=1e-12)
            assert upstream.debits - before == 1
            bob = two.joined("bob", other)
            until(lambda: reply(bob, "NVDA", "AMD", refresh="CACHE_ONLY"))
            assert upstream.debits - before == 1
            for server in two.servers:
                server.kill()
            calc.set(document, sheet, "B2", "=BASKETSTATUS(A1:A2)")
            until(
                lambda: (
                    calc.recalculate(document)
                    or "Last good value: The desk cannot be reached." in str(calc.cell(document, sheet, "B2"))
                )
            )
            assert calc.cell(document, sheet, "B1") == pytest.approx(mean, rel=1e-12)
        finally:
            calc.close(document)
