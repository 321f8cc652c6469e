"""The sources that there are, each over a small world of its own in which every kind of answer can be had."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from basketgex_server.settings import Settings
from basketgex_server.sources.factory import make_source
from basketgex_server.sources.flashalpha.keys import Secret
from basketgex_server.sources.flashalpha.source import FlashAlpha
from basketgex_server.sources.port import ExposureSource
from tests.server.servers import PATIENCE, Clock
from tests.standin import cboe as at_cboe
from tests.standin import upstream as at_flashalpha

KNOWN = ("NVDA", "AMD", "AAPL")
INDEX = "SPX"
MISSING = "ZZZZ"
BROKEN = "TSLA"

Hold = Callable[[], AbstractContextManager[Callable[[], None]]]


@dataclass(frozen=True)
class World:
    """A source and how its world can be changed.

    ``breaks`` makes BROKEN unreadable for the next call, and is None where nothing can be; ``fails`` makes the next call fail
    as a whole. Within ``hold`` the source stands still; what it yields waits until a question has come that far.
    """

    source: ExposureSource
    breaks: Callable[[], None] | None
    fails: Callable[[], None] | None
    hold: Hold
    has_chains: bool = True
    synthetic: bool = False
    again: Callable[..., ExposureSource] | None = None


def chain(symbol: str, price: float) -> bytes:
    """A chain in the form that Cboe's reply and a file of it have."""
    options = [
        {
            "option": f"{symbol}261218{side}{round(price * share) * 1000:08d}",
            "iv": 0.3 + abs(share - 1.0),
            "open_interest": 100.0 + 10.0 * place + (50.0 if side == "C" else 0.0),
            "bid": 1.0,
            "ask": 1.2,
        }
        for side in "CP"
        for place, share in enumerate((0.8, 0.9, 1.0, 1.1, 1.2))
    ]
    data = {"options": options, "current_price": price, "last_trade_time": "2026-11-20T16:00:00"}
    return json.dumps({"timestamp": "2026-11-21 01:00:00", "data": data}).encode()


CHAINS = {
    name: chain(root, price)
    for name, root, price in (
        ("NVDA", "NVDA", 200.0),
        ("AMD", "AMD", 540.0),
        ("AAPL", "AAPL", 300.0),
        ("TSLA", "TSLA", 400.0),
        ("_SPX", "SPXW", 7600.0),
    )
}


def held(executor: Executor) -> Hold:
    """Stand still by a piece of work that the compute thread waits in."""

    @contextmanager
    def hold() -> Iterator[Callable[[], None]]:
        gate, entered = threading.Event(), threading.Event()

        def wait() -> None:
            entered.set()
            gate.wait(PATIENCE)

        work = executor.submit(wait)
        try:
            yield lambda: None if entered.wait(PATIENCE) else entered.set()
        finally:
            gate.set()
            work.result(PATIENCE)

    return hold


@contextmanager
def sample(folder: Path, executor: Executor) -> Iterator[World]:
    def again(**settings: Any) -> ExposureSource:
        return make_source(Settings(source="sample", **settings), executor)

    yield World(again(), None, None, held(executor), synthetic=True, again=again)


@contextmanager
def chain_files(folder: Path, executor: Executor) -> Iterator[World]:
    chains = folder / "chains"
    chains.mkdir()
    for name, body in CHAINS.items():
        (chains / f"{name}.json").write_bytes(body)

    def again(**settings: Any) -> ExposureSource:
        return make_source(Settings(source="chain-files", chain_folder=str(chains), **settings), executor)

    yield World(
        again(),
        lambda: (chains / f"{BROKEN}.json").write_text('{"data": "torn off'),
        lambda: chains.rename(folder / "elsewhere"),
        held(executor),
        again=again,
    )


@contextmanager
def cboe(folder: Path, executor: Executor) -> Iterator[World]:
    with at_cboe.CboeStandIn(CHAINS) as service:

        @contextmanager
        def hold() -> Iterator[Callable[[], None]]:
            gate = threading.Event()
            for name in CHAINS:
                service.script(name, at_cboe.held(gate))
            try:
                yield lambda: service.wait_for(1)
            finally:
                gate.set()
                for name in CHAINS:
                    service.faults[name].clear()

        def fails() -> None:
            for name in CHAINS:
                service.script(name, at_cboe.status(503))

        def again(**settings: Any) -> ExposureSource:
            return make_source(Settings(source="cboe", cboe_base_url=service.url, **settings), executor)

        yield World(again(), lambda: service.script(BROKEN, at_cboe.html()), fails, hold, again=again)


@contextmanager
def flashalpha(folder: Path, executor: Executor) -> Iterator[World]:
    with at_flashalpha.Upstream(now=Clock()) as service:
        service.nothing.add(MISSING)

        def loses_a_figure(body: dict[str, Any]) -> None:
            for row in body["constituents"]:
                if row["symbol"] == BROKEN:
                    row["net_gex"] = None

        @contextmanager
        def hold() -> Iterator[Callable[[], None]]:
            gate = at_flashalpha.Gate()
            service.script(at_flashalpha.gated(gate))
            try:
                yield gate.wait_entered
            finally:
                gate.open()

        source = FlashAlpha(
            service.url, key=lambda: Secret(at_flashalpha.KEY), executor=executor, now=service.now
        )
        yield World(
            source,
            lambda: service.script(at_flashalpha.edited(loses_a_figure)),
            lambda: service.script(at_flashalpha.status(503)),
            hold,
            has_chains=False,
        )


WORLDS = {made.__name__: made for made in (sample, chain_files, cboe, flashalpha)}
