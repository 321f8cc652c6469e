"""The FlashAlpha source over real sockets, against the stand-in. The key is looked for in all that anybody could read."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from email.utils import formatdate
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.domain import Fetched, Measures, Origin, QuotaReading, SymbolExposure
from basketgex_server.errors import BadSettings, BasketgexError, NotEntitled, QuotaSpent, SourceUnavailable
from basketgex_server.exposure.basket import aggregate
from basketgex_server.exposure.levels import Levels
from basketgex_server.sources.flashalpha import replies
from basketgex_server.sources.flashalpha import source as flashalpha
from basketgex_server.sources.flashalpha.errors import (
    PlanTooLow,
    RequestRejected,
    SourceKeyMissing,
    SourceKeyRefused,
    SourceQuotaSpent,
    SourceRateLimited,
    SourceRefused,
    SourceUnreached,
    SymbolNotCovered,
)
from basketgex_server.sources.flashalpha.keys import Secret
from basketgex_server.sources.flashalpha.replies import unverified
from basketgex_server.sources.flashalpha.source import FlashAlpha
from basketgex_server.sources.port import ExposureSource
from basketgex_server.tickers import basket
from basketgex_server.times import parse_iso
from tests.server.servers import NOON, Clock, run, until
from tests.standin.upstream import (
    KEY,
    Fault,
    Figures,
    Gate,
    Reply,
    Upstream,
    cut_off,
    edited,
    figures,
    garbled,
    gated,
    html,
    rate_limited,
    reset,
    slow,
    status,
    truncated,
)

MIDNIGHT = 1_795_046_400.0
UNREADABLE = "FlashAlpha's reply cannot be read. Recalculate to ask again."
BROKEN_OFF = "The connection to FlashAlpha broke off. Recalculate to ask again."
NOT_REACHED = "FlashAlpha cannot be reached: check the network, then recalculate."
KEY_REFUSED = (
    "FlashAlpha refused the key that the server has: store the right one with basketgex key set, "
    "or correct BASKETGEX_FLASHALPHA_API_KEY where the server was started with it."
)


@pytest.fixture(autouse=True)
def no_key_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    written = "\n".join(f"{r.getMessage()} {r.args} {r.exc_text}" for r in caplog.get_records("call"))
    assert KEY not in written
    assert "127.0.0.1" not in written


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(now=Clock()) as service:
        yield service


@pytest.fixture
def pauses() -> list[float]:
    return []


@asynccontextmanager
async def source_of(upstream: Upstream, **chosen: Any) -> AsyncIterator[FlashAlpha]:
    async def pause(seconds: float) -> None:
        pass

    options: dict[str, Any] = {"key": lambda: Secret(KEY), "now": upstream.now, "pause": pause}
    source = FlashAlpha(upstream.url, **(options | chosen))
    try:
        yield source
        assert KEY not in repr(source) and KEY not in repr(vars(source))
    finally:
        await source.close()


def ask(upstream: Upstream, *symbols: str, **chosen: Any) -> Fetched:
    async def story() -> Fetched:
        async with source_of(upstream, **chosen) as source:
            return await source.fetch(symbols)

    return run(story())


def refused(upstream: Upstream, *symbols: str, **chosen: Any) -> BasketgexError:
    """The error that a fetch ends in: nothing of the key in it, of the address or of a library's exception."""
    with pytest.raises(BasketgexError) as caught:
        ask(upstream, *(symbols or ("NVDA",)), **chosen)
    error = caught.value
    for shown in (str(error), repr(error), repr(vars(error)), error.sentence):
        assert KEY not in shown and "http" not in shown and "127.0.0.1" not in shown
    assert error.__cause__ is None and error.__context__ is None
    return error


def expected(symbol: str, as_of: float = NOON) -> SymbolExposure:
    price, gex, dex, vex, chex = figures(symbol)
    settled = MIDNIGHT - 86_400 - 4 * 3_600
    return SymbolExposure(symbol, price, Measures(gex, dex, vex * 0.01, chex), as_of, settled)


def unpublished(symbols: tuple[str, ...] = ("NVDA", "AMD")) -> dict[str, SymbolExposure]:
    return {s: expected(s) for s in symbols}


# -- what it brings ----------------------------------------------------------------------------------------------------


def test_one_call_brings_every_symbol_to_the_last_digit(upstream: Upstream) -> None:
    names = (*(f"N{i}" for i in range(49)), "BRK.B")
    assert ask(upstream, *names) == Fetched(unpublished(names))
    (call,) = upstream.calls
    assert call.symbols == names and call.charged
    assert call.headers["x-api-key"] == KEY
    assert dict(call.query) == {"symbols": ",".join(names)}
    assert "gzip" in call.headers["accept-encoding"]


def test_a_future_is_asked_for_like_any_name(upstream: Upstream) -> None:
    found = ask(upstream, "ES=F", "SPY", "NQ=F")
    (call,) = upstream.calls
    assert call.symbols == ("ES=F", "SPY", "NQ=F") and dict(call.query) == {"symbols": "ES=F,SPY,NQ=F"}
    assert set(found.exposures) == {"ES=F", "SPY", "NQ=F"}


def test_it_is_an_exposure_source(upstream: Upstream) -> None:
    source: ExposureSource = FlashAlpha("https://LAB.flashalpha.com/")
    assert (source.symbols_per_call, source.metered, source.has_strikes, source.delay) == (
        50,
        True,
        False,
        0.0,
    )
    assert source.origin() == Origin(
        "flashalpha", "FlashAlpha", location="https://lab.flashalpha.com", chex="as published"
    )
    assert FlashAlpha.chex == flashalpha.CHEX == "as published"
    assert repr(source) == "<FlashAlpha lab.flashalpha.com, None>"
    run(source.close())


def test_the_recorded_summary_of_spy_in_the_projects_units(upstream: Upstream, shared_data: Path) -> None:
    recorded = json.loads((shared_data / "flashalpha/summary_SPY_2020-03-16_abridged.json").read_text())
    upstream.published["SPY"] = Figures(recorded["underlying_price"], **recorded["exposures"])
    upstream.script(edited(lambda reply: reply.update(as_of=recorded["as_of"])))
    spy = ask(upstream, "SPY").exposures["SPY"]
    assert spy.net == Measures(-2_633_970_601.0, -169_419_489_077.0, 1_524_617_568.44, -13_122_349.0)
    assert round(spy.net.vex * 100) == 152_461_756_844
    assert spy.as_of == 1_584_372_600.0


