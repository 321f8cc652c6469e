"""GetHedge and BatchGetHedges through a real server: real chains by brute force, the sample, betas, what cannot be asked."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import grpc
import pytest

from basketgex.v1 import exposure_pb2 as pb
from basketgex_addin.cells import Ask, Betas, Hedge, Problem
from basketgex_addin.cells import Scenario as Asked
from basketgex_addin.client import BasketClient
from basketgex_addin.functions.hedge import HedgeOf
from basketgex_server.domain import Basket, Origin
from basketgex_server.exposure.betas import implied
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.dispersion import at_the_money
from basketgex_server.market_hours import NEW_YORK
from basketgex_server.settings import Settings
from basketgex_server.sources.computed import Computed
from basketgex_server.sources.files.folder import read_chain
from basketgex_server.sources.sample.provider import Sample
from tests.reference.hedging import bought
from tests.reference.textbook import Rows
from tests.server.api.conftest import FOLDER
from tests.server.servers import PATIENCE, Clock, FakeSource, Served, serving

RATE, DIVIDEND = 0.045, 0.013
DAY = 86_400.0


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("home"), Settings()) as served:
        yield served


def ask(served: Served, **values: Any) -> pb.GetHedgeResponse:
    request = pb.GetHedgeRequest(**values)
    found: pb.GetHedgeResponse = served.stub.GetHedge(request, metadata=served.token, timeout=PATIENCE)
    return found


def by_hand(chain: Chain, move: float, vol: float, days: float, dividend: float = 0.0) -> tuple[float, float]:
    columns = (chain.strike, chain.is_call, chain.expiry, chain.volatility, chain.open_interest)
    return bought(Rows(chain.spot, chain.as_of, *columns), move, vol, days, RATE, dividend)


def sampled(symbol: str) -> Chain:
    chain = Sample().chain(symbol)
    assert chain
    return chain


def test_spx_of_the_tenth_of_july(real: Served) -> None:
    found = ask(real, symbols=["^SPX"], move=[-0.01, -0.02, -0.05, 0.01])
    assert [usd / 1e9 for usd in found.buy] == pytest.approx([21.34, 8.67, -109.87, -54.15], abs=0.01)
    assert (found.counting, found.symbols, found.counts, found.betas) == (
        pb.COUNTING_MARKET,
        ["SPX"],
        [1.0],
        [1.0],
    )
    assert (found.vol, found.days) == ([0.0] * 4, [0.0] * 4) and not found.HasField("clock")


def test_real_chains_by_brute_force_the_clock_included(real: Served, shared_data: Path) -> None:
    names, loads, betas = ["NVDA", "AMD", "AVGO"], [2.0, 1.0, 1.0], [1.5, 0.8, -0.5]
    scenarios = [(-0.05, 0.0, 0.0), (0.02, 0.01, 0.0), (0.0, 0.0, 1.0), (0.03, -0.02, 2.5)]
    move, vol, days = zip(*scenarios, strict=True)
    found = ask(real, symbols=names, weights=loads, betas=betas, move=move, vol=vol, days=days, clock=True)
    assert found.counting == pb.COUNTING_WEIGHT and found.counts == [0.5, 0.25, 0.25]
    chains = [read_chain(shared_data / FOLDER / f"{name}.csv.gz", name) for name in names]

    def summed(scenario: tuple[float, float, float], betas: list[float]) -> tuple[float, float]:
        parts = [by_hand(c, scenario[0] * b, *scenario[1:]) for c, b in zip(chains, betas, strict=True)]
        return tuple(sum(w / 4 * p[i] for w, p in zip(loads, parts, strict=True)) for i in (0, 1))  # type: ignore[return-value]

    for scenario, usd in zip(scenarios, found.buy, strict=True):
        wanted, gross = summed(scenario, betas)
        assert abs(usd - wanted) <= 1e-9 * gross
    now = {chain.as_of for chain in chains}.pop()
    assert found.as_of == found.as_of_newest == now
    assert found.clock.row[-2:] == [pb.CLOCK_ROW_CLOSE, pb.CLOCK_ROW_WEEKEND]
    for at, usd in zip(found.clock.at, found.clock.buy, strict=True):
        wanted, gross = summed((0.0, 0.0, (at - now) / DAY), [1.0] * 3)
        assert abs(usd - wanted) <= 1e-9 * gross


def test_the_clock_goes_by_hours_of_new_york_to_the_close_and_over_a_weekend(sample: Served) -> None:
    clock = ask(sample, symbols=["SPY"], clock=True).clock
    told = [f"{datetime.fromtimestamp(at, NEW_YORK):%a %H:%M}" for at in clock.at]
    assert told == ["Wed 16:00", "Sat 15:45"]  # the sample is of a quarter to four
    chain = sampled("SPY")
    wanted, gross = by_hand(chain, 0.0, 0.0, 900.0 / DAY, DIVIDEND)
    assert abs(clock.buy[0] - wanted) <= 1e-9 * gross


def test_the_market_is_a_sum_and_weights_a_mean(sample: Served) -> None:
    names = ["NVDA", "AMD", "NOSUCH", "MSFT"]
    alone = {name: ask(sample, symbols=[name], move=[-0.02]).buy[0] for name in ("NVDA", "AMD", "MSFT")}
    whole = ask(sample, symbols=names, move=[-0.02])
    assert whole.buy[0] == pytest.approx(sum(alone.values()))
    assert (whole.missing_symbols, whole.covered_weight) == (["NOSUCH"], 0.75)
    mean = ask(sample, symbols=names, weights=[3, 1, 4, 0], move=[-0.02])
    assert mean.buy[0] == pytest.approx(0.75 * alone["NVDA"] + 0.25 * alone["AMD"])
    assert (mean.missing_symbols, mean.covered_weight, mean.symbols) == (["NOSUCH"], 0.5, ["NVDA", "AMD"])
    both = ask(sample, symbols=names, weights=[3, 1, 4, 0], move=[-0.02], counting=pb.COUNTING_MARKET)
    assert both.buy == whole.buy and both.counts == [1.0] * 3
    even = ask(sample, symbols=names, move=[-0.02], counting=pb.COUNTING_WEIGHT)
    assert even.buy[0] == pytest.approx(sum(alone.values()) / 3)


def test_betas_that_an_index_implies(sample: Served) -> None:
    names, loads = ("NVDA", "AMD", "NOSUCH", "MSFT"), (3.0, 1.0, 1.0, 2.0)
    found = ask(sample, symbols=names, weights=loads, move=[-0.02], beta_index="spy", horizon_days=45)
    volatility = {s: at_the_money(sampled(s), RATE, 0.0, 45.0) for s in ("NVDA", "AMD", "MSFT")}
    index = at_the_money(sampled("SPY"), RATE, DIVIDEND, 45.0)
    assert index and all(volatility.values())
    wanted = implied(index, Basket(names, loads), volatility)  # type: ignore[arg-type]
    assert wanted
    assert dict(zip(found.symbols, found.betas, strict=True)) == pytest.approx(wanted.betas)
    assert found.correlation == pytest.approx(wanted.correlation)
    same = ask(sample, symbols=found.symbols, weights=[3, 1, 2], move=[-0.02], betas=found.betas)
    assert same.buy == pytest.approx(found.buy)
    assert not same.HasField("correlation")


@pytest.mark.parametrize(
    ("values", "code", "argument"),
    [
        ({"move": [-1.0]}, "invalid_scenario", "move"),
        ({"move": [-2.0]}, "invalid_scenario", "move"),  # meant as per cent
        ({"move": [math.nan]}, "invalid_scenario", "move"),
        ({"move": [0.01], "vol": [0.01, 0.02]}, "invalid_scenario", "move"),
        ({"move": [0.0] * 1_001}, "invalid_scenario", "move"),
        ({"vol": [1.5]}, "invalid_scenario", "vol"),
        ({"days": [-1.0]}, "invalid_scenario", "days"),
        ({"days": [math.inf]}, "invalid_scenario", "days"),
        ({"betas": [1.0]}, "invalid_scenario", "betas"),
        ({"betas": [1.0, math.nan]}, "invalid_scenario", "betas"),
        ({"betas": [1.0, 21.0]}, "invalid_scenario", "betas"),
        ({"betas": [1.0, 1.0], "beta_index": "SPY"}, "invalid_scenario", "betas"),
        ({"betas": [3.0, 1.0], "move": [-0.4]}, "invalid_scenario", "move"),
        ({"symbols": ["NVDA", "nvda"], "betas": [1.0, 2.0]}, "invalid_scenario", "betas"),
        ({"beta_index": "no such"}, "invalid_symbol", "beta_index"),
        ({"beta_index": "NOSUCH"}, "no_data", ""),
        ({"beta_index": "SPY", "horizon_days": 0.0}, "invalid_horizon", "horizon_days"),
        ({"symbols": ["NOSUCH"]}, "no_data", ""),
        ({"symbols": []}, "missing_symbols", "symbols"),
        ({"weights": [1.0]}, "weight_count_mismatch", "weights"),
        ({"weights": [-1.0, 1.0]}, "invalid_weights", "weights"),
    ],
)
def test_what_cannot_be_asked(sample: Served, values: dict[str, Any], code: str, argument: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        ask(sample, **{"symbols": ["NVDA", "AMD"], **values})
    error: Any = caught.value
    said = dict(error.trailing_metadata())
    assert (said["basketgex-code"], said["basketgex-argument"]) == (code, argument)
    assert error.details().endswith(".")


def test_a_source_without_chains_does_not_offer_it(tmp_path: Path) -> None:
    with (
        serving(tmp_path, Settings(), lambda _, __: FakeSource(Clock())) as served,
        pytest.raises(grpc.RpcError) as caught,
    ):
        ask(served, symbols=["NVDA"])
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert error.details() == "This source has no option chains, so nothing can be repriced."


def test_a_chain_that_is_broken_is_named(tmp_path: Path, shared_data: Path) -> None:
    folder = tmp_path / "chains"
    folder.mkdir()
    for file in ("NVDA.csv.gz", "underlyings.json"):
        (folder / file).symlink_to(shared_data / FOLDER / file)
    (folder / "AMD.csv").write_text("no,chain\n1,2\n")
    settings = Settings(source="chain-files", chain_folder=str(folder))
    with serving(tmp_path / "home", settings) as served:
        found = ask(served, symbols=["NVDA", "AMD"], move=[0.01])
        with pytest.raises(grpc.RpcError) as caught:
            ask(served, symbols=["AMD"])
    assert (found.symbols, found.missing_symbols) == (["NVDA"], ["AMD"]) and "AMD.csv" in found.notice
    error: Any = caught.value
    assert "AMD.csv" in error.details() and str(tmp_path) not in error.details()


@dataclass
class Read:
    """The sample's chains, counted as they are read."""

    read: Counter[str] = field(default_factory=Counter)

    def origin(self) -> Origin:
        return Origin("read", "counted chains", location="here", historical=True)

    def symbols(self) -> tuple[str, ...]:
        return Sample().symbols()

    def chain(self, symbol: str) -> Chain | None:
        self.read[symbol] += 1
        return Sample().chain(symbol)


