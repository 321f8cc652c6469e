"""GetExpiries, GetStrikes, GetMaxPain and GetExpectedMove through a real server: their sums, their cost, what they refuse."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from basketgex.v1 import exposure_pb2 as pb
from basketgex_addin.cells import Ask, Problem
from basketgex_addin.client import BasketClient
from basketgex_server.exposure.dispersion import at_the_money
from basketgex_server.exposure.max_pain import max_pain
from basketgex_server.settings import Settings
from basketgex_server.sources.sample.provider import Sample
from tests.server.servers import PATIENCE, Clock, FakeSource, Served, serving

NAMES, LOADS = ("NVDA", "AMD", "NOSUCH", "SPY"), (3.0, 1.0, 2.0, 2.0)
MEASURES = ("gex", "dex", "vex", "chex")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("home")) as served:
        yield served


def ask(served: Served, call: str, **values: Any) -> Any:
    request = getattr(pb, f"{call}Request")(**values)
    return getattr(served.stub, call)(request, metadata=served.token, timeout=PATIENCE)


def refusal(served: Served, call: str, **values: Any) -> tuple[str, str]:
    with pytest.raises(grpc.RpcError) as caught:
        ask(served, call, **values)
    error: Any = caught.value
    return dict(error.trailing_metadata())["basketgex-code"], error.details()


def whole(served: Served) -> pb.Basket:
    found: pb.Basket = ask(served, "GetBasket", symbols=NAMES, weights=LOADS).basket
    return found


@pytest.mark.parametrize("each_day", [False, True])
def test_expiries_add_up_to_the_basket(sample: Served, each_day: bool) -> None:
    found, basket = ask(sample, "GetExpiries", symbols=NAMES, weights=LOADS, each_day=each_day), whole(sample)
    b = found.buckets
    gross = math.fsum(c.weight * c.gross_gex for c in basket.constituents)
    for measure in MEASURES:
        size = math.fsum(map(abs, getattr(b, measure)))
        assert math.fsum(getattr(b, measure)) == pytest.approx(getattr(basket.net, measure), abs=1e-9 * size)
    assert math.fsum(b.gross_share) == pytest.approx(1) and b.rolled_off[-1] == pytest.approx(1)
    assert gross > 0 and list(b.rolled_off) == sorted(b.rolled_off)
    if not each_day:
        assert list(zip(b.first_day, b.last_day, strict=True)) == [
            (0, 0),
            (1, 7),
            (8, 30),
            (31, 90),
            (91, -1),
        ]
    s = found.standing
    assert (list(s.symbols), list(s.missing_symbols)) == (["NVDA", "AMD", "SPY"], ["NOSUCH"])
    assert (list(s.weights), s.covered_weight) == ([0.5, 1 / 6, 1 / 3], 0.75)
    assert s.client_ttl > 0 and found.origin.synthetic


@pytest.mark.parametrize("step", [None, 0.05])
def test_strikes_add_up_to_the_basket_and_its_walls_are_the_extremes(
    sample: Served, step: float | None
) -> None:
    given = {} if step is None else {"step": step}
    found, basket = ask(sample, "GetStrikes", symbols=NAMES, weights=LOADS, **given), whole(sample)
    b = found.buckets
    for measure in MEASURES:
        sides = [*getattr(b, f"call_{measure}"), *getattr(b, f"put_{measure}")]
        size = math.fsum(map(abs, sides))
        assert math.fsum(sides) == pytest.approx(getattr(basket.net, measure), abs=1e-9 * size)
    assert found.call_wall == b.move[max(range(len(b.move)), key=lambda i: b.call_gex[i])]
    assert found.put_wall == b.move[min(range(len(b.move)), key=lambda i: b.put_gex[i])]
    apart = {round((y - x) / (step or 0.01), 6) for x, y in zip(b.move, b.move[1:], strict=False)}
    assert all(gap == round(gap) >= 1 for gap in apart)


def test_max_pain_of_all_and_of_a_day(sample: Served) -> None:
    chain = Sample().chain("SPY")
    assert chain
    known = max_pain(chain)
    found = ask(sample, "GetMaxPain", symbol="spy")
    assert known and found.strike == known.strike and list(found.call_pain) == known.call_pain.tolist()
    assert found.underlying_price == chain.spot and list(found.standing.symbols) == ["SPY"]
    day = ask(sample, "GetMaxPain", symbol="SPY", expiry="2026-10-16")
    assert 0 < sum(day.call_open_interest) < sum(found.call_open_interest)
    said = "Nothing that is open on SPY expires on 2026-10-17: give a day on which its options expire."
    assert refusal(sample, "GetMaxPain", symbol="SPY", expiry="2026-10-17") == ("no_data", said)


def test_an_expected_move_is_made_of_the_names_volatilities(sample: Served) -> None:
    volatilities = {}
    for symbol in ("NVDA", "AMD", "SPY"):
        chain, terms = Sample().chain(symbol), Settings().rates_of(symbol)
        assert chain
        volatilities[symbol] = at_the_money(chain, *terms, 7.0)
    found = ask(sample, "GetExpectedMove", symbols=NAMES, weights=LOADS, horizon_days=7, correlation=0.3)
    assert dict(zip(found.standing.symbols, found.volatility, strict=True)) == pytest.approx(volatilities)
    parts = [w * v for w, v in zip(found.standing.weights, found.volatility, strict=True)]
    variance = 0.7 * sum(p * p for p in parts) + 0.3 * sum(parts) ** 2
    assert found.expected_move == pytest.approx(math.sqrt(variance * 7 / 365))
    assert found.at_one == pytest.approx(sum(parts) * math.sqrt(7 / 365))
    assert found.at_zero == pytest.approx(math.sqrt(sum(p * p for p in parts) * 7 / 365))
    assert (found.correlation_status, found.standing.covered_weight) == ("given", 0.75)


def test_with_an_index_its_correlation_is_taken_and_a_range_makes_a_range(sample: Served) -> None:
    names, loads = ["NVDA", "MSFT", "AAPL"], [50.0, 30.0, 20.0]
    found = ask(sample, "GetExpectedMove", symbols=names, weights=loads, index="^spy")
    known = ask(sample, "GetDispersion", index="SPY", symbols=names, weights=loads)
    assert found.correlation == pytest.approx(known.implied_correlation)
    assert found.expected_move == pytest.approx(known.index_volatility * math.sqrt(30 / 365))
    part = ask(sample, "GetExpectedMove", symbols=names, weights=[5.0, 3.0, 2.0], index="SPY")
    assert not part.HasField("expected_move") and not part.HasField("correlation")
    assert part.correlation_low < part.correlation_high and part.correlation_status == "part_of_index"
    alone = ask(sample, "GetExpectedMove", symbols=["NVDA"])
    assert alone.expected_move == alone.at_zero == alone.at_one


@pytest.mark.parametrize(
    ("call", "values", "sentence"),
    [
        ("GetStrikes", {"step": 0.0}, "The step must be a part of spot from 0.0001 to 1: 0.01 is 1 %."),
        ("GetStrikes", {"step": math.nan}, "The step must be a part of spot from 0.0001 to 1: 0.01 is 1 %."),
        ("GetExpectedMove", {"correlation": 1.5}, "The correlation must be a number from -1 to 1."),
        ("GetExpectedMove", {"correlation": math.nan}, "The correlation must be a number from -1 to 1."),
        (
            "GetExpectedMove",
            {"correlation": 0.1, "index": "SPY"},
            "Give a correlation or an index, not both.",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(sample: Served, call: str, values: Any, sentence: str) -> None:
    assert refusal(sample, call, symbols=["NVDA"], **values) == ("invalid_range", sentence)
    assert refusal(sample, "GetMaxPain", symbol="SPY", expiry="soon")[0] == "invalid_range"
    assert refusal(sample, call, symbols=["ZZZZ"])[0] == "no_data"


def test_a_source_of_net_figures_offers_none(tmp_path: Any) -> None:
    clock = Clock()
    with serving(tmp_path, source=lambda *_: FakeSource(clock, has_strikes=False), now=clock) as served:
        said = "This source gives net figures only: there are none by strike or by expiry."
        for call in ("GetExpiries", "GetStrikes"):
            assert refusal(served, call, symbols=["NVDA"]) == ("not_offered", said)
        assert refusal(served, "GetMaxPain", symbol="NVDA")[0] == "not_offered"
        assert refusal(served, "GetExpectedMove", symbols=["NVDA"])[0] == "not_offered"


def test_whatever_is_asked_a_name_is_fetched_once(tmp_path: Any) -> None:
    """The sample plays a metered service: one call for all names, then nothing more for any question about them."""
    with serving(tmp_path) as served:
        client = BasketClient(served.home)
        basket = Ask(("NVDA", "AMD", "SPY"))
        answers = (
            client.ask(basket),
            client.expiries(basket),
            client.expiries(basket, each_day=True),
            client.moves(basket),
            client.moves(basket, 0.05),
            client.max_pain("NVDA"),
            client.expected_move(basket),
            client.expected_move(basket, index="SPY"),
        )
        client.close()
        assert not [answer for answer in answers if isinstance(answer, Problem)]
        status = ask(served, "GetStatus")
        assert (status.source_calls, status.symbols_fetched, status.debits_today) == (1, 3, 1)
