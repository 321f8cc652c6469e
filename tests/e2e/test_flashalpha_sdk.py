"""FlashAlpha's own SDKs, as published, pointed at the gateway: they cannot tell it from the service."""

from __future__ import annotations

import inspect
import json
import math
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_type_hints

import flashalpha
import flashalpha.types
import msgspec
import pytest

from basketgex_server.settings import Settings
from basketgex_server.sources.flashalpha.keys import Secret
from basketgex_server.sources.flashalpha.source import FlashAlpha
from tests.e2e.serving import COMMAND, Server
from tests.server.servers import serving
from tests.standin.upstream import KEY, Figures, Upstream, status

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
NAMES = ["NVDA", "AMD", "AVGO", "MU", "SMCI", "TSM"]
WEIGHTS = [30.0, 20.0, 0.5, 7.25, 12.0, 3.0]
OFFERED = {
    *("account", "health", "exposure_basket", "exposure_levels", "exposure_summary"),
    *("gex", "dex", "vex", "chex", "exposure_sheet", "exposure_term_structure", "zero_dte", "max_pain"),
    *("dispersion", "options", "symbols", "tickers", "universe", "stock_quote"),
}
QUICK = Settings(http_listen="127.0.0.1:0", window_quiet=0.0, window_longest=0.0)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED.is_dir():
        pytest.skip("no real market data: ../shared/data is absent")
    return SHARED


@contextmanager
def sdk(url: str, key: str) -> Iterator[flashalpha.FlashAlpha]:
    client = flashalpha.FlashAlpha(key, base_url=url)
    client._session.trust_env = False
    with client._session:
        yield client


@contextmanager
def over(upstream: Upstream, home: Path) -> Iterator[tuple[str, str]]:
    """A gateway over the stand-in: its address and key."""

    def source(settings: Settings, executor: Executor) -> FlashAlpha:
        return FlashAlpha(upstream.url, key=lambda: Secret(KEY), executor=executor)

    with serving(home, QUICK, source) as served:
        yield f"http://{served.serving.http}", served.home.token()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A gateway over the sample: its address and key."""
    with serving(tmp_path_factory.mktemp("home"), QUICK) as served:
        yield f"http://{served.serving.http}", served.home.token()


@pytest.fixture(scope="module")
def client(sample: tuple[str, str]) -> Iterator[flashalpha.FlashAlpha]:
    with sdk(*sample) as made:
        yield made


def shape(value: Any) -> Any:
    """The names of a reply, all the way down; of a list its first row's."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else None


def lacks(found: Any, expected: Any) -> list[str]:
    """The names of ``expected`` that ``found`` does not have."""
    if isinstance(expected, list):
        return lacks(found[0], expected[0])
    if not isinstance(expected, dict):
        return []
    inner = [f"{n}.{gap}" for n in expected.keys() & found.keys() for gap in lacks(found[n], expected[n])]
    return sorted(expected.keys() - found.keys()) + inner


# -- Python --------------------------------------------------------------------------------------------------------------


def test_a_basket_is_the_services_own(tmp_path: Path) -> None:
    with Upstream() as upstream, over(upstream, tmp_path) as gateway:
        upstream.nothing = {"SMCI"}
        with sdk(*gateway) as here, sdk(upstream.url, KEY) as there:
            ours, theirs = (c.exposure_basket(NAMES, weights=WEIGHTS) for c in (here, there))
    assert lacks(shape(ours), shape(theirs)) == []
    assert ours["missing_symbols"] == theirs["missing_symbols"] == ["SMCI"]
    assert ours["constituent_count"] == theirs["constituent_count"] == 5
    for name, value in theirs["aggregate"].items():
        # to a dollar; VEX went to vol points and back, as a double
        assert type(ours["aggregate"][name]) is int
        assert math.isclose(ours["aggregate"][name], value, rel_tol=1e-12, abs_tol=0.51), name
    for mine, other in zip(ours["constituents"], theirs["constituents"], strict=True):
        assert (mine["symbol"], mine["regime"]) == (other["symbol"], other["regime"])
        assert mine["weight"] == pytest.approx(other["weight"])
        assert mine["contribution_pct"] == pytest.approx(other["contribution_pct"], abs=0.00501)
        for name in ("net_gex", "net_dex", "net_vex", "net_chex", "underlying_price"):
            assert math.isclose(mine[name], other[name], rel_tol=1e-12, abs_tol=0.51), name


