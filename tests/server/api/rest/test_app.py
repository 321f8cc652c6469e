"""The REST door of a real server on loopback, over the sample or a made-up source."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from basketgex import __version__
from basketgex.v1 import exposure_pb2 as pb
from basketgex_server import doors
from basketgex_server.api import roll
from basketgex_server.api.rest import listener
from basketgex_server.api.rest.openapi import DOCUMENT
from basketgex_server.domain import Measures, Origin, QuotaReading
from basketgex_server.errors import (
    BadSettings,
    BasketgexError,
    Draining,
    NotEntitled,
    QuotaSpent,
    SourceUnavailable,
    TimedOut,
)
from basketgex_server.exposure.levels import Levels, ZeroDte
from basketgex_server.settings import Settings
from basketgex_server.sources.flashalpha.errors import (
    PlanTooLow,
    SourceKeyRefused,
    SourceQuotaSpent,
    SourceRateLimited,
    SymbolNotCovered,
)
from tests.server.servers import NOON, PATIENCE, Clock, FakeSource, Served, serving

ANYWHERE = "127.0.0.1:0"
MIDNIGHT = 1_795_046_400.0
BASKET = "/v1/exposure/basket"
SAMPLED = ("NVDA", "AMD", "AVGO", "MU", "SMCI", "TSM", "SPY", "AAPL", "ZZZZ")
OF_ONE = ("gex", "dex", "vex", "chex", "levels", "summary", "zero-dte", "term-structure", "sheet")
KEYED = [
    *(BASKET, "/v1/account", "/v1/dispersion", "/v1/symbols", "/v1/tickers", "/v1/universe"),
    *(f"/v1/exposure/{x}/NVDA" for x in OF_ONE),
    *("/v1/maxpain/NVDA", "/v1/options/NVDA", "/stockquote/NVDA"),
]
LEVELS = Levels(
    99.5, "available", 110.0, 90.0, 105.0, 95.0, 100.0, 101.0, ZeroDte(date(2026, 11, 18), 7e6, 12.5)
)


class Source(FakeSource):
    """A made-up source that has levels too."""

    found: Levels | Exception | None = LEVELS

    async def levels(self, symbol: str) -> Any:
        self.calls.append((f"levels of {symbol}",))
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class Gateway:
    def __init__(self, served: Served) -> None:
        self.served = served
        self.address = served.serving.http
        self.key = served.home.token()
        self.client = httpx.Client(base_url=f"http://{self.address}", trust_env=False, timeout=PATIENCE)

    def get(self, path: str, key: str | None = None, **query: str) -> httpx.Response:
        headers = {"X-Api-Key": self.key if key is None else key}
        return self.client.get(path, params=query or None, headers=headers)

    def ok(self, path: str, **query: str) -> Any:
        reply = self.get(path, **query)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def refused(self, path: str, **query: str) -> tuple[int, str, str]:
        reply = self.get(path, **query)
        body = reply.json()
        assert body["status"] == "ERROR"
        return reply.status_code, body["error"], body["message"]


class Live(Gateway):
    def __init__(self, served: Served, source: Source, clock: Clock) -> None:
        super().__init__(served)
        self.source, self.clock = source, clock


@contextmanager
def gateway(folder: Path, **options: Any) -> Iterator[Gateway]:
    with serving(folder, Settings(http_listen=ANYWHERE), **options) as served:
        opened = Gateway(served)
        with opened.client:
            yield opened


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("home")) as opened:
        yield opened


@contextmanager
def over_made_up(folder: Path) -> Iterator[Live]:
    clock = Clock()
    source = Source(clock)
    quick = Settings(http_listen=ANYWHERE, window_quiet=0.0, window_longest=0.0)

    def make(_: Settings, __: Executor) -> Source:
        return source

    with serving(folder, quick, make, now=clock) as served:
        opened = Live(served, source, clock)
        with opened.client:
            yield opened


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with over_made_up(tmp_path) as opened:
        yield opened


# -- the basket ----------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(SAMPLED), st.integers(0, 10**6).map(lambda n: n / 1000)),
        min_size=1,
        max_size=12,
    ),
    st.booleans(),
)
def test_the_basket_is_what_grpc_answers(
    sample: Gateway, entries: list[tuple[str, float]], weighted: bool
) -> None:
    symbols, weights = [s for s, _ in entries], [w for _, w in entries] if weighted else []
    query = {"symbols": ",".join(symbols)} | ({"weights": ",".join(map(repr, weights))} if weighted else {})
    reply = sample.get(BASKET, **query)
    request = pb.GetBasketRequest(symbols=symbols, weights=weights)
    try:
        answer = sample.served.stub.GetBasket(request, metadata=sample.served.token, timeout=PATIENCE)
    except grpc.RpcError as error:
        assert reply.json()["message"] == error.details()  # type: ignore[attr-defined]
        expected = {grpc.StatusCode.NOT_FOUND: 404, grpc.StatusCode.INVALID_ARGUMENT: 400}
        assert reply.status_code == expected[error.code()]  # type: ignore[attr-defined]
        return
    body, basket = reply.json(), answer.basket

    def net(of: Any) -> dict[str, int]:
        return {
            "net_gex": round(of.gex),
            "net_dex": round(of.dex),
            "net_vex": round(of.vex * 100),
            "net_chex": round(of.chex),
        }

    assert body["constituent_count"] == len(basket.constituents)
    assert body["missing_symbols"] == list(basket.missing_symbols)
    assert body["aggregate"] == net(basket.net)
    assert body["basketgex"]["covered_weight"] == basket.covered_weight
    assert body["constituents"] == [
        {
            "symbol": c.symbol,
            "weight": c.weight,
            "underlying_price": c.underlying_price,
            **net(c.net),
            "contribution_pct": c.contribution_pct,
            "regime": "positive_gamma" if c.net.gex >= 0 else "negative_gamma",
        }
        for c in basket.constituents
    ]
    order = list(dict.fromkeys(s for s in symbols if s != "ZZZZ"))
    assert [c["symbol"] for c in body["constituents"]] == order
    assert sum(c["weight"] for c in body["constituents"]) == pytest.approx(1)


def test_money_is_whole_dollars_and_the_envelope_is_there(sample: Gateway) -> None:
    text = sample.get(BASKET, symbols="NVDA, amd ,NVDA,,MU").text
    assert re.findall(r'"net_\w+":([^,}]+)', text)
    assert all(re.fullmatch(r"-?\d+", figure) for figure in re.findall(r'"net_\w+":([^,}]+)', text))
    body = json.loads(text)
    assert [c["symbol"] for c in body["constituents"]] == ["NVDA", "AMD", "MU"]
    assert body["as_of"] == "2026-09-16T19:45:00.000000Z"
    assert body["endpoint_version"] == __version__
    clocks = body["data_as_of"]
    assert clocks.pop("oi_feed") == "2026-09-16T12:00:00.000000Z"
    assert clocks.pop("node") == "basketgex"
    assert set(clocks.values()) == {None}
    assert body["basketgex"] | {"covered_weight": 1.0} == {
        "source": "sample",
        "label": "synthetic sample",
        "synthetic": True,
        "historical": True,
        "convention": "flashalpha",
        "chex": "computed",
        "freshness": "historical",
        "notice": None,
        "balance": pytest.approx(-0.1065, abs=1e-4),
        "near_flip": False,
        "covered_weight": 1.0,
    }


@pytest.mark.parametrize("symbol, near", [("SPY", True), ("AVGO", True), ("AAPL", False), ("IWM", False)])
def test_a_regime_goes_with_its_balance(sample: Gateway, symbol: str, near: bool) -> None:
    request = pb.GetSymbolRequest(symbol=symbol, levels=True)
    known = sample.served.stub.GetSymbol(request, metadata=sample.served.token, timeout=PATIENCE)
    for path in ("gex", "levels", "summary"):
        told = sample.ok(f"/v1/exposure/{path}/{symbol}")["basketgex"]
        assert (told["balance"], told["near_flip"]) == (pytest.approx(known.balance), known.near_flip)
    assert known.near_flip is near and known.near_flip == known.levels.near_flip
    day = sample.ok(f"/v1/options/{symbol}")["expirations"][1]["expiration"]
    rows = sample.ok(f"/v1/exposure/gex/{symbol}", expiration=day)
    gross = sum(row["call_gex"] - row["put_gex"] for row in rows["strikes"])
    assert rows["basketgex"]["balance"] == pytest.approx(rows["net_gex"] / gross, rel=1e-4)


MANY = ",".join(f"A{n}" for n in range(51))
TOO_MANY = "51 distinct symbols: a basket may have 50. Split it or shorten the range."
NONE = "No symbols: give at least one ticker."
TWO_ONE = "2 symbols but 1 weights: give one weight beside each symbol, or none at all."
NEGATIVE = "The weight of A is negative: weights must be 0 or more. For a short leg use a basket of its own."


def test_a_future_is_a_missing_name_where_there_are_none(sample: Gateway) -> None:
    body = sample.get(BASKET, symbols="es=f,SPY").json()
    assert [c["symbol"] for c in body["constituents"]] == ["SPY"] and body["missing_symbols"] == ["ES=F"]


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ({}, "missing_symbols", NONE),
        ({"symbols": " , ,"}, "missing_symbols", NONE),
        ({"weights": "1"}, "missing_symbols", NONE),
        ({"symbols": MANY}, "too_many_symbols", TOO_MANY),
        ({"symbols": MANY, "weights": "-1"}, "too_many_symbols", TOO_MANY),
        ({"symbols": "A,B", "weights": "-1"}, "weight_count_mismatch", TWO_ONE),
        ({"symbols": "A,A", "weights": "1"}, "weight_count_mismatch", TWO_ONE),
        ({"symbols": "A,B", "weights": ""}, "weight_count_mismatch", TWO_ONE),
        ({"symbols": "A", "weights": "-1"}, "invalid_weights", NEGATIVE),
        *(
            (
                {"symbols": "A,B", "weights": w + ",1"},
                "invalid_weights",
                "The weight of A is not a finite number.",
            )
            for w in ("", "nan", "inf", "-Infinity", "1e999", "1_0", "0x1", "one", "٣")
        ),
        (
            {"symbols": "A,B", "weights": "0,0"},
            "invalid_weights",
            "The weights are all zero: give at least one name a weight.",
        ),
        ({"symbols": "ES=G"}, "invalid_symbol", '"ES=G" is not a ticker: correct or clear it.'),
    ],
)
def test_a_wrong_basket_is_400(sample: Gateway, query: dict[str, str], code: str, message: str) -> None:
    assert sample.refused(BASKET, **query) == (400, code, message)


def test_fifty_distinct_symbols_are_not_too_many(sample: Gateway) -> None:
    symbols = [f"A{n}" for n in range(49)]
    body = sample.ok(BASKET, symbols=",".join(["NVDA", *symbols, "nvda"]))
    assert body["missing_symbols"] == symbols


def test_nothing_known_is_404(sample: Gateway) -> None:
    assert sample.refused(BASKET, symbols="ZZZZ,YYYY") == (
        404,
        "no_data",
        "The source has no data for ZZZZ, YYYY: check the spelling.",
    )


def test_a_warm_reply_is_the_same_and_counts_as_use(live: Live) -> None:
    bodies = [live.get(BASKET, symbols="NVDA,AMD") for _ in range(3)]
    assert len({b.content for b in bodies}) == 1
    assert live.source.calls == [("NVDA", "AMD")]
    live.source.says = lambda: QuotaReading(2_500, 700)
    assert live.get(BASKET, symbols="MU").headers["x-ratelimit-remaining"] == "700"
    assert live.get(BASKET, symbols="NVDA,AMD").headers["x-ratelimit-remaining"] == "700"
    live.clock.at += 61
    live.source.says = lambda: QuotaReading(2_500, 699)
    live.ok(BASKET, symbols="TSM")  # a call with seats left over: the used ride along
    assert set(live.source.calls[-1]) == {"TSM", "MU", "NVDA", "AMD"}
    assert live.ok(BASKET, symbols="NVDA,AMD")["as_of"] != bodies[0].json()["as_of"]


def test_a_key_in_the_query_does_not_open_anothers_warm_reply(live: Live) -> None:
    query = f"{BASKET}?symbols=NVDA"
    assert [live.client.get(f"{query}&apiKey={live.key}").status_code for _ in range(3)] == [200] * 3
    assert live.client.get(query).status_code == 401
    assert live.client.get(f"{query}&apiKey=no").status_code == 401


# -- one underlying ------------------------------------------------------------------------------------------------------


def test_gex_by_strike(sample: Gateway) -> None:
    body = sample.ok("/v1/exposure/gex/spy")
    assert body["symbol"] == "SPY"
    assert body["gamma_flip_status"] == "available"
    assert body["gamma_flip"] == pytest.approx(body["underlying_price"], rel=0.05)
    assert body["net_gex_label"] == ("positive" if body["net_gex"] >= 0 else "negative")
    for row in body["strikes"]:
        assert row["call_gex"] >= 0 >= row["put_gex"]
        assert row["net_gex"] == row["call_gex"] + row["put_gex"]
        assert type(row["net_gex"]) is type(row["call_oi"]) is type(row["put_oi"]) is int
        assert {row[f"{s}_{w}"] for s in ("call", "put") for w in ("volume", "oi_change")} == {None}
    rows = len(body["strikes"])
    assert sum(r["net_gex"] for r in body["strikes"]) == pytest.approx(body["net_gex"], abs=2 * rows)


def test_min_oi_leaves_strikes_out_and_the_net_as_it_is(sample: Gateway) -> None:
    whole, part = sample.ok("/v1/exposure/gex/SPY"), sample.ok("/v1/exposure/gex/SPY", min_oi="50000")
    assert part["strikes"] == [r for r in whole["strikes"] if r["call_oi"] + r["put_oi"] >= 50_000]
    assert 0 < len(part["strikes"]) < len(whole["strikes"])
    assert part["net_gex"] == whole["net_gex"]
    for bad in ("-1", "1.5", "many"):
        assert sample.refused("/v1/exposure/gex/SPY", min_oi=bad) == (
            400,
            "invalid_parameter",
            "min_oi must be a whole number of 0 or more.",
        )


@pytest.mark.parametrize("measure", ["dex", "vex", "chex"])
def test_the_other_measures_by_strike(sample: Gateway, measure: str) -> None:
    body = sample.ok(f"/v1/exposure/{measure}/SPY")
    net = sample.ok(BASKET, symbols="SPY")["aggregate"][f"net_{measure}"]
    assert body[f"net_{measure}"] == net
    for row in body["strikes"]:
        assert row.keys() == {"strike"} | {f"{side}_{measure}" for side in ("call", "put", "net")}
        assert row[f"net_{measure}"] == row[f"call_{measure}"] + row[f"put_{measure}"]
    total = sum(r[f"net_{measure}"] for r in body["strikes"])
    assert total == pytest.approx(net, abs=2 * len(body["strikes"]))
    assert "gamma_flip" not in body


def test_levels(live: Live) -> None:
    body = live.ok("/v1/exposure/levels/NVDA")
    assert body["levels"] == {
        "gamma_flip": 99.5,
        "gamma_flip_status": "available",
        "max_positive_gamma": 105.0,
        "max_negative_gamma": 95.0,
        "call_wall": 110.0,
        "put_wall": 90.0,
        "highest_oi_strike": 100.0,
        "zero_dte_magnet": 101.0,
    }
    assert (body["symbol"], body["as_of"]) == ("NVDA", "2026-11-18T16:30:00.000000Z")
    assert live.source.calls == [("NVDA",), ("levels of NVDA",)]
    live.ok("/v1/exposure/levels/NVDA")
    live.ok("/v1/exposure/summary/NVDA")
    assert len(live.source.calls) == 2


def test_a_price_that_is_on_the_shelf_is_not_asked_for_again(live: Live) -> None:
    live.ok(BASKET, symbols="NVDA,AMD")
    for path in ("levels", "summary", "levels", "gex"):
        live.ok(f"/v1/exposure/{path}/NVDA")
    live.ok("/v1/exposure/summary/AMD")
    assert live.source.calls == [("NVDA", "AMD"), ("levels of NVDA",), ("levels of AMD",)]

    # Grown old, but usable: nobody waits for it. It is refreshed behind the answer like any other, both names in one call.
    live.clock.at += 61
    left = threading.Event()
    live.source.gate, live.source.before = asyncio.Event(), left.set
    for path in ("levels/NVDA", "summary/AMD"):
        assert live.ok(f"/v1/exposure/{path}")["basketgex"]["freshness"] == "stale"
    assert left.wait(PATIENCE)
    assert set(live.source.calls[-1]) == {"NVDA", "AMD"} and len(live.source.calls) == 4


def test_levels_of_the_sample(sample: Gateway) -> None:
    flip = sample.ok("/v1/exposure/levels/SPY")["levels"]["gamma_flip"]
    assert flip == sample.ok("/v1/exposure/gex/SPY")["gamma_flip"]
    assert flip == sample.ok("/v1/exposure/summary/SPY")["gamma_flip"]


def test_the_summary_has_what_follows_from_the_exposures(live: Live) -> None:
    body = live.ok("/v1/exposure/summary/AMD")
    net = live.ok(BASKET, symbols="AMD")["aggregate"]
    price, shares = body["underlying_price"], body["hedging_estimate"]
    assert body["exposures"] == net
    assert net["net_gex"] < 0
    assert body["regime"] == "negative_gamma"
    assert shares == {
        "spot_down_1pct": {
            "dealer_shares_to_trade": round(net["net_gex"] / price),
            "direction": "sell",
            "notional_usd": -net["net_gex"],
        },
        "spot_up_1pct": {
            "dealer_shares_to_trade": -round(net["net_gex"] / price),
            "direction": "buy",
            "notional_usd": -net["net_gex"],
        },
    }
    assert body["zero_dte"] == {"net_gex": 7_000_000, "pct_of_total_gex": 12.5, "expiration": "2026-11-18"}
    assert body["interpretation"]["gamma"].startswith("Dealers short gamma")


def test_signs_and_directions_are_as_in_the_recorded_summary(live: Live, shared_data: Path) -> None:
    recorded = json.loads((shared_data / "flashalpha/summary_SPY_2020-03-16_abridged.json").read_text())
    figures = recorded["exposures"]
    gex, dex, vex, chex = (figures[f"net_{m}"] for m in ("gex", "dex", "vex", "chex"))
    published = Measures(gex, dex, vex * 0.01, chex)
    source = live.source
    fetch = source.fetch

    async def recorded_fetch(symbols: tuple[str, ...]) -> Any:
        fetched = await fetch(symbols)
        spy = replace(fetched.exposures["SPY"], net=published, underlying_price=246.01)
        return fetched._replace(exposures={"SPY": spy})

    source.fetch = recorded_fetch  # type: ignore[method-assign]
    source.comes_from = source.comes_from._replace(chex="as published")
    body = live.ok("/v1/exposure/summary/SPY")
    assert body["exposures"] == figures
    assert body["regime"] == recorded["regime"]
    assert body["basketgex"]["chex"] == "as published"
    assert body["interpretation"]["charm"] is None
    for move, found in body["hedging_estimate"].items():
        expected = recorded["hedging_estimate"][move]
        assert found["direction"] == expected["direction"]
        assert (found["dealer_shares_to_trade"] > 0) == (expected["dealer_shares_to_trade"] > 0)
    assert body["hedging_estimate"]["spot_down_1pct"]["dealer_shares_to_trade"] == round(gex / 246.01)


def test_without_levels_the_rest_is_answered(tmp_path: Path) -> None:
    clock = Clock()
    with gateway(tmp_path, source=lambda _, __: FakeSource(clock), now=clock) as found:
        assert found.refused("/v1/exposure/levels/NVDA") == (501, "not_offered", "This source has no levels.")
        for path in ("/v1/exposure/gex/NVDA", "/v1/exposure/summary/NVDA"):
            body = found.ok(path)
            assert (body["gamma_flip"], body["gamma_flip_status"]) == (None, "not_offered")
        nothing = {"net_gex": None, "pct_of_total_gex": None, "expiration": None}
        assert body["zero_dte"] == nothing


def test_no_same_day_expiry_is_none_of_the_gex(live: Live) -> None:
    live.source.found = replace(LEVELS, zero_dte=None, gamma_flip=None, gamma_flip_status="no_boundary")
    body = live.ok("/v1/exposure/summary/NVDA")
    assert body["zero_dte"] == {"net_gex": 0, "pct_of_total_gex": 0, "expiration": None}
    assert (body["gamma_flip"], body["gamma_flip_status"]) == (None, "no_boundary")


def test_no_levels_of_a_symbol_are_404(live: Live) -> None:
    live.source.found = None
    assert live.refused("/v1/exposure/levels/NVDA") == (
        404,
        "symbol_not_found",
        "The source has no levels of NVDA: check the spelling.",
    )


def test_a_source_without_strikes_says_so(live: Live) -> None:
    live.source.has_strikes = False
    for measure in ("gex", "dex", "vex", "chex"):
        assert live.refused(f"/v1/exposure/{measure}/NVDA") == (
            501,
            "not_offered",
            "This source has no figures for each strike: ask for summary or basket instead.",
        )
    assert live.source.calls == []
    assert live.ok("/v1/exposure/summary/NVDA")["symbol"] == "NVDA"


@pytest.mark.parametrize("path", ["gex", "dex", "vex", "chex", "levels", "summary"])
def test_an_unknown_or_wrong_symbol(sample: Gateway, path: str) -> None:
    assert sample.refused(f"/v1/exposure/{path}/ZZZZ") == (
        404,
        "symbol_not_found",
        "The source has no data for ZZZZ: check the spelling.",
    )
    assert sample.refused(f"/v1/exposure/{path}/a b c")[:2] == (400, "invalid_symbol")


def test_a_class_of_shares_is_one_symbol(live: Live) -> None:
    assert live.ok("/v1/exposure/summary/BRK%2FB")["symbol"] == "BRK.B"


@pytest.mark.parametrize("symbol", SAMPLED[:-1])
def test_a_flip_that_is_not_available_is_withheld(sample: Gateway, symbol: str) -> None:
    request = pb.GetSymbolRequest(symbol=symbol, levels=True)
    told = sample.served.stub.GetSymbol(request, metadata=sample.served.token, timeout=PATIENCE)
    levels, summary, gex = (
        sample.ok(f"/v1/exposure/{path}/{symbol}") for path in ("levels", "summary", "gex")
    )
    available = told.levels.gamma_flip_status == "available"
    for body in (levels["levels"], summary, gex):
        assert body["gamma_flip_status"] == told.levels.gamma_flip_status
        assert body["gamma_flip"] == (told.levels.gamma_flip if available else None)
    sign = "positive_gamma" if told.net.gex >= 0 else "negative_gamma"
    assert summary["regime"] == (sign if available else "unknown")
    for body in (levels, summary, gex):  # the number is not lost
        assert body["basketgex"]["gamma_flip"] == {
            "nearest": told.levels.gamma_flip if told.levels.HasField("gamma_flip") else None,
            "doubts": list(told.levels.gamma_flip_doubts),
            "roots": list(told.levels.gamma_flip_roots),
        }


def test_the_sample_has_flips_of_both_kinds(sample: Gateway) -> None:
    found = {sample.ok(f"/v1/exposure/summary/{s}")["gamma_flip_status"] for s in SAMPLED[:-1]}
    assert "available" in found
    assert len(found) > 1


@pytest.mark.parametrize(
    "status", ["no_boundary", "insufficient_local_coverage", "sensitive_root", "quality_budget"]
)
def test_any_status_but_available_withholds(live: Live, status: str) -> None:
    live.source.found = replace(LEVELS, gamma_flip_status=status, gamma_flip_doubts=(status,))
    assert live.ok("/v1/exposure/levels/NVDA")["levels"]["gamma_flip"] is None
    assert live.ok("/v1/exposure/gex/NVDA")["gamma_flip"] is None
    summary = live.ok("/v1/exposure/summary/NVDA")
    assert (summary["gamma_flip"], summary["gamma_flip_status"], summary["regime"]) == (
        None,
        status,
        "unknown",
    )
    assert summary["interpretation"]["gamma"] == "No gamma flip is published, so the regime is unknown."
    assert summary["basketgex"]["gamma_flip"]["nearest"] == 99.5


# -- account, health, the document ---------------------------------------------------------------------------------------


def test_the_account_of_a_metered_source(live: Live) -> None:
    live.source.says = lambda: QuotaReading(2_500, 2_400, reset_at=MIDNIGHT, plan="Growth")
    live.ok(BASKET, symbols="NVDA")
    reply = live.get("/v1/account")
    body = reply.json()
    assert body.pop("data_as_of").keys() >= {"oi_feed"}
    assert body == {
        "user_id": None,
        "email": None,
        "plan": "Growth",
        "daily_limit": "2500",
        "usage_today": 100,
        "remaining": "2400",
        "resets_at": "2026-11-19T00:00:00Z",
        "endpoint_version": __version__,
    }
    limits = {n: v for n, v in reply.headers.items() if n.startswith("x-ratelimit")}
    assert limits == {
        "x-ratelimit-limit": "2500",
        "x-ratelimit-remaining": "2400",
        "x-ratelimit-reset": str(int(MIDNIGHT)),
    }


@pytest.mark.parametrize("reading", [None, QuotaReading(None, None, unlimited=True, plan="Alpha")])
def test_what_is_unlimited_or_unknown_is_unlimited(live: Live, reading: QuotaReading | None) -> None:
    live.source.says = lambda: reading
    reply = live.get(BASKET, symbols="NVDA")
    assert reply.headers["x-ratelimit-limit"] == reply.headers["x-ratelimit-remaining"] == "unlimited"
    assert int(reply.headers["x-ratelimit-reset"]) == MIDNIGHT
    body = live.ok("/v1/account")
    assert body["daily_limit"] == body["remaining"] == "unlimited"
    assert body["plan"] == ("Alpha" if reading else "local")
    assert body["usage_today"] == 1


def test_health_and_the_document_want_no_key(sample: Gateway) -> None:
    assert sample.client.get("/health").json() == {"status": "Healthy"}
    assert sample.client.get("/openapi.json").json() == DOCUMENT


# -- who may ask ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", KEYED)
@pytest.mark.parametrize("headers", [{}, {"X-Api-Key": ""}, {"X-Api-Key": "no"}, {"X-Api-Key": "é"}])
def test_without_the_key_nothing_is_said(
    sample: Gateway, path: str, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roll, "APART", 0.0)  # so many strangers
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    reply = sample.client.get(path, headers=encoded)
    assert reply.status_code == 401
    assert reply.json() == {"title": "Unauthorized", "status": 401, "detail": "Invalid API key."}
    assert not any(name.startswith("x-ratelimit") for name in reply.headers)


def test_the_key_may_be_in_the_query(sample: Gateway) -> None:
    assert sample.client.get("/v1/account", params={"apiKey": sample.key}).status_code == 200
    assert sample.client.get("/v1/account", params={"apiKey": "no"}).status_code == 401


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{port}", 200),
        ("LOCALHOST:{port}", 200),
        ("[::1]:{port}", 200),
        ("127.0.0.1", 403),
        ("127.0.0.1:1", 403),
        ("evil.example:{port}", 403),
        ("localhost.evil.example:{port}", 403),
        ("me@127.0.0.1:{port}", 403),
        ("127.0.0.1:{port}/", 403),
        ("192.168.1.1:{port}", 403),
        ("127.0.0.1:x", 403),
        ("", 403),
    ],
)
@pytest.mark.parametrize("path", ["/health", "/v1/account", "/nowhere"])
def test_only_this_machines_names_are_answered(sample: Gateway, host: str, status: int, path: str) -> None:
    host = host.format(port=sample.address.rpartition(":")[2])
    reply = sample.client.get(path, headers={"Host": host, "X-Api-Key": sample.key})
    assert reply.status_code == (404 if status == 200 and path == "/nowhere" else status)
    if status == 403:
        assert reply.json() == {
            "status": "ERROR",
            "error": "host_refused",
            "message": "The gateway answers to 127.0.0.1 and its own port only.",
        }


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:3000", 200),
        ("http://127.0.0.1:8080", 200),
        ("https://[::1]", 200),
        ("null", 403),
        ("https://evil.example", 403),
        ("http://127.0.0.1.evil.example", 403),
        ("http://10.0.0.1", 403),
    ],
)
def test_pages_of_other_origins_are_refused(sample: Gateway, origin: str, status: int) -> None:
    reply = sample.client.get("/v1/account", headers={"Origin": origin, "X-Api-Key": sample.key})
    assert reply.status_code == status
    assert not any(name.startswith("access-control") for name in reply.headers)
    if status == 403:
        assert reply.json()["error"] == "origin_refused"


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/health", "/openapi.json", *KEYED])
def test_only_get_is_answered(sample: Gateway, method: str, path: str) -> None:
    reply = sample.client.request(method, path, headers={"X-Api-Key": sample.key})
    assert (reply.status_code, reply.headers["allow"]) == (405, "GET")
    if method != "HEAD":
        assert reply.json() == {
            "status": "ERROR",
            "error": "method_not_allowed",
            "message": "Only GET is answered here.",
        }


@pytest.mark.parametrize("path", ["/", "/health/", "/v1/exposure", "/v1/exposure/rho/SPY", "/v2/account"])
def test_an_unknown_path_is_404(sample: Gateway, path: str) -> None:
    reply = sample.get(path)
    assert reply.status_code == 404
    assert reply.json() == {
        "status": "ERROR",
        "error": "not_found",
        "message": "There is nothing at this address: /openapi.json names what there is.",
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/flow/levels/SPY"),
        ("GET", "/v1/flow/options/leaderboard"),
        ("GET", "/v1/exposure/narrative/SPY"),
        ("GET", "/v1/pricing/greeks"),
        ("GET", "/optionquote/SPY"),
        ("POST", "/v1/screener"),
        ("GET", "/v1/screener/fields"),
        ("POST", "/v1/structures/pnl"),
    ],
)
def test_what_flashalpha_has_and_this_server_does_not(sample: Gateway, method: str, path: str) -> None:
    assert sample.client.request(method, path).status_code == 401
    reply = sample.client.request(
        method, path, headers={"X-Api-Key": sample.key}, json={} if method == "POST" else None
    )
    assert reply.status_code == 501
    assert reply.json() == {
        "status": "ERROR",
        "error": "not_offered",
        "message": "FlashAlpha has this, and this server does not: /openapi.json names what there is.",
    }


def test_what_is_no_http_is_refused_and_the_server_lives_on(sample: Gateway) -> None:
    host, _, port = sample.address.rpartition(":")
    with closing(socket.create_connection((host, int(port)), PATIENCE)) as wire:
        wire.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        assert wire.recv(1 << 16).startswith(b"HTTP/1.1 400")
    assert sample.client.get("/health").status_code == 200


# -- what the source refuses ---------------------------------------------------------------------------------------------

AT = datetime.fromtimestamp(MIDNIGHT, UTC)


@pytest.mark.parametrize(
    ("error", "status", "more", "wait"),
    [
        (SourceUnavailable("Out of order."), 502, {"error": "source_unavailable"}, None),
        (SourceKeyRefused(), 502, {"error": "source_key_refused"}, None),
        (TimedOut(), 504, {"error": "timed_out"}, None),
        (Draining(), 503, {"error": "draining"}, None),
        (
            NotEntitled("Not yours."),
            403,
            {"error": "tier_restricted", "current_plan": None, "required_plan": None},
            None,
        ),
        (
            PlanTooLow("Basic", "Growth"),
            403,
            {"error": "tier_restricted", "current_plan": "Basic", "required_plan": "Growth"},
            None,
        ),
        (
            SymbolNotCovered(("NVDA",), "Free", "Basic"),
            403,
            {"error": "symbol_not_in_free_universe", "current_plan": "Free", "required_plan": "Basic"},
            None,
        ),
        (
            SourceQuotaSpent(MIDNIGHT, 1234.5, plan="Growth", limit=2_500),
            429,
            {
                "error": "Quota exceeded",
                "current_plan": "Growth",
                "limit": 2_500,
                "upgrade_to": "Alpha",
                "reset_at": "2026-11-19T00:00:00Z",
            },
            "1235",
        ),
        (
            QuotaSpent(MIDNIGHT),
            429,
            {
                "error": "Quota exceeded",
                "current_plan": None,
                "limit": None,
                "upgrade_to": None,
                "reset_at": "2026-11-19T00:00:00Z",
            },
            str(int(MIDNIGHT - NOON)),
        ),
        (SourceRateLimited(NOON + 0.2, 0.2), 429, {"error": "rate_limited"}, "1"),
    ],
)
def test_the_sources_refusals(
    live: Live, error: BasketgexError, status: int, more: dict[str, Any], wait: str | None
) -> None:
    live.source.error = error
    for path in (BASKET + "?symbols=NVDA", "/v1/exposure/summary/AMD"):
        reply = live.get(path)
        assert reply.status_code == status, reply.text
        if "quota" not in error.code or path.startswith(BASKET):  # once told, the server refuses by itself
            assert reply.json() == {"status": "ERROR", "message": error.sentence} | more
            assert reply.headers.get("retry-after") == wait
        assert "x-ratelimit-reset" in reply.headers


def test_a_fault_is_500_without_its_text(live: Live) -> None:
    live.source.found = ValueError(f"secret {live.key}")
    reply = live.get("/v1/exposure/levels/NVDA")
    assert reply.status_code == 500
    assert reply.json() == {
        "status": "ERROR",
        "error": "internal",
        "message": "The server failed while answering. Its log in the home folder says where.",
    }


@pytest.mark.parametrize("wall", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_a_fault_and_no_null(live: Live, wall: float) -> None:
    live.source.found = replace(LEVELS, call_wall=wall)
    assert live.refused("/v1/exposure/levels/NVDA")[:2] == (500, "internal")


def test_a_stale_figure_says_so(live: Live) -> None:
    live.ok(BASKET, symbols="NVDA")
    live.clock.at += 1_000
    live.source.error = SourceUnavailable("Out of order.")
    body = live.ok(BASKET, symbols="NVDA")
    assert body["basketgex"]["freshness"] == "expired"
    assert body["basketgex"]["notice"] == "Last good value: Out of order."


def test_one_broken_chain_takes_its_own_name_out_and_alone_is_502(live: Live) -> None:
    live.source.broken = {name: f"The chain of {name} is broken." for name in ("NVDA", "MU")}
    body = live.get(BASKET, symbols="NVDA,AMD").json()
    assert [c["symbol"] for c in body["constituents"]] == ["AMD"] and body["missing_symbols"] == ["NVDA"]
    assert body["basketgex"]["missing_reasons"] == {"NVDA": "The chain of NVDA is broken."}
    assert live.refused(BASKET, symbols="MU") == (502, "bad_chain", "The chain of MU is broken.")


# -- opening and closing -------------------------------------------------------------------------------------------------


def test_what_outlasts_the_grace_is_told_that_the_server_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "GRACE", 0.0)
    came = threading.Event()
    with over_made_up(tmp_path) as hasty, ThreadPoolExecutor(1) as caller:
        hasty.source.gate, hasty.source.before = asyncio.Event(), came.set
        waiting = caller.submit(hasty.get, BASKET, symbols="NVDA")
        assert came.wait(PATIENCE)
        hasty.served.stop()
        reply = waiting.result(PATIENCE)
    assert reply.status_code == 503
    assert reply.json() == {
        "status": "ERROR",
        "error": "draining",
        "message": "The server is stopping. Recalculate to start it again.",
    }


def test_what_is_asked_here_counts_in_the_status(live: Live) -> None:
    def requests() -> int:
        found = live.served.stub.GetStatus(
            pb.GetStatusRequest(), metadata=live.served.token, timeout=PATIENCE
        )
        return int(found.requests)

    live.get(BASKET, "no", symbols="NVDA")
    live.client.get("/health")
    assert requests() == 0
    for _ in range(3):  # the last two are warm
        live.ok(BASKET, symbols="NVDA")
    live.refused(BASKET)
    live.served.stub.GetBasket(
        pb.GetBasketRequest(symbols=["NVDA"]), metadata=live.served.token, timeout=PATIENCE
    )
    assert requests() == 5


def test_without_the_setting_there_is_no_gateway(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        assert served.serving.http == ""
        assert "http" not in json.loads(served.serving.line())


def test_the_ready_line_says_where_and_the_door_closes(tmp_path: Path) -> None:
    with gateway(tmp_path) as found:
        line = json.loads(found.served.serving.line())
        assert line["http"] == found.address
        assert found.client.get("/health").status_code == 200
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(line["http"].rpartition(":")[2])), PATIENCE)


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "192.168.1.1:80", "[::]:0", "example.com:80"])
def test_beyond_loopback_there_is_no_gateway(tmp_path: Path, listen: str) -> None:
    sentence = "http_listen must be on loopback, such as 127.0.0.1:8080: HTTP has no TLS here."
    with (
        pytest.raises(BadSettings, match=re.escape(sentence)),
        serving(tmp_path, Settings(http_listen=listen)),
    ):
        pass


@pytest.mark.parametrize("listen", ["127.0.0.1", ":80", "127.0.0.1:70000", "127.0.0.1:x"])
def test_an_address_is_host_and_port(tmp_path: Path, listen: str) -> None:
    sentence = "http_listen must be HOST:PORT, such as 127.0.0.1:8080."
    with (
        pytest.raises(BadSettings, match=re.escape(sentence)),
        serving(tmp_path, Settings(http_listen=listen)),
    ):
        pass


def test_an_address_in_use_is_said(sample: Gateway, tmp_path: Path) -> None:
    with (
        pytest.raises(BadSettings, match=r"^The server cannot listen there: the address of http_listen"),
        serving(tmp_path, Settings(http_listen=sample.address)),
    ):
        pass


def test_small_replies_are_not_held_back() -> None:
    """asyncio turns off Nagle's delay only where a socket says that it is TCP."""
    with closing(listener._bound("127.0.0.1", 0)) as bound:
        assert bound.proto == socket.IPPROTO_TCP


