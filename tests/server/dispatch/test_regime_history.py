"""Since when a basket has been in its regime: by hand, and against the definition spelt out slowly."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.dispatch import regime_history as history
from basketgex_server.dispatch.batch.arrays import Asked, prepare
from basketgex_server.dispatch.batch.types import Batch
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.lookups import Refresh
from basketgex_server.dispatch.regime_history import NEGATIVE, POSITIVE, UNKNOWN, History
from basketgex_server.dispatch.regime_tracker import Regimes
from basketgex_server.dispatch.sessions import NewYorkSessions
from basketgex_server.domain import Fetched, Snapshot, regime
from basketgex_server.settings import Settings
from basketgex_server.stores.port import PastGex
from basketgex_server.stores.sqlite import SqliteStore
from tests.server.servers import NOON, Clock, FakeSource, made_up, run

Past = dict[str, list[tuple[float, float]]]  # symbol: (fetched at, GEX), the source's clock being 5 s behind
LAG = 5.0


def figures(past: Past) -> dict[str, list[PastGex]]:
    return {s: [(at, at - LAG, gex) for at, gex in points] for s, points in past.items()}


def asked(*baskets: dict[str, float]) -> Asked:
    symbols = sorted({s for basket in baskets for s in basket})
    ends = np.cumsum([0] + [len(basket) for basket in baskets]).tolist()
    index = [symbols.index(s) for basket in baskets for s in basket]
    weights = [w for basket in baskets for w in basket.values()]
    return prepare(Batch(symbols, ends, index, weights), 1_000)


def standing(past: Past, basket: dict[str, float], **limits: int) -> tuple[int, float, int, float]:
    known = History(**limits)
    known.learn(figures(past))
    return known.standings(asked(basket)).row(0)


def test_a_flip_is_dated_by_the_figure_that_brought_it() -> None:
    past: Past = {"A": [(10, 5.0), (20, -1.0), (30, -2.0)], "B": [(10, 1.0), (30, 0.5)]}
    assert standing(past, {"A": 1, "B": 1}) == (NEGATIVE, 30 - LAG, POSITIVE, 10 - LAG)
    assert standing(past, {"A": 3, "B": 1}) == (NEGATIVE, 20 - LAG, POSITIVE, 10 - LAG)
    assert standing(past, {"B": 1}) == (POSITIVE, 0.0, UNKNOWN, 10 - LAG)


def test_zero_counts_as_positive() -> None:
    assert standing({"A": [(1, -1.0), (2, 0.0)]}, {"A": 1}) == (POSITIVE, 2 - LAG, NEGATIVE, 1 - LAG)


def test_what_one_call_brought_is_one_moment() -> None:
    past: Past = {"A": [(1, 1.0), (2, -9.0)], "B": [(1, 1.0), (2, 10.0)]}
    assert standing(past, {"A": 1, "B": 1}) == (POSITIVE, 0.0, UNKNOWN, 1 - LAG)


def test_a_half_known_basket_does_not_flip() -> None:
    past: Past = {"A": [(1, 1.0)], "B": [(2, -9.0)]}
    assert standing(past, {"A": 1, "B": 1}) == (NEGATIVE, 0.0, UNKNOWN, 2 - LAG)
    assert standing(past, {"A": 1, "B": 1, "NEVER": 5}) == (NEGATIVE, 0.0, UNKNOWN, 2 - LAG)


def test_a_name_without_weight_says_nothing() -> None:
    past: Past = {"A": [(1, 1.0), (2, -1.0)], "B": [(3, 5.0)]}
    assert standing(past, {"A": 1, "B": 0}) == (NEGATIVE, 2 - LAG, POSITIVE, 1 - LAG)


def test_what_the_source_has_no_more_counts_for_nothing() -> None:
    gone: Past = {"A": [(1, 1.0)], "B": [(1, -9.0), (7, math.nan)]}
    assert standing(gone, {"A": 1, "B": 1}) == (POSITIVE, 7 - LAG, NEGATIVE, 1 - LAG)
    assert standing(gone, {"B": 1}) == (UNKNOWN, 0.0, UNKNOWN, 0.0)
    assert standing({"B": [(7, math.nan)]}, {"B": 1}) == (UNKNOWN, 0.0, UNKNOWN, 0.0)


def test_baskets_without_a_past_and_in_error_do_not_stand_at_all() -> None:
    known = History()
    known.learn(figures({"A": [(1, 1.0)]}))
    rows = known.standings(asked({"GHOST": 1}, {"A": -1}, {"A": 1}))
    assert rows.regime == [UNKNOWN, UNKNOWN, POSITIVE]
    assert rows.rows([2]).row(0) == (POSITIVE, 0.0, UNKNOWN, 1 - LAG)
    assert History().standings(asked()).regime == []


def test_weights_of_any_scale() -> None:
    past: Past = {"A": [(1, 1e200), (2, 1e200)], "B": [(1, 1e200), (2, -2e200)]}
    for scale in (1e-300, 1.0, 1e300):
        found = standing(past, {"A": scale, "B": scale})
        assert found == (NEGATIVE, 2 - LAG, POSITIVE, 1 - LAG)


def test_only_so_many_figures_are_looked_at() -> None:
    past: Past = {"A": [(float(i), -1.0 if i < 3 else 1.0) for i in range(10)]}
    assert standing(past, {"A": 1}, most=8) == (POSITIVE, 3 - LAG, NEGATIVE, 2 - LAG)
    assert standing(past, {"A": 1}, most=6) == (POSITIVE, 0.0, UNKNOWN, 4 - LAG)
    known = History(most=6)
    for figure in figures(past)["A"]:  # one at a time as they come in, a few more may stay
        known.learn({"A": [figure]})
    assert known.standings(asked({"A": 1})).regime == [POSITIVE]


def slowly(past: Past, basket: dict[str, float]) -> tuple[int, float, int, float]:
    """The definition, moment by moment."""
    own = {s: dict(past[s]) for s, w in basket.items() if w > 0 and past.get(s)}
    own = {s: points for s, points in own.items() if any(not math.isnan(g) for g in points.values())}
    if not own:
        return UNKNOWN, 0.0, UNKNOWN, 0.0
    begins = max(min(points) for points in own.values())
    told: list[tuple[float, str]] = []
    for moment in sorted({at for points in own.values() for at in points if at >= begins}):
        latest = {s: points[max(at for at in points if at <= moment)] for s, points in own.items()}
        there = {s: gex for s, gex in latest.items() if not math.isnan(gex)}
        told.append((moment, regime(sum(basket[s] * gex for s, gex in there.items())) if there else ""))
    present = told[-1][1]
    if not present:
        return UNKNOWN, 0.0, UNKNOWN, 0.0
    code = {"positive_gamma": POSITIVE, "negative_gamma": NEGATIVE}
    others = [i for i, (_, said) in enumerate(told) if said and said != present]
    if not others:
        return code[present], 0.0, UNKNOWN, begins - LAG
    since = next(at for at, said in told[others[-1] + 1 :] if said == present)
    return code[present], since - LAG, code[told[others[-1]][1]], begins - LAG


gexes = st.integers(-3, 3).map(float) | st.just(math.nan)
pasts = st.dictionaries(
    st.sampled_from("ABCD"),
    st.dictionaries(st.integers(10, 22).map(float), gexes, max_size=8).map(lambda d: sorted(d.items())),
)
baskets = st.dictionaries(st.sampled_from("ABCDE"), st.integers(0, 3).map(float), min_size=1).filter(
    lambda b: any(b.values())
)


@given(pasts, st.lists(baskets, min_size=1, max_size=4), st.randoms(use_true_random=False), st.booleans())
def test_as_the_definition_has_it(
    past: Past, wanted: Sequence[dict[str, float]], chance: random.Random, in_time: bool
) -> None:
    # A symbol's first figure is one: what never had any is remembered as missing, not as gone.
    past = {s: points for s, points in past.items() if points and not math.isnan(points[0][1])}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "_STEP", chance.choice([1, 2, 3, 1_024]))
        patch.setattr(history, "_AREA", chance.choice([1, 4_000_000]))
        known, all_ = History(), figures(past)
        cut = chance.randint(0, 8)
        known.learn({s: points[:cut] for s, points in all_.items()})
        known.standings(asked(*wanted))
        if in_time:
            for symbol, points in all_.items():
                for figure in points[cut:]:
                    known.learn({symbol: [figure]})
        else:  # what is known already makes no difference, nor does the order
            known.learn({s: [*points[cut:], *points[:cut]] for s, points in all_.items()})
        rows = known.standings(asked(*wanted))
    assert [rows.row(n) for n in range(len(wanted))] == [slowly(past, basket) for basket in wanted]


def test_a_thousand_baskets_take_a_fraction_of_a_second() -> None:
    chance = random.Random(4)
    names = [f"S{i}" for i in range(500)]
    past: Past = {
        s: [(float(60 * n + i // 50), chance.gauss(0.2, 1)) for n in range(100)] for i, s in enumerate(names)
    }
    known, rows = History(), figures(past)
    question = asked(*({s: chance.random() + 0.01 for s in chance.sample(names, 10)} for _ in range(1_000)))
    begin = time.process_time()
    known.learn(rows)
    found = known.standings(question)
    took = time.process_time() - begin
    assert took < 5.0, took  # about a tenth of it, on a machine that does nothing else
    assert {POSITIVE, NEGATIVE} == set(found.regime)


# -- with the store, and what comes in -----------------------------------------------------------------------------------


class Counted(SqliteStore):
    """A store that counts what is read of the past."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, 30.0)
        self.reads: list[list[str]] = []
        self.behind = False  # as a desk's, that has yet to write what a call has brought

    async def past(self, origin: str, symbols: Sequence[str], most: int) -> dict[str, list[PastGex]]:
        self.reads.append(list(symbols))
        found = await super().past(origin, symbols, most)
        return {symbol: [] for symbol in symbols} if self.behind else found


