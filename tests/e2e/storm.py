"""A storm: sessions of overlapping baskets over a source that fails in many ways, and a server that is killed at any moment.

All chance comes from one seed. Each round asks some baskets at once, by clients of their own, while faults lie in wait for the
source's next calls, and sometimes the server is killed under them and started anew. The clock, which server and source share,
moves between rounds; each simulated day is one session of one quota.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from basketgex.home import Home
from basketgex_addin.cells import Ask, Problem, Reply
from tests.e2e.clocked import Clock, asked
from tests.e2e.serving import serving
from tests.standin import upstream as standin
from tests.standin.upstream import Fault, Gate, Upstream, figures

DAY = 86_400.0
MORNING = datetime(2026, 9, 14, 14, tzinfo=UTC).timestamp()
"""Monday, 10:00 in New York: sessions follow one another from here."""
SESSION = 5.5 * 3_600
LIMIT, RESERVE = 30, 3
DEADLINE = 3.0
SLACK = 3.0
"""Seconds beyond the deadline that a machine with other work may need to say that it is over."""
AT_ONCE = 4
"""Calls that may be under way at once: the names make no more."""
NAMES = [f"S{n}" for n in range(140)]
ALLOWED = frozenset(
    {
        "source_unavailable",
        "bad_chain",
        "rate_limited",
        "calls_paced",
        "quota_spent",
        "no_data",
        "timed_out",
        "draining",
        "server_absent",
        "launch_not_recorded",
        "start_failed",
        "too_many_calls",
        "source_rejected",
    }
)
"""What may stand in the way of a basket here; a fault of ours is not among it."""


def _rows(change: Callable[[dict[str, Any]], object]) -> Fault:
    def edit(body: dict[str, Any]) -> None:
        for row in body["constituents"][::3]:
            change(row)

    return standin.edited(edit)


FAULTS: dict[str, Callable[[Gate], Fault]] = {
    "slow": lambda gate: standin.slow(0.3),
    "hanging": standin.gated,
    "halted": standin.halted,
    "reset": lambda gate: standin.reset(),
    "cut off": lambda gate: standin.cut_off(),
    "truncated": lambda gate: standin.truncated(),
    "page": lambda gate: standin.html(),
    "garbled": lambda gate: standin.garbled(b"\xff{"),
    "500": lambda gate: standin.status(500),
    "503": lambda gate: standin.status(503),
    "rows without a figure": lambda gate: _rows(lambda row: row.update(net_gex=None)),
    "rows of another type": lambda gate: _rows(lambda row: row.update(net_vex="many")),
    "too fast": lambda gate: standin.rate_limited("5"),
}
UNCHARGED = "too fast"


@dataclass
class Storm:
    """A storm and what came of it."""

    folder: Path
    clock: Clock
    upstream: Upstream
    seed: int
    kills: int = 0
    figures_right: int = 0
    baskets: int = 0
    worst: float = 0.0
    spent_days: int = 0
    problems: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.upstream.limit = LIMIT
        self.day_of_month = 0
        self.clock.set(MORNING)
        self._scripted: list[str] = []
        self.home = Home(self.folder / "home")

    def rage(self, seconds: float, at_most: float) -> None:
        """Let it rage for so many seconds; on a busy machine until it was a storm, but ``at_most`` so many."""
        began = time.monotonic()

        def goes_on() -> bool:
            lasted = time.monotonic() - began
            return lasted < seconds or (lasted < at_most and not self.was_one)

        while goes_on():
            with serving(self.folder, self.clock, self.upstream, reserve=RESERVE) as server:
                while goes_on():
                    if self._round(lambda: server.kill()):
                        break
        with serving(self.folder, self.clock, self.upstream, reserve=RESERVE):
            self._calm()

    def _round(self, kill: Callable[[], None]) -> bool:
        """Ask some baskets at once, with faults in the way; tell whether the server was killed meanwhile."""
        gate = Gate()
        for _ in range(self.chance.choice((0, 0, 1, 1, 2))):
            name = self.chance.choice(list(FAULTS))
            self.upstream.script(FAULTS[name](gate))
            self._scripted.append(name)
        kills = self.chance.random() < 0.15
        after, calls = self.chance.random() * 0.3, len(self.upstream.calls) + self.chance.randrange(3)
        with ThreadPoolExecutor(12) as cells:
            asking = [cells.submit(self._ask, basket) for basket in self._baskets()]
            if kills:
                threading.Event().wait(after)
                while len(self.upstream.calls) < calls and wait(asking, timeout=0.005).not_done:
                    pass
                kill()
                self.kills += 1
            for done in asking:
                done.result()
        gate.open()
        self._pass()
        return kills

    def _baskets(self) -> list[list[Ask]]:
        """Return what some clients ask, overlapping: single names, baskets of some, and now and then nearly all."""

        def ask() -> Ask:
            size = self.chance.choice((1, 2, 5, 12, 40, 110))
            names = self.chance.sample(NAMES, size)
            return Ask(tuple(names), tuple(float(self.chance.randrange(1, 9)) for _ in names))

        return [
            [ask() for _ in range(self.chance.choice((1, 1, 3)))] for _ in range(self.chance.randrange(1, 9))
        ]

    def _ask(self, asks: Sequence[Ask]) -> None:
        began = time.monotonic()
        answers = asked(self.home, *asks, deadline=DEADLINE)
        took = time.monotonic() - began
        self.worst = max(self.worst, took)
        if took > DEADLINE + SLACK:
            self.waiting.append(f"{took:.1f} s for {len(asks)} baskets")
        for ask, answer in zip(asks, answers, strict=True):
            self.baskets += 1
            self._judge(ask, answer)

    def _judge(self, ask: Ask, answer: Reply | Problem) -> None:
        if isinstance(answer, Problem):
            self.problems[answer.code] += 1
            if answer.code not in ALLOWED or not answer.sentence.endswith(".") or "\n" in answer.sentence:
                self.wrong.append(f"{answer.code}: {answer.sentence}")
            return
        assert ask.weights is not None
        known = {s: w for s, w in zip(ask.symbols, ask.weights, strict=True) if s not in answer.missing}
        total = sum(known.values())
        gex = sum(w * figures(s).net_gex for s, w in known.items()) / total
        if abs(answer.gex - gex) > 1e-9 * sum(abs(figures(s).net_gex) for s in known):
            self.wrong.append(f"{answer.gex} for {gex} of {ask.symbols}")
        for row in answer.rows:
            expected = figures(row.symbol)
            if row.gex is None or abs(row.gex - expected.net_gex) > 1e-9 * abs(expected.net_gex):
                self.wrong.append(f"{row} for {expected}")
            self.figures_right += 1

    def _pass(self) -> None:
        """Let time pass: within the session, or to the next one."""
        self._check_the_day(final=False)
        passed = self.clock() - MORNING - self.day_of_month * DAY
        if passed < SESSION:
            self.clock.advance(self.chance.choice((5.0, 61.0, 130.0, 400.0, 901.0)))
        else:
            self._next_day()

    def _next_day(self) -> None:
        self._check_the_day(final=True)
        self.day_of_month += 3 if self.day_of_month % 7 == 4 else 1
        self.clock.set(MORNING + self.day_of_month * DAY)

    def _check_the_day(self, *, final: bool) -> None:
        """No normal request has touched the reserve, and where it was reached nothing was kept back beyond it."""
        used, free = self.upstream.used, LIMIT - RESERVE
        if used > free:
            self.wrong.append(f"{used} debits of {LIMIT}, {RESERVE} of which are kept")
        if final and used == free:
            self.spent_days += 1

    def _calm(self) -> None:
        """Spend a day to its end with no fault and no kill: exactly the reserve must be left."""
        del self._scripted[len(self._scripted) - len(self.upstream._faults) :]
        self.upstream._faults.clear()
        self._next_day()
        groups = [tuple(NAMES[first : first + 50]) for first in range(0, len(NAMES), 50)]
        for _ in range(22):
            for names in groups:
                self._ask([Ask(names, (1.0,) * len(names))])
            self.clock.advance(901)
        if self.upstream.used != LIMIT - RESERVE:
            self.wrong.append(f"{self.upstream.used} debits of {LIMIT - RESERVE} on a calm day")

    @property
    def faults(self) -> Counter[str]:
        """Return those that a call has met."""
        return Counter(self._scripted[: len(self._scripted) - len(self.upstream._faults)])

    @property
    def was_one(self) -> bool:
        """Tell whether enough has happened for it to be called a storm."""
        return self.kills >= 2 and len(self.faults) >= 10 and self.figures_right > 1_000

    @property
    def ledger(self) -> int:
        """The debits in the ledger, whoever serves or has served."""
        with closing(sqlite3.connect(self.home.state_file)) as state:
            return int(state.execute("SELECT count(*) FROM debit").fetchone()[0])
