"""What a server's door for metrics and probes says, as Prometheus and a kubelet read it; and servers that have one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from basketgex.v1 import exposure_pb2 as pb
from basketgex_cli.desk_certificate import LASTS, make_server
from basketgex_server.domain import QuotaReading
from basketgex_server.settings import Settings
from tests.server.servers import PATIENCE, Clock, FakeSource, Served, serving

QUICK = {"window_quiet": 0.0, "window_longest": 0.0}
DAYS = 10
"""How long the certificate that is written lasts."""
Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str) -> Samples:
    """Return every sample by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


class Probe:
    """Asks one server; ``get`` is httpx's, with what it has to trust."""

    def __init__(self, url: str, get: Callable[..., httpx.Response] = httpx.get) -> None:
        self._url = url
        self._get = get

    def get(self, path: str) -> httpx.Response:
        return self._get(f"{self._url}{path}", timeout=PATIENCE)

    def says(self, path: str) -> tuple[int, str]:
        found = self.get(path)
        return found.status_code, found.text.strip()

    def samples(self) -> Samples:
        found = self.get("/metrics")
        assert found.status_code == 200, found
        return parsed(found.text)

    def value(self, name: str, **labels: str) -> float | None:
        """Return what a metric is at the moment, None where it has no such sample."""
        return self.samples().get((f"basketgex_{name}", frozenset(labels.items())))


def write_certificate(folder: Path) -> tuple[str, str]:
    """Write a certificate for this machine that lasts some days, and its key; return both files."""
    make_server(folder / "tls", ["127.0.0.1"], datetime.now(UTC) - LASTS + timedelta(days=DAYS))
    return str(folder / "tls" / "server.pem"), str(folder / "tls" / "server.key")


class Watched:
    """A server that is looked after, over a made-up source with a quota."""

    def __init__(self, stack: ExitStack, folder: Path, **settings: object) -> None:
        clock = Clock()
        self.source = FakeSource(clock, says=lambda: QuotaReading(limit=1_000, remaining=700))
        chosen = Settings(
            **{"metrics_listen": "127.0.0.1:0", "http_listen": "127.0.0.1:0", **QUICK, **settings}
        )
        self.served: Served = stack.enter_context(serving(folder, chosen, lambda *_: self.source, now=clock))
        self.probe = Probe(f"http://{self.served.serving.metrics}")

    def ask(self, *symbols: str, token: tuple[tuple[str, str], ...] | None = None) -> pb.GetBasketResponse:
        request = pb.GetBasketRequest(symbols=symbols)
        token = self.served.token if token is None else token
        return self.served.stub.GetBasket(request, metadata=token, timeout=PATIENCE)