def test_levels_and_account_are_the_services_own(tmp_path: Path) -> None:
    with (
        Upstream() as upstream,
        over(upstream, tmp_path) as gateway,
        sdk(*gateway) as here,
        sdk(upstream.url, KEY) as there,
    ):
        ours, theirs = here.exposure_levels("NVDA"), there.exposure_levels("NVDA")
        assert ours["levels"] == theirs["levels"]
        assert ours["underlying_price"] == theirs["underlying_price"]
        assert lacks(shape(ours), shape(theirs)) == []
        here.exposure_basket("AMD")
        mine, other = here.account(), there.account()
    assert lacks(shape(mine), shape(other)) == []
    for name in ("daily_limit", "usage_today", "remaining", "resets_at"):
        assert mine[name] == other[name], name


def test_the_recorded_summary_comes_out_as_it_went_in(tmp_path: Path, shared_data: Path) -> None:
    recorded = json.loads((shared_data / "flashalpha/summary_SPY_2020-03-16_abridged.json").read_text())
    with Upstream() as upstream, over(upstream, tmp_path) as gateway, sdk(*gateway) as here:
        upstream.published = {"SPY": Figures(recorded["underlying_price"], **recorded["exposures"])}
        found = here.exposure_summary("SPY")
        assert here.exposure_basket("SPY")["aggregate"] == recorded["exposures"]
    assert found["exposures"] == recorded["exposures"]
    assert found["basketgex"]["chex"] == "as published"
    assert lacks(shape(found), shape(recorded)) == []


@pytest.mark.parametrize(
    ("method", "recorded"),
    [
        ("gex", "gex_SPY_2026-05-27.json"),
        ("exposure_levels", "levels_SPY_2026-05-27.json"),
        ("exposure_summary", "summary_SPY_2020-03-16_abridged.json"),
    ],
)
def test_replies_have_what_the_recorded_have(
    client: flashalpha.FlashAlpha, shared_data: Path, method: str, recorded: str
) -> None:
    found = getattr(client, method)("SPY")
    expected = json.loads((shared_data / "flashalpha" / recorded).read_text())
    assert lacks(shape(found), shape(expected)) == []
    assert {"endpoint_version", "data_as_of"} <= found.keys()


def test_every_reply_has_the_envelope(client: flashalpha.FlashAlpha, shared_data: Path) -> None:
    envelope = json.loads((shared_data / "flashalpha/data_as_of_example.json").read_text())
    calls: list[Callable[[], Any]] = [
        lambda: client.exposure_basket(NAMES),
        lambda: client.gex("SPY", min_oi=10),
        lambda: client.dex("SPY"),
        lambda: client.vex("SPY"),
        lambda: client.chex("SPY"),
        lambda: client.exposure_levels("SPY"),
        lambda: client.exposure_summary("SPY"),
        lambda: client.account(),
    ]
    for call in calls:
        assert lacks(call(), envelope) == []
    assert client.health() == {"status": "Healthy"}


