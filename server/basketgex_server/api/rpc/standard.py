"""The services that every gRPC server has: health, which wants no token, and reflection, which does, by both of its names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, TypeAlias

import grpc
import grpc.aio
from google.protobuf.message import DecodeError
from grpc_health.v1 import health

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.api.rpc.refusals import refuse
from basketgex_server.errors import TooManyOpen, UnknownService, UnreadableRequest

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

SERVICE = pb.DESCRIPTOR.services_by_name["ExposureService"].full_name
HEALTH: str = health.SERVICE_NAME
V1ALPHA, V1 = (f"grpc.reflection.{version}.ServerReflection" for version in ("v1alpha", "v1"))
"""The same messages under the name that they kept; older clients know the other one only."""
REFLECTION = tuple(f"/{name}/ServerReflectionInfo" for name in (V1ALPHA, V1))
STORE = "store"
"""The name by which the health of the store is asked for."""
LONGEST, AT_ONCE, PATIENCE, MOST_OPEN = 1_024, 2, 2.0, 200
"""Bytes of a question about health, questions that are read at once, seconds until one must have come, and questions in all."""


class Reflection(grpc.GenericRpcHandler):
    """Describes services, and those that do so."""

    def __init__(self, services: Sequence[str]) -> None:
        self._services = (*services, V1ALPHA, V1)
        self._handler: Handler | None = None

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler | None:
        """Return what answers a call, where it is one of reflection."""
        if handler_call_details.method not in REFLECTION:
            return None
        if self._handler is None:
            from basketgex_server.api.rpc import reflection

            self._handler = reflection.handler(self._services)
        return self._handler


class Sparing:
    """Reads little of what comes without a token: few requests at once, none for long, and none that is large."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._open = 0

    def handler(self, given: Handler) -> Handler:
        """Return a handler of health as one that decides itself whether its request is read."""
        read: Any = given.request_deserializer
        behaviour: Any = given.unary_stream if given.response_streaming else given.unary_unary

        async def call(requests: AsyncIterator[bytes], context: Context) -> None:
            if self._open >= MOST_OPEN:
                await refuse(context, TooManyOpen("Too many ask about the health of the server at once."))
            self._open += 1
            try:
                await answer(requests, context)
            finally:
                self._open -= 1

        async def answer(requests: AsyncIterator[bytes], context: Context) -> None:
            try:
                async with self._turns, asyncio.timeout(PATIENCE):
                    raw = await anext(requests, None)
                request = read(raw) if raw is not None and len(raw) <= LONGEST else None
            except (TimeoutError, DecodeError):
                request = None
            if request is None:
                await refuse(context, UnreadableRequest())
            if not given.response_streaming and request.service not in ("", SERVICE, STORE):
                await refuse(context, UnknownService(SERVICE))
            found = await behaviour(request, context)
            if not given.response_streaming:
                await context.write(found)

        return grpc.stream_stream_rpc_method_handler(call, response_serializer=given.response_serializer)
