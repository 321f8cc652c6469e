"""What a person watches, and what counts as a change of it. Pure: a command and what it remembers must agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from basketgex_addin.cells import LEVELS, Ask, Problem, Reply, Since
from basketgex_cli.parsing import tickers
from basketgex_cli.render import in_words, iso, new_york_text
from basketgex_server.errors import BadSettings

BAND = 0.0005
"""A price within this part of a level, 0.05 %, is on neither side: else one that dances on it would cross it every minute."""
ABOVE, BELOW = "above", "below"
FLIP = "gamma_flip"
CROSSED = (FLIP, "call_wall", "put_wall")
"""The levels whose crossing is told."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a basket; ``origin``: where its latest figures came from."""

    answer: Reply | Problem
    since: Since | None
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Flip:
    """A change of regime: ``at`` and ``before`` (since when the other was) are Unix seconds, 0 where unknown."""

    name: str
    regime: str
    at: float
    previous: str
    before: float
    synthetic: bool = False

    def sentence(self) -> str:
        """Return it for a person."""
        at = f" at {new_york_text(self.at)}" if self.at else ""
        before = f" since {new_york_text(self.before)}" if self.before else ""
        text = f"{self.name} flipped to {in_words(self.regime)}{at} (was {in_words(self.previous)}{before})"
        return _marked(text, self.synthetic)

    def facts(self) -> dict[str, str]:
        """Return it for a program, by name."""
        at = {"AT": iso(self.at)} if self.at else {}
        return {"KIND": "flip", "NAME": self.name, "REGIME": self.regime, "PREVIOUS": self.previous, **at}


@dataclass(frozen=True, slots=True)
class Crossing:
    """A price that went through a level of its name: prices in USD, ``at`` in Unix seconds, the price's own moment.

    ``doubts``: what there is against a gamma flip, as ``doubts_in_words`` has it.
    """

    name: str
    level: str
    side: str
    price: float
    level_price: float
    at: float
    synthetic: bool = False
    doubts: str = ""

    def sentence(self) -> str:
        """Return it for a person."""
        doubted = self.level == FLIP and self.doubts not in ("", "available")
        doubts = f" ({self.doubts})" if doubted else ""
        text = (
            f"{self.name} went {self.side} its {LEVELS[self.level]} {self.level_price:,.2f}{doubts}: "
            f"{self.price:,.2f} at {new_york_text(self.at)}"
        )
        return _marked(text, self.synthetic)

    def facts(self) -> dict[str, str]:
        """Return it for a program, by name."""
        prices = {"PRICE": repr(self.price), "LEVEL_PRICE": repr(self.level_price)}
        said = {
            "KIND": "level",
            "NAME": self.name,
            "LEVEL": self.level,
            "SIDE": self.side,
            "AT": iso(self.at),
        }
        return said | prices | ({"DOUBTS": self.doubts} if self.level == FLIP else {})


class Place(NamedTuple):
    """Where a price was last seen: the price, the level then, and the side of it, "" where that is not known."""

    price: float
    level: float
    side: str


def parsed(baskets: Sequence[str]) -> dict[str, Ask]:
    """Return baskets by name. Raises BadSettings.

    >>> parsed(["banks=JPM,BAC", "NVDA:2,AMD:1"])["NVDA:2,AMD:1"]
    Ask(symbols=('NVDA', 'AMD'), weights=(2.0, 1.0))
    """
    found: dict[str, Ask] = {}
    for text in baskets:
        name, _, members = text.rpartition("=")
        pairs = [part.partition(":") for part in tickers(members)]
        name = name.strip() or members.strip()
        if not pairs:
            raise BadSettings(f"{name or text} has no symbols: write name=NVDA,AMD.")
        if name in found:
            raise BadSettings(f"{name} is there twice: give each basket a name of its own.")
        given = [weight for _, colon, weight in pairs if colon]
        if given and len(given) != len(pairs):
            raise BadSettings(f"{name} has weights for some of its symbols: write NVDA:2,AMD:1, or none.")
        try:
            weights = tuple(float(weight) for weight in given) or None
        except ValueError as error:
            raise BadSettings(f"{name} has a weight that is no number: write NVDA:2,AMD:1.") from error
        ask = Ask(tuple(symbol.strip() for symbol, _, _ in pairs), weights)
        if ask in found.values():
            raise BadSettings(f"{name} is a basket that is there already: write it once.")
        found[name] = ask
    return found


def origin_of(answer: Reply | Problem) -> str:
    """Return what tells figures of one origin from those of another, "" where there are none."""
    return "" if isinstance(answer, Problem) else f"{answer.source}; {answer.convention}"


def flip(name: str, before: Seen | None, now: Seen) -> Flip | None:
    """Return the flip between two looks at a basket; None where there was none.

    The server knows when it was, even where it was not watched then. A history that begins later than before, since a
    constituent came in that had no figures, is none; nor are figures of another origin.
    """
    old, new = before.since if before else None, now.since
    if before is None or old is None or new is None or not old.regime or not new.regime:
        return None
    if before.origin and now.origin and before.origin != now.origin:
        return None
    synthetic = isinstance(now.answer, Reply) and now.answer.synthetic
    if new.regime != old.regime:
        at, known = new.since if new.since > old.known_from else 0.0, old.since or old.known_from
        return Flip(name, new.regime, at, old.regime, known, synthetic)
    if new.since > max(old.since, old.known_from):  # there and back
        return Flip(name, new.regime, new.since, new.previous, 0.0, synthetic)
    return None


def crossed(before: Place | None, price: float, level: float) -> tuple[Place, bool]:
    """Return where a price is now, and whether it went through the level since the look before.

    A level that moved, over the price or away, is not crossed by that: the former price is set beside the present level.

    >>> crossed(Place(99.0, 100.0, "below"), 101.0, 100.0)
    (Place(price=101.0, level=100.0, side='above'), True)
    """
    held = ""
    if before is not None:
        held = before.side if before.level == level else side(before.price, level)
    now = side(price, level) or held
    return Place(price, level, now), bool(held and now != held)


def side(price: float, level: float) -> str:
    """Return the side of a level that a price is on, "" where it is as good as there."""
    if abs(price - level) <= BAND * level:
        return ""
    return ABOVE if price > level else BELOW


def _marked(text: str, synthetic: bool) -> str:
    return f"SYNTHETIC: {text}" if synthetic else text
