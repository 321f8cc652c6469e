"""The source over real sockets against the stand-in; the real service is never called."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from basketgex_server.domain import Basket, Fetched
from basketgex_server.errors import BadSettings, BasketgexError, RateLimited, SourceUnavailable
from basketgex_server.settings import Settings
from basketgex_server.sources.cboe import AT_A_TIME, MOST_RECENT, RECENT, Cboe
from basketgex_server.sources.factory import _computed, make_source
from basketgex_server.sources.port import ChainSource
from tests.standin import cboe as standin
from tests.standin.cboe import CboeStandIn

T = TypeVar("T")
NAMES = ("NVDA", "AMD", "MU", "TSM", "AVGO")


def reply(symbol: str, price: float = 100.0) -> bytes:
    options = [
        {
            "option": f"{symbol}261218{side}{strike * 1000:08d}",
            "iv": 0.3,
            "open_interest": 10.0,
            "bid": 1.0,
            "ask": 1.2,
        }
        for side in "CP"
        for strike in (90, 100, 110)
    ]
    data = {"options": options, "current_price": price, "last_trade_time": "2026-11-20T16:00:00"}
    return json.dumps({"timestamp": "2026-11-21 01:00:00", "data": data}).encode()


@pytest.fixture
def cboe() -> Iterator[CboeStandIn]:
    files = {name: reply(name) for name in NAMES} | {"BRKB": reply("BRKB"), "_SPX": reply("SPXW", 4000.0)}
    with CboeStandIn(files) as served:
        yield served


def on(url: str, work: Callable[[Cboe], Awaitable[T]], **settings: object) -> T:
    async def run() -> T:
        with ThreadPoolExecutor(1) as executor:
            source = make_source(Settings(source="cboe", cboe_base_url=url, **settings), executor)  # type: ignore[arg-type]
            assert isinstance(source, Cboe)
            try:
                return await work(source)
            finally:
                await source.close()

    return asyncio.run(run())


def fetch(cboe: CboeStandIn, *symbols: str) -> Fetched:
    return on(cboe.url, lambda source: source.fetch(symbols))


def test_names_are_cboes(cboe: CboeStandIn) -> None:
    found = fetch(cboe, "NVDA", "BRK.B", "SPX", "ZZZZ")
    assert set(found.exposures) == {"NVDA", "BRK.B", "SPX"}
    assert found.missing == {"ZZZZ"} and not found.failed
    assert sorted(cboe.calls) == ["BRKB", "NVDA", "ZZZZ", "_SPX"]


@pytest.mark.parametrize("missing", ["drop", "fill"])
def test_the_same_answers_as_the_downloaded_file(shared_data: Path, tmp_path: Path, missing: str) -> None:
    body = (shared_data / "chains/cboe_json/rut_2023-09-20.json").read_bytes()
    (tmp_path / "_RUT.json").write_bytes(body)
    with ThreadPoolExecutor(1) as executor, CboeStandIn({"_RUT": body}) as cboe:
        settings = Settings(source="chain-files", chain_folder=str(tmp_path), missing_volatility=missing)
        files = make_source(settings, executor)
        wanted = asyncio.run(files.fetch(("RUT",)))
        levels = asyncio.run(files.levels("RUT"))
        found = on(cboe.url, lambda source: source.fetch(("RUT",)), missing_volatility=missing)
        assert found[:3] == wanted[:3] and found.exposures["RUT"].strikes == wanted.exposures["RUT"].strikes
        assert on(cboe.url, lambda source: source.levels("RUT"), missing_volatility=missing) == levels
        share = found.exposures["RUT"].usable_open_interest
        assert share == pytest.approx(1.0) if missing == "fill" else share < 1


def test_origins_are_apart(cboe: CboeStandIn) -> None:
    async def origin(source: Cboe) -> str:
        return source.origin().key

    plain, filled = (on(cboe.url, origin, missing_volatility=m) for m in ("drop", "fill"))
    assert plain != filled
    assert plain.startswith("cboe|")


def test_at_most_two_at_a_time(cboe: CboeStandIn) -> None:
    gate = threading.Event()
    for name in NAMES:
        cboe.script(name, standin.held(gate))

    async def work(source: Cboe) -> Fetched:
        asking = asyncio.create_task(source.fetch(NAMES))
        await asyncio.to_thread(cboe.wait_for, AT_A_TIME)
        gate.set()
        return await asking

    found = on(cboe.url, work)
    assert set(found.exposures) == set(NAMES)
    assert cboe.most == AT_A_TIME


def test_after_a_429_there_is_silence_until_its_pause_is_over(cboe: CboeStandIn) -> None:
    cboe.script("NVDA", standin.status(429, Retry_After="7"))
    clock = [1_000.0]

    async def work(source: Cboe) -> None:
        source._now = lambda: clock[0]
        with pytest.raises(RateLimited) as refusal:
            await source.fetch(("NVDA",))
        assert refusal.value.sentence == "Cboe asks for a pause of 7 seconds. Recalculate after it."
        assert refusal.value.retry_after == 7
        clock[0] += 5
        with pytest.raises(RateLimited, match="a pause of 2 seconds"):
            await source.fetch(("AMD",))
        assert cboe.calls == ["NVDA"]
        clock[0] += 2
        assert set((await source.fetch(("NVDA",))).exposures) == {"NVDA"}

    on(cboe.url, work)


FAULTS: dict[str, tuple[standin.Fault, str]] = {
    "truncated": (standin.cut(), "The connection to Cboe broke off. Recalculate to ask again."),
    "html": (standin.html(), "Cboe's reply for NVDA is not JSON."),
    "500": (standin.status(500), "Cboe answered with the status 500. Recalculate to ask again."),
    "403": (standin.status(403, b"no"), "Cboe answered with the status 403. Recalculate to ask again."),
    "another shape": (
        standin.status(200, b"{}"),
        "Cboe's reply for NVDA is JSON, but no chain of a form that is read.",
    ),
    "undated": (
        standin.status(200, reply("NVDA").replace(b"last_trade_time", b"x")),
        "Cboe's reply for NVDA does not say its moment or its price.",
    ),
    "elsewhere": (
        standin.status(302, Location="http://127.0.0.1:1/AMD.json"),
        "Cboe sends to another address, which is not followed: its service has moved.",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_leaves_the_others_alone_and_has_a_sentence(cboe: CboeStandIn, fault: str) -> None:
    happens, sentence = FAULTS[fault]
    cboe.script("NVDA", happens)
    found = fetch(cboe, "NVDA", "AMD")
    assert found.failed == {"NVDA": sentence}
    assert set(found.exposures) == {"AMD"}


def test_a_future_is_missing_and_not_asked_for(cboe: CboeStandIn) -> None:
    found = fetch(cboe, "ES=F", "NVDA")
    assert found.missing == {"ES=F"} and set(found.exposures) == {"NVDA"} and cboe.calls == ["NVDA"]


def test_a_404_is_missing(cboe: CboeStandIn) -> None:
    cboe.script("NVDA", standin.status(404))
    assert fetch(cboe, "NVDA").missing == {"NVDA"}


def test_slow_is_an_error_in_time(cboe: CboeStandIn) -> None:
    gate = threading.Event()
    cboe.script("NVDA", standin.held(gate))

    async def work(source: Cboe) -> None:
        source._timeout = 0.2
        with pytest.raises(SourceUnavailable) as refusal:
            await source.fetch(("NVDA",))
        assert refusal.value.sentence == "Cboe did not answer within 0.2 seconds. Recalculate to ask again."

    try:
        on(cboe.url, work)
    finally:
        gate.set()


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(BasketgexError) as refusal:
            on(url, lambda source: source.fetch(("NVDA", "AMD")))
    assert refusal.value.sentence == "Cboe cannot be reached: check the network, then recalculate."


def test_a_profile_of_a_basket(cboe: CboeStandIn) -> None:
    cboe.script("AMD", standin.html())
    basket = Basket(("NVDA", "AMD", "ZZZZ"), (2.0, 1.0, 1.0))
    found = on(cboe.url, lambda source: source.profile(basket, [0.9, 1.0, 1.1], [0]))
    assert found.profile is not None
    assert set(found.failed) == {"AMD"}


def test_an_index_against_its_members_is_what_the_same_files_give(cboe: CboeStandIn, tmp_path: Path) -> None:
    members = Basket(("NVDA", "BRK.B", "AMD", "ZZZZ", "MU"), (2.0, 1.0, 1.0, 1.0, 0.0))
    cboe.files["_SPX"] = reply("SPXW")
    for name in ("_SPX", "NVDA", "BRKB"):
        (tmp_path / f"{name}.json").write_bytes(cboe.files[name])
    with ThreadPoolExecutor(1) as executor:
        files = make_source(Settings(source="chain-files", chain_folder=str(tmp_path)), executor)
        assert isinstance(files, ChainSource)
        wanted = asyncio.run(files.dispersion("SPX", members, 30.0)).comparison
    cboe.script("AMD", standin.html())
    found = on(cboe.url, lambda source: source.dispersion("SPX", members, 30.0))
    assert found.comparison == wanted
    assert wanted.dispersion is not None and wanted.index_volatility == pytest.approx(0.3)
    assert found.comparison.missing == ("AMD", "ZZZZ") and set(found.failed) == {"AMD"}
    assert sorted(cboe.calls) == [
        "AMD",
        "BRKB",
        "NVDA",
        "ZZZZ",
        "_SPX",
    ]  # none twice, and not the one without a weight


@pytest.mark.parametrize(
    "url, sentence",
    [
        ("http://cdn.cboe.com/x", "cboe_base_url must begin with https://."),
        (
            "ftp://x",
            "cboe_base_url must be an address such as https://cdn.cboe.com/api/global/delayed_quotes/options.",
        ),
        (
            "",
            "cboe_base_url must be an address such as https://cdn.cboe.com/api/global/delayed_quotes/options.",
        ),
    ],
)
def test_an_address_that_cannot_be_used(url: str, sentence: str) -> None:
    with pytest.raises(BadSettings) as refusal:
        on(url, lambda source: source.fetch(()))
    assert refusal.value.sentence == sentence


def test_what_else_is_asked_of_a_chain_that_has_just_come_costs_no_other_call(cboe: CboeStandIn) -> None:
    async def work(source: Cboe) -> None:
        await source.fetch(("NVDA",))
        levels = await source.levels("NVDA")
        strikes = await source.read("NVDA", lambda chain, terms: sorted(set(chain.strike.tolist())))
        assert levels is not None
        assert strikes == [90.0, 100.0, 110.0]
        assert len(cboe.calls) == 1
        await source.fetch(("NVDA",))  # this one is asked for again: that is what a refresh is for
        assert len(cboe.calls) == 2
        assert await source.read("GHOST", lambda chain, terms: chain) is None

    on(cboe.url, work)


def test_a_chain_is_asked_for_once_whatever_is_asked_of_it(cboe: CboeStandIn) -> None:
    """Whether one after the other or all at once, and beside one that is there already."""

    async def work(source: Cboe) -> None:
        basket, names = Basket(("NVDA", "AMD"), (1.0, 1.0)), ("NVDA", "AMD")
        await source.fetch(("NVDA",))
        await asyncio.gather(
            *(source.together(names, len) for _ in range(20)),
            source.profile(basket, (0.9, 1.1), (0,)),
            source.dispersion("AMD", basket, 30.0),
            source.levels("AMD"),
        )
        assert sorted(cboe.calls) == sorted(set(cboe.calls)) and len(cboe.calls) == 2

    on(cboe.url, work)


def test_a_chain_is_reused_for_a_moment_only(cboe: CboeStandIn) -> None:
    async def work() -> None:
        now = [1_000.0]
        with ThreadPoolExecutor(1) as executor:
            settings = Settings(source="cboe", cboe_base_url=cboe.url)
            made = partial(_computed, settings=settings, executor=executor, symbols_per_call=0, metered=False)
            source = Cboe(cboe.url, executor, made, now=lambda: now[0])
            for passed, calls in ((0.0, 1), (RECENT - 1, 1), (2.0, 2), (-500.0, 3)):
                now[0] += passed
                await source.levels("NVDA")
                assert len(cboe.calls) == calls
            for name in (*NAMES, "BRK.B", "SPX", "NVDA", "AMD")[:7]:
                await source.levels(name)
            assert len(source._recent) <= MOST_RECENT
            await source.close()

    asyncio.run(work())
