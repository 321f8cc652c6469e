"""One tree of errors. Each leaf has a stable code, a sentence for the person at the sheet, and a gRPC status.

::

    BasketgexError
    ├── BadRequest               INVALID_ARGUMENT: the cell shows #VALUE!
    │   ├── MissingSymbols         missing_symbols
    │   ├── TooManySymbols         too_many_symbols
    │   ├── WeightCountMismatch    weight_count_mismatch
    │   ├── InvalidSymbol          invalid_symbol
    │   ├── InvalidWeights         invalid_weights
    │   ├── InvalidBatch           invalid_batch
    │   ├── InvalidRange           invalid_range
    │   ├── InvalidHorizon         invalid_horizon
    │   ├── InvalidScenario        invalid_scenario
    │   ├── InvalidParameter       invalid_parameter: of a REST address
    │   └── UnreadableRequest      unreadable_request: bytes that are no message of the contract
    ├── NoData                   NOT_FOUND, no_data
    │   ├── SymbolNotFound         symbol_not_found: over REST, of the one symbol that was asked for
    │   └── UnknownService         unknown_service: whose health was asked for
    ├── NotCached                NOT_FOUND, not_cached
    ├── TooManyCalls             RESOURCE_EXHAUSTED, too_many_calls
    ├── QuotaSpent               RESOURCE_EXHAUSTED, quota_spent
    ├── RateLimited              RESOURCE_EXHAUSTED, rate_limited
    │   └── TooManyOpen            too_many_open: questions without a token
    ├── Paced                    RESOURCE_EXHAUSTED, calls_paced
    ├── Remembered               as the error that is remembered
    ├── NotOffered               UNIMPLEMENTED, not_offered
    ├── UnknownMethod            UNIMPLEMENTED, unknown_method
    ├── NotEntitled              PERMISSION_DENIED, not_entitled
    ├── SourceUnavailable        UNAVAILABLE, source_unavailable
    ├── BadChain                 UNAVAILABLE, bad_chain
    │   └── UnknownForm            in no form that there is a reader for
    ├── TimedOut                 DEADLINE_EXCEEDED, timed_out
    ├── StoreUnavailable         UNAVAILABLE, store_unavailable
    │   └── StoreAway              store_away: of a desk, so that nothing may be spent
    ├── Draining                 UNAVAILABLE, draining
    ├── NeverReady               UNAVAILABLE, never_ready: never on a call, another process holds the home
    ├── Unauthenticated          UNAUTHENTICATED, token_refused
    ├── BadSettings              FAILED_PRECONDITION, bad_settings: never on a call, the server does not start
    └── Internal                 INTERNAL, internal

The paid source draws its own branches in ``sources.flashalpha.errors``. One file, although a long one: the tree is read as a
whole, and docs/grpc.md is tested against it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from basketgex_server.shown import one_line, quoted


class BasketgexError(Exception):
    """What went wrong, for a program (``code``), for the wire (``reason``) and for a person (``sentence``)."""

    code: str = "error"
    reason: str = "UNKNOWN"
    uncharged: ClassVar[bool] = False
    """Whether a source call that ended so certainly cost nothing."""
    lasting: ClassVar[bool] = False
    """Whether the next call would end so as well, although it cost nothing."""

    def __init__(self, sentence: str, *, argument: str = "", retry_after: float = 0.0) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.argument = argument
        self.retry_after = retry_after


class BadRequest(BasketgexError):
    """The question itself is wrong; asking again will not help."""

    reason = "INVALID_ARGUMENT"


class MissingSymbols(BadRequest):
    """No symbol was given."""

    code = "missing_symbols"

    def __init__(self) -> None:
        super().__init__("No symbols: give at least one ticker.", argument="symbols")


class TooManySymbols(BadRequest):
    """More distinct symbols than one basket may have."""

    code = "too_many_symbols"

    def __init__(self, count: int, most: int) -> None:
        super().__init__(
            f"{count:,} distinct symbols: a basket may have {most:,}. Split it or shorten the range.",
            argument="symbols",
        )


class WeightCountMismatch(BadRequest):
    """There is not one weight per symbol."""

    code = "weight_count_mismatch"

    def __init__(self, symbols: int, weights: int) -> None:
        super().__init__(
            f"{symbols:,} symbols but {weights:,} weights: give one weight beside each symbol, or none at all.",
            argument="weights",
        )


class InvalidSymbol(BadRequest):
    """A text that cannot be a ticker."""

    code = "invalid_symbol"

    def __init__(self, text: str, argument: str = "symbols") -> None:
        super().__init__(f"{quoted(text)} is not a ticker: correct or clear it.", argument=argument)


class InvalidWeights(BadRequest):
    """A weight that is negative or no finite number, or weights that are all zero."""

    code = "invalid_weights"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, argument="weights")


class InvalidBatch(BadRequest):
    """The columns of a batch do not fit together, or it has too much in it."""

    code = "invalid_batch"


class InvalidRange(BadRequest):
    """A range of prices, or a measure, that does not exist."""

    code = "invalid_range"


class InvalidHorizon(BadRequest):
    """A horizon that is not above 0 and up to 3650 days."""

    code = "invalid_horizon"


class InvalidScenario(BadRequest):
    """A move, a change of volatility, a time or a beta that nothing can be repriced with."""

    code = "invalid_scenario"


class InvalidParameter(BadRequest):
    """A query parameter that cannot be read."""

    code = "invalid_parameter"


class UnreadableRequest(BadRequest):
    """Bytes that are no message of the contract."""

    code = "unreadable_request"

    def __init__(self) -> None:
        super().__init__(
            "The request is not the message that this method takes: make the client's code anew from exposure.proto."
        )


class NoData(BasketgexError):
    """No symbol of the basket had data."""

    code = "no_data"
    reason = "NOT_FOUND"


class SymbolNotFound(NoData):
    """The one symbol of a question has no data."""

    code = "symbol_not_found"


class UnknownService(NoData):
    """The health of an unknown service was asked for."""

    code = "unknown_service"

    def __init__(self, service: str) -> None:
        super().__init__(f"There is no such service: ask for the health of {service}, or of none by name.")


class NotCached(BasketgexError):
    """Only the cache was asked, and it has nothing."""

    code = "not_cached"
    reason = "NOT_FOUND"


class TooManyCalls(BasketgexError):
    """Answering would take more source calls than one request may cause."""

    code = "too_many_calls"
    reason = "RESOURCE_EXHAUSTED"

    def __init__(self, calls: int, most: int, *, explicit: bool = False) -> None:
        if explicit:
            why = f"An explicit refresh may cause {most:,} source calls, and this one would take {calls:,}: "
            help_ = "refresh fewer baskets at a time."
        elif calls > most:
            why = f"This basket alone would take {calls:,} source calls, and one request may cause {most:,}: "
            help_ = "ask for fewer new names, or refresh explicitly."
        else:
            why = f"The sheet asks for more new names at once than {most:,} source calls carry: "
            help_ = "recalculate to ask for the rest, or refresh explicitly."
        super().__init__(why + help_, argument="symbols")


class QuotaSpent(BasketgexError):
    """The day's debits are spent, but for ``kept`` that only an explicit refresh may use; until ``reset_at`` (Unix seconds)."""

    code = "quota_spent"
    reason = "RESOURCE_EXHAUSTED"

    def __init__(
        self,
        reset_at: float,
        *,
        sentence: str = "",
        kept: int = 0,
        rushed: bool = False,
        retry_after: float = 0.0,
    ) -> None:
        how = (
            "which have to be a minute apart: wait for that, or" if rushed else "refresh explicitly, or wait"
        )
        rest = (
            f" but for the {kept} kept for explicit requests{',' if rushed else ':'} {how}"
            if kept
            else ": wait"
        )
        again = f"{datetime.fromtimestamp(reset_at, UTC):%Y-%m-%d %H:%M} UTC"
        super().__init__(
            sentence or f"Today's debits are spent{rest} until {again}, when the count starts again.",
            retry_after=retry_after,
        )
        self.reset_at = reset_at


