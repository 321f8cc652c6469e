"""Which calls leave now, of all that is wanted of one account. Pure: one function, whatever store holds the books.

Whoever's window ends takes all that is wanted, by anybody: nobody leads. It is given the account's books as they are under the
store's lock, and says what is to be written there and which calls leave once that is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from basketgex_server.dispatch.planner import plan
from basketgex_server.dispatch.quota import Quota
from basketgex_server.errors import BasketgexError, QuotaSpent
from basketgex_server.stores.port import Departure, Leaving, Ledger, Want

SLACK = 0.001
"""Seconds before its end at which a window is taken for over: a timer may be that early."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What one replica's source and settings say of departures.

    ``symbols_per_call`` 0 means any number; ``quiet`` and ``longest`` bound the window (seconds); ``reserve`` debits are kept
    back; ``ride_alongs`` gives symbols worth carrying where a call has room; ``gate`` says what else stands in a call's way.
    """

    symbols_per_call: int
    metered: bool
    quiet: float
    longest: float
    reserve: int = 0
    ride_alongs: Callable[[], Iterable[str]] = tuple
    gate: Callable[[Leaving], BasketgexError | None] = lambda _: None


def decide(ledger: Ledger, terms: Terms) -> Departure:
    """Return what leaves now, what waits, and what is refused to those who want it."""
    quota = Quota.of(ledger.quota, terms.reserve, ledger.now)
    lost = tuple(flight.number for flight in ledger.flights if flight.is_lost)
    for _ in lost:  # nobody will ever say whether it was charged: it counts
        quota.settle(None, ledger.now)
    flights = [flight for flight in ledger.flights if not flight.is_lost]
    flying = {symbol: flight.number for flight in flights for symbol in flight.symbols}
    joined = {want.symbol: flying[want.symbol] for want in ledger.wants if want.symbol in flying}
    known = tuple(
        want.symbol
        for want in ledger.wants
        if want.has_landed and not want.explicit and want.symbol not in joined
    )
    settled = joined.keys() | set(known)
    wants = [want for want in ledger.wants if want.symbol not in settled]
    left = _window_left(wants, terms)
    is_full = 0 < terms.symbols_per_call <= len(wants)
    if left > 0 and is_full and not terms.metered:
        left = 0.0  # a call that costs nothing need not be full
    if not wants or (left > 0 and not is_full):
        return Departure(quota.value, joined=joined, known=known, lost=lost, again=left if wants else None)
    under_way = any(not flight.is_suspect for flight in flights)
    company = any(not (flight.is_suspect or flight.is_alone) for flight in flights)
    busy = terms.metered and (left > 0 or is_full or company)
    ride_alongs = (symbol for symbol in terms.ride_alongs() if symbol not in flying)
    planned = plan(
        [want.symbol for want in wants], ride_alongs, symbols_per_call=terms.symbols_per_call, busy=busy
    )
    calls, waiting, refused = _admit(planned.calls, wants, quota, ledger.now, terms, under_way=under_way)
    held = (*waiting, *(planned.held if left <= 0 else ()))
    return Departure(
        quota.value,
        calls,
        held,
        joined,
        known,
        lost,
        refused,
        again=left if left > 0 and planned.held else None,
    )


def single(ledger: Ledger, terms: Terms, call: Leaving) -> Departure:
    """Return the departure of one given call, which nothing of what is wanted goes with.

    Empty where nothing is known of the quota and another call's reply will tell. Raises what stands in the way.
    """
    quota = Quota.of(ledger.quota, terms.reserve, ledger.now)
    under_way = any(not flight.is_suspect for flight in ledger.flights)
    if (error := _refusal(call, quota, ledger.now, terms)) is not None:
        raise error
    if terms.metered and under_way and quota.is_untold(ledger.now):
        return Departure(quota.value)
    quota.reserve_call(ledger.now)
    return Departure(quota.value, (call,))


def _window_left(wants: Sequence[Want], terms: Terms) -> float:
    """Return the seconds until the window ends; those whose window has ended once wait for company, and not for another."""
    ages = [want.age for want in wants if not want.held]
    if not ages:
        return 0.0
    left = min(terms.quiet - min(ages), terms.longest - max(ages))
    return left if left > SLACK else 0.0


def _admit(
    planned: Iterable[Sequence[str]],
    wants: Sequence[Want],
    quota: Quota,
    now: float,
    terms: Terms,
    *,
    under_way: bool,
) -> tuple[tuple[Leaving, ...], tuple[str, ...], dict[str, BasketgexError]]:
    """Return the planned calls that may leave, the symbols that wait for the first reply of all, and those refused."""
    by_symbol = {want.symbol: want for want in wants}
    calls: list[Leaving] = []
    waiting: list[str] = []
    refused: dict[str, BasketgexError] = {}
    for symbols in planned:
        wanted = [by_symbol[symbol] for symbol in symbols if symbol in by_symbol]
        call = Leaving(
            tuple(symbols),
            explicit=any(want.explicit for want in wanted),
            reserve=any(want.reserve for want in wanted),
            by={want.symbol: want.people[0] for want in wanted},
        )
        if terms.metered and (under_way or calls) and quota.is_untold(now):
            waiting += [want.symbol for want in wanted]
        elif (error := _refusal(call, quota, now, terms)) is not None:
            refused |= dict.fromkeys((want.symbol for want in wanted), error)
        else:
            quota.reserve_call(now)
            calls.append(call)
    return tuple(calls), tuple(waiting), refused


def _refusal(call: Leaving, quota: Quota, now: float, terms: Terms) -> BasketgexError | None:
    if (error := terms.gate(call)) is not None or not terms.metered:
        return error
    try:
        quota.check(now, explicit=call.reserve, rushed=call.explicit)
    except QuotaSpent as spent:
        return spent
    return None
