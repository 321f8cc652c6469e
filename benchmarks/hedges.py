"""What hedges cost: a ladder over many names against what each pair needs at least, and 200 baskets asked at once.

A pair is a contract at one price; its delta needs one exponential and one normal distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

import numpy as np
from scipy.special import ndtr

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.domain import Terms
from basketgex_server.exposure.chain import YEAR, Chain
from basketgex_server.exposure.hedging import Hedged, Scenario, ladder
from basketgex_server.sources.sample.names import BY_SYMBOL
from basketgex_server.sources.sample.provider import Sample
from benchmarks.calls import Peer, serving
from benchmarks.pairs import Result, compare, time_of

NAMES, CONTRACTS = 50, 3_000
MOVES = np.linspace(-0.05, 0.05, 11)
BASKETS, MEMBERS = 200, 10
TERMS = Terms("flashalpha", 0.045, 0.0)


def measure(folder: Path) -> Iterator[Result]:
    members = [Hedged(chain(number), TERMS) for number in range(NAMES)]
    scenarios = [Scenario(move) for move in MOVES]
    yield compare(
        f"hedges at {len(MOVES)} moves of {NAMES} names of {CONTRACTS:,} contracts",
        "one np.exp plus one ndtr a pair",
        1.5,
        lambda: time_of(lambda: ladder(members, scenarios)),
        floor([CONTRACTS] * NAMES),
    )
    yield from _at_once(folder / "hedges")


def chain(seed: int) -> Chain:
    """A name at 100 with expiries from a day to two years."""
    draw = np.random.default_rng(seed)
    return Chain(
        symbol=f"N{seed}",
        spot=100.0,
        as_of=0.0,
        strike=np.round(np.exp(draw.normal(4.6, 0.3, CONTRACTS))),
        is_call=draw.random(CONTRACTS) < 0.5,
        expiry=draw.uniform(1 / 365, 2.0, CONTRACTS) * YEAR,
        volatility=draw.uniform(0.1, 0.8, CONTRACTS),
        open_interest=draw.integers(1, 10_000, CONTRACTS).astype(np.float64),
    )


def _at_once(home: Path) -> Iterator[Result]:
    """Baskets whose names are known, each with a ladder: repriced for the first time, and again."""
    names = list(BY_SYMBOL)[:NAMES]
    sizes = [len(found.strike) for name in names if (found := Sample().chain(name))]
    fresh = count(1)
    with serving("real", home) as address:
        peer = Peer(home, address)

        def hedges(shift: float) -> list[pb.GetHedgeRequest]:
            return [
                pb.GetHedgeRequest(
                    symbols=[names[(basket + 7 * place) % NAMES] for place in range(MEMBERS)],
                    weights=[1.0 + basket % 3] * MEMBERS,
                    move=MOVES + shift,
                )
                for basket in range(BASKETS)
            ]

        def all_of(call: Callable[..., object], asked: Sequence[object]) -> float:
            def work() -> None:
                for future in [call.future(one, metadata=peer.token, timeout=60) for one in asked]:  # type: ignore[attr-defined]
                    future.result()

            return time_of(work)

        def together(asked: Sequence[pb.GetHedgeRequest]) -> float:
            request = pb.BatchGetHedgesRequest(hedges=asked)
            return time_of(lambda: peer.service.BatchGetHedges(request, metadata=peer.token, timeout=60))

        again = hedges(0.0)
        reply = peer.service.GetHedge(again[0], metadata=peer.token, timeout=60).SerializeToString()
        echoes, least = [reply] * BASKETS, floor(sizes)
        what = f"hedges of {BASKETS} warm baskets at once, {MEMBERS} of {NAMES} names and {len(MOVES)} moves each"
        yield compare(
            f"{what}, first asked",
            f"{BASKETS} echoes, and one np.exp plus one ndtr a pair of each name",
            4.0,
            lambda: all_of(peer.service.GetHedge, hedges(next(fresh) * 1e-6)),
            lambda: all_of(peer.echo, echoes) + least(),
        )
        yield compare(
            f"{what}, asked again",
            f"{BASKETS} echoes",
            4.0,
            lambda: all_of(peer.service.GetHedge, again),
            lambda: all_of(peer.echo, echoes),
        )
        what = what.replace("at once", "in one batch")
        yield compare(
            f"{what}, first asked",
            f"{BASKETS} echoes, and one np.exp plus one ndtr a pair of each name",
            3.0,
            lambda: together(hedges(next(fresh) * 1e-6)),
            lambda: all_of(peer.echo, echoes) + least(),
        )
        yield compare(
            f"{what}, asked again",
            f"{BASKETS} echoes",
            2.0,
            lambda: together(again),
            lambda: all_of(peer.echo, echoes),
        )
        peer.channel.close()


def floor(sizes: Sequence[int]) -> Callable[[], float]:
    """One exponential and one distribution for each contract at each move, a name's in the cache."""
    draw = np.random.default_rng(7)
    points = [draw.normal(0.0, 2.0, (len(MOVES), size)) for size in sizes]
    exponents = [-(of**2) / 2 for of in points]

    def work() -> None:
        for of, at in zip(exponents, points, strict=True):
            np.exp(of)
            ndtr(at)

    return lambda: time_of(work)