def test_the_recorded_envelope_gives_the_clock_of_the_open_interest(
    upstream: Upstream, shared_data: Path
) -> None:
    recorded = json.loads((shared_data / "flashalpha/data_as_of_example.json").read_text())
    upstream.script(edited(lambda reply: reply.update(recorded, as_of="2026-08-25T18:48:58.2041234Z")))
    found = ask(upstream, "NVDA").exposures["NVDA"]
    assert (found.as_of, found.oi_as_of) == (1_787_683_738.2041234, 1_787_601_600.0)


@pytest.mark.parametrize("clocks", [None, [], {}, {"oi_feed": None}, {"oi_feed": 5}, {"oi_feed": "soon"}])
def test_without_that_clock_it_is_unknown(upstream: Upstream, clocks: Any) -> None:
    upstream.script(edited(lambda reply: reply.update(data_as_of=clocks)))
    assert ask(upstream, "NVDA").exposures["NVDA"].oi_as_of == 0.0


def test_calls_share_a_connection(upstream: Upstream) -> None:
    async def story() -> None:
        async with source_of(upstream) as source:
            for _ in range(5):
                await source.fetch(("NVDA",))

    run(story())
    assert (len(upstream.calls), upstream.connections) == (5, 1)


def test_no_symbols_no_call(upstream: Upstream) -> None:
    assert ask(upstream) == Fetched({})
    assert not upstream.calls


def test_symbols_without_data_are_missing(upstream: Upstream) -> None:
    upstream.nothing = {"ZZTEST"}
    assert ask(upstream, "NVDA", "ZZTEST", "AMD") == Fetched(unpublished(), frozenset({"ZZTEST"}))


def test_where_none_has_data_all_are_missing(upstream: Upstream) -> None:
    upstream.nothing = {"ZZA", "ZZB"}
    assert ask(upstream, "ZZA", "ZZB") == Fetched({}, frozenset({"ZZA", "ZZB"}))
    assert upstream.debits == 1


def test_a_symbol_that_warms_up_comes_with_the_next_call(upstream: Upstream) -> None:
    upstream.cold = {"AMD"}
    assert ask(upstream, "NVDA", "AMD").missing == {"AMD"}
    assert ask(upstream, "NVDA", "AMD") == Fetched(unpublished())


def test_a_large_reply_is_read_on_the_executor(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[str] = set()
    whole = flashalpha.fetched

    def spied(*arguments: Any) -> Fetched:
        threads.add(threading.current_thread().name)
        return whole(*arguments)

    monkeypatch.setattr(flashalpha, "fetched", spied)
    upstream.script(edited(lambda reply: reply.update(extra="x" * 300_000)))
    with ThreadPoolExecutor(1, thread_name_prefix="compute") as executor:
        assert ask(upstream, "NVDA", "AMD", executor=executor) == Fetched(unpublished())
    assert threads == {"compute_0"}


def test_index_and_etf_rows_are_of_unverified_entitlement() -> None:
    assert unverified(["NVDA", "SPX", "XLK", "BRK.B", "QQQ"]) == ("SPX", "XLK", "QQQ")


# -- odd rows ----------------------------------------------------------------------------------------------------------


def row(number: int, **changes: Any) -> Fault:
    return edited(lambda reply: reply["constituents"][number].update(changes))


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("underlying_price", "underlying price"),
        ("net_gex", "net GEX"),
        ("net_dex", "net DEX"),
        ("net_vex", "net VEX"),
        ("net_chex", "net CHEX"),
    ],
)
@pytest.mark.parametrize(
    "value",
    [None, "1", True, [], {}, float("nan"), float("inf"), -float("inf"), 10**400, "gone"],
    ids=["null", "text", "bool", "list", "object", "nan", "inf", "-inf", "huge", "gone"],
)
def test_a_row_that_lacks_something_fails_alone(
    upstream: Upstream, field: str, words: str, value: Any
) -> None:
    def edit(reply: dict[str, Any]) -> None:
        reply["constituents"][0][field] = value
        if value == "gone":
            del reply["constituents"][0][field]

    upstream.script(edited(edit))
    found = ask(upstream, "NVDA", "AMD")
    assert found.failed == {"NVDA": f"FlashAlpha's row of NVDA has no usable {words}."}
    assert found.exposures == unpublished(("AMD",)) and not found.missing


@pytest.mark.parametrize("price", [0, -1.5])
def test_a_price_is_positive(upstream: Upstream, price: float) -> None:
    upstream.script(row(0, underlying_price=price))
    assert ask(upstream, "NVDA").failed == {
        "NVDA": "FlashAlpha's row of NVDA has no usable underlying price."
    }


def test_a_number_too_large_for_a_double_fails_its_row(upstream: Upstream) -> None:
    body = b'{"as_of":"2026-11-18T16:30:00Z","constituents":[%s,%s]}'
    good = b'{"symbol":"AMD","underlying_price":1,"net_gex":2.5,"net_dex":3,"net_vex":4,"net_chex":-5e0}'
    bad = good.replace(b"AMD", b"NVDA").replace(b"2.5", b"1e999")
    upstream.script(garbled(body % (good, bad)))
    found = ask(upstream, "NVDA", "AMD")
    assert found.exposures["AMD"].net == Measures(2.5, 3.0, 0.04, -5.0)
    assert found.failed == {"NVDA": "FlashAlpha's row of NVDA has no usable net GEX."}


def test_unknown_fields_and_absent_shares_are_tolerated(upstream: Upstream) -> None:
    def edit(reply: dict[str, Any]) -> None:
        reply["new"] = {"deep": [None]}
        reply["constituents"][0] |= {"iv": None, "regime": 7, "weight": "?"}
        del reply["constituents"][1]["contribution_pct"], reply["aggregate"], reply["missing_symbols"]

    upstream.script(edited(edit))
    assert ask(upstream, "NVDA", "AMD") == Fetched(unpublished())


def test_of_duplicate_rows_the_first_counts(upstream: Upstream) -> None:
    def edit(reply: dict[str, Any]) -> None:
        nvda, amd = reply["constituents"]
        reply["constituents"] += [nvda | {"net_gex": 1}, amd | {"net_gex": None}]

    upstream.script(edited(edit))
    assert ask(upstream, "NVDA", "AMD") == Fetched(unpublished())


