"""``basketgex watch``: baskets as they change, and who is told when their regime flips or a price goes through a level."""

from __future__ import annotations

import argparse
import queue
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event as Flag
from typing import TypeVar

from basketgex.home import Home
from basketgex_addin.cells import Ask, Problem, RegimesOf, Reply, Since
from basketgex_addin.client import BasketClient
from basketgex_addin.client.watcher import Watcher
from basketgex_cli.context import client_of, unwrap
from basketgex_cli.parsing import pace_of
from basketgex_cli.waiting import waited
from basketgex_cli.watch.alerts import Found, Told
from basketgex_cli.watch.changes import Crossing, Flip, Seen, flip, origin_of, parsed
from basketgex_cli.watch.levels import Levels, LevelThread
from basketgex_cli.watch.notify import Tell, Teller, by, desktop
from basketgex_cli.watch.views import Shown, view
from basketgex_server.command_line import Commands, add_command
from basketgex_server.domain import LEAST_PACE, LONGEST_PACE
from basketgex_server.errors import BasketgexError

HAPPENED = 3
"""The exit code of a single look that found a flip or a crossing."""
LEAVING = 2.0
"""Seconds that ending may take."""
SETTLING, EVERY = 10.0, 0.5
"""Seconds that a single look waits for figures that are being refreshed, and between two questions for them."""
Event = TypeVar("Event", Flip, Crossing)
Change = frozenset[Ask] | Problem | Found | BasketgexError | str
"""What a watch hears: baskets that changed, a lost server, a crossing, what ends it, and what is to be said."""
EXAMPLES = (
    "basketgex watch semis=NVDA,AMD,AVGO banks=JPM,BAC,C",
    "basketgex watch semis=NVDA:2,AMD:1 --pace 5 --json",
    "basketgex watch semis=NVDA,AMD --on-flip 'echo \"$ALERT_SENTENCE\" >> flips.txt' --notify",
    "basketgex watch semis=NVDA,AMD SPX --once --on-level",
)


def add_parser(commands: Commands) -> None:
    """Add the command and its options."""
    watch = add_command(
        commands, "watch", "baskets as they change, and when their regime flipped", EXAMPLES, _run
    )
    watch.add_argument(
        "baskets", nargs="+", metavar="NAME=SYMBOLS", help="semis=NVDA,AMD or semis=NVDA:2,AMD:1"
    )
    watch.add_argument(
        "--pace",
        type=pace_of,
        default=2.0,
        metavar="SECONDS",
        help=f"between two looks, {LEAST_PACE:g} to {LONGEST_PACE:,g}; 2 if not given",
    )
    watch.add_argument(
        "--on-flip",
        metavar="COMMAND",
        help="run this in a shell at every flip; ALERT_SENTENCE and other variables tell it what happened",
    )
    watch.add_argument(
        "--on-level",
        nargs="?",
        const="",
        metavar="COMMAND",
        help="also look for prices that go through gamma flip, call wall or put wall, and run this then; levels take "
        "source calls, of a metered source one per name every 15 minutes",
    )
    watch.add_argument("--notify", action="store_true", help="show a desktop notification as well")
    watch.add_argument(
        "--once",
        action="store_true",
        help="look once and end: with 3 where something flipped or was crossed since the last look, with 0 where not",
    )
    watch.add_argument("--json", action="store_true", help="one JSON object per change, one per line")


