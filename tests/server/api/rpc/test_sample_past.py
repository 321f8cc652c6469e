"""The sample's past through a real server of a fresh home, and through the worksheet's functions: figures, at no cost."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from basketgex.v1 import exposure_pb2 as pb
from basketgex_addin.cells import CellError
from basketgex_addin.client import BasketClient
from basketgex_addin.worksheet import Worksheet
from basketgex_server.domain import Terms
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.change import of_chain
from basketgex_server.exposure.symbol import exposure
from basketgex_server.settings import Settings
from basketgex_server.sources.sample.past import SESSIONS
from basketgex_server.sources.sample.provider import Sample
from tests.server.api.rpc.test_change import PARTS
from tests.server.api.rpc.test_shape import ask
from tests.server.servers import Clock, Served, serving

NAMES, LOADS = ["NVDA", "AMD", "SPY"], [2.0, 1.0, 1.0]
SHARES = dict(zip(NAMES, (0.5, 0.25, 0.25), strict=True))
MOMENTS = Sample().moments()
CLOCKS = {"the clock": None, "a clock from before the sample's moment": Clock(1_700_000_000.0)}


@pytest.fixture(scope="module", params=CLOCKS)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    clock = CLOCKS[request.param]
    with serving(tmp_path_factory.mktemp("home"), **({"now": clock} if clock else {})) as found:
        yield found


def terms_of(symbol: str) -> Terms:
    rate, dividend_yield = Settings().rates_of(symbol)
    return Terms("flashalpha", rate, dividend_yield)


def chain_at(symbol: str, moment: float) -> Chain:
    found = Sample().chain_at(symbol, moment)
    assert found
    return found


def net_at(moment: float) -> float:
    found = {symbol: exposure(chain_at(symbol, moment), *terms_of(symbol)) for symbol in NAMES}
    return math.fsum(SHARES[symbol] * figure.net.gex for symbol, figure in found.items() if figure)


def test_closing_figures_and_where_today_stands(served: Served) -> None:
    basket = ask(served, "GetBasket", symbols=NAMES, weights=LOADS).basket
    found = ask(served, "GetHistory", symbols=NAMES, weights=LOADS)
    assert list(found.closes.as_of) == [*MOMENTS, basket.as_of]
    before = [net_at(moment) for moment in MOMENTS]
    assert list(found.closes.gex) == pytest.approx([*before, basket.net.gex])
    assert found.gex.days == found.balance.days == SESSIONS
    assert found.gex.percentile == sum(x < basket.net.gex for x in before) / SESSIONS
    assert found.gex.HasField("z_score") and found.balance.HasField("percentile")
    assert len(ask(served, "GetHistory", symbols=NAMES, weights=LOADS, days=3.0).closes.as_of) == 3


@pytest.mark.parametrize("since", [0.0, *MOMENTS])
def test_the_parts_of_a_change_add_up(served: Served, since: float) -> None:
    basket = ask(served, "GetBasket", symbols=NAMES, weights=LOADS).basket
    found = ask(served, "GetChange", symbols=NAMES, weights=LOADS, since=since)
    moment = since or MOMENTS[-1]
    assert (found.since, found.since_newest) == (moment, moment)
    assert found.before == pytest.approx(net_at(moment)) and found.after == pytest.approx(basket.net.gex)
    parts = [getattr(found, name) for name in PARTS]
    size = math.fsum(map(abs, parts))
    assert math.fsum(parts) == pytest.approx(found.after - found.before, abs=1e-9 * size)
    assert all(parts[:4])
    assert abs(found.residual) < 1e-6 * size and found.weights == 0
    for symbol in NAMES:
        today = Sample().chain(symbol)
        change = today and of_chain(chain_at(symbol, moment), today, terms_of(symbol))
        alone = ask(served, "GetChange", symbols=[symbol], since=since)
        assert change and [getattr(alone, n) for n in PARTS] == pytest.approx(
            list(change.parts), rel=1e-9, abs=1.0
        )


def test_since_when_and_what_was_before(served: Served) -> None:
    baskets = pb.BatchGetBasketsRequest(
        symbols=NAMES, offsets=[0, 3, 4], symbol_index=[0, 1, 2, 2], weights=[*LOADS, 1.0]
    )
    ask(served, "BatchGetBaskets", symbols=NAMES, offsets=[0, 3], symbol_index=[0, 1, 2], weights=LOADS)
    found = ask(served, "GetRegimes", baskets=baskets).regimes
    history = ask(served, "GetHistory", symbols=NAMES, weights=LOADS).closes
    signs = [gex >= 0 for gex in history.gex]
    last = max(place for place, sign in enumerate(signs) if sign != signs[-1])
    assert found.since[0] == history.as_of[last + 1]
    assert (found.regime[0], found.previous[0]) == ((1, 2) if signs[-1] else (2, 1))
    assert list(found.known_from) == [MOMENTS[0]] * 2


def test_no_debit_is_spent_and_nothing_is_stored(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        for call in ("GetHistory", "GetChange"):
            assert ask(served, call, symbols=NAMES, weights=LOADS).standing.covered_weight == 1
        status = ask(served, "GetStatus")
        assert (status.source_calls, status.chains_kept) == (1, len(NAMES))
        assert status.origin.synthetic


@pytest.mark.parametrize(
    "settings",
    [Settings(dividends="implied"), Settings(convention="dealer"), Settings(day_count="bus252")],
    ids=["implied", "dealer", "bus252"],
)
def test_the_past_is_computed_as_the_present_is(tmp_path: Path, settings: Settings) -> None:
    with serving(tmp_path, settings) as served:
        whole = ask(served, "GetHistory", symbols=["SPY"])
        found = ask(served, "GetChange", symbols=["SPY"])
        assert found.before == pytest.approx(whole.closes.gex[-2])
        assert found.after == pytest.approx(whole.closes.gex[-1])
    with serving(
        tmp_path, replace(settings, dividends="flat", convention="flashalpha", day_count="act365")
    ) as served:
        other = ask(served, "GetHistory", symbols=["SPY"])
        assert list(other.closes.vex) != list(whole.closes.vex)
        assert len(other.closes.gex) == len(whole.closes.gex) == SESSIONS + 1


def test_every_function_of_the_past_shows_figures(served: Served) -> None:
    client = BasketClient(served.home)
    sheet = Worksheet(client)
    names, loads = tuple((n,) for n in NAMES), tuple((w,) for w in LOADS)

    def shown(name: str, *more: object) -> tuple[tuple[object, ...], ...]:
        found = sheet.evaluate(name, (names, loads, *more))
        assert isinstance(found, tuple)
        return found

    try:
        for name in ("BASKETSINCE", "BASKETPERCENTILE", "BASKETHISTORY", "BASKETCHANGE"):
            cells = [cell for row in shown(name) for cell in row]
            assert not [cell for cell in cells if isinstance(cell, CellError)], name
        change = dict(shown("BASKETCHANGE"))
        parts = [value for name, value in change.items() if name not in ("before", "after", "since")]
        assert sum(parts) == pytest.approx(change["after"] - change["before"], rel=1e-6)
        assert change["after"] == pytest.approx(sheet.evaluate("BASKETGEX", (names, loads)))
        assert len(shown("BASKETHISTORY")) == SESSIONS + 1
        assert "SYNTHETIC" in str(sheet.evaluate("BASKETSTATUS", (names, loads)))
    finally:
        client.close()
