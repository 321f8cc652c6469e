"""In place of a source whose settings cannot be used: every question is answered with what is wrong with them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NoReturn

from basketgex_server.domain import Basket, Origin
from basketgex_server.errors import BadSettings


class Unusable:
    """A ChainSource that has nothing but the sentence that says why: no figure of another source stands in."""

    symbols_per_call = 0
    metered = False
    has_strikes = True
    delay = 0.0
    quota = None

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence

    def __repr__(self) -> str:
        return f"Unusable({self._sentence!r})"

    def origin(self) -> Origin:
        """Return an origin that no figure has."""
        digest = hashlib.blake2b(self._sentence.encode(), digest_size=8).hexdigest()
        return Origin("none", "no source, since the settings cannot be used", location=digest)

    def prepare(self) -> None:
        """There is nothing to load."""

    async def fetch(self, symbols: tuple[str, ...]) -> NoReturn:
        """Raise BadSettings."""
        self._refuse()

    async def levels(self, symbol: str) -> NoReturn:
        """Raise BadSettings."""
        self._refuse()

    async def profile(self, basket: Basket, moves: Sequence[float], measures: Sequence[int]) -> NoReturn:
        """Raise BadSettings."""
        self._refuse()

    async def dispersion(self, index: str, members: Basket, horizon_days: float) -> NoReturn:
        """Raise BadSettings."""
        self._refuse()

    async def together(self, symbols: Sequence[str], work: object) -> NoReturn:
        """Raise BadSettings."""
        self._refuse()

    async def read(self, symbol: str, work: object) -> NoReturn:
        """Raise BadSettings."""
        self._refuse()

    async def account(self) -> None:
        """There is none to ask."""

    async def close(self) -> None:
        """Nothing is held."""

    def _refuse(self) -> NoReturn:
        raise BadSettings(self._sentence)
