"""A folder of chain files, as many as wanted, in the shape of a liquid name's: drawn once, then written under each name."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from pathlib import Path
from string import ascii_uppercase

import numpy as np

FIRST = date(2026, 7, 10)
SPOT = 2_000
HEAD = (
    "\n"
    "A Name,Last: 2000.00,Change:  1.0\n"
    f'"Date: {FIRST:%B %d, %Y} at 10:00 AM EDT",Bid: 1999.9,Ask: 2000.1,Size: 1*1,Volume: 0\n'
    "Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,"
    "Puts,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest\n"
)


def names(count: int) -> list[str]:
    """Return so many symbols of four letters."""
    return [
        "Q" + "".join(rest) for rest, _ in zip(product(ascii_uppercase, repeat=3), range(count), strict=False)
    ]


def write(folder: Path, symbols: list[str], contracts: int, expiries: int) -> None:
    """Write a Cboe download for each symbol; the first expiry is today's, and the nearer ones have the closer strikes."""
    folder.mkdir()
    text = _body(contracts, expiries)
    for symbol in symbols:
        (folder / f"{symbol}.csv").write_text(HEAD + text.replace("####", symbol))


def _body(contracts: int, expiries: int) -> str:
    draw = np.random.default_rng(7)
    lines = []
    pairs = contracts // 2
    for place in range(expiries):
        count = pairs // expiries + (place < pairs % expiries)
        day = FIRST + timedelta(7 * place)
        step = (1, 2, 5)[min(place * 3 // expiries, 2)]
        for strike in (SPOT + step * (n - count // 2) for n in range(count)):
            cells = [f"{day:%a %b %d %Y}"]
            for side in "CP":
                price = draw.uniform(0, 90)
                cells += [f"####{day:%y%m%d}{side}{strike * 1000:08d}", f"{price:.2f}", "0"]
                cells += [
                    f"{price:.2f}",
                    f"{price + 1:.2f}",
                    "0",
                    f"{draw.uniform(0.1, 0.9):.4f}",
                    "0.5",
                    "0.001",
                ]
                cells += [str(int(draw.exponential(600)) + 1)] + ([f"{strike}.00"] if side == "C" else [])
            lines.append(",".join(cells) + "\n")
    return "".join(lines)
