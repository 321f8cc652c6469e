"""A stand-in for the service, and a clock that it shares with the servers that ask it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.clocked import Clock
from tests.standin.upstream import Upstream


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path)


@pytest.fixture
def upstream(clock: Clock) -> Iterator[Upstream]:
    with Upstream(now=clock) as upstream:
        yield upstream
