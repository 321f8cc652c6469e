"""Cells that cannot be read ahead, over a source that is slow but answers: one deadline for all of them, and few debits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from basketgex_addin.cells import Ask, CellError, Reply
from basketgex_addin.client import BasketClient, problems
from basketgex_addin.worksheet import Worksheet
from tests.e2e.clocked import Clock, reply
from tests.e2e.serving import Server, serving, until
from tests.standin.upstream import Upstream, figures

DEADLINE = 3.0


@pytest.fixture
def server(tmp_path: Path, clock: Clock, upstream: Upstream) -> Iterator[Server]:
    with serving(tmp_path, clock, upstream) as server:
        yield server


def calculated(sheet: Worksheet, cells: int) -> tuple[list[object], float]:
    began = time.monotonic()
    shown = [sheet.evaluate("BASKETGEX", [((f"S{n}",),)]) for n in range(cells)]
    return shown, time.monotonic() - began


@pytest.mark.parametrize(("latency", "cells"), [(0.2, 200), (0.7, 60), (0.7, 500), (1.2, 31)])
def test_the_calculation_ends_in_one_deadline_and_the_rest_comes_together(
    server: Server, upstream: Upstream, latency: float, cells: int
) -> None:
    reply(server.home, "AMD")  # what the first call needs is loaded
    upstream.latency = latency
    with closing(BasketClient(server.home, DEADLINE)) as client:
        client.status()  # the channel is open
        sheet = Worksheet(client)
        shown, took = calculated(sheet, cells)
        assert took < DEADLINE + 7.0  # one after another: more than half a minute
        answered = [value for value in shown if value is not CellError.NOT_AVAILABLE]
        assert 1 <= len(answered) < cells
        assert sheet.evaluate("BASKETWHY", [((f"S{cells}",),)]) == problems.OVERDUE.sentence
        alone = len(answered) + 10  # and those under way when the time was over
        until(lambda: all(isinstance(client.known(Ask((f"S{n}",))), Reply) for n in range(cells)))
        assert len(upstream.calls) <= alone + cells // 50
        shown, took = calculated(sheet, cells)
        assert shown == [pytest.approx(figures(f"S{n}").net_gex) for n in range(cells)]
        assert took < DEADLINE


def test_a_source_that_is_quick_is_waited_for_by_every_cell(server: Server) -> None:
    with closing(BasketClient(server.home, 10 * DEADLINE)) as client:  # the machine may be slow
        shown, _ = calculated(Worksheet(client), 40)
    assert shown == [pytest.approx(figures(f"S{n}").net_gex) for n in range(40)]
