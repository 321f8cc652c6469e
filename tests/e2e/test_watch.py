"""``basketgex watch`` over a server of its own: a flip is shown, survives the server, and is known to who comes later."""

from __future__ import annotations

import json
import queue
from pathlib import Path

import pytest

from basketgex.home import Home
from basketgex_addin.cells import Ask, Reply, Since
from basketgex_addin.client import BasketClient
from tests.e2e.clocked import Clock
from tests.e2e.serving import environment, fresh, kill, status, until
from tests.e2e.watched import PATIENCE, gex, turn, watching
from tests.standin.upstream import Upstream


def test_a_flip_is_shown_and_survives_the_server(
    home: Home, given: dict[str, str], upstream: Upstream, clock: Clock
) -> None:
    with watching("semis=NVDA,AMD", "banks=JPM", "--pace", "1", given=given) as watch:
        table = [watch.line() for _ in range(3)]
        assert table[0].split()[:3] == ["basket", "regime", "since,"]
        assert table[1].split() == [
            *(
                "semis",
                "positive",
                "gamma",
                "before",
                "2026-09-16",
                "11:00",
                "+2.50",
                "bn",
                "+1.00",
                "100.0%",
            ),
            *("2026-09-16", "11:00", "fresh"),
        ]
        assert table[2].split()[:3] == ["banks", "negative", "gamma"]

        turn(upstream, clock, -9e9)
        assert watch.flip() == (
            "semis flipped to negative gamma at 2026-09-16 11:02 New York "
            "(was positive gamma since 2026-09-16 11:00 New York)"
        )
        assert len(upstream.calls) == 2

        before = home.server()
        kill(home)
        assert watch.errors.get(timeout=PATIENCE) == "reconnecting"
        until(lambda: home.server() not in (None, before))
        turn(upstream, clock, 9e9)
        assert watch.flip() == (
            "semis flipped to positive gamma at 2026-09-16 11:04 New York "
            "(was negative gamma since 2026-09-16 11:02 New York)"
        )
        assert len(upstream.calls) == 3

        with watching("semis=NVDA,AMD", "--json", "--pace", "1", given=given) as late:
            found = json.loads(late.line())
            assert (found["regime"], found["since"], found["previous_regime"], found["known_from"]) == (
                "positive_gamma",
                "2026-09-16T15:04:00Z",
                "negative_gamma",
                "2026-09-16T15:00:00Z",
            )
            assert found["flipped"] is False
            assert late.interrupt() == 0
        assert watch.interrupt() == 0
        assert watch.errors.empty()
    assert len(upstream.calls) == 3


def test_a_client_that_watches_hears_what_another_brought(
    home: Home, given: dict[str, str], upstream: Upstream, clock: Clock
) -> None:
    with watching("semis=NVDA,AMD", "--pace", "1", given=given) as watch:
        watch.line()
        changed: queue.SimpleQueue[frozenset[Ask]] = queue.SimpleQueue()
        client, ask = BasketClient(home), Ask(("NVDA", "AMD"))
        watcher = client.watch(changed.put, pace=1.0)
        watcher.want(ask)
        assert changed.get(timeout=PATIENCE) == {ask}
        calls = len(upstream.calls)

        upstream.published["NVDA"] = gex(-9e9)
        other = BasketClient(home)
        (forced,) = other.ask_many([ask], "FORCE")
        other.close()
        assert isinstance(forced, Reply)
        while not (isinstance(found := watcher.latest(ask), Reply) and found.gex == forced.gex):
            changed.get(timeout=PATIENCE)
        assert (forced.gex, len(upstream.calls)) == (-4e9, calls + 1)
        since = watcher.since(ask)
        # The clock stands: what was fetched at one moment is one moment, and the last of it counts.
        assert isinstance(since, Since) and (since.regime, since.since) == ("negative_gamma", 0.0)
        assert watch.interrupt() == 0

        watcher.drop(ask)
        watcher.close()
        client.close()
    assert status(home).baskets >= 2


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_synthetic_figures_say_that_they_are(tmp_path: Path, form: tuple[str, ...]) -> None:
    with (
        fresh(tmp_path / "home") as home,
        watching("semis=NVDA,AMD", "SPX", *form, given=environment(home.path)) as watch,
    ):
        if form:
            assert all(json.loads(watch.line())["synthetic"] for _ in range(2))
        else:
            table = [watch.line() for _ in range(3)]
            assert [line.endswith("  SYNTHETIC, historical") for line in table] == [False, True, True]
        assert watch.interrupt() == 0
