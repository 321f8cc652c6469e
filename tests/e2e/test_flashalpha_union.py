"""One call for the union of all cells' symbols: exact for every basket, and no call more than it takes."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from basketgex_addin.cells import Ask, Problem, Reply
from tests.addin.shown import render
from tests.e2e.clocked import Clock, asked, reply
from tests.e2e.serving import Server, environment, serving, status, until
from tests.standin.upstream import MEASURES, Figures, Upstream, figures

HERE = Path(__file__).parent
VOL_POINT = 0.01
PLACES = 0.005  # the stand-in's aggregates have two
NAMES = [f"{chr(65 + n // 26)}{chr(65 + n % 26)}X" for n in range(400)]


# -- exactness


def _baskets(chance: random.Random, names: Sequence[str], count: int) -> list[Ask]:
    baskets = []
    for _ in range(count):
        chosen = tuple(chance.sample(names, chance.randint(1, min(len(names), 50))))
        weights: tuple[float, ...] | None = chance.choice(
            (
                None,
                tuple(chance.uniform(0.01, 1) for _ in chosen),
                tuple(float(chance.randint(1, 10**6)) for _ in chosen),
                tuple(10 ** chance.uniform(-6, 6) for _ in chosen),
                (*(float(chance.randint(0, 3)) for _ in chosen[1:]), 1.0),
            )
        )
        baskets.append(Ask(chosen, weights))
    return baskets


def _alone(upstream: Upstream, basket: Ask) -> Any:
    """Return what the service says of a basket asked alone; None where it has no data."""
    query = {"symbols": ",".join(basket.symbols)}
    if basket.weights is not None:
        query["weights"] = ",".join(map(repr, basket.weights))
    found = upstream.answer("/v1/exposure/basket", query)
    assert found.status == 200 or found.body["error"] == "no_data", found.body
    return json.loads(found.encoded()) if found.status == 200 else None


def _assert_same(ours: Reply | Problem, alone: Any) -> None:
    if alone is None:
        assert isinstance(ours, Problem) and ours.code == "no_data", ours
        return
    assert isinstance(ours, Reply), ours
    assert list(ours.missing) == alone["missing_symbols"]
    rows = alone["constituents"]
    assert [row.symbol for row in ours.rows] == [row["symbol"] for row in rows]
    for measure, ours_is in zip(MEASURES, (ours.gex, ours.dex, ours.vex / VOL_POINT, ours.chex), strict=True):
        gross = sum(row["weight"] * abs(row[measure]) for row in rows)
        rounding = PLACES + 16 * sys.float_info.epsilon * gross
        assert abs(ours_is - alone["aggregate"][measure]) <= rounding, measure
    for row, theirs in zip(ours.rows, rows, strict=True):
        assert row.underlying_price == theirs["underlying_price"]
        assert (row.gex, row.dex, row.chex) == (theirs["net_gex"], theirs["net_dex"], theirs["net_chex"])
        assert row.vex == theirs["net_vex"] * VOL_POINT
        assert row.weight == pytest.approx(theirs["weight"], rel=1e-14)
        assert abs(row.contribution_pct - theirs["contribution_pct"]) <= PLACES + 1e-9


@pytest.mark.parametrize("seed", range(3))
def test_one_call_for_the_union_answers_every_basket_exactly(
    tmp_path: Path, clock: Clock, upstream: Upstream, seed: int
) -> None:
    chance = random.Random(seed)
    names = chance.sample(NAMES, 50)
    upstream.nothing = set(names[:4])
    baskets = [*_baskets(chance, names, 150), Ask((names[0],)), Ask(tuple(names[:3]))]
    with serving(tmp_path, clock, upstream) as server:
        together = asked(server.home, Ask(tuple(names)), *baskets)[1:]
        one_by_one = [asked(server.home, basket)[0] for basket in baskets[:20]]
    assert upstream.debits == 1
    for basket, ours in zip((*baskets, *baskets[:20]), (*together, *one_by_one), strict=True):
        _assert_same(ours, _alone(upstream, basket))


def test_baskets_over_four_hundred_symbols_take_eight_calls_and_are_exact(
    tmp_path: Path, clock: Clock, upstream: Upstream
) -> None:
    chance = random.Random(400)
    upstream.nothing = set(chance.sample(NAMES, 20))
    baskets = _baskets(chance, NAMES, 300)
    distinct = {symbol for basket in baskets for symbol in basket.symbols}
    assert len(distinct) == 400
    with serving(tmp_path, clock, upstream) as server:
        found = asked(server.home, *baskets)
    assert upstream.debits == 8
    for basket, ours in zip(baskets, found, strict=True):
        _assert_same(ours, _alone(upstream, basket))


def test_a_basket_of_five_hundred_and_three_names_takes_eleven_calls_and_is_exact(
    tmp_path: Path, clock: Clock, upstream: Upstream
) -> None:
    """More than the service takes in one call: its own formula over its own rows."""
    names = [f"S{n}" for n in range(503)]
    weights = [n + 1.0 for n in range(503)]
    with serving(tmp_path, clock, upstream) as server:
        (found,) = asked(server.home, Ask(tuple(names), tuple(weights)))
        assert upstream.debits == 11
        assert isinstance(asked(server.home, names)[0], Reply)
    assert upstream.debits == 11
    assert isinstance(found, Reply) and not found.missing and len(found.rows) == 503
    total = sum(weights)
    for at, ours in ((1, found.gex), (2, found.dex), (3, found.vex / VOL_POINT), (4, found.chex)):
        exact = sum(w * figures(s)[at] for s, w in zip(names, weights, strict=True)) / total
        assert ours == pytest.approx(exact, rel=1e-12)


# -- calls


class _Clients:
    """Client processes; ``begin`` gives each its baskets, ``answers`` waits for what they were answered."""

    def __init__(self, stack: ExitStack, home: Path, modes: Sequence[str]) -> None:
        self._running = [
            stack.enter_context(
                subprocess.Popen(
                    (sys.executable, "-W", "error", str(HERE / "asking.py"), mode),
                    env=environment(home) | {"PYTHONPATH": os.pathsep.join(sys.path)},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for mode in modes
        ]

    def wait_ready(self) -> None:
        for client in self._running:
            assert client.stdout is not None
            assert client.stdout.readline() == "ready\n"

    def begin(self, baskets: Sequence[Sequence[Sequence[str]]]) -> None:
        for client, its in zip(self._running, baskets, strict=True):
            assert client.stdin is not None
            client.stdin.write(json.dumps(its) + "\n")
            client.stdin.flush()

    def answers(self) -> list[list[Any]]:
        found = []
        for client in self._running:
            assert client.stdout is not None
            *_, last = client.stdout.read().splitlines()
            assert client.wait(60) == 0
            found.append(json.loads(last))
        return found


def _mean(symbols: Sequence[str]) -> float:
    return sum(figures(s).net_gex for s in symbols) / len(symbols)


def test_two_thousand_cells_of_three_programs_cost_three_debits_and_a_refresh_of_five_names_one(
    tmp_path: Path, clock: Clock, upstream: Upstream
) -> None:
    """None of the three knows all names: what the first full calls have no seat for waits for the others' in its window."""
    names = NAMES[:137]
    chance = random.Random(137)
    parts = (names[:75], names[40:115], names[85:])
    cells = [
        [part[n : n + 7] for n in range(0, len(part), 7)]  # every name once, then at random
        + [chance.sample(part, chance.randint(1, 12)) for _ in range(count - -(-len(part) // 7))]
        for part, count in zip(parts, (667, 667, 666), strict=True)
    ]
    assert sum(map(len, cells)) == 2_000
    assert len({symbol for its in cells for basket in its for symbol in basket}) == 137
    with ExitStack() as stack:
        server = stack.enter_context(
            serving(tmp_path, clock, upstream, window_quiet=3.0, window_longest=30.0)
        )
        clients = _Clients(stack, server.home.path, ("sheet",) * 3)
        clients.wait_ready()
        clients.begin(cells)
        answers = clients.answers()
        assert upstream.debits == 3
        assert sorted(map(len, upstream.asked)) == [37, 50, 50]
        assert {symbol for call in upstream.asked for symbol in call} == set(names)
        for its, found in zip(cells, answers, strict=True):
            assert found == pytest.approx([_mean(basket) for basket in its])

        # Old, but not too old: answered at once, and one call behind the answer brings the five and 45 others.
        clock.advance(61)
        wanted = names[10:15]
        assert reply(server.home, *wanted).freshness == "STALE"
        until(lambda: _standing(server, names).count("FRESH") == 50)
        assert upstream.debits == 4
        assert set(upstream.asked[3][:5]) == set(wanted)
        assert len(set(upstream.asked[3])) == 50
        standing = dict(zip(names, _standing(server, names), strict=True))
        assert {symbol for symbol, how in standing.items() if how == "FRESH"} == set(upstream.asked[3])
        assert list(standing.values()).count("STALE") == 87

        # Too old: waited for, and fresh in the cell. Again one call.
        clock.advance(901)
        assert reply(server.home, *wanted).freshness == "FRESH"
        assert _standing(server, names).count("FRESH") == 50
        assert upstream.debits == 5
        assert status(server.home).debits_total == 5


def _standing(server: Server, names: Sequence[str]) -> list[str]:
    found = asked(server.home, *((name,) for name in names), refresh="CACHE_ONLY")
    return [answer.freshness if isinstance(answer, Reply) else answer.code for answer in found]


def test_without_a_barrier_no_symbol_is_fetched_twice_and_no_call_leaves_under_full_beside_another(
    tmp_path: Path, clock: Clock, upstream: Upstream
) -> None:
    """Default settings; cells that know nothing of each other, in programs that begin when they happen to."""
    upstream.latency = 0.05
    names = NAMES[:237]
    chance = random.Random(237)
    cells = [[chance.sample(names, chance.randint(1, 6)) for _ in range(200)] for _ in range(3)]
    with ExitStack() as stack:
        server = stack.enter_context(serving(tmp_path, clock, upstream))
        clients = _Clients(stack, server.home.path, ("cells", "sheet", "cells"))
        clients.begin(cells)
        answers = clients.answers()
    for its, found in zip(cells, answers, strict=True):
        assert found == pytest.approx([_mean(basket) for basket in its])
    fetched = [symbol for call in upstream.asked for symbol in call]
    assert len(fetched) == len(set(fetched))
    assert set(fetched) == {symbol for its in cells for basket in its for symbol in basket}
    beside = [(len(call.symbols), call.beside) for call in upstream.calls]
    assert not [orders for size, orders in beside if size < 50 and orders], beside


# -- units


def test_the_recorded_summary_reaches_the_cell_in_the_projects_units(
    tmp_path: Path, clock: Clock, upstream: Upstream
) -> None:
    """Recorded from the real service: SPY, 2020-03-16. VEX is published per 1.00 of volatility."""
    upstream.published["SPY"] = Figures(246.01, -2633970601, -169419489077, 152461756844, -13122349)
    with serving(tmp_path, clock, upstream) as server:
        spy, both = (reply(server.home, *names) for names in (("SPY",), ("SPY", "NVDA")))
    assert spy.vex == pytest.approx(1.52461756844e9, rel=1e-15)
    assert (spy.gex, spy.dex, spy.chex) == (-2633970601, -169419489077, -13122349)
    assert render("BASKETVEX", spy) == spy.vex
    assert render("BASKETSTATUS", spy) == (
        "FlashAlpha; as of 2026-09-16 11:00 New York; convention flashalpha (DEX, VEX, CHEX: open "
        "interest, plain sum); 1 of 1 names; coverage 100 %; "
        "CHEX as published; entitlement unverified: SPY"
    )
    assert str(render("BASKETSTATUS", both)).endswith("CHEX as published; entitlement unverified: SPY")
