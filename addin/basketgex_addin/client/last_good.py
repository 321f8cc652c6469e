"""What goes on being shown while a desk, or a source, is away: the last answer, for its session, saying so. Pure."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from basketgex_addin.cells import Problem, Reply
from basketgex_addin.client.memo import SHORT_TTL
from basketgex_addin.client.problems import DESK_AWAY, TIMED_OUT

AWAY = (DESK_AWAY, TIMED_OUT)
"""What a desk is away by; one that hangs says nothing."""
SOURCE_AWAY = frozenset(
    {
        "source_unavailable",
        "bad_chain",
        "timed_out",
        "rate_limited",
        "quota_spent",
        "calls_paced",
        "share_spent",
        "store_away",
        "store_unavailable",
        "source_refused",
        "source_key_missing",
        "source_key_refused",
        "key_store_unavailable",
    }
)
"""The server's codes of what keeps it from newer figures, and says nothing against those that were shown."""
LAST_GOOD = "Last good value: "
"""How a notice begins, the server's too, of what is older than it should be."""
A = TypeVar("A")


def last_good(answer: A, problem: Problem, now: float) -> A | Problem:
    """Return the answer as the last good one, or the problem where its session is over; ``now`` in Unix seconds."""
    notice = LAST_GOOD + problem.sentence
    if isinstance(answer, Reply):
        if answer.usable_until and now >= answer.usable_until:
            return problem
        freshness = "STALE" if answer.freshness == "FRESH" else answer.freshness
        old = answer._replace(notice=notice, freshness=freshness, client_ttl=SHORT_TTL)
        return cast("A", old)
    figures: Any = answer
    standing = getattr(figures, "standing", None)
    if now >= getattr(standing or figures, "keep_until", 0.0):
        return problem
    told = {"notice": notice} if standing is None else {"standing": standing._replace(notice=notice)}
    return cast("A", figures._replace(client_ttl=SHORT_TTL, **told))


def last_good_notice(answer: object) -> str:
    """Return what an answer says of its being the last good one; empty where it does not."""
    notice = getattr(getattr(answer, "standing", answer), "notice", "")
    return notice if notice.startswith(LAST_GOOD) else ""


def still_good(answer: A | None, now: float) -> A | None:
    """Return an answer that is the last good one already, for as long as it may be shown: it stays while it is asked anew."""
    until = getattr(getattr(answer, "standing", None) or answer, "keep_until", 0.0)
    return answer if last_good_notice(answer) and now < until else None


def is_of_lost_desk(answer: object) -> bool:
    """Tell whether an answer is the last good one because the desk is away."""
    return last_good_notice(answer) in {LAST_GOOD + problem.sentence for problem in AWAY}