class Turning(FakeSource):
    """A source whose figures change their sign when told."""

    sign = 1.0

    async def fetch(self, symbols: tuple[str, ...]) -> Fetched:
        found = await super().fetch(symbols)
        made = {s: made_up(s, e.as_of, self.sign * 1e9) for s, e in found.exposures.items()}
        return Fetched(made, found.missing, found.failed)


class Desk:
    def __init__(self, path: Path) -> None:
        self.clock = Clock()
        self.source = Turning(self.clock)
        self.state = Counted(path / "state.db")
        settings = Settings(window_quiet=0.0, window_longest=0.0)
        self.dispatcher = Dispatcher(self.source, self.state, settings, NewYorkSessions(), self.clock)
        self.compute = ThreadPoolExecutor(1)
        self.regimes = Regimes(self.dispatcher, self.compute, 1_000)

    async def row(self, *symbols: str) -> tuple[int, float, int, float]:
        return (await self.regimes.standings(asked(dict.fromkeys(symbols, 1.0)))).row(0)

    async def ask(self, *symbols: str) -> None:
        await self.dispatcher.find(symbols, refresh=Refresh.FORCE)

    async def turn(self, *symbols: str) -> None:
        self.clock.at += 60
        self.source.sign *= -1
        await self.ask(*symbols)

    async def close(self) -> None:
        await self.dispatcher.close()
        self.compute.shutdown()
        self.state.close()


