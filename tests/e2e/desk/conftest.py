from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.desk.fixtures import desk_store, postgres
from tests.desk.postgres import Cluster, cluster
from tests.e2e.desk.replicas import PLENTY
from tests.standin.upstream import Upstream

__all__ = ["desk_store", "postgres"]


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(limit=PLENTY) as serving:
        yield serving


@pytest.fixture
def crashing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster that may be killed: what it has acknowledged is on the disk."""
    with cluster(fsync=True) as made:
        monkeypatch.setenv("PGPASSFILE", str(made.password_file))
        yield made
