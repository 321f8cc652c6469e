"""Between protobuf messages and the values of the domain. Nothing else in the server sees a message.

One file, in the contract's order.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.dispatch.batch.types import MIXED, Answer, BatchAnswer, Column
from basketgex_server.dispatch.lookups import CachedFigure, Lookup
from basketgex_server.dispatch.quota import QuotaStatus
from basketgex_server.dispatch.sessions import distant
from basketgex_server.domain import (
    SPOT_AGREES,
    SPOT_STALE,
    SPOT_THIN,
    ExpiryRow,
    Forward,
    Measures,
    Origin,
    StrikeRow,
    near_flip,
)
from basketgex_server.errors import BasketgexError
from basketgex_server.stores.port import DebitCounts

if TYPE_CHECKING:
    from basketgex.home_settings import HomeSettings
    from basketgex_server.dispatch.regime_history import Standings
    from basketgex_server.exposure.levels import Levels


_SPOT = {
    "": pb.SPOT_STATUS_UNSPECIFIED,
    SPOT_AGREES: pb.SPOT_STATUS_AGREES,
    SPOT_STALE: pb.SPOT_STATUS_STALE,
    SPOT_THIN: pb.SPOT_STATUS_THIN_QUOTES,
}


def problem(error: BasketgexError) -> pb.Problem:
    """Return an error as it stands in a reply."""
    return pb.Problem(
        code=error.code,
        reason=error.reason,
        sentence=error.sentence,
        argument=error.argument,
        retry_after=error.retry_after,
    )


def basket_reply(answer: Answer) -> pb.GetBasketResponse:
    """Return an answered basket, one row per constituent."""
    e = answer.exposure
    basket = pb.Basket(
        net=_measures(e.net),
        regime=regime_of(e.net.gex),
        net_to_gross=e.net_to_gross,
        missing_symbols=e.missing,
        unweighted_symbols=answer.question.unweighted,
        covered_weight=e.covered_weight,
        negative_names=e.negative_names,
        negative_weight=e.negative_weight,
        usable_open_interest=e.usable_open_interest,
        as_of=answer.as_of,
        as_of_newest=answer.as_of_newest,
        as_of_mixed=answer.as_of_newest - answer.as_of > MIXED,
        oi_as_of=answer.oi_as_of,
        fetched_at=answer.fetched_at,
        freshness=_freshness(answer.freshness),
        client_ttl=answer.ttl,
        notice=answer.notice,
        missing_reasons=answer.reasons if any(answer.reasons) else (),
        as_of_distant=answer.distant,
        balance=e.balance,
        near_flip=near_flip(e.balance),
    )
    for c in e.constituents:
        x = c.exposure
        basket.constituents.add(
            symbol=x.symbol,
            weight=c.weight,
            underlying_price=x.underlying_price,
            net=_measures(x.net),
            contribution_pct=c.contribution_pct,
            regime=regime_of(x.net.gex),
            as_of=x.as_of,
            freshness=_freshness(answer.found[x.symbol].freshness),
            usable_open_interest=x.usable_open_interest,
            oi_as_of=x.oi_as_of,
            fetched_at=answer.found[x.symbol].snapshot.fetched_at,
            entitlement_unverified=x.unverified,
            spot_status=_SPOT[x.spot_status],
            spot_correction=math.expm1(x.spot_correction),
            remark=x.remark,
            gross_gex=x.gross_gex,
            balance=x.balance,
            near_flip=near_flip(x.balance),
        )
    return pb.GetBasketResponse(basket=basket, origin=origin(answer.origin), debits=answer.debits)


def batch_reply(answer: BatchAnswer) -> pb.BatchGetBasketsResponse:
    """Return an answered batch as columns."""
    exposures = [f.snapshot.exposure for f in answer.symbols]
    gex, dex, vex, chex = _columns((e.net for e in exposures), 4)
    return pb.BatchGetBasketsResponse(
        symbols=pb.SymbolColumns(
            symbol=[e.symbol for e in exposures],
            underlying_price=[e.underlying_price for e in exposures],
            gex=gex,
            dex=dex,
            vex=vex,
            chex=chex,
            as_of=[e.as_of for e in exposures],
            freshness=[_freshness(f.freshness) for f in answer.symbols],
            usable_open_interest=[e.usable_open_interest for e in exposures],
            oi_as_of=[e.oi_as_of for e in exposures],
            fetched_at=[f.snapshot.fetched_at for f in answer.symbols],
            entitlement_unverified=[e.unverified for e in exposures],
            spot_status=[_SPOT[e.spot_status] for e in exposures],
            spot_correction=[math.expm1(e.spot_correction) for e in exposures],
            remark=_said([e.remark for e in exposures]),
            gross_gex=[e.gross_gex or 0.0 for e in exposures],
        ),
        baskets=pb.BasketColumns(
            gex=_plain(answer.net[0]),
            dex=_plain(answer.net[1]),
            vex=_plain(answer.net[2]),
            chex=_plain(answer.net[3]),
            net_to_gross=_plain(answer.net_to_gross),
            covered_weight=_plain(answer.covered_weight),
            negative_names=_plain(answer.negative_names),
            negative_weight=_plain(answer.negative_weight),
            usable_open_interest=_plain(answer.usable_open_interest),
            as_of=_plain(answer.as_of),
            as_of_newest=_plain(answer.as_of_newest),
            oi_as_of=_plain(answer.oi_as_of),
            fetched_at=_plain(answer.fetched_at),
            freshness=_plain(answer.freshness),
            client_ttl=_plain(answer.ttl),
            notice_index=_plain(answer.notice_index),
            as_of_distant=_distant(_plain(answer.as_of), _plain(answer.as_of_newest)),
        ),
        offsets=_plain(answer.offsets),
        symbol_index=_plain(answer.symbol_index),
        weights=_plain(answer.weights),
        contribution_pct=_plain(answer.contribution_pct),
        missing_symbols=answer.missing,
        missing_offsets=_plain(answer.missing_offsets),
        missing_index=_plain(answer.missing_index),
        missing_reasons=_said(answer.missing_reasons),
        errors=_errors(answer.errors),
        origin=origin(answer.origin),
        notices=answer.notices,
        debits=answer.debits,
        usable_until=answer.usable_until,
    )


def watch_reply(changed: Sequence[int], answer: BatchAnswer, standings: Standings) -> pb.WatchBasketsResponse:
    """Return what changed: row i of answer and standings is basket ``changed[i]`` of the request."""
    return pb.WatchBasketsResponse(changed=changed, baskets=batch_reply(answer), regimes=_regimes(standings))


def regimes_reply(
    standings: Standings, errors: Mapping[int, BasketgexError], ttl: float
) -> pb.GetRegimesResponse:
    """Return since when baskets have been in their regime."""
    return pb.GetRegimesResponse(regimes=_regimes(standings), errors=_errors(errors), client_ttl=ttl)


def levels(known: Levels) -> pb.Levels:
    """Return an underlying's levels; a level that was not found is absent."""
    return pb.Levels(**{field.name: getattr(known, field.name) for field in pb.Levels.DESCRIPTOR.fields})