def test_strangers_are_ignored_and_the_unmentioned_are_missing(upstream: Upstream) -> None:
    def edit(reply: dict[str, Any]) -> None:
        reply["constituents"][1]["symbol"] = "TSLA"
        reply["missing_symbols"] = ["MSFT", None, 3]

    upstream.script(edited(edit))
    assert ask(upstream, "NVDA", "AMD") == Fetched(unpublished(("NVDA",)), frozenset({"AMD"}))


def test_another_spelling_is_the_same_symbol(upstream: Upstream) -> None:
    upstream.script(row(0, symbol=" brk-b "))
    assert ask(upstream, "BRK.B") == Fetched(unpublished(("BRK.B",)))


@pytest.mark.parametrize("nameless", [None, 7, "AMD", [], {"symbol": None}, {"symbol": ""}, {"net_gex": 1}])
def test_a_row_without_a_name_makes_no_symbol_missing(upstream: Upstream, nameless: Any) -> None:
    def edit(reply: dict[str, Any]) -> None:
        reply["constituents"][1] = nameless

    upstream.nothing = {"ZZ"}
    upstream.script(edited(edit))
    found = ask(upstream, "NVDA", "AMD", "ZZ")
    assert found.exposures == unpublished(("NVDA",)) and found.missing == {"ZZ"}
    assert found.failed == {"AMD": "FlashAlpha's reply has a row without a name, and none for AMD."}


@pytest.mark.parametrize("as_of", [None, "", "yesterday", 0, "0001-01-01T00:00:00Z", "2026-02-30T00:00:00Z"])
def test_figures_of_no_moment_fail(upstream: Upstream, as_of: Any) -> None:
    upstream.script(edited(lambda reply: reply.update(as_of=as_of)))
    found = ask(upstream, "NVDA")
    assert found.failed == {"NVDA": "FlashAlpha's figures of NVDA do not say of when they are."}


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-05-27T17:58:14.9303577Z", 1_779_904_694.9303577),
        ("2026-05-27T17:58:14Z", 1_779_904_694.0),
        ("2026-05-27T17:58:14.5", 1_779_904_694.5),
        ("2026-05-27t13:58:14.25-04:00", 1_779_904_694.25),
        ("2026-05-27 17:58:14z", 1_779_904_694.0),
        ("2026-05-27T17:58:14+99:00", None),
        ("٢026-05-27T17:58:14Z", None),
        (1_779_904_694, None),
    ],
)
def test_moments(text: Any, at: float | None) -> None:
    assert parse_iso(text) == at


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["NVDA", "AMD"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["symbol", "net_gex", "as_of", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


REST = {"as_of": JSON, "missing_symbols": JSON, "data_as_of": JSON}


@given(st.fixed_dictionaries({"constituents": st.lists(JSON)}, optional=REST))
def test_any_reply_sorts_each_symbol_once(reply: dict[str, Any]) -> None:
    asked = ("NVDA", "AMD")
    body = json.dumps(reply).encode("utf-8", "surrogatepass")
    try:
        found = replies.fetched(replies.decoded(body, replies.BasketReply), asked)
    except SourceUnavailable:
        return
    sorted_ = [*found.exposures, *found.failed, *found.missing]
    assert sorted(sorted_) == sorted(asked)


# -- replies that are none ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        truncated(),
        html(200),
        garbled(b""),
        garbled(b"null"),
        garbled(b"[]"),
        garbled(b"{}"),
        garbled(b"\xff\xfe\x00"),
        garbled(b"[" * 100_000),
        garbled(b'{"constituents":null}'),
        garbled(b'{"constituents":{"NVDA":1}}'),
        Fault(change=lambda reply: Reply(200, b"not gzip", {"content-encoding": "gzip"})),
    ],
    ids=[
        "truncated",
        "html",
        "empty",
        "null",
        "list",
        "bare",
        "bytes",
        "deep",
        "rows null",
        "rows object",
        "not gzip",
    ],
)
def test_what_cannot_be_read_fails_whole_and_once(upstream: Upstream, fault: Fault) -> None:
    upstream.script(fault)
    error = refused(upstream)
    assert type(error) is SourceUnavailable and error.sentence == UNREADABLE
    assert upstream.debits == 1 and not error.uncharged
    assert ask(upstream, "NVDA", "AMD") == Fetched(unpublished())


def test_a_reply_without_end_is_cut(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flashalpha, "_MOST", 1_000)
    upstream.script(edited(lambda reply: reply.update(extra="x" * 2_000)))
    assert refused(upstream).sentence == UNREADABLE


@pytest.mark.parametrize("fault", [reset(), cut_off()], ids=["reset", "cut off"])
def test_a_connection_that_breaks_is_not_tried_again(upstream: Upstream, fault: Fault) -> None:
    upstream.script(fault)
    error = refused(upstream)
    assert type(error) is SourceUnavailable and error.sentence == BROKEN_OFF
    assert upstream.debits == len(upstream.calls) == 1
    assert ask(upstream, "NVDA", "AMD") == Fetched(unpublished())


def test_a_timeout_is_not_tried_again(upstream: Upstream) -> None:
    gate = Gate()
    upstream.script(gated(gate))
    error = refused(upstream, timeout=0.25)
    assert type(error) is SourceUnavailable
    assert error.sentence == "FlashAlpha did not answer within 0.25 seconds. Recalculate to ask again."
    assert upstream.debits == 1 and not error.uncharged
    gate.open()
    assert ask(upstream, "NVDA", "AMD") == Fetched(unpublished())


def test_the_timeout_is_for_the_key_and_the_pauses_too(upstream: Upstream) -> None:
    upstream.script(rate_limited("1"))
    error = refused(upstream, timeout=0.25, pause=asyncio.sleep)
    assert error.sentence == "FlashAlpha did not answer within 0.25 seconds. Recalculate to ask again."
    assert len(upstream.calls) == 1


def test_a_slow_reply_is_a_reply(upstream: Upstream) -> None:
    upstream.script(slow(0.05))
    assert ask(upstream, "NVDA", "AMD") == Fetched(unpublished())


def test_a_caller_who_gives_up_leaves_the_source_usable(upstream: Upstream) -> None:
    gate = Gate()
    upstream.script(gated(gate))

    async def story() -> Fetched:
        async with source_of(upstream) as source:
            first = asyncio.create_task(source.fetch(("NVDA",)))
            await asyncio.to_thread(gate.wait_entered)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            return await source.fetch(("NVDA", "AMD"))

    assert run(story()) == Fetched(unpublished())