DAY = "2026-09-18"
TYPED: dict[str, tuple[str, Callable[[flashalpha.FlashAlpha], Any]]] = {
    "basket": ("ExposureBasketResponse", lambda c: c.exposure_basket(NAMES, weights=WEIGHTS)),
    "summary": ("ExposureSummaryResponse", lambda c: c.exposure_summary("SPY")),
    "a withheld summary": ("ExposureSummaryResponse", lambda c: c.exposure_summary("AAPL")),
    "levels": ("ExposureLevelsResponse", lambda c: c.exposure_levels("SPY")),
    "gex": ("GexResponse", lambda c: c.gex("SPY")),
    "gex of a day": ("GexResponse", lambda c: c.gex("SPY", expiration=DAY, min_oi=100)),
    "dex of a day": ("DexResponse", lambda c: c.dex("SPY", expiration=DAY)),
    "vex of a day": ("VexResponse", lambda c: c.vex("SPY", expiration=DAY)),
    "chex of a day": ("ChexResponse", lambda c: c.chex("SPY", expiration=DAY)),
    "zero dte": ("ZeroDteResponse", lambda c: c.zero_dte("SPY")),
    "another day": ("ZeroDteResponse", lambda c: c.zero_dte("SPY", expiry=DAY, strike_range=0.02)),
    "no zero dte": ("ZeroDteResponse", lambda c: c.zero_dte("AAPL")),
    "sheet": ("ExposureSheetResponse", lambda c: c.exposure_sheet("SPY")),
    "sheet of a day": ("ExposureSheetResponse", lambda c: c.exposure_sheet("SPY", expiration=DAY, min_oi=5)),
    "term structure": ("ExposureTermStructureResponse", lambda c: c.exposure_term_structure("SPY")),
    "max pain": ("MaxPainResponse", lambda c: c.max_pain("SPY")),
    "max pain of a day": ("MaxPainResponse", lambda c: c.max_pain("SPY", expiration=DAY)),
    "dispersion": (
        "DispersionResponse",
        lambda c: c.dispersion(index="SPY", symbols=NAMES, weights=WEIGHTS, horizon_days=30),
    ),
    "options": ("OptionsMetaResponse", lambda c: c.options("SPY")),
    "symbols": ("SymbolsResponse", lambda c: c.symbols()),
    "tickers": ("TickersResponse", lambda c: c.tickers()),
    "universe": ("UniverseResponse", lambda c: c.universe(sort="tier", limit=10)),
    "stock quote": ("StockQuoteResponse", lambda c: c.stock_quote("SPY")),
    "account": ("AccountResponse", lambda c: c.account()),
}


@pytest.mark.parametrize("name", TYPED)
def test_every_reply_is_of_the_sdks_own_type(client: flashalpha.FlashAlpha, name: str) -> None:
    """As strictly as the SDKs that decode into types: no null where they have none, no fraction where they have a count."""
    kind, call = TYPED[name]
    typed = getattr(flashalpha.types, kind)
    found = call(client)
    msgspec.convert(found, typed)
    assert set(get_type_hints(typed)) >= found.keys() - {"basketgex"}


def test_every_error_is_the_services_own(tmp_path: Path) -> None:
    def raised(client: flashalpha.FlashAlpha, symbols: Any, **more: Any) -> flashalpha.FlashAlphaError:
        with pytest.raises(flashalpha.FlashAlphaError) as caught:
            client.exposure_basket(symbols, **more)
        return caught.value

    def same(kind: type[flashalpha.FlashAlphaError], symbols: Any, **more: Any) -> tuple[Any, Any]:
        ours, theirs = raised(here, symbols, **more), raised(there, symbols, **more)
        assert type(ours) is type(theirs) is kind
        assert ours.status_code == theirs.status_code
        assert isinstance(ours.response, dict)
        assert isinstance(theirs.response, dict)
        assert ours.response.get("error") == theirs.response.get("error")
        return ours, theirs

    with Upstream() as upstream, over(upstream, tmp_path) as gateway:
        with sdk(*gateway) as here, sdk(upstream.url, KEY) as there:
            upstream.nothing = {"ZZZZ"}
            same(flashalpha.NotFoundError, "ZZZZ")
            same(flashalpha.FlashAlphaError, "")
            same(flashalpha.FlashAlphaError, [f"A{n}" for n in range(51)], weights=[-1.0])
            same(flashalpha.FlashAlphaError, ["A", "A"], weights=[-1.0])
            same(flashalpha.FlashAlphaError, ["A", "B"], weights=[-1.0, 2.0])
            upstream.plan = "Basic"
            for error in same(flashalpha.TierRestrictedError, "AMD"):
                assert (error.current_plan, error.required_plan) == ("Basic", "Growth")
            upstream.plan = "Growth"
            upstream.spend(2_500)
            ours, theirs = same(flashalpha.RateLimitError, "TSM")
            assert abs(ours.retry_after - theirs.retry_after) <= 5
            for name in ("error", "current_plan", "limit", "upgrade_to", "reset_at"):
                assert ours.response[name] == theirs.response[name], name
        with sdk(gateway[0], "wrong") as here, sdk(upstream.url, "wrong") as there:
            ours, theirs = same(flashalpha.AuthenticationError, "NVDA")
            assert ours.response == theirs.response
            assert str(ours) == str(theirs)


