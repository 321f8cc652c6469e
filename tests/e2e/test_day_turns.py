"""A real server over midnight UTC and after odd refusals: what was said of yesterday, and what nobody can mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from basketgex_addin.cells import Quota
from basketgex_addin.client import BasketClient
from tests.e2e.clocked import Clock, problem, reply
from tests.e2e.serving import Server, serving
from tests.standin.upstream import Fault, Upstream
from tests.standin.upstream import status as answered

HOUR, DAY = 3_600.0, 86_400.0
MIDNIGHT = datetime(2026, 9, 17, tzinfo=UTC).timestamp()


@pytest.fixture
def server(tmp_path: Path, clock: Clock, upstream: Upstream) -> Iterator[Server]:
    upstream.limit = 100
    with serving(tmp_path, clock, upstream, reserve=10) as server:
        yield server


def said(remaining: int, reset: float | None) -> Fault:
    """Return a good reply that says this of the quota, whatever the service would say now."""
    headers = {
        "X-RateLimit-Limit": "100",
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": "" if reset is None else str(int(reset)),
    }
    return Fault(change=lambda made: replace(made, headers=headers))


@pytest.mark.parametrize(
    ("lands", "names"),
    [(1.0, MIDNIGHT), (2.0, None), (90.0, MIDNIGHT), (1_800.0, MIDNIGHT)],
)
@pytest.mark.parametrize("restart", [False, True], ids=["running", "restarted"])
def test_a_reply_of_yesterday_does_not_refuse_today(
    tmp_path: Path, clock: Clock, upstream: Upstream, lands: float, names: float | None, restart: bool
) -> None:
    upstream.limit = 100
    with serving(tmp_path, clock, upstream, reserve=10) as server:
        clock.set(MIDNIGHT - 60)
        upstream.spend(85)
        reply(server.home, "AMD")
        clock.set(MIDNIGHT + lands)
        upstream.script(said(10, names))  # the reserve, and no more: of yesterday
        reply(server.home, "NVDA")
        if not restart:
            clock.advance(HOUR)
            assert reply(server.home, "TSLA").notice == ""
    if restart:
        clock.advance(HOUR)
        with serving(tmp_path, clock, upstream, reserve=10) as again:
            assert reply(again.home, "TSLA").notice == ""


def test_asking_the_account_heals_what_is_remembered(
    server: Server, clock: Clock, upstream: Upstream
) -> None:
    upstream.script(said(10, MIDNIGHT))
    reply(server.home, "AMD")
    assert problem(server.home, "NVDA").code == "quota_spent"
    with closing(BasketClient(server.home)) as client:
        quota = client.quota(reconcile=True)
    assert isinstance(quota, Quota) and quota.left == 99
    assert reply(server.home, "NVDA").notice == ""


@pytest.mark.parametrize(
    ("headers", "body", "hours"),
    [
        ({"Retry_After": "999999999"}, b"busy", 1),
        ({"Retry_After": "999999999", "X_RateLimit_Remaining": "0", "X_RateLimit_Reset": ""}, b"", 9),
        ({"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "99999999999"}, b"", 9),
        ({}, {"error": "Quota exceeded", "reset_at": "9999-12-31T23:59:59Z"}, 9),
    ],
)
def test_an_odd_refusal_stops_nobody_for_longer_than_the_day(
    server: Server, clock: Clock, upstream: Upstream, headers: dict[str, str], body: object, hours: float
) -> None:
    """It is nine hours to midnight."""
    upstream.script(answered(429, body, charged=False, **headers))
    refused = problem(server.home, "AMD")
    assert refused.code == ("rate_limited" if hours == 1 else "quota_spent")
    assert (
        "5138" not in refused.sentence and "2058" not in refused.sentence and "9999" not in refused.sentence
    )
    clock.advance(hours * HOUR - 1)
    assert problem(server.home, "AMD").code == refused.code
    assert len(upstream.calls) == 1
    clock.advance(1)
    assert reply(server.home, "AMD").notice == ""
