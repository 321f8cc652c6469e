"""Which source calls to make, with which symbols in which seat. Pure.

A call costs one debit whatever it carries, so empty seats are a waste: they go to symbols that somebody used lately and whose
figures are ageing, the oldest first. They never cost a further call.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from itertools import islice


@dataclass(frozen=True, slots=True)
class Plan:
    """``calls`` leave now; ``held`` wait for the call in flight, in the hope of company."""

    calls: tuple[tuple[str, ...], ...]
    held: tuple[str, ...] = ()


def plan(wanted: Sequence[str], riders: Iterable[str], *, seats: int, busy: bool) -> Plan:
    """Return the fewest calls for distinct ``wanted`` symbols, ⌈wanted / seats⌉, the seats left over given to ``riders``.

    ``seats`` 0 means any number, ``busy`` that a metered call is in flight, or about to be: then only full calls leave.

    >>> plan(["A", "B", "C"], ["X", "A", "Y"], seats=2, busy=False)
    Plan(calls=(('A', 'B'), ('C', 'X')), held=())
    >>> plan(["A", "B", "C"], [], seats=2, busy=True)
    Plan(calls=(('A', 'B'),), held=('C',))
    """
    if not wanted:
        return Plan(())
    if not seats:
        return Plan((tuple(wanted),))
    whole = len(wanted) - len(wanted) % seats
    calls = [tuple(wanted[i : i + seats]) for i in range(0, whole, seats)]
    rest = tuple(wanted[whole:])
    if not rest:
        return Plan(tuple(calls))
    if busy:
        return Plan(tuple(calls), rest)
    taken = set(wanted)
    company = islice((r for r in dict.fromkeys(riders) if r not in taken), seats - len(rest))
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
