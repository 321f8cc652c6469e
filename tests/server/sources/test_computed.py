from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from basketgex_server.domain import Basket, Fetched, Origin
from basketgex_server.errors import BadChain, BadSettings, SourceUnavailable
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.symbol import exposure
from basketgex_server.settings import Settings
from basketgex_server.sources.computed import Computed
from basketgex_server.sources.factory import make_source
from basketgex_server.sources.port import ExposureSource
from basketgex_server.sources.sample.provider import Sample


class Provider:
    def __init__(self, **unusual: Exception | Chain | None) -> None:
        self.unusual = unusual
        self.threads: set[int] = set()

    def origin(self) -> Origin:
        return Origin(source="test", label="a test", location="here", historical=True)

    def chain(self, symbol: str) -> Chain | None:
        self.threads.add(threading.get_ident())
        if symbol not in self.unusual:
            return Sample().chain(symbol)
        answer = self.unusual[symbol]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def fetch(provider: Provider, executor: Executor, *symbols: str) -> Fetched:
    source = Computed(provider, executor, convention="dealer", rate=0.04, dividend_yield=0.01)
    return asyncio.run(source.fetch(symbols))


def test_a_symbols_own_rate_is_used_and_tells_origins_apart(executor: Executor) -> None:
    plain = Computed(Provider(), executor, convention="dealer", rate=0.04, dividend_yield=0.01)
    own = {"rates": {"NVDA": 0.2}, "dividend_yields": {"NVDA": 0.1}}
    source = Computed(
        Provider(), executor, convention="dealer", rate=0.04, dividend_yield=0.01, **own, day_count="bus252"
    )
    found = asyncio.run(source.fetch(("NVDA", "AMD"))).exposures
    for symbol, rate, dividend_yield in (("NVDA", 0.2, 0.1), ("AMD", 0.04, 0.01)):
        chain = Sample().chain(symbol)
        assert chain and found[symbol] == exposure(chain, "dealer", rate, dividend_yield, "bus252")
    assert source.origin().by_symbol == "q NVDA 0.1, r NVDA 0.2"
    others = [
        plain,
        source,
        Computed(
            Provider(), executor, convention="dealer", rate=0.04, dividend_yield=0.01, rates={"NVDA": 0.2}
        ),
        Computed(
            Provider(), executor, convention="dealer", rate=0.04, dividend_yield=0.01, day_count="bus262"
        ),
    ]
    assert len({s.origin().key for s in others}) == 4
    assert plain.origin().key == "test|here|dealer|0.04|0.01|act365|v1"


def test_it_works_out_each_symbol_on_the_executor(executor: Executor) -> None:
    provider = Provider()
    found = fetch(provider, executor, "NVDA", "BRK.B")
    chain = Sample().chain("NVDA")
    assert chain
    assert found.exposures["NVDA"] == exposure(chain, "dealer", 0.04, 0.01)
    assert set(found.exposures) == {"NVDA", "BRK.B"}
    assert not found.missing and not found.failed
    assert threading.get_ident() not in provider.threads


def test_a_symbol_without_figures_is_missing(executor: Executor) -> None:
    chain = Sample().chain("AMD")
    assert chain
    blank = replace(chain, volatility=np.full(len(chain), np.nan))
    empty = Chain("E", 1.0, 0.0, np.empty(0), np.empty(0, bool), np.empty(0), np.empty(0), np.empty(0))
    found = fetch(Provider(AMD=blank, E=empty), executor, "AMD", "E", "ZZZZ", "NVDA")
    assert set(found.exposures) == {"NVDA"}
    assert found.missing == {"AMD", "E", "ZZZZ"}
    assert not found.failed


def test_a_broken_chain_leaves_the_others_alone(executor: Executor) -> None:
    provider = Provider(AMD=BadChain("AMD.csv is not text."))
    found = fetch(provider, executor, "AMD", "NVDA", "ZZZZ")
    assert found.failed == {"AMD": "AMD.csv is not text."}
    assert set(found.exposures) == {"NVDA"}
    assert found.missing == {"ZZZZ"}


