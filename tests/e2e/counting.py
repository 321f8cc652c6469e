"""A server that tells of every source call, as the source itself sees it, and whose source may wait behind a gate.

``python counting.py CALLS [GATE]`` serves the home of the environment with its settings. Every call appends a line with
its symbols to the file CALLS; GATE is a named pipe: a call waits while nobody has opened it for writing.
"""

from __future__ import annotations

import asyncio
import os
import sys
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Self

from basketgex.home import Home, default_home
from basketgex_server.domain import Fetched, Origin
from basketgex_server.lifecycle import announce, log_to, serve
from basketgex_server.settings import Settings, load
from basketgex_server.sources.factory import make_source


class Calls:
    """The calls that the servers of one home have made, and the command that starts such a server."""

    def __init__(self, folder: Path, gate: Gate | None = None) -> None:
        self.path = folder / "calls"
        self.path.touch()
        gates = (str(gate.path),) if gate else ()
        self.command = (sys.executable, "-W", "error", __file__, str(self.path), *gates)

    def __len__(self) -> int:
        return len(self.symbols())

    def symbols(self) -> list[list[str]]:
        """The symbols of each call."""
        return [line.split() for line in self.path.read_text("utf-8").splitlines()]

    def distinct(self) -> set[str]:
        """Every symbol that was asked for; none of them twice."""
        asked = [symbol for call in self.symbols() for symbol in call]
        assert len(set(asked)) == len(asked), f"a symbol was fetched twice: {self.symbols()}"
        return set(asked)


class Gate:
    """Shut until opened, at the latest when its block ends; ``close`` when no server is left."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "gate"
        os.mkfifo(self.path)
        self._held: int | None = None

    def open(self) -> None:
        """Let every call pass, now and later."""
        if self._held is None:
            self._held = os.open(self.path, os.O_RDWR)  # this end alone would block until there is a reader

    def close(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.open()


class Counting:
    """An exposure source that writes down each call before it makes it."""

    def __init__(self, source: Any, calls: Path, gate: Path | None) -> None:
        self._source, self._calls, self._gate = source, calls, gate
        self.symbols_per_call: int = source.symbols_per_call
        self.metered: bool = source.metered
        self.has_strikes: bool = source.has_strikes
        self.delay: float = source.delay

    def origin(self) -> Origin:
        origin: Origin = self._source.origin()
        return origin

    def prepare(self) -> object:
        return self._source.prepare()

    async def fetch(self, symbols: tuple[str, ...]) -> Fetched:
        with self._calls.open("a", encoding="utf-8") as file:
            file.write(" ".join(symbols) + "\n")
        if self._gate is not None:
            await asyncio.to_thread(_pass, self._gate)
        fetched: Fetched = await self._source.fetch(symbols)
        return fetched

    @property
    def quota(self) -> Any:
        return self._source.quota

    async def account(self) -> Any:
        return await self._source.account()

    async def levels(self, symbol: str) -> Any:
        return await self._source.levels(symbol)

    async def close(self) -> None:
        await self._source.close()


def _pass(gate: Path) -> None:
    os.close(os.open(gate, os.O_RDONLY))


def _main(calls: str, gate: str = "") -> None:
    home = Home(default_home().absolute())
    home.create()
    log_to(home.log_file)

    def source(settings: Settings, executor: Executor) -> Counting:
        return Counting(make_source(settings, executor), Path(calls), Path(gate) if gate else None)

    serve(home, load(home.config_file), source, announce)


if __name__ == "__main__":
    _main(*sys.argv[1:])
