"""The gateway's views of whole chains held to what gRPC answers, to each other, and to sources that have none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.api.rest.view_bodies import is_opex, is_triple_witching, term_structure
from basketgex_server.dispatch.lookups import CachedFigure
from basketgex_server.domain import Freshness, Measures, Snapshot
from basketgex_server.exposure.expirations import Expiration
from basketgex_server.settings import Settings
from tests.server.api.rest.test_app import Gateway, Live, gateway, over_made_up
from tests.server.servers import LIVE, NOON, PATIENCE, Clock, made_up, serving
from tests.server.sources.test_cboe import reply
from tests.standin.cboe import CboeStandIn

NEW_YORK = ZoneInfo("America/New_York")
MEASURES = ("gex", "dex", "vex", "chex")
UNIT = {"gex": 1, "dex": 1, "vex": 100, "chex": 1}
VIEWS = ("exposure/zero-dte", "exposure/term-structure", "exposure/sheet", "maxpain", "options")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("home")) as opened:
        yield opened


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with over_made_up(tmp_path) as opened:
        yield opened


def asked(opened: Gateway, method: str, request: Any) -> Any:
    return getattr(opened.served.stub, method)(request, metadata=opened.served.token, timeout=PATIENCE)


def by_day(opened: Gateway, symbol: str) -> dict[str, dict[str, float]]:
    """The net exposures of each day of expiry, as gRPC tells them."""
    told = asked(opened, "GetSymbol", pb.GetSymbolRequest(symbol=symbol, per_expiry=True)).expiries
    days: dict[str, dict[str, float]] = {}
    for n, at in enumerate(told.expiry):
        own = days.setdefault(str(datetime.fromtimestamp(at, NEW_YORK).date()), dict.fromkeys(MEASURES, 0.0))
        for m in MEASURES:
            own[m] += getattr(told, f"call_{m}")[n] + getattr(told, f"put_{m}")[n]
    return days


# -- one expiration ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("symbol", ["SPY", "AAPL", "SPX"])
def test_expirations_add_up_to_the_whole(sample: Gateway, measure: str, symbol: str) -> None:
    whole, days = sample.ok(f"/v1/exposure/{measure}/{symbol}"), by_day(sample, symbol)
    strikes: dict[float, int] = {}
    for day, net in days.items():
        body = sample.ok(f"/v1/exposure/{measure}/{symbol}", expiration=day)
        assert body[f"net_{measure}"] == pytest.approx(net[measure] * UNIT[measure], abs=1)
        assert (body["symbol"], body["as_of"]) == (symbol, whole["as_of"])
        assert body.keys() == whole.keys()
        for row in body["strikes"]:
            strikes[row["strike"]] = strikes.get(row["strike"], 0) + row[f"net_{measure}"]
    assert sorted(strikes) == [row["strike"] for row in whole["strikes"]]
    for row in whole["strikes"]:
        assert strikes[row["strike"]] == pytest.approx(row[f"net_{measure}"], abs=2 * len(days))


def test_the_flip_of_an_expiration_is_its_own(sample: Gateway) -> None:
    flips = set()
    for day in by_day(sample, "SPY"):
        body = sample.ok("/v1/exposure/gex/SPY", expiration=day)
        assert (body["gamma_flip"] is not None) == (body["gamma_flip_status"] == "available")
        flips.add(body["basketgex"]["gamma_flip"]["nearest"])
    assert len(flips) > 5


def test_min_oi_of_an_expiration(sample: Gateway) -> None:
    whole = sample.ok("/v1/exposure/gex/SPY", expiration="2026-09-18")
    part = sample.ok("/v1/exposure/gex/SPY", expiration="2026-09-18", min_oi="20000")
    assert part["strikes"] == [r for r in whole["strikes"] if r["call_oi"] + r["put_oi"] >= 20_000]
    assert 0 < len(part["strikes"]) < len(whole["strikes"])
    assert part["net_gex"] == whole["net_gex"]


PATHS = [f"/v1/exposure/{m}/SPY" for m in MEASURES] + ["/v1/exposure/sheet/SPY", "/v1/maxpain/SPY"]


@pytest.mark.parametrize(
    ("path", "name"), [(p, "expiration") for p in PATHS] + [("/v1/exposure/zero-dte/SPY", "expiry")]
)
def test_a_day_on_which_nothing_expires(sample: Gateway, path: str, name: str) -> None:
    for day in ("2026-09-19", "2020-01-17", "2099-01-01"):
        assert sample.refused(path, **{name: day}) == (
            404,
            "no_data",
            f"SPY has no figures of {day}: /v1/options/SPY names the days on which contracts expire.",
        )
    for text in ("2026-9-18", "20260918", "2026-02-30", "friday", "2026-09-18T00:00", "٢٠٢٦-٠٩-١٨"):
        assert sample.refused(path, **{name: text}) == (
            400,
            "invalid_parameter",
            f"{name} must be a day such as 2026-09-18.",
        )


# -- by expiry and by strike ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", ["SPY", "NVDA", "SPX"])
def test_term_structure(sample: Gateway, symbol: str) -> None:
    body, days = sample.ok(f"/v1/exposure/term-structure/{symbol}"), by_day(sample, symbol)
    today = datetime.fromisoformat(body["as_of"]).astimezone(NEW_YORK).date()
    assert [row["expiration"] for row in body["by_expiry"]] == sorted(days)
    for row in body["by_expiry"]:
        for m in MEASURES:
            assert row[f"net_{m}"] == pytest.approx(days[row["expiration"]][m] * UNIT[m], abs=1)
        day = date.fromisoformat(row["expiration"])
        assert row["dte"] == (day - today).days
        assert row["is_opex"] == is_opex(day)
    shares = [row["pct_of_chain_gex"] for row in body["by_expiry"]]
    assert sum(shares) == pytest.approx(100)
    whole = sum(abs(net["gex"]) for net in days.values())
    assert shares == pytest.approx([100 * abs(days[day]["gex"]) / whole for day in sorted(days)])
    for bucket in body["by_dte_bucket"]:
        low, high = bucket["dte_range"]
        held = [row for row in body["by_expiry"] if low <= row["dte"] <= high]
        assert held
        for m in MEASURES:
            assert bucket[f"net_{m}"] == pytest.approx(sum(row[f"net_{m}"] for row in held), abs=len(held))
    rows = asked(sample, "GetSymbol", pb.GetSymbolRequest(symbol=symbol)).rows
    assert sum(bucket["contract_count"] for bucket in body["by_dte_bucket"]) == rows.used


@pytest.mark.parametrize("gex", [847448993.5635389, -28444641.774354108, 445442655.33539593, 0.0])
def test_what_expires_on_one_day_alone_is_no_more_than_all(gex: float) -> None:
    """100 x / x may come out above 100, which the document rules out."""
    found = CachedFigure(Snapshot(made_up("VIX"), NOON), Freshness.FRESH, 1.0)
    only = Expiration(date(2026, 11, 20), Measures(gex, 0.0, 0.0, 0.0), 7)
    body = term_structure(found, LIVE, [(only, 2)])
    assert [row.pct_of_chain_gex for row in body.by_expiry] == [100.0 if gex else 0.0]


def test_the_monthly_expiry_is_the_third_friday_or_the_session_before_it() -> None:
    monthly = [
        date(2026, month, day)
        for month in range(1, 13)
        for day in range(1, 29)
        if is_opex(date(2026, month, day))
    ]
    fridays = [16, 20, 20, 17, 15, 18, 17, 21, 18, 16, 20, 18]  # 19 June is a holiday
    assert [day.day for day in monthly] == fridays
    assert [day.month for day in monthly if is_triple_witching(day)] == [3, 6, 9, 12]


@pytest.mark.parametrize("query", [{}, {"expiration": "2026-09-18"}, {"min_oi": "30000"}])
def test_the_sheet_is_the_four_measures_side_by_side(sample: Gateway, query: dict[str, str]) -> None:
    body = sample.ok("/v1/exposure/sheet/SPY", **query)
    parts = {m: sample.ok(f"/v1/exposure/{m}/SPY", **query) for m in MEASURES}
    for m, part in parts.items():
        assert body["totals"][f"net_{m}"] == part[f"net_{m}"]
        names = ("strike", *(f"{side}_{m}" for side in ("call", "put", "net")))
        wanted = [{n: row[n] for n in names} for row in part["strikes"]]
        assert [{n: row[n] for n in names} for row in body["strikes"]] == wanted
    for row, gex in zip(body["strikes"], parts["gex"]["strikes"], strict=True):
        assert (row["call_oi"], row["put_oi"]) == (gex["call_oi"], gex["put_oi"])
        assert abs(row["dag"]) <= row["call_gex"] - row["put_gex"] + 1
    assert body["expiration"] == query.get("expiration")
    assert (body["is_opex"], body["is_triple_witching"]) == ("expiration" in query,) * 2
    whole = sample.ok("/v1/exposure/sheet/SPY", **{n: x for n, x in query.items() if n != "min_oi"})
    net = {row["strike"]: row["net_gex"] for row in whole["strikes"]}
    most = max(abs(x) for x in net.values())
    for peak in body["peaks"]:
        assert peak["net_gex"] == net[peak["strike"]]
        assert peak["strength"] == pytest.approx(abs(peak["net_gex"]) / most, abs=1e-6)
        assert peak["side"] == ("call_wall" if peak["net_gex"] >= 0 else "put_wall")
    assert body["lis"]["strike"] in net
    assert body["totals"]["net_dag"] == pytest.approx(
        sum(row["dag"] for row in whole["strikes"]), abs=len(net)
    )


# -- what expires today --------------------------------------------------------------------------------------------------


def test_zero_dte_is_what_the_other_endpoints_say_of_today(sample: Gateway) -> None:
    body, summary = sample.ok("/v1/exposure/zero-dte/SPY"), sample.ok("/v1/exposure/summary/SPY")
    told = asked(sample, "GetSymbol", pb.GetSymbolRequest(symbol="SPY", per_expiry=True, levels=True))
    assert body["expiration"] == summary["zero_dte"]["expiration"] == "2026-09-16"
    assert body["exposures"]["net_gex"] == summary["zero_dte"]["net_gex"]
    assert body["exposures"]["pct_of_total_gex"] == pytest.approx(summary["zero_dte"]["pct_of_total_gex"])
    assert body["exposures"]["total_chain_net_gex"] == summary["exposures"]["net_gex"]
    for m in MEASURES:
        assert body["exposures"][f"net_{m}"] == round(getattr(told.zero_dte, m) * UNIT[m])
    assert body["pin_risk"]["magnet_strike"] == told.levels.zero_dte_magnet
    assert (
        body["pin_risk"]["max_pain"]
        == sample.ok("/v1/maxpain/SPY", expiration="2026-09-16")["max_pain_strike"]
    )
    strikes = sample.ok("/v1/exposure/sheet/SPY", expiration="2026-09-16")["strikes"]
    assert len(body["strikes"]) == len(strikes)
    for row, whole in zip(body["strikes"], strikes, strict=True):
        assert {n: row[n] for n in row.keys() & whole.keys()} == {
            n: whole[n] for n in row.keys() & whole.keys()
        }
        assert {"net_gex", "net_vex", "net_chex", "call_dex", "call_oi"} <= row.keys() & whole.keys()
    assert sum(row["gex_share_pct"] for row in body["strikes"]) == pytest.approx(100)
    assert sum(row["oi_share_pct"] for row in body["strikes"]) == pytest.approx(100)
    assert body["market_open"] is True
    assert (body["time_to_close_hours"], body["time_to_close_pct"]) == (0.25, pytest.approx(100 * 6.25 / 6.5))
    move = body["expected_move"]
    years = 900 / (365 * 86_400)
    expected = body["underlying_price"] * move["atm_iv"] / 100 * years**0.5
    assert move["remaining_1sd_dollars"] == pytest.approx(expected)
    assert move["upper_bound"] - move["lower_bound"] == pytest.approx(2 * expected)


def test_zero_dte_on_another_day_and_near_spot_only(sample: Gateway) -> None:
    whole = sample.ok("/v1/exposure/zero-dte/SPY", expiry="2026-09-18")
    part = sample.ok("/v1/exposure/zero-dte/SPY", expiry="2026-09-18", strike_range="0.02")
    assert part["expiration"] == "2026-09-18"
    near = [r for r in whole["strikes"] if abs(r["strike"] / whole["underlying_price"] - 1) <= 0.02]
    assert part["strikes"] == near
    assert 0 < len(near) < len(whole["strikes"])
    assert {n: x for n, x in part.items() if n != "strikes"} == {
        n: x for n, x in whole.items() if n != "strikes"
    }
    for text in ("0", "0.2", "-1", "much", "nan"):
        assert sample.refused("/v1/exposure/zero-dte/SPY", strike_range=text) == (
            400,
            "invalid_parameter",
            "strike_range must be a number from 0.001 to 0.1.",
        )


def test_hedging_is_against_the_move(sample: Gateway) -> None:
    body = sample.ok("/v1/exposure/zero-dte/SPY", expiry="2026-09-18")
    gex, spot = body["exposures"]["net_gex"], body["underlying_price"]
    for name, size in (("10bp", 0.1), ("25bp", 0.25), ("half_pct", 0.5), ("1pct", 1.0)):
        up, down = (body["hedging"][f"spot_{way}_{name}"] for way in ("up", "down"))
        assert up["dealer_shares_to_trade"] == pytest.approx(-gex * size / spot, abs=1)
        assert down["dealer_shares_to_trade"] == -up["dealer_shares_to_trade"]
        assert up["direction"] == ("sell" if gex > 0 else "buy")
        assert up["notional_usd"] == pytest.approx(abs(gex) * size, abs=1)


def test_the_regime_of_the_day_is_unknown_where_its_flip_is_withheld(sample: Gateway) -> None:
    seen = set()
    for day in by_day(sample, "SPY"):
        regime = sample.ok("/v1/exposure/zero-dte/SPY", expiry=day)["regime"]
        if regime["gamma_flip_status"] == "available":
            assert regime["label"] in ("positive_gamma", "negative_gamma")
            assert regime["spot_vs_flip"] in ("above", "below")
        else:
            assert (regime["label"], regime["gamma_flip"]) == ("unknown", None)
            assert "spot_vs_flip" not in regime
        seen.add(regime["label"])
    assert len(seen) > 1


def test_a_name_of_which_nothing_expires_today(sample: Gateway) -> None:
    body = sample.ok("/v1/exposure/zero-dte/AAPL")
    assert body["no_zero_dte"] is True
    assert body["message"] == "No contract of AAPL with a figure expires on the day of this chain."
    assert body["next_zero_dte_expiry"] == sample.ok("/v1/options/AAPL")["expirations"][0]["expiration"]
    assert "exposures" not in body


# -- max pain, options, quotes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", ["SPY", "NVDA"])
def test_max_pain(sample: Gateway, symbol: str) -> None:
    body, gex = sample.ok(f"/v1/maxpain/{symbol}"), sample.ok(f"/v1/exposure/gex/{symbol}")
    curve = {row["strike"]: row["total_pain"] for row in body["pain_curve"]}
    assert curve[body["max_pain_strike"]] == min(curve.values())
    assert all(row["total_pain"] == row["call_pain"] + row["put_pain"] for row in body["pain_curve"])
    interest = {row["strike"]: (row["call_oi"], row["put_oi"]) for row in body["oi_by_strike"]}
    for row in gex["strikes"]:  # these have a volatility besides
        assert interest[row["strike"]] >= (row["call_oi"], row["put_oi"])
    for strike in list(curve)[::20]:
        pain = 100 * sum(c * max(strike - k, 0) + p * max(k - strike, 0) for k, (c, p) in interest.items())
        assert curve[strike] == pytest.approx(pain)
    assert body["put_call_oi_ratio"] == pytest.approx(
        sum(p for _, p in interest.values()) / sum(c for c, _ in interest.values())
    )
    away = body["underlying_price"] - body["max_pain_strike"]
    assert body["distance"]["absolute"] == pytest.approx(abs(away))
    assert body["distance"]["direction"] == ("above" if away > 0 else "below")
    days = [row["expiration"] for row in body["max_pain_by_expiration"]]
    assert days == [row["expiration"] for row in sample.ok(f"/v1/options/{symbol}")["expirations"]]
    for row in body["max_pain_by_expiration"][::5]:
        own = sample.ok(f"/v1/maxpain/{symbol}", expiration=row["expiration"])
        assert own["max_pain_strike"] == row["max_pain_strike"]
        assert own["max_pain_by_expiration"] is None
    levels = sample.ok(f"/v1/exposure/levels/{symbol}")["levels"]
    for name in ("gamma_flip", "gamma_flip_status", "call_wall", "put_wall"):
        assert body["dealer_alignment"][name] == levels[name]
    assert body["regime"] == sample.ok(f"/v1/exposure/summary/{symbol}")["regime"]


def test_options_and_quote(sample: Gateway) -> None:
    body = sample.ok("/v1/options/SPY")
    assert body["expiration_count"] == len(body["expirations"]) == len(by_day(sample, "SPY"))
    strikes = {s for row in body["expirations"] for s in row["strikes"]}
    assert {row["strike"] for row in sample.ok("/v1/exposure/gex/SPY")["strikes"]} <= strikes
    assert body["total_contracts"] >= sum(len(row["strikes"]) for row in body["expirations"])
    quote = sample.ok("/stockquote/SPY")
    assert quote["lastPrice"] == sample.ok("/v1/exposure/gex/SPY")["underlying_price"]
    assert quote["lastUpdate"] == "2026-09-16T19:45:00.000000Z"
    assert quote["bid"] is quote["ask"] is quote["mid"] is None


# -- dispersion, and what there is ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("horizon", [None, 7, 90])
def test_dispersion_is_what_grpc_answers(sample: Gateway, horizon: int | None) -> None:
    query = {"index": "spy", "symbols": "NVDA,AAPL,GHOST,MSFT", "weights": "3,2,1,0"}
    body = sample.ok("/v1/dispersion", **query, **({"horizon_days": str(horizon)} if horizon else {}))
    request = pb.GetDispersionRequest(
        index="SPY", symbols=["NVDA", "AAPL", "GHOST", "MSFT"], weights=[3, 2, 1, 0], horizon_days=horizon
    )
    told = asked(sample, "GetDispersion", request)
    assert (body["index"], body["horizon_days"]) == ("SPY", horizon or 30)
    # Weights that add up to 6 are 6 % of the index: a range and no number.
    assert body["implied_correlation"] is None and not told.HasField("implied_correlation")
    assert body["basketgex"]["correlation_status"] == told.correlation_status == "part_of_index"
    ends = (told.implied_correlation_low, told.implied_correlation_high)
    assert (
        body["basketgex"]["implied_correlation_low"],
        body["basketgex"]["implied_correlation_high"],
    ) == ends
    assert body["basketgex"]["index_covered"] == told.index_covered == pytest.approx(0.05)
    assert body["implied_vol_index"] == told.index_volatility
    assert body["implied_vol_basket"] == told.basket_volatility
    assert body["basketgex"]["independent_vol"] == told.independent_volatility
    assert body["basketgex"]["covered_weight"] == told.covered_weight
    assert body["missing_symbols"] == list(told.missing_symbols) == ["GHOST"]
    assert body["basketgex"]["opposed_symbols"] == list(told.opposed_symbols)
    assert body["top_contributors"] == [
        {"symbol": s, "weight": w, "iv": v, "contribution_to_basket_vol": c}
        for s, w, v, c in zip(told.symbols, told.weights, told.volatility, told.contribution, strict=True)
    ]
    assert body["constituent_count"] == 2
    assert body["realized_correlation"] is body["correlation_premium"] is None


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"symbols": "NVDA"}, 400, "invalid_symbol"),
        ({"index": "SPY"}, 400, "missing_symbols"),
        ({"index": "SPY", "symbols": "NVDA", "weights": "-1"}, 400, "invalid_weights"),
        ({"index": "SPY", "symbols": "NVDA", "horizon_days": "0"}, 400, "invalid_horizon"),
        ({"index": "SPY", "symbols": "NVDA", "horizon_days": "3651"}, 400, "invalid_horizon"),
        ({"index": "SPY", "symbols": "NVDA", "horizon_days": "1.5"}, 400, "invalid_parameter"),
        ({"index": "SPY", "symbols": ",".join(f"A{n}" for n in range(51))}, 400, "too_many_symbols"),
        ({"index": "GHOST", "symbols": "NVDA"}, 404, "no_data"),
        ({"index": "SPY", "symbols": "GHOST"}, 404, "no_data"),
    ],
)
def test_a_wrong_dispersion(sample: Gateway, query: dict[str, str], status: int, code: str) -> None:
    assert sample.refused("/v1/dispersion", **query)[:2] == (status, code)


def test_what_there_is(tmp_path: Path) -> None:
    with gateway(tmp_path) as opened:
        every = list(asked(opened, "ListSymbols", pb.ListSymbolsRequest()).symbols)
        assert opened.ok("/v1/symbols")["symbols"] == []
        assert opened.ok("/v1/symbols")["last_updated"] is None
        opened.ok("/v1/exposure/basket", symbols="NVDA,AMD,GHOST")
        assert opened.ok("/v1/symbols")["symbols"] == ["AMD", "NVDA"]
        assert datetime.fromisoformat(opened.ok("/v1/symbols")["last_updated"]).tzinfo == UTC
        tickers = opened.ok("/v1/tickers")
        assert (tickers["tickers"], tickers["count"]) == (every, len(every))
        assert tickers["basketgex"]["complete"] is True
        universe = opened.ok("/v1/universe")
        first, rest = universe["symbols"][:2], universe["symbols"][2:]
        assert [(s["symbol"], s["tier"], s["is_pre_warmed"]) for s in first] == [
            ("AMD", 1, True),
            ("NVDA", 1, True),
        ]
        assert [s["symbol"] for s in rest] == [s for s in every if s not in ("AMD", "NVDA")]
        assert {(s["tier"], s["is_pre_warmed"]) for s in rest} == {(2, False)}
        part = opened.ok("/v1/universe", limit="3", sort="symbol")
        assert [s["symbol"] for s in part["symbols"]] == every[:3]
        assert (part["count"], part["returned"], part["limit"], part["sort"]) == (len(every), 3, 3, "symbol")
        assert opened.ok("/v1/universe", limit="0", sort="nonsense")["sort"] == "tier"
        assert opened.refused("/v1/universe", limit="few")[:2] == (400, "invalid_parameter")


# -- sources without chains, and files that change -----------------------------------------------------------------------


def test_a_source_without_chains_does_not_offer_them(live: Live) -> None:
    for path in VIEWS:
        assert live.refused(f"/v1/{path}/NVDA") == (
            501,
            "not_offered",
            "This source has no option chains: ask for summary, levels or basket instead.",
        )
    assert live.refused("/v1/exposure/gex/NVDA", expiration="2026-12-18")[:2] == (501, "not_offered")
    assert live.refused("/v1/dispersion", index="SPY", symbols="NVDA")[:2] == (501, "not_offered")
    assert live.source.calls == []  # and nothing was spent to find that out
    assert live.ok("/stockquote/NVDA")["lastPrice"] > 0
    assert live.ok("/v1/tickers")["basketgex"]["complete"] is False
    assert live.ok("/v1/tickers")["tickers"] == ["NVDA"]


def test_cboe_is_asked_once_for_all_views_of_a_name(tmp_path: Path) -> None:
    with CboeStandIn({"NVDA": reply("NVDA")}) as cboe:
        settings = Settings(source="cboe", cboe_base_url=cboe.url, http_listen="127.0.0.1:0")
        clock = Clock(datetime(2026, 11, 20, 21, 16, tzinfo=UTC).timestamp())
        with serving(tmp_path, settings, now=clock) as served:
            opened = Gateway(served)
            with opened.client:
                bodies = [opened.ok(f"/v1/{path}/NVDA") for path in VIEWS]
                gex = opened.ok("/v1/exposure/gex/NVDA")
                assert (
                    opened.ok("/v1/exposure/gex/NVDA", expiration="2026-12-18")["net_gex"] == gex["net_gex"]
                )
                assert cboe.calls == ["NVDA"]
                assert {body["basketgex"]["source"] for body in bodies} == {"cboe"}
                assert [row["expiration"] for row in bodies[1]["by_expiry"]] == ["2026-12-18"]

                # The figure is old enough to be refreshed behind the answer: the view is of the chain that it was made from.
                cboe.files["NVDA"] = reply("NVDA", price=104.0)
                clock.at += 100_000
                for path in VIEWS[:4]:
                    body = opened.ok(f"/v1/{path}/NVDA")
                    spot = body["underlying_price"]
                    assert spot in (100.0, 104.0)
                    if "distance" in body:
                        assert body["distance"]["absolute"] == pytest.approx(
                            abs(spot - body["max_pain_strike"])
                        )


@pytest.mark.parametrize("path", VIEWS)
def test_no_data_or_wrong_symbol(sample: Gateway, path: str) -> None:
    assert sample.refused(f"/v1/{path}/GHOST") == (
        404,
        "symbol_not_found",
        "The source has no data for GHOST: check the spelling.",
    )
    assert sample.refused(f"/v1/{path}/a b c")[:2] == (400, "invalid_symbol")


def test_a_file_that_changes_changes_its_views(tmp_path: Path) -> None:
    folder = tmp_path / "chains_2026-07-10"
    folder.mkdir()
    (folder / "underlyings.json").write_text('{"AA": {"underlying_price": 100.0}}')

    def put(open_interest: int) -> None:
        rows = [
            f"AA26{month:02d}21{side}{strike:05d}000,2026-{month:02d}-21,{word},{strike},1,1.2,1,5,{open_interest},0.3"
            for month in (8, 9)
            for strike in (95, 100, 105)
            for side, word in (("C", "call"), ("P", "put"))
        ]
        draft = folder / ".draft"
        draft.write_text(
            "\n".join(["option,expiration,side,strike,bid,ask,last,volume,open_interest,iv", *rows, ""])
        )
        draft.replace(folder / "AA.csv")

    put(10)
    settings = Settings(source="chain-files", chain_folder=str(folder), http_listen="127.0.0.1:0")
    with serving(tmp_path / "home", settings) as served:
        opened = Gateway(served)
        with opened.client:
            first = opened.ok("/v1/exposure/term-structure/AA")
            assert [row["expiration"] for row in first["by_expiry"]] == ["2026-08-21", "2026-09-21"]
            pain = opened.ok("/v1/maxpain/AA")
            assert pain["max_pain_strike"] == 100.0
            assert pain["expected_move"]["straddle_price"] == pytest.approx(2.2)
            assert pain["expected_move"]["atm_iv"] == pytest.approx(30.0)
            put(20)
            while (again := opened.ok("/v1/exposure/term-structure/AA")) == first:
                pass  # the folder is looked at once a second
            for before, after in zip(first["by_expiry"], again["by_expiry"], strict=True):
                assert after["net_dex"] == pytest.approx(2 * before["net_dex"], abs=2)