def test_the_gateway_takes_part_in_figures_of_one_origin(live: Live) -> None:
    live.ok(BASKET, symbols="NVDA")
    live.ok(BASKET, symbols="NVDA")
    live.source.comes_from = Origin("fake", "other figures", location="there")
    assert live.ok(BASKET, symbols="NVDA")["basketgex"]["label"] == "other figures"


# -- the document --------------------------------------------------------------------------------------------------------

SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)


def test_the_document_is_valid() -> None:
    OPENAPI_31_VALIDATOR.validate(DOCUMENT)


def test_the_document_names_every_address() -> None:
    assert set(DOCUMENT["paths"]) == {re.sub("NVDA$", "{symbol}", path) for path in KEYED} | {"/health"}


def test_the_document_leaves_no_shape_open_and_few_fields_out() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert {schema["additionalProperties"] for schema in schemas.values()} == {False}
    optional = {name: schema["properties"].keys() - schema["required"] for name, schema in schemas.items()}
    assert {name: fields for name, fields in optional.items() if fields} == {
        "Error": {"current_plan", "required_plan", "limit", "upgrade_to", "reset_at"},
        "SymbolProvenance": {"remarks", "balance", "near_flip", "gamma_flip"},
        "BasketProvenance": {"missing_reasons", "as_of_distant", "remarks"},
        "ZeroDteRegime": {"spot_vs_flip"},
    }


@SCHEMA.parametrize()
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.filter_too_much,
        HealthCheck.too_slow,
    ],
)
def test_every_reply_is_as_the_document_says(sample: Gateway, case: schemathesis.Case) -> None:
    # What is not offered is a server error by its number; what is looser than the document (case, blanks) is welcome; that
    # there is a weight a symbol, and not all of them 0, no schema can say.
    reply = case.call_and_validate(
        base_url=f"http://{sample.address}",
        headers={"X-Api-Key": sample.key},
        excluded_checks=[not_a_server_error, negative_data_rejection, positive_data_acceptance],
    )
    assert reply.status_code not in (500, 502, 503, 504)
