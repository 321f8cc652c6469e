"""Metrics and probes of real servers: what is counted, what is in no label, and where the door may be."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import grpc
import httpx
import pytest

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.api.metrics.metrics import ENDS
from basketgex_server.errors import BadSettings, SourceUnavailable
from basketgex_server.settings import Settings
from tests.e2e.serving import until
from tests.server.metered import DAYS, Probe, Samples, Watched, write_certificate
from tests.server.servers import PATIENCE, serving


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with ExitStack() as stack:
        yield Watched(stack, tmp_path)


def test_calls_debits_and_what_is_known_are_told(watched: Watched) -> None:
    value = watched.probe.value
    assert [value("source_calls_total", outcome="answered"), value("debits_left")] == [0, None]
    assert [value("debits_total", state=s) for s in ENDS] == [0] * 5
    watched.ask("SPY", "AMD")
    watched.ask("AMD", "SPY")
    assert value("calls_saved_total") == 1
    watched.source.error = SourceUnavailable("It is away.")
    with pytest.raises(grpc.RpcError):
        watched.ask("SPY", "NVDA")
    told = {
        "source_calls_total": value("source_calls_total", outcome="answered"),
        "failed calls": value("source_calls_total", outcome=SourceUnavailable.code),
        "landed": value("debits_total", state="landed"),
        "failed": value("debits_total", state="failed"),
        "saved": value("calls_saved_total"),
        "left": value("debits_left"),
        "reserve": value("debits_reserve"),
        "known": value("symbols_known"),
        "wants": value("wants"),
        "flights": value("flights"),
        "streams": value("streams"),
        "store": value("store_up"),
        "clock": value("clock_offset_seconds"),
        "departures": value("store_seconds_count", operation="depart"),
        "certificate": value("certificate_expires_seconds"),
    }
    assert told == {
        "source_calls_total": 1,
        "failed calls": 1,
        "landed": 1,
        "failed": 1,
        "saved": 1,
        "left": 700,
        "reserve": 50,
        "known": 2,
        "wants": 0,
        "flights": 0,
        "streams": 0,
        "store": 1,
        "clock": 0,
        "departures": 2,
        "certificate": None,
    }


def requests(samples: Samples) -> dict[tuple[str, ...], float]:
    """Return the requests by method and code."""
    return {
        (dict(labels)["method"], dict(labels)["code"]): count
        for (name, labels), count in samples.items()
        if name == "basketgex_requests_total"
    }


def test_requests_are_counted_by_method_and_code_and_strangers_make_up_no_labels(watched: Watched) -> None:
    watched.ask("SPY")
    with pytest.raises(grpc.RpcError):
        watched.ask("SPY", token=())
    with pytest.raises(grpc.RpcError):
        watched.ask("not a symbol at all")
    for made_up in ("/made.up/One", "/made.up/Two"):
        with pytest.raises(grpc.RpcError):
            watched.served.channel.unary_unary(made_up)(b"", metadata=watched.served.token, timeout=PATIENCE)
    stream = watched.served.stub.WatchBaskets(
        pb.WatchBasketsRequest(
            baskets=pb.BatchGetBasketsRequest(symbols=["SPY"], offsets=[0, 1], symbol_index=[0], weights=[1])
        ),
        metadata=watched.served.token,
        timeout=PATIENCE,
    )
    assert next(stream)
    assert watched.probe.value("streams") == 1
    key = {"X-Api-Key": watched.served.home.token()}
    base = f"http://{watched.served.serving.http}"
    httpx.get(f"{base}/v1/nothing/NVDA", headers=key, timeout=PATIENCE)
    until(
        lambda: (
            requests(watched.probe.samples())
            == {
                ("GetBasket", "OK"): 1,
                ("GetBasket", "UNAUTHENTICATED"): 1,
                ("GetBasket", "INVALID_ARGUMENT"): 1,
                ("unknown", "UNIMPLEMENTED"): 2,
                ("REST", "404"): 1,
            }
        )
    )  # a refused call is counted just after its refusal has left
    samples = watched.probe.samples()
    assert samples["basketgex_request_seconds_count", frozenset()] >= 3
    assert {label for _, labels in samples for label, _ in labels} == {
        "method",
        "code",
        "outcome",
        "state",
        "operation",
        "le",
    }
    stream.cancel()


def test_probes_want_no_token_and_nothing_else_is_there(watched: Watched) -> None:
    assert watched.probe.says("/livez") == watched.probe.says("/readyz") == (200, "ok")
    assert watched.probe.says("/v1/exposure")[0] == watched.probe.says("/")[0] == 404
    assert httpx.post(f"http://{watched.served.serving.metrics}/metrics", timeout=PATIENCE).status_code == 405


def test_beyond_loopback_it_is_told_with_the_servers_certificate(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    with ExitStack() as stack:
        watched = Watched(
            stack,
            tmp_path / "home",
            metrics_listen="0.0.0.0:0",
            tls_certificate=certificate,
            tls_key=key,
        )
        port = watched.served.serving.metrics.rpartition(":")[2]
        trusting = partial(httpx.get, verify=ssl.create_default_context(cafile=certificate))
        probe = Probe(f"https://127.0.0.1:{port}", trusting)
        assert probe.says("/livez") == probe.says("/readyz") == (200, "ok")
        left = probe.value("certificate_expires_seconds")
        assert left is not None and DAYS - 0.1 < left / 86_400 < DAYS
        with pytest.raises(httpx.HTTPError):
            Probe(f"http://127.0.0.1:{port}").says("/livez")


@pytest.mark.parametrize(
    ("listen", "sentence"),
    [
        *(
            (
                listen,
                "Beyond loopback metrics_listen needs TLS: set tls_certificate and tls_key, or listen on 127.0.0.1.",
            )
            for listen in ("0.0.0.0:0", "[::]:9464", "192.0.2.1:9464", "desk.example:9464")
        ),
        ("9464", "metrics_listen must be HOST:PORT, such as 127.0.0.1:9464."),
    ],
)
def test_where_it_may_not_be_told_no_server_starts(tmp_path: Path, listen: str, sentence: str) -> None:
    with pytest.raises(BadSettings) as refused, serving(tmp_path, Settings(metrics_listen=listen)):
        pass
    assert refused.value.sentence == sentence


def test_an_address_in_use_is_said(watched: Watched, tmp_path: Path) -> None:
    taken = Settings(metrics_listen=watched.served.serving.metrics)
    with (
        pytest.raises(BadSettings, match=r"^The server cannot listen there: the address of metrics_listen"),
        serving(tmp_path / "other", taken),
    ):
        pass


def test_without_the_extra_the_sentence_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "basketgex_server.api.metrics.metrics", raising=False)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with (
        pytest.raises(
            BadSettings,
            match=r"^metrics_listen needs the extra desk: run pip install '\.\[desk\]' in the folder of",
        ),
        serving(tmp_path, Settings(metrics_listen="127.0.0.1:0")),
    ):
        pass
