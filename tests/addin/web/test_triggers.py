"""BASKETREFRESH's trigger has changed in a cell of a page: one call to the source, and every page hears of the new figures."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from basketgex.home import Home
from basketgex_addin.cells import Ask
from basketgex_addin.client import BasketClient
from basketgex_server.settings import change_config
from tests.addin.web.hosts import WebHost, web_host
from tests.addin.web.test_pages import write
from tests.e2e.serving import status

FIRST = ["BASKETREFRESH", ["NVDA,AMD", 1], "first"]
SECOND = ["BASKETREFRESH", [[["AMD"], ["MU"]], [[1]]], "second"]
GEX = ["BASKETGEX", ["NVDA,AMD"], "gex"]
NO_BASKET = ["BASKETREFRESH", [None, 1], "none"]


def source_calls(host: WebHost) -> int:
    return status(host.home).source_calls


def evaluate(host: WebHost, *calls: list[Any], again: tuple[str, ...] = (), page: str = "page") -> list[Any]:
    said = host.post("evaluate", {"page": page, "calls": calls, "again": again})
    assert said.status_code == 200, said.text
    found: list[Any] = said.json()["results"]
    return found


def news(host: WebHost, page: str, wait: float = 0.0) -> dict[str, Any]:
    generation = host.get("status")["generation"]
    asked = {"page": page, "generation": generation, "wait": wait}
    return dict(host.post("news", asked).json()["changed"])


def test_all_that_changed_are_one_source_call(host: WebHost) -> None:
    evaluate(host, ["BASKETCOUNT", ["MU"], "count"])
    figures = evaluate(host, FIRST, SECOND, GEX, NO_BASKET)  # the first only looks at what the third asks for
    before = source_calls(host)
    found = evaluate(host, FIRST, SECOND, GEX, NO_BASKET, again=("first", "second", "none"))
    assert source_calls(host) == before + 1
    assert (
        [type(value) for value in found] == [type(value) for value in figures] == [float, float, float, dict]
    )
    assert (found[2], found[3]) == (figures[2], figures[3])


def test_nothing_else_asks_again(host: WebHost) -> None:
    """Neither a cell whose trigger is the same, nor another function, nor the news that others are told."""
    evaluate(host, FIRST, SECOND, GEX, again=("first",))
    before = source_calls(host)
    for again in ((), ("gex",), ("another",)):
        evaluate(host, FIRST, SECOND, GEX, again=again)
    news(host, "page")
    assert source_calls(host) == before


def test_who_is_told(host: WebHost) -> None:
    """Whoever shows one of the names, on any page, also by a lower-case letter; not who shows others."""
    explains = ["BASKETEXPLAIN", [[["BASKETCOUNT", ["MU,AVGO"]]]], "explains"]
    others = ["BASKETCOUNT", ["AVGO"], "other"]
    shown = [["BASKETCOUNT", [names], names] for names in ("mu", "NVDA,AMD", "AVGO,MU", "NOSUCH,MU")]
    evaluate(host, *shown, explains, others, page="told")
    assert news(host, "told") == {}
    evaluate(host, ["BASKETREFRESH", ["MU", 2], "again"], again=("again",), page="another")
    before = source_calls(host)
    assert news(host, "told") == {"mu": 1, "AVGO,MU": 2, "NOSUCH,MU": 1, "explains": "OK"}
    assert news(host, "told") == {}
    assert source_calls(host) == before


def test_too_many_and_too_long(host: WebHost) -> None:
    asked = {"page": "p", "calls": [FIRST]}
    assert host.post("evaluate", asked | {"again": ["first"] * 2_001}).status_code == 413
    assert host.post("evaluate", asked | {"again": ["f" * 65]}).status_code == 400


def test_no_live_cell_waits(tmp_path: Path) -> None:
    """What the source said comes as news, for one call as well."""
    with web_host(tmp_path / "home", BASKETGEX_CELL_MODE="live") as host:
        with closing(BasketClient(host.home, 60.0)) as client:
            client.ask_many([Ask(("NVDA", "AMD"))])
        before = source_calls(host)
        evaluate(host, FIRST, again=("first",))
        told: dict[str, Any] = {}
        while source_calls(host) == before or not isinstance(told.get("first"), float):
            told |= news(host, "page", 1.0)
        assert source_calls(host) == before + 1


def test_new_figures_reach_every_page(tmp_path: Path) -> None:
    """Also of a basket that has other names as well."""
    folder = tmp_path / "chains"
    folder.mkdir()
    for name in ("NVDA", "AMD"):
        write(folder, name, 1_000)
    change_config(Home(tmp_path / "home").config_file, source="chain-files", chain_folder=str(folder))
    nvda, both = ["BASKETGEX", ["NVDA"], "nvda"], ["BASKETTOTAL", ["NVDA,AMD"], "both"]
    with web_host(tmp_path / "home") as host:
        old = evaluate(host, nvda, both, page="other")
        (asks, *mine) = evaluate(host, ["BASKETREFRESH", ["NVDA", 0], "0"], nvda)
        assert isinstance(asks, float)
        assert mine == old[:1]
        write(folder, "NVDA", 2_000)
        trigger, new = 0, old[0]
        while new == old[0] or not isinstance(new, float):  # the source looks at its folder once a second
            trigger += 1
            evaluate(host, ["BASKETREFRESH", ["NVDA", trigger], str(trigger)], again=(str(trigger),))
            new = news(host, "page")["nvda"]
        told = news(host, "other")
        assert told["nvda"] == new
        assert told["both"] != old[1]
        assert told == dict(zip(("nvda", "both"), evaluate(host, nvda, both), strict=True))
