"""Two other ways from a Cboe download of SPX to net GEX, its strikes and its profile: row by row in pandas, and plain numpy.

A program of its own, in an environment of its own (``make bench`` makes it): where pandas is installed xlwings imports it, and
starts three seconds later. A line on its input, ``pandas FILE`` or ``numpy FILE``, is answered by a line: the milliseconds from
the file to the figures, and these.

Both as they are published, but for what the figures depend on: gamma is computed, time is elapsed time, SPX expires at 09:30,
and a volatility above 500 % is none.
"""

from __future__ import annotations

import csv
import json
import math
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

RATE, DIVIDEND = 0.045, 0.013
MOST_VOLATILITY = 5.0
LEVELS, BETWEEN = 60, (0.8, 1.2)
NEW_YORK = ZoneInfo("America/New_York")
YEAR = 365 * 86_400
SIDES = (("Calls", "IV", "Open Interest", 1), ("Puts", "IV.1", "Open Interest.1", -1))
"""How pandas calls the columns of either side, and the sign of its gamma."""

CachedFigure = tuple[float, dict[float, float], list[float]]


def head(path: str) -> tuple[float, float]:
    """Spot, and the moment in Unix seconds."""
    with Path(path).open(encoding="utf-8") as lines:
        _, second, third = (next(lines) for _ in range(3))
    spot = float(second.split("Last:")[1].split(",")[0])
    date = third.split("Date:")[1].split(",Bid")[0].strip(' "').removesuffix(" EST")
    return spot, datetime.strptime(date, "%B %d, %Y at %I:%M %p").replace(tzinfo=NEW_YORK).timestamp()


def expiry(option: str) -> float:
    """The instant at which a contract expires, from its OCC symbol."""
    root, day = option[:-15], option[-15:-9]
    when = datetime.strptime(day, "%y%m%d").replace(tzinfo=NEW_YORK)
    return when.replace(hour=9, minute=30).timestamp() if root == "SPX" else when.replace(hour=16).timestamp()


def by_rows(path: str) -> CachedFigure:
    """A table, and a function applied to each of its rows."""
    spot, now = head(path)
    table = pd.read_csv(path, skiprows=3)
    sides = [
        pd.DataFrame(
            {
                "option": table[option],
                "strike": table["Strike"],
                "iv": table[iv],
                "oi": table[interest],
                "sign": sign,
            }
        )
        for option, iv, interest, sign in SIDES
    ]
    chain = pd.concat(sides)
    chain["years"] = chain["option"].apply(lambda option: (expiry(option) - now) / YEAR)
    chain = chain[(chain["years"] > 0) & chain["iv"].between(0, MOST_VOLATILITY, "right") & (chain["oi"] > 0)]

    def gex(row: pd.Series, price: float) -> float:
        deviation = row["iv"] * math.sqrt(row["years"])
        drift = (RATE - DIVIDEND + row["iv"] ** 2 / 2) * row["years"]
        d1 = (math.log(price / row["strike"]) + drift) / deviation
        density = math.exp(-DIVIDEND * row["years"] - d1 * d1 / 2) / math.sqrt(2 * math.pi)
        gamma = density / (price * deviation)
        return float(row["sign"] * gamma * row["oi"] * 100 * price * price * 0.01)

    chain["gex"] = chain.apply(lambda row: gex(row, spot), axis=1)
    strikes = chain.groupby("strike")["gex"].sum().to_dict()
    prices = np.linspace(BETWEEN[0] * spot, BETWEEN[1] * spot, LEVELS)
    profile = [chain.apply(lambda row, price=price: gex(row, price), axis=1).sum() for price in prices]
    return float(chain["gex"].sum()), strikes, profile


def in_arrays(path: str) -> CachedFigure:
    """The csv module, and an expression over whole columns for each price."""
    spot, now = head(path)
    instants: dict[str, float] = {}
    rows = []
    with Path(path).open(newline="", encoding="utf-8") as lines:
        reader = csv.reader(lines)
        for _ in range(4):
            next(reader)
        for row in reader:
            for at, sign in ((1, 1.0), (12, -1.0)):
                key = row[at][:-9]
                if key not in instants:
                    instants[key] = expiry(row[at])
                rows.append((float(row[11]), sign, instants[key], float(row[at + 6]), float(row[at + 9])))
    strike, sign, instant, iv, interest = np.array(rows).T
    years = (instant - now) / YEAR
    kept = (years > 0) & (iv > 0) & (iv <= MOST_VOLATILITY) & (interest > 0)
    strike, sign, years, iv, interest = (column[kept] for column in (strike, sign, years, iv, interest))

    def gex(price: float) -> np.ndarray:
        deviation = iv * np.sqrt(years)
        d1 = (np.log(price / strike) + (RATE - DIVIDEND + iv**2 / 2) * years) / deviation
        density = np.exp(-DIVIDEND * years - d1**2 / 2) / np.sqrt(2 * np.pi)
        return sign * density / (price * deviation) * interest * 100 * price**2 * 0.01

    here = gex(spot)
    strikes, place = np.unique(strike, return_inverse=True)
    prices = np.linspace(BETWEEN[0] * spot, BETWEEN[1] * spot, LEVELS)
    by_strike = dict(zip(strikes.tolist(), np.bincount(place, here).tolist(), strict=True))
    return float(here.sum()), by_strike, [float(gex(price).sum()) for price in prices]


def main() -> None:
    ways: dict[str, Callable[[str], CachedFigure]] = {"pandas": by_rows, "numpy": in_arrays}
    for line in sys.stdin:
        way, _, path = line.strip().partition(" ")
        begin = time.perf_counter()
        net, strikes, profile = ways[way](path)
        taken = (time.perf_counter() - begin) * 1e3
        print(json.dumps([taken, net, list(strikes.items()), profile]), flush=True)


if __name__ == "__main__":
    main()
