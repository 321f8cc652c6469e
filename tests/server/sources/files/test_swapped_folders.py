"""Chain folders that change under a running source: picked up, never mixed, never half read."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from basketgex_server.errors import BadChain, SourceUnavailable
from basketgex_server.settings import Settings
from basketgex_server.sources.factory import make_source
from basketgex_server.sources.files import folder as folders
from basketgex_server.sources.files.folder import LOOK_EVERY, ChainFiles

ROWS = 400
TURNS = 150


def fill(folder: Path, price: float) -> Path:
    """A folder whose every number tells which one it is: spot, strikes, open interest, volatility."""
    folder.mkdir()
    lines = [f"AMD261218C{int(price * 1000) + n * 1000:08d},{price:g},{price / 1000:g}" for n in range(ROWS)]
    (folder / "AMD.csv").write_text("\n".join(["option,open_interest,iv", *lines]) + "\n")
    (folder / "underlyings.json").write_text(json.dumps({"AMD": {"underlying_price": price}}))
    return folder


def turn_link(base: Path) -> Callable[[int], None]:
    def turn(n: int) -> None:
        (base / "next").symlink_to("AB"[n % 2], target_is_directory=True)
        (base / "next").replace(base / "chains")

    turn(0)
    return turn


def rename(base: Path) -> Callable[[int], None]:
    fill(base / "chains", 100.0)

    def turn(n: int) -> None:
        fill(base / f"new{n}", 200.0 if n % 2 else 100.0)
        (base / "chains").rename(base / f"old{n}")
        (base / f"new{n}").rename(base / "chains")

    return turn


def replace_files(base: Path) -> Callable[[int], None]:
    fill(base / "chains", 100.0)

    def turn(n: int) -> None:
        made = fill(base / f"new{n}", 200.0 if n % 2 else 100.0)
        for name in ("AMD.csv", "underlyings.json"):
            (made / name).replace(base / "chains" / name)

    return turn


@pytest.mark.parametrize("kind", [turn_link, rename])
def test_folders_swapped_again_and_again_are_never_mixed_nor_half_read(
    tmp_path: Path, kind: Callable[[Path], Callable[[int], None]]
) -> None:
    fill(tmp_path / "A", 100.0), fill(tmp_path / "B", 200.0)
    turn = kind(tmp_path)
    files = ChainFiles(tmp_path / "chains", "2026-07-10")
    seen = set()
    done = threading.Event()

    def write() -> None:
        for n in range(1, TURNS + 1):
            turn(n)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while not done.is_set() or len(seen) == 0:
            try:
                chain = files.chain("AMD")
            except SourceUnavailable:  # said so, not served
                continue
            if chain is None:  # listed in the moment in which there was nothing
                continue
            assert len(chain) == ROWS
            assert {chain.spot} == set(chain.open_interest.tolist()) == {chain.strike[0]}
            seen.add(chain.spot)
    finally:
        writer.join()
    files = ChainFiles(tmp_path / "chains", "2026-07-10")
    turn(TURNS + 1)
    last = files.chain("AMD")
    assert last and last.spot == 200.0


@pytest.mark.parametrize("kind", [turn_link, rename, replace_files])
def test_a_swap_is_another_origin_and_the_figures_are_the_new_folders(
    tmp_path: Path, kind: Callable[[Path], Callable[[int], None]]
) -> None:
    fill(tmp_path / "A", 100.0), fill(tmp_path / "B", 200.0)
    turn = kind(tmp_path)
    clock = [0.0]
    files = ChainFiles(tmp_path / "chains", "2026-07-10", lambda: clock[0])
    first, chain = files.origin(), files.chain("AMD")
    assert chain and chain.spot == 100
    turn(1)
    assert files.origin() == first  # not looked at yet
    chain = files.chain("AMD")  # but never is the new figure of the old origin
    assert chain and chain.spot == 200
    assert files.origin() != first
    turn(2)
    clock[0] += LOOK_EVERY
    chain = files.chain("AMD")
    assert chain and chain.spot == 100


def test_a_file_that_changes_while_it_is_read_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fill(tmp_path / "chains", 100.0)
    whole = (folder / "AMD.csv").read_text()
    real, turns = folders.content_of, []

    def content_of(path: Path) -> bytes:
        if path.name == "AMD.csv":
            turns.append(1)
            if len(turns) <= 2:  # a writer begins, and ends
                path.write_text(whole[: len(whole) // 2 - 3] if len(turns) == 1 else whole)
        return real(path)

    monkeypatch.setattr(folders, "content_of", content_of)
    files = ChainFiles(folder, "2026-07-10")
    chain = files.chain("AMD")
    assert chain and len(chain) == ROWS
    assert len(turns) == 3


def test_a_folder_that_never_comes_to_rest_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fill(tmp_path / "chains", 100.0)
    turns = []

    def content_of(path: Path) -> bytes:
        turns.append(1)
        (folder / "AMD.csv").write_text("x" * len(turns))
        raise BadChain("half of it")

    monkeypatch.setattr(folders, "content_of", content_of)
    with pytest.raises(SourceUnavailable) as refusal:
        ChainFiles(folder, "2026-07-10").chain("AMD")
    assert refusal.value.sentence == 'The chain folder "chains" is changing. Recalculate when that is done.'


def test_figures_of_a_swapped_folder_through_the_source(tmp_path: Path) -> None:
    fill(tmp_path / "A", 100.0), fill(tmp_path / "B", 200.0)
    turn = turn_link(tmp_path)
    with ThreadPoolExecutor(1) as executor:
        settings = Settings(
            source="chain-files", chain_folder=str(tmp_path / "chains"), chain_as_of="2026-07-10"
        )
        source = make_source(settings, executor)
        for n, price in ((0, 100.0), (1, 200.0), (2, 100.0)):
            if n:
                turn(n)
            found = asyncio.run(source.fetch(("AMD",)))
            assert found.exposures["AMD"].underlying_price == price