class RateLimited(BasketgexError):
    """The source takes no more calls for a moment; the day's debits are not spent."""

    code = "rate_limited"
    reason = "RESOURCE_EXHAUSTED"


class TooManyOpen(RateLimited):
    """More is asked without a token than anybody needs to know."""

    code = "too_many_open"


class Paced(BasketgexError):
    """Formulas have caused many calls lately, of a kind that age does not bound; the next ones come with time."""

    code = "calls_paced"
    reason = "RESOURCE_EXHAUSTED"


class Remembered(BasketgexError):
    """What a symbol or the source ran into the last time. It is not asked again yet, and costs nothing meanwhile."""

    def __init__(self, code: str, reason: str, sentence: str, retry_after: float) -> None:
        super().__init__(sentence, retry_after=retry_after)
        self.code = code
        self.reason = reason


class NotOffered(BasketgexError):
    """The source does not have this kind of figure."""

    code = "not_offered"
    reason = "UNIMPLEMENTED"


class UnknownMethod(BasketgexError):
    """There is no such method."""

    code = "unknown_method"
    reason = "UNIMPLEMENTED"

    def __init__(self) -> None:
        super().__init__("The server has no such method: client and server are of different versions.")


class NotEntitled(BasketgexError):
    """The source's plan does not have this; ``symbols`` names what it does not cover, where the source did."""

    code = "not_entitled"
    reason = "PERMISSION_DENIED"

    def __init__(self, sentence: str, *, symbols: tuple[str, ...] = (), argument: str = "") -> None:
        super().__init__(sentence, argument=argument)
        self.symbols = symbols


