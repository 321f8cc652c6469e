"""The reply of a basket."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from basketgex_server.api.rest import bodies
from basketgex_server.api.rest.shapes import (
    Balance,
    Body,
    Dollars,
    Moment,
    NearFlip,
    Net,
    Provenance,
    Share,
    Told,
)
from basketgex_server.dispatch.batch.types import Answer
from basketgex_server.domain import Regime, near_flip, regime
from basketgex_server.times import iso_utc


class Constituent(Body):
    """One name of a basket."""

    symbol: str
    weight: Share
    underlying_price: float
    net_gex: Dollars
    net_dex: Dollars
    net_vex: Dollars
    net_chex: Dollars
    contribution_pct: Annotated[float, Meta(ge=0)]
    regime: Regime


class BasketProvenance(Provenance):
    """Where the figures of a basket come from and how they stand."""

    covered_weight: Share
    balance: Balance
    near_flip: NearFlip
    missing_reasons: (
        Annotated[dict[str, str], Meta(description="Why names that have data are left out")] | UnsetType
    ) = UNSET
    as_of_distant: (
        Annotated[bool, Meta(description="The figures lie more than a trading day apart")] | UnsetType
    ) = UNSET
    remarks: list[str] | UnsetType = UNSET


class Basket(Told[BasketProvenance]):
    """The weighted mean exposure of up to 50 names, and each name's own."""

    as_of: Moment
    constituent_count: Annotated[int, Meta(ge=1)]
    missing_symbols: list[str]
    aggregate: Net
    constituents: list[Constituent]


def basket(answer: Answer) -> Basket:
    """Return an answered basket."""
    e = answer.exposure
    told = BasketProvenance(
        **bodies.how(answer.origin, answer.freshness, answer.notice),
        covered_weight=e.covered_weight,
        balance=e.balance,
        near_flip=near_flip(e.balance),
        missing_reasons={s: why for s, why in zip(e.missing, answer.reasons, strict=True) if why} or UNSET,
        as_of_distant=answer.distant or UNSET,
        remarks=[said for c in e.constituents for said in bodies.remarks(c.exposure)] or UNSET,
    )
    return Basket(
        as_of=iso_utc(answer.as_of),
        constituent_count=len(e.constituents),
        missing_symbols=list(e.missing),
        aggregate=Net(**bodies.net_of(e.net)),
        constituents=[
            Constituent(
                symbol=c.exposure.symbol,
                weight=c.weight,
                underlying_price=c.exposure.underlying_price,
                **bodies.net_of(c.exposure.net),
                contribution_pct=c.contribution_pct,
                regime=regime(c.exposure.net.gex),
            )
            for c in e.constituents
        ],
        data_as_of=bodies.clocks(answer.oi_as_of),
        basketgex=told,
    )
