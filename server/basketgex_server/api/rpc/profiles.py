"""The call GetProfile: a profile over spot prices, of names that move together or each by its beta."""

from __future__ import annotations

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.api.rpc import chain_replies, requests
from basketgex_server.api.rpc.hedges import Asking, betas_of
from basketgex_server.dispatch.profiles import find_beta_profile
from basketgex_server.dispatch.queries import find_profile


async def get_profile(request: pb.GetProfileRequest, asking: Asking) -> pb.GetProfileResponse:
    """Answer with a profile. Raises BasketgexError."""
    question = requests.asked(request, asking.most)
    moves, measures = requests.profile_moves(request), requests.profile_measures(request)
    betas = betas_of(request.symbols, request.betas, request.beta_index, requests.horizon(request))
    source, origin = asking.source, asking.source.origin()
    if betas.given is None and not betas.index:
        found, failed = await find_profile(source, question, moves, measures, timeout=asking.timeout)
        return chain_replies.profile_reply(question, found, failed, asking.ttl, origin)
    by = await find_beta_profile(source, question, moves, measures, betas, timeout=asking.timeout)
    reply = chain_replies.profile_reply(question, by.profile, by.failed, asking.ttl, source.origin())
    del reply.spot[:]  # the moves are those of the market
    reply.betas.extend(by.betas[symbol] for symbol in by.profile.symbols)
    if by.correlation is not None:
        reply.correlation = by.correlation
    return reply
