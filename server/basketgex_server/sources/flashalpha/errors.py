"""What FlashAlpha can refuse, and how its refusals are read.

::

    BasketgexError
    ├── SourceRefused            PERMISSION_DENIED, source_refused
    │   ├── SourceKeyMissing       source_key_missing: no call was made
    │   └── SourceKeyRefused       source_key_refused (401)
    ├── NotEntitled
    │   ├── PlanTooLow           PERMISSION_DENIED, tier_restricted (403)
    │   └── SymbolNotCovered     PERMISSION_DENIED, symbol_not_in_free_universe (403)
    ├── QuotaSpent
    │   └── SourceQuotaSpent     RESOURCE_EXHAUSTED, quota_spent (429)
    ├── SourceRateLimited        RESOURCE_EXHAUSTED, rate_limited (429)
    ├── RequestRejected          FAILED_PRECONDITION, source_rejected (400)
    ├── SourceUnavailable
    │   └── SourceUnreached      UNAVAILABLE, source_unavailable: nothing was sent
    ├── KeyStoreUnavailable      FAILED_PRECONDITION, key_store_unavailable
    └── BadKey                   FAILED_PRECONDITION, bad_key
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from basketgex_server.errors import (
    BasketgexError,
    NotEntitled,
    QuotaSpent,
    RateLimited,
    SourceUnavailable,
    quoted,
)

DAY = 86_400.0
SHORT_PAUSE, LONGEST_PAUSE = 60.0, 3_600.0
"""Seconds of silence after a 429 that names no quota: where it names no pause either, and at most."""

_CODE = re.compile(r"[a-z][a-z0-9_]{0,47}")
_PLAN = re.compile(r"[A-Za-z][A-Za-z0-9 +_-]{0,23}")
_ADDRESS = re.compile(r"\S*(?:https?:|www\.)\S*", re.IGNORECASE)
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", re.ASCII | re.IGNORECASE
)
_WORD = re.compile(r"(?<![\w.])[A-Z0-9][A-Z0-9.]*(?<!\.)(?!\w)")
_KEY_PART = 6
"""So many characters of the key in a row are too many."""


class SourceRefused(BasketgexError):
    """The source does not serve this key, or not this."""

    code = "source_refused"
    reason = "PERMISSION_DENIED"


class SourceKeyMissing(SourceRefused):
    """There is no key; no call was made."""

    code = "source_key_missing"
    free = True

    def __init__(self) -> None:
        super().__init__(
            "The server has no FlashAlpha key, and does not see what is set in a terminal: run basketgex key set, "
            "or basketgex key set --file where there is no keyring."
        )


class SourceKeyRefused(SourceRefused):
    """The key is not one that the source knows: there is no account that it could charge."""

    code = "source_key_refused"
    free = True
    lasting = True

    def __init__(self) -> None:
        super().__init__(
            "FlashAlpha refused the key that the server has: store the right one with basketgex key set, "
            "or correct BASKETGEX_FLASHALPHA_API_KEY where the server was started with it."
        )


class PlanTooLow(NotEntitled):
    """The key's plan does not have the endpoint."""

    code = "tier_restricted"

    def __init__(self, current_plan: str, required_plan: str) -> None:
        has = f", and this key has {current_plan}" if current_plan else ""
        super().__init__(
            f"This needs FlashAlpha's {required_plan or 'Growth'} plan or higher{has}: "
            "change the plan, or use another source."
        )
        self.current_plan = current_plan
        self.required_plan = required_plan


class SymbolNotCovered(NotEntitled):
    """The key's plan does not have some symbols; ``symbols`` names them where the source did."""

    code = "symbol_not_in_free_universe"

    def __init__(self, symbols: tuple[str, ...], current_plan: str, required_plan: str) -> None:
        shown = ", ".join(symbols[:5]) + (", …" if len(symbols) > 5 else "")
        super().__init__(
            f"FlashAlpha's {current_plan or 'Free'} plan does not cover {shown or 'one of the names'}: "
            f"leave it out, or change to the {required_plan or 'Basic'} plan or higher.",
            symbols=symbols,
            argument="symbols",
        )
        self.current_plan = current_plan
        self.required_plan = required_plan


