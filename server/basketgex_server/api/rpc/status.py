"""What serves, what it has done and spent, and what whoever asks may spend."""

from __future__ import annotations

from typing import NamedTuple

from basketgex import __version__
from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.api.offers import capabilities
from basketgex_server.api.rpc import messages
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.people import ASKS, NO_SHARE
from basketgex_server.domain import Origin


class Served(NamedTuple):
    """Since when the door is open (Unix seconds), the calls and baskets that it has answered, the streams that are open."""

    started_at: float
    requests: int
    baskets: int
    watches: int


async def get_status(dispatcher: Dispatcher, served: Served, *, reconcile: bool) -> pb.GetStatusResponse:
    """Return it; ``reconcile`` asks a metered source's account first. Raises BasketgexError."""
    cache, source, counts = await dispatcher.cache(), dispatcher.source, dispatcher.counts
    quota, spent = await dispatcher.quota(reconcile=reconcile)
    awaited, worked_out = dispatcher.awaited()
    chains = dispatcher.chains
    kept = await chains.size() if chains is not None else (0, 0)
    person = ASKS.get()
    share = await dispatcher.share_of(person) if person else NO_SHARE
    return pb.GetStatusResponse(
        version=__version__,
        origin=messages.origin(cache.origin),
        started_at=served.started_at,
        sentence=sentence(cache.origin),
        symbols_known=len(cache.snapshots),
        requests=served.requests + counts.rest_requests,
        baskets=served.baskets,
        source_calls=counts.source_calls,
        symbols_fetched=counts.symbols_fetched,
        debits_today=spent.today,
        debits_total=spent.total,
        metered=source.metered,
        seats=source.symbols_per_call,
        last_problem=counts.last_problem,
        watches=served.watches,
        awaited=awaited,
        worked_out=worked_out,
        chains_kept=kept[0],
        chains_bytes=kept[1],
        capabilities=[pb.Capability.Value(f"CAPABILITY_{c}") for c in capabilities(source)],
        quota=messages.quota(quota, spent) if source.metered else None,
        person=person,
        person_spent=share.spent,
        person_debits=share.debits,
    )


def sentence(origin: Origin) -> str:
    """Return what a person reads of an origin, with no word that a clock could make untrue."""
    kind = (
        "synthetic figures, for demonstration"
        if origin.synthetic
        else ("past chains" if origin.historical else "live")
    )
    chex = "; CHEX as published" if origin.chex != "computed" else ""
    return f"Source: {origin.label} ({kind}); convention {origin.convention}{chex}."
