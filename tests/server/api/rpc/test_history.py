"""GetHistory through a real server whose chains move from day to day: its rows, its ranks, and that it costs nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.api.rpc.test_change import DAY, moving
from tests.server.api.rpc.test_shape import ask, refusal
from tests.server.servers import NOON

NAMES, LOADS = ["NVDA", "AMD"], [3.0, 1.0]


def test_the_days_are_what_the_basket_was(tmp_path: Path) -> None:
    with moving(tmp_path) as (served, provider):
        seen = []
        for day in range(9):
            for hour in (0.0, 0.05):  # the last of a day counts
                provider.clock.at = NOON + (day + hour) * DAY
                seen.append(ask(served, "GetBasket", symbols=NAMES, weights=LOADS).basket)
        closes = list({basket.as_of: basket for basket in seen[1::2]}.values())
        assert len(closes) > 5  # nothing is asked for on some days off
        calls = ask(served, "GetStatus").source_calls
        found = ask(served, "GetHistory", symbols=[*NAMES, "NOSUCH"], weights=[*LOADS, 1.0])
        assert list(found.closes.as_of) == [basket.as_of for basket in closes]
        for measure in ("gex", "dex", "vex", "chex"):
            wanted = [getattr(basket.net, measure) for basket in closes]
            assert list(getattr(found.closes, measure)) == pytest.approx(wanted)
        assert list(found.closes.balance) == pytest.approx([basket.balance for basket in closes])
        before = [basket.net.gex for basket in closes[:-1]]
        assert found.gex.days == len(before)
        assert found.gex.percentile == pytest.approx(
            sum(x < closes[-1].net.gex for x in before) / len(before)
        )
        assert found.gex.HasField("z_score") and found.balance.HasField("percentile")
        assert (list(found.standing.missing_symbols), found.standing.covered_weight) == (["NOSUCH"], 0.8)
        assert ask(served, "GetStatus").source_calls == calls + 1  # of NOSUCH, which nobody had asked for
        short = ask(served, "GetHistory", symbols=NAMES, weights=LOADS, days=2.0)
        recent = [basket for basket in closes if basket.as_of >= closes[-1].as_of - 2 * DAY]
        assert list(short.closes.as_of) == [basket.as_of for basket in recent]
        assert not short.gex.HasField("percentile") and short.gex.days == len(recent) - 1
    with moving(tmp_path) as (served, provider):  # across restarts
        provider.clock.at = NOON + 12 * DAY
        found = ask(served, "GetHistory", symbols=NAMES, weights=LOADS)
        assert list(found.closes.as_of)[:-1] == [basket.as_of for basket in closes]
        said = "days must be above 0 and up to 3,650."
        for days in (0.0, float("nan"), 4_000.0):
            assert refusal(served, "GetHistory", symbols=NAMES, days=days) == ("invalid_range", said)