class SourceQuotaSpent(QuotaSpent):
    """The source says that the day's calls are spent until ``reset_at`` (Unix seconds)."""

    def __init__(
        self,
        reset_at: float,
        retry_after: float,
        *,
        plan: str = "",
        limit: int | None = None,
        upgrade: str = "",
    ) -> None:
        has = f" ({plan} plan)" if plan else ""
        more = f"; the {upgrade} plan has more" if upgrade else ""
        super().__init__(
            reset_at,
            sentence=f"FlashAlpha's daily quota is spent{has}: it starts again at "
            f"{datetime.fromtimestamp(reset_at, UTC):%Y-%m-%d %H:%M} UTC{more}.",
            retry_after=retry_after,
        )
        self.plan = plan
        self.limit = limit


class SourceRateLimited(RateLimited):
    """Too many calls in a short time; the day's quota is not spent."""

    def __init__(self, until: float, retry_after: float) -> None:
        super().__init__(
            "FlashAlpha takes no more calls at the moment: "
            f"recalculate after {datetime.fromtimestamp(math.ceil(until), UTC):%H:%M:%S} UTC.",
            retry_after=retry_after,
        )


class RequestRejected(BasketgexError):
    """The source understood the call and rejects it; ``source_code`` is its own word for why."""

    code = "source_rejected"
    reason = "FAILED_PRECONDITION"

    def __init__(self, source_code: str, said: str) -> None:
        why = f" ({source_code})" if source_code else ""
        saying = f", saying {quoted(said, 120)}" if said else ""
        super().__init__(f"FlashAlpha rejected the request{why}{saying}: check the tickers.")
        self.source_code = source_code


class SourceUnreached(SourceUnavailable):
    """No connection came about: nothing was sent, nothing can have been charged."""

    free = True

    def __init__(self) -> None:
        super().__init__("FlashAlpha cannot be reached: check the network, then recalculate.")


class KeyStoreUnavailable(BasketgexError):
    """The operating system keeps no keys for us."""

    code = "key_store_unavailable"
    reason = "FAILED_PRECONDITION"
    free = True


class BadKey(BasketgexError):
    """A text that cannot be a key."""

    code = "bad_key"
    reason = "FAILED_PRECONDITION"
    free = True

    def __init__(self) -> None:
        super().__init__("This cannot be a FlashAlpha key: copy it again, without spaces or line breaks.")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error reply, read as far as it can be. ``said`` is fit to be quoted."""

    code: str = ""
    said: str = ""
    current_plan: str = ""
    required_plan: str = ""
    upgrade_to: str = ""
    limit: int | None = None
    reset_at: float | None = None


def read_refusal(body: bytes, key: str) -> Refusal:
    """Read an error body of any shape: ``message``, then ``detail``, then the raw text. Nothing of the key gets through."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        text = body[:2_000].decode("utf-8", "replace").strip()
        return Refusal(said="" if text.startswith(("<", "{", "[")) else _harmless(text, key))
    said = next((v for v in (found.get("message"), found.get("detail")) if isinstance(v, str) and v), "")
    limit = found.get("limit")

    def word(name: str, pattern: re.Pattern[str]) -> str:
        value = found.get(name)
        fits = isinstance(value, str) and pattern.fullmatch(value)
        return _harmless(str(value), key) if fits else ""

    return Refusal(
        code=word("error", _CODE),
        said=_harmless(said, key),
        current_plan=word("current_plan", _PLAN),
        required_plan=word("required_plan", _PLAN),
        upgrade_to=word("upgrade_to", _PLAN),
        limit=limit if type(limit) is int else None,
        reset_at=moment(found.get("reset_at")),
    )


