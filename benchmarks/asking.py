"""Clients of one server, as bare as they may be: what is measured is the server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from basketgex.home import CHANNEL_OPTIONS
from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1.exposure_pb2_grpc import ExposureServiceStub
from tests.e2e.serving import Server

if TYPE_CHECKING:
    Reply = grpc.Future[pb.BatchGetBasketsResponse]

PATIENCE = 60.0
CHANNEL = (*CHANNEL_OPTIONS, ("grpc.use_local_subchannel_pool", 1))


class Client:
    """Asks one server by a channel of its own; with an ``authority`` by TLS."""

    def __init__(self, server: Server, authority: Path | None = None, token: str = "") -> None:
        if authority is None:
            self._channel = grpc.insecure_channel(server.address, CHANNEL)
        else:
            trusted = grpc.ssl_channel_credentials(authority.read_bytes())
            self._channel = grpc.secure_channel(str(server.ready["tls"]), trusted, CHANNEL)
        self._service = ExposureServiceStub(self._channel)
        self._token = [("authorization", f"Bearer {token or server.home.token()}")]

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def cell(self, *symbols: str, fresh: bool = True) -> None:
        """Ask for one basket, of what is known only unless ``fresh``. Raises grpc.RpcError."""
        refresh = pb.REFRESH_NORMAL if fresh else pb.REFRESH_CACHE_ONLY
        request = pb.GetBasketRequest(symbols=symbols, refresh=refresh)
        self._service.GetBasket(request, metadata=self._token, timeout=PATIENCE)

    def batch(self, request: pb.BatchGetBasketsRequest) -> Reply:
        """Ask for baskets, and wait for nothing."""
        return self._service.BatchGetBaskets.future(request, metadata=self._token, timeout=PATIENCE)

    def knows(self, symbol: str) -> bool:
        """Tell whether the server has a figure without a call."""
        try:
            self.cell(symbol, fresh=False)
        except grpc.RpcError:
            return False
        return True


def request_of(baskets: Sequence[Sequence[str]]) -> pb.BatchGetBasketsRequest:
    """Return the request for baskets, all weights 1."""
    places = {symbol: n for n, symbol in enumerate(dict.fromkeys(chain.from_iterable(baskets)))}
    index = [places[symbol] for basket in baskets for symbol in basket]
    offsets = [0]
    for basket in baskets:
        offsets.append(offsets[-1] + len(basket))
    return pb.BatchGetBasketsRequest(
        symbols=places, offsets=offsets, symbol_index=index, weights=[1.0] * len(index)
    )


def answered(replies: Iterable[Reply]) -> None:
    """Wait for replies, which must have every basket."""
    for reply in replies:
        assert not reply.result().errors
