"""The replies that refuse, and the headers that tell what is left of the day."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any, Literal

from msgspec import UNSET, UnsetType

from basketgex_server.api.rest.shapes import Body, Moment
from basketgex_server.dispatch.quota import QuotaStatus
from basketgex_server.errors import BasketgexError, Draining, NotEntitled, QuotaSpent

UNLIMITED = "unlimited"

_PLANS = ("Free", "Basic", "Growth", "Alpha")
_STATUS = {
    "INVALID_ARGUMENT": 400,
    "PERMISSION_DENIED": 502,  # the source refused our key, not we the caller's
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 502,
    "FAILED_PRECONDITION": 502,
    "DEADLINE_EXCEEDED": 504,
}
_SYMBOL_NOT_COVERED = "symbol_not_in_free_universe"
_TIER_RESTRICTED = "tier_restricted"


class Error(Body, kw_only=True):
    """What went wrong: a word for programs, and a sentence."""

    status: Literal["ERROR"] = "ERROR"
    error: str
    message: str
    current_plan: str | UnsetType | None = UNSET
    required_plan: str | UnsetType | None = UNSET
    limit: int | UnsetType | None = UNSET
    upgrade_to: str | UnsetType | None = UNSET
    reset_at: Moment | UnsetType = UNSET


class Unauthorized(Body):
    """The key is missing or wrong."""

    title: str = "Unauthorized"
    status: Literal[401] = 401
    detail: str = "Invalid API key."


def rate_limits(quota: QuotaStatus) -> dict[str, str]:
    """Return the headers that every keyed reply carries."""
    return {
        "X-RateLimit-Limit": count(quota.limit, quota),
        "X-RateLimit-Remaining": count(quota.left, quota),
        "X-RateLimit-Reset": str(int(quota.resets_at)),
    }


def problem(
    error: BasketgexError, quota: QuotaStatus | None, now: float
) -> tuple[int, Error, dict[str, str]]:
    """Return the status, the body and the headers of a refusal."""
    if isinstance(error, QuotaSpent):
        return _quota_spent(error, quota, now)
    status, code = _STATUS.get(error.reason, 500), error.code
    more: dict[str, Any] = {}
    if isinstance(error, NotEntitled) or code in (NotEntitled.code, _TIER_RESTRICTED, _SYMBOL_NOT_COVERED):
        status, code = 403, error.code if error.code == _SYMBOL_NOT_COVERED else _TIER_RESTRICTED
        plans = ("current_plan", "required_plan")
        more = {name: getattr(error, name, "") or None for name in plans}  # the source does not always say
    elif isinstance(error, Draining):
        status = 503
    elif code == "not_cached":
        code = "no_data"
    headers = {"Retry-After": _seconds(error.retry_after)} if status == 429 else {}
    return status, Error(error=code, message=error.sentence, **more), headers


def count(value: int | None, quota: QuotaStatus) -> str:
    """Return so many calls as the contract writes them."""
    return UNLIMITED if quota.unlimited or value is None else str(value)


def second(at: float) -> str:
    """Return a moment, in Unix seconds, without fractions."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _quota_spent(
    error: QuotaSpent, quota: QuotaStatus | None, now: float
) -> tuple[int, Error, dict[str, str]]:
    plan = getattr(error, "plan", "") or (quota.plan if quota else "")
    rank = _PLANS.index(plan.capitalize()) if plan.capitalize() in _PLANS else len(_PLANS)
    body = Error(
        error="Quota exceeded",
        message=error.sentence,
        current_plan=plan or None,
        limit=getattr(error, "limit", None) or (quota.limit if quota else None),
        upgrade_to=_PLANS[rank + 1] if rank + 1 < len(_PLANS) else None,
        reset_at=second(error.reset_at),
    )
    return 429, body, {"Retry-After": _seconds(error.retry_after or error.reset_at - now)}


def _seconds(wait: float) -> str:
    return str(max(math.ceil(wait), 1))