def test_many_baskets_at_once_reprice_each_name_once(tmp_path: Path) -> None:
    chains, names = Read(), ("NVDA", "AMD", "MSFT", "SPY")

    def source(_: Settings, executor: Executor) -> Computed:
        return Computed(chains, executor, convention="flashalpha", rate=RATE, dividend_yield=0.0)

    with serving(tmp_path, Settings(), source) as served:
        served.stub.GetBasket(pb.GetBasketRequest(symbols=names), metadata=served.token, timeout=PATIENCE)
        before = chains.read.copy()
        asked = [
            pb.GetHedgeRequest(symbols=names, weights=[1.0, 2.0, 3.0, n], move=[-0.02, 0.02], clock=True)
            for n in range(1, 41)
        ]
        calls: list[Any] = [
            served.stub.GetHedge.future(request, metadata=served.token, timeout=PATIENCE)  # type: ignore[attr-defined]
            for request in asked
        ]
        replies = [call.result() for call in calls]
        assert chains.read - before == Counter(dict.fromkeys(names, 1))
        batch = served.stub.BatchGetHedges(
            pb.BatchGetHedgesRequest(hedges=asked), metadata=served.token, timeout=PATIENCE
        )
        assert [result.hedge for result in batch.results] == replies
        assert chains.read - before == Counter(dict.fromkeys(names, 1))
        alone = {s: ask(served, symbols=[s], move=[-0.02, 0.02], clock=True) for s in names}
        assert chains.read - before == Counter(dict.fromkeys(names, 1))
        ask(served, symbols=names, move=[-0.03])
        ask(served, symbols=names, move=[-0.03], betas=[1.0, 1.0, 1.0, 2.0])
        assert chains.read - before == Counter({**dict.fromkeys(names, 2), "SPY": 3})
    for reply, request in zip(replies, asked, strict=True):
        for of in (lambda found: found.buy, lambda found: found.clock.buy):
            parts = [[w * usd for usd in of(alone[s])] for s, w in zip(names, request.weights, strict=True)]
            wanted = [sum(column) / sum(request.weights) for column in zip(*parts, strict=True)]
            assert list(of(reply)) == pytest.approx(wanted, rel=1e-12)