def test_the_past_is_read_once_and_then_goes_on(tmp_path: Path) -> None:
    async def work() -> None:
        desk = Desk(tmp_path)
        assert await desk.row("A", "B") == (UNKNOWN, 0.0, UNKNOWN, 0.0)
        await desk.ask("A", "B")
        assert await desk.row("A", "B") == (POSITIVE, 0.0, UNKNOWN, NOON)
        await desk.turn("A", "B")
        assert await desk.row("A", "B") == (NEGATIVE, NOON + 60, POSITIVE, NOON)
        await desk.ask("C")
        assert await desk.row("A", "C") == (NEGATIVE, 0.0, UNKNOWN, NOON + 60)
        await desk.turn("A")
        assert await desk.row("A") == (POSITIVE, NOON + 120, NEGATIVE, NOON)
        assert desk.state.reads == [["A", "B"], ["C"]]
        await desk.close()
        again = Desk(tmp_path)
        again.clock.at = NOON + 180
        assert await again.row("A", "B") == (POSITIVE, NOON + 120, NEGATIVE, NOON)  # as before the restart
        assert not again.source.calls
        await again.close()

    run(work())


def test_what_an_answer_has_shown_counts_before_the_store_has_written_it(tmp_path: Path) -> None:
    async def work() -> None:
        desk = Desk(tmp_path)
        desk.state.behind = True
        await desk.ask("A")
        assert await desk.row("A") == (POSITIVE, 0.0, UNKNOWN, NOON)  # news began with this question
        await desk.ask("B")
        # It took the news of B, of which the store knows nothing yet.
        assert await desk.row("A") == (POSITIVE, 0.0, UNKNOWN, NOON)
        assert await desk.row("B") == (POSITIVE, 0.0, UNKNOWN, NOON)
        await desk.turn("A", "B")
        assert await desk.row("A", "B") == (NEGATIVE, NOON + 60, POSITIVE, NOON)
        await desk.close()

    run(work())


