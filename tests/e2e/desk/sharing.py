"""Two servers of a desk that wait for one call."""

from __future__ import annotations

from dataclasses import replace

from basketgex_addin.cells import Reply
from tests.e2e.desk.books import said, until_books
from tests.e2e.desk.replicas import Asking
from tests.e2e.serving import Server, until
from tests.standin.upstream import Fault, Gate, Upstream


def share_a_call(
    store: str, upstream: Upstream, asker: Server, joiner: Server, symbol: str, fault: Fault | None = None
) -> tuple[Gate, Asking, Asking]:
    """Let two servers wait for one call of the first; the source ends it, as a fault says, once the gate is opened."""
    gate = Gate()
    upstream.script(replace(fault or Fault(), before=gate))
    asks = Asking(asker, [symbol])
    gate.wait_entered()
    joins = Asking(joiner, [symbol])
    until(lambda: len(said(store, "SELECT FROM wanted WHERE call IS NOT NULL")) == 2)
    return gate, asks, joins


def join_and_take_over(store: str, upstream: Upstream, one: Server, other: Server) -> None:
    """Let two servers with one call behind them share one of each, and the other take over when the first is killed in its."""
    for first, second, symbol in ((one, other, "A"), (other, one, "B")):
        gate, asks, joins = share_a_call(store, upstream, first, second, symbol)
        gate.open()
        assert isinstance(asks.answer(), Reply)
        assert isinstance(joins.answer(), Reply)
    until_books(store, upstream, landed=3)
    gate, lost, waits = share_a_call(store, upstream, one, other, "C")
    one.kill()
    assert isinstance(waits.answer(), Reply)
    gate.open()
    lost.answer()