def test_a_batch_names_what_stands_in_the_way_of_one(sample: Served) -> None:
    one, unknown, odd = ({"symbols": ["NVDA"]}, {"symbols": ["ZZQX"]}, {"symbols": ["NVDA"], "move": [-1.0]})
    questions = [pb.GetHedgeRequest(**values) for values in (one, unknown, odd, one)]
    found = sample.stub.BatchGetHedges(
        pb.BatchGetHedgesRequest(hedges=questions), metadata=sample.token, timeout=PATIENCE
    )
    first, absent, refused, last = found.results
    assert first.hedge == last.hedge == ask(sample, **one)
    assert (absent.problem.code, absent.problem.reason) == ("no_data", "NOT_FOUND")
    assert "ZZQX" in absent.problem.sentence
    assert (refused.problem.code, refused.problem.argument) == ("invalid_scenario", "move")


def test_a_batch_is_bounded(sample: Served) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        sample.stub.BatchGetHedges(
            pb.BatchGetHedgesRequest(hedges=[pb.GetHedgeRequest(symbols=["NVDA"])] * 1_001),
            metadata=sample.token,
            timeout=PATIENCE,
        )
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details() == "1,001 hedges: one request may have 1,000. Send several."
    nothing = sample.stub.BatchGetHedges(pb.BatchGetHedgesRequest(), metadata=sample.token, timeout=PATIENCE)
    assert not nothing.results


