"""How FlashAlpha's refusals are read: a status, its headers and its body become one of the errors of ``errors``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from basketgex_server.errors import BasketgexError, NotEntitled, SourceUnavailable
from basketgex_server.shown import quoted
from basketgex_server.sources.flashalpha.errors import (
    PlanTooLow,
    RequestRejected,
    SourceKeyRefused,
    SourceQuotaSpent,
    SourceRateLimited,
    SourceRefused,
    SymbolNotCovered,
)
from basketgex_server.sources.http import retry_after
from basketgex_server.times import parse_iso

DAY = 86_400.0

SHORT_PAUSE, LONGEST_PAUSE = 60.0, 3_600.0
"""Seconds of silence after a 429 that names no quota: where it names no pause either, and at most."""

_CODE = re.compile(r"[a-z][a-z0-9_]{0,47}")

_PLAN = re.compile(r"[A-Za-z][A-Za-z0-9 +_-]{0,23}")

_ADDRESS = re.compile(r"\S*(?:https?:|www\.)\S*", re.IGNORECASE)

_WORD = re.compile(r"(?<![\w.])[A-Z0-9][A-Z0-9.]*(?<!\.)(?!\w)")

_KEY_PART = 6
"""So many characters of the key in a row are too many."""


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
        reset_at=parse_iso(found.get("reset_at")),
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


def window_of(headers: Mapping[str, str]) -> float | None:
    """Return the seconds after which somebody on the way, who counts calls a minute or so, counts anew; None where nobody does.

    The service names the moment at which its day ends: a few seconds, or a limit with a window, are another's count.
    """
    reset = headers.get("x-ratelimit-reset", "").strip()
    if re.fullmatch(r"\d{1,8}", reset, re.ASCII):
        return float(reset)
    return SHORT_PAUSE if re.search(r"[;,]\s*w=\d", headers.get("x-ratelimit-limit", ""), re.ASCII) else None


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
