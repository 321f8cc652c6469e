"""GetProfile, what GetSymbol gained, and the command line's tables: through a real server, and from a chain file."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from basketgex.v1 import exposure_pb2 as pb
from basketgex_addin.cells import Ask, Problem
from basketgex_addin.client import BasketClient, SymbolFigures
from basketgex_cli.main import main
from basketgex_server.domain import Terms
from basketgex_server.exposure.implied import forwards
from basketgex_server.exposure.levels import levels
from basketgex_server.exposure.profile import Member, profile
from basketgex_server.exposure.symbol import exposure
from basketgex_server.settings import Settings
from basketgex_server.sources.files.folder import read_chain
from basketgex_server.sources.sample.provider import Sample
from tests.addin.shown import render
from tests.server.servers import PATIENCE, Clock, FakeSource, Served, serving

TERMS = Terms("flashalpha", 0.045, 0.013)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("home"), Settings(rates={"AMD": 0.1})) as served:
        yield served


def ask(served: Served, method: str, request: Any) -> Any:
    return getattr(served.stub, method)(request, metadata=served.token, timeout=PATIENCE)


def member(symbol: str, weight: float = 1.0) -> Member:
    chain = Sample().chain(symbol)
    assert chain
    rate, dividend_yield = Settings(rates={"AMD": 0.1}).rates_of(symbol)
    return Member(chain, Terms("flashalpha", rate, dividend_yield), weight)


def test_the_profile_of_a_symbol(sample: Served) -> None:
    found = ask(sample, "GetProfile", pb.GetProfileRequest(symbols=["nvda"]))
    wanted = profile([member("NVDA")], list(found.move))
    assert wanted and len(found.move) == 60 and (found.move[0], found.move[-1]) == (0.8, 1.2)
    for m, column in enumerate((found.gex, found.dex, found.vex, found.chex)):
        assert list(column) == pytest.approx(wanted.net[m], rel=1e-12)
    assert list(found.spot) == pytest.approx([move * found.underlying_price[0] for move in found.move])
    assert list(found.roots) == pytest.approx(wanted.roots) and found.flip in found.roots
    assert (found.flip_status, tuple(found.flip_doubts)) == (wanted.flip_status, wanted.doubts)
    assert (found.balance, found.near_flip) == (pytest.approx(wanted.balance), wanted.near_flip)
    assert (list(found.symbols), list(found.weights), found.covered_weight) == (["NVDA"], [1.0], 1.0)
    assert found.as_of == found.as_of_newest == wanted.as_of[0]
    assert found.client_ttl > 0 and found.origin.synthetic and found.origin.by_symbol == "r AMD 0.1"


def test_the_profile_of_a_basket_leaves_out_what_has_no_data(sample: Served) -> None:
    request = pb.GetProfileRequest(
        symbols=["NVDA", "AMD", "NOSUCH", "MU"],
        weights=[3, 1, 4, 0],
        measures=[pb.MEASURE_CHEX, pb.MEASURE_GEX],
        from_move=0.9,
        to_move=1.1,
        levels=5,
    )
    found = ask(sample, "GetProfile", request)
    wanted = profile([member("NVDA", 3), member("AMD", 1)], [0.9, 0.95, 1.0, 1.05, 1.1], [0, 3])
    assert wanted and list(found.gex) == pytest.approx(wanted.net[0]) and not found.dex and not found.vex
    assert list(found.chex) == pytest.approx(wanted.net[1])
    assert (list(found.symbols), list(found.weights)) == (["NVDA", "AMD"], [0.75, 0.25])
    assert (list(found.missing_symbols), found.covered_weight) == (["NOSUCH"], 0.5)
    assert not found.spot and list(found.roots) == pytest.approx(wanted.roots)


@pytest.mark.parametrize(
    "values, status, code",
    [
        ({}, grpc.StatusCode.INVALID_ARGUMENT, "missing_symbols"),
        ({"symbols": ["NOSUCH"]}, grpc.StatusCode.NOT_FOUND, "no_data"),
        ({"symbols": ["SPY"], "from_move": 1.3}, grpc.StatusCode.INVALID_ARGUMENT, "invalid_range"),
        ({"symbols": ["SPY"], "from_move": math.nan}, grpc.StatusCode.INVALID_ARGUMENT, "invalid_range"),
        ({"symbols": ["SPY"], "from_move": 0.0}, grpc.StatusCode.INVALID_ARGUMENT, "invalid_range"),
        ({"symbols": ["SPY"], "to_move": 10.5}, grpc.StatusCode.INVALID_ARGUMENT, "invalid_range"),
        ({"symbols": ["SPY"], "levels": 1}, grpc.StatusCode.INVALID_ARGUMENT, "invalid_range"),
        ({"symbols": ["SPY"], "levels": 2_001}, grpc.StatusCode.INVALID_ARGUMENT, "invalid_range"),
        ({"symbols": ["SPY"], "measures": [0]}, grpc.StatusCode.INVALID_ARGUMENT, "invalid_range"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    sample: Served, values: dict[str, Any], status: grpc.StatusCode, code: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        ask(sample, "GetProfile", pb.GetProfileRequest(**values))
    error: Any = caught.value
    assert (error.code(), dict(error.trailing_metadata())["basketgex-code"]) == (status, code)


def test_a_source_without_chains_does_not_offer_profiles(tmp_path: Path) -> None:
    with serving(tmp_path, Settings(), lambda _, __: FakeSource(Clock())) as served:
        with pytest.raises(grpc.RpcError) as caught:
            ask(served, "GetProfile", pb.GetProfileRequest(symbols=["NVDA"]))
        error: Any = caught.value
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
        assert error.details() == "This source has no option chains, so no profile over spot prices."


def test_a_broken_chain_says_why(tmp_path: Path) -> None:
    chains = tmp_path / "chains"
    chains.mkdir()
    (chains / "AMD.csv").write_text("no,chain\n1,2\n")
    settings = Settings(source="chain-files", chain_folder=str(chains))
    with serving(tmp_path / "home", settings) as served:
        with pytest.raises(grpc.RpcError) as caught:
            ask(served, "GetProfile", pb.GetProfileRequest(symbols=["AMD"]))
        error: Any = caught.value
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert "AMD.csv" in error.details()


def test_a_symbols_expiries_and_doubts(sample: Served) -> None:
    found = ask(sample, "GetSymbol", pb.GetSymbolRequest(symbol="SPY", per_expiry=True, levels=True))
    chain = member("SPY").chain
    whole, wanted = exposure(chain, *TERMS), levels(chain, *TERMS)
    assert whole and wanted
    assert list(found.expiries.expiry) == [row.expiry for row in whole.expiries]
    assert list(found.expiries.zero_dte) == [row.zero_dte for row in whole.expiries]
    assert list(found.expiries.put_vex) == pytest.approx([row.put.vex for row in whole.expiries])
    assert found.zero_dte.gex == pytest.approx(whole.zero_dte.gex) and found.zero_dte.gex != 0
    assert not found.HasField("strikes")
    assert list(found.levels.gamma_flip_roots) == pytest.approx(wanted.gamma_flip_roots)
    assert tuple(found.levels.gamma_flip_doubts) == wanted.gamma_flip_doubts
    assert found.levels.gamma_flip_status == wanted.gamma_flip_status
    assert found.levels.near_flip == wanted.near_flip == found.near_flip
    assert whole.call and whole.put
    assert found.balance == pytest.approx(whole.net.gex / (whole.call.gex - whole.put.gex))
    plain = ask(sample, "GetSymbol", pb.GetSymbolRequest(symbol="SPY"))
    assert not plain.HasField("expiries") and not plain.HasField("zero_dte")


def test_implied_dividend_yields_and_their_quality(tmp_path: Path, shared_data: Path) -> None:
    folder = shared_data / "chains/basket_2026-07-10"
    flat = Settings(source="chain-files", chain_folder=str(folder))
    request = pb.GetSymbolRequest(symbol="SPX", per_expiry=True)
    figures = []
    for settings in (flat, replace(flat, dividends="implied")):
        with serving(tmp_path / settings.dividends, settings) as served:
            figures.append(ask(served, "GetSymbol", request))
            client = BasketClient(served.home, PATIENCE)
            known = client.symbol("SPX", per_expiry=True)
            client.close()
            assert isinstance(known, SymbolFigures)
    plain, found = figures
    wanted = forwards(read_chain(folder / "SPX.csv.gz", "SPX"), flat.rate)
    assert not plain.HasField("forwards") and not plain.origin.by_symbol
    assert found.origin.by_symbol == "q implied" and found.net.gex != plain.net.gex
    assert list(found.forwards.expiry) == list(found.expiries.expiry) == [f.expiry for f in wanted]
    assert list(found.forwards.forward) == [f.forward for f in wanted]
    assert list(found.forwards.pairs) == [f.pairs for f in wanted]
    assert list(found.forwards.trusted) == [f.trusted for f in wanted]
    assert known.forwards == tuple(wanted)


def test_the_balance_of_a_basket_is_over_contracts(sample: Served) -> None:
    request = pb.GetBasketRequest(symbols=["NVDA", "SPY"], weights=[3, 1])
    basket = ask(sample, "GetBasket", request).basket
    own = {
        c.symbol: ask(sample, "GetSymbol", pb.GetSymbolRequest(symbol=c.symbol)).sides
        for c in basket.constituents
    }
    gross = {name: sides.call.gex - sides.put.gex for name, sides in own.items()}
    assert [c.gross_gex for c in basket.constituents] == pytest.approx(list(gross.values()))
    weighed = 0.75 * gross["NVDA"] + 0.25 * gross["SPY"]
    assert basket.balance == pytest.approx(basket.net.gex / weighed)
    assert basket.near_flip == (abs(basket.balance) < 0.05)
    for c in basket.constituents:
        assert c.balance == pytest.approx(c.net.gex / gross[c.symbol])
        assert c.near_flip == (abs(c.balance) < 0.05)
    curve = ask(sample, "GetProfile", pb.GetProfileRequest(symbols=["NVDA", "SPY"], weights=[3, 1]))
    assert curve.balance == pytest.approx(basket.balance)
    client = BasketClient(sample.home, PATIENCE)
    reply = client.ask(Ask(("NVDA", "SPY"), (3.0, 1.0)))
    client.close()
    assert not isinstance(reply, Problem) and reply.balance == pytest.approx(basket.balance)
    assert reply.near_flip == basket.near_flip
    assert [row.near_flip for row in reply.rows] == [c.near_flip for c in basket.constituents]


def test_net_figures_have_no_balance(tmp_path: Path) -> None:
    with serving(tmp_path, Settings(), lambda _, __: FakeSource(Clock())) as served:
        basket = ask(served, "GetBasket", pb.GetBasketRequest(symbols=["NVDA"])).basket
        client = BasketClient(served.home, PATIENCE)
        reply = client.ask(Ask(("NVDA",)))
        client.close()
    assert not basket.HasField("balance") and not basket.constituents[0].HasField("gross_gex")
    assert not isinstance(reply, Problem) and reply.balance is None


def test_a_stale_spot_is_said_of_the_symbol_and_of_every_basket(tmp_path: Path, shared_data: Path) -> None:
    folder = tmp_path / "chains"
    folder.mkdir()
    (folder / "SPY.csv").symlink_to(shared_data / "chains/cboe_csv/spy_2025-05-16.csv")
    settings = Settings(source="chain-files", chain_folder=str(folder), dividends="implied")
    for _ in range(2):  # once as computed, once from the store
        with serving(tmp_path / "home", settings) as served:
            found = ask(served, "GetSymbol", pb.GetSymbolRequest(symbol="SPY"))
            basket = ask(served, "GetBasket", pb.GetBasketRequest(symbols=["SPY"])).basket
            client = BasketClient(served.home, PATIENCE)
            reply = client.ask(Ask(("SPY",)))
            client.close()
        for told in (found, basket.constituents[0]):
            assert told.spot_status == pb.SPOT_STATUS_STALE
            assert told.spot_correction == pytest.approx(0.0078, abs=1e-4)
            assert told.underlying_price == pytest.approx(589.25 * (1 + told.spot_correction), rel=1e-3)
        assert not isinstance(reply, Problem)
        assert "stale spot: SPY put right by +0.78%" in str(render("BASKETSTATUS", reply))


@pytest.mark.parametrize(
    ("file", "status", "said"),
    [
        ("cboe_csv/spy_2025-05-16.csv", "stale_spot", "stale spot, put right by +0.78%"),
        ("cboe_json/rut_2023-09-20.json", "agrees", ""),
        ("cboe_csv/spx_2022-12-12.csv", "thin_quotes", "quotes too thin to tell spot's moment"),
    ],
)
def test_a_stale_spot_is_said_in_a_terminal_and_over_rest(
    tmp_path: Path,
    shared_data: Path,
    capsys: pytest.CaptureFixture[str],
    file: str,
    status: str,
    said: str,
) -> None:
    chains = tmp_path / "chains"
    chains.mkdir()
    symbol = Path(file).name.partition(".")[0].partition("_")[0].upper()
    (chains / f"{symbol}.{file.partition('.')[2]}").symlink_to(shared_data / "chains" / file)
    where = Settings(source="chain-files", chain_folder=str(chains), http_listen="127.0.0.1:0")
    settings = replace(where, dividends="implied")
    with serving(tmp_path / "home", settings) as served:
        assert main(["--home", str(tmp_path / "home"), "basket", symbol, "--json"]) == 0
        (found,) = json.loads(capsys.readouterr().out)["constituents"]
        assert main(["--home", str(tmp_path / "home"), "basket", symbol]) == 0
        text = capsys.readouterr().out
        address, key = f"http://{served.serving.http}/v1/exposure", {"X-Api-Key": served.home.token()}
        bodies = [
            httpx.get(f"{address}/{path}", headers=key, trust_env=False, timeout=PATIENCE).json()
            for path in (f"basket?symbols={symbol}", f"summary/{symbol}", f"gex/{symbol}")
        ]
    for body in bodies:
        assert body["basketgex"].get("remarks", []) == ([f"{symbol}: {said}"] if said else [])
    assert found["spot_status"] == status
    assert (f"{symbol}: stale spot" in text) == (status == "stale_spot")
    assert (f"{symbol}: too few expiries" in text) == (status == "thin_quotes")


def test_the_client_has_the_profile(sample: Served) -> None:
    client = BasketClient(sample.home, PATIENCE)
    found = client.profile(["NVDA", "AMD"], [3, 1], between=(0.9, 1.1), levels=5, measures=["gex"])
    assert not isinstance(found, Problem)
    wanted = profile([member("NVDA", 3), member("AMD", 1)], [0.9, 0.95, 1.0, 1.05, 1.1], [0])
    assert wanted and set(found.net) == {"gex"}
    assert found.net["gex"] == pytest.approx(wanted.net[0])
    assert found.flip == pytest.approx(wanted.flip)
    refused = client.profile(["NVDA"], levels=1)
    assert isinstance(refused, Problem) and refused.bad_input
    client.close()


TABLES = ("--per-strike", "--per-expiry", "--profile", "0.8:1.2:60", "--json")


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    code = main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    return out


def check(found: dict[str, Any], chain: Any, terms: Terms) -> None:
    whole, curve = exposure(chain, *terms), profile([Member(chain, terms)], [0.8, 1.2])
    assert whole and curve
    assert [row["strike"] for row in found["per_strike"]] == [row.strike for row in whole.strikes]
    assert [row["net_gex"] for row in found["per_strike"]] == pytest.approx(
        [row.call.gex + row.put.gex for row in whole.strikes]
    )
    assert math.fsum(row["net_dex"] for row in found["per_expiry"]) == pytest.approx(whole.net.dex)
    today = [row["net_gex"] for row in found["per_expiry"] if row["zero_dte"]]
    assert found["zero_dte"]["net_gex"] == pytest.approx(math.fsum(today))
    assert len(found["profile"]) == 60
    for row, place in ((found["profile"][0], 0), (found["profile"][-1], -1)):
        assert row["spot"] == pytest.approx(chain.spot * row["move"])
        assert row["net_gex"] == pytest.approx(curve.net[0][place])
        assert row["net_chex"] == pytest.approx(curve.net[3][place])
    assert found["profile_flips"] == pytest.approx([root * chain.spot for root in curve.roots])
    assert (found["profile_flip_status"], tuple(found["profile_flip_doubts"])) == (
        curve.flip_status,
        curve.doubts,
    )


def test_the_tables_of_a_server(sample: Served, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(said(capsys, "--home", sample.home.path, "symbol", "SPY", *TABLES))
    check(found, member("SPY").chain, TERMS)


@pytest.mark.parametrize("day_count", ["act365", "bus262", "bus252"])
def test_the_tables_of_a_chain_file(
    tmp_path: Path, shared_data: Path, capsys: pytest.CaptureFixture[str], day_count: Any
) -> None:
    (tmp_path / "config.toml").write_text("[rates]\nSPY = 0.02\nAMD = 0.9\n[dividend_yields]\nSPY = 0.01\n")
    file = shared_data / "chains/cboe_csv/spy_2025-05-16.csv"
    arguments = ["--home", tmp_path, "symbol", "SPY", "--chain-file", file, "--day-count", day_count, *TABLES]
    chain = read_chain(file, "SPY")
    check(json.loads(said(capsys, *arguments)), chain, Terms("flashalpha", 0.02, 0.01, day_count))
    rates = ["--rate", "0.05", "--dividend-yield", "0"]
    check(json.loads(said(capsys, *arguments, *rates)), chain, Terms("flashalpha", 0.05, 0.0, day_count))


def test_the_tables_as_text(sample: Served, capsys: pytest.CaptureFixture[str]) -> None:
    shown = said(capsys, "--home", sample.home.path, "symbol", "SPY", *TABLES[:-1])
    assert "strike" in shown and "expires, New York" in shown and " 0DTE" in shown
    assert "Net GEX changes its sign at " in shown


@pytest.mark.parametrize(
    "text", ["0.8", "0.8:1.2:1", "1.2:0.8", "a:b", "0:1", "0.8:1.2:60:1", "0.8:nan", "0.8:11"]
)
def test_a_range_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    assert main(["--home", str(tmp_path), "symbol", "SPY", "--profile", text]) == 1
    assert capsys.readouterr().err == (
        f'basketgex: --profile is "{text}": write it like 0.8:1.2:60, two prices in units of spot and 2 to 2,000 levels.\n'
    )
