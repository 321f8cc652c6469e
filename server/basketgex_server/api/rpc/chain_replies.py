"""Replies about whole chains: a profile over spot prices, and an index against its members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.dispatch.queries import correlation
from basketgex_server.domain import (
    Basket,
    Measures,
    Origin,
    near_flip,
)

if TYPE_CHECKING:
    from basketgex_server.exposure.dispersion import Comparison
    from basketgex_server.exposure.profile import Profile
from basketgex_server.api.rpc import messages


def profile_reply(
    question: Basket, found: Profile, failed: Mapping[str, str], ttl: float, of: Origin
) -> pb.GetProfileResponse:
    """Return a profile; ``failed`` says why symbols that have a chain are missing."""
    weight = dict(zip(question.symbols, question.weights, strict=True))
    reply = pb.GetProfileResponse(
        move=found.moves,
        spot=[found.spots[0] * move for move in found.moves] if len(question.symbols) == 1 else [],
        roots=found.roots,
        flip=found.flip,
        symbols=found.symbols,
        weights=found.weights,
        underlying_price=found.spots,
        missing_symbols=[s for s, w in weight.items() if w > 0 and s not in found.symbols],
        covered_weight=found.covered_weight,
        as_of=min(found.as_of),
        as_of_newest=max(found.as_of),
        client_ttl=ttl,
        notice=" ".join(failed.values()),
        origin=messages.origin(of),
        flip_status=found.flip_status,
        flip_doubts=found.doubts,
        balance=found.balance,
        near_flip=found.near_flip,
    )
    for place, values in zip(found.measures, found.net, strict=True):
        getattr(reply, Measures._fields[place]).extend(values)
    return reply


def dispersion_reply(
    found: Comparison,
    weights: Sequence[float] | None,
    failed: Mapping[str, str],
    ttl: float,
    of: Origin,
) -> pb.GetDispersionResponse:
    """Return an index against its members, ``weights`` as given; ``failed`` says why those with a chain are missing."""
    judged = correlation(found, weights)
    parts = found.dispersion
    names = parts.contributions if parts else ()
    index, basket = (
        messages.regime_of(x.net.gex) if x else pb.REGIME_UNSPECIFIED for x in (found.index, found.basket)
    )
    of_index, of_basket = (x.balance if x else None for x in (found.index, found.basket))
    return pb.GetDispersionResponse(
        implied_correlation=judged.value,
        index_volatility=found.index_volatility,
        basket_volatility=parts.basket_volatility if parts else None,
        independent_volatility=parts.independent_volatility if parts else None,
        symbols=[c.symbol for c in names],
        weights=[c.weight for c in names],
        volatility=[c.volatility for c in names],
        contribution=[c.contribution for c in names],
        missing_symbols=found.missing,
        covered_weight=found.covered_weight,
        index_regime=index,
        basket_regime=basket,
        net_to_gross=found.basket.net_to_gross if found.basket else None,
        opposed_symbols=found.opposed,
        as_of=min(found.as_of),
        as_of_newest=max(found.as_of),
        client_ttl=ttl,
        notice=" ".join(failed.values()),
        origin=messages.origin(of),
        implied_correlation_low=judged.low,
        implied_correlation_high=judged.high,
        correlation_status=judged.status,
        index_covered=judged.covered,
        index_balance=of_index,
        basket_balance=of_basket,
        index_near_flip=near_flip(of_index),
        basket_near_flip=near_flip(of_basket),
    )