def _run(home: Home, chosen: argparse.Namespace) -> int:
    wanted = Wanted(chosen.on_flip, chosen.on_level, chosen.notify, chosen.once)
    return watch(home, chosen.baskets, wanted, pace=chosen.pace, as_json=chosen.json)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is to be told: a command of flips, one of crossed levels ("": nobody, but look at them), the desktop.

    ``once``: look a single time.
    """

    on_flip: str | None = None
    on_level: str | None = None
    notify: bool = False
    once: bool = False


@dataclass(slots=True)
class _Alerts:
    """What was told, and the ways to tell, by channel; ``happened`` is what was told by this command."""

    flips: Told
    levels: Told
    ways: Mapping[str, Tell]
    teller: Teller
    happened: list[Flip | Crossing] = field(default_factory=list)

    def flip(self, name: str, ask: Ask, now: Seen) -> Flip | None:
        """Look at a basket; return its flip, which is told where it was not yet."""
        found, due = self.flips.flip(name, ask, now)
        facts = {}
        if isinstance(now.answer, Reply):
            facts = {"NET_GEX": repr(now.answer.gex), "NET_TO_GROSS": repr(now.answer.net_to_gross)}
        return found if found is None else self._told(found, due, facts)

    def crossing(self, found: Found) -> Crossing:
        """Return a crossing, which is told where it was not yet."""
        return self._told(*found, {})

    def _told(self, found: Event, due: set[str], facts: Mapping[str, str]) -> Event:
        if due:
            self.happened.append(found)
            facts = {**facts, **found.facts(), "SYNTHETIC": "1" if found.synthetic else ""}
            self.teller.tell([self.ways[channel] for channel in sorted(due)], found.sentence(), facts)
        return found


def watch(home: Home, baskets: Sequence[str], wanted: Wanted, *, pace: float, as_json: bool) -> int:
    """Show baskets as they change until interrupted, or once; return the exit code.

    That is 0, and after a single look HAPPENED where something flipped or was crossed that was not told before, else 1 where a
    basket has no figures. Raises what stands in the way of asking at all.
    """
    asks = parsed(baskets)
    shown = view(list(asks), as_json=as_json, once=wanted.once)
    if wanted.once:
        return _once(home, asks, wanted, shown)
    _watch(home, asks, wanted, pace, shown)
    return 0


def _watch(home: Home, asks: Mapping[str, Ask], wanted: Wanted, pace: float, shown: Shown) -> None:
    names = {ask: name for name, ask in asks.items()}
    events: queue.SimpleQueue[Change] = queue.SimpleQueue()
    alerts = _alerts(home, wanted, events.put, quiet=shown.draws)
    client = client_of(home)
    watcher = client.watch(events.put, pace=pace, lost=events.put)
    levels = None
    if alerts is not None and wanted.on_level is not None:
        levels = LevelThread(Levels(client, alerts.levels, events.put), events.put)
    known: dict[str, Seen] = {}
    try:
        with shown:
            for ask in names:
                watcher.want(ask)
            while True:
                event = _next(events)
                if isinstance(event, BasketgexError):
                    raise event
                if isinstance(event, Problem):
                    shown.lost()
                elif isinstance(event, str):
                    shown.say(event)
                elif isinstance(event, tuple):
                    shown.crossed(alerts.crossing(event) if alerts is not None else event[0])
                else:
                    changed, flips = _taken(event, names, watcher, known, alerts)
                    shown.show({name: known[name] for name in asks if name in known}, changed, flips)
                    if levels is not None:
                        levels.look([known[name].answer for name in changed])
    except KeyboardInterrupt:  # that is how it ends
        return
    finally:
        watcher.close()
        if levels is not None:
            levels.end()
        if alerts is not None:
            alerts.teller.close(LEAVING)
        watcher.join(LEAVING)
        client.close()  # which ends a question for levels
        if levels is not None:
            levels.join(LEAVING)


def _once(home: Home, asks: Mapping[str, Ask], wanted: Wanted, shown: Shown) -> int:
    alerts = _alerts(home, wanted, shown.say, quiet=False)
    assert alerts is not None  # noqa: S101 - a single look is told to whoever reads the exit code

    def look(client: BasketClient) -> tuple[list[Seen], list[Found]]:
        seen = _settled(client, list(asks.values()))
        if wanted.on_level is None:
            return seen, []
        return seen, Levels(client, alerts.levels, shown.say).look([now.answer for now in seen])

    seen, crossings = waited(home, look)
    flips = []
    for (name, ask), now in zip(asks.items(), seen, strict=True):
        if isinstance(now.answer, Problem) and now.answer.bad_input:
            unwrap(now.answer)
        if (found := alerts.flip(name, ask, now)) is not None:
            flips.append(found)
    shown.show(dict(zip(asks, seen, strict=True)), list(asks), flips)
    for crossing in crossings:
        shown.crossed(alerts.crossing(crossing))
    alerts.teller.close()
    if alerts.happened:
        return HAPPENED
    return int(any(isinstance(now.answer, Problem) for now in seen))


def _settled(client: BasketClient, asks: Sequence[Ask]) -> list[Seen]:
    """Return how baskets stand. Figures that the server is refreshing are waited for: the next look may be hours away."""
    ends, settled = time.monotonic() + SETTLING, False
    while True:
        answers = client.ask_many(asks)
        regimes = client.ask_many([RegimesOf(ask) for ask in asks])
        stale = any(isinstance(a, Reply) and a.freshness == "STALE" and not a.notice for a in answers)
        if settled or not stale or time.monotonic() >= ends:
            return [
                Seen(answer, since if isinstance(since, Since) else None, origin_of(answer))
                for answer, since in zip(answers, regimes, strict=True)
            ]
        status = client.status()
        settled = isinstance(status, Problem) or not status.awaited  # what came since is looked at once more
        if not settled:
            Flag().wait(EVERY)
        for ask in asks:
            client.forget(ask)
            client.forget(RegimesOf(ask))


def _alerts(home: Home, wanted: Wanted, complain: Callable[[str], object], *, quiet: bool) -> _Alerts | None:
    """Return who is to be told; None where nobody is. Raises BadSettings where the desktop has no way."""
    shared: dict[str, Tell] = {"desktop": desktop()} if wanted.notify else {}
    if wanted.once:
        shared["exit code"] = lambda sentence, facts: ""
    own = [("--on-flip", wanted.on_flip), ("--on-level", wanted.on_level)]
    flips, levels = (
        shared | ({f"{option} {command}": by(command, option, quiet=quiet)} if command else {})
        for option, command in own
    )
    if not flips and not levels and wanted.on_level is None:
        return None
    home.create()
    told = (Told(home, list(flips)), Told(home, list(levels)))
    return _Alerts(*told, flips | levels, Teller(complain))


def _next(events: queue.SimpleQueue[Change]) -> Change:
    while True:
        with suppress(queue.Empty):
            return events.get(timeout=1.0)  # without it, Ctrl-C would go unheard on Windows


def _taken(
    event: frozenset[Ask],
    names: Mapping[Ask, str],
    watcher: Watcher,
    known: dict[str, Seen],
    alerts: _Alerts | None,
) -> tuple[list[str], list[Flip]]:
    """Take over what changed; return its names and the flips. Raises what was wrong with the question."""
    changed: list[str] = []
    flips: list[Flip] = []
    for ask, name in names.items():
        if ask not in event or (answer := watcher.latest(ask)) is None:
            continue
        if isinstance(answer, Problem) and answer.bad_input:
            unwrap(answer)
        before = known.get(name)
        since = watcher.since(ask)
        if since is not None and not since.regime and before is not None:
            since = before.since  # nothing to be said of it now is no other regime
        now = Seen(answer, since, origin_of(answer) or (before.origin if before is not None else ""))
        if now == before:
            continue
        known[name] = now
        changed.append(name)
        found = flip(name, before, now)
        if alerts is not None and (
            before is None or (before.since, before.origin) != (now.since, now.origin)
        ):
            found = alerts.flip(name, ask, now) or found
        if found is not None:
            flips.append(found)
    return changed, flips
