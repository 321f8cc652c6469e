"""GEX of what was traded: the day's volume in place of open interest, and both together as a figure of its own name.

With V contracts traded, 100 units a contract, gamma γ per unit and spot S, calls plus and puts minus as in GEX::

    volume GEX       Σ ± γ · V · 100 · S² · 0.01              USD per 1 % move of the underlying
    OI and volume    Σ ± γ · (OI + φ · V) · 100 · S² · 0.01   φ: which part of what was traded is taken to be open yet

Open interest settles overnight, so that of what is traded today it knows nothing; volume in turn does not know whether a trade
opened or closed a position. Neither says who holds it. Both figures are apart from GEX, and never added to it unasked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from basketgex_server.domain import Terms
from basketgex_server.exposure.chain import Chain, rows
from basketgex_server.exposure.symbol import contracts_of, signed_exposures

GEX = 0


@dataclass(frozen=True, slots=True)
class VolumeGex:
    """GEX in USD per 1 % move: of the calls traded and of the puts (signed, so that they add up), and of all open interest.

    ``call_volume`` and ``put_volume`` in contracts: of those with time left, whether they have a volatility or not.
    """

    call: float
    put: float
    open_interest: float
    call_volume: float
    put_volume: float

    @property
    def net(self) -> float:
        """Volume GEX of calls and puts."""
        return self.call + self.put

    def with_open_interest(self, share: float) -> float:
        """Return the GEX of open interest and a share φ of volume.

        >>> VolumeGex(call=3.0, put=-1.0, open_interest=10.0, call_volume=9.0, put_volume=5.0).with_open_interest(0.5)
        11.0
        """
        return self.open_interest + share * self.net


def volume_gex(chain: Chain, terms: Terms) -> VolumeGex | None:
    """Return a chain's volume GEX; None where no volume is known or none of it has a figure, or where it is beyond computing.

    One call of 10 contracts traded and none open, one put of 30 open that nobody traded, both at 100 and at 20 %, 30 days left:

    >>> import numpy as np
    >>> days = 30 * 86_400.0
    >>> chain = Chain("X", 100.0, 0.0, np.array([100.0, 100.0]), np.array([True, False]), np.array([days, days]),
    ...     np.array([0.2, 0.2]), np.array([0.0, 30.0]), volume=np.array([10.0, np.nan]))
    >>> found = volume_gex(chain, Terms("flashalpha", 0.0, 0.0))
    >>> [round(x, 1) for x in (found.call, found.put, found.open_interest, found.with_open_interest(0.5))]
    [6954.8, 0.0, -20864.5, -17387.1]
    """
    if chain.volume is None or not (np.isfinite(chain.spot) and chain.spot > 0):
        return None
    volume = np.where(np.isfinite(chain.volume) & (chain.volume > 0), chain.volume, 0.0)
    sorted_rows = rows(chain)
    used = rows(replace(chain, open_interest=volume + sorted_rows.open_interest)).used
    if not (volume[used] > 0).any():
        return None
    held = contracts_of(chain, used, terms.rate, terms.dividend_yield, terms.day_count)
    calls = chain.is_call[used]
    one = signed_exposures(held, chain.spot, np.ones(len(held)), calls, terms.convention)[GEX]
    sound = np.isfinite(one)
    with np.errstate(all="ignore"):
        traded, open_now = (np.where(sound, one, 0.0) * n[used] for n in (volume, sorted_rows.open_interest))
        sums = [float(x) for x in (traded[calls].sum(), traded[~calls].sum(), open_now.sum())]
        left = np.where(sorted_rows.expired, 0.0, volume)
        counts = [float(left[side].sum()) for side in (chain.is_call, ~chain.is_call)]
    return VolumeGex(*sums, *counts) if np.isfinite([*sums, *counts]).all() else None
