"""How a gRPC call ends that is not answered: a status, a sentence for the person, and for programs the details of google.rpc.

The details are loaded with the first refusal: the server listens before that.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
import grpc.aio

from basketgex_server.errors import BasketgexError, QuotaSpent

if TYPE_CHECKING:  # generic for the type checker only
    Context = grpc.aio.ServicerContext[Any, Any]

DOMAIN = "basketgex"
"""The domain of every ErrorInfo; its reason is the code of the error."""
LONGEST_WAIT = 1e9
"""Seconds: what a source asks for may be beyond what a Duration holds."""
DETAILS = "grpc-status-details-bin"
"""The trailing metadata that carries a google.rpc.Status, by gRPC's convention."""


async def refuse(
    context: Context, error: BasketgexError, argument: str | None = None, now: float = 0.0
) -> NoReturn:
    """End a call. ``argument`` is the request's field where that has another name than the error's; ``now`` Unix seconds."""
    field = error.argument if argument is None else argument
    trailing: tuple[tuple[str, str | bytes], ...] = (
        ("basketgex-code", error.code),
        ("basketgex-argument", field),
        (DETAILS, status_of(error, field, now)),
    )
    await context.abort(grpc.StatusCode[error.reason], error.sentence, trailing)
    raise AssertionError("abort has raised")


def status_of(error: BasketgexError, field: str, now: float) -> bytes:
    """Return an error as a google.rpc.Status: ErrorInfo always, BadRequest and RetryInfo where they say something."""
    from google.rpc import error_details_pb2 as details
    from google.rpc.status_pb2 import Status

    found: list[Any] = [details.ErrorInfo(reason=error.code, domain=DOMAIN)]
    if error.reason == "INVALID_ARGUMENT":
        violation = details.BadRequest.FieldViolation(
            field=field, description=error.sentence, reason=error.code
        )
        found.append(details.BadRequest(field_violations=[violation]))
    wait = error.retry_after
    if not wait and isinstance(error, QuotaSpent):
        wait = error.reset_at - now
    if wait > 0:
        retry = details.RetryInfo()
        retry.retry_delay.FromMilliseconds(math.ceil(min(wait, LONGEST_WAIT) * 1_000))
        found.append(retry)
    said = Status(code=grpc.StatusCode[error.reason].value[0], message=error.sentence)
    for detail in found:
        said.details.add().Pack(detail)
    packed: bytes = said.SerializeToString()
    return packed
