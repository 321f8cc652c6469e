"""When a refresh is wanted: only where a trigger has changed since the calculation before."""

from __future__ import annotations

from basketgex_addin.triggers import CALCULATION, MOST, Triggers


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def calculation(triggers: Triggers, clock: Clock, *values: object) -> list[bool]:
    clock.now += CALCULATION + 1
    return [triggers.changed("book", "semis", value) for value in values]


def test_the_first_sight_never_spends_and_a_change_does_each_time() -> None:
    clock = Clock()
    triggers = Triggers(clock)
    assert calculation(triggers, clock, True) == [False]
    assert calculation(triggers, clock, True) == [False]
    assert calculation(triggers, clock, False) == [True]
    assert calculation(triggers, clock, False) == [False]
    assert calculation(triggers, clock, True) == [True]


def test_two_cells_of_one_place_do_not_take_each_other_for_a_change() -> None:
    clock = Clock()
    triggers = Triggers(clock)
    assert calculation(triggers, clock, 1, 2) == [False, False]
    assert calculation(triggers, clock, 1, 2) == [False, False]
    assert calculation(triggers, clock, 1, 3) == [False, True]
    assert calculation(triggers, clock, 1, 3) == [False, False]


def test_true_is_not_one() -> None:
    clock = Clock()
    triggers = Triggers(clock)
    assert calculation(triggers, clock, 1.0) == [False]
    assert calculation(triggers, clock, True) == [True]
    assert calculation(triggers, clock, True) == [False]


def test_a_document_that_is_opened_again_is_seen_for_the_first_time() -> None:
    clock = Clock()
    triggers = Triggers(clock)
    calculation(triggers, clock, 1)
    triggers.forget("another")
    assert calculation(triggers, clock, 2) == [True]
    triggers.forget("book")
    assert calculation(triggers, clock, 3) == [False]


def test_places_do_not_pile_up() -> None:
    triggers = Triggers(Clock())
    for i in range(MOST + 10):
        triggers.changed("book", i, 1)
    assert len(triggers._places) == MOST
