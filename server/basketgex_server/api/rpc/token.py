"""What every call passes before it reaches the service: the token, a note that somebody asked, and whether it can be read."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from basketgex.home import TOKEN_METADATA
from basketgex_server.api.rpc.refusals import refuse
from basketgex_server.api.rpc.standard import HEALTH, Sparing
from basketgex_server.errors import BasketgexError, Unauthenticated, UnknownMethod, UnreadableRequest

OPEN = f"/{HEALTH}/"
SCHEME = b"bearer "

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class TokenInterceptor(grpc.aio.ServerInterceptor):
    """Refuses calls without the home's token, all but health; reflection is no exception. Tells ``asked`` of the others.

    Nothing of a request is read before its token counts.
    """

    def __init__(self, token: str, asked: Callable[[], None]) -> None:
        self._expected = token.encode()
        self._asked = asked
        self._refusal = _refusing(Unauthenticated())
        self._unknown = _refusing(UnknownMethod())
        self._sparing = Sparing()
        self._readers: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Let a call pass, or end it."""
        method = handler_call_details.method
        if not (is_open := method.startswith(OPEN)):
            if not self._knows(dict(handler_call_details.invocation_metadata or ()).get(TOKEN_METADATA, "")):
                return self._refusal
            self._asked()
        if (known := self._readers.get(method)) is not None:
            return known
        if (handler := await continuation(handler_call_details)) is None:
            return self._unknown
        return self._readers.setdefault(
            method, self._sparing.handler(handler) if is_open else _reading(handler)
        )

    def _knows(self, given: str | bytes) -> bool:
        # The scheme in any case (RFC 9110), the token as it is.
        said = given if isinstance(given, bytes) else given.encode()
        token = said[len(SCHEME) :].strip() if said[: len(SCHEME)].lower() == SCHEME else b""
        return hmac.compare_digest(token, self._expected)


def _refusing(error: BasketgexError) -> Handler:
    async def end(requests: object, context: Context) -> None:
        await refuse(context, error)

    # As a stream of requests, whatever the method is: of those only what is asked for is read.
    return grpc.stream_stream_rpc_method_handler(end)


def _reading(handler: Handler) -> Handler:
    """Return a handler that refuses what is no message with a sentence, where it takes one message."""
    read = handler.request_deserializer
    behaviour: Any = handler.unary_stream if handler.response_streaming else handler.unary_unary
    if handler.request_streaming or read is None:
        return handler

    async def call(raw: bytes, context: Context) -> Any:
        try:
            request = read(raw)
        except DecodeError:
            await refuse(context, UnreadableRequest())
        return await behaviour(request, context)

    make = (
        grpc.unary_stream_rpc_method_handler
        if handler.response_streaming
        else grpc.unary_unary_rpc_method_handler
    )
    return make(call, response_serializer=handler.response_serializer)
