"""Max pain: the strike at which the options that are open would be worth least to their holders, were spot to end there.

With the open interest OI, 100 units a contract and the strikes Kᵢ, at a strike K::

    pain(K) = 100 · (Σ over calls OIᵢ · max(K − Kᵢ, 0) + Σ over puts OIᵢ · max(Kᵢ − K, 0))

Every contract with open interest and time left counts, whether it has a volatility or not. Of strikes that tie, the one nearest
spot counts, then the lower.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from basketgex_server.exposure.arrays import Floats
from basketgex_server.exposure.chain import MULTIPLIER, Chain


@dataclass(frozen=True, slots=True)
class MaxPain:
    """``strike`` is the answer; the columns f64[k] are by the strikes with open interest, ascending.

    ``call_pain`` and ``put_pain`` in USD; ``call_open_interest`` and ``put_open_interest`` in contracts.
    """

    strike: float
    strikes: Floats
    call_pain: Floats
    put_pain: Floats
    call_open_interest: Floats
    put_open_interest: Floats


def max_pain(chain: Chain) -> MaxPain | None:
    """Return the max pain of a chain; None where nothing is open, or where it is beyond computing."""
    counts = np.isfinite(chain.open_interest) & (chain.open_interest > 0) & (chain.expiry > chain.seen_at)
    counts &= np.isfinite(chain.strike) & (chain.strike > 0)
    if not counts.any():
        return None
    strikes, place = np.unique(chain.strike[counts], return_inverse=True)
    is_call, open_interest = chain.is_call[counts], chain.open_interest[counts]
    calls, puts = (
        np.bincount(place, np.where(side, open_interest, 0.0)).astype(np.float64)
        for side in (is_call, ~is_call)
    )
    with np.errstate(all="ignore"):
        call_pain = _below(strikes, calls)
        put_pain = _below(-strikes[::-1], puts[::-1])[::-1]
        total = call_pain + put_pain
        if not np.isfinite(total).all():
            return None
        least = np.flatnonzero(total <= total.min() * (1 + 1e-12))
    strike = min(strikes[least].tolist(), key=lambda k: (abs(k - chain.spot), k))
    return MaxPain(strike, strikes, call_pain, put_pain, calls, puts)


def _below(strikes: Floats, open_interest: Floats) -> Floats:
    """Return 100 · Σ OIᵢ · (K − Kᵢ) over the strikes Kᵢ below each K; strikes ascend."""
    steps = np.diff(strikes, prepend=strikes[:1]) * (np.cumsum(open_interest) - open_interest)
    return MULTIPLIER * np.cumsum(steps)
