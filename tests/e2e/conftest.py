"""A stand-in for the service, and a clock that it shares with the servers that ask it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from basketgex.home import Home
from tests.e2e.clocked import Clock
from tests.e2e.serving import environment, fresh
from tests.e2e.watched import gex
from tests.standin.upstream import Upstream


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path)


@pytest.fixture
def upstream(clock: Clock) -> Iterator[Upstream]:
    with Upstream(now=clock) as upstream:
        yield upstream


@pytest.fixture
def home(tmp_path: Path, clock: Clock) -> Iterator[Home]:
    with fresh(tmp_path / "home") as home:
        home.write_launch(clock.command, ())
        yield home


@pytest.fixture
def given(home: Home, upstream: Upstream) -> dict[str, str]:
    upstream.published = {"NVDA": gex(4e9), "AMD": gex(1e9), "JPM": gex(-3e9)}
    return environment(
        home.path,
        source="flashalpha",
        flashalpha_base_url=upstream.url,
        flashalpha_api_key=upstream.key,
    )
