"""The books of one account that the replicas of a desk share.

One row of the account serialises what costs money, for some milliseconds: a departure locks it, reads, decides, writes and
commits; only then its calls leave. A landing locks it likewise, and its news is told if and only if it is committed. Nobody
leads, and no lock is held over a call. One file, although a long one: what a departure writes a landing and the news read.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import asyncpg
import msgspec

from basketgex_server.errors import BasketgexError, Internal, Remembered, StoreAway
from basketgex_server.stores.port import Departure, Flags, Flight, Landing, Ledger, News, QuotaValue
from basketgex_server.stores.postgres.session import (
    AWAY,
    DEPART,
    DOWN,
    LAND,
    LOOK,
    OPEN,
    READ,
    WANT,
    Connection,
    Session,
)
from basketgex_server.stores.postgres.values import NEWEST, figures_of, landed, plain, text_of, want_of

LOG = logging.getLogger(__name__)
LEASE = 35.0
"""Seconds of a call's longest life: the source's time-out, and some."""
TWICE = 2.0
"""Seconds between the two looks at which a replica's lock is free that is taken for dead: the store's restart frees all."""
PATIENCE = 30.0
"""Seconds after which a want is forgotten that nobody renews."""
_ENDED = ("landed", "failed", "refused", "free")
_UNWRITABLE = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
"""What the store answers to values that it will never take."""


class PostgresPool:
    """One replica's view of an account's books; ``edition`` is the last landing that it has read."""

    def __init__(self, session: Session, account: str, begin: QuotaValue, flags: Flags, edition: int) -> None:
        self.quota = begin
        self.edition = edition
        self._session = session
        self._returns = self._heard = session.returns
        self._account = account
        self._begin = begin
        self._flags = flags
        # Symbols wanted here, the edition at which each was found missing, and who wants it.
        self._mine: dict[str, tuple[int, tuple[str, ...]]] = {}
        self._new: dict[str, tuple[int, tuple[str, ...]]] = {}  # those of them that are to be published
        self._gone: set[str] = set()
        self._free_since: dict[int, float] = {}  # replicas whose lock was found free, and when
        self._landings: set[asyncio.Task[None]] = set()
        self._landed: dict[int, tuple[float, Landing]] = {}  # what has landed of late, and when
        self._next = asyncio.Event()
        self._reading = asyncio.Lock()
        self._publishing = asyncio.Lock()
        self._told: Callable[[News], None] = lambda _: None

    def listen(self, told: Callable[[News], None]) -> None:
        """Tell of what the calls of other replicas have brought."""
        self._told = told

    def want(self, symbols: Sequence[str], person: str = "") -> None:
        """Note that symbols are waited for; they are published with the next departure, which comes within the window."""
        for symbol in symbols:
            edition, people = self._mine.get(symbol, (self.edition, ()))
            people = people if person in people else (*people, person)
            self._new[symbol] = self._mine[symbol] = edition, people
            self._gone.discard(symbol)
        if symbols:
            self._session.keep(self._publish_soon())

    def unwant(self, symbols: Sequence[str]) -> None:
        """Note that nobody waits for symbols any more."""
        for symbol in symbols:
            self._new.pop(symbol, None)
            if self._mine.pop(symbol, None) is not None:
                self._gone.add(symbol)

    async def depart(self, decide: Callable[[Ledger], Departure], now: float) -> Departure:
        """Write what is decided; its calls leave once that is committed."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + AWAY
        while True:
            token = secrets.token_hex(12)
            trying = self._session.keep(self._depart(decide, token))
            try:
                decided = await self._session.within(trying, ends)
                break
            except BasketgexError:
                raise
            except BaseException as error:
                # Whether it was committed is not known: what never left is made free, and until then it counts.
                self._session.keep(self._free(token, trying))
                if not isinstance(error, DOWN):
                    raise
                if loop.time() + LOOK > ends:
                    raise StoreAway from error
                await asyncio.sleep(LOOK)
        self.quota = decided.quota
        for symbol in (s for call in decided.calls for s in call.symbols):
            self._mine.pop(symbol, None)
            self._new.pop(symbol, None)
        if decided.known:
            self._session.keep(self._catch_up())
        again = LOOK if decided.again is None else min(decided.again, LOOK)
        return decided._replace(
            again=again
        )  # should another's replica die, or its news be lost, this one takes over

    async def land(self, number: int, landing: Landing, now: float) -> QuotaValue:
        """Note the end of a call, behind its answer and as often as it takes."""
        at = asyncio.get_running_loop().time()
        self._landed = {n: known for n, known in self._landed.items() if at - known[0] < LEASE}
        self._landed[number] = at, landing
        task = self._session.keep(self._land(number, landing))
        self._landings.add(task)
        task.add_done_callback(self._landings.discard)
        self.quota = landing.settle(self.quota, now)
        return self.quota

    async def note(self, change: Callable[[QuotaValue, float], QuotaValue], now: float) -> QuotaValue:
        """Note what was heard of the debits otherwise."""

        async def work(pool: asyncpg.Pool[asyncpg.Record]) -> QuotaValue:
            async with pool.acquire() as connection, connection.transaction():
                value, read = await self._opened(connection, None)
                value = change(value, read["now"])
                await connection.execute(
                    "UPDATE account SET quota = $2::jsonb WHERE key = $1", self._account, text_of(value)
                )
                return value

        self.quota = await self._session.run(work)
        return self.quota

    async def landed(self) -> None:
        """Wait for the next landing, or as long as it takes to look again."""
        try:
            async with asyncio.timeout(LOOK):
                await self._next.wait()
        except TimeoutError:
            return

    async def close(self) -> None:
        """Take back what is wanted here, and let what has ended land."""
        self.unwant(list(self._mine))
        try:
            async with asyncio.timeout(AWAY):
                if self._landings:
                    await asyncio.wait(self._landings)
                await self._publish()
        except DOWN:
            return

    def hear(self) -> None:
        """Read what has landed.

        A store that has come back may be a standby that was promoted, and lack the last landings: each is said again, which is
        no news to one that has it. Without, the call would be in flight until its lease ends, and others wait for it.
        """
        if self._heard != self._session.returns:
            self._heard = self._session.returns
            for number, (_, landing) in self._landed.items():
                self._session.keep(self._land(number, landing))
        self._session.keep(self._catch_up())

    async def _publish_soon(self) -> None:
        try:
            await self._publish()
        except DOWN:
            return  # the departure tries again, and says so

    async def _publish(self) -> None:
        async with self._publishing:  # what comes meanwhile goes with the next
            await self._publish_all()

    async def _publish_all(self) -> None:
        if not (self._new or self._gone):
            return
        new, gone, self._new, self._gone = self._new, self._gone, {}, set()
        flags = {symbol: self._flags(symbol) for symbol in new}
        try:
            pool = await self._session.pool()
            await pool.execute(
                WANT,
                self._account,
                self._session.replica,
                sorted(gone),
                PATIENCE,
                list(new),
                [edition for edition, _ in new.values()],
                [explicit for explicit, _ in flags.values()],
                [reserve for _, reserve in flags.values()],
                [text_of(people) for _, people in new.values()],
            )
        except BaseException:
            self._new = {s: want for s, want in new.items() if s in self._mine} | self._new
            self._gone |= gone - self._mine.keys()
            raise

    async def _depart(self, decide: Callable[[Ledger], Departure], token: str) -> Departure:
        if self._returns != self._session.returns:  # a store that was killed has forgotten what was wanted
            self._returns = self._session.returns
            self._new |= self._mine
        await self._publish()
        pool = await self._session.pool()
        async with pool.acquire() as connection, connection.transaction():
            read = await connection.fetchval(READ, self._account, self._session.replica)
            decided = decide(self._ledger(json.loads(read)))
            numbers = json.loads(
                await connection.fetchval(
                    DEPART,
                    self._account,
                    self._session.replica,
                    LEASE,
                    token,
                    text_of(plain(decided)),
                )
            )
        calls = tuple(call._replace(number=n) for call, n in zip(decided.calls, numbers, strict=True))
        return decided._replace(calls=calls)

    def _ledger(self, read: dict[str, Any]) -> Ledger:
        now = float(read["now"])
        free = {flight["replica"] for flight in read["flights"] if flight["free"]}
        self._free_since = {replica: self._free_since.get(replica, now) for replica in free}
        flights = tuple(
            Flight(
                f["id"],
                tuple(f["symbols"]),
                is_alone=f["alone"],
                is_suspect=f["free"],
                is_lost=f["over"] or (f["free"] and now - self._free_since[f["replica"]] >= TWICE),
            )
            for f in read["flights"]
        )
        value = msgspec.convert(read["quota"], QuotaValue) if read["quota"] else self._begin
        return Ledger(now, value, tuple(map(want_of, read["wants"])), flights, read["spent"], read["caps"])

    async def _free(self, token: str, trying: asyncio.Task[Departure]) -> None:
        await asyncio.wait([trying])  # what was given up may be committed yet
        await self._session.until_done(
            lambda pool: pool.execute("SELECT desk_free($1, $2)", self._account, token), "free"
        )

    async def _opened(self, connection: Connection, number: int | None) -> tuple[QuotaValue, dict[str, Any]]:
        """Lock the books; return the debits, and what else a landing needs, in one round trip."""
        read = json.loads(await connection.fetchval(OPEN, self._account, number))
        return msgspec.convert(read["quota"], QuotaValue) if read["quota"] else self._begin, read

    async def _land(self, number: int, landing: Landing) -> None:
        async def work(pool: asyncpg.Pool[asyncpg.Record]) -> None:
            try:
                await self._write_landing(pool, number, landing)
            except (
                _UNWRITABLE
            ) as error:  # trying again would hold back whoever waits for company until the lease ends
                LOG.error("What a call has brought cannot be written: %s.", type(error).__name__)
                nothing = landing._replace(fetched=None, error=Internal(), refused=())
                await self._write_landing(pool, number, nothing)

        await self._session.until_done(work, "land")
        self._next.set()
        self._next = asyncio.Event()

    async def _write_landing(self, pool: asyncpg.Pool[asyncpg.Record], number: int, landing: Landing) -> None:
        async with pool.acquire() as connection, connection.transaction():
            value, call = await self._opened(connection, number)
            if call["state"] is None or call["state"] in _ENDED:
                return  # once: the commit of an earlier try came through
            if call["state"] == "lost":  # it was counted as ended, and ends now
                value = replace(value, flying=value.flying + 1)
            value = landing.settle(value, call["now"])
            await connection.execute(
                LAND,
                self._account,
                number,
                landing.state,
                text_of(landed(self._account, landing, value, call["symbols"])),
            )

    async def _catch_up(self) -> None:
        """Read, and tell, what has landed since the last look; what was missed is read by edition with the next."""
        async with self._reading:
            try:
                pool = await self._session.pool()
                calls = await pool.fetch(
                    "SELECT symbols, replica, edition, error FROM call WHERE account = $1 AND edition > $2 ORDER BY edition",
                    self._account,
                    self.edition,
                )
                rows = await pool.fetch(f"{NEWEST} AND n.edition > $2", self._account, self.edition)
                books = await pool.fetchrow(
                    "SELECT edition, quota FROM account WHERE key = $1", self._account
                )
            except DOWN:
                return
            if not calls:
                if books:  # a standby that was promoted may lack what was told and never acknowledged
                    self.edition = min(self.edition, books["edition"])
                return
            if books and books["quota"]:
                self.quota = msgspec.json.decode(books["quota"], type=QuotaValue)
            seen = max(call["edition"] for call in calls)
            snapshots, missing = figures_of(row for row in rows if row["edition"] <= seen)
            failed: dict[str, BasketgexError] = {}
            for call in calls:
                for symbol in call["symbols"]:
                    failed.pop(symbol, None)
                for said in json.loads(call["error"] or "[]"):
                    error = Remembered(said["code"], said["reason"], said["sentence"], said["retry_after"])
                    failed |= dict.fromkeys(said["symbols"], error)
            others = {
                s for call in calls if call["replica"] != self._session.replica for s in call["symbols"]
            }
            others |= self._mine.keys()  # of an own call too, where somebody has come since it was answered
            self.edition = seen
            for symbol in (*snapshots, *missing, *failed):
                self._mine.pop(symbol, None)
                self._new.pop(symbol, None)
            self._next.set()
            self._next = asyncio.Event()
            self._told(
                News(
                    {s: x for s, x in snapshots.items() if s in others},
                    {s: at for s, at in missing.items() if s in others},
                    {s: error for s, error in failed.items() if s in others},
                    self.quota,
                )
            )
