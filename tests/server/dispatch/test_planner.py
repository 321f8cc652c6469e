from __future__ import annotations

from itertools import chain
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.dispatch.planner import Plan, admit, plan

SYMBOLS = st.lists(st.integers(0, 200).map(lambda i: f"S{i}"), max_size=120)
DISTINCT = st.lists(st.integers(0, 200).map(lambda i: f"S{i}"), max_size=120, unique=True)
SEATS = st.integers(1, 50)


@given(DISTINCT, SYMBOLS, SEATS)
def test_the_fewest_calls_and_everybody_once(
    wanted: list[str], ride_alongs: list[str], symbols_per_call: int
) -> None:
    found = plan(wanted, ride_alongs, symbols_per_call=symbols_per_call, busy=False)
    seated = list(chain.from_iterable(found.calls))
    assert len(found.calls) == ceil(len(wanted) / symbols_per_call)
    assert all(0 < len(call) <= symbols_per_call for call in found.calls)
    assert len(seated) == len(set(seated))
    assert [s for s in seated if s in wanted] == wanted
    assert found.held == ()


@given(DISTINCT, SYMBOLS, SEATS)
def test_seats_left_over_go_to_riders_in_their_order(
    wanted: list[str], ride_alongs: list[str], symbols_per_call: int
) -> None:
    found = plan(wanted, ride_alongs, symbols_per_call=symbols_per_call, busy=False)
    company = [s for s in dict.fromkeys(ride_alongs) if s not in wanted]
    free = -len(wanted) % symbols_per_call
    assert list(chain.from_iterable(found.calls))[len(wanted) :] == company[:free]


@given(DISTINCT, SYMBOLS, SEATS)
def test_while_busy_only_full_calls_leave(
    wanted: list[str], ride_alongs: list[str], symbols_per_call: int
) -> None:
    found = plan(wanted, ride_alongs, symbols_per_call=symbols_per_call, busy=True)
    assert len(found.calls) == len(wanted) // symbols_per_call
    assert all(len(call) == symbols_per_call for call in found.calls)
    assert [*chain.from_iterable(found.calls), *found.held] == wanted


@given(DISTINCT, SYMBOLS, st.booleans())
def test_without_a_limit_one_call_carries_all(wanted: list[str], ride_alongs: list[str], busy: bool) -> None:
    assert plan(wanted, ride_alongs, symbols_per_call=0, busy=busy) == Plan(
        (tuple(wanted),) if wanted else ()
    )


def test_riders_alone_are_no_reason() -> None:
    assert plan([], ["A", "B"], symbols_per_call=50, busy=False) == Plan(())


@given(
    st.lists(st.lists(st.integers(0, 30).map(str), max_size=8), max_size=8),
    st.sets(st.integers(0, 30).map(str)),
    st.integers(1, 20),
)
def test_whole_baskets_are_admitted_as_far_as_the_limit(
    baskets: list[list[str]], needed: set[str], most: int
) -> None:
    asked, refused = admit(baskets, needed, most)
    assert len(asked) <= most
    assert asked <= needed
    for number, names in enumerate(baskets):
        need = set(names) & needed
        assert number in refused or need <= asked
        if number in refused:
            assert 0 < refused[number] <= len(need)
    assert asked == {s for b, names in enumerate(baskets) if b not in refused for s in names if s in needed}


def test_a_later_basket_may_still_fit() -> None:
    found = admit([["A"], ["B", "C", "D"], ["A", "B"], ["Z"]], set("ABCD"), most=2)
    assert found == ({"A", "B"}, {1: 3})
