"""Where the gRPC door listens: loopback in the clear, anything beyond it with TLS."""

from __future__ import annotations

import grpc
import grpc.aio

from basketgex_server.errors import BadSettings
from basketgex_server.settings import Settings


def bind(
    server: grpc.aio.Server, settings: Settings, credentials: grpc.ServerCredentials | None
) -> tuple[str, str]:
    """Bind; where it is with TLS, a door on loopback stays open for this machine's own clients, which know no certificate."""
    host, beyond = settings.listen.rpartition(":")[0], ""
    try:
        if credentials is not None:
            beyond = f"{host}:{server.add_secure_port(settings.listen, credentials)}"
            return f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}", beyond
        return f"{host}:{server.add_insecure_port(settings.listen)}", beyond
    except (OSError, RuntimeError) as error:
        raise BadSettings(
            "The server cannot listen there: the address is in use, or not to be had."
        ) from error