def test_a_provider_that_cannot_be_asked_fails_the_call(executor: Executor) -> None:
    with pytest.raises(SourceUnavailable, match="away"):
        fetch(Provider(AMD=SourceUnavailable("away")), executor, "NVDA", "AMD")


def test_the_origin_has_the_mathematics_in_it(executor: Executor) -> None:
    source = Computed(Provider(), executor, convention="dealer", rate=0.04, dividend_yield=0.01)
    assert source.origin() == Origin(
        source="test",
        label="a test",
        location="here",
        convention="dealer",
        rate=0.04,
        dividend_yield=0.01,
        historical=True,
    )


def test_the_sample_plays_a_metered_service(executor: Executor) -> None:
    source: ExposureSource = make_source(Settings(), executor)
    assert (source.symbols_per_call, source.metered, source.has_strikes, source.delay) == (50, True, True, 0)
    assert source.origin().synthetic
    assert (source.origin().rate, source.origin().dividend_yield) == (0.045, 0.013)
    found = asyncio.run(source.fetch(("SPY",)))
    assert found.exposures["SPY"].strikes
    asyncio.run(source.close())


def test_files_cost_nothing(executor: Executor, shared_data: Path) -> None:
    settings = Settings(source="chain-files", chain_folder=str(shared_data / "chains/basket_2026-07-10"))
    source = make_source(settings, executor)
    assert (source.symbols_per_call, source.metered) == (0, False)
    found = asyncio.run(source.fetch(("NVDA", "SPX", "IBM")))
    assert set(found.exposures) == {"NVDA", "SPX"}
    assert found.missing == {"IBM"}
    assert all(figure.as_of == 1_783_713_600.0 for figure in found.exposures.values())


def test_a_folder_that_is_not_there(executor: Executor, tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match='there is no folder "nowhere"'):
        make_source(Settings(source="chain-files", chain_folder=str(tmp_path / "nowhere")), executor)


def test_many_symbols_let_another_request_in_between(executor: Executor) -> None:
    order: list[str] = []
    both_asked = threading.Event()

    class Noting(Provider):
        def chain(self, symbol: str) -> Chain | None:
            both_asked.wait()
            order.append(symbol)
            return None

    source = Computed(Noting(), executor, convention="dealer", rate=0.04, dividend_yield=0.01)
    many = tuple(f"S{n}" for n in range(100))

    async def both() -> None:
        first, second = (asyncio.create_task(source.fetch(symbols)) for symbols in (many, ("NVDA",)))
        asyncio.get_running_loop().call_later(0, both_asked.set)
        await second
        assert not first.done()
        assert (await first).missing == frozenset(many)

    asyncio.run(both())
    assert order.index("NVDA") == 8 and len(order) == 101


def test_how_far_it_has_come_is_told_while_it_works(executor: Executor) -> None:
    class Looking(Provider):
        def chain(self, symbol: str) -> Chain | None:
            seen.append((source.progress.awaited, source.progress.done))
            return super().chain(symbol)

    seen: list[tuple[int, int]] = []
    provider = Looking(BAD=BadChain("It is broken."), NONE=None)
    source = Computed(provider, executor, convention="dealer", rate=0.04, dividend_yield=0.01)
    asyncio.run(source.fetch(("NVDA", "BAD", "NONE", "AMD")))
    assert seen == [(3, 1), (2, 2), (1, 3), (1, 3)]  # the last is done when all of it is
    assert (source.progress.awaited, source.progress.done) == (0, 4)

    provider.unusual["NVDA"] = SourceUnavailable(
        "It is away."
    )  # whatever happens, nothing is awaited for ever
    with pytest.raises(SourceUnavailable):
        asyncio.run(source.fetch(("AMD", "NVDA", "SPY")))
    assert (source.progress.awaited, source.progress.done) == (0, 7)
    seen.clear()
    asyncio.run(source.profile(Basket(("AMD", "SPY"), (1.0, 1.0)), (0.9, 1.1), (0,)))
    asyncio.run(source.dispersion("SPY", Basket(("AMD",), (1.0,)), 30.0))
    asyncio.run(source.levels("AMD"))
    assert [awaited for awaited, _ in seen] == [1, 1, 1, 1, 1]
    assert (source.progress.awaited, source.progress.done) == (0, 12)
