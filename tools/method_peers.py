"""Six choices of published tools, each on the same chains: why they show another number. Printed by ``method_effects``."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from basketgex_server.domain import Terms
from basketgex_server.exposure.arrays import Flags, Floats
from basketgex_server.exposure.black_scholes import Greeks, contracts
from basketgex_server.exposure.chain import Chain, rows
from basketgex_server.exposure.levels import levels
from basketgex_server.exposure.repricing import GEX, prepare
from basketgex_server.exposure.symbol import exposure

RATE = 0.045
CHAINS = ("SPX 2022-12-12", "NDX 2022-12-12", "RUT 2023-09-20")
FIRST_OF = 300
"""Levels from 0.5 to 1.5 of spot."""


class Vendor(NamedTuple):
    """A vendor's own Greeks and volatilities, f64[n], as the chain's rows stand; a volatility of 0 counts as absent."""

    gamma: Floats
    delta: Floats
    volatility: Floats


def vendor_of(path: Path) -> Vendor:
    """Return what a Cboe download, or Cboe's JSON, has of them."""
    if path.suffix == ".json":
        options = json.loads(path.read_bytes())["data"]["options"]
        return Vendor(*(np.array([float(o[name]) for o in options]) for name in ("gamma", "delta", "iv")))
    return Vendor(*(column_of(path, name) for name in ("Gamma", "Delta", "IV")))


def column_of(path: Path, heading: str) -> Floats:
    """Return a column of a Cboe download, the calls' and then the puts', as the chain's rows stand."""
    with path.open(newline="") as lines:
        table = list(csv.reader(lines))
    places = [at for at, name in enumerate(table[3]) if name == heading]
    return np.array([float(row[at]) for at in places for row in table[4:]])


def peers(chain: Chain, vendor: Vendor, terms: Terms) -> list[tuple[str, str, float | None, float | None]]:
    """Return one row per choice: the measure, what is done otherwise, the figure here and the other, USD or a price."""
    found, its = exposure(chain, *terms), levels(chain, *terms)
    if found is None or its is None:
        raise ValueError("these are not the chains that docs/method.md is about")
    interest, live = np.nan_to_num(chain.open_interest), chain.expiry > chain.as_of
    side, everything = np.where(chain.is_call, 1.0, -1.0), np.full(len(chain), True)

    def vendors_gex(kept: Flags) -> float:
        return float((vendor.gamma * interest * side)[kept].sum()) * chain.spot**2

    vendors_dex = float((vendor.delta * interest)[live].sum()) * chain.spot
    chain_there = replace(
        chain, volatility=vendor.volatility
    )  # which volatilities are believed is a choice of ours
    vex = _over_business_days(chain_there, lambda g, c: g.vanna * c.volatility)
    chex = _over_business_days(chain_there, lambda g, c: g.charm * c.years("bus252"))
    return [
        (
            "GEX",
            "the vendor's gamma, also of contracts without a volatility",
            found.net.gex,
            vendors_gex(live),
        ),
        ("GEX", "the same, also of what has expired", found.net.gex, vendors_gex(everything)),
        ("DEX", "the vendor's delta without the 100 of a contract", found.net.dex, vendors_dex),
        ("VEX", "per 1 % of the volatility itself, puts minus, bus252, q = 0", found.net.vex, vex),
        (
            "CHEX",
            "charm times the time to expiry, puts minus, bus252, q = 0, without the 100",
            found.net.chex,
            chex,
        ),
        (
            "flip",
            f"the first of {FIRST_OF} levels instead of the nearest, bus252, q = 0",
            its.gamma_flip,
            _first(chain_there),
        ),
    ]


def _over_business_days(chain: Chain, of: Callable[[Greeks, Chain], Floats]) -> float:
    """Return Σ ±of · OI · S of the contracts that count, puts minus."""
    counted = chain.only(rows(chain).used)
    held = contracts(counted.strike, counted.is_call, counted.volatility, counted.years("bus252"), RATE, 0.0)
    side = np.where(counted.is_call, 1.0, -1.0)
    figure = of(held.greeks(chain.spot), counted)
    return float((side * figure * counted.open_interest).sum()) * chain.spot


def _first(chain: Chain) -> float | None:
    """Return where a line through levels first crosses 0, from below."""
    book = prepare(chain, Terms("flashalpha", RATE, 0.0, "bus252"))
    if book is None:
        return None
    x = np.linspace(0.5, 1.5, FIRST_OF)
    y = book.net(x, (GEX,))[0]
    at = np.flatnonzero(np.sign(y[1:]) * np.sign(y[:-1]) < 0)
    roots = x[at] - y[at] * (x[at + 1] - x[at]) / (y[at + 1] - y[at])
    return float(roots[0]) * chain.spot if len(roots) else None
