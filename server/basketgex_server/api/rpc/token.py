"""What every call passes before it reaches the service: whose token, a note that somebody asked, and whether it can be read.

Draws a branch of the error tree::

    RateLimited
    └── TooManyUnderWay    RESOURCE_EXHAUSTED, too_many_under_way: of one person
"""

from __future__ import annotations

import asyncio
import hmac
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from basketgex.home import TOKEN_METADATA
from basketgex_server.api.roll import NotAllowed, Roll
from basketgex_server.api.rpc.refusals import refuse
from basketgex_server.api.rpc.standard import HEALTH, SERVICE, Sparing
from basketgex_server.dispatch.people import ASKS
from basketgex_server.errors import (
    BasketgexError,
    RateLimited,
    Unauthenticated,
    UnknownMethod,
    UnreadableRequest,
)

OPEN = f"/{HEALTH}/"
SCHEME = b"bearer "
OF_THE_HOME = frozenset(f"/{SERVICE}/{name}" for name in ("GetSettings", "ChangeSettings", "Shutdown"))
"""What a person's token does not open."""
REMEDY = "use the one in its home folder, or ask whoever runs the desk for one of your own"

MOST_UNDER_WAY = 64
"""Calls and streams that a person may have under way at once, so that nobody's loop takes the server from the others."""

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class TooManyUnderWay(RateLimited):
    """One person asks more at once than any number of sheets does."""

    code = "too_many_under_way"

    def __init__(self, most: int) -> None:
        super().__init__(f"You have {most} requests under way: ask again when one of them has been answered.")


class UnderWay:
    """What each person has under way."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    @contextmanager
    def one_more(self, person: str) -> Iterator[None]:
        """Count a call of a person while it is answered. Raises TooManyUnderWay; the home's own calls are not counted."""
        if person and self._counts[person] >= MOST_UNDER_WAY:
            raise TooManyUnderWay(MOST_UNDER_WAY)
        self._counts[person] += 1
        try:
            yield
        finally:
            self._counts[person] -= 1
            if not self._counts[person]:
                del self._counts[person]


class TokenInterceptor(grpc.aio.ServerInterceptor):
    """Refuses calls without the home's token or a person's, all but health; reflection is no exception.

    ``asked`` is told of the others. Nothing of a request is read before its token counts.
    """

    def __init__(self, token: str, asked: Callable[[], None], roll: Roll) -> None:
        self._expected = token.encode()
        self._asked = asked
        self._roll = roll
        self._not_allowed = _refusing(NotAllowed())
        self._unknown = _refusing(UnknownMethod())
        self._sparing = Sparing()
        self._readers: dict[str, Handler] = {}
        self._under_way = UnderWay()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Let a call pass, or end it."""
        method = handler_call_details.method
        if not (is_open := method.startswith(OPEN)):
            token = _token_of(handler_call_details.invocation_metadata)
            if not hmac.compare_digest(token, self._expected):
                try:
                    await self._admit(token)
                except BasketgexError as error:
                    return _refusing(error)
                if method in OF_THE_HOME:
                    return self._not_allowed
            self._asked()
        if (known := self._readers.get(method)) is not None:
            return known
        if (handler := await continuation(handler_call_details)) is None:
            return self._unknown
        return self._readers.setdefault(
            method,
            self._sparing.handler(handler) if is_open else _reading(handler, self._roll, self._under_way),
        )

    async def _admit(self, token: bytes) -> None:
        """Note for what is done in this call whose token it has. Raises Unauthenticated, and StoreUnavailable."""
        person = await self._roll.find(token) if token else None
        if person is None:
            raise Unauthenticated(REMEDY) if self._roll else Unauthenticated()
        ASKS.set(person)


def _token_of(metadata: Any) -> bytes:
    # The scheme in any case (RFC 9110), the token as it is.
    given: str | bytes = dict(metadata or ()).get(TOKEN_METADATA, "")
    said = given if isinstance(given, bytes) else given.encode()
    return said[len(SCHEME) :].strip() if said[: len(SCHEME)].lower() == SCHEME else b""


def _refusing(error: BasketgexError) -> Handler:
    async def end(requests: object, context: Context) -> None:
        await refuse(context, error)

    # As a stream of requests, whatever the method is: of those only what is asked for is read.
    return grpc.stream_stream_rpc_method_handler(end)


async def _while_known(roll: Roll, context: Context, work: Awaitable[Any]) -> Any:
    """Do the work of a person's stream, but not beyond the end of the token."""
    token = _token_of(context.invocation_metadata())
    streaming, revoked = asyncio.ensure_future(work), asyncio.ensure_future(roll.until_revoked(token))
    try:
        await asyncio.wait((streaming, revoked), return_when=asyncio.FIRST_COMPLETED)
        if streaming.done():
            return streaming.result()
    finally:
        streaming.cancel()
        revoked.cancel()
        await asyncio.gather(streaming, revoked, return_exceptions=True)
    return await refuse(context, Unauthenticated(REMEDY))


def _reading(handler: Handler, roll: Roll, under_way: UnderWay) -> Handler:
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
        person = ASKS.get()
        try:
            with under_way.one_more(person):
                work = behaviour(request, context)
                streams = handler.response_streaming and person
                return await (_while_known(roll, context, work) if streams else work)
        except TooManyUnderWay as error:
            return await refuse(context, error)

    make = (
        grpc.unary_stream_rpc_method_handler
        if handler.response_streaming
        else grpc.unary_unary_rpc_method_handler
    )
    return make(call, response_serializer=handler.response_serializer)
