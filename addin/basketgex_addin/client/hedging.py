"""What dealers must trade, and units that compare: from questions to the fields of requests, from responses to figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from basketgex_addin.cells import Ask, Betas, Hedge, Scenario, Tick
from basketgex_addin.cells.index_units import IndexUnits
from basketgex_addin.client.messages import keep_until, optional
from basketgex_addin.client.rpc import basket_fields

if TYPE_CHECKING:
    from basketgex.v1 import exposure_pb2 as pb


def asked(
    ask: Ask, scenarios: Sequence[Scenario], betas: Betas, clock: bool, counting: str
) -> dict[str, object]:
    """Return the fields of a request."""
    return {
        **basket_fields(ask),
        "move": [s.move for s in scenarios],
        "vol": [s.vol for s in scenarios],
        "days": [s.days for s in scenarios],
        "counting": f"COUNTING_{counting}",
        "clock": clock,
        **of_betas(betas),
    }


def of_betas(betas: Betas) -> dict[str, object]:
    """Return the fields of a request that say by which betas names move."""
    return {"betas": betas.given or (), "beta_index": betas.index, "horizon_days": betas.horizon}


def hedge(found: pb.GetHedgeResponse) -> Hedge:
    """Return what a response says."""
    from basketgex.v1 import exposure_pb2 as pb

    clock = found.clock
    kinds = [pb.ClockRow.Name(row).removeprefix("CLOCK_ROW_").lower() for row in clock.row]
    scenarios = map(Scenario, found.move, found.vol, found.days)
    return Hedge(
        rows=tuple(zip(scenarios, found.buy, strict=True)),
        clock=tuple(map(Tick, kinds, clock.at, clock.buy)),
        per="weight" if found.counting == pb.COUNTING_WEIGHT else "market",
        symbols=tuple(found.symbols),
        counts=tuple(found.counts),
        betas=tuple(found.betas),
        correlation=optional(found, "correlation"),
        missing=tuple(found.missing_symbols),
        covered_weight=found.covered_weight,
        as_of=found.as_of,
        client_ttl=found.client_ttl,
        notice=found.notice,
        source=found.origin.label,
        synthetic=found.origin.synthetic,
        keep_until=keep_until(found.origin),
    )


def asked_of_betas(ask: Ask, betas: Betas, counting: str) -> dict[str, object]:
    """Return the fields of a request for units that compare."""
    return {
        **basket_fields(ask),
        "index": betas.index,
        "betas": betas.given or (),
        "horizon_days": betas.horizon,
        "counting": f"COUNTING_{counting}",
    }


def index_units(found: pb.GetBetasResponse) -> IndexUnits:
    """Return what a response says."""
    from basketgex.v1 import exposure_pb2 as pb

    return IndexUnits(
        symbols=tuple(found.symbols),
        counts=tuple(found.counts),
        betas=tuple(found.betas),
        volatilities=tuple(found.volatility),
        gex=tuple(found.gex),
        gex_per_sigma=tuple(found.gex_per_sigma),
        place=tuple(place if place >= 0 else None for place in found.place),
        total_gex=found.total_gex,
        flow=found.flow_per_index_percent,
        index_equivalent=found.index_equivalent_gex,
        total_per_sigma=optional(found, "total_gex_per_sigma"),
        correlation=optional(found, "correlation"),
        correlation_status=found.correlation_status,
        per="weight" if found.counting == pb.COUNTING_WEIGHT else "market",
        missing=tuple(found.missing_symbols),
        covered_weight=found.covered_weight,
        as_of=found.as_of,
        client_ttl=found.client_ttl,
        notice=found.notice,
        source=found.origin.label,
        synthetic=found.origin.synthetic,
        keep_until=keep_until(found.origin),
    )
