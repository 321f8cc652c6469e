"""TLS as a client meets it: the certificates that ``basketgex desk certificate`` makes, before a real server."""

from __future__ import annotations

import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import httpx

from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1.exposure_pb2_grpc import ExposureServiceStub
from basketgex_cli.desk_certificate import LASTS, make_server
from basketgex_server.settings import Settings
from tests.server.servers import PATIENCE, Served, serving

NAME = "desk.example"
NOW = datetime.now(UTC)
FAST = (("grpc.enable_http_proxy", 0), ("grpc.initial_reconnect_backoff_ms", 100))


def made(folder: Path, now: datetime = NOW) -> Path:
    """Make an authority and the servers' certificate."""
    make_server(folder, [NAME, "127.0.0.1"], now)
    return folder


def settings(tls: Path, **others: str) -> Settings:
    return Settings(
        listen="127.0.0.1:0",
        tls_certificate=str(tls / "server.pem"),
        tls_key=str(tls / "server.key"),
        **others,  # type: ignore[arg-type]
    )


def says(served: Served, roots: Path, called: str = "", pair: tuple[Path, Path] | None = None) -> str:
    """Return the status of a call through TLS; ``called``: by what name, by the address if not given."""
    mine = [file.read_bytes() for file in pair] if pair else [None, None]
    credentials = grpc.ssl_channel_credentials((roots / "ca.pem").read_bytes(), mine[1], mine[0])
    options = (*FAST, *([("grpc.ssl_target_name_override", called)] if called else []))
    with closing(grpc.secure_channel(served.serving.tls, credentials, options)) as channel:
        try:
            ExposureServiceStub(channel).GetStatus(
                pb.GetStatusRequest(), metadata=served.token, timeout=PATIENCE
            )
        except grpc.RpcError as error:
            return str(error.code().name)
    return "OK"


def test_a_client_that_has_the_authority_is_answered(tmp_path: Path) -> None:
    tls = made(tmp_path / "tls")
    with serving(tmp_path / "home", settings(tls)) as served:
        assert says(served, tls) == "OK"
        assert says(served, tls, NAME) == "OK"
        assert says(served, tls, "other.example") == "UNAVAILABLE"
        assert says(served, made(tmp_path / "another")) == "UNAVAILABLE"


def test_a_certificate_that_has_expired_is_refused(tmp_path: Path) -> None:
    tls = made(tmp_path / "tls", NOW - LASTS - timedelta(days=1))
    with serving(tmp_path / "home", settings(tls)) as served:
        assert says(served, tls) == "UNAVAILABLE"
        make_server(tls, [], NOW)
    with serving(tmp_path / "home", settings(tls)) as served:
        assert says(served, tls) == "OK"


def test_metrics_have_the_same_certificate(tmp_path: Path) -> None:
    tls = made(tmp_path / "tls")
    with serving(tmp_path / "home", settings(tls, metrics_listen="0.0.0.0:0")) as served:
        port = served.serving.metrics.rpartition(":")[2]
        trusting = ssl.create_default_context(cafile=tls / "ca.pem")
        assert httpx.get(f"https://127.0.0.1:{port}/livez", verify=trusting, timeout=PATIENCE).text == "ok\n"


def test_nothing_older_than_tls_1_2(tmp_path: Path) -> None:
    tls = made(tmp_path / "tls")
    with old_fashioned(tls) as door:
        assert handshake(door, tls, ssl.TLSVersion.TLSv1_1) == "TLSv1.1"
    with serving(tmp_path / "home", settings(tls, metrics_listen="0.0.0.0:0")) as served:
        for door in (served.serving.tls, served.serving.metrics.replace("0.0.0.0", "127.0.0.1")):
            assert handshake(door, tls, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
            assert handshake(door, tls, ssl.TLSVersion.TLSv1_1) == "refused"


def of_version(context: ssl.SSLContext, version: ssl.TLSVersion) -> ssl.SSLContext:
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    return context


@contextmanager
def old_fashioned(tls: Path) -> Iterator[str]:
    """A server that takes one connection, by TLS 1.1."""
    context = of_version(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.TLSVersion.TLSv1_1)
    context.load_cert_chain(tls / "server.pem", tls / "server.key")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)

        def answer() -> None:
            context.wrap_socket(listener.accept()[0], server_side=True).close()

        answering = threading.Thread(target=answer)
        answering.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        answering.join(PATIENCE)


def handshake(address: str, tls: Path, version: ssl.TLSVersion) -> str:
    """Return the version that was agreed on."""
    context = of_version(ssl.create_default_context(cafile=tls / "ca.pem"), version)
    context.set_alpn_protocols(["h2", "http/1.1"])
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), PATIENCE) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=host) as secure:
                return secure.version() or ""
        except (ssl.SSLError, ConnectionError):
            return "refused"
