"""The replies of a whole chain by expiry and by strike."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from basketgex_server.api.rest import bodies
from basketgex_server.api.rest.shapes import Body, Count, Dollars, Net, OfSymbol, Percent
from basketgex_server.dispatch.lookups import CachedFigure
from basketgex_server.domain import Measures, Origin
from basketgex_server.market_hours import last_session

if TYPE_CHECKING:  # numpy comes with it
    from basketgex_server.exposure import sheet as of_sheet
    from basketgex_server.exposure.expirations import Expiration

BUCKETS = (
    ("0-7d", 0, 7),
    ("8-30d", 8, 30),
    ("31-60d", 31, 60),
    ("61-180d", 61, 180),
    ("180d+", 181, 2**31 - 1),
)
"""FlashAlpha's buckets of days to expiry."""


class Bucket(Body):
    """The exposures of what expires within a range of days."""

    bucket: str
    dte_range: list[Count]
    net_gex: Dollars
    net_dex: Dollars
    net_vex: Dollars
    net_chex: Dollars
    contract_count: Count


class ExpiryNet(Body):
    """The exposures of what expires on one day, and its share of all their sizes."""

    expiration: date
    dte: Count
    is_opex: bool
    is_triple_witching: bool
    net_gex: Dollars
    net_dex: Dollars
    net_vex: Dollars
    net_chex: Dollars
    pct_of_chain_gex: Percent


class TermStructure(OfSymbol):
    """Exposures by day of expiry."""

    by_dte_bucket: list[Bucket]
    by_expiry: list[ExpiryNet]


class Totals(Net):
    """Net exposures, with delta-adjusted gamma."""

    net_dag: Dollars


class LineInTheSand(Body):
    """The strike at which the slope of GEX changes most."""

    strike: float
    magnitude: float


class Peak(Body):
    """A strike of large GEX."""

    strike: float
    net_gex: Dollars
    strength: Annotated[float, Meta(ge=0.1, le=1)]
    side: Literal["call_wall", "put_wall"]


class SheetRow(Body):
    """All measures of one strike."""

    strike: float
    call_gex: Dollars
    put_gex: Dollars
    net_gex: Dollars
    call_dex: Dollars
    put_dex: Dollars
    net_dex: Dollars
    call_vex: Dollars
    put_vex: Dollars
    net_vex: Dollars
    call_chex: Dollars
    put_chex: Dollars
    net_chex: Dollars
    dag: Dollars
    call_oi: Count
    put_oi: Count


class Sheet(OfSymbol):
    """All measures by strike, with delta-adjusted gamma."""

    expiration: date | None
    is_opex: bool
    is_triple_witching: bool
    totals: Totals
    lis: LineInTheSand | None
    peaks: list[Peak]
    strikes: list[SheetRow]


def term_structure(
    found: CachedFigure, origin: Origin, rows: Sequence[tuple[Expiration, int]]
) -> TermStructure:
    """Return exposures by day of expiry and by bucket; with each row the days to it."""
    whole = sum(abs(row.net.gex) for row, _ in rows)
    return TermStructure(
        **bodies.of_symbol(found, origin),
        by_dte_bucket=[
            Bucket(
                bucket=name,
                dte_range=[low, high],
                contract_count=sum(row.contracts for row in held),
                **bodies.net_of(Measures(*map(sum, zip(*(row.net for row in held), strict=True)))),
            )
            for name, low, high in BUCKETS
            if (held := [row for row, left in rows if low <= left <= high])
        ],
        by_expiry=[
            ExpiryNet(
                expiration=row.day,
                dte=left,
                is_opex=is_opex(row.day),
                is_triple_witching=is_triple_witching(row.day),
                pct_of_chain_gex=min(100.0 * abs(row.net.gex) / whole, 100.0) if whole else 0.0,
                **bodies.net_of(row.net),
            )
            for row, left in rows
        ],
    )


def sheet(
    found: CachedFigure,
    origin: Origin,
    made: of_sheet.Sheet,
    expiration: date | None,
    kept: Collection[float],
) -> Sheet:
    """Return all measures by strike; ``kept`` are the strikes that are shown."""
    line = made.line_in_the_sand
    rows = {
        row.strike: SheetRow(
            strike=row.strike,
            dag=bodies.dollars(dag),
            **bodies.open_interest_of(row),
            **bodies.sides_of(row, *Measures._fields),
        )
        for row, dag in zip(made.rows, made.dag, strict=True)
    }
    return Sheet(
        **bodies.of_symbol(found, origin),
        expiration=expiration,
        is_opex=is_opex(expiration) if expiration else False,
        is_triple_witching=is_triple_witching(expiration) if expiration else False,
        totals=Totals(**bodies.net_of(made.found.net), net_dag=bodies.dollars(sum(made.dag))),
        lis=None if line is None else LineInTheSand(line, 1.0),
        peaks=[
            Peak(
                strike=peak.strike,
                net_gex=rows[peak.strike].net_gex,
                strength=peak.strength,
                side="call_wall" if peak.net_gex >= 0 else "put_wall",
            )
            for peak in made.peaks
        ],
        strikes=[row for strike, row in rows.items() if strike in kept],
    )


def is_opex(day: date) -> bool:
    """Tell whether a day is the monthly expiry: the third Friday, or the session before it where that is a holiday.

    >>> [is_opex(date(2026, 9, 18)), is_opex(date(2026, 9, 16)), is_opex(date(2026, 6, 18)), is_opex(date(2025, 4, 17))]
    [True, False, True, True]
    """
    third = date(day.year, day.month, 15 + (4 - date(day.year, day.month, 15).weekday()) % 7)
    return last_session(third)[0] == day


def is_triple_witching(day: date) -> bool:
    """Tell whether a day is the monthly expiry of March, June, September or December."""
    return day.month % 3 == 0 and is_opex(day)