@pytest.mark.parametrize("code", [500, 502, 503, 504, 408])
@pytest.mark.parametrize("page", [False, True])
def test_out_of_order_is_not_tried_again(upstream: Upstream, code: int, page: bool) -> None:
    upstream.script(html(code) if page else status(code, {"message": "boom"}))
    error = refused(upstream)
    assert type(error) is SourceUnavailable
    assert error.sentence == f"FlashAlpha is out of order (status {code}). Recalculate later to ask again."
    assert upstream.debits == 1


@pytest.mark.parametrize(
    "fault",
    [
        status(302, location="https://evil.example/"),
        html(404),
        status(404, {"title": "Not Found"}),
        status(405),
    ],
)
def test_another_service_is_named_as_such(upstream: Upstream, fault: Fault) -> None:
    upstream.script(fault)
    error = refused(upstream)
    assert fault.answer is not None and type(error) is SourceUnavailable
    assert error.sentence == (
        f"FlashAlpha answered in an unexpected way (status {fault.answer.status}): check flashalpha_base_url."
    )


# -- refusals ----------------------------------------------------------------------------------------------------------


def documented(shared_data: Path, code: str) -> Any:
    return json.loads((shared_data / "flashalpha/errors_documented.json").read_text())[code]


def test_a_wrong_key(upstream: Upstream, shared_data: Path) -> None:
    upstream.script(status(401, documented(shared_data, "401"), charged=False))
    for error in (refused(upstream), refused(upstream, key=lambda: Secret("another"))):
        assert (type(error), error.code, error.reason) == (
            SourceKeyRefused,
            "source_key_refused",
            "PERMISSION_DENIED",
        )
        assert error.sentence == KEY_REFUSED
    assert upstream.debits == 0


def test_a_refused_key_is_looked_for_anew(upstream: Upstream) -> None:
    keys = iter(["wrong", KEY])

    async def story() -> Fetched:
        async with source_of(upstream, key=lambda: Secret(next(keys))) as source:
            with pytest.raises(SourceKeyRefused):
                await source.fetch(("NVDA",))
            await source.fetch(("NVDA",))
            return await source.fetch(("NVDA", "AMD"))

    assert run(story()) == Fetched(unpublished())
    assert next(keys, "none") == "none"


def test_without_a_key_no_call_is_made(upstream: Upstream) -> None:
    error = refused(upstream, key=lambda: None)
    assert (type(error), error.code, error.reason) == (
        SourceKeyMissing,
        "source_key_missing",
        "PERMISSION_DENIED",
    )
    assert error.sentence == (
        "The server has no FlashAlpha key, and does not see what is set in a terminal: run basketgex key set, "
        "or basketgex key set --file where there is no keyring."
    )
    assert not upstream.connections and error.uncharged


def test_a_plan_too_low(upstream: Upstream, shared_data: Path) -> None:
    upstream.plan = "Basic"
    upstream.script(status(403, documented(shared_data, "403")))
    for error in (refused(upstream), refused(upstream)):
        assert (
            isinstance(error, PlanTooLow)
            and isinstance(error, NotEntitled)
            and error.reason == "PERMISSION_DENIED"
        )
        assert (error.code, error.current_plan, error.required_plan) == ("tier_restricted", "Basic", "Growth")
        assert error.sentence == (
            "This needs FlashAlpha's Growth plan or higher, and this key has Basic: "
            "change the plan, or use another source."
        )
    assert upstream.debits == 2


def test_symbols_that_the_plan_does_not_cover(upstream: Upstream, shared_data: Path) -> None:
    recorded = (shared_data / "flashalpha/error_403_symbol_not_in_free_universe.json").read_text()
    upstream.uncovered = {"ZZTEST"}
    upstream.script(status(403, json.loads(recorded)))
    for error in (refused(upstream, "F", "T", "ZZTEST"), refused(upstream, "F", "T", "ZZTEST")):
        assert (
            isinstance(error, SymbolNotCovered)
            and isinstance(error, NotEntitled)
            and error.reason == "PERMISSION_DENIED"
        )
        assert (error.code, error.symbols) == ("symbol_not_in_free_universe", ("ZZTEST",))
        assert error.sentence == (
            "FlashAlpha's Free plan does not cover ZZTEST: "
            "leave it out, or change to the Basic plan or higher."
        )


@pytest.mark.parametrize(("asked", "named"), [(("NVDA",), ("NVDA",)), (("NVDA", "AMD"), ())])
def test_uncovered_symbols_that_are_not_named(
    upstream: Upstream, asked: tuple[str, ...], named: tuple[str, ...]
) -> None:
    upstream.script(status(403, {"error": "symbol_not_in_free_universe", "current_plan": 7}))
    error = refused(upstream, *asked)
    assert isinstance(error, SymbolNotCovered) and error.symbols == named
    assert error.sentence == (
        f"FlashAlpha's Free plan does not cover {named[0] if named else 'one of the names'}: "
        "leave it out, or change to the Basic plan or higher."
    )


@pytest.mark.parametrize(
    ("fault", "saying"),
    [
        (html(403), ""),
        (status(402), ""),
        (status(403, {"detail": "Not\nyours."}), ', saying "Not yours."'),
        (status(403, b"Go away, see https://x.example/?k=1"), ', saying "Go away, see"'),
        (status(403, {"message": f"Key {KEY} is blocked."}), ""),
        (status(403, {"message": f"Key {KEY[:9].upper()}… is blocked."}), ""),
        (status(403, f"key={KEY}".encode()), ""),
        (status(403, {"message": ["x"], "detail": {"a": 1}, "error": {"code": 1}}), ""),
    ],
)
def test_other_refusals_quote_what_is_harmless(upstream: Upstream, fault: Fault, saying: str) -> None:
    upstream.script(fault)
    error = refused(upstream)
    assert type(error) is SourceRefused and error.code == "source_refused"
    assert error.sentence == f"FlashAlpha refused the request{saying}: check the key's plan and rights."


