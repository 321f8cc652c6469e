"""GetProfile of names that each move by a beta, over real chains: figures, roots and what stands in the way."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from basketgex.v1 import exposure_pb2 as pb
from basketgex_addin.cells import Ask, Betas, CellError, Profile
from basketgex_addin.client import BasketClient
from basketgex_addin.functions.profile import BASKETFLIP, BASKETPROFILE, FLIP_REACH, ProfileOf
from basketgex_server.domain import Terms
from basketgex_server.exposure.chain import Chain
from basketgex_server.sources.files.folder import read_chain
from tests.reference.textbook import Rows, exposures
from tests.server.api.conftest import FOLDER
from tests.server.servers import PATIENCE, Served

TERMS = Terms("flashalpha", 0.045, 0.0)
NAMES, LOADS, BETAS = ("NVDA", "AMD", "AVGO"), (2.0, 1.0, 1.0), (1.2, 1.8, -0.4)


@pytest.fixture(scope="module")
def chains(shared_data: Path) -> list[Chain]:
    return [read_chain(shared_data / FOLDER / f"{name}.csv.gz", name) for name in NAMES]


def ask(served: Served, **values: Any) -> pb.GetProfileResponse:
    request = pb.GetProfileRequest(
        **{"symbols": NAMES, "weights": LOADS, "measures": [pb.MEASURE_GEX], **values}
    )
    found: pb.GetProfileResponse = served.stub.GetProfile(request, metadata=served.token, timeout=PATIENCE)
    return found


def by_hand(chains: list[Chain], move: float) -> tuple[float, float]:
    """Weighted net and gross GEX by the textbook, each name at 1 + beta · (move − 1)."""
    net = gross = 0.0
    for chain, load, beta in zip(chains, LOADS, BETAS, strict=True):
        columns = (chain.strike, chain.is_call, chain.expiry, chain.volatility, chain.open_interest)
        held = Rows(chain.spot, chain.as_of, *columns).counting()
        gex = load / 4 * exposures(held, np.array([chain.spot * (1 + beta * (move - 1))]), *TERMS)["gex"]
        net, gross = net + float(gex.sum()), gross + float(abs(gex).sum())
    return net, gross


def test_each_name_moves_by_its_beta(real: Served, chains: list[Chain]) -> None:
    found = ask(real, betas=BETAS, from_move=0.6, to_move=1.4, levels=9)
    assert (found.betas, found.symbols, list(found.spot)) == (list(BETAS), list(NAMES), [])
    for move, gex in zip(found.move, found.gex, strict=True):
        net, gross = by_hand(chains, move)
        assert abs(gex - net) <= 1e-9 * gross
    assert found.roots
    for root in found.roots:
        below, above = (by_hand(chains, root * (1 + side * 1e-8))[0] for side in (-1, 1))
        assert below * above < 0
    assert found.flip in list(found.roots)


def test_betas_of_one_are_the_common_move(real: Served) -> None:
    common, by = ask(real, levels=7), ask(real, betas=[1.0] * 3, levels=7)
    assert by.gex == pytest.approx(common.gex)
    assert by.roots == pytest.approx(common.roots) and by.flip == pytest.approx(common.flip)
    assert (by.flip_status, by.flip_doubts, by.balance, by.near_flip) == (
        common.flip_status,
        common.flip_doubts,
        common.balance,
        common.near_flip,
    )
    assert not common.betas and by.betas == [1.0] * 3


def test_implied_betas_are_those_of_get_betas(real: Served) -> None:
    found = ask(real, symbols=[*NAMES, "NOSUCH"], weights=[*LOADS, 1.0], beta_index="qqq", horizon_days=45)
    wire = real.stub.GetBetas(
        pb.GetBetasRequest(symbols=[*NAMES, "NOSUCH"], weights=[*LOADS, 1.0], index="QQQ", horizon_days=45),
        metadata=real.token,
        timeout=PATIENCE,
    )
    assert (found.betas, found.correlation) == (wire.betas, wire.correlation)
    assert (found.missing_symbols, found.covered_weight) == (["NOSUCH"], 0.8)


def test_where_a_name_would_have_no_price_there_is_no_figure(real: Served) -> None:
    found = ask(real, betas=[3.0, 1.0, 1.0], from_move=0.5, to_move=1.5, levels=11)
    assert [math.isnan(gex) for gex in found.gex] == [1 + 3 * (move - 1) < 0.05 for move in found.move]
    assert any(map(math.isnan, found.gex)) and all(root > 1 - 0.95 / 3 for root in found.roots)


@pytest.mark.parametrize("values", [{"betas": [1.0]}, {"betas": [1.0] * 3, "beta_index": "QQQ"}])
def test_what_cannot_be_asked(real: Served, values: dict[str, Any]) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        ask(real, **values)
    error: Any = caught.value
    assert dict(error.trailing_metadata())["basketgex-argument"] == "betas"


def test_cells_have_it(real: Served) -> None:
    names, loads = tuple((name,) for name in NAMES), tuple((load,) for load in LOADS)
    betas = tuple((beta,) for beta in BETAS)
    flip = BASKETFLIP.kind.question(BASKETFLIP.given((names, loads, betas)))
    curve = BASKETPROFILE.kind.question(
        BASKETPROFILE.given((names, loads, None, None, None, ((9.0,),), (("QQQ",),)))
    )
    basket = Ask(NAMES, LOADS)
    assert flip == ProfileOf(basket, "gex", FLIP_REACH, 2, Betas(BETAS))
    assert curve == ProfileOf(basket, "gex", (0.8, 1.2), 9, Betas(index="QQQ"))
    client = BasketClient(real.home, PATIENCE)
    found, wire = client.ask(flip), ask(real, betas=BETAS, from_move=0.5, to_move=1.5, levels=2)
    assert isinstance(found, Profile) and (found.flip, found.roots) == (wire.flip, tuple(wire.roots))
    assert BASKETFLIP.kind.show(found, None)[0][0] == wire.flip - 1
    steep = client.ask(ProfileOf(basket, "gex", (0.5, 1.5), 3, Betas((3.0, 1.0, 1.0))))
    assert isinstance(steep, Profile)
    assert BASKETPROFILE.kind.show(steep, None)[0] == (0.5, CellError.NOT_AVAILABLE)
    client.close()
