"""``basketgex watch``: baskets as they change, as a live table or a line a change, and when their regime flipped."""

from __future__ import annotations

import json
import queue
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from basketgex.local import Home
from basketgex_addin.cells import Ask, Problem, Reply, Since
from basketgex_addin.client.watcher import Watcher
from basketgex_server.cli_ask import amount, client_of, in_words, iso, moment, regime_words, said
from basketgex_server.cli_words import in_a_terminal, tickers
from basketgex_server.domain import regime
from basketgex_server.errors import BadSettings

RECONNECTING = "reconnecting"
ZONE = " New York"
HEADINGS = ("basket", "regime", f"since,{ZONE}", "GEX", "net÷gross", "coverage", f"as of,{ZONE}", "freshness")
LEAVING = 2.0
"""Seconds that ending may take."""
FLIPS = 8
"""The flips that stay below the table, the newest last."""
_HOME, _CLEAR_LINE, _CLEAR_BELOW = "\x1b[H", "\x1b[K", "\x1b[J"
_CLEAR, _HIDE, _SHOW = "\x1b[2J", "\x1b[?25l", "\x1b[?25h"


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a basket."""

    answer: Reply | Problem
    since: Since | None


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
        at = f" at {moment(self.at)}" if self.at else ""
        before = f" since {moment(self.before)}" if self.before else ""
        kind = "SYNTHETIC: " if self.synthetic else ""
        return f"{kind}{self.name} flipped to {in_words(self.regime)}{at} (was {in_words(self.previous)}{before})"


def watch(home: Home, baskets: Sequence[str], *, pace: float, as_json: bool) -> None:
    """Show baskets as they change until interrupted. Raises what stands in the way of asking at all."""
    asks = parsed(baskets)
    names = {ask: name for name, ask in asks.items()}
    events: queue.SimpleQueue[frozenset[Ask] | Problem] = queue.SimpleQueue()
    client = client_of(home)
    watcher = client.watch(events.put, pace=pace, lost=events.put)
    shown = _Json() if as_json else _Screen() if sys.stdout.isatty() else _Lines(list(asks))
    known: dict[str, Seen] = {}
    try:
        with shown:
            for ask in names:
                watcher.want(ask)
            while True:
                event = _next(events)
                if isinstance(event, Problem):
                    shown.lost()
                    continue
                changed, flips = _taken(event, names, watcher, known)
                ordered = {name: known[name] for name in asks if name in known}
                shown.show(ordered, changed, flips)
    except KeyboardInterrupt:  # that is how it ends
        return
    finally:
        watcher.close()
        watcher.join(LEAVING)
        client.close()


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


def flip(name: str, before: Seen | None, now: Seen) -> Flip | None:
    """Return the flip between two looks at a basket; None where there was none.

    The server knows when it was, even where it was not watched then. A history that begins later than before, since a
    constituent came in that had no figures, is none.
    """
    old, new = before.since if before else None, now.since
    synthetic = isinstance(now.answer, Reply) and now.answer.synthetic
    if old is None or new is None or not old.regime or not new.regime:
        return None
    if new.since and new.since != old.since and new.since > old.known_from:
        known = old.since or old.known_from if old.regime == new.previous else 0.0
        return Flip(name, new.regime, new.since, new.previous, known, synthetic)
    if new.regime != old.regime:
        return Flip(name, new.regime, new.since, old.regime, old.since or old.known_from, synthetic)
    return None


def _next(events: queue.SimpleQueue[frozenset[Ask] | Problem]) -> frozenset[Ask] | Problem:
    while True:
        with suppress(queue.Empty):
            return events.get(timeout=1.0)  # without it, Ctrl-C would go unheard on Windows


def _taken(
    event: frozenset[Ask], names: Mapping[Ask, str], watcher: Watcher, known: dict[str, Seen]
) -> tuple[list[str], list[Flip]]:
    """Take over what changed; return its names and the flips. Raises what was wrong with the question."""
    changed: list[str] = []
    flips: list[Flip] = []
    for ask, name in names.items():
        if ask not in event or (answer := watcher.latest(ask)) is None:
            continue
        if isinstance(answer, Problem) and answer.bad_input:
            said(answer)
        before = known.get(name)
        since = watcher.since(ask)
        if since is not None and not since.regime and before is not None:
            since = before.since  # nothing to be said of it now is no other regime
        now = Seen(answer, since)
        if now == before:
            continue
        known[name] = now
        changed.append(name)
        if (found := flip(name, before, now)) is not None:
            flips.append(found)
    return changed, flips


class _Shown:
    """Where it is shown. ``with`` it: whatever it did to the terminal is undone."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """End."""

    def show(self, known: Mapping[str, Seen], changed: Sequence[str], flips: Sequence[Flip]) -> None:
        """Show what is known; ``changed`` names what is not as it was."""
        raise NotImplementedError

    def lost(self) -> None:
        """Say that the server is gone and is being sought."""
        print(RECONNECTING, file=sys.stderr, flush=True)


class _Json(_Shown):
    """One object a line: the basket that changed, and what it flipped from where it did."""

    def show(self, known: Mapping[str, Seen], changed: Sequence[str], flips: Sequence[Flip]) -> None:
        flipped = {found.name: found for found in flips}
        for name in changed:
            print(json.dumps(_object(name, known[name], flipped.get(name))), flush=True)


class _Lines(_Shown):
    """The table once, when all of it is known, then a line a change."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._begun = False

    def show(self, known: Mapping[str, Seen], changed: Sequence[str], flips: Sequence[Flip]) -> None:
        rows = {name: _cells(name, seen) for name, seen in known.items()}
        if self._begun:
            lines = _aligned([rows[name] for name in changed])
        elif len(known) == len(self._names):
            self._begun, lines = True, _aligned([HEADINGS, *rows.values()])
        else:
            lines = []
        print("".join(line + "\n" for line in (*lines, *(found.sentence() for found in flips))), end="")
        sys.stdout.flush()


