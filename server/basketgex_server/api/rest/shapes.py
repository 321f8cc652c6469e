"""The shapes that replies of the REST door have in common: FlashAlpha's fields, beside them ``basketgex``.

A shape is both a reply, or a part of one, and its schema in the OpenAPI document, where its docstring is the description. A
field with a default is in every reply; one whose default is UNSET is left out where there is nothing to say. What the contract
has and no source here gives, or that is not passed on (volumes, scores whose making is not public) is null.
"""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeAlias, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

from basketgex import __version__
from basketgex_server.domain import Freshness, Regime

Dollars: TypeAlias = Annotated[int | None, Meta(description="Whole US dollars")]
RegimeOrUnknown: TypeAlias = Literal[Regime, "unknown"]
Count: TypeAlias = Annotated[int, Meta(ge=0)]
Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
Percent: TypeAlias = Annotated[float, Meta(ge=0, le=100)]
Moment: TypeAlias = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
PublishedFlip: TypeAlias = Annotated[
    float | None, Meta(description="Null unless gamma_flip_status is available")
]


class Body(Struct, forbid_unknown_fields=True):
    """A reply, or a part of one."""


class Net(Body):
    """Net exposures."""

    net_gex: Dollars
    net_dex: Dollars
    net_vex: Dollars
    net_chex: Dollars


class Hedge(Body):
    """What dealers trade to stay hedged after a move."""

    dealer_shares_to_trade: int
    direction: Literal["buy", "sell"] | None
    notional_usd: Dollars


class Flip(Body):
    """The gamma flip as it was found, whatever speaks against it, and every root."""

    nearest: float | None
    doubts: list[str]
    roots: list[float]


Balance: TypeAlias = Annotated[
    Annotated[float, Meta(ge=-1, le=1)] | None,
    Meta(description="Net GEX over gross GEX, contract by contract; null where net figures are all there is"),
]
NearFlip: TypeAlias = Annotated[
    bool,
    Meta(
        description="The regime says next to nothing: the balance is below 0.05 either way or, where levels are given, the "
        "flip is available and nearer than half a daily move"
    ),
]


class Provenance(Body):
    """Where figures come from and how they stand."""

    source: str
    label: str
    synthetic: bool
    historical: bool
    convention: str
    chex: Annotated[
        Literal["computed", "as published"],
        Meta(
            description="Computed: USD of delta per calendar day. As published: unit and sign not established"
        ),
    ]
    freshness: Annotated[str, Meta(extra_json_schema={"enum": [f.name.lower() for f in Freshness]})]
    notice: Annotated[str | None, Meta(description="Why a figure is old")]


class SymbolProvenance(Provenance):
    """Where the figures of one underlying come from and how they stand."""

    remarks: list[str] | UnsetType = UNSET
    balance: Balance | UnsetType = UNSET
    near_flip: NearFlip | UnsetType = UNSET
    gamma_flip: Flip | UnsetType = UNSET


P = TypeVar("P", bound=Body)


class Clocks(Body):
    """What moment the data of each feed is of; null where that is not known."""

    node: str = "basketgex"
    equity_feed: Moment | None = None
    equity_options_feed: Moment | None = None
    index_feed: Moment | None = None
    index_options_feed: Moment | None = None
    futures_feed: Moment | None = None
    futures_options_feed: Moment | None = None
    flow_feed: Moment | None = None
    oi_feed: Moment | None = None
    macro_feed: Moment | None = None


class Reply(Body, kw_only=True):
    """What every successful reply ends with."""

    endpoint_version: str = __version__
    data_as_of: Clocks


class Told(Reply, Generic[P], kw_only=True):
    """A reply that tells where its figures come from."""

    basketgex: P


class OfSymbol(Told[SymbolProvenance]):
    """What every figure of one underlying begins with."""

    symbol: str
    underlying_price: float
    as_of: Moment


class OfFlip(OfSymbol):
    """The same, and the flip."""

    gamma_flip: PublishedFlip
    gamma_flip_status: str
