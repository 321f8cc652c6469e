"""GetChange through a real server whose chains move from day to day: its parts, its cost, and what it does not know."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from basketgex_addin.cells import Ask, Problem
from basketgex_addin.client import BasketClient
from basketgex_server.domain import Origin
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.change import Change, Weighed, combined, of_chain
from basketgex_server.settings import Settings
from basketgex_server.sources.computed import Computed
from basketgex_server.sources.sample.provider import Sample
from tests.server.api.rpc.test_shape import ask, refusal
from tests.server.servers import NOON, Clock, FakeSource, Served, serving

DAY = 86_400.0
PARTS = ("spot", "volatility", "time", "open_interest", "weights", "residual")


@dataclass
class Moving:
    """The sample's chains, moved to the clock's moment and on with it; ``asked`` counts them."""

    clock: Clock
    asked: int = 0

    def origin(self) -> Origin:
        return Origin("moving", "moving chains")

    def symbols(self) -> tuple[str, ...]:
        return Sample().symbols()

    def chain(self, symbol: str) -> Chain | None:
        self.asked += 1
        return self.at(symbol, self.clock())

    def at(self, symbol: str, moment: float) -> Chain | None:
        base, days = Sample().chain(symbol), (moment - NOON) / DAY
        if base is None:
            return None
        return replace(
            base,
            as_of=moment,
            spot=base.spot * (1 + 0.01 * days),
            volatility=base.volatility * (1 + 0.02 * days),
            open_interest=base.open_interest * (1 + 0.1 * days),
            expiry=base.expiry + NOON - base.as_of,
        )


@contextmanager
def moving(path: Path) -> Iterator[tuple[Served, Moving]]:
    provider = Moving(Clock())

    def source(settings: Settings, executor: Executor) -> Computed:
        return Computed(provider, executor, convention="flashalpha", rate=0.045, dividend_yield=0.0)

    with serving(path, source=source, now=provider.clock) as served:
        yield served, provider


def wanted(provider: Moving, weights: dict[str, tuple[float, float]]) -> Change:
    terms = Computed(provider, None, convention="flashalpha", rate=0.045, dividend_yield=0.0).terms("X")  # type: ignore[arg-type]
    names = []
    for symbol, loads in weights.items():
        before, after = provider.at(symbol, NOON), provider.at(symbol, NOON + DAY)
        assert before and after
        change = of_chain(before, after, terms)
        assert change
        names.append(Weighed(change, *loads))
    return combined(names)


def test_the_parts_add_up_and_are_those_of_the_chains(tmp_path: Path) -> None:
    with moving(tmp_path) as (served, provider):
        names, loads = ["NVDA", "AMD"], [3.0, 1.0]
        assert ask(served, "GetBasket", symbols=names).basket.net.gex
        provider.clock.at += DAY
        basket = ask(served, "GetBasket", symbols=names, weights=loads).basket
        calls = ask(served, "GetStatus").source_calls
        found = ask(served, "GetChange", symbols=[*names, "SPY", "NOSUCH"], weights=[*loads, 2.0, 2.0])
        expected = wanted(provider, {"NVDA": (0.75, 0.75), "AMD": (0.25, 0.25)})
        assert [getattr(found, name) for name in PARTS] == pytest.approx(
            list(expected.parts), rel=1e-9, abs=1e-3
        )
        assert found.after == pytest.approx(basket.net.gex) and found.before == pytest.approx(expected.before)
        assert found.before + math.fsum(getattr(found, name) for name in PARTS) == pytest.approx(found.after)
        assert (found.since, found.since_newest, found.weights) == (NOON, NOON, 0.0)
        s = found.standing
        assert (list(s.symbols), set(s.missing_symbols), s.covered_weight) == (names, {"SPY", "NOSUCH"}, 0.5)
        assert s.notice == "No earlier chain of SPY is kept: one is from the day after it is first asked for."
        again = ask(served, "GetStatus")
        assert again.source_calls == calls + 1  # of SPY and NOSUCH, which nobody had asked for
        assert again.chains_kept == 5 and 0 < again.chains_bytes < 500_000


def test_other_weights_before_and_a_moment_of_its_own(tmp_path: Path) -> None:
    with moving(tmp_path) as (served, provider):
        names = ["NVDA", "AMD"]
        ask(served, "GetBasket", symbols=names)
        provider.clock.at += DAY
        found = ask(
            served, "GetChange", symbols=names, weights=[1, 1], weights_before=[1, 0], since=NOON + 60
        )
        expected = wanted(provider, {"NVDA": (1.0, 0.5), "AMD": (0.0, 0.5)})
        assert [getattr(found, name) for name in PARTS] == pytest.approx(
            list(expected.parts), rel=1e-9, abs=1e-3
        )
        assert found.weights and found.before == pytest.approx(expected.before)
        code, sentence = refusal(served, "GetChange", symbols=names, since=NOON - DAY)
        assert (code, sentence.endswith("is first asked for.")) == ("no_data", True)
        assert refusal(served, "GetChange", symbols=names, since=math.nan)[0] == "invalid_range"
        assert refusal(served, "GetChange", symbols=names, weights_before=[1])[0] == "weight_count_mismatch"


def test_chains_outlive_the_server(tmp_path: Path) -> None:
    with moving(tmp_path) as (served, _):
        ask(served, "GetBasket", symbols=["NVDA"])
    with moving(tmp_path) as (served, provider):
        provider.clock.at += DAY
        client = BasketClient(served.home)
        found = client.change(Ask(("NVDA",)))
        client.close()
        assert not isinstance(found, Problem) and found.since == NOON


def test_a_source_of_net_figures_offers_none(tmp_path: Any) -> None:
    clock = Clock()
    with serving(tmp_path, source=lambda *_: FakeSource(clock), now=clock) as served:
        assert refusal(served, "GetChange", symbols=["NVDA"])[0] == "not_offered"