def test_plans_are_not_a_way_to_show_the_key(upstream: Upstream) -> None:
    body = {"error": "tier_restricted", "current_plan": KEY, "required_plan": "G\n" * 50}
    upstream.script(status(403, body))
    assert refused(upstream).sentence == (
        "This needs FlashAlpha's Growth plan or higher: change the plan, or use another source."
    )


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (
            status(400, {"error": "too_many_symbols", "message": "At most 50 symbols."}),
            ' (too_many_symbols), saying "At most 50 symbols."',
        ),
        (status(400, {"error": "missing_symbols"}), " (missing_symbols)"),
        (status(400, {"error": "weight_count_mismatch"}), " (weight_count_mismatch)"),
        (status(400, {"error": "invalid_weights"}), " (invalid_weights)"),
        (status(400, b"Bad symbol"), ', saying "Bad symbol"'),
        (status(422, b'{"broken'), ""),
        (status(400, {"error": "Very bad", "message": "x" * 500}), f', saying "{"x" * 120}…"'),
    ],
)
def test_a_rejected_request(upstream: Upstream, fault: Fault, why: str) -> None:
    upstream.script(fault)
    error = refused(upstream)
    assert isinstance(error, RequestRejected)
    assert (error.code, error.reason) == ("source_rejected", "FAILED_PRECONDITION")
    assert error.sentence == f"FlashAlpha rejected the request{why}: check the tickers."
    assert upstream.debits == 1


def test_the_stand_in_rejects_what_we_would_never_send(upstream: Upstream) -> None:
    error = refused(upstream, *(f"N{i}" for i in range(51)))
    assert isinstance(error, RequestRejected) and error.source_code == "too_many_symbols"


# -- quota -------------------------------------------------------------------------------------------------------------


def test_the_quota_is_spent(upstream: Upstream) -> None:
    upstream.limit = 1
    assert ask(upstream, "NVDA", "AMD") == Fetched(unpublished())
    error = refused(upstream)
    assert isinstance(error, SourceQuotaSpent) and isinstance(error, QuotaSpent)
    assert (error.code, error.reason) == ("quota_spent", "RESOURCE_EXHAUSTED")
    assert (error.reset_at, error.retry_after) == (MIDNIGHT, MIDNIGHT - NOON)
    assert (error.plan, error.limit) == ("Growth", 1)
    assert error.sentence == (
        "FlashAlpha's daily quota is spent (Growth plan): "
        "it starts again at 2026-11-19 00:00 UTC; the Alpha plan has more."
    )
    assert len(upstream.calls) == 2 and upstream.debits == 1


def test_the_recorded_refusal_names_its_own_reset(upstream: Upstream, shared_data: Path) -> None:
    upstream.script(status(429, documented(shared_data, "429"), charged=False))
    error = refused(upstream)
    assert isinstance(error, SourceQuotaSpent) and (error.plan, error.limit) == ("Free", 10)
    assert error.sentence == (
        "FlashAlpha's daily quota is spent (Free plan): "
        "it starts again at 2026-03-01 00:00 UTC; the Basic plan has more."
    )


@pytest.mark.parametrize(
    ("headers", "reset_at", "retry_after"),
    [
        ({}, MIDNIGHT, MIDNIGHT - NOON),
        ({"X_RateLimit_Reset": ""}, MIDNIGHT, MIDNIGHT - NOON),
        ({"X_RateLimit_Reset": "1795040000"}, 1_795_040_000.0, 1_795_040_000.0 - NOON),
        ({"X_RateLimit_Reset": "", "Retry_After": "7200"}, NOON + 7_200, 7_200.0),
        ({"X_RateLimit_Reset": "", "Retry_After": formatdate(NOON + 90, usegmt=True)}, NOON + 90, 90.0),
        ({"X_RateLimit_Remaining": "0", "Retry_After": "30"}, MIDNIGHT, 30.0),
        ({"Retry_After": "soon"}, MIDNIGHT, MIDNIGHT - NOON),
    ],
)
def test_when_a_spent_quota_begins_anew(
    upstream: Upstream, headers: dict[str, Any], reset_at: float, retry_after: float
) -> None:
    upstream.script(status(429, b"Too many", charged=False, **({"X_RateLimit_Remaining": ""} | headers)))
    error = refused(upstream)
    assert isinstance(error, SourceQuotaSpent) and isinstance(error, QuotaSpent)
    assert (error.reset_at, error.retry_after) == (reset_at, retry_after)
    assert len(upstream.calls) == 1


WINDOW = {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "30"}
"""A count of somebody else's: the service names the moment at which its day ends."""
NO_WORD = {f"X_RateLimit_{name}": "" for name in ("Limit", "Remaining", "Reset")}


@pytest.mark.parametrize(
    ("headers", "body", "wait"),
    [
        (NO_WORD | {"Retry_After": "3600"}, b"Too many", 3_600.0),
        (NO_WORD | {"Retry_After": "999999999"}, b"<html>busy</html>", 3_600.0),
        (NO_WORD | {"Retry_After": formatdate(NOON + 1e9, usegmt=True)}, b"", 3_600.0),
        (NO_WORD, b'{"error": "Too Many Requests"}', 60.0),
        (NO_WORD | {"Retry_After": "600"}, b'{"message": "slow down"}', 600.0),
        ({"Retry_After": "3600"}, b"Too many", 3_600.0),  # the service itself says that debits are left
        (WINDOW | {"X_RateLimit_Limit": "10, 10;w=60"}, b"", 30.0),  # as Envoy says it
        (WINDOW | {"X_RateLimit_Limit": "60"}, b'{"message": "API rate limit exceeded"}', 30.0),
        (WINDOW | {"Retry_After": "7"}, b"<html>busy</html>", 7.0),
        (WINDOW | {"X_RateLimit_Reset": "86399"}, b"Too many", 3_600.0),
        (WINDOW | {"X_RateLimit_Limit": "10;w=60", "X_RateLimit_Reset": ""}, b"", 60.0),
    ],
)
def test_somebody_busy_on_the_way_says_nothing_of_the_day(
    upstream: Upstream, headers: dict[str, Any], body: bytes, wait: float
) -> None:
    upstream.script(status(429, body, charged=False, **headers))
    error = refused(upstream)
    assert type(error) is SourceRateLimited and error.retry_after == wait
    assert "quota" not in error.sentence


