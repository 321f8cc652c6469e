"""The fixtures of the desk: a cluster for the session (one a worker), a database a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.desk.postgres import Cluster, cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


@pytest.fixture
def desk_store(postgres: Cluster, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty store; its password is where libpq looks for it."""
    monkeypatch.setenv("PGPASSFILE", str(postgres.password_file))
    return postgres.database()