def symbol_reply(
    found: CachedFigure, lookup: Lookup, per_strike: bool, per_expiry: bool = False
) -> pb.GetSymbolResponse:
    """Return one underlying's figures, calls and puts apart where the source has them apart."""
    e = found.snapshot.exposure
    reply = pb.GetSymbolResponse(
        symbol=e.symbol,
        underlying_price=e.underlying_price,
        net=_measures(e.net),
        usable_open_interest=e.usable_open_interest,
        regime=regime_of(e.net.gex),
        as_of=e.as_of,
        oi_as_of=e.oi_as_of,
        fetched_at=found.snapshot.fetched_at,
        freshness=_freshness(found.freshness),
        client_ttl=found.ttl,
        notice=found.notice,
        remark=e.remark,
        origin=origin(lookup.origin),
        debits=lookup.debits,
        spot_status=_SPOT[e.spot_status],
        spot_correction=math.expm1(e.spot_correction),
        balance=e.balance,
        near_flip=near_flip(e.balance),
    )
    if e.call is not None and e.put is not None:
        reply.sides.CopyFrom(pb.SideMeasures(call=_measures(e.call), put=_measures(e.put)))
    if e.rows is not None:
        reply.rows.CopyFrom(pb.RowCounts(**e.rows._asdict()))
    if per_strike:
        rows = tuple(e.strikes)
        reply.strikes.CopyFrom(pb.StrikeColumns(strike=[r.strike for r in rows], **_sides(rows)))
    if per_expiry:
        reply.expiries.CopyFrom(_expiries(tuple(e.expiries)))
        if e.expiries:
            reply.zero_dte.CopyFrom(_measures(e.zero_dte))
        if e.forwards:
            columns = zip(Forward._fields, zip(*e.forwards, strict=True), strict=True)
            reply.forwards.CopyFrom(pb.ForwardColumns(**dict(columns)))
    return reply


