"""TLS as a client meets it: the certificates that ``basketgex desk certificate`` makes, before a real server."""

from __future__ import annotations

import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import grpc
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1.exposure_pb2_grpc import ExposureServiceStub
from basketgex_cli.desk_certificate import LASTS, make_client, make_server
from basketgex_server.errors import BadSettings
from basketgex_server.settings import Settings
from basketgex_server.tls import AGAIN, UNUSABLE, Tls
from tests.e2e.serving import until
from tests.server.metered import Probe
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


def channel_to(
    served: Served, tls: Path, called: str = "", pair: tuple[Path, Path] | None = None, roots: bytes = b""
) -> grpc.Channel:
    """Return a channel through TLS; ``called``: by what name, by the address if not given."""
    own, key = (file.read_bytes() for file in pair) if pair else (None, None)
    credentials = grpc.ssl_channel_credentials(roots or (tls / "ca.pem").read_bytes(), key, own)
    # Channels of equal arguments share their connections.
    options = (*FAST, ("grpc.use_local_subchannel_pool", 1))
    named = (("grpc.ssl_target_name_override", called),) if called else ()
    return grpc.secure_channel(served.serving.tls, credentials, (*options, *named))


def status_of(channel: grpc.Channel, served: Served, token: tuple[tuple[str, str], ...] | None = None) -> str:
    metadata = served.token if token is None else token
    try:
        ExposureServiceStub(channel).GetStatus(pb.GetStatusRequest(), metadata=metadata, timeout=PATIENCE)
    except grpc.RpcError as error:
        return str(error.code().name)
    return "OK"


def says(
    served: Served,
    tls: Path,
    called: str = "",
    pair: tuple[Path, Path] | None = None,
    token: tuple[tuple[str, str], ...] | None = None,
    roots: bytes = b"",
) -> str:
    """Return the status of a call over a connection of its own."""
    with closing(channel_to(served, tls, called, pair, roots)) as channel:
        return status_of(channel, served, token)


def pair_of(folder: Path, person: str) -> tuple[Path, Path]:
    return folder / f"client-{person}.pem", folder / f"client-{person}.key"


def whole_chain(tls: Path) -> bytes:
    """The authority beside the server's certificate, wherever ca.pem has gone."""
    return (tls / "server.pem").read_bytes()


def doors(served: Served) -> list[str]:
    return [served.serving.tls, served.serving.metrics.replace("0.0.0.0", "127.0.0.1")]


def probe_of(served: Served, tls: Path) -> Probe:
    """Ask as Prometheus does, over a new connection each time."""
    trusting = ssl.create_default_context(cafile=tls / "ca.pem")
    return Probe(f"https://{doors(served)[1]}", partial(httpx.get, verify=trusting))


