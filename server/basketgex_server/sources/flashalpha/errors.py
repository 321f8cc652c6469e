"""What FlashAlpha can refuse; ``refusals`` reads it.

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

import math
from datetime import UTC, datetime

from basketgex_server.errors import (
    BasketgexError,
    NotEntitled,
    QuotaSpent,
    RateLimited,
    SourceUnavailable,
)
from basketgex_server.shown import quoted


class SourceRefused(BasketgexError):
    """The source does not serve this key, or not this."""

    code = "source_refused"
    reason = "PERMISSION_DENIED"


class SourceKeyMissing(SourceRefused):
    """There is no key; no call was made."""

    code = "source_key_missing"
    uncharged = True

    def __init__(self) -> None:
        super().__init__(
            "The server has no FlashAlpha key, and does not see what is set in a terminal: run basketgex key set, "
            "or basketgex key set --file where there is no keyring."
        )


class SourceKeyRefused(SourceRefused):
    """The key is not one that the source knows: there is no account that it could charge."""

    code = "source_key_refused"
    uncharged = True
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

    uncharged = True

    def __init__(self) -> None:
        super().__init__("FlashAlpha cannot be reached: check the network, then recalculate.")


class KeyStoreUnavailable(BasketgexError):
    """The operating system keeps no keys for us."""

    code = "key_store_unavailable"
    reason = "FAILED_PRECONDITION"
    uncharged = True


class BadKey(BasketgexError):
    """A text that cannot be a key."""

    code = "bad_key"
    reason = "FAILED_PRECONDITION"
    uncharged = True

    def __init__(self) -> None:
        super().__init__("This cannot be a FlashAlpha key: copy it again, without spaces or line breaks.")
