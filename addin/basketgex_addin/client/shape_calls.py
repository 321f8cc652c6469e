"""The client's calls about the shape of a basket, and what their responses say as values."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from basketgex_addin.cells import Ask, Problem
from basketgex_addin.cells.shape import (
    Change,
    ExpectedMove,
    Expiries,
    ExpiryBucket,
    Flow,
    MaxPain,
    MoveBucket,
    Moves,
    Past,
    Rank,
    Standing,
    VolumeGex,
)
from basketgex_addin.client.messages import keep_until, optional
from basketgex_addin.client.rpc import (
    GET_CHANGE,
    GET_EXPECTED_MOVE,
    GET_EXPIRIES,
    GET_FLOW,
    GET_HISTORY,
    GET_MAX_PAIN,
    GET_STRIKES,
    GET_VOLUME_GEX,
    M,
    R,
    Rpc,
    basket_fields,
)

if TYPE_CHECKING:
    from basketgex.v1 import exposure_pb2 as pb

A = TypeVar("A")


class ShapeCalls:
    """The methods of a client that ask so. None of them raises."""

    @abstractmethod
    def _call(self, rpc: Rpc[M, R], read: Callable[[R], A | Problem], **values: object) -> A | Problem:
        """Return what a call's response says."""

    def expiries(self, ask: Ask, *, each_day: bool = False) -> Expiries | Problem:
        """Return a basket by time to expiry, in buckets or a row for every day."""
        return self._call(GET_EXPIRIES, _expiries, **basket_fields(ask), each_day=each_day)

    def moves(self, ask: Ask, step: float = 0.01) -> Moves | Problem:
        """Return a basket by the distance of strikes from each name's spot, in steps of it."""
        return self._call(GET_STRIKES, _moves, **basket_fields(ask), step=step)

    def max_pain(self, symbol: str, expiry: str = "") -> MaxPain | Problem:
        """Return the max pain of one name, of what expires on a day such as 2026-09-18 or of all that is open."""
        return self._call(GET_MAX_PAIN, _max_pain, symbol=symbol, expiry=expiry)

    def expected_move(
        self, ask: Ask, *, horizon: float = 30.0, correlation: float | None = None, index: str = ""
    ) -> ExpectedMove | Problem:
        """Return how far a basket is expected to move by a horizon in calendar days."""
        return self._call(
            GET_EXPECTED_MOVE,
            _expected_move,
            **basket_fields(ask),
            horizon_days=horizon,
            correlation=correlation,
            index=index,
        )

    def flow(
        self, symbols: tuple[str, ...], money: tuple[float, ...], adv: tuple[float, ...] = ()
    ) -> Flow | Problem:
        """Return DEX, VEX and CHEX of a book with two sides."""
        return self._call(GET_FLOW, _flow, symbols=symbols, money=money, adv=adv)

    def change(
        self, ask: Ask, *, since: float | None = None, weights_before: tuple[float, ...] = ()
    ) -> Change | Problem:
        """Return what made the change of a basket since a moment; None: since the day before."""
        return self._call(
            GET_CHANGE, _change, **basket_fields(ask), since=since, weights_before=weights_before
        )

    def history(self, ask: Ask, days: float = 400.0) -> Past | Problem:
        """Return a basket's closing figures over so many days before its present one."""
        return self._call(GET_HISTORY, _history, **basket_fields(ask), days=days)

    def volume_gex(self, ask: Ask) -> VolumeGex | Problem:
        """Return a basket's GEX by what was traded."""
        return self._call(GET_VOLUME_GEX, _volume_gex, **basket_fields(ask))


def standing(found: Any) -> Standing:
    """Return which names a response is made of."""
    s, origin = found.standing, found.origin
    return Standing(
        symbols=tuple(s.symbols),
        weights=tuple(s.weights),
        missing=tuple(s.missing_symbols),
        covered_weight=s.covered_weight,
        as_of=s.as_of,
        as_of_newest=s.as_of_newest,
        notice=" ".join(filter(None, (s.notice, origin.settings_notice))),
        source=origin.label,
        synthetic=origin.synthetic,
        convention=origin.convention,
        keep_until=keep_until(origin),
    )


def _expiries(found: pb.GetExpiriesResponse) -> Expiries:
    b = found.buckets
    last = (None if day < 0 else day for day in b.last_day)
    columns = (b.first_day, last, b.gex, b.dex, b.vex, b.chex, b.gross_share, b.rolled_off)
    rows = tuple(ExpiryBucket(*row) for row in zip(*columns, strict=True))
    return Expiries(rows, standing(found), found.standing.client_ttl)


def _moves(found: pb.GetStrikesResponse) -> Moves:
    b = found.buckets
    net = (
        [call + put for call, put in zip(getattr(b, f"call_{m}"), getattr(b, f"put_{m}"), strict=True)]
        for m in ("gex", "dex", "vex", "chex")
    )
    rows = tuple(MoveBucket(*row) for row in zip(b.move, b.call_gex, b.put_gex, *net, strict=True))
    call, put = optional(found, "call_wall"), optional(found, "put_wall")
    return Moves(rows, call, put, standing(found), found.standing.client_ttl)


def _max_pain(found: pb.GetMaxPainResponse) -> MaxPain:
    columns = (
        found.strikes,
        found.call_pain,
        found.put_pain,
        found.call_open_interest,
        found.put_open_interest,
    )
    rows = tuple(zip(*columns, strict=True))
    return MaxPain(found.strike, found.underlying_price, rows, standing(found), found.standing.client_ttl)


def _expected_move(found: pb.GetExpectedMoveResponse) -> ExpectedMove:
    return ExpectedMove(
        value=optional(found, "expected_move"),
        low=optional(found, "expected_move_low"),
        high=optional(found, "expected_move_high"),
        at_zero=found.at_zero,
        at_one=found.at_one,
        correlation=optional(found, "correlation"),
        lowest=optional(found, "correlation_low"),
        highest=optional(found, "correlation_high"),
        status=found.correlation_status,
        volatilities=tuple(found.volatility),
        standing=standing(found),
        client_ttl=found.standing.client_ttl,
    )


def _flow(found: pb.GetFlowResponse) -> Flow:
    columns = (tuple(getattr(found.flow, name)) for name in Flow._fields[:6])
    ttl = found.standing.client_ttl
    return Flow(*columns, tuple(found.money), found.adv_covered, standing(found), ttl)  # type: ignore[call-arg, arg-type]


def _change(found: pb.GetChangeResponse) -> Change:
    figures = {name: getattr(found, name) for name in Change._fields[:-2]}
    return Change(**figures, standing=standing(found), client_ttl=found.standing.client_ttl)


def _history(found: pb.GetHistoryResponse) -> Past:
    c = found.closes
    balance: list[float | None] = [*c.balance] or [None] * len(c.as_of)
    rows = tuple(zip(c.as_of, c.gex, c.dex, c.vex, c.chex, balance, strict=True))
    ranks = (
        Rank(optional(r, "percentile"), optional(r, "z_score"), r.days) for r in (found.gex, found.balance)
    )
    return Past(rows, *ranks, standing(found), found.standing.client_ttl)  # type: ignore[call-arg, arg-type]


def _volume_gex(found: pb.GetVolumeGexResponse) -> VolumeGex:
    volumes = tuple(zip(found.call_volume, found.put_volume, strict=True))
    return VolumeGex(
        found.call_gex,
        found.put_gex,
        found.open_interest_gex,
        volumes,
        standing(found),
        found.standing.client_ttl,
    )