@pytest.mark.parametrize(
    ("headers", "reset_at"),
    [
        ({"Retry_After": "999999999", "X_RateLimit_Remaining": "0", "X_RateLimit_Reset": ""}, None),
        ({"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "99999999999"}, None),
        ({"X_RateLimit_Remaining": "0"}, "9999-12-31T23:59:59Z"),
        ({"X_RateLimit_Remaining": "0"}, "2058-01-01T00:00:00Z"),
        ({"X_RateLimit_Remaining": "0"}, "2026-11-19T00:00:01Z"),
    ],
)
def test_no_word_of_a_reset_beyond_the_day_is_believed(
    upstream: Upstream, headers: dict[str, Any], reset_at: str | None
) -> None:
    upstream.script(status(429, {"reset_at": reset_at}, charged=False, **headers))
    error = refused(upstream)
    assert isinstance(error, SourceQuotaSpent) and error.reset_at == MIDNIGHT
    assert error.retry_after <= MIDNIGHT - NOON
    assert "2026-11-19 00:00 UTC" in error.sentence


def test_a_quota_that_the_body_names_is_one_though_somebody_on_the_way_counts_too(upstream: Upstream) -> None:
    upstream.script(status(429, {"limit": 2_500, "current_plan": "Growth"}, charged=False, **WINDOW))
    error = refused(upstream)
    assert isinstance(error, SourceQuotaSpent) and (error.reset_at, error.limit) == (MIDNIGHT, 2_500)


def test_with_debits_left_and_no_word_of_a_pause_it_is_a_minute(upstream: Upstream) -> None:
    upstream.script(status(429, b"Too many", charged=False))
    error = refused(upstream)
    assert type(error) is SourceRateLimited
    assert error.retry_after == 60.0


def recorder(pauses: list[float]) -> Callable[[float], Awaitable[None]]:
    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    return pause


@pytest.mark.parametrize("wait", ["0", "1", "2"])
def test_a_short_pause_is_made_once(upstream: Upstream, pauses: list[float], wait: str) -> None:
    upstream.script(rate_limited(wait))
    assert ask(upstream, "NVDA", "AMD", pause=recorder(pauses)) == Fetched(unpublished())
    assert pauses == [float(wait)]
    assert (len(upstream.calls), upstream.debits) == (2, 1)


def test_and_not_twice(upstream: Upstream, pauses: list[float]) -> None:
    upstream.script(rate_limited("2"), rate_limited("2"))
    error = refused(upstream, pause=recorder(pauses))
    assert type(error) is SourceRateLimited
    assert (error.code, error.reason, error.retry_after) == ("rate_limited", "RESOURCE_EXHAUSTED", 2.0)
    assert error.sentence == "FlashAlpha takes no more calls at the moment: recalculate after 16:30:02 UTC."
    assert (pauses, len(upstream.calls), upstream.debits) == ([2.0], 2, 0)


def test_a_longer_pause_is_the_callers(upstream: Upstream, pauses: list[float]) -> None:
    upstream.script(rate_limited("45"))
    error = refused(upstream, pause=recorder(pauses))
    assert type(error) is SourceRateLimited and error.retry_after == 45.0
    assert (pauses, len(upstream.calls)) == ([], 1)


def test_after_the_pause_other_faults_are_not_tried_again(upstream: Upstream) -> None:
    upstream.script(rate_limited("1"), status(503))
    assert refused(upstream).code == "source_unavailable"
    assert (len(upstream.calls), upstream.debits) == (2, 1)


def test_every_reply_tells_the_quota(upstream: Upstream) -> None:
    async def story() -> None:
        async with source_of(upstream) as source:
            assert source.quota is None
            await source.fetch(("NVDA",))
            assert source.quota == QuotaReading(2_500, 2_499, MIDNIGHT, unlimited=False)
            upstream.spend(100)
            upstream.script(status(500))
            with pytest.raises(SourceUnavailable):
                await source.fetch(("NVDA",))
            read = source.quota
            assert read == QuotaReading(2_500, 2_398, MIDNIGHT, unlimited=False)
            silent: dict[str, Any] = {
                "X_RateLimit_Limit": "",
                "X_RateLimit_Remaining": "",
                "X_RateLimit_Reset": "",
            }
            upstream.script(status(500, **silent))
            with pytest.raises(SourceUnavailable):
                await source.fetch(("NVDA",))
            assert source.quota is read  # said nothing: the last word stands
            upstream.limit = None
            await source.fetch(("NVDA",))
            assert source.quota == QuotaReading(None, None, MIDNIGHT, unlimited=True)

    run(story())


@pytest.mark.parametrize(
    ("limit", "left", "reset"),
    [
        ("60", "3", "42"),
        ("10, 10;w=60", "0", "1"),
        ("10;w=60", "9", ""),
        ("100", "0", "0"),
        ("", "7", "3600"),
    ],
)
def test_calls_a_minute_are_no_quota_of_the_day(limit: str, left: str, reset: str) -> None:
    """Somebody on the way counts those, and would have the day refused when few of them are left."""
    headers = {"x-ratelimit-limit": limit, "x-ratelimit-remaining": left, "x-ratelimit-reset": reset}
    assert replies.quota_of(headers) is None


@pytest.mark.parametrize(
    ("limit", "left", "reset_at", "reading"),
    [
        ("2,500", "Unlimited", "1795046400", QuotaReading(2_500, None, MIDNIGHT, unlimited=True)),
        ("unlimited", "7", "never", QuotaReading(None, 7, None, unlimited=True)),
        ("many", "-3", "1e9", QuotaReading(None, None, None, unlimited=False)),
        ("²", "9" * 40, "", QuotaReading(None, None, None, unlimited=False)),
    ],
)
def test_odd_quota_headers(limit: str, left: str, reset_at: str, reading: QuotaReading) -> None:
    headers = {"x-ratelimit-limit": limit, "x-ratelimit-remaining": left, "x-ratelimit-reset": reset_at}
    assert replies.quota_of(headers) == reading


def test_the_recorded_headers_are_of_an_unlimited_plan(shared_data: Path) -> None:
    lines = (shared_data / "flashalpha/response_headers_2026-05-27.txt").read_text().splitlines()
    headers = httpx.Headers([(n, v.strip()) for n, _, v in (line.partition(":") for line in lines[1:])])
    assert replies.quota_of(headers) == QuotaReading(None, None, 1_779_926_400.0, unlimited=True)


def account(upstream: Upstream) -> QuotaReading:
    async def story() -> QuotaReading:
        async with source_of(upstream) as source:
            return await source.account()

    return run(story())


def test_the_account(upstream: Upstream) -> None:
    ask(upstream, "NVDA")
    upstream.spend(10)
    assert account(upstream) == QuotaReading(2_500, 2_489, MIDNIGHT, plan="Growth")
    upstream.plan, upstream.limit = "Alpha", None
    assert account(upstream) == QuotaReading(None, None, MIDNIGHT, unlimited=True, plan="Alpha")
    assert upstream.debits == 1


@pytest.mark.parametrize(
    ("body", "reading"),
    [
        ({"usage_today": 3, "daily_limit": 2500, "plan": None, "resets_at": 7}, QuotaReading(2_500, 2_497)),
        ({"remaining": "9", "plan": "x" * 99}, QuotaReading(None, 9)),
        ({"usage_today": 5, "daily_limit": "10", "remaining": "4"}, QuotaReading(10, 4)),
        ({"usage_today": 9, "daily_limit": "10", "remaining": "8"}, QuotaReading(10, 1)),
        ({"usage_today": 99, "daily_limit": "10", "plan": "Free"}, QuotaReading(10, 0, plan="Free")),
    ],
)
def test_an_account_that_says_little(upstream: Upstream, body: dict[str, Any], reading: QuotaReading) -> None:
    upstream.script(garbled(json.dumps(body).encode()))
    assert account(upstream) == reading


@pytest.mark.parametrize(
    "body", [b"{}", b'{"usage_today":3}', b'{"daily_limit":"2500"}', b'{"remaining":true}']
)
def test_an_account_that_says_nothing(upstream: Upstream, body: bytes) -> None:
    upstream.script(garbled(body))
    with pytest.raises(SourceUnavailable) as caught:
        account(upstream)
    assert caught.value.sentence == UNREADABLE


# -- levels ------------------------------------------------------------------------------------------------------------


def levels(upstream: Upstream, symbol: str) -> Levels | None:
    async def story() -> Levels | None:
        async with source_of(upstream) as source:
            return await source.levels(symbol)

    return run(story())


def test_levels_take_one_call(upstream: Upstream) -> None:
    upstream.published["NVDA"] = Figures(200.5, 1.0, 1.0, 1.0, 1.0)
    assert levels(upstream, "NVDA") == Levels(
        gamma_flip=198.495,
        gamma_flip_status="available",
        call_wall=205.0,
        put_wall=195.0,
        max_positive_gamma=201.0,
        max_negative_gamma=199.0,
        highest_oi_strike=190.0,
        zero_dte_magnet=200.0,
        zero_dte=None,
    )
    assert [call.path for call in upstream.calls] == ["/v1/exposure/levels/NVDA"]


def test_the_recorded_levels(upstream: Upstream, shared_data: Path) -> None:
    upstream.script(garbled((shared_data / "flashalpha/levels_SPY_2026-05-27.json").read_bytes()))
    found = levels(upstream, "SPY")
    assert found is not None
    assert (found.gamma_flip, found.gamma_flip_status) == (749.304001148812834, "available")
    assert (found.call_wall, found.put_wall, found.highest_oi_strike) == (751.0, 749.0, 700.0)


def test_levels_that_are_null(upstream: Upstream) -> None:
    upstream.script(garbled(b'{"levels":{"gamma_flip":null,"call_wall":"5","gamma_flip_status":"A B"}}'))
    assert levels(upstream, "SPY") == Levels(None, "no_boundary", None, None, None, None, None, None, None)


def test_levels_of_a_symbol_without_data(upstream: Upstream) -> None:
    upstream.nothing = {"ZZ"}
    assert levels(upstream, "ZZ") is None


def test_levels_that_cannot_be_read(upstream: Upstream) -> None:
    upstream.script(garbled(b'{"levels":null}'), html(404))
    for sentence in (
        UNREADABLE,
        "FlashAlpha answered in an unexpected way (status 404): check flashalpha_base_url.",
    ):
        with pytest.raises(SourceUnavailable) as caught:
            levels(upstream, "SPY")
        assert caught.value.sentence == sentence


# -- connections -------------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_a_refused_connection_is_tried_again_once(pauses: list[float]) -> None:
    nobody = Upstream(now=Clock())
    nobody.url = f"http://127.0.0.1:{free_port()}"
    error = refused(nobody, pause=recorder(pauses))
    assert type(error) is SourceUnreached and error.code == "source_unavailable"
    assert error.sentence == NOT_REACHED and error.uncharged
    assert pauses == [flashalpha.REFUSED_WAIT]


def test_and_then_it_may_be_there() -> None:
    port = free_port()
    service = Upstream(port=port, now=Clock())
    service.url = f"http://127.0.0.1:{port}"

    async def start(_: float) -> None:
        await asyncio.to_thread(service.__enter__)

    try:
        assert ask(service, "NVDA", "AMD", pause=start) == Fetched(unpublished())
    finally:
        service.__exit__()
    assert service.debits == 1


def test_a_proxy_in_the_environment_is_not_used_on_this_machine(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert ask(upstream, "NVDA", "AMD") == Fetched(unpublished())


def test_the_service_may_restart(upstream: Upstream) -> None:
    """A connection that the service has closed is noticed before the next call leaves."""

    async def story() -> None:
        async with source_of(upstream) as source:
            upstream.script(Fault(change=lambda reply: Reply(200, reply.body, reply.headers, closes=True)))
            await source.fetch(("NVDA",))
            await until(lambda: upstream.disconnections)
            await source.fetch(("NVDA",))

    run(story())
    assert (upstream.connections, upstream.debits) == (2, 2)


def test_nothing_heavy_is_loaded_before_the_first_call() -> None:
    program = (
        "import sys\n"
        "from basketgex_server.sources.flashalpha.source import FlashAlpha\n"
        "FlashAlpha()\n"
        "assert not {'httpx', 'h2', 'keyring', 'numpy'} & set(sys.modules), 'too early'\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)


# -- settings ----------------------------------------------------------------------------------------------------------


def test_another_convention_is_refused() -> None:
    with pytest.raises(BadSettings) as caught:
        FlashAlpha(convention="dealer")
    assert caught.value.sentence == (
        "convention is dealer, but FlashAlpha's figures come in its own: set convention to flashalpha."
    )


@pytest.mark.parametrize(
    "url",
    ["", "lab.flashalpha.com", "ftp://x.example", "https://", "https://u:p@x.example", "https://x.example/?a=1",
     "https://x.example:99999", "https://x y.example", "https://x.example/#f", "https://[::1"],
)  # fmt: skip
def test_a_base_url_that_is_none(url: str) -> None:
    with pytest.raises(BadSettings) as caught:
        FlashAlpha(url)
    assert (
        caught.value.sentence == "flashalpha_base_url must be an address such as https://lab.flashalpha.com."
    )


@pytest.mark.parametrize(
    "url", ["http://lab.flashalpha.com", "http://10.0.0.1", "http://localhost.evil.example"]
)
def test_the_key_does_not_travel_in_the_open(url: str) -> None:
    with pytest.raises(BadSettings) as caught:
        FlashAlpha(url)
    assert caught.value.sentence == (
        "flashalpha_base_url must begin with https://, so that the key does not travel in the open."
    )


@pytest.mark.parametrize(
    ("url", "location"),
    [
        (" https://LAB.flashalpha.com/ ", "https://lab.flashalpha.com"),
        ("http://localhost:80/api/", "http://localhost:80/api"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_base_url_has_one_spelling(url: str, location: str) -> None:
    assert FlashAlpha(url).origin().location == location


# -- the key -----------------------------------------------------------------------------------------------------------


def test_not_even_the_http_libraries_write_the_key(
    upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    import hpack

    ask(upstream, "NVDA")
    hpack.Encoder().encode([("x-api-key", KEY), ("x-api-key", KEY)])
    names = {record.name.partition(".")[0] for record in caplog.records}
    assert not names & {"httpx", "httpcore", "hpack", "h2"}


def test_reply_and_client_do_not_show_it(upstream: Upstream) -> None:
    async def story() -> None:
        async with source_of(upstream) as source:
            await source.fetch(("NVDA",))
            client = source.prepare()
            assert KEY not in repr(client) + repr(vars(client)) + repr(client.headers)
            assert KEY not in repr(await source._ask("/health", {}))

    run(story())


# -- the stand-in keeps the contract -----------------------------------------------------------------------------------


class Raw(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def raw(upstream: Upstream, path: str = "/v1/exposure/basket", key: str = KEY, **query: str) -> Raw:
    """What the stand-in says to a program that is not ours (httpx would write addresses into the log)."""
    connection = http.client.HTTPConnection(upstream.url.removeprefix("http://"), timeout=30)
    with closing(connection):
        connection.request("GET", f"{path}?{urlencode(query)}", headers={"X-Api-Key": key} if key else {})
        reply = connection.getresponse()
        return Raw(reply.status, dict(reply.headers), reply.read())


@given(
    weights=st.dictionaries(st.sampled_from(["NVDA", "AMD", "SPY", "ZZ"]), st.integers(1, 10**6), min_size=2)
)
def test_one_call_answers_every_basket_exactly(weights: dict[str, int]) -> None:
    service = Upstream(now=Clock())
    service.nothing = {"ZZ"}
    query = {"symbols": ",".join(weights), "weights": ",".join(map(str, weights.values()))}
    said = json.loads(service.answer("/v1/exposure/basket", query).encoded())
    found = aggregate(basket(list(weights), list(weights.values()), 50), unpublished(("NVDA", "AMD", "SPY")))
    assert [c["symbol"] for c in said["constituents"]] == [c.exposure.symbol for c in found.constituents]
    assert tuple(said["missing_symbols"]) == found.missing
    assert said["constituent_count"] == len(found.constituents)
    for measure, value in found.net._asdict().items():
        published = value * 100 if measure == "vex" else value
        assert said["aggregate"][f"net_{measure}"] == pytest.approx(published, rel=1e-12, abs=0.0051)
    for mine, theirs in zip(found.constituents, said["constituents"], strict=True):
        assert theirs["weight"] == pytest.approx(mine.weight, rel=1e-15)
        assert theirs["contribution_pct"] == pytest.approx(mine.contribution_pct, abs=0.0051)
        assert (theirs["regime"] == "positive_gamma") == (mine.exposure.net.gex >= 0)


@pytest.mark.parametrize(
    ("query", "code", "error"),
    [
        ({"weights": "1"}, 400, "missing_symbols"),
        ({"symbols": " , "}, 400, "missing_symbols"),
        ({"symbols": ",".join(f"N{i}" for i in range(51)), "weights": "1"}, 400, "too_many_symbols"),
        ({"symbols": "A,B", "weights": "x"}, 400, "weight_count_mismatch"),
        ({"symbols": "A,B", "weights": "1,-1"}, 400, "invalid_weights"),
        ({"symbols": "A,B", "weights": "0,0"}, 400, "invalid_weights"),
        ({"symbols": "A,B", "weights": "1,nan"}, 400, "invalid_weights"),
        ({"symbols": "A,B", "weights": "1,"}, 400, "invalid_weights"),
        ({"symbols": "ZZ"}, 404, "no_data"),
    ],
)
def test_its_refusals(upstream: Upstream, query: dict[str, str], code: int, error: str) -> None:
    upstream.nothing = {"ZZ"}
    reply = raw(upstream, **query)
    assert (reply.status, reply.json()["error"]) == (code, error)
    assert upstream.debits == 1


def test_its_duplicates_merge_and_its_order_is_the_requests(upstream: Upstream) -> None:
    reply = raw(upstream, symbols=" amd,NVDA,AMD", weights="1,2,1").json()
    assert [(c["symbol"], c["weight"]) for c in reply["constituents"]] == [("AMD", 0.5), ("NVDA", 0.5)]
    assert reply["as_of"] == "2026-11-18T16:30:00.0000000Z"
    assert reply["endpoint_version"] and "oi_feed" in reply["data_as_of"]


def test_its_key_may_come_in_the_query_and_its_health_needs_none(upstream: Upstream) -> None:
    assert raw(upstream, "/v1/account", key="").status == 401
    assert raw(upstream, "/v1/account", key="", apiKey=KEY).json()["usage_today"] == 0
    assert raw(upstream, "/health", key="").json() == {"status": "Healthy"}


def test_its_day_ends_at_midnight() -> None:
    clock = Clock()
    with Upstream(plan="Growth", limit=1, now=clock) as service:
        assert ask(service, "NVDA", "AMD") == Fetched(unpublished())
        assert raw(service, symbols="NVDA").status == 429
        clock.at = MIDNIGHT
        assert raw(service, symbols="NVDA").headers["X-RateLimit-Remaining"] == "0"
        assert service.used == 1


def test_msgspec_reads_the_good_replies(upstream: Upstream) -> None:
    """The slow reader is for odd replies only."""
    assert msgspec.json.decode(raw(upstream, symbols="NVDA").body, type=replies.BasketReply).constituents
