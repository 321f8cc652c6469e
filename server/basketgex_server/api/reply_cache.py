"""LRU cache of serialized replies, valid while the cache's generation and the reply's own deadline stand."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, NamedTuple, TypeVar

from basketgex_server.dispatch.batch.types import Answer
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.domain import SKEW

Reply = TypeVar("Reply")


class _Entry(NamedTuple, Generic[Reply]):
    reply: Reply
    symbols: Sequence[str]
    generation: Hashable
    holds_from: float
    holds_until: float


class ReplyCache(Generic[Reply]):
    """Replies by the bytes of their request, the least recently used forgotten first; ``now`` gives Unix seconds."""

    def __init__(self, dispatcher: Dispatcher, now: Callable[[], float], most: int = 4_000) -> None:
        self._dispatcher = dispatcher
        self._now = now
        self._most = most
        self._entries: OrderedDict[bytes, _Entry[Reply]] = OrderedDict()

    def get(self, request: bytes) -> Reply | None:
        """Return the reply, where nothing has changed since it was kept."""
        entry = self._entries.get(request)
        if entry is None:
            return None
        holds = (
            entry.holds_from <= self._now() < entry.holds_until
        )  # not before: then the clock has been put back
        if not holds or self._dispatcher.generation() != entry.generation:
            del self._entries[request]
            return None
        self._entries.move_to_end(request)
        self._dispatcher.touch(entry.symbols)
        return entry.reply

    def keep(self, request: bytes, answer: Answer, reply: Reply) -> None:
        """Keep a reply that cost nothing and stands for a while."""
        now = self._now()
        if answer.debits or answer.notice or now >= answer.holds_until:
            return
        generation = self._dispatcher.generation()
        if generation[0] != answer.origin:
            return
        symbols = answer.question.symbols
        self._entries[request] = _Entry(reply, symbols, generation, now - SKEW, answer.holds_until)
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)
