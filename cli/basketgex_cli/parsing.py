"""What is typed at a prompt, read; and what the server says to a spreadsheet, in the words of a terminal. Pure."""

from __future__ import annotations

import argparse
import math
import re
from functools import partial

from basketgex_addin.cells import Ask
from basketgex_server.domain import LEAST_PACE, LONGEST_PACE
from basketgex_server.errors import BadSettings, InvalidSymbol, WeightCountMismatch
from basketgex_server.shown import quoted
from basketgex_server.tickers import ticker

JSON = "JSON instead of text"
WEIGHTS = "one weight per ticker, comma-separated, on any scale; default: equal weights"
"""The help of options that many commands have."""
_PERSON = re.compile(r"[\w.@-]{1,64}")
_MOST_STEPS = 400
_EXPLICITLY = "ask with basketgex basket --refresh"
_ANEW = "run basketgex stop, then ask again"
_PHRASES = tuple(
    (re.compile(rf"\b{phrase}", re.IGNORECASE), instead)
    for phrase, instead in (
        (r"the sheet asks for more new names at once than", "more new names are asked for at once than"),
        (r"recalculate to ask for the rest\b", "ask for the rest with another command"),
        (r"refresh explicitly\b", _EXPLICITLY),
        (r"an explicit refresh may try\b", "basketgex basket --refresh may try"),
        (r"recalculate to start it again\b", "ask again to start it"),
        (r"recalculate (later )?to (?:ask|try) again\b", r"ask again \1"),
        (r"recalculat(?:e|ing asks again)\b", "ask again"),
        (r"shorten the range\b", "shorten the list"),
        (r"the add-in failed\b", "the command failed"),
        (
            r"that the add-in needs is missing, or too old: run basketgex install again\b",
            "is missing: install basketgex again",
        ),
        (r"server and add-in are\b", "server and command are"),
        (r"run basketgex install again\b", _ANEW),
        (r"run basketgex install, or basketgex serve\b", "run basketgex serve"),
        (
            r"say it with --as-of \(chain_as_of in config\.toml\)",
            "say it with basketgex source chain-files --as-of",
        ),
    )
)
"""What only a spreadsheet can do, and what a person at a prompt does instead."""


def tickers(text: str) -> tuple[str, ...]:
    """Return what stands between commas, trimmed. Raises BadSettings where spaces stand for commas.

    >>> tickers("nvda, AMD US Equity,")
    ('nvda', 'AMD US Equity')
    """
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    for name in names:
        words = name.split()
        if len(words) > 1 and not _is_ticker(name) and all(map(_is_ticker, words)):
            raise BadSettings(
                f"{quoted(name)} is not one ticker: write commas between them, {','.join(words[:5])}."
            )
    return names


def weights_of(text: str | None) -> tuple[float, ...] | None:
    """Return the numbers between commas, None for none. Raises BadSettings where one is no number."""
    if text is None:
        return None
    try:
        return tuple(float(w) for w in text.split(","))
    except ValueError as error:
        raise BadSettings("--weights must be numbers, comma-separated.") from error


def ask_of(symbols: str, weights: str | None) -> Ask:
    """Return the basket that was typed. Raises BadSettings, WeightCountMismatch."""
    names, shares = tickers(symbols), weights_of(weights)
    if shares is not None and len(shares) != len(names):
        raise WeightCountMismatch(len(names), len(shares))
    return Ask(names, shares)


def steps_of(text: str, option: str) -> tuple[float, ...]:
    """Return the numbers of a range such as -5:5:1, both ends among them, or those between commas. Raises BadSettings.

    >>> steps_of("-1:1:0.5", "--moves"), steps_of("-5,2", "--moves")
    ((-1.0, -0.5, 0.0, 0.5, 1.0), (-5.0, 2.0))
    """
    try:
        if ":" not in text:
            return tuple(_finite(part) for part in text.split(","))
        low, high, step = map(_finite, text.split(":"))
    except ValueError:
        low, high, step = 0.0, 0.0, 0.0
    count = (high - low) / step if step > 0 else -1.0
    if not 0 <= count <= _MOST_STEPS:
        raise BadSettings(
            f"{option} is {quoted(text)}: write it like {option}=-5:5:1, from, to and step, or {option}=-5,-2,2."
        )
    return tuple(low + i * step for i in range(math.floor(count + 1e-9) + 1))


def _finite(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        raise ValueError(text)
    return found


def profile_range(text: str) -> tuple[float, float, int]:
    """Return a range such as 0.8:1.2:60, which is also that of 0.8:1.2. Raises BadSettings.

    >>> profile_range("0.9:1.1:41")
    (0.9, 1.1, 41)
    """
    try:
        low, high, *count = text.split(":")
        found = float(low), float(high), int(count[0]) if count else 60
    except ValueError:
        found = (0.0, 0.0, 0)
    if text.count(":") > 2 or not (0 < found[0] < found[1] <= 10 and 2 <= found[2] <= 2_000):
        raise BadSettings(
            f"--profile is {quoted(text)}: write it like 0.8:1.2:60, two prices in units of spot and 2 to 2,000 levels."
        )
    return found


def pace_of(text: str) -> float:
    """Return the seconds between two looks. Raises ArgumentTypeError."""
    try:
        pace = float(text)
    except ValueError:
        pace = 0.0
    if not LEAST_PACE <= pace <= LONGEST_PACE:
        raise argparse.ArgumentTypeError(
            f"{text} is not a number of seconds from {LEAST_PACE:g} to {LONGEST_PACE:,g}"
        )
    return pace


def in_a_terminal(sentence: str) -> str:
    """Return a sentence that is written for a spreadsheet, for a person at a prompt.

    >>> in_a_terminal("Cboe cannot be reached: check the network, then recalculate.")
    'Cboe cannot be reached: check the network, then ask again.'
    >>> in_a_terminal("It broke off. Recalculate later to ask again.")
    'It broke off. Ask again later.'
    """
    for phrase, instead in _PHRASES:
        sentence = phrase.sub(partial(_in_place, instead), sentence)
    return sentence


def _in_place(instead: str, found: re.Match[str]) -> str:
    """Return what stands instead of a phrase, with a capital where that had one."""
    text = found.expand(instead).rstrip()
    return text[0].upper() + text[1:] if found.group()[0].isupper() else text


def _is_ticker(text: str) -> bool:
    try:
        ticker(text)
    except InvalidSymbol:
        return False
    return True


def person_name(text: str) -> str:
    """Return the name of one of a desk's people as the ledger has it. Raises BadSettings."""
    if not _PERSON.fullmatch(text):
        raise BadSettings(
            f"{quoted(text)} is no name: take up to 64 letters, digits and . _ @ -, such as ann."
        )
    return text.lower()