class SourceUnavailable(BasketgexError):
    """The source could not be asked or did not answer."""

    code = "source_unavailable"
    reason = "UNAVAILABLE"


class BadChain(BasketgexError):
    """An option chain that cannot be read; it is refused whole. Its sentence may name a file, whose name can be anything."""

    code = "bad_chain"
    reason = "UNAVAILABLE"

    def __init__(self, sentence: str) -> None:
        super().__init__(one_line(sentence))


class UnknownForm(BadChain):
    """What was read is a chain in no form that there is a reader for."""


class TimedOut(BasketgexError):
    """The caller's deadline passed first."""

    code = "timed_out"
    reason = "DEADLINE_EXCEEDED"

    def __init__(self) -> None:
        super().__init__("The source did not answer in time. Recalculate to ask again.")


class StoreUnavailable(BasketgexError):
    """The file that has the debits and the figures is full, locked, read-only or refused by its disk."""

    code = "store_unavailable"
    reason = "UNAVAILABLE"


class StoreAway(StoreUnavailable):
    """The store that the replicas of a desk share cannot be reached: without it no debit may leave."""

    code = "store_away"

    def __init__(self) -> None:
        said = "The desk's store is away, so nothing may be spent. Known figures are still shown."
        super().__init__(said, retry_after=2.0)


class Draining(BasketgexError):
    """The server is ending."""

    code = "draining"
    reason = "UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("The server is stopping. Recalculate to start it again.")


class NeverReady(BasketgexError):
    """Another process holds the lock, but does not get ready."""

    code = "never_ready"
    reason = "UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("Another process holds this home, but does not get ready: end it, then try again.")


class Unauthenticated(BasketgexError):
    """No token, or the wrong one."""

    code = "token_refused"
    reason = "UNAUTHENTICATED"

    def __init__(self, remedy: str = "use the one in its home folder") -> None:
        super().__init__(f"The server refused the token: {remedy}.")


class BadSettings(BasketgexError):
    """A setting that cannot be used."""

    code = "bad_settings"
    reason = "FAILED_PRECONDITION"
    uncharged = True


class Internal(BasketgexError):
    """A fault of the server's own; the log has it."""

    code = "internal"
    reason = "INTERNAL"

    def __init__(self) -> None:
        super().__init__("The server failed while answering. Its log in the home folder says where.")
