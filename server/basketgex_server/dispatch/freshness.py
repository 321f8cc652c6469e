"""What is fresh, stale or expired: stale-while-revalidate (RFC 5861), decided from values and a clock that is given.

A figure's age is counted from its source's clock. It never crosses a session: open interest resettles overnight, so what was
fetched before today's open interest was ready is of no use after; and what was fetched after the close stays as it is until
the next session's open interest is ready.

A moment that lies in the future is not believed. Where this computer's clock was put back since a figure came, the source's own
moment has to tell; where the source's clock is ahead, the moment at which it came. Either way it is not fresh.

A figure that is old when it comes is a source's that stands still, or whose clock does: asking again soon brings the same.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import NamedTuple, Protocol

from basketgex_server.domain import SKEW, Freshness

SETTLING = 900.0
"""Seconds after the close of the equity session until quotes of index options stand still (16:15 New York)."""
IN_VAIN = 3_600.0
"""Seconds after which a source that brings old figures after the close is asked again."""


class Due(Enum):
    """Whether a figure's age is worth a call: not now; one behind the answer; one that the answer waits for."""

    NOT_YET = 0
    BACKGROUND = 1
    AWAITED = 2


class Session(NamedTuple):
    """A trading session as the open interest sees it, in Unix seconds: from ``oi_ready`` until the next one's."""

    oi_ready: float
    close: float
    next_oi_ready: float


class Sessions(Protocol):
    """The exchange's calendar."""

    def session(self, at: float) -> Session:
        """Return the session whose open interest is the settled one at a moment."""


class Rules(NamedTuple):
    """The ages, in seconds, that a source's figures are judged by. ``delay``: how far it lags behind the market."""

    refresh_after: float
    expire_after: float
    delay: float = 0.0
    historical: bool = False


class Verdict(NamedTuple):
    """``until`` is the moment it changes, ``usable`` whether the figure may be shown at all.

    ``settled``: it is of after the close, so that asking again brings nothing else, although it is not called fresh.
    """

    freshness: Freshness
    until: float
    usable: bool
    settled: bool = False


HISTORICAL = Verdict(Freshness.HISTORICAL, math.inf, usable=True)


def believable(moment: float, now: float) -> bool:
    """Tell whether something can have happened at a moment, as far as this clock can tell."""
    return moment <= now + SKEW


def judge(as_of: float, fetched_at: float, now: float, rules: Rules, sessions: Sessions) -> Verdict:
    """Return how a figure stands at ``now``; all times Unix seconds."""
    if rules.historical:
        return HISTORICAL
    session = sessions.session(now)
    dated = believable(as_of, now)
    if not believable(fetched_at, now):
        usable = dated and as_of >= session.oi_ready
        return Verdict(Freshness.EXPIRED, session.next_oi_ready if usable else math.inf, usable)
    if fetched_at < session.oi_ready:
        return Verdict(Freshness.EXPIRED, math.inf, usable=False)
    if fetched_at >= session.close + SETTLING + rules.delay and as_of >= session.oi_ready:
        freshness = Freshness.FRESH if dated else Freshness.STALE
        return Verdict(freshness, session.next_oi_ready, usable=True, settled=not dated)
    born = as_of + rules.delay if dated else fetched_at
    for freshness, lasts in ((Freshness.FRESH, rules.refresh_after), (Freshness.STALE, rules.expire_after)):
        if now < born + lasts:
            if freshness is Freshness.FRESH and (as_of < session.oi_ready or not dated):
                continue  # the last session's open interest is never fresh
            return Verdict(freshness, min(born + lasts, session.next_oi_ready), usable=True)
    return Verdict(Freshness.EXPIRED, session.next_oi_ready, usable=True)


def may_ask(verdict: Verdict, fetched_at: float, now: float, rules: Rules) -> bool:
    """Tell whether age is a reason to ask the source: never twice within ``refresh_after``, whatever its clock says."""
    if verdict.settled or verdict.freshness in (Freshness.FRESH, Freshness.HISTORICAL):
        return False
    if not verdict.usable or not believable(fetched_at, now):
        return True
    return now - fetched_at >= rules.refresh_after


def due(verdict: Verdict, fetched_at: float, now: float, rules: Rules, sessions: Sessions) -> Due:
    """Return what a figure's age asks for at ``now``.

    What was too old when it came is refreshed behind the answer, at the pace that the quota allows, and after the close seldom.
    """
    if not may_ask(verdict, fetched_at, now, rules):
        return Due.NOT_YET
    if verdict.freshness is Freshness.STALE:
        return Due.BACKGROUND
    since = now - fetched_at if verdict.usable and believable(fetched_at, now) else math.inf
    if since < IN_VAIN and fetched_at >= sessions.session(now).close + SETTLING + rules.delay:
        return Due.NOT_YET
    return Due.BACKGROUND if since < rules.expire_after else Due.AWAITED