def origin(value: Origin) -> pb.Origin:
    """Return an origin without its location, which is nobody's business."""
    return pb.Origin(
        source=value.source,
        label=value.label,
        synthetic=value.synthetic,
        historical=value.historical,
        convention=value.convention,
        rate=value.rate,
        dividend_yield=value.dividend_yield,
        stock_dividend_yield=value.of_stocks,
        day_count=value.day_count,
        chex=value.chex,
        by_symbol=value.by_symbol,
    )


def settings(found: HomeSettings) -> pb.Settings:
    """Return the settings of a home."""
    return pb.Settings(
        settings=[
            pb.Setting(
                name=s.name,
                value=s.value,
                default_value=s.default,
                given_by=s.given_by,
                choices=s.choices,
                explanation=s.explanation,
                needs_restart=s.needs_restart,
            )
            for s in found.by_name.values()
        ],
        key_place=found.key_place,
        key_problem=found.key_problem,
        notice=found.notice,
    )


def quota(found: QuotaStatus, spent: DebitCounts) -> pb.Quota:
    """Return the day's quota, and what was saved."""
    return pb.Quota(
        plan=found.plan,
        limit=found.limit or 0,
        used=found.used,
        left=-1 if found.left is None else found.left,
        unlimited=found.unlimited,
        resets_at=found.resets_at,
        saved=spent.answered_today - spent.today,
    )


def _regimes(standings: Standings) -> pb.RegimeColumns:
    return pb.RegimeColumns(  # the history numbers them as the contract does
        regime=standings.regime,  # type: ignore[arg-type]
        since=standings.since,
        previous=standings.previous,  # type: ignore[arg-type]
        known_from=standings.known_from,
    )


def _errors(errors: Mapping[int, BasketgexError]) -> list[pb.BasketError]:
    return [pb.BasketError(basket=b, problem=problem(e)) for b, e in sorted(errors.items())]


def _expiries(rows: tuple[ExpiryRow, ...]) -> pb.ExpiryColumns:
    return pb.ExpiryColumns(
        expiry=[r.expiry for r in rows],
        zero_dte=[r.zero_dte for r in rows],
        dividend_yield=[r.dividend_yield for r in rows],
        **_sides(rows),
    )


def _sides(rows: tuple[StrikeRow, ...] | tuple[ExpiryRow, ...]) -> dict[str, list[float]]:
    call, put = _columns((r.call for r in rows), 4), _columns((r.put for r in rows), 4)
    columns = {"call_open_interest": [r.call_open_interest for r in rows]}
    columns["put_open_interest"] = [r.put_open_interest for r in rows]
    for m, name in enumerate(Measures._fields):
        columns[f"call_{name}"], columns[f"put_{name}"] = call[m], put[m]
    return columns


def _plain(column: Column) -> list[Any]:
    # Protobuf takes a list some three times as fast as an array.
    plain: list[Any] = column if isinstance(column, list) else column.tolist()
    return plain


def _columns(rows: Iterable[tuple[float, ...]], width: int) -> list[list[float]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _said(texts: list[str]) -> list[str]:
    """Return texts, or none at all where none says anything: as nearly always."""
    return texts if any(texts) else []


def _distant(oldest: list[float], newest: list[float]) -> list[bool]:
    """Likewise of baskets whose figures lie more than a trading day apart."""
    if oldest == newest:
        return []
    found = [distant(a, b) for a, b in zip(oldest, newest, strict=True)]
    return found if any(found) else []


def _measures(m: Measures) -> pb.Measures:
    return pb.Measures(gex=m.gex, dex=m.dex, vex=m.vex, chex=m.chex)


def regime_of(gex: float) -> pb.Regime.ValueType:
    """Return the contract's name of a regime."""
    return pb.REGIME_POSITIVE_GAMMA if gex >= 0 else pb.REGIME_NEGATIVE_GAMMA


def _freshness(value: int) -> pb.Freshness.ValueType:
    return pb.Freshness.ValueType(value)  # the domain numbers them as the contract does