def test_the_client_has_it_and_remembers_it(sample: Served) -> None:
    client = BasketClient(sample.home, PATIENCE)
    basket, scenarios = Ask(("NVDA", "AMD"), (2.0, 1.0)), (Asked(-0.02), Asked(0.0, 0.01, 1.0))
    question = HedgeOf(basket, scenarios, Betas((1.5, 1.0)), clock=True)
    assert client.known(question) is None
    found = client.ask(question)
    assert isinstance(found, Hedge) and found == client.known(question)
    wire = ask(
        sample,
        symbols=["NVDA", "AMD"],
        weights=[2, 1],
        betas=[1.5, 1.0],
        move=[-0.02, 0.0],
        vol=[0.0, 0.01],
        days=[0.0, 1.0],
        clock=True,
    )
    assert found.rows == tuple(zip(scenarios, wire.buy, strict=True))
    assert (found.per, found.counts, found.betas) == ("weight", tuple(wire.counts), (1.5, 1.0))
    assert [tick.kind for tick in found.clock] == ["close", "weekend"]
    assert found.to_close == wire.clock.buy[0]
    refused = client.ask(HedgeOf(basket, (Asked(-2.0),), Betas()))
    assert isinstance(refused, Problem) and refused.bad_input and refused.argument == "move"
    client.close()
