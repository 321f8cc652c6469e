"""What every call passes before it reaches the service: the token, and a note that somebody asked."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio

from basketgex.local import TOKEN_METADATA
from basketgex_server.errors import Unauthenticated

OPEN = "/grpc.health.v1.Health/"


class TokenInterceptor(grpc.aio.ServerInterceptor):
    """Refuses calls without the home's token, all but health; reflection is no exception. Tells ``asked`` of the others."""

    def __init__(self, token: str, asked: Callable[[], None]) -> None:
        self._expected = f"Bearer {token}".encode()
        self._asked = asked
        self._refusal: grpc.RpcMethodHandler[Any, Any] = grpc.unary_unary_rpc_method_handler(_refuse)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Let a call pass, or end it."""
        if not handler_call_details.method.startswith(OPEN):
            given = dict(handler_call_details.invocation_metadata or ()).get(TOKEN_METADATA, "")
            if not hmac.compare_digest(given if isinstance(given, bytes) else given.encode(), self._expected):
                return self._refusal
            self._asked()
        return await continuation(handler_call_details)


async def _refuse(request: object, context: grpc.aio.ServicerContext[Any, Any]) -> None:
    error = Unauthenticated()
    await context.abort(grpc.StatusCode.UNAUTHENTICATED, error.sentence, (("basketgex-code", error.code),))