def error_of(
    status: int, refusal: Refusal, headers: Mapping[str, str], asked: Sequence[str], now: float
) -> BasketgexError:
    """Return what a reply that is no success means."""
    if status == 401:
        return SourceKeyRefused()
    if status in (402, 403):
        return _refused(refusal, asked)
    if status == 429:
        return _spent(refusal, headers, now)
    if status in (400, 422):
        return RequestRejected(refusal.code, refusal.said)
    if 300 <= status < 500 and status != 408:
        return SourceUnavailable(
            f"FlashAlpha answered in an unexpected way (status {status}): check flashalpha_base_url."
        )
    return SourceUnavailable(f"FlashAlpha is out of order (status {status}). Recalculate later to ask again.")


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds of ``Retry-After``, given as such or as a date; None without a usable one."""
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text, re.ASCII):
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now, 0.0)


def window_of(headers: Mapping[str, str]) -> float | None:
    """Return the seconds after which somebody on the way, who counts calls a minute or so, counts anew; None where nobody does.

    The service names the moment at which its day ends: a few seconds, or a limit with a window, are another's count.
    """
    reset = headers.get("x-ratelimit-reset", "").strip()
    if re.fullmatch(r"\d{1,8}", reset, re.ASCII):
        return float(reset)
    return SHORT_PAUSE if re.search(r"[;,]\s*w=\d", headers.get("x-ratelimit-limit", ""), re.ASCII) else None


def moment(value: object) -> float | None:
    """Return the Unix seconds of an ISO 8601 text, UTC where it names no zone; None where it is none.

    >>> moment("2026-05-27T17:58:14.9303577Z"), moment("2020-03-16T15:30:00"), moment("yesterday")
    (1779904694.9303577, 1584372600.0, None)
    """
    match = _MOMENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    date, time, fraction, zone = match.groups()
    try:
        whole = datetime.fromisoformat(
            f"{date}T{time}{'+00:00' if zone in (None, 'Z', 'z') else zone}"
        ).timestamp()
    except (ValueError, OverflowError):
        return None
    # Not through the fraction of a datetime: that has six digits. The year 1 is how some servers write "never".
    return float(f"{int(whole)}{fraction or ''}") if whole > 0 else None


def _refused(refusal: Refusal, asked: Sequence[str]) -> SourceRefused | NotEntitled:
    if refusal.code == "tier_restricted":
        return PlanTooLow(refusal.current_plan, refusal.required_plan)
    if refusal.code == "symbol_not_in_free_universe":
        named = set(_WORD.findall(refusal.said))
        found = tuple(s for s in asked if s in named) or (tuple(asked) if len(asked) == 1 else ())
        return SymbolNotCovered(found, refusal.current_plan, refusal.required_plan)
    saying = f", saying {quoted(refusal.said, 120)}" if refusal.said else ""
    return SourceRefused(f"FlashAlpha refused the request{saying}: check the key's plan and rights.")


def _spent(refusal: Refusal, headers: Mapping[str, str], now: float) -> SourceQuotaSpent | SourceRateLimited:
    pause, midnight = retry_after(headers, now), (now // DAY + 1) * DAY  # of UTC
    left = headers.get("x-ratelimit-remaining", "").strip()
    window = window_of(headers)
    names_a_quota = (
        refusal.reset_at is not None or refusal.limit is not None or (left == "0" and window is None)
    )
    has_more = re.fullmatch(r"[1-9]\d{0,9}|unlimited", left, re.ASCII)
    # Without any word of a quota it is somebody on the way who is busy, which says nothing about the day.
    is_ours = window is None and any(
        headers.get(f"x-ratelimit-{n}", "").strip() for n in ("limit", "remaining", "reset")
    )
    short = pause is not None and pause <= SHORT_PAUSE
    if not names_a_quota and (has_more or short or not is_ours):
        wait = window if pause is None else pause
        wait = SHORT_PAUSE if wait is None else min(wait, LONGEST_PAUSE)
        return SourceRateLimited(now + wait, wait)
    reset_at = refusal.reset_at
    reset = headers.get("x-ratelimit-reset", "") if window is None else ""
    if reset_at is None and re.fullmatch(r"\d{1,11}", reset, re.ASCII):
        reset_at = float(reset)
    if reset_at is None:
        reset_at = now + pause if pause is not None else midnight
    reset_at = min(reset_at, midnight)  # whatever it says, the day ends then
    if pause is not None:
        pause = min(pause, midnight - now)
    return SourceQuotaSpent(
        reset_at,
        max(reset_at - now, 0.0) if pause is None else pause,
        plan=refusal.current_plan,
        limit=refusal.limit,
        upgrade=refusal.upgrade_to,
    )


def _harmless(text: str, key: str) -> str:
    """Return a text of the server's without addresses; nothing of it where it shares a part with the key."""
    shown, lowered = text.casefold(), key.casefold()
    parts = {lowered[i : i + _KEY_PART] for i in range(max(len(lowered) - _KEY_PART + 1, 1))} - {""}
    if any(part in shown for part in parts):
        return ""
    return " ".join(_ADDRESS.sub("", text).split())
