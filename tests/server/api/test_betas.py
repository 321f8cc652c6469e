"""GetBetas through a real server: of real chains, by the formulas as published; and what cannot be asked."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import grpc
import pytest

from basketgex.v1 import exposure_pb2 as pb
from basketgex_addin.cells import Ask, Betas, Problem
from basketgex_addin.cells.index_units import IndexUnits
from basketgex_addin.client import BasketClient
from basketgex_addin.functions.betas import BetasAsked
from basketgex_server.domain import Terms
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.dispersion import at_the_money
from basketgex_server.exposure.symbol import exposure
from basketgex_server.settings import Settings
from basketgex_server.sources.files.folder import read_chain
from tests.server.api.conftest import FOLDER
from tests.server.servers import PATIENCE, Clock, FakeSource, Served, serving

NAMES = ("AAPL", "AMZN", "AVGO", "GOOGL", "META", "MSFT", "NVDA", "TSLA")
LOADS = (11.0, 11.0, 12.0, 13.0, 11.0, 12.0, 14.0, 9.0)


def ask(served: Served, **values: Any) -> pb.GetBetasResponse:
    request = pb.GetBetasRequest(**values)
    found: pb.GetBetasResponse = served.stub.GetBetas(request, metadata=served.token, timeout=PATIENCE)
    return found


def chains(data: Path, names: tuple[str, ...]) -> list[Chain]:
    return [read_chain(data / FOLDER / f"{name}.csv.gz", name) for name in names]


def net_gex(chain: Chain) -> float:
    figures = exposure(chain, *Terms("flashalpha", 0.045, 0.0))
    assert figures
    return figures.net.gex


def test_implied_betas_by_the_formula_as_published(real: Served, shared_data: Path) -> None:
    found = ask(real, symbols=NAMES, weights=LOADS, index="^qqq", horizon_days=45)
    members = chains(shared_data, NAMES)
    s = [at_the_money(chain, 0.045, 0.0, 45.0) or math.nan for chain in members]
    w = [load / sum(LOADS) for load in LOADS]
    (qqq,) = chains(shared_data, ("QQQ",))
    index = at_the_money(qqq, 0.045, 0.013, 45.0)
    assert index
    mean, own = (
        sum(a * b for a, b in zip(w, s, strict=True)),
        sum((a * b) ** 2 for a, b in zip(w, s, strict=True)),
    )
    rho = (index**2 - own) / (mean**2 - own)
    betas = [b * ((1 - rho) * a * b + rho * mean) / index**2 for a, b in zip(w, s, strict=True)]
    assert found.correlation == pytest.approx(rho) and 0 < rho < 1
    assert found.betas == pytest.approx(betas) and found.counts == pytest.approx(w)
    assert sum(a * b for a, b in zip(w, found.betas, strict=True)) == pytest.approx(1.0)
    gex = [net_gex(chain) for chain in members]
    assert found.gex == pytest.approx(gex) and found.volatility == pytest.approx(s)
    sigmas = [g * 100 * v / math.sqrt(252) for g, v in zip(gex, s, strict=True)]
    assert found.gex_per_sigma == pytest.approx(sigmas)
    sums = [sum(a * x for a, x in zip(w, column, strict=True)) for column in (gex, sigmas)]
    assert [found.total_gex, found.total_gex_per_sigma] == pytest.approx(sums)
    assert found.flow_per_index_percent == pytest.approx(
        sum(a * b * g for a, b, g in zip(w, betas, gex, strict=True))
    )
    assert found.index_equivalent_gex == pytest.approx(
        sum(a * b * b * g for a, b, g in zip(w, betas, gex, strict=True))
    )
    assert (found.correlation_status, found.counting) == (
        "available",
        pb.COUNTING_WEIGHT,
    )  # they add up to 93
    assert ask(real, symbols=NAMES, weights=[2.0] * 8, index="QQQ").correlation_status == "part_of_index"
    assert ask(real, symbols=NAMES, index="QQQ").correlation_status == "equal_weights"


def test_given_betas_and_the_market_as_a_sum(real: Served, shared_data: Path) -> None:
    found = ask(real, symbols=["NVDA", "NOSUCH", "amd", "NVDA"], betas=[1.5, 1.0, 0.5, 1.5])
    gex = [net_gex(chain) for chain in chains(shared_data, ("NVDA", "AMD"))]
    assert (found.symbols, found.place, found.missing_symbols) == (["NVDA", "AMD"], [0, -1, 1, 0], ["NOSUCH"])
    assert (found.counts, found.counting) == ([1.0, 1.0], pb.COUNTING_MARKET)
    assert found.flow_per_index_percent == pytest.approx(1.5 * gex[0] + 0.5 * gex[1])
    assert found.index_equivalent_gex == pytest.approx(2.25 * gex[0] + 0.25 * gex[1])
    assert found.total_gex == pytest.approx(sum(gex))
    assert not found.HasField("correlation") and not found.correlation_status
    assert found.covered_weight == pytest.approx(2 / 3)
    plain = ask(real, symbols=["NVDA", "AMD"])
    assert plain.index_equivalent_gex == plain.flow_per_index_percent == pytest.approx(sum(gex))


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"symbols": []}, "missing_symbols"),
        ({"symbols": ["NOSUCH"]}, "no_data"),
        ({"index": "NOSUCH"}, "no_data"),
        ({"index": "QQQ", "symbols": ["NVDA"]}, "no_data"),  # one name correlates with nothing
        ({"index": "Q Q"}, "invalid_symbol"),
        ({"index": "QQQ", "betas": [1.0, 1.0]}, "invalid_scenario"),
        ({"betas": [1.0]}, "invalid_scenario"),
        ({"horizon_days": math.nan}, "invalid_horizon"),
    ],
)
def test_what_cannot_be_asked(real: Served, values: dict[str, Any], code: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        ask(real, **{"symbols": ["NVDA", "AMD"], **values})
    error: Any = caught.value
    assert dict(error.trailing_metadata())["basketgex-code"] == code


def test_a_source_without_chains_does_not_offer_it(tmp_path: Path) -> None:
    with (
        serving(tmp_path, Settings(), lambda _, __: FakeSource(Clock())) as served,
        pytest.raises(grpc.RpcError) as caught,
    ):
        ask(served, symbols=["NVDA"])
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert error.details() == "This source has no option chains, so no volatilities to compare by."


def test_the_client_has_it_and_remembers_it(real: Served) -> None:
    client = BasketClient(real.home, PATIENCE)
    question = BetasAsked(Ask(("NVDA", "nosuch", "AMD")), Betas(index="QQQ", horizon=45.0))
    found = client.ask(question)
    assert isinstance(found, IndexUnits) and found == client.known(question)
    wire = ask(real, symbols=question.ask.symbols, index="QQQ", horizon_days=45.0)
    assert (found.symbols, found.betas, found.place) == (("NVDA", "AMD"), tuple(wire.betas), (0, None, 1))
    assert (found.correlation, found.flow, found.index_equivalent) == (
        wire.correlation,
        wire.flow_per_index_percent,
        wire.index_equivalent_gex,
    )
    assert (found.missing, found.per) == (("NOSUCH",), "market")
    refused = client.ask(BetasAsked(Ask(("NVDA",)), Betas(index="QQQ")))
    assert isinstance(refused, Problem) and not refused.bad_input
    client.close()
