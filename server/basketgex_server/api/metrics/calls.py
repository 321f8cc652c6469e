"""Counts what comes to the other doors: by gRPC's own methods and codes, and REST by status alone, since paths have symbols."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc
import grpc.aio

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.api.rpc.standard import HEALTH, REFLECTION, SERVICE

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Ended: TypeAlias = Callable[[str, str, float | None], None]
METHODS = {
    **{
        f"/{SERVICE}/{each.name}": each.name
        for each in pb.DESCRIPTOR.services_by_name["ExposureService"].methods
    },
    **{f"/{HEALTH}/{name}": f"Health.{name}" for name in ("Check", "Watch", "List")},
    **dict.fromkeys(REFLECTION, "ServerReflection"),
}
"""How methods are called in the metrics; all others are one, however many somebody makes up."""
OTHER = "unknown"
KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")
"""What a handler is of, by whether requests and replies are streams."""


class CallMeter(grpc.aio.ServerInterceptor):
    """Tells ``ended`` of each call, refused ones included: method, code, and seconds where the answer is one message."""

    def __init__(self, ended: Ended) -> None:
        self._ended = ended

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Let a call pass, and see how it ends."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        kind = KINDS[2 * handler.request_streaming + handler.response_streaming]
        method = METHODS.get(handler_call_details.method, OTHER)
        behaviour = self._seen(getattr(handler, kind), method, is_one=kind == KINDS[0])
        make: Any = getattr(grpc, f"{kind}_rpc_method_handler")
        made: Handler = make(behaviour, handler.request_deserializer, handler.response_serializer)
        return made

    def _seen(self, behaviour: Any, method: str, *, is_one: bool) -> Any:
        if inspect.isasyncgenfunction(behaviour):

            async def stream(request: object, context: Context) -> AsyncIterator[object]:
                with self._ending(method, context, is_one=is_one):
                    async for reply in behaviour(request, context):
                        yield reply

            return stream

        async def call(request: object, context: Context) -> object:
            with self._ending(method, context, is_one=is_one):
                return await behaviour(request, context)

        return call

    @contextmanager
    def _ending(self, method: str, context: Context, *, is_one: bool) -> Iterator[None]:
        begun, otherwise = time.perf_counter(), grpc.StatusCode.OK
        try:
            yield
        except (asyncio.CancelledError, GeneratorExit):
            otherwise = grpc.StatusCode.CANCELLED
            raise
        except BaseException:
            otherwise = grpc.StatusCode.UNKNOWN
            raise
        finally:
            code = _code(context.code()) or otherwise
            self._ended(method, code.name, time.perf_counter() - begun if is_one else None)


def metered(app: ASGIApp, ended: Ended) -> ASGIApp:
    """Return an HTTP application that tells ``ended`` of its requests."""

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        begun, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await app(scope, receive, sending)
        finally:
            ended("REST", str(status), time.perf_counter() - begun)

    return front


def _code(said: Any) -> grpc.StatusCode | None:
    """Return what a call's context says of its code, None where that is nothing or OK: gRPC has it as a number as well."""
    return next((code for code in grpc.StatusCode if said in (code, code.value[0]) and code.value[0]), None)
