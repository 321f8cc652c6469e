"""GetDispersion through a real server: of the sample, of real chains, and where there is nothing to compare."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from basketgex.v1 import exposure_pb2 as pb
from basketgex_addin.cells import Ask, Dispersion, Problem
from basketgex_addin.client import BasketClient
from basketgex_addin.functions.dispersion import DispersionOf
from basketgex_server.domain import Terms
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.dispersion import at_the_money
from basketgex_server.exposure.symbol import exposure
from basketgex_server.settings import Settings
from basketgex_server.sources.files.folder import read_chain
from basketgex_server.sources.sample.provider import Sample
from tests.server.servers import PATIENCE, Clock, FakeSource, Served, serving

TERMS = Terms("flashalpha", 0.045, 0.013)
NAMES = ("NVDA", "AMD", "NOSUCH", "MU", "MSFT")
LOADS = (3.0, 1.0, 2.0, 0.0, 2.0)
BIG = ("AAPL", "AMZN", "AVGO", "GOOGL", "META", "MSFT", "NVDA", "TSLA")
DAYS = {"sample": 30.0, "chain-files": 45.0}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("home"), Settings(rates={"AMD": 0.1})) as served:
        yield served


def ask(served: Served, **values: Any) -> pb.GetDispersionResponse:
    request = pb.GetDispersionRequest(**values)
    found: pb.GetDispersionResponse = served.stub.GetDispersion(
        request, metadata=served.token, timeout=PATIENCE
    )
    return found


def refusal(served: Served, **values: Any) -> tuple[grpc.StatusCode, str, str]:
    with pytest.raises(grpc.RpcError) as caught:
        ask(served, **values)
    error: Any = caught.value
    return error.code(), dict(error.trailing_metadata())["basketgex-code"], error.details()


def sampled(symbol: str) -> Chain:
    chain = Sample().chain(symbol)
    assert chain
    return chain


def terms(symbol: str) -> Terms:
    rate, dividend_yield = Settings(rates={"AMD": 0.1}).rates_of(symbol)
    return TERMS._replace(rate=rate, dividend_yield=dividend_yield)


def check(found: pb.GetDispersionResponse, index: Chain, members: dict[str, tuple[Chain, float]]) -> None:
    """Hold a reply to the formulas as published, written out, over what each chain gives when asked directly."""
    days, total = DAYS[found.origin.source], math.fsum(w for _, w in members.values())
    own = at_the_money(index, *terms(index.symbol)[1:3], days)
    parts = {}
    for symbol, (chain, weight) in members.items():
        volatility = at_the_money(chain, *terms(symbol)[1:3], days)
        assert volatility is not None
        parts[symbol] = weight / total * volatility
    assert own is not None
    whole, alone = sum(parts.values()), sum(p * p for p in parts.values())
    assert found.index_volatility == pytest.approx(own)
    assert found.basket_volatility == pytest.approx(whole)
    assert found.independent_volatility == pytest.approx(math.sqrt(alone))
    if found.index_covered < 0.9:
        assert not found.HasField("implied_correlation") and found.correlation_status == "part_of_index"
        assert found.implied_correlation_low < found.implied_correlation_high
    else:
        assert found.correlation_status == "available"
        assert found.implied_correlation == pytest.approx((own * own - alone) / (whole * whole - alone))
        ends = (found.implied_correlation_low, found.implied_correlation_high)
        assert ends == (found.implied_correlation,) * 2
    shown = dict(zip(found.symbols, found.contribution, strict=True))
    assert shown == pytest.approx(parts)
    assert list(found.contribution) == sorted(found.contribution, reverse=True)
    products = [w * v for w, v in zip(found.weights, found.volatility, strict=True)]
    assert products == pytest.approx(list(found.contribution))
    gex, gross = {}, {}
    for symbol, chain in {index.symbol: index, **{s: c for s, (c, _) in members.items()}}.items():
        figures = exposure(chain, *terms(symbol))
        assert figures and figures.call and figures.put
        gex[symbol], gross[symbol] = figures.net.gex, figures.call.gex - figures.put.gex
    weighed = [w / total * gex[s] for s, (_, w) in members.items()]
    sign = (pb.REGIME_NEGATIVE_GAMMA, pb.REGIME_POSITIVE_GAMMA)
    assert found.index_regime == sign[gex[index.symbol] >= 0]
    assert found.basket_regime == sign[sum(weighed) >= 0]
    assert found.net_to_gross == pytest.approx(sum(weighed) / sum(map(abs, weighed)))
    assert found.index_balance == pytest.approx(gex[index.symbol] / gross[index.symbol])
    of_members = sum(weighed) / sum(w / total * gross[s] for s, (_, w) in members.items())
    assert found.basket_balance == pytest.approx(of_members)
    near = (abs(found.index_balance) < 0.05, abs(found.basket_balance) < 0.05)
    assert (found.index_near_flip, found.basket_near_flip) == near
    opposed = [s for s in members if (gex[s] >= 0) != (gex[index.symbol] >= 0)]
    assert list(found.opposed_symbols) == opposed
    moments = [index.as_of, *(chain.as_of for chain, _ in members.values())]
    assert (found.as_of, found.as_of_newest) == (min(moments), max(moments))


def test_the_sample_against_the_formulas(sample: Served) -> None:
    found = ask(sample, index="^spy", symbols=NAMES, weights=LOADS)
    check(found, sampled("SPY"), {s: (sampled(s), w) for s, w in (("NVDA", 3), ("AMD", 1), ("MSFT", 2))})
    assert (list(found.missing_symbols), found.covered_weight) == (["NOSUCH"], 0.75)
    assert found.index_covered == pytest.approx(0.06)  # the weights add up to 8, which is 8 % of an index
    assert found.client_ttl > 0 and found.origin.synthetic and not found.notice


def test_a_horizon_of_its_own(sample: Served) -> None:
    found = ask(sample, index="SPY", symbols=["NVDA"], horizon_days=91.5)
    assert found.index_volatility == at_the_money(sampled("SPY"), 0.045, 0.013, 91.5)
    assert found.volatility == [at_the_money(sampled("NVDA"), 0.045, 0.0, 91.5)]
    assert not found.HasField("implied_correlation")  # one member correlates with nothing
    assert found.independent_volatility == found.basket_volatility


def test_real_chains_and_one_that_is_broken(tmp_path: Path, shared_data: Path) -> None:
    data, folder = shared_data / "chains/basket_2026-07-10", tmp_path / "chains"
    folder.mkdir()
    for file in ("QQQ.csv.gz", "underlyings.json", *(f"{name}.csv.gz" for name in BIG)):
        (folder / file).symlink_to(data / file)
    (folder / "AMD.csv").write_text("no,chain\n1,2\n")
    settings = Settings(source="chain-files", chain_folder=str(folder))
    with serving(tmp_path / "home", settings) as served:
        found = ask(
            served,
            index="QQQ",
            symbols=[*BIG, "AMD"],
            weights=[12] * 8 + [4],
            horizon_days=DAYS["chain-files"],
        )
        part = ask(
            served, index="QQQ", symbols=[*BIG, "AMD"], weights=[10] * 9, horizon_days=DAYS["chain-files"]
        )
        equal = ask(served, index="QQQ", symbols=BIG, horizon_days=DAYS["chain-files"])
        refused = refusal(served, index="AMD", symbols=BIG), refusal(served, index="QQQ", symbols=["AMD"])
    chains = {name: read_chain(data / f"{name}.csv.gz", name) for name in ("QQQ", *BIG)}
    check(found, chains["QQQ"], {s: (chains[s], 1.0) for s in BIG})
    assert 0 < found.implied_correlation < 1
    assert (list(found.missing_symbols), found.covered_weight) == (["AMD"], pytest.approx(0.96))
    assert (found.index_covered, part.index_covered) == (pytest.approx(0.96), pytest.approx(0.8))
    check(part, chains["QQQ"], {s: (chains[s], 1.0) for s in BIG})
    assert equal.correlation_status == "equal_weights"
    assert equal.implied_correlation == pytest.approx(found.implied_correlation)
    assert "AMD.csv" in found.notice
    for status, code, details in refused:
        assert (status, code) == (grpc.StatusCode.UNAVAILABLE, "bad_chain")
        assert "AMD.csv" in details


@pytest.mark.parametrize(
    "values, status, code",
    [
        ({"symbols": ["NVDA"]}, grpc.StatusCode.INVALID_ARGUMENT, "invalid_symbol"),
        ({"index": "SPY"}, grpc.StatusCode.INVALID_ARGUMENT, "missing_symbols"),
        ({"index": "NOSUCH", "symbols": ["NVDA"]}, grpc.StatusCode.NOT_FOUND, "no_data"),
        ({"index": "SPY", "symbols": ["NOSUCH"]}, grpc.StatusCode.NOT_FOUND, "no_data"),
        *(
            (
                {"index": "SPY", "symbols": ["NVDA"], "horizon_days": days},
                grpc.StatusCode.INVALID_ARGUMENT,
                "invalid_horizon",
            )
            for days in (0.0, -1.0, math.nan, math.inf, 3_651.0)
        ),
    ],
)
def test_what_cannot_be_answered_is_refused(
    sample: Served, values: dict[str, Any], status: grpc.StatusCode, code: str
) -> None:
    assert refusal(sample, **values)[:2] == (status, code)


def test_a_source_without_chains_does_not_offer_it(tmp_path: Path) -> None:
    with serving(tmp_path, Settings(), lambda _, __: FakeSource(Clock())) as served:
        status, _, details = refusal(served, index="SPY", symbols=["NVDA"])
    assert status is grpc.StatusCode.UNIMPLEMENTED
    assert details == "This source has no option chains, so no volatilities to compare."


def test_the_client_has_it_and_remembers_it(sample: Served) -> None:
    client = BasketClient(sample.home, PATIENCE)
    found = client.dispersion("SPY", NAMES, LOADS)
    wire = ask(sample, index="SPY", symbols=NAMES, weights=LOADS)
    assert isinstance(found, Dispersion)
    assert found.implied_correlation is None
    assert found.correlation_status == wire.correlation_status == "part_of_index"
    assert (found.correlation_low, found.correlation_high) == (
        wire.implied_correlation_low,
        wire.implied_correlation_high,
    )
    assert found.index_covered == wire.index_covered
    assert (found.index_volatility, found.basket_volatility) == (
        wire.index_volatility,
        wire.basket_volatility,
    )
    assert found.contributions == tuple(zip(wire.symbols, wire.contribution, strict=True))
    assert (found.missing, found.opposed) == (("NOSUCH",), tuple(wire.opposed_symbols))
    assert {found.index_regime, found.basket_regime} <= {"positive_gamma", "negative_gamma"}
    question = DispersionOf("SPY", Ask(NAMES, LOADS), 30.0)
    assert client.known(question) is None
    assert client.ask(question) == found == client.known(question)
    alone = client.dispersion("SPY", ["NVDA"])
    assert isinstance(alone, Dispersion) and alone.implied_correlation is None
    refused = client.dispersion("SPY", ["NVDA"], horizon=0.0)
    assert isinstance(refused, Problem) and refused.bad_input
    client.close()
