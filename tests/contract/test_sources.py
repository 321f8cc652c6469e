"""What dispatch relies on, asked of every source.

Fetch, missing, failed, levels, profile, dispersion, strikes, origin, cancellation.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

from basketgex_server.dispatch.queries import find_dispersion, find_profile
from basketgex_server.domain import Basket, Origin, QuotaReading
from basketgex_server.errors import BadChain, BasketgexError, NotOffered
from basketgex_server.exposure.levels import Levels
from basketgex_server.sources.port import ChainSource, ExposureSource, Held
from basketgex_server.sources.progress import Reports
from tests.contract.worlds import BROKEN, INDEX, KNOWN, MISSING, WORLDS, World
from tests.server.servers import PATIENCE

T = TypeVar("T")
Work = Callable[[World], Awaitable[T]]
BASKET = Basket(KNOWN, (1.0, 2.0, 3.0))
MOVES = (0.9, 1.0, 1.1)


class On:
    """Runs a story with the source of one world, and closes that at its end."""

    def __init__(self, world: World) -> None:
        self.world = world

    def __call__(self, work: Work[T]) -> T:
        async def story() -> T:
            try:
                return await asyncio.wait_for(work(self.world), PATIENCE)
            finally:
                await self.world.source.close()

        return asyncio.run(story())


@pytest.fixture(params=sorted(WORLDS))
def on(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[On]:
    with ThreadPoolExecutor(1) as executor, WORLDS[request.param](tmp_path, executor) as world:
        yield On(world)


def chains_of(world: World) -> ChainSource:
    assert isinstance(world.source, ChainSource)
    return world.source


def test_the_port_is_whole(on: On) -> None:
    source = on.world.source
    wanted = [name for name in vars(ExposureSource) if not name.startswith("_")]
    assert [name for name in wanted if not hasattr(source, name)] == []
    assert isinstance(source, ChainSource) == on.world.has_chains
    assert source.symbols_per_call >= 0 and source.delay >= 0
    assert isinstance(source.metered, bool) and isinstance(source.has_strikes, bool)


def test_a_fetch_gives_every_symbol_its_figures(on: On) -> None:
    found = on(lambda world: world.source.fetch(KNOWN))
    assert (set(found.exposures), found.missing, found.failed) == (set(KNOWN), frozenset(), {})
    for symbol, exposure in found.exposures.items():
        assert exposure.symbol == symbol
        assert exposure.underlying_price > 0 and exposure.as_of > 0 and exposure.oi_as_of >= 0
        assert all(map(math.isfinite, exposure.net)) and exposure.net.gex != 0
        assert 0 < exposure.usable_open_interest <= 1


def test_a_fetch_again_gives_the_same(on: On) -> None:
    async def twice(world: World) -> tuple[Any, Any]:
        return await world.source.fetch(KNOWN), await world.source.fetch(KNOWN[::-1])

    first, second = on(twice)
    assert first.exposures == second.exposures


def test_a_symbols_figures_do_not_depend_on_its_company(on: On) -> None:
    async def both(world: World) -> tuple[Any, Any]:
        return await world.source.fetch(KNOWN[:1]), await world.source.fetch((MISSING, *KNOWN))

    alone, among = on(both)
    assert alone.exposures[KNOWN[0]] == among.exposures[KNOWN[0]]


def test_what_there_is_no_data_of_is_missing(on: On) -> None:
    found = on(lambda world: world.source.fetch((KNOWN[0], MISSING)))
    assert (set(found.exposures), found.missing, found.failed) == ({KNOWN[0]}, {MISSING}, {})


def test_only_missing_symbols_are_no_error(on: On) -> None:
    found = on(lambda world: world.source.fetch((MISSING,)))
    assert (found.exposures, found.missing, found.failed) == ({}, {MISSING}, {})


def test_what_cannot_be_read_fails_alone_and_says_why(on: On) -> None:
    async def broken(world: World) -> Any:
        if world.breaks is not None:
            world.breaks()
        return await world.source.fetch((*KNOWN, BROKEN, MISSING))

    found = on(broken)
    sorts = (set(found.exposures), set(found.missing), set(found.failed))
    if on.world.breaks is None:  # nothing invented can be torn
        assert sorts == ({*KNOWN, BROKEN}, {MISSING}, set())
    else:
        assert sorts == (set(KNOWN), {MISSING}, {BROKEN})
        assert BROKEN in found.failed[BROKEN] and is_a_sentence(found.failed[BROKEN])


def test_a_call_that_fails_as_a_whole_says_so_and_the_next_one_may_succeed(on: On, tmp_path: Path) -> None:
    async def failing(world: World) -> BasketgexError | None:
        if world.fails is None:
            assert (await world.source.fetch(KNOWN)).exposures
            return None
        world.fails()
        with pytest.raises(BasketgexError) as refused:
            await world.source.fetch(KNOWN)
        if (gone := tmp_path / "elsewhere").exists():
            gone.rename(tmp_path / "chains")
        await asyncio.sleep(0)
        return refused.value

    error = on(failing)
    if error is not None:
        assert error.reason == "UNAVAILABLE" and is_a_sentence(error.sentence)
        assert str(tmp_path) not in error.sentence


def test_levels_are_prices_or_nothing(on: On) -> None:
    known, nothing = on(lambda world: gathered(world.source.levels(KNOWN[0]), world.source.levels(MISSING)))
    assert nothing is None
    assert isinstance(known, Levels)
    prices = (known.gamma_flip, known.call_wall, known.put_wall)
    assert all(price is None or price > 0 for price in prices)
    assert known.call_wall is not None
    assert known.gamma_flip_status.replace("_", "").isalpha()


def test_a_profile_is_of_what_has_data(on: On) -> None:
    async def profiles(world: World) -> Any:
        if not world.has_chains:
            with pytest.raises(NotOffered) as refused:
                await find_profile(world.source, BASKET, MOVES, (0,), timeout=PATIENCE)
            return refused.value
        source = chains_of(world)
        some = Basket((*KNOWN, MISSING), (1.0, 2.0, 3.0, 2.0))
        whole = await source.profile(BASKET, MOVES, (0, 1))
        part = await source.profile(some, MOVES, (0,))
        nothing = await source.profile(Basket((MISSING,), (1.0,)), MOVES, (0,))
        return whole, part, nothing, await source.fetch(KNOWN)

    found = on(profiles)
    if isinstance(found, NotOffered):
        assert is_a_sentence(found.sentence)
        return
    whole, part, nothing, fetched = found
    assert whole.failed == part.failed == nothing.failed == {}
    assert nothing.profile is None
    assert (whole.profile.symbols, whole.profile.moves) == (KNOWN, MOVES)
    assert [len(row) for row in whole.profile.net] == [3, 3]
    assert whole.profile.covered_weight == 1 and part.profile.covered_weight == 0.75
    assert part.profile.net[0] == pytest.approx(
        whole.profile.net[0]
    )  # weights of what has data, renormalised
    shares = [weight / 6.0 for weight in BASKET.weights]
    for measure in (0, 1):
        now = sum(w * fetched.exposures[s].net[measure] for s, w in zip(KNOWN, shares, strict=True))
        assert whole.profile.net[measure][1] == pytest.approx(now)


def test_a_profile_names_what_cannot_be_read(on: On) -> None:
    async def profile(world: World) -> Any:
        if not world.has_chains or world.breaks is None:
            return None
        world.breaks()
        return await chains_of(world).profile(Basket((KNOWN[0], BROKEN), (1.0, 1.0)), MOVES, (0,))

    if (found := on(profile)) is not None:
        assert found.profile.symbols == KNOWN[:1] and set(found.failed) == {BROKEN}


def test_chains_are_put_together_on_the_compute_thread(on: On) -> None:
    async def together(world: World) -> Any:
        if not world.has_chains:
            assert not isinstance(world.source, ChainSource)
            return None
        source = chains_of(world)

        def work(held: Held) -> tuple[list[str], int]:
            spots = [chain.spot for chain, terms in held.values() if chain.spot > 0 and terms.rate == 0.045]
            return [chain.symbol for chain, _ in held.values()], len(spots)

        whole = await source.together((*KNOWN, MISSING), work)
        with pytest.raises(ZeroDivisionError):
            await source.together(KNOWN, lambda held: 1 // (len(held) - len(KNOWN)))
        if world.breaks is None:
            return whole, None
        world.breaks()
        return whole, await source.together((KNOWN[0], BROKEN), work)

    if (found := on(together)) is not None:
        whole, part = found
        assert (whole.made, whole.failed) == ((list(KNOWN), len(KNOWN)), {})
        assert part is None or (part.made, set(part.failed)) == (([KNOWN[0]], 1), {BROKEN})


def test_a_dispersion_is_of_an_index_and_its_members(on: On) -> None:
    async def compared(world: World) -> Any:
        if not world.has_chains:
            with pytest.raises(NotOffered) as refused:
                await find_dispersion(world.source, INDEX, BASKET, 30.0, timeout=PATIENCE)
            return refused.value
        source = chains_of(world)
        some = Basket((*KNOWN, MISSING), (1.0, 2.0, 3.0, 2.0))
        return (
            await source.dispersion(INDEX, BASKET, 30.0),
            await source.dispersion(INDEX, some, 30.0),
            await source.dispersion(MISSING, BASKET, 30.0),
        )

    found = on(compared)
    if isinstance(found, NotOffered):
        assert is_a_sentence(found.sentence)
        return
    whole, part, without_index = (compared.comparison for compared in found)
    assert whole.index.symbol == INDEX and whole.index_volatility > 0
    assert [c.exposure.symbol for c in whole.basket.constituents] == list(KNOWN)
    assert (whole.covered_weight, whole.missing) == (1.0, ())
    assert (part.covered_weight, part.missing) == (0.75, (MISSING,))
    assert without_index.index is None and without_index.basket is not None
    assert len(whole.as_of) == 1 + len(KNOWN)


def test_a_chain_can_be_read_where_there_are_chains(on: On) -> None:
    async def read(world: World) -> Any:
        if not world.has_chains:
            return None
        source = chains_of(world)
        known = await source.read(KNOWN[0], lambda chain, terms: (chain.symbol, len(chain), terms))
        nothing = await source.read(MISSING, lambda chain, terms: chain.symbol)
        return known, nothing, source.origin()

    if (found := on(read)) is not None:
        (symbol, rows, terms), nothing, origin = found
        assert symbol == KNOWN[0] and rows > 0 and nothing is None
        assert terms.convention == origin.convention


def test_strikes_add_up_to_the_net_where_there_are_strikes(on: On) -> None:
    found = on(lambda world: world.source.fetch(KNOWN))
    for exposure in found.exposures.values():
        assert bool(exposure.strikes) == on.world.source.has_strikes
        if exposure.strikes:
            strikes = [row.strike for row in exposure.strikes]
            assert strikes == sorted(set(strikes))
            for place, net in enumerate(exposure.net):
                total = sum(row.call[place] + row.put[place] for row in exposure.strikes)
                assert total == pytest.approx(net, rel=1e-9, abs=1e-6 * abs(exposure.net.gex))
            assert all(row.call_open_interest >= 0 and row.put_open_interest >= 0 for row in exposure.strikes)


def test_an_origin_says_where_figures_come_from_and_stays_what_it_is(on: On) -> None:
    async def origins(world: World) -> tuple[Origin, Origin]:
        before = world.source.origin()
        await world.source.fetch(KNOWN)
        return before, world.source.origin()

    before, after = on(origins)
    assert before == after and hash(before) == hash(after)
    assert before.source and before.label
    assert before.synthetic == on.world.synthetic
    assert before.chex == ("computed" if on.world.has_chains else "as published")


def test_figures_by_other_terms_are_of_another_origin(on: On) -> None:
    again = on.world.again
    if again is None:
        assert not on.world.has_chains  # the service's own terms: none of them is a setting
        return

    async def origins(world: World) -> list[Origin]:
        made = [again(), again(rate=0.01), again(dividend_yield=0.02), again(stock_dividend_yield=0.03)]
        made += [again(convention="dealer"), again(rates={"NVDA": 0.05}), again(day_count="bus252")]
        for source in made:
            await source.close()
        return [source.origin() for source in made]

    found = on(origins)
    assert found[0] == on.world.source.origin()
    assert len(set(found)) == len(found)


def test_an_account_is_a_reading_or_nothing(on: On) -> None:
    found = on(lambda world: world.source.account())
    assert isinstance(found, QuotaReading) if not on.world.has_chains else found is None


def test_who_goes_away_leaves_the_source_as_it_was(on: On) -> None:
    async def cancelled(world: World) -> tuple[Any, list[int]]:
        source = world.source
        with world.hold() as entered:
            asking = [asyncio.ensure_future(source.fetch(KNOWN))]
            if world.has_chains:
                entered_by_now = asyncio.to_thread(entered)
                await entered_by_now
                asking += [
                    asyncio.ensure_future(source.levels(KNOWN[1])),
                    asyncio.ensure_future(chains_of(world).profile(BASKET, MOVES, (0,))),
                    asyncio.ensure_future(chains_of(world).dispersion(INDEX, BASKET, 30.0)),
                ]
                for _ in range(20):
                    await asyncio.sleep(0)
            else:
                await asyncio.to_thread(entered)
            for task in asking:
                task.cancel()
            ends = await asyncio.gather(*asking, return_exceptions=True)
            assert all(isinstance(end, asyncio.CancelledError) for end in ends)
        awaited = [source.progress.awaited] if isinstance(source, Reports) else []
        return await source.fetch(KNOWN), awaited

    found, awaited = on(cancelled)
    assert set(found.exposures) == set(KNOWN) and not found.failed
    assert awaited in ([], [0])


def test_it_can_be_loaded_before_and_closed_twice(on: On) -> None:
    async def closed(world: World) -> None:
        await asyncio.to_thread(world.source.prepare)
        assert (await world.source.fetch(KNOWN[:1])).exposures
        await world.source.close()
        await world.source.close()

    on(closed)


def test_nothing_that_it_shows_of_itself_is_a_secret(on: On, tmp_path: Path) -> None:
    on(lambda world: world.source.fetch(KNOWN[:1]))
    shown = f"{on.world.source!r} {on.world.source.origin().label}"
    assert str(tmp_path) not in shown and "basketgex-test-key" not in shown and "http" not in shown


def test_a_broken_chain_is_refused_whole(on: On) -> None:
    async def refused(world: World) -> BaseException | None:
        if world.breaks is None or not world.has_chains:
            return None
        world.breaks()
        with pytest.raises(BadChain) as error:
            await world.source.levels(BROKEN)
        return error.value

    error = on(refused)
    if error is not None:
        assert isinstance(error, BadChain) and is_a_sentence(error.sentence)


async def gathered(*work: Awaitable[Any]) -> list[Any]:
    return [await one for one in work]


def is_a_sentence(text: str) -> bool:
    return text[0].isupper() and text.endswith(".") and "\n" not in text and "Traceback" not in text
