"""Calc in a home that has joined a desk of two servers: templates, one debit for two people, what it shows without the desk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.desk.fixtures import desk_store, postgres
from tests.e2e.calc.harness import Calc
from tests.e2e.calc.opened import opened_template
from tests.e2e.clocked import reply
from tests.e2e.desk.joining import reachable
from tests.e2e.desk.replicas import PLENTY
from tests.e2e.serving import Server, fresh, until
from tests.standin.upstream import Upstream, figures
from workbook_templates.build import TEMPLATES

__all__ = ["desk_store", "postgres"]


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(limit=PLENTY) as serving:
        yield serving


def shown(calc: Calc) -> dict[tuple[str, str, int, int], Any]:
    """Every cell of every template but ``status``, which counts what its own server has done: by sheet, row and column."""
    found = {}
    for name in sorted({*TEMPLATES} - {"status"}):
        with opened_template(calc, name, "sample") as opened:
            for sheet, rows in opened.everything().items():
                for row, line in enumerate(rows):
                    found |= {(name, sheet, row, column): value for column, value in enumerate(line)}
    return found


def test_every_template_is_as_with_a_server_of_its_own(
    calc: Calc, tmp_path: Path, desk_store: str, upstream: Upstream
) -> None:
    with fresh(calc.home), Server(calc.home, source="sample"):
        calc.awake()
        alone = shown(calc)
    with fresh(calc.home) as home, reachable(tmp_path, desk_store, upstream, 2, source="sample") as two:
        two.join(home, two.token("ann"))
        calc.awake()
        joined = shown(calc)
        assert not home.is_served()
    assert len(alone) > 2_000
    assert {at: (joined.get(at), value) for at, value in alone.items() if joined.get(at) != value} == {}
    assert joined.keys() == alone.keys()


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
            calc.set(document, sheet, "C1", "=INDEX(GEXLEVELS(A1);4;2)")
            wall = calc.cell(document, sheet, "C1")
            assert isinstance(wall, float)
            for server in two.servers:
                server.kill()
            calc.set(document, sheet, "B2", "=BASKETSTATUS(A1:A2)")
            calc.set(document, sheet, "C2", '=BASKETWHY(A1;;"GEXLEVELS")')
            last = "Last good value: The desk cannot be reached."
            until(
                lambda: (
                    calc.recalculate(document)
                    or all(last in str(calc.cell(document, sheet, at)) for at in ("B2", "C2"))
                )
            )
            assert calc.cell(document, sheet, "B1") == pytest.approx(mean, rel=1e-12)
            assert calc.cell(document, sheet, "C1") == wall
        finally:
            calc.close(document)
