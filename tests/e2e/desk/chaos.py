"""Chaos: clients over three replicas of one desk, replicas killed in their calls and begun anew, the store killed for seconds.

All chance comes from one seed, but for what the machine does. The names move on: some are known, some new, most shared. What is
checked is right on a machine of any speed: no wrong figure, no answer past its deadline, every debit in the ledger and what may
be one, and no name asked for twice but where its call was given up.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from basketgex_addin.cells import Problem, Reply
from tests.desk.postgres import Cluster
from tests.e2e.clocked import asked
from tests.e2e.desk.books import calls, done, said
from tests.e2e.desk.replicas import desk
from tests.e2e.serving import Server, until
from tests.standin.upstream import Upstream, figures

CLIENTS, REPLICAS = 8, 3
LATENCY = 0.25
AGELESS = {"refresh_after": 86_400, "expire_after": 86_400}
"""The settings of replicas to which nothing grows old: what they ask for twice they have asked for in vain."""
WATCH = """
CREATE TABLE given_up (symbol text);
CREATE FUNCTION note_given_up() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO given_up SELECT unnest(new.symbols); RETURN NULL; END $$;
CREATE TRIGGER note_given_up AFTER UPDATE ON call FOR EACH ROW WHEN (new.state IN ('lost', 'failed', 'refused'))
    EXECUTE FUNCTION note_given_up()
"""
"""Has the store note what was ever given up: a reply that comes after all ends that."""
PACE = 12.0
"""New names a second."""
DEADLINE, SLACK = 20.0, 10.0
"""Seconds of a question, and those beyond that a machine with other work may need to say that it is over."""
AWAY = 3.0
"""Seconds for which the store is away."""
ALLOWED = frozenset({"server_absent", "launch_not_recorded", "start_failed", "store_away", "timed_out"})
"""What may stand in the way of a basket: its replica was killed, the store is away, or the machine stood still."""


@dataclass
class Chaos:
    """A desk under load, and what came of it."""

    folder: Path
    cluster: Cluster
    upstream: Upstream
    seed: int
    kills: int = 0
    outages: int = 0
    right: int = 0
    problems: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.upstream.latency = LATENCY
        self.store = self.cluster.database()
        self.servers: list[Server] = []
        self._begun = 0
        self._over = threading.Event()
        self._told = threading.Lock()

    def rage(self, seconds: float, at_most: float) -> None:
        """Let it rage for so many seconds; on a busy machine until it was chaos, but ``at_most`` so many."""
        with ExitStack() as stack:
            self.servers = [self._begin(stack) for _ in range(REPLICAS)]
            done(self.store, WATCH)
            self._began = time.monotonic()
            with ThreadPoolExecutor(CLIENTS) as crowd:
                clients = [crowd.submit(self._ask_on, number) for number in range(CLIENTS)]
                try:
                    self._kill(stack, seconds, at_most)
                finally:
                    self._over.set()
                for client in clients:
                    client.result()
            self._come_to_rest()

    def _begin(self, stack: ExitStack) -> Server:
        self._begun += 1
        folder = self.folder / f"begun-{self._begun}"
        (server,) = stack.enter_context(desk(folder, self.store, self.upstream, 1, **AGELESS))
        return server

    def _kill(self, stack: ExitStack, seconds: float, at_most: float) -> None:
        """Kill replicas in a call, and halfway the store."""
        while (lasted := time.monotonic() - self._began) < seconds or (lasted < at_most and not self.was_one):
            self._over.wait(self.chance.uniform(0.5, 2))
            if not self.outages and lasted > seconds / 2:
                self.cluster.kill()
                self._over.wait(AWAY)
                self.cluster.start()
                self.outages += 1
                continue
            made = len(self.upstream.calls)
            _within(3.0, lambda made=made: len(self.upstream.calls) > made)
            self._over.wait(self.chance.uniform(0, LATENCY))
            place = self.chance.randrange(REPLICAS)
            self.servers[place].kill()
            self.kills += 1
            self.servers[place] = self._begin(stack)

    def _ask_on(self, number: int) -> None:
        chance = random.Random(self.seed * 100 + number)
        while not self._over.is_set():
            first = int((time.monotonic() - self._began) * PACE)
            names = sorted({f"N{first + chance.randrange(60)}" for _ in range(chance.randrange(3, 20))})
            place = chance.randrange(REPLICAS)
            if not self._ask(self.servers[place], names):  # as a client with another address does
                self._ask(self.servers[(place + 1) % REPLICAS], names)
            self._over.wait(chance.uniform(0.05, 0.4))

    def _ask(self, server: Server, names: Sequence[str]) -> bool:
        """Ask once; tell whether there was somebody to ask."""
        began = time.monotonic()
        (found,) = asked(server.home, names, deadline=DEADLINE)
        took = time.monotonic() - began
        with self._told:
            if took > DEADLINE + SLACK:
                self.late.append(f"{took:.1f} s")
            self._judge(names, found)
        return not (isinstance(found, Problem) and found.code in ALLOWED - {"store_away", "timed_out"})

    def _judge(self, names: Sequence[str], found: Reply | Problem) -> None:
        if isinstance(found, Problem):
            self.problems[found.code] += 1
            if found.code not in ALLOWED or not found.sentence.endswith("."):
                self.wrong.append(f"{found.code}: {found.sentence}")
            return
        rows = {row.symbol: row.gex for row in found.rows}
        if rows != {name: figures(name).net_gex for name in names}:
            self.wrong.append(f"{rows}")
        self.right += 1

    def _come_to_rest(self) -> None:
        """Have the desk give up what nobody will ever land: each replica answers, and nothing is in flight any more."""

        def rests() -> bool:
            number = len(self.upstream.calls)
            found = [asked(server.home, [f"LAST{number}"], deadline=DEADLINE)[0] for server in self.servers]
            return all(isinstance(x, Reply) for x in found) and not calls(self.store)["flying"]

        until(rests, patience=90, pause=0.2)

    @property
    def was_one(self) -> bool:
        """Tell whether enough has happened for it to be called chaos."""
        return self.kills >= 2 and self.outages == 1 and self.right >= 50

    @property
    def twice(self) -> set[str]:
        """The names that were asked for more than once, though no call for them was given up or has failed."""
        given_up = {symbol for (symbol,) in said(self.store, "SELECT symbol FROM given_up")}
        often = Counter(symbol for call in self.upstream.calls for symbol in call.symbols)
        return {symbol for symbol, times in often.items() if times > 1} - given_up


def _within(seconds: float, condition: Callable[[], bool]) -> None:
    """Wait until something has happened, or not."""
    look, ends = threading.Event(), time.monotonic() + seconds
    while not condition() and time.monotonic() < ends:
        look.wait(0.005)
