"""Which calls leave now, of all that is wanted of one account. Pure: one function, whatever store holds the books.

Whoever's window ends takes all that is wanted, by anybody: nobody leads. It is given the account's books as they are under the
store's lock, and says what is to be written there and which calls leave once that is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from basketgex_server.dispatch.people import Shares
from basketgex_server.dispatch.planner import plan
from basketgex_server.dispatch.quota import DAY, Quota, day_of
from basketgex_server.errors import BasketgexError, QuotaSpent
from basketgex_server.stores.port import Departure, Leaving, Ledger, Want

SLACK = 0.001
"""Seconds before its end at which a window is taken for over: a timer may be that early."""


class Terms(NamedTuple):
    """What one replica's source and settings say of departures.

    ``symbols_per_call`` 0 means any number; ``quiet`` and ``longest`` bound the window (seconds); ``reserve`` debits are kept
    back; ``ride_alongs`` gives symbols worth carrying where a call has room; ``gate`` says what else stands in a call's way.
    ``person_debits`` and ``desk_debits`` are the most that a person, and all together, may spend in a day; 0 is no bound.
    """

    symbols_per_call: int
    metered: bool
    quiet: float
    longest: float
    reserve: int = 0
    person_debits: int = 0
    desk_debits: int = 0
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
    shares = Shares(ledger, quota, terms.person_debits if terms.metered else 0)
    paid, guests = _by_payer(wants, shares) if shares.is_bound else (wants, [])
    left = _window_left(wants, terms)
    is_full = 0 < terms.symbols_per_call <= len(paid)
    if left > 0 and is_full and not terms.metered:
        left = 0.0  # a call that costs nothing need not be full
    if not wants or (left > 0 and not is_full):
        return Departure(quota.value, joined=joined, known=known, lost=lost, again=left if wants else None)
    under_way = any(not flight.is_suspect for flight in flights)
    company = any(not (flight.is_suspect or flight.is_alone) for flight in flights)
    busy = terms.metered and (left > 0 or is_full or company)
    ride_alongs = (symbol for symbol in terms.ride_alongs() if symbol not in flying)
    planned = plan(
        [want.symbol for want in paid],
        chain((want.symbol for want in guests), ride_alongs),
        symbols_per_call=terms.symbols_per_call,
        busy=busy,
    )
    calls, waiting, refused = _admit(
        planned.calls, wants, shares, quota, ledger.now, terms, under_way=under_way
    )
    held = (*waiting, *(planned.held if left <= 0 else ()))
    seated = {symbol for symbols in planned.calls for symbol in symbols} if guests else ()
    rest = [want for want in guests if want.symbol not in seated]
    if left <= 0 and held:  # the call that these wait for may have a seat
        held += tuple(want.symbol for want in rest)
    elif left <= 0:
        refused |= {want.symbol: shares.refusal(want.people) for want in rest}
    return Departure(
        quota.value,
        calls,
        held,
        joined,
        known,
        lost,
        refused,
        again=left if left > 0 and (planned.held or rest) else None,
    )


def single(ledger: Ledger, terms: Terms, call: Leaving) -> Departure:
    """Return the departure of one given call, which nothing of what is wanted goes with.

    Empty where nothing is known of the quota and another call's reply will tell. Raises what stands in the way.
    """
    quota = Quota.of(ledger.quota, terms.reserve, ledger.now)
    under_way = any(not flight.is_suspect for flight in ledger.flights)
    by = {symbol: call.by[symbol] for symbol in call.symbols if symbol in call.by}
    if terms.metered and by:
        shares = Shares(ledger, quota, terms.person_debits)
        call = call._replace(by={s: person for s, person in by.items() if not shares.is_spent(person)})
        if not call.by:
            raise shares.refusal(by.values())
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


def _by_payer(wants: Iterable[Want], shares: Shares) -> tuple[list[Want], list[Want]]:
    """Return the wants that somebody pays for, and the others: no reason for a call, but they may ride along."""
    paid: list[Want] = []
    guests: list[Want] = []
    for want in wants:
        (guests if shares.payer(want.people) is None else paid).append(want)
    return paid, guests


def _admit(
    planned: Iterable[Sequence[str]],
    wants: Sequence[Want],
    shares: Shares,
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
        paid = [(want, payer) for want in wanted if (payer := shares.payer(want.people)) is not None]
        call = Leaving(
            tuple(symbols),
            explicit=any(want.explicit for want, _ in paid),
            reserve=any(want.reserve for want, _ in paid),
            by={want.symbol: payer for want, payer in paid},
        )
        if terms.metered and (under_way or calls) and quota.is_untold(now):
            waiting += [want.symbol for want in wanted]
        elif terms.metered and not paid:  # an earlier one of these calls was the last that somebody could pay
            refused |= {want.symbol: shares.refusal(want.people) for want in wanted}
        elif (error := _refusal(call, quota, now, terms)) is not None:
            refused |= dict.fromkeys((want.symbol for want in wanted), error)
        else:
            quota.reserve_call(now)
            shares.pay(call)
            calls.append(call)
    return tuple(calls), tuple(waiting), refused


def _refusal(call: Leaving, quota: Quota, now: float, terms: Terms) -> BasketgexError | None:
    if (error := terms.gate(call)) is not None or not terms.metered:
        return error
    if 0 < terms.desk_debits <= quota.value.today:
        return _desk_spent(terms.desk_debits, now)
    try:
        quota.check(now, explicit=call.reserve, rushed=call.explicit)
    except QuotaSpent as spent:
        return spent
    return None


def _desk_spent(debits: int, now: float) -> QuotaSpent:
    ends = (day_of(now) + 1) * DAY
    said = f"The {debits:,} debits that this desk may spend in a day are spent: wait until midnight UTC, or raise desk_debits."
    return QuotaSpent(ends, sentence=said, retry_after=ends - now)
