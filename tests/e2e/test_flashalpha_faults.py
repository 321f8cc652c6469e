"""The service fails in every way it can, over real sockets: what cells show, what it costs, and how it heals."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from basketgex.home import Home
from basketgex_addin.cells import Ask, Problem, Reply
from basketgex_addin.client import BasketClient
from tests.e2e.clocked import MIDDAY, Clock, asked, problem, reply
from tests.e2e.serving import Server, serving, status, until
from tests.standin.upstream import (
    Fault,
    Gate,
    Upstream,
    cut_off,
    edited,
    figures,
    garbled,
    gated,
    halted,
    html,
    rate_limited,
    reset,
    slow,
    truncated,
)
from tests.standin.upstream import status as answered

DAY = 86_400.0
TOO_OLD = 901.0
BROKEN_OFF = "The connection to FlashAlpha broke off. Recalculate to ask again."
UNREADABLE = "FlashAlpha's reply cannot be read. Recalculate to ask again."
KEY_REFUSED = (
    "FlashAlpha refused the key that the server has: store the right one with basketgex key set, "
    "or correct BASKETGEX_FLASHALPHA_API_KEY where the server was started with it."
)
NO_KEY = (
    "The server has no FlashAlpha key, and does not see what is set in a terminal: run basketgex key set, "
    "or basketgex key set --file where there is no keyring."
)
NOT_REACHED = "FlashAlpha cannot be reached: check the network, then recalculate."
PLAN_TOO_LOW = (
    "This needs FlashAlpha's Growth plan or higher, and this key has Basic: "
    "change the plan, or use another source."
)
RATE = "FlashAlpha takes no more calls at the moment: recalculate after "
SPENT = "FlashAlpha's daily quota is spent: it starts again at 2026-09-17 00:00 UTC."
NOT_IN_TIME = {f"The {who} did not answer in time. Recalculate to ask again." for who in ("source", "server")}
TIER = {
    "status": "ERROR",
    "error": "tier_restricted",
    "message": "This endpoint requires the Growth plan or higher.",
    "current_plan": "Basic",
    "required_plan": "Growth",
}


@pytest.fixture
def server(tmp_path: Path, clock: Clock, upstream: Upstream) -> Iterator[Server]:
    with serving(tmp_path, clock, upstream) as server:
        yield server


def debits(home: Home) -> int:
    """Return what the ledger shows, whoever serves or has served."""
    with closing(sqlite3.connect(home.state_file)) as state:
        (found,) = state.execute("SELECT count(*) FROM debit").fetchone()
    return int(found)


def _row(change: Callable[[dict[str, Any]], None]) -> Callable[[], Fault]:
    """Return a fault in every row."""

    def edit(body: dict[str, Any]) -> None:
        for row in body["constituents"]:
            change(row)

    return lambda: edited(edit)


@dataclass(frozen=True)
class Case:
    """``fault`` for one call; ``sentence`` how what stands in the way begins. ``heals_after``: seconds, by its clock.

    A failure is left alone for a minute. ``free``: such a call certainly cost nothing, and the ledger does not show it.
    """

    name: str
    fault: Callable[[], Fault]
    sentence: str
    charged: int = 1
    heals_after: float = 60.0
    free: bool = False


OUT_OF_ORDER = "FlashAlpha is out of order (status {}). Recalculate later to ask again."
CASES = [
    Case("reset", reset, BROKEN_OFF),
    Case("cut off", cut_off, BROKEN_OFF),
    Case("truncated", truncated, UNREADABLE),
    Case("page", html, UNREADABLE),
    Case("error page", lambda: html(502), OUT_OF_ORDER.format(502)),
    Case("empty", lambda: garbled(b""), UNREADABLE),
    Case("a list", lambda: garbled(b"[]"), UNREADABLE),
    Case("500", lambda: answered(500), OUT_OF_ORDER.format(500)),
    Case("502", lambda: answered(502, b"Bad Gateway"), OUT_OF_ORDER.format(502)),
    Case("503", lambda: answered(503), OUT_OF_ORDER.format(503)),
    Case(
        "401",
        lambda: answered(401, {"detail": "Invalid API key."}, charged=False),
        KEY_REFUSED,
        charged=0,
        free=True,
    ),
    Case("403 plan", lambda: answered(403, TIER), PLAN_TOO_LOW),
    Case("429 short", lambda: rate_limited("30"), RATE, charged=0, heals_after=30),
    Case("429 without Retry-After", lambda: rate_limited(None), RATE, charged=0, heals_after=60),
    Case(
        "wrong types",
        _row(lambda row: row.update(net_gex="many")),
        "FlashAlpha's row of AMD has no usable net GEX",
    ),
    Case(
        "nulls", _row(lambda row: row.update(net_vex=None)), "FlashAlpha's row of AMD has no usable net VEX"
    ),
    Case(
        "no price",
        _row(lambda row: row.update(underlying_price=0)),
        "FlashAlpha's row of AMD has no usable underlying price",
    ),
    Case("no field", _row(lambda row: row.pop("net_dex")), "FlashAlpha's row of AMD has no usable net DEX"),
    Case(
        "no moment",
        lambda: edited(lambda body: body.update(as_of=None)),
        "FlashAlpha's figures of AMD do not say of when they are.",
    ),
    Case("rows of another type", lambda: edited(lambda body: body.update(constituents={})), UNREADABLE),
    Case("null rows", lambda: edited(lambda body: body.update(constituents=None)), UNREADABLE),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_says_so_in_one_sentence_serves_the_last_good_value_and_heals(
    server: Server, clock: Clock, upstream: Upstream, case: Case
) -> None:
    home, names = server.home, ("AMD", "NVDA")

    # Nothing is known: a sentence.
    upstream.script(case.fault())
    cold = problem(home, *names)
    assert cold.sentence.startswith(case.sentence), cold
    assert not cold.bad_input and cold.sentence.endswith(".") and cold.sentence.count("\n") == 0
    calls = len(upstream.calls)
    assert (calls, upstream.debits) == (1, case.charged)

    # The next good call heals it.
    clock.advance(case.heals_after)
    healed = reply(home, *names)
    assert (healed.freshness, healed.notice, healed.missing) == ("FRESH", "", ())
    assert healed.gex == pytest.approx(sum(figures(s).net_gex for s in names) / 2)

    # Something is known, but too old to be served without a look: the last good value, and why.
    clock.set(MIDDAY + 7 * DAY)
    before = reply(home, *names)
    clock.advance(TOO_OLD)
    upstream.script(case.fault())
    last = reply(home, *names)
    assert last.notice.startswith(f"Last good value: {case.sentence}".replace("2026-09-17", "2026-09-24"))
    assert (last.freshness, last.gex, last.as_of) == ("EXPIRED", before.gex, before.as_of)
    assert last.client_ttl == 2.0
    clock.advance(case.heals_after and DAY)
    again = reply(home, *names)
    assert (again.freshness, again.notice) == ("FRESH", "")
    assert len(upstream.calls) == 5
    assert upstream.debits == 3 + 2 * case.charged <= debits(home) == 5 - 2 * case.free


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_behind_the_answer_costs_no_cell_anything(
    server: Server, clock: Clock, upstream: Upstream, case: Case
) -> None:
    home = server.home
    before = reply(home, "AMD")
    clock.advance(61)
    upstream.script(case.fault())
    stale = reply(home, "AMD")
    assert (stale.freshness, stale.notice, stale.gex) == ("STALE", "", before.gex)
    until(lambda: status(home).last_problem.startswith(case.sentence))
    assert len(upstream.calls) == 2


def test_a_short_pause_that_the_service_asks_for_is_kept_and_costs_one_debit(
    server: Server, upstream: Upstream
) -> None:
    upstream.script(rate_limited("0.05"))
    assert reply(server.home, "AMD").freshness == "FRESH"
    assert (len(upstream.calls), upstream.debits, debits(server.home)) == (2, 1, 1)


@pytest.mark.parametrize("known", [False, True], ids=["cold", "known"])
@pytest.mark.parametrize("fault", [gated, halted], ids=["no reply", "half a reply"])
def test_no_cell_waits_past_its_deadline_for_a_service_that_hangs(
    server: Server, clock: Clock, upstream: Upstream, fault: Callable[[Gate], Fault], known: bool
) -> None:
    """The gate is shut while every cell is answered; one deadline is enough for all of them."""
    home, gate = server.home, Gate()
    asks = [Ask(("AMD", "NVDA"), (n % 3 + 1.0, 1.0)) for n in range(60)]
    if known:
        before = reply(home, "AMD", "NVDA")
        clock.advance(TOO_OLD)
    upstream.script(fault(gate))
    client = BasketClient(home, deadline=2.0)
    with closing(client), ThreadPoolExecutor(60) as cells:
        found = list(cells.map(client.ask, asks))
        gate.wait_entered()
        waits = 1 + known
        assert len(upstream.calls) == waits
    for answer in found:
        if known:
            assert isinstance(answer, Reply) and answer.as_of == before.as_of
            assert answer.notice.startswith("Last good value: ") and answer.freshness == "EXPIRED"
        else:
            assert isinstance(answer, Problem)
            assert answer.sentence in NOT_IN_TIME, answer
    gate.open()
    if fault is gated:  # the late reply was paid for, and is used
        until(lambda: status(home).symbols_known == 2)
        until(lambda: reply(home, "AMD", "NVDA", refresh="CACHE_ONLY").freshness == "FRESH")
        assert reply(home, "AMD", "NVDA").notice == ""
        assert len(upstream.calls) == waits
    else:
        until(lambda: status(home).last_problem == BROKEN_OFF)
        clock.advance(60)
        assert reply(home, "AMD", "NVDA").freshness == "FRESH"
        assert len(upstream.calls) == waits + 1
    assert upstream.debits == len(upstream.calls) == debits(home)


def test_a_slow_reply_within_the_deadline_is_just_slow(server: Server, upstream: Upstream) -> None:
    upstream.script(slow(0.3))
    assert reply(server.home, "AMD").freshness == "FRESH"
    assert upstream.debits == 1


def test_a_fault_in_one_row_is_that_names_alone(server: Server, clock: Clock, upstream: Upstream) -> None:
    def edit(body: dict[str, Any]) -> None:
        rows = {row["symbol"]: row for row in body["constituents"]}
        rows["AMD"]["net_gex"] = None
        rows["NVDA"]["net_dex"] = True
        body["constituents"].remove(rows["TSLA"])
        body["constituents"].append(None)

    home, names = server.home, ("AMD", "NVDA", "TSLA", "AAPL")
    reply(home, *names)
    clock.advance(TOO_OLD)
    upstream.script(edited(edit))
    amd, nvda, tsla, aapl = asked(home, *((name,) for name in names))
    assert isinstance(amd, Reply) and amd.notice.startswith("Last good value: FlashAlpha's row of AMD has no")
    assert isinstance(nvda, Reply) and nvda.notice.startswith("Last good value: FlashAlpha's row of NVDA")
    assert isinstance(tsla, Reply) and "row without a name" in tsla.notice
    assert isinstance(aapl, Reply) and (aapl.notice, aapl.freshness) == ("", "FRESH")
    assert upstream.debits == 2


def test_of_duplicate_rows_the_first_counts_and_strangers_do_not(server: Server, upstream: Upstream) -> None:
    def edit(body: dict[str, Any]) -> None:
        first, second = body["constituents"]
        body["constituents"] += [first | {"net_gex": 1.0}, second | {"net_gex": None}]
        body["constituents"].insert(0, first | {"symbol": "EVIL", "net_gex": 2.0})

    upstream.script(edited(edit))
    found = reply(server.home, "AMD", "NVDA")
    assert [row.symbol for row in found.rows] == ["AMD", "NVDA"]
    assert found.gex == pytest.approx((figures("AMD").net_gex + figures("NVDA").net_gex) / 2)
    assert problem(server.home, "EVIL", refresh="CACHE_ONLY").code == "not_cached"
    assert upstream.debits == 1


def test_a_symbol_that_warms_up_comes_with_the_next_call_at_no_price(
    server: Server, upstream: Upstream
) -> None:
    home = server.home
    upstream.cold = {"NVDA"}
    first = reply(home, "AMD", "NVDA")
    assert first.missing == ("NVDA",) and first.covered_weight == 0.5
    assert problem(home, "NVDA").code == "no_data"
    assert upstream.debits == 1
    reply(home, "TSLA")
    assert upstream.asked[1] == ("TSLA", "NVDA")
    both = reply(home, "AMD", "NVDA")
    assert (both.missing, both.covered_weight) == ((), 1.0)
    assert upstream.debits == 2 == debits(home)


def test_a_symbol_that_the_plan_does_not_cover_is_named_and_not_paid_for_again_before_the_reset(
    server: Server, clock: Clock, upstream: Upstream
) -> None:
    home, sentence = server.home, (
        "FlashAlpha's Free plan does not cover ZZZ: "
        "leave it out, or change to the Basic plan or higher."
    )  # fmt: skip
    upstream.uncovered = {"ZZZ"}
    assert problem(home, "AMD", "ZZZ").sentence == sentence
    assert upstream.asked == [("AMD", "ZZZ"), ("AMD",)]
    assert problem(home, "ZZZ").sentence == sentence
    assert reply(home, "AMD").freshness == "FRESH"
    assert problem(home, "AMD", "ZZZ").sentence == sentence
    assert upstream.debits == 2 == debits(home)
    upstream.uncovered = set()
    clock.advance(DAY)
    assert reply(home, "ZZZ").missing == ()
    assert upstream.debits == 3 == debits(home)


def test_a_symbol_that_the_plan_does_not_cover_takes_nothing_from_other_cells(
    server: Server, upstream: Upstream
) -> None:
    """They share a call, and a wait. The service names one symbol at a time."""
    upstream.uncovered = {"S7", "S31"}
    cells = [(f"S{n}", f"S{n + 1}") for n in range(0, 40, 2)]
    found = asked(server.home, *cells)
    for cell, answer in zip(cells, found, strict=True):
        if set(cell) & upstream.uncovered:
            assert isinstance(answer, Problem) and f"does not cover {cell[1]}:" in answer.sentence
        else:
            assert isinstance(answer, Reply) and (answer.freshness, answer.missing) == ("FRESH", ())
    assert [len(call) for call in upstream.asked] == [40, 39, 38]
    assert upstream.debits == 3 == debits(server.home) == status(server.home).debits_total


@pytest.mark.parametrize("what", ["no connection", "no key"])
def test_a_call_that_never_left_is_not_in_the_ledger(
    tmp_path: Path, clock: Clock, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        host, port = nobody.getsockname()
    settings = {"source": "flashalpha", "flashalpha_base_url": upstream.url, "flashalpha_api_key": ""}
    if what == "no connection":
        settings |= {"flashalpha_base_url": f"http://{host}:{port}", "flashalpha_api_key": upstream.key}
    with Server(tmp_path / "home", command=clock.command, **settings) as server:
        for names in (("AMD",), ("AMD", "NVDA")):
            assert problem(server.home, *names).sentence in (NO_KEY, NOT_REACHED)
        assert debits(server.home) == status(server.home).debits_total == 0
    assert upstream.calls == []


def test_a_spent_quota_stops_the_calls_and_serves_what_is_known_until_the_reset(
    server: Server, clock: Clock, upstream: Upstream
) -> None:
    home = server.home
    before = reply(home, "AMD")
    clock.advance(TOO_OLD)
    upstream.spend(2_499)  # another program
    last = reply(home, "AMD")
    spent = (
        "FlashAlpha's daily quota is spent (Growth plan): it starts again at 2026-09-17 00:00 UTC; "
        "the Alpha plan has more."
    )
    assert (last.notice, last.gex) == (f"Last good value: {spent}", before.gex)
    calls = len(upstream.calls)
    assert problem(home, "TSLA").code == "quota_spent"
    assert reply(home, "AMD").notice.startswith("Last good value: ")
    assert len(upstream.calls) == calls == 2
    clock.set(MIDDAY + 9 * 3_600)  # midnight UTC
    assert reply(home, "AMD", "TSLA").notice == ""
    assert len(upstream.calls) == calls + 1
    assert upstream.debits == 2 <= debits(home) == 3


# -- kill -9


def _fire(home: Home, *symbols: str) -> ThreadPoolExecutor:
    """Ask from a thread of its own, for an answer that nobody may live to see."""
    cell = ThreadPoolExecutor(1)
    cell.submit(asked, home, symbols, deadline=5.0)
    return cell


@pytest.mark.parametrize("fault", [gated, halted], ids=["before the reply", "in the middle of the reply"])
def test_killed_during_a_call_the_ledger_has_its_debit(
    tmp_path: Path, clock: Clock, upstream: Upstream, fault: Callable[[Gate], Fault]
) -> None:
    gate = Gate()
    upstream.script(fault(gate))
    with serving(tmp_path, clock, upstream) as server:
        cell = _fire(server.home, "AMD")
        gate.wait_entered()
        server.kill()
    gate.open()
    cell.shutdown()
    assert upstream.debits == 1 == debits(server.home)
    with serving(tmp_path, clock, upstream) as server:
        assert status(server.home).debits_total == 1
        assert reply(server.home, "AMD").freshness == "FRESH"
    assert upstream.debits == 2 == debits(server.home)


def test_killed_as_soon_as_the_cell_has_its_reply_the_ledger_has_its_debit(
    tmp_path: Path, clock: Clock, upstream: Upstream
) -> None:
    for round_ in range(1, 4):
        with serving(tmp_path, clock, upstream) as server:
            reply(server.home, f"S{round_}")
            server.kill()
        assert upstream.debits == round_ <= debits(server.home)


@pytest.mark.parametrize("calls", [1, 2, 5, 9])
def test_killed_at_any_point_of_a_storm_the_ledger_never_has_less_than_the_service(
    tmp_path: Path, clock: Clock, upstream: Upstream, calls: int
) -> None:
    """Killed when the service has seen so many of the calls: others are about to leave, on their way, or answered."""
    upstream.latency = 0.01
    with serving(tmp_path, clock, upstream, window_quiet=0.0, window_longest=0.0) as server:
        storm = [_fire(server.home, *(f"S{n}X{i}" for i in range(60))) for n in range(8)]
        upstream.wait_calls(calls)
        server.kill()
    for cell in storm:
        cell.shutdown()
    until(lambda: upstream.connections == upstream.disconnections)  # nothing of it is still on its way
    assert calls <= upstream.debits <= debits(server.home)
