"""What three replicas spend together: on bursts against the least there is, on a trace against one server that is embedded."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain, count
from pathlib import Path

from benchmarks.asking import Client, answered, request_of
from benchmarks.pairs import Result, compare
from tests.e2e.desk.replicas import PLENTY, overlapping, replica
from tests.e2e.serving import Server
from tests.standin.upstream import Upstream

AGELESS = {"refresh_after": 86_400, "expire_after": 86_400, "max_calls_per_request": 200}
"""Settings by which nothing grows old, and no request is too large."""
LATENCY = 0.150
"""Seconds of a source call."""
PER_CALL = 50
ROUNDS = 10
SPREAD = 3.0
TRACED = 300
"""Names that are asked for over so many seconds."""


def measure(folder: Path, three: Sequence[Server], upstream: Upstream) -> Iterator[Result]:
    """Have a desk of three and one server alone asked for the same."""
    upstream.latency = LATENCY
    with ExitStack() as stack:
        sheets = [stack.enter_context(Client(server)) for server in three for _ in range(2)]
        for sheet in sheets:
            sheet.cell("FIRST")  # as long as nothing is known of the quota one call leaves alone
        begun = len(upstream.calls)
        yield from _bursts(sheets, upstream)
        source = stack.enter_context(Upstream(limit=PLENTY))
        source.latency = LATENCY
        server = stack.enter_context(replica(folder / "traced", "", source, **AGELESS))
        alone = [stack.enter_context(Client(server)) for _ in sheets]
        alone[0].cell("FIRST")
        ours, theirs = (_traces(*side) for side in ((sheets, upstream), (alone, source)))
        yield compare(
            f"debits of three replicas for {TRACED} names that are asked for over {SPREAD:.0f} s",
            "one embedded server",
            1.1,
            lambda: float(next(ours)),
            lambda: float(next(theirs)),
            unit="debits",
            pairs=5,
        )
        asked = Counter(chain.from_iterable(call.symbols for call in upstream.calls[begun:]))
        twice = float(sum(times > 1 for times in asked.values()))
        yield Result(
            "symbols that three replicas have asked for twice meanwhile",
            "-",
            0.0,
            twice,
            twice,
            0.0,
            "symbols",
        )


def _bursts(sheets: Sequence[Client], upstream: Upstream) -> Iterator[Result]:
    chance, worst = random.Random(7), 0.0
    for size in (45, 180, 500):
        spent, least = [], math.ceil(size / PER_CALL)
        for number in range(ROUNDS):
            asked = overlapping([f"N{size}X{number}X{n}" for n in range(size)], chance)
            requests = [request_of(own[half::2]) for own in asked for half in (0, 1)]
            before = upstream.debits
            answered([sheet.batch(request) for sheet, request in zip(sheets, requests, strict=True)])
            spent.append(float(upstream.debits - before))
        worst = max(worst, *(debits - least for debits in spent))
        most = sorted(spent)[ROUNDS * 9 // 10 - 1]
        what = f"debits of a burst of {size} names over three replicas, the most in 9 rounds of 10"
        yield Result(what, "⌈names ÷ 50⌉", 1.0, most / least, most, float(least), "debits")
    yield Result(
        "debits above ⌈names ÷ 50⌉ in the worst of these bursts", "-", 1.0, worst, worst, 0.0, "debits"
    )


def _traces(sheets: Sequence[Client], upstream: Upstream) -> Iterator[int]:
    """Ask for the same names at the same moments, whoever is asked; give the debits of each time."""
    for number in count():
        chance = random.Random(number)
        names = [f"T{number}X{n}" for n in range(TRACED)]
        baskets = [[*names[n : n + 10], *chance.sample(names, 5)] for n in range(0, TRACED, 10)]
        moments = sorted(chance.uniform(0, SPREAD) for _ in baskets)
        before, begin = upstream.debits, time.perf_counter()
        replies = []
        for basket, moment in zip(baskets, moments, strict=True):
            if (early := begin + moment - time.perf_counter()) > 0:
                time.sleep(early)
            replies.append(chance.choice(sheets).batch(request_of([list(dict.fromkeys(basket))])))
        answered(replies)
        yield upstream.debits - before
