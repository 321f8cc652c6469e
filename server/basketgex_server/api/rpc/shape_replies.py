"""Replies about the shape of a basket, and about the max pain of one name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.api.rpc import messages
from basketgex_server.dispatch.batch.types import Answer
from basketgex_server.dispatch.shape_queries import ExpectedMove
from basketgex_server.domain import Measures

if TYPE_CHECKING:  # numpy comes with it
    from collections.abc import Sequence

    from basketgex_server.dispatch.change_queries import Changed
    from basketgex_server.dispatch.flow_queries import Book
    from basketgex_server.dispatch.history_queries import Standing
    from basketgex_server.dispatch.volume_queries import Traded
    from basketgex_server.exposure.flows import Flow
    from basketgex_server.exposure.max_pain import MaxPain
    from basketgex_server.exposure.shape import ExpiryBucket, MoveBucket, Walls


def standing(answer: Answer) -> pb.Standing:
    """Return which names an answer is made of, and of when."""
    names = answer.exposure.constituents
    return pb.Standing(
        symbols=[c.exposure.symbol for c in names],
        weights=[c.weight for c in names],
        missing_symbols=answer.exposure.missing,
        covered_weight=answer.exposure.covered_weight,
        as_of=answer.as_of,
        as_of_newest=answer.as_of_newest,
        freshness=pb.Freshness.ValueType(answer.freshness),
        client_ttl=answer.ttl,
        notice=" ".join(dict.fromkeys(filter(None, (answer.notice, *answer.reasons)))),
        debits=answer.debits,
    )


def expiries_reply(answer: Answer, rows: Sequence[ExpiryBucket]) -> pb.GetExpiriesResponse:
    """Return a basket by time to expiry."""
    columns = {name: [row.net[m] for row in rows] for m, name in enumerate(Measures._fields)}
    buckets = pb.ExpiryBuckets(
        first_day=[row.first_day for row in rows],
        last_day=[-1 if row.last_day is None else row.last_day for row in rows],
        gross_share=[row.gross_share for row in rows],
        rolled_off=[row.rolled_off for row in rows],
        **columns,
    )
    return pb.GetExpiriesResponse(
        buckets=buckets, standing=standing(answer), origin=messages.origin(answer.origin)
    )


def strikes_reply(answer: Answer, rows: Sequence[MoveBucket], walls: Walls) -> pb.GetStrikesResponse:
    """Return a basket by the distance of strikes from spot."""
    columns = {
        f"{side}_{name}": [getattr(row, side)[m] for row in rows]
        for side in ("call", "put")
        for m, name in enumerate(Measures._fields)
    }
    return pb.GetStrikesResponse(
        buckets=pb.MoveBuckets(move=[row.move for row in rows], **columns),
        call_wall=walls.call,
        put_wall=walls.put,
        standing=standing(answer),
        origin=messages.origin(answer.origin),
    )


def max_pain_reply(answer: Answer, found: MaxPain) -> pb.GetMaxPainResponse:
    """Return the max pain of one name."""
    columns = ("strikes", "call_pain", "put_pain", "call_open_interest", "put_open_interest")
    return pb.GetMaxPainResponse(
        strike=found.strike,
        underlying_price=answer.exposure.constituents[0].exposure.underlying_price,
        standing=standing(answer),
        origin=messages.origin(answer.origin),
        **{name: getattr(found, name).tolist() for name in columns},
    )


def expected_move_reply(answer: Answer, found: ExpectedMove) -> pb.GetExpectedMoveResponse:
    """Return how far a basket is expected to move."""
    return pb.GetExpectedMoveResponse(
        expected_move=found.value,
        expected_move_low=found.low,
        expected_move_high=found.high,
        at_zero=found.at_zero,
        at_one=found.at_one,
        correlation=found.correlation,
        correlation_low=found.lowest,
        correlation_high=found.highest,
        correlation_status=found.status,
        volatility=found.volatilities,
        standing=standing(answer),
        origin=messages.origin(answer.origin),
    )


def flow_reply(asked: Book, answer: Answer, found: Flow) -> pb.GetFlowResponse:
    """Return the flow of a book."""
    return pb.GetFlowResponse(
        flow=pb.FlowColumns(
            net=found.net,
            gross=found.gross,
            long_leg=found.long_leg,
            short_leg=found.short_leg,
            dealers=found.dealers or (),
            days_of_volume=found.days_of_volume or (),
        ),
        money=[asked.money[c.exposure.symbol] for c in answer.exposure.constituents],
        adv_covered=found.adv_covered,
        standing=standing(answer),
        origin=messages.origin(answer.origin),
    )


def change_reply(answer: Answer, found: Changed) -> pb.GetChangeResponse:
    """Return what made the change of a basket."""
    return pb.GetChangeResponse(
        before=found.change.before,
        after=found.change.after,
        since=found.since,
        since_newest=found.since_newest,
        standing=standing(answer),
        origin=messages.origin(answer.origin),
        **found.change.parts._asdict(),
    )


def history_reply(answer: Answer, found: Standing) -> pb.GetHistoryResponse:
    """Return how a basket stood on the days before."""
    rows = found.closes
    balance = [row.balance for row in rows]
    measures = {name: [getattr(row, name) for row in rows] for name in Measures._fields}
    known = [] if None in balance else balance
    return pb.GetHistoryResponse(
        closes=pb.CloseColumns(as_of=[row.as_of for row in rows], balance=known, **measures),  # type: ignore[arg-type]
        gex=pb.Rank(**found.gex._asdict()),
        balance=pb.Rank(**found.balance._asdict()),
        standing=standing(answer),
        origin=messages.origin(answer.origin),
    )


def volume_gex_reply(answer: Answer, found: Traded) -> pb.GetVolumeGexResponse:
    """Return a basket's GEX by what was traded."""
    return pb.GetVolumeGexResponse(
        call_gex=found.call,
        put_gex=found.put,
        open_interest_gex=found.open_interest,
        call_volume=[own.call_volume for own in found.of_names],
        put_volume=[own.put_volume for own in found.of_names],
        standing=standing(answer),
        origin=messages.origin(answer.origin),
    )
