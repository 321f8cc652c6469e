"""What a sheet costs, counted at the source: a line in a file for every call that it receives."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import openpyxl
import pytest

from basketgex.home import CHANNEL_OPTIONS, Home
from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1.exposure_pb2_grpc import ExposureServiceStub
from basketgex_server.sources.sample.names import SECTORS
from tests.e2e import asking
from tests.e2e.calc.harness import Calc
from tests.e2e.counting import Calls, Gate
from tests.e2e.serving import READY, Server, environment, status, until

SYMBOLS = [symbol for names in SECTORS.values() for symbol in names][:40]
CELLS = 500
BASKETS = [[SYMBOLS[(cell * step + cell) % 40] for step in range(3)] for cell in range(CELLS)]
"""500 baskets of one to three names; all 40 names are in any 40 that follow each other."""


def test_500_cells_over_40_symbols_are_one_request_and_one_source_call(
    calc: Calc, fresh_home: Home, calls: Calls, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row, names in enumerate(BASKETS, start=1):
        for column, name in enumerate(names, start=1):
            sheet.cell(row, column, name)
            sheet.cell(row, 3 + column, row * column)
        sheet.cell(row, 8, f"=BASKETGEX(A{row}:C{row},D{row}:F{row})")
    path = tmp_path / "cells.xlsx"
    book.save(path)
    with Server(fresh_home.path, command=calls.command):
        calc.awake()
        before = status(fresh_home)
        with calc.document(path) as document:
            shown = [row[0] for row in calc.cells(document, "Sheet", f"H1:H{CELLS}")]
            assert all(isinstance(value, float) and value for value in shown)
            calc.recalculate(document)
        after = status(fresh_home)
    assert (before.source_calls, after.requests - before.requests, after.source_calls) == (0, 1, 1)
    assert after.debits_total == 1
    assert len(calls) == 1
    assert calls.distinct() == set(SYMBOLS)


@pytest.mark.parametrize(("mode", "most"), [("sheet", 1), ("cells", 2)])
def test_two_programs_that_ask_at_once_share_their_source_calls(
    fresh_home: Home, calls: Calls, mode: str, most: int
) -> None:
    """A lone cell waits for no company, so cells that know nothing of each other are a first call and a second one."""
    settings: dict[str, object] = {"window_quiet": 1, "window_longest": 5}
    with Server(fresh_home.path, command=calls.command, **settings), ExitStack() as stack:
        programs = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-W", "error", asking.__file__, mode],
                    env=environment(fresh_home.path),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(2)
        ]
        for program in programs:
            stack.callback(program.kill)
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
        for program, part in zip(programs, (BASKETS[::2], BASKETS[1::2]), strict=True):
            assert program.stdin is not None
            program.stdin.write(json.dumps(part) + "\n")
            program.stdin.flush()
        answers = [json.loads(program.communicate(timeout=READY)[0]) for program in programs]
    assert [len(part) for part in answers] == [CELLS // 2] * 2
    assert all(isinstance(answer, float) for part in answers for answer in part)
    assert 1 <= len(calls) <= most
    assert calls.distinct() == set(SYMBOLS)


class Foreign:
    """A client of our contract that is none of ours: plain grpc, one unary call a basket."""

    def __init__(self, server: Server) -> None:
        self.channel = grpc.insecure_channel(server.address, options=CHANNEL_OPTIONS)
        self._stub = ExposureServiceStub(self.channel)
        self._token = (("authorization", f"Bearer {server.home.token()}"),)

    def ask(self, *names: str) -> Any:
        request = pb.GetBasketRequest(symbols=names)
        return self._stub.GetBasket.future(request, metadata=self._token, timeout=READY)


def test_a_foreign_clients_500_calls_share_the_call_that_leaves_when_the_gate_opens(
    fresh_home: Home, calls: Calls, gate: Gate
) -> None:
    """While a call is under way at a metered source, what comes waits for it, and then travels together."""
    calls = Calls(calls.path.parent, gate)
    with Server(fresh_home.path, command=calls.command) as server, gate:
        client = Foreign(server)
        with client.channel:
            first = client.ask(SYMBOLS[0])
            until(lambda: len(calls) == 1)
            others = [client.ask(*names) for names in BASKETS]
            until(lambda: status(fresh_home).requests == 1 + CELLS)
            assert calls.symbols() == [[SYMBOLS[0]]]
            assert not any(call.done() for call in (first, *others))
            gate.open()
            replies = [call.result(READY) for call in (first, *others)]
        spent = status(fresh_home)
    assert all(reply.basket.net.gex for reply in replies)
    assert [len(call) for call in calls.symbols()] == [1, 39]
    assert calls.distinct() == set(SYMBOLS)
    assert (spent.source_calls, spent.debits_total, spent.baskets) == (2, 2, 1 + CELLS)


def test_a_foreign_clients_500_calls_never_fetch_a_symbol_twice(fresh_home: Home, calls: Calls) -> None:
    """With default settings and no gate: how many calls there are depends on the clock, what they carry does not."""
    with Server(fresh_home.path, command=calls.command) as server:
        client = Foreign(server)
        with client.channel:
            replies = [call.result(READY) for call in [client.ask(*names) for names in BASKETS]]
        again = status(fresh_home)
    assert all(reply.basket.net.gex for reply in replies)
    assert calls.distinct() == set(SYMBOLS)
    assert again.source_calls == len(calls)


@pytest.mark.parametrize("source", ["sample", "free of charge"])
def test_symbols_from_formulas_cost_no_more_calls_than_cells_that_bring_a_new_symbol(
    calc: Calc, fresh_home: Home, calls: Calls, tmp_path: Path, source: str, request: pytest.FixtureRequest
) -> None:
    book = openpyxl.Workbook()
    sheet, lists = book.active, book.create_sheet("Lists")
    assert sheet is not None
    names = ["NVDA", "AMD", "TSLA", "SPY", "QQQ", "IWM", "AAPL", "MSFT", "AMZN", "META"]
    settings: dict[str, object] = {}
    if source != "sample":
        folder = request.getfixturevalue("shared_data") / "chains" / "basket_2026-07-10"
        settings = {"source": "chain-files", "chain_folder": folder}
    for row, name in enumerate(names, start=1):
        lists.cell(row, 1, name)
    new = 0
    for row in range(1, 61):
        sheet.cell(row, 1, f"=INDEX(Lists!$A$1:$A$10,{1 + row % 5})")
        sheet.cell(row, 2, f'=IF({row}>50,Lists!$A$9,IF(A{row}="NVDA","IWM",A{row}))')
        sheet.cell(row, 3, f"=BASKETGEX(A{row}:B{row})")
    seen: set[str] = set()
    for row in range(1, 61):
        first = names[row % 5]
        basket = {first, "AMZN" if row > 50 else "IWM" if first == "NVDA" else first}
        new += bool(basket - seen)
        seen |= basket
    path = tmp_path / "formulas.xlsx"
    book.save(path)
    with Server(fresh_home.path, command=calls.command, **settings):
        calc.awake()
        with calc.document(path) as document:
            shown = [row[0] for row in calc.cells(document, "Sheet", "C1:C60")]
            calc.recalculate(document)
            assert [row[0] for row in calc.cells(document, "Sheet", "C1:C60")] == shown
    assert all(isinstance(value, float) and value for value in shown)
    assert calls.distinct() == seen
    assert 1 <= len(calls) <= new == 6
