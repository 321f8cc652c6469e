"""What a pasted list may cost, and who may ask from beyond this machine."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import grpc
import pytest

from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1.exposure_pb2_grpc import ExposureServiceStub
from basketgex_addin.cells import Ask, CellError, Problem
from basketgex_addin.client import BasketClient, ServerStatus
from basketgex_addin.worksheet import Worksheet
from tests.e2e.serving import COMMAND, Server

REFUSED = (
    "The sheet asks for more new names at once than 12 source calls carry: "
    "recalculate to ask for the rest, or refresh explicitly."
)


def test_a_pasted_list_costs_twelve_calls_and_says_what_it_left_out(tmp_path: Path) -> None:
    asks = [Ask((f"X{n}",)) for n in range(1_000)]
    with Server(tmp_path / "home") as server:
        client = BasketClient(server.home, deadline=60.0)
        sheet = Worksheet(client)
        shown = [sheet.evaluate("BASKETGEX", [((ask.symbols[0],),)], lambda: asks) for ask in asks]
        status, last = client.status(), client.ask(asks[-1])
        client.close()

    assert shown == [CellError.NOT_AVAILABLE] * 1_000
    assert isinstance(status, ServerStatus)
    assert (status.debits_total, status.symbols_fetched) == (12, 600)
    assert isinstance(last, Problem) and last.sentence == REFUSED


def test_beyond_loopback_it_is_tls_and_this_machines_own_clients_go_on(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("only on machines with openssl, which makes the certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = [
        "-addext",
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    subprocess.run([*made, *names], check=True, capture_output=True)
    options = ("--listen", "127.0.0.1:0", "--tls-certificate", str(certificate), "--tls-key", str(key))

    with Server(tmp_path / "home", command=(*COMMAND, *options)) as server:
        client = BasketClient(server.home)
        assert not isinstance(client.ask(Ask(("NVDA",))), Problem)
        client.close()
        trusted = grpc.ssl_channel_credentials(certificate.read_bytes())
        with grpc.secure_channel(server.ready["tls"], trusted, [("grpc.enable_http_proxy", 0)]) as channel:
            token = [("authorization", f"Bearer {server.home.token()}")]
            found = ExposureServiceStub(channel).GetStatus(pb.GetStatusRequest(), metadata=token, timeout=30)
            assert found.baskets == 1
        plain = grpc.insecure_channel(server.ready["tls"], [("grpc.enable_http_proxy", 0)])
        with plain, pytest.raises(grpc.RpcError):
            ExposureServiceStub(plain).GetStatus(pb.GetStatusRequest(), metadata=token, timeout=30)
