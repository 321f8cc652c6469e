"""Which source calls to make, with which symbols in which call. Pure.

A call costs one debit whatever it carries, so a call that is not full is a waste: what room it has goes
to symbols that somebody used lately and whose figures are ageing, the oldest first. They never cost a further call.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from itertools import islice
from typing import NamedTuple


class Plan(NamedTuple):
    """``calls`` leave now; ``held`` wait for the call in flight, in the hope of company."""

    calls: tuple[tuple[str, ...], ...]
    held: tuple[str, ...] = ()


def plan(wanted: Sequence[str], ride_alongs: Iterable[str], *, symbols_per_call: int, busy: bool) -> Plan:
    """Return the fewest calls for distinct ``wanted`` symbols, filled up with ``ride_alongs``.

    That is ⌈wanted / symbols_per_call⌉; with ``symbols_per_call`` 0 a call takes any number. ``busy``: a metered call is in
    flight, or about to be, and only full calls leave.

    >>> plan(["A", "B", "C"], ["X", "A", "Y"], symbols_per_call=2, busy=False)
    Plan(calls=(('A', 'B'), ('C', 'X')), held=())
    >>> plan(["A", "B", "C"], [], symbols_per_call=2, busy=True)
    Plan(calls=(('A', 'B'),), held=('C',))
    """
    if not wanted:
        return Plan(())
    if not symbols_per_call:
        return Plan((tuple(wanted),))
    whole = len(wanted) - len(wanted) % symbols_per_call
    calls = [tuple(wanted[i : i + symbols_per_call]) for i in range(0, whole, symbols_per_call)]
    rest = tuple(wanted[whole:])
    if not rest:
        return Plan(tuple(calls))
    if busy:
        return Plan(tuple(calls), rest)
    taken = set(wanted)
    company = islice((r for r in dict.fromkeys(ride_alongs) if r not in taken), symbols_per_call - len(rest))
    return Plan((*calls, rest + tuple(company)))


def admit(baskets: Iterable[Sequence[str]], needed: Set[str], most: int) -> tuple[set[str], dict[int, int]]:
    """Return the needed symbols to ask for, at most ``most``, and by basket number how many a refused one needs.

    Whole baskets only, in order: a basket that cannot be answered is no reason to spend.

    >>> asked, refused = admit([["A", "B"], ["C", "D"], ["A"]], {"A", "B", "C", "D"}, most=3)
    >>> sorted(asked), refused
    (['A', 'B'], {1: 2})
    """
    admitted: set[str] = set()
    refused: dict[int, int] = {}
    for number, basket in enumerate(baskets):
        new = {s for s in basket if s in needed} - admitted
        if len(admitted) + len(new) > most:
            refused[number] = len(new)
        else:
            admitted |= new
    return admitted, refused
