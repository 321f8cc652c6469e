"""Several pages at once over one host, and one that goes away: what it showed is watched no longer, the others go on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from basketgex.home import Home
from basketgex_addin.cells import Ask, Reply
from basketgex_addin.client import BasketClient
from basketgex_addin.web.app import HELD
from basketgex_addin.web.pages import QUIET, Call, Pages
from basketgex_server.settings import change_config
from tests.addin.test_live import FakeClient
from tests.addin.web.hosts import WebHost, web_host

NVDA, AMD = Ask(("NVDA",)), Ask(("AMD",))
HEAD = "option,open_interest,iv,underlying_price"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class World:
    """Pages over a client that only notes what is watched, and a clock of their own."""

    def __init__(self) -> None:
        self.client, self.clock = FakeClient(), Clock()
        self.pages = Pages(self.client, self.clock)

    def show(self, page: str, cell: str, ask: Ask) -> Call:
        call: Call = ("BASKETGEX", [msgspec.json.encode(ask.symbols)], cell)
        self.pages.at(page, call).want(ask)
        return call

    def news(self, page: str) -> tuple[list[Call], bool]:
        due, anew = self.pages.news(page, 0.0, lambda: False)
        return due, anew

    def changed(self, *asks: Ask) -> None:
        self.client.streams[0].changed(frozenset(asks))

    @property
    def watched(self) -> set[Ask]:
        return self.client.streams[0].wanted


@pytest.fixture
def world() -> Iterator[World]:
    found = World()
    with closing(found.pages):
        yield found


def test_a_page_that_goes_leaves_only_its_own(world: World) -> None:
    """Nobody has to ask for that: the last page may be the one that went."""
    stays = world.show("a", "A1", NVDA)
    for cell, ask in (("A1", NVDA), ("A2", AMD)):
        world.show("b", cell, ask)
    world.clock.now = QUIET
    assert world.news("a") == ([], True)
    world.pages.let_go()
    assert world.watched == {NVDA, AMD}
    world.clock.now = QUIET + 1
    world.pages.let_go()
    assert (world.watched, len(world.pages)) == ({NVDA}, 1)
    world.changed(NVDA, AMD)
    assert world.news("a") == ([stays], False)
    world.clock.now = 3 * QUIET
    world.pages.let_go()
    assert (world.watched, len(world.pages)) == (set(), 0)


def test_a_page_that_slept_is_told_to_ask_again(world: World) -> None:
    """Whatever it asks first: what it showed before is not known any more."""
    world.show("a", "A1", NVDA)
    assert [world.news("a") for _ in range(2)] == [([], True), ([], False)]
    world.clock.now = QUIET + 1
    world.pages.let_go()
    world.show("a", "A2", AMD)
    assert [world.news("a") for _ in range(2)] == [([], True), ([], False)]


class Page:
    """A page of a host: its cells, and what they show. As in the browser, one that was taken for closed asks anew."""

    def __init__(self, host: WebHost, name: str) -> None:
        self.host, self.name = host, name
        self.cells: dict[str, str] = {}
        self.shown: dict[str, Any] = {}
        self.generation = ""
        self.times_anew = 0

    def ask(self, **cells: str) -> None:
        self.cells |= cells
        calls = [["BASKETGEX", [symbols], cell] for cell, symbols in cells.items()]
        found = self.host.post("evaluate", {"page": self.name, "calls": calls}).json()
        self.shown |= dict(zip(cells, found["results"], strict=True))
        self.generation = found["generation"]

    def news(self, wait: float = 20.0) -> dict[str, Any]:
        asked = {"page": self.name, "generation": self.generation, "wait": wait}
        found: dict[str, Any] = self.host.post("news", asked).json()
        self.shown |= dict(found["changed"])
        self.generation = found["generation"]
        if found["anew"]:
            self.times_anew += 1
            if self.times_anew > 1:
                self.ask(**self.cells)
        return found

    def until(self, *values: object) -> None:
        """Wait until its cells show these."""
        while list(self.shown.values()) != list(values):
            self.news(1.0)


def write(folder: Path, name: str, interest: int) -> None:
    rows = [f"{name}280320C00255000,{interest},0.3,255", f"{name}280320P00255000,10,0.3,255"]
    (folder / f"{name}_2027-01-15.csv").write_text("\n".join([HEAD, *rows, ""]))


def test_five_pages_and_one_that_goes(tmp_path: Path) -> None:
    """What it alone shows is left, the others go on; where it only slept, it is told, and shows what they do."""
    folder = tmp_path / "chains"
    folder.mkdir()
    for name in ("NVDA", "AMD"):
        write(folder, name, 1_000)
    chains = {"source": "chain-files", "chain_folder": str(folder)}
    change_config(Home(tmp_path / "home").config_file, cell_mode="live", **chains)
    with web_host(tmp_path / "home", quiet="1.5 0.1") as host:
        with closing(BasketClient(host.home, 60.0)) as client, ThreadPoolExecutor(5) as pool:

            def figure(name: str, how: str = "NORMAL") -> float:
                (found,) = client.ask_many([Ask((name,))], how)
                assert isinstance(found, Reply)
                return found.gex

            def all_hear(pages: Sequence[Page], wait: float) -> int:
                """Let pages ask for news at once; return how many were let wait."""
                return sum(reply["held"] for reply in pool.map(lambda page: page.news(wait), pages))

            before, other = figure("NVDA"), figure("AMD")
            gone, *others = pages = [Page(host, f"page {number}") for number in range(5)]
            for page in pages:
                page.ask(A1="NVDA")
            gone.ask(A2="AMD")
            while any(list(page.shown.values()) != [before] for page in others):
                all_hear(others, 0.1)
            gone.until(before, other)
            while host.get("report")["shown"] != {"pages": 5, "baskets": 2, "names": 2}:
                all_hear(pages, 0.0)
            while all_hear(pages, 1.0) != HELD:  # the others are answered at once
                pass
            while host.get("report")["shown"] != {"pages": 4, "baskets": 1, "names": 1}:
                all_hear(others, 0.1)
            write(folder, "NVDA", 2_000)
            while (
                after := figure("NVDA", "FORCE")
            ) == before:  # the source looks at its folder once a second
                pass
            while any(list(page.shown.values()) != [after] for page in others):
                all_hear(others, 0.1)
            assert list(gone.shown.values()) == [before, other]
            assert gone.news(0.0)["anew"]
            gone.until(after, other)
        while host.get("report")["server"]["watches"]:  # all have gone, and nobody asks for anything
            pass