def test_a_source_out_of_order_is_the_services_own(tmp_path: Path) -> None:
    broken = {"error": "internal", "message": "Out of order."}
    with (
        Upstream() as upstream,
        over(upstream, tmp_path) as gateway,
        sdk(*gateway) as here,
        sdk(upstream.url, KEY) as there,
    ):
        upstream.script(status(502, broken), status(502, broken))
        for client in (here, there):
            with pytest.raises(flashalpha.ServerError):
                client.exposure_basket("MU")


def test_what_is_not_offered_is_a_server_error(client: flashalpha.FlashAlpha) -> None:
    with pytest.raises(flashalpha.ServerError) as caught:
        client.narrative("SPY")
    assert caught.value.status_code == 501
    assert str(caught.value).startswith("FlashAlpha has this, and this server does not")
    with pytest.raises(flashalpha.NotFoundError, match="nothing at this address"):
        client._get("/v1/exposure/nothing/SPY")


ARGUMENTS: dict[str, Any] = {
    "symbol": "SPY",
    "ticker": "SPY",
    "symbols": ["NVDA", "AMD"],
    "index": "SPY",
    "date": "2026-09-16",
    "legs": [{"action": "buy", "type": "call", "strike": 100.0, "quantity": 1}],
}
METHODS = [
    name
    for name, method in inspect.getmembers(flashalpha.FlashAlpha, inspect.isfunction)
    if not name.startswith("_")
]


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_answered_or_not_offered(client: flashalpha.FlashAlpha, name: str) -> None:
    """A 404 is how the SDK says that a symbol has no data: what this server does not have says so otherwise."""
    method = getattr(client, name)
    needed = {
        parameter.name: ARGUMENTS.get(parameter.name, 1.0)
        for parameter in inspect.signature(method).parameters.values()
        if parameter.default is parameter.empty
    }
    try:
        found = method(**needed)
    except flashalpha.ServerError as error:
        assert (error.status_code, error.response["error"]) == (501, "not_offered")
        assert name not in OFFERED
    else:
        assert isinstance(found, dict)
        assert name in OFFERED


def test_the_command_opens_the_gateway_and_a_signal_closes_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Server(home, command=(*COMMAND, "--http-listen", "localhost:0"), source="sample") as server:
        address, key = server.ready["http"], server.home.token()
        with sdk(f"http://{address}", key) as found:
            assert found.exposure_basket(["NVDA", "AMD"])["constituent_count"] == 2
            found._session.headers["X-Api-Key"] = ""
            assert found._get("/v1/account", {"apiKey": key})["plan"] == "local"
        server.process.terminate()
        assert server.process.wait(30) == 0
    assert address.startswith("127.0.0.1:")
    assert key not in server.home.log_file.read_text("utf-8")


