"""Reflection by both of its names. Loaded when somebody asks for it: a spreadsheet, which waits for the start, never does."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeAlias

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, text_format
from grpc_reflection.v1alpha import reflection, reflection_pb2

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


def handler(services: Sequence[str]) -> Handler:
    """Return what describes services."""
    _describe_v1()
    servicer = reflection.aio.ReflectionServicer(services)
    return grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )


@cache
def _describe_v1() -> None:
    file = descriptor_pb2.FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(file)
    described = text_format.MessageToString(file).replace("v1alpha", "v1")
    text_format.Parse(described, file := descriptor_pb2.FileDescriptorProto())
    descriptor_pool.Default().AddSerializedFile(file.SerializeToString())
