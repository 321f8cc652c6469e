"""A real server on Cboe's delayed quotes (a stand-in on loopback), and on chain folders that are swapped under it."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import pytest

from basketgex_addin.cells import Ask, CellError, Problem, Question, Reply
from basketgex_addin.client import BasketClient, ServerStatus
from basketgex_addin.functions import BY_NAME
from basketgex_addin.worksheet import Worksheet
from basketgex_server.exposure.symbol import exposure
from basketgex_server.settings import Settings
from basketgex_server.sources.files.folder import read_chain
from tests.e2e.serving import Server, until
from tests.standin import cboe as standin
from tests.standin.cboe import CboeStandIn

RUT = Path(__file__).resolve().parents[3] / "shared/data/chains/cboe_json/rut_2023-09-20.json"
PATIENCE = 30.0

pytestmark = pytest.mark.skipif(not RUT.exists(), reason="no real market data: ../shared/data is absent")


def ask(server: Server, *symbols: str) -> Reply | Problem:
    client = BasketClient(server.home)  # a new one: the old one's memo may answer for a while
    try:
        return client.ask(Ask(symbols))
    finally:
        client.close()


def gex(server: Server, *symbols: str) -> float:
    answer = ask(server, *symbols)
    assert isinstance(answer, Reply), answer.sentence
    return answer.gex


def test_the_service_answers_as_the_downloaded_file_does(tmp_path: Path) -> None:
    body = RUT.read_bytes()
    folder = tmp_path / "chains"
    folder.mkdir()
    (folder / "_RUT.json").write_bytes(body)
    with Server(tmp_path / "files", source="chain-files", chain_folder=folder) as server:
        wanted = gex(server, "RUT")
    with CboeStandIn({"_RUT": body}) as cboe:
        cboe.script("NVDA", standin.html())
        with Server(tmp_path / "cboe", source="cboe", cboe_base_url=cboe.url) as server:
            client = BasketClient(server.home)
            status = client.status()
            assert isinstance(status, ServerStatus)
            assert status.source == "cboe"
            client.close()
            assert gex(server, "RUT") == wanted
            assert gex(server, "RUT", "ZZZZ") == wanted  # what there is none of is left out
            problem = ask(server, "NVDA")
            assert isinstance(problem, Problem)
            assert problem.sentence == "Cboe's reply for NVDA is not JSON."
        assert cboe.most <= 2


def test_a_server_follows_a_link_that_is_turned_to_another_folder(tmp_path: Path) -> None:
    text = RUT.read_text()
    for name, price in (("A", "1806.1193"), ("B", "1906.1193")):
        (tmp_path / name).mkdir()
        assert "1806.1193" in text
        (tmp_path / name / "_RUT.json").write_text(
            text.replace('"current_price":1806.1193', f'"current_price":{price}')
        )

    def turn(name: str) -> None:
        (tmp_path / "next").symlink_to(name, target_is_directory=True)
        (tmp_path / "next").replace(tmp_path / "chains")

    turn("A")
    settings = Settings()
    wanted = {}
    for name in "AB":
        found = exposure(
            read_chain(tmp_path / name / "_RUT.json", "RUT"),
            settings.convention,
            settings.rate,
            settings.dividend_yield,
        )
        assert found
        wanted[name] = found.net.gex
    assert wanted["A"] != wanted["B"]
    with Server(tmp_path / "home", source="chain-files", chain_folder=tmp_path / "chains") as server:
        assert gex(server, "RUT") == wanted["A"]
        for name in "BABA":
            turn(name)
            until, answer = time.monotonic() + PATIENCE, None
            while not isinstance(answer, Reply) or answer.gex != wanted[name]:
                assert time.monotonic() < until
                answer = ask(server, "RUT")
                assert isinstance(answer, Problem) or answer.gex in wanted.values()


def test_a_profile_stays_while_its_chain_cannot_be_read_and_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "chains"
    folder.mkdir()
    (folder / "_RUT.json").write_bytes(RUT.read_bytes())
    with (
        Server(tmp_path / "home", source="chain-files", chain_folder=folder) as server,
        closing(BasketClient(server.home, PATIENCE)) as client,
    ):
        sheet, given = Worksheet(client), [(("RUT",),)]
        shown = {name: sheet.evaluate(name, given) for name in ("GEXPROFILE", "BASKETFLIP", "BASKETHEDGE")}
        assert not any(isinstance(value, CellError) for value in shown.values())
        (tmp_path / "broken").write_bytes(b"{")
        (tmp_path / "broken").replace(folder / "_RUT.json")
        for name, before in shown.items():
            question = BY_NAME[name].kind.question(BY_NAME[name].given(given))

            def is_last_good(name: str = name, question: Question[object] = question) -> bool:
                client.forget(question)
                sheet.evaluate(name, given)
                return str(sheet.explain([(name, given)])).startswith("Last good value: ")

            until(is_last_good)
            assert sheet.evaluate(name, given) == before
        new = sheet.evaluate("GEXPROFILE", [*given, None, ((0.9,),)])
        assert new is CellError.NOT_AVAILABLE  # that was never asked