def served_to(door: str, tls: Path) -> bytes:
    """Return the certificate that a new connection is shown."""
    context = ssl.create_default_context(cafile=tls / "ca.pem")
    context.set_alpn_protocols(["h2", "http/1.1"])
    host, _, port = door.rpartition(":")
    with (
        socket.create_connection((host, int(port)), PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        return secure.getpeercert(True) or b""


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


def test_a_renewed_certificate_wants_no_restart(tmp_path: Path) -> None:
    tls = made(tmp_path / "tls", NOW - timedelta(days=LASTS.days - 10))
    with serving(tmp_path / "home", settings(tls, metrics_listen="0.0.0.0:0")) as served:
        probe = probe_of(served, tls)
        assert 9 < (probe.value("certificate_expires_seconds") or 0) / 86_400 < 10
        with closing(channel_to(served, tls)) as before:
            assert status_of(before, served) == "OK"
            first = [served_to(door, tls) for door in doors(served)]
            assert first[0] == first[1]
            make_server(tls, [NAME, "127.0.0.1"], NOW)
            until(lambda: (probe.value("certificate_expires_seconds") or 0) / 86_400 > LASTS.days - 1)
            renewed = x509.load_pem_x509_certificate((tls / "server.pem").read_bytes()).public_bytes(
                Encoding.DER
            )
            assert [served_to(door, tls) for door in doors(served)] == [renewed, renewed] != first
            assert status_of(before, served) == "OK"  # what stands goes on
        assert says(served, tls) == "OK"


def test_files_that_cannot_be_used_change_nothing_and_are_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tls, other = made(tmp_path / "tls"), made(tmp_path / "other")
    with serving(tmp_path / "home", settings(tls, metrics_listen="0.0.0.0:0")) as served:
        probe, before = probe_of(served, tls), served_to(served.serving.tls, tls)
        whole = {file: (tls / file).read_bytes() for file in ("server.pem", "server.key")}
        for file, wrong in (
            ("server.pem", whole["server.pem"][:300]),
            ("server.pem", (other / "server.pem").read_bytes()),  # its key is to come
            ("server.key", b""),
        ):
            assert probe.value("certificate_current") == 1
            (tls / file).write_bytes(wrong)
            until(lambda: probe.value("certificate_current") == 0)
            assert [served_to(door, tls) for door in doors(served)] == [before, before]
            (said,) = [r.getMessage() for r in caplog.records if r.name == "basketgex_server.tls"]
            assert said == (
                "The TLS files have changed and cannot be used: the certificate from before stays."
            )
            (tls / file).write_bytes(whole[file])
            until(lambda: probe.value("certificate_current") == 1)
            caplog.clear()
        (tls / "server.key").unlink()
        until(lambda: probe.value("certificate_current") == 0)
        assert says(served, tls) == "OK"


def test_files_that_are_mended_without_a_trace_are_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As where its owner lets the server read a file: the file's own time stays."""
    at, can_read = made(tmp_path / "tls"), False
    files = Tls(settings(at))
    read = files._read
    monkeypatch.setattr(files, "_read", lambda: read() if can_read else None)
    make_server(at, [], NOW)
    clock = 100.0
    monkeypatch.setattr("basketgex_server.tls.time", SimpleNamespace(monotonic=lambda: clock))
    for _ in range(5):
        files.look()
        clock += AGAIN
    assert not files.is_current
    files.look()
    can_read = True
    files.look()
    assert not files.is_current
    clock += AGAIN
    files.look()
    assert files.is_current
    assert len([r for r in caplog.records if r.levelname == "WARNING"]) == 1


def test_with_client_ca_a_client_shows_a_certificate_before_any_token(tmp_path: Path) -> None:
    tls, other = made(tmp_path / "tls"), made(tmp_path / "other")
    for folder in (tls, other):
        make_client(folder, "ann", NOW)
    make_client(tls, "old", NOW - LASTS - timedelta(days=1))
    chosen = settings(tls, client_ca=str(tls / "ca.pem"), metrics_listen="0.0.0.0:0")
    with serving(tmp_path / "home", chosen) as served:
        ann, stranger = pair_of(tls, "ann"), pair_of(other, "ann")
        assert says(served, tls, pair=ann) == "OK"
        assert says(served, tls, pair=ann, token=()) == "UNAUTHENTICATED"  # no substitute for a token
        for token in (served.token, ()):
            assert says(served, tls, token=token) == "UNAVAILABLE"
            assert says(served, tls, pair=stranger, token=token) == "UNAVAILABLE"
        assert says(served, tls, pair=pair_of(tls, "old")) == "UNAVAILABLE"
        assert says(served, tls, pair=(tls / "server.pem", tls / "server.key")) == "UNAVAILABLE"  # a server's
        assert probe_of(served, tls).says("/readyz") == (200, "ok")  # a kubelet has none
        assert status_of(served.channel, served) == "OK"  # nor have this machine's own clients

        (tls / "ca.pem").write_bytes((other / "ca.pem").read_bytes())
        until(lambda: says(served, tls, NAME, stranger, roots=whole_chain(tls)) == "OK")
        assert says(served, tls, NAME, ann, roots=whole_chain(tls)) == "UNAVAILABLE"


@pytest.mark.parametrize("content", ["", "-----BEGIN CERTIFICATE-----\n", "ä"])
def test_a_client_ca_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    tls = made(tmp_path / "tls")
    (tmp_path / "clients.pem").write_text(content, "utf-8")
    with pytest.raises(BadSettings) as caught:
        Tls(settings(tls, client_ca=str(tmp_path / "clients.pem")))
    assert caught.value.sentence == UNUSABLE


def test_a_client_ca_goes_with_tls(tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as caught, serving(tmp_path, Settings(client_ca="ca.pem")):
        pass
    assert caught.value.sentence == "client_ca goes with TLS: set tls_certificate and tls_key too."


def test_nothing_older_than_tls_1_2(tmp_path: Path) -> None:
    tls = made(tmp_path / "tls")
    with old_fashioned(tls) as door:
        assert handshake(door, tls, ssl.TLSVersion.TLSv1_1) == "TLSv1.1"
    with serving(tmp_path / "home", settings(tls, metrics_listen="0.0.0.0:0")) as served:
        for door in doors(served):
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
