"""What goes on being shown while a desk is away: a basket's last reply, for the session that it is of, saying so. Pure."""

from __future__ import annotations

from basketgex_addin.cells import Problem, Reply
from basketgex_addin.client.memo import SHORT_TTL
from basketgex_addin.client.problems import DESK_AWAY, TIMED_OUT

AWAY = (DESK_AWAY, TIMED_OUT)
"""What a desk is away by; one that hangs says nothing."""


def last_good(reply: Reply, problem: Problem, now: float) -> Reply | Problem:
    """Return the reply as the last good one, or the problem where its session is over; ``now`` in Unix seconds."""
    if reply.usable_until and now >= reply.usable_until:
        return problem
    return reply._replace(
        notice=f"Last good value: {problem.sentence}",
        freshness="STALE" if reply.freshness == "FRESH" else reply.freshness,
        client_ttl=SHORT_TTL,
    )
