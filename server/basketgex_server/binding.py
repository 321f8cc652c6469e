"""Where the gRPC door listens: loopback in the clear, anything beyond it with TLS."""

from __future__ import annotations

from pathlib import Path

import grpc
import grpc.aio

from basketgex_server.errors import BadSettings
from basketgex_server.settings import Settings


def bind(server: grpc.aio.Server, settings: Settings) -> tuple[str, str]:
    """Bind; where it is with TLS, a door on loopback stays open for this machine's own clients, which know no certificate."""
    host, beyond = settings.listen.rpartition(":")[0], ""
    try:
        if settings.tls_certificate:
            beyond = f"{host}:{server.add_secure_port(settings.listen, _credentials(settings))}"
            return f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}", beyond
        return f"{host}:{server.add_insecure_port(settings.listen)}", beyond
    except (OSError, RuntimeError) as error:
        raise BadSettings(
            "The server cannot listen there: the address is in use, or a TLS file cannot be read."
        ) from error


def _credentials(settings: Settings) -> grpc.ServerCredentials:
    pair = (Path(settings.tls_key).read_bytes(), Path(settings.tls_certificate).read_bytes())
    return grpc.ssl_server_credentials([pair])
