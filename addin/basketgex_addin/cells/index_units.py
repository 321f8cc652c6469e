"""A basket in units of its index, and in units in which its names compare."""

from __future__ import annotations

from typing import NamedTuple


class IndexUnits(NamedTuple):
    """Beside ``symbols`` what each ``counts`` in sums, its beta, and its net GEX in USD per 1 % and per daily sigma.

    Volatilities at the money per 1.00; they and ``gex_per_sigma`` are NaN where there is none. ``place`` is, for each symbol
    as it was asked for, its place in ``symbols``, None where it is missing. ``flow`` is USD of stock that dealers sell when the
    index rises by 1 %, ``index_equivalent`` the GEX on the index that curves as much; ``per`` as in Hedge. ``correlation`` is
    that of implied betas, ``correlation_status`` how far it is the index's own.
    """

    symbols: tuple[str, ...]
    counts: tuple[float, ...]
    betas: tuple[float, ...]
    volatilities: tuple[float, ...]
    gex: tuple[float, ...]
    gex_per_sigma: tuple[float, ...]
    place: tuple[int | None, ...]
    total_gex: float
    flow: float
    index_equivalent: float
    total_per_sigma: float | None
    correlation: float | None
    correlation_status: str
    per: str
    missing: tuple[str, ...]
    covered_weight: float
    as_of: float
    client_ttl: float
    notice: str = ""
    source: str = ""
    synthetic: bool = False
    keep_until: float = 0.0