class _Screen(_Shown):
    """A table that is drawn in place."""

    def __init__(self) -> None:
        self._lines: list[str] = ["waiting for the server"]
        self._flips: list[str] = []
        self._lost = False

    def __enter__(self) -> None:
        """Take the screen."""
        sys.stdout.write(_HIDE + _CLEAR)
        self._draw()

    def __exit__(self, *_: object) -> None:
        """Give it back, with the last table on it."""
        sys.stdout.write(_SHOW)
        sys.stdout.flush()

    def show(self, known: Mapping[str, Seen], changed: Sequence[str], flips: Sequence[Flip]) -> None:
        self._lost = False
        self._lines = _aligned([HEADINGS, *(_cells(name, seen) for name, seen in known.items())])
        self._flips = [*self._flips, *(found.sentence() for found in flips)][-FLIPS:]
        self._draw()

    def lost(self) -> None:
        self._lost = True
        self._draw()

    def _draw(self) -> None:
        width = shutil.get_terminal_size().columns
        lines = [*self._lines, *([""] if self._flips else []), *self._flips]
        lines += ["", RECONNECTING if self._lost else "Ctrl-C ends."]
        drawn = "".join(line[:width] + _CLEAR_LINE + "\n" for line in lines)
        sys.stdout.write(_HOME + drawn + _CLEAR_BELOW)
        sys.stdout.flush()


def _cells(name: str, seen: Seen) -> tuple[str, ...]:
    """Return one row of the table."""
    answer, since = seen.answer, seen.since
    if isinstance(answer, Problem):
        return (name, in_a_terminal(answer.sentence))
    when = ""
    if since is not None and since.regime:
        when = _short(since.since) if since.since else f"before {_short(since.known_from)}"
    lacking = "" if not answer.missing else f" (no data: {', '.join(answer.missing)})"
    return (
        name,
        regime_words(answer.gex),
        when,
        amount(answer.gex),
        f"{answer.net_to_gross:+.2f}",
        f"{answer.covered_weight:.1%}",
        _short(answer.as_of),
        ("SYNTHETIC, " if answer.synthetic else "") + answer.freshness.lower() + lacking,
    )


def _short(at: float) -> str:
    return moment(at).removesuffix(ZONE)


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    whole = [row for row in rows if len(row) == len(HEADINGS)]
    widths = [max([len(HEADINGS[i]), *(len(row[i]) for row in whole)]) for i in range(len(HEADINGS))]
    widths[0] = max([widths[0], *(len(row[0]) for row in rows)])
    right = {HEADINGS.index(name) for name in ("GEX", "net÷gross", "coverage")}
    return [
        "  ".join(
            cell.rjust(widths[i]) if i in right and len(row) > 2 else cell.ljust(widths[i])
            for i, cell in enumerate(row)
        ).rstrip()
        for row in rows
    ]


def _object(name: str, seen: Seen, flipped: Flip | None) -> dict[str, Any]:
    answer, since = seen.answer, seen.since
    if isinstance(answer, Problem):
        return {"basket": name, "problem": {"code": answer.code, "sentence": in_a_terminal(answer.sentence)}}
    return {
        "basket": name,
        "regime": regime(answer.gex),
        "since": iso(since.since) if since and since.since else None,
        "previous_regime": (since.previous if since else "") or None,
        "known_from": iso(since.known_from) if since and since.known_from else None,
        "flipped": flipped is not None,
        "flipped_from": flipped.previous if flipped else None,
        **{f"net_{m}": getattr(answer, m) for m in ("gex", "dex", "vex", "chex")},
        "net_to_gross": answer.net_to_gross,
        "covered_weight": answer.covered_weight,
        "missing_symbols": list(answer.missing),
        "as_of": iso(answer.as_of),
        "freshness": answer.freshness.lower(),
        "source": answer.source,
        "synthetic": answer.synthetic,
        "notice": in_a_terminal(answer.notice),
    }
