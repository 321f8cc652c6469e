"""How ``basketgex watch`` shows baskets: a table that is drawn in place, lines in a pipe, or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from basketgex_addin.cells import Problem
from basketgex_addin.client.problems import TIMED_OUT
from basketgex_cli.parsing import in_a_terminal
from basketgex_cli.render import amount, iso, new_york_text, regime_json, regime_words
from basketgex_cli.terminal import Column, Screen
from basketgex_cli.watch.changes import Crossing, Flip, Seen

RECONNECTING = "reconnecting"
WAITING = "waiting for the source"
ZONE = " New York"
HEADINGS = ("basket", "regime", f"since,{ZONE}", "GEX", "net÷gross", "coverage", f"as of,{ZONE}", "freshness")
RIGHT = ("GEX", "net÷gross", "coverage")
FLIPS = 8
"""What stays below the table: flips, crossings and what went wrong, the newest last."""


class Shown:
    """Where it is shown. ``with`` it: whatever it did to the terminal is undone."""

    draws = False
    """Whether it draws on the terminal, so that nobody else may write there."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """End."""

    def show(self, known: Mapping[str, Seen], changed: Sequence[str], flips: Sequence[Flip]) -> None:
        """Show what is known; ``changed`` names what is not as it was."""
        raise NotImplementedError

    def crossed(self, crossing: Crossing) -> None:
        """Show a price that went through a level."""
        print(crossing.sentence(), flush=True)

    def lost(self) -> None:
        """Say that the server is gone and is being sought."""
        print(RECONNECTING, file=sys.stderr, flush=True)

    def say(self, sentence: str) -> None:
        """Say what went wrong beside the figures."""
        print(f"basketgex: {in_a_terminal(sentence)}", file=sys.stderr, flush=True)


class _Json(Shown):
    """One object a line: the basket that changed, and what it flipped from where it did."""

    def show(self, known: Mapping[str, Seen], changed: Sequence[str], flips: Sequence[Flip]) -> None:
        flipped = {found.name: found for found in flips}
        for name in changed:
            print(json.dumps(_object(name, known[name], flipped.get(name))), flush=True)

    def crossed(self, crossing: Crossing) -> None:
        shown = asdict(crossing)
        print(json.dumps({"symbol": shown.pop("name"), **shown, "at": iso(crossing.at)}), flush=True)


class _Lines(Shown):
    """The table once, when all of it is known, then one line per change."""

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


class _Screen(Shown):
    """A table that is drawn in place."""

    draws = True

    def __init__(self) -> None:
        self._screen = Screen()
        self._rows: list[tuple[str, ...]] = []
        self._notes: list[str] = []
        self._below = "waiting for the server"

    def __enter__(self) -> None:
        """Begin below what is on the terminal."""
        self._screen.__enter__()
        self._draw()

    def __exit__(self, *_: object) -> None:
        """Leave the last table on it."""
        self._screen.__exit__()

    def show(self, known: Mapping[str, Seen], changed: Sequence[str], flips: Sequence[Flip]) -> None:
        self._below = "Ctrl-C ends."
        self._rows = [_cells(name, seen) for name, seen in known.items()]
        self._note(*(found.sentence() for found in flips))

    def crossed(self, crossing: Crossing) -> None:
        self._note(crossing.sentence())

    def say(self, sentence: str) -> None:
        self._note(in_a_terminal(sentence))

    def lost(self) -> None:
        self._below = RECONNECTING
        self._draw()

    def _note(self, *sentences: str) -> None:
        self._notes = [*self._notes, *sentences][-FLIPS:]
        self._draw()

    def _draw(self) -> None:
        columns = [Column(name, left=name not in RIGHT) for name in HEADINGS]
        # What is said instead of figures would widen a column of them.
        said = [": ".join(row) for row in self._rows if len(row) < len(HEADINGS)]
        rows = [row if len(row) == len(HEADINGS) else row[:1] for row in self._rows]
        notes = [*said, *self._notes]
        self._screen.draw(columns, rows, [*notes, *([""] if notes else []), self._below])


def view(names: Sequence[str], *, as_json: bool, once: bool) -> Shown:
    """Return where baskets are shown: drawn in place on a terminal, unless they are shown once."""
    if as_json:
        return _Json()
    return _Screen() if sys.stdout.isatty() and not once else _Lines(names)


def _cells(name: str, seen: Seen) -> tuple[str, ...]:
    """Return one row of the table."""
    answer, since = seen.answer, seen.since
    if isinstance(answer, Problem):
        waits = answer.code == TIMED_OUT.code  # a watch goes on asking
        return (name, WAITING if waits else in_a_terminal(answer.sentence))
    when = ""
    if since is not None and since.regime:
        when = _short(since.since) if since.since else f"before {_short(since.known_from)}"
    lacking = "" if not answer.missing else f" (no data: {', '.join(answer.missing)})"
    return (
        name,
        regime_words(answer.gex, answer.near_flip),
        when,
        amount(answer.gex),
        f"{answer.net_to_gross:+.2f}",
        f"{answer.covered_weight:.1%}",
        _short(answer.as_of),
        ("SYNTHETIC, " if answer.synthetic else "") + answer.freshness.lower() + lacking,
    )


def _short(at: float) -> str:
    return new_york_text(at).removesuffix(ZONE)


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    whole = [row for row in rows if len(row) == len(HEADINGS)]
    widths = [max([len(HEADINGS[i]), *(len(row[i]) for row in whole)]) for i in range(len(HEADINGS))]
    widths[0] = max([widths[0], *(len(row[0]) for row in rows)])
    right = {HEADINGS.index(name) for name in RIGHT}
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
        **regime_json(answer),
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