# -- Node ----------------------------------------------------------------------------------------------------------------

NODE, NPM = shutil.which("node"), shutil.which("npm")
SCRIPT = """
const { FlashAlpha } = require('flashalpha');
const [url, key] = process.argv.slice(2);
const client = new FlashAlpha(key, { baseUrl: url });
const stranger = new FlashAlpha('wrong', { baseUrl: url });
const failed = (call) => call().then(() => 'nothing', (e) => [e.name, e.statusCode, e.message]);
(async () => console.log(JSON.stringify({
  basket: await client._get('/v1/exposure/basket', { symbols: 'NVDA,AMD', weights: '1,3' }),
  gex: await client.gex('SPY'),
  levels: await client.exposureLevels('SPY'),
  summary: await client.exposureSummary('SPY'),
  account: await client.account(),
  health: await client.health(),
  day: await client.gex('SPY', { expiration: '2026-09-18' }),
  zeroDte: await client.zeroDte('SPY', { strikeRange: 0.02 }),
  maxPain: await client.maxPain('SPY'),
  options: await client.options('SPY'),
  tickers: await client.tickers(),
  symbols: await client.symbols(),
  quote: await client.stockQuote('SPY'),
  dispersion: await client._get('/v1/dispersion', { index: 'SPY', symbols: 'NVDA,AMD' }),
  sheet: await client._get('/v1/exposure/sheet/SPY'),
  term: await client._get('/v1/exposure/term-structure/SPY'),
  universe: await client._get('/v1/universe', { limit: 5 }),
  stranger: await failed(() => stranger.account()),
  unknown: await failed(() => client.exposureSummary('ZZZZ')),
  wrong: await failed(() => client._get('/v1/exposure/basket', { symbols: '' })),
  absent: await failed(() => client.narrative('SPY')),
})))();
"""


@pytest.fixture(scope="module")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if NODE is None or NPM is None:
        pytest.skip("only on machines with Node")
    folder = tmp_path_factory.mktemp("node")
    command = [NPM, "install", "flashalpha@0.3.2", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("only on machines with Node that can install flashalpha@0.3.2 from npm")
    (folder / "ask.js").write_text(SCRIPT)
    return folder


def test_the_npm_package(node_folder: Path, sample: tuple[str, str], client: flashalpha.FlashAlpha) -> None:
    assert NODE is not None
    done = subprocess.run(
        [NODE, "ask.js", *sample], cwd=node_folder, capture_output=True, timeout=60, text=True
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["basket"] == client.exposure_basket("NVDA,AMD", weights="1,3")
    assert found["gex"] == client.gex("SPY")
    assert found["levels"] == client.exposure_levels("SPY")
    assert found["summary"] == client.exposure_summary("SPY")
    assert found["account"].keys() == client.account().keys()
    assert found["health"] == {"status": "Healthy"}
    assert found["day"] == client.gex("SPY", expiration="2026-09-18")
    assert found["zeroDte"] == client.zero_dte("SPY", strike_range=0.02)
    assert found["maxPain"] == client.max_pain("SPY")
    assert found["options"] == client.options("SPY")
    assert found["tickers"] == client.tickers()
    assert found["symbols"]["symbols"] == client.symbols()["symbols"]
    assert found["quote"] == client.stock_quote("SPY")
    assert found["dispersion"] == client.dispersion(index="SPY", symbols=["NVDA", "AMD"])
    assert found["sheet"] == client.exposure_sheet("SPY")
    assert found["term"] == client.exposure_term_structure("SPY")
    assert found["universe"]["symbols"] == client.universe(limit=5)["symbols"]
    assert found["stranger"] == ["AuthenticationError", 401, "Invalid API key."]
    assert found["unknown"][:2] == ["NotFoundError", 404]
    assert found["wrong"][:2] == ["FlashAlphaError", 400]
    assert found["absent"][:2] == ["ServerError", 501]
