"""Chain files to columns: a Cboe CSV against a loop over the ``csv`` module, Cboe JSON against ``json.loads``.

Both sides of the CSV row end with the same columns: strike, side, expiry, volatility, open interest, bid and ask. The files are
drawn here, in the shape of SPX's: 19,156 and 20,000 contracts.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from basketgex_server.sources.files.reader import read
from benchmarks.pairs import Result, compare

CONTRACTS = 19_156
REPLY_CONTRACTS = 20_000
HEADINGS = "Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike," + (
    "Puts,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest"
)
TURNS = 5


def measure(folder: Path) -> Iterator[Result]:
    download, reply = folder / "SPX_bench.csv", folder / "_SPX_bench.json"
    download.write_text(_download(), "utf-8")
    reply.write_text(_reply(), "utf-8")
    assert len(read(download, "SPX")) == len(_loop(download)) == CONTRACTS
    assert len(read(reply, "SPX")) == REPLY_CONTRACTS

    what = f"Cboe CSV of {CONTRACTS:,} contracts to columns"
    against = "a csv module loop to the same columns"
    yield compare(what, against, 1 / 5, _time(lambda: read(download, "SPX")), _time(lambda: _loop(download)))
    what = f"Cboe JSON of {REPLY_CONTRACTS:,} contracts to columns"
    loads = _time(lambda: json.loads(reply.read_bytes()))
    yield compare(what, "json.loads", 0.3, _time(lambda: read(reply, "SPX")), loads)


def _time(work: Callable[[], object]) -> Callable[[], float]:
    def taken() -> float:
        times = []
        for _ in range(TURNS):
            begin = time.perf_counter()
            work()
            times.append(time.perf_counter() - begin)
        return sorted(times)[TURNS // 2] * 1e3

    return taken


def _loop(path: Path) -> np.ndarray:
    """Read a download as a careful script does: row by row, one parse a day, floats as they come."""
    days: dict[str, float] = {}
    columns: list[tuple[float, bool, float, float, float, float, float]] = []
    with path.open(newline="", encoding="utf-8") as lines:
        rows = csv.reader(lines)
        for _ in range(4):
            next(rows)
        for row in rows:
            for at in (1, 12):
                option = row[at]
                root, day = option[:-15], option[-15:-9]
                if option[:-9] not in days:
                    when = datetime.strptime(day, "%y%m%d").replace(
                        hour=9 if root == "SPX" else 16, tzinfo=ZoneInfo("America/New_York")
                    )
                    days[option[:-9]] = when.timestamp()
                columns.append(
                    (
                        int(option[-8:]) / 1000.0,
                        option[-9] == "C",
                        days[option[:-9]],
                        float(row[at + 6]),
                        float(row[at + 9]),
                        float(row[at + 3]),
                        float(row[at + 4]),
                    )
                )
    return np.array(columns)


def _contracts(count: int) -> Iterator[tuple[date, str, int]]:
    """Yield day, root and strike of so many pairs of a call and a put: some fifty expiries, some two hundred strikes each."""
    day, made, per_day = date(2022, 12, 13), 0, count // 48
    while made < count:
        day += timedelta(2)
        for place in range(min(per_day, count - made)):
            yield day, "SPX" if 15 <= day.day <= 21 else "SPXW", 2000 + 20 * place
            made += 1


def _download() -> str:
    draw = np.random.default_rng(11)
    lines = [
        "",
        "Standard & Poors 500 Index,Last: 3990.5601,Change:  56.1801",
        '"Date: December 12, 2022 at 8:30 PM EST",Bid: 3962.01,Ask: 4016.6299,Size: 1*1,Volume: 0',
        HEADINGS,
    ]
    for day, root, strike in _contracts(CONTRACTS // 2):
        cells = [f"{day:%a %b %d %Y}"]
        for side in "CP":
            price, interest = draw.uniform(0, 900), int(draw.exponential(600))
            cells += [f"{root}{day:%y%m%d}{side}{strike * 1000:08d}", f"{price:.2f}", "0", f"{price:.1f}"]
            cells += [f"{price + 1:.1f}", "0", f"{draw.uniform(0.1, 0.9):.4f}", f"{draw.uniform(-1, 1):.4f}"]
            cells += ["0.0004", str(interest)] + ([f"{strike:.2f}"] if side == "C" else [])
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def _reply() -> str:
    draw = np.random.default_rng(12)
    options = [
        {
            "option": f"{root}{day:%y%m%d}{side}{strike * 1000:08d}",
            "bid": round(draw.uniform(0, 900), 2),
            "bid_size": 7.0,
            "ask": 811.1,
            "ask_size": 7.0,
            "iv": round(draw.uniform(0.1, 0.9), 4),
            "open_interest": float(draw.integers(0, 5000)),
            "volume": 0.0,
            "delta": 0.9974,
            "gamma": 0.0001,
            "theta": -0.0076,
            "rho": 0.8063,
            "vega": 0.0081,
            "theo": 812.0703,
            "change": 0.0,
            "open": 0.0,
            "high": 0.0,
            "low": 0.0,
            "tick": "up",
            "last_trade_price": 860.9,
            "last_trade_time": "2022-12-12T09:49:31",
            "percent_change": 0.0,
            "prev_day_close": 833.399993896484,
        }
        for day, root, strike in _contracts(REPLY_CONTRACTS // 2)
        for side in "CP"
    ]
    data = {"options": options, "current_price": 3990.56, "last_trade_time": "2022-12-12T16:15:00"}
    return json.dumps({"timestamp": "2022-12-13 01:30:00", "data": data})
