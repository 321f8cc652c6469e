"""The metrics of one server. No label has a person, a symbol or an address in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from basketgex_server.dispatch.gauges import Gauges
from basketgex_server.dispatch.spending import Counts
from basketgex_server.stores.meter import Meter

ENDS = ("landed", "failed", "refused", "free", "lost")
"""What becomes of a debit. All are told from the start: Prometheus sees no increase in what begins with one."""
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@dataclass(frozen=True, slots=True)
class State:
    """How a server stands at the moment at which it is asked.

    ``certificate_until``: when the first of its certificates expires (Unix seconds); ``certificate_current``: whether its files
    say so, too. None without a certificate.
    """

    counts: Counts
    gauges: Gauges
    streams: int
    store_up: bool
    certificate_until: float | None
    certificate_current: bool | None


class Metrics(Meter):
    """Counts what it is told of; what can be looked up, ``look`` tells when Prometheus asks."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "basketgex_requests",
            "Requests by method and status.",
            ("method", "code"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "basketgex_request_seconds",
            "Time until a request is answered; streams have none.",
            registry=self._registry,
            buckets=SECONDS,
        )
        self._store = Histogram(
            "basketgex_store_seconds",
            "Time that the store takes.",
            ("operation",),
            registry=self._registry,
            buckets=SECONDS,
        )
        self._news = Histogram(
            "basketgex_news_seconds",
            "Time until what another replica has fetched is known here.",
            registry=self._registry,
            buckets=SECONDS,
        )

    def request_ended(self, method: str, code: str, seconds: float | None) -> None:
        """Count a request; ``seconds`` that its answer took, None of a stream."""
        self._requests.labels(method, code).inc()
        if seconds is not None:
            self._seconds.observe(seconds)

    def store_took(self, operation: str, seconds: float) -> None:
        """Note how long the store took."""
        self._store.labels(operation).observe(seconds)

    def news_took(self, seconds: float) -> None:
        """Note how long news took; clocks that differ make it no less than nothing."""
        self._news.observe(max(seconds, 0.0))

    def look_at(self, look: Callable[[], State]) -> None:
        """Tell what ``look`` finds, too."""
        self._registry.register(_Looked(look))

    def text(self) -> bytes:
        """Return all of it in Prometheus' text form."""
        return generate_latest(self._registry)


class _Looked:
    """Values that are looked up when they are asked for."""

    def __init__(self, look: Callable[[], State]) -> None:
        self._look = look
        self._saved = 0

    def collect(self) -> Iterator[Metric]:
        state = self._look()
        counts, gauges = state.counts, state.gauges
        calls = CounterMetricFamily("basketgex_source_calls", "Calls of the source.", labels=("outcome",))
        for outcome, count in {"answered": 0, **counts.outcomes}.items():
            calls.add_metric((outcome,), count)
        yield calls
        debits = CounterMetricFamily(
            "basketgex_debits", "Debits by what became of their calls.", labels=("state",)
        )
        for end in ENDS:
            debits.add_metric((end,), counts.ends[end])
        yield debits
        # An answer is counted after its call: a counter that went down between would look like a new start.
        self._saved = max(self._saved, counts.answered - counts.debits)
        yield CounterMetricFamily(
            "basketgex_calls_saved", "Calls that the same answers would have cost more.", self._saved
        )
        yield from _gauges(
            debits_left=("Debits of the day that the account has left.", gauges.debits_left),
            debits_reserve=("Debits of these that are kept back for explicit requests.", gauges.reserve),
            symbols_known=("Symbols with a figure.", gauges.symbols_known),
            wants=("Symbols that are waited for here and have no call yet.", gauges.wants),
            flights=("Calls of this server under way.", gauges.flights),
            streams=("Streams of baskets that are open.", state.streams),
            store_up=("Whether the store can be reached.", int(state.store_up)),
            clock_offset_seconds=(
                "The store's clock less this server's, at the last departure.",
                counts.clock_offset,
            ),
            certificate_expires_seconds=(
                "Time until the server's certificate expires.",
                None if state.certificate_until is None else state.certificate_until - time.time(),
            ),
            certificate_current=(
                "Whether the server's certificate is what its files say.",
                state.certificate_current,
            ),
        )


def _gauges(**told: tuple[str, float | None]) -> Iterator[Metric]:
    """Yield gauges, without a value where it is not known."""
    for name, (said, value) in told.items():
        yield GaugeMetricFamily(f"basketgex_{name}", said, value)
