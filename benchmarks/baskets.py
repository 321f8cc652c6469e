"""10,000 warm baskets, from the received message to the reply columns, against Python dict loops over the same."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.api.rpc import requests
from basketgex_server.dispatch.batch import arrays as columns
from basketgex_server.dispatch.lookups import CachedFigure, Lookup
from basketgex_server.domain import Freshness, Measures, Origin, Snapshot, SymbolExposure
from benchmarks.pairs import Result, compare

BASKETS = 10_000
SYMBOLS = 500
NAMES = 20


def measure(folder: Path) -> Iterator[Result]:
    draw = random.Random(7)
    tickers = [f"S{n}" for n in range(SYMBOLS)]
    exposures = {
        t: SymbolExposure(t, 100.0, Measures(*(draw.gauss(0, 1e9) for _ in range(4))), 0.0) for t in tickers
    }
    found = {t: CachedFigure(Snapshot(e, 0.0), Freshness.HISTORICAL, 30.0) for t, e in exposures.items()}
    lookup = Lookup(Origin("benchmark", "benchmark"), found, {}, {})
    index = [i for _ in range(BASKETS) for i in draw.sample(range(SYMBOLS), NAMES)]
    request = pb.BatchGetBasketsRequest.FromString(
        pb.BatchGetBasketsRequest(
            symbols=tickers,
            offsets=range(0, BASKETS * NAMES + 1, NAMES),
            symbol_index=index,
            weights=[draw.random() for _ in index],
        ).SerializeToString()
    )

    def arrays() -> float:
        begin = time.perf_counter()
        batch = requests.batch(request)
        answer = columns.assemble_all(columns.prepare(batch, 1_000), lookup)
        taken = (time.perf_counter() - begin) * 1e3
        assert len(answer.net[0]) == BASKETS
        return taken

    def loops() -> float:
        begin = time.perf_counter()
        answers = dict_loops(request, exposures)
        taken = (time.perf_counter() - begin) * 1e3
        assert len(answers) == BASKETS
        return taken

    yield compare(
        f"10,000 warm baskets of {NAMES}, received message to reply columns",
        "Python dict loops over the same",
        1 / 15,
        arrays,
        loops,
    )


def dict_loops(
    request: pb.BatchGetBasketsRequest, exposures: dict[str, SymbolExposure]
) -> list[dict[str, object]]:
    """The same answers as a careful person writes them first: a dict a row, a dict a basket."""
    symbols, offsets = list(request.symbols), list(request.offsets)
    index, given = list(request.symbol_index), list(request.weights)
    answers = []
    for begin, end in pairwise(offsets):
        weights: dict[str, float] = {}
        for i, w in zip(index[begin:end], given[begin:end], strict=True):
            weights[symbols[i]] = weights.get(symbols[i], 0.0) + w
        kept = {s: w for s, w in weights.items() if s in exposures}
        total, asked = sum(kept.values()), sum(weights.values())
        net = {"gex": 0.0, "dex": 0.0, "vex": 0.0, "chex": 0.0}
        gross, negative, negative_weight = 0.0, 0, 0.0
        rows = []
        for s, w in kept.items():
            e, share = exposures[s].net, w / total
            for name, value in zip(net, e, strict=True):
                net[name] += share * value
            gross += abs(share * e.gex)
            if e.gex < 0:
                negative += 1
                negative_weight += share
            rows.append({"symbol": s, "weight": share, "gex": e.gex})
        for row in rows:
            row["contribution_pct"] = 100.0 * abs(row["weight"] * row["gex"]) / gross if gross else 0.0
        answers.append(
            {
                **net,
                "rows": rows,
                "covered": total / asked,
                "missing": [s for s in weights if s not in exposures],
                "net_to_gross": net["gex"] / gross if gross else 0.0,
                "negative": negative,
                "negative_weight": negative_weight,
            }
        )
    return answers
