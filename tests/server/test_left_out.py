"""One file that cannot be read takes its own name out of a basket, and says why; moments far apart are not added up unsaid."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from basketgex.v1 import exposure_pb2 as pb
from basketgex_addin.cells import Ask, Problem, Reply
from basketgex_addin.client import BasketClient
from basketgex_addin.functions.levels import LevelsOf
from basketgex_addin.worksheet import Worksheet
from basketgex_server.settings import Settings
from basketgex_server.sources.readers.forms import READ
from tests.server.servers import PATIENCE, Served, serving

NAMES = ("META", "GOOG", "AMD", "NOPE", "AAPL", "SLOW", "ES=F")
BROKEN = f"GOOG.json is not JSON. {READ}"
MANY = 70
"""Baskets that together have more entries than are answered without arrays."""


def chain(symbol: str, as_of: str, sides: str = "CP") -> str:
    rows = [f"{symbol}270115{side}00100000,1000,0.3,100,{as_of}" for side in sides]
    return "\n".join(["option,open_interest,iv,underlying_price,as_of", *rows, ""])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("chains")
    (folder / "META.csv").write_text(chain("META", "2026-07-10T16:00"))
    (folder / "GOOG.json").write_text("Unavailable")
    (folder / "AMD.csv").write_text(chain("AMD", "2026-07-10T16:00", "CCP"))
    (folder / "AAPL.csv").write_text(chain("AAPL", "2026-07-13T09:30", "C"))
    (folder / "OLD.csv").write_text(chain("OLD", "2022-12-12T20:30"))
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "SLOW.csv")
    else:
        (folder / "SLOW.csv").mkdir()
    settings = Settings(source="chain-files", chain_folder=str(folder), window_quiet=0, window_longest=0)
    with serving(tmp_path_factory.mktemp("home"), settings) as found:
        yield found


@pytest.fixture
def client(served: Served) -> Iterator[BasketClient]:
    found = BasketClient(served.home, PATIENCE)
    yield found
    found.close()


@pytest.mark.parametrize("baskets", [1, MANY])
def test_a_broken_file_takes_only_its_own_name_out(client: BasketClient, baskets: int) -> None:
    asks = [Ask((*NAMES, *(f"X{n}" for n in range(k % 7))), None) for k in range(baskets)]
    for ask, reply in zip(asks, client.ask_many(asks), strict=True):
        assert isinstance(reply, Reply)
        assert [row.symbol for row in reply.rows] == ["META", "AMD", "AAPL"]
        reasons = {symbol: reason for symbol, reason in reply.left_out if reason}
        assert reasons == {"GOOG": BROKEN, "SLOW": "SLOW.csv is no regular file."}
        assert set(reply.missing) - set(reasons) == {*ask.symbols[3:4], *ask.symbols[5:]} - set(reasons)
        assert [row.remark for row in reply.rows] == [
            "", "AMD: 1 row stands there again; each contract counts once", "AAPL: calls only",
        ]  # fmt: skip
    whole = client.ask(Ask(("META", "AMD", "AAPL")))
    assert isinstance(whole, Reply) and reply.gex == whole.gex


def test_alone_it_is_the_reason(client: BasketClient, served: Served) -> None:
    for symbols in (("GOOG",), ("GOOG", "NOPE")):
        problem = client.ask(Ask(symbols))
        assert isinstance(problem, Problem) and (problem.code, problem.sentence) == ("bad_chain", BROKEN)
    weighted = client.ask(Ask(("GOOG", "META"), (1.0, 0.0)))
    assert isinstance(weighted, Problem) and weighted.sentence == BROKEN
    assert client.ask(LevelsOf("GOOG")).sentence == BROKEN
    with pytest.raises(grpc.RpcError) as refused:
        served.stub.GetSymbol(pb.GetSymbolRequest(symbol="GOOG"), metadata=served.token, timeout=PATIENCE)
    assert refused.value.details() == BROKEN  # type: ignore[attr-defined]


def test_cells_say_it(client: BasketClient) -> None:
    sheet, names = Worksheet(client), ((("META, GOOG, AAPL"),),)
    assert sheet.evaluate("BASKETMISSING", [names]) == f"GOOG ({BROKEN})"
    assert sheet.evaluate("BASKETWHY", [names]) == f"GOOG is left out: {BROKEN}"
    status = sheet.evaluate("BASKETSTATUS", [names])
    assert isinstance(status, str) and "no data: GOOG" in status and "AAPL: calls only" in status
    assert "ATTENTION" not in status  # Friday's close and Monday's open: less than a trading day apart
    assert sheet.evaluate("BASKETWHY", [(("META, AMD",),)]) == "OK"


def test_moments_more_than_a_trading_day_apart_are_attention(client: BasketClient, served: Served) -> None:
    sheet, names = Worksheet(client), (("META, OLD",),)
    between = "2022-12-12 20:30 and 2026-07-10 16:00 New York"
    said = f"ATTENTION: figures between {between}, more than a trading day apart, are added up"
    status = sheet.evaluate("BASKETSTATUS", [names])
    assert isinstance(status, str) and status.startswith(f"{said}; chains in ")
    assert sheet.evaluate("BASKETWHY", [names]) == f"{said}."
    reply = served.stub.GetBasket(
        pb.GetBasketRequest(symbols=["META", "OLD", "GOOG"]), metadata=served.token, timeout=PATIENCE
    )
    assert reply.basket.as_of_distant and reply.basket.as_of_mixed
    assert (list(reply.basket.missing_symbols), list(reply.basket.missing_reasons)) == (["GOOG"], [BROKEN])
    replies = client.ask_many(
        [Ask(("META", "OLD"), (1.0, float(n))) for n in range(1, MANY)] + [Ask(("META", "AAPL"))]
    )
    assert [reply.distant for reply in replies] == [True] * (MANY - 1) + [False]  # type: ignore[union-attr]


def test_the_command_says_it(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    from basketgex_cli.main import main

    assert main(["--home", str(served.home.path), "basket", "META,GOOG,AAPL,OLD,NOPE"]) == 0
    shown = capsys.readouterr().out
    for line in ("No data: NOPE.", f"Left out: GOOG. {BROKEN}", "AAPL: calls only."):
        assert line in shown.splitlines()
    assert "ATTENTION: figures between 2022-12-12 20:30 and 2026-07-13 09:30 New York" in shown
    assert main(["--home", str(served.home.path), "basket", "META,GOOG", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["missing_reasons"] == {"GOOG": BROKEN} and found["attention"] == ""
    assert main(["--home", str(served.home.path), "symbol", "AAPL"]) == 0
    assert "AAPL: calls only." in capsys.readouterr().out


def test_it_outlives_the_server(served: Served, tmp_path: Path) -> None:
    """What the store has of a chain says what was wrong with it, too."""
    from basketgex_server.domain import Measures, RowCounts, Snapshot, SymbolExposure
    from basketgex_server.stores.sqlite import SqliteStore
    from tests.server.servers import run

    side = Measures(1, 2, 3, 4)
    exposure = SymbolExposure(
        "A", 1.0, side, 5.0, call=side, put=side, rows=RowCounts(1, 2, 3, 4, 5, 6), remark="A: x"
    )
    state = SqliteStore(tmp_path / "state.db", 1.0)
    state.append("o", {"A": Snapshot(exposure, 7.0)}, {})
    assert run(state.load("o")).snapshots["A"].exposure == exposure
    state.close()
