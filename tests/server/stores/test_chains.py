"""The archive of chains: what comes back, what is kept of a day, what is dropped, and what becomes of a damaged one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from basketgex_server.exposure.chain import Chain
from basketgex_server.sources.sample.provider import Sample
from basketgex_server.stores.chains import DAY, PAUSE, ChainArchive, Kept, packed, unpacked
from tests.server.servers import NOON, run


@contextmanager
def archive(path: Path) -> Iterator[ChainArchive]:
    found = ChainArchive(path / "chains.db")
    try:
        yield found
    finally:
        found.close()


def chain(as_of: float = NOON, **other: object) -> Chain:
    found = Sample().chain("NVDA")
    assert found
    return replace(found, as_of=as_of, **other)  # type: ignore[arg-type]


def assert_same(found: Chain | None, wanted: Chain) -> None:
    assert found is not None
    assert (found.symbol, found.spot, found.as_of, found.oi_as_of) == (
        wanted.symbol,
        wanted.spot,
        wanted.as_of,
        wanted.oi_as_of,
    )
    for name in ("strike", "is_call", "expiry", "volatility", "open_interest", "dividend_yield"):
        one, other = getattr(found, name), getattr(wanted, name)
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(one, other)


def test_a_chain_comes_back_to_the_last_bit_and_is_small() -> None:
    whole = chain()
    yields = replace(
        whole,
        dividend_yield=np.linspace(0, 0.02, len(whole)),
        volatility=np.where(whole.is_call, np.nan, 0.3),
    )
    for wanted in (whole, yields, whole.only(np.zeros(len(whole), bool))):
        assert_same(unpacked(packed(wanted)), wanted)
    assert len(packed(whole)) < 20 * len(whole)
    assert unpacked(b"torn") is None and unpacked(packed(whole)[:-9]) is None


def test_the_newest_of_a_day_is_kept_and_found_by_moment(tmp_path: Path) -> None:
    async def story(kept: ChainArchive) -> None:
        for day, at in ((0, NOON), (0, NOON + PAUSE / 2), (0, NOON + 2 * PAUSE), (1, NOON + DAY)):
            kept.keep("here", {"NVDA": chain(at, spot=100.0 + day)}, at, 7.0)
        assert (await kept.size()).chains == 2
        first = await kept.before("here", "NVDA", NOON + DAY - 1)
        assert first and (first.as_of, first.spot) == (NOON + 2 * PAUSE, 100.0)
        last = await kept.before("here", "NVDA", NOON + 9 * DAY)
        assert last and last.spot == 101.0
        assert await kept.before("here", "NVDA", NOON) is None
        assert await kept.before("here", "AMD", NOON + DAY) is None
        assert (
            await kept.before("elsewhere", "NVDA", NOON + DAY) is None
        )  # figures of different origin never meet

    with archive(tmp_path) as kept:
        run(story(kept))
    with archive(tmp_path) as kept:
        assert run(kept.size()).chains == 2


@pytest.mark.parametrize(("days", "left"), [(7.0, 2), (1.0, 1), (0.0, 0)])
def test_what_is_older_than_the_days_to_keep_is_dropped(tmp_path: Path, days: float, left: int) -> None:
    with archive(tmp_path) as kept:
        kept.keep("here", {"NVDA": chain(NOON)}, NOON, 7.0)
    with archive(tmp_path) as kept:
        kept.keep("here", {"NVDA": chain(NOON + 2 * DAY)}, NOON + 2 * DAY, days)
        assert run(kept.size()).chains == left


def test_a_damaged_archive_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "chains.db").write_bytes(b"no database at all" * 200)
    with archive(tmp_path) as kept:
        assert run(kept.size()) == Kept(0, 0)
        kept.keep("here", {"NVDA": chain()}, NOON, 7.0)
        assert run(kept.size()).chains == 1