def test_another_origin_has_a_past_of_its_own(tmp_path: Path) -> None:
    async def work() -> None:
        desk = Desk(tmp_path)
        await desk.ask("A")
        await desk.turn("A")
        assert await desk.row("A") == (NEGATIVE, NOON + 60, POSITIVE, NOON)
        here = desk.source.comes_from
        desk.source.comes_from = type(here)("fake", "elsewhere", location="there")
        assert await desk.row("A") == (UNKNOWN, 0.0, UNKNOWN, 0.0)
        desk.source.comes_from = here
        assert await desk.row("A") == (NEGATIVE, NOON + 60, POSITIVE, NOON)
        await desk.close()

    run(work())


def test_what_nobody_looks_at_is_forgotten_and_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("basketgex_server.dispatch.snapshots.MOST_NEWS", 2)

    async def work() -> None:
        desk = Desk(tmp_path)
        await desk.ask("A")
        await desk.row("A")
        for _ in range(5):
            await desk.turn("A")
        assert (await desk.dispatcher.cache()).news is None
        assert await desk.row("A") == (NEGATIVE, NOON + 300, POSITIVE, NOON)
        assert desk.state.reads == [["A"], ["A"]]
        await desk.close()

    run(work())


def test_a_name_that_the_source_has_no_more(tmp_path: Path) -> None:
    async def work() -> None:
        desk = Desk(tmp_path)
        await desk.turn("B")
        desk.source.sign = 1.0
        await desk.ask("A")
        assert (await desk.row("B"))[0] == NEGATIVE
        desk.source.nothing = {"B"}
        desk.clock.at += 60
        await desk.ask("B")
        assert await desk.row("B") == (UNKNOWN, 0.0, UNKNOWN, 0.0)
        await desk.close()
        again = Desk(tmp_path)
        again.clock.at = NOON + 120
        assert await again.row("B") == (UNKNOWN, 0.0, UNKNOWN, 0.0)
        assert (await again.row("A", "B"))[0] == POSITIVE
        await again.close()

    run(work())


def test_the_store_gives_the_newest_of_each(tmp_path: Path) -> None:
    async def work() -> None:
        state = SqliteStore(tmp_path / "state.db", 30.0)

        def keep(origin: str, at: float, **gex: float) -> Any:
            state.append(origin, {s: Snapshot(made_up(s, at - LAG, g), at) for s, g in gex.items()}, {})

        keep("here", 1, A=1.0, B=2.0)
        keep("here", 2, A=3.0)
        keep("there", 3, A=4.0)
        keep("here", 4, A=5.0, C=6.0)
        assert await state.past("here", ["A", "B", "X"], 2) == {
            "A": [(2, 2 - LAG, 3.0), (4, 4 - LAG, 5.0)],
            "B": [(1, 1 - LAG, 2.0)],
            "X": [],
        }
        assert await state.past("here", [], 2) == {}
        state.close()

    run(work())
