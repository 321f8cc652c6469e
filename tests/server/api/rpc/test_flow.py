"""GetFlow through a real server: a long book is the basket, and what cannot be a book is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.server.api.rpc.test_shape import ask, refusal, sample

__all__ = ["sample"]


def test_a_long_book_is_the_basket_and_duplicates_net(sample: Any) -> None:
    basket = ask(sample, "GetBasket", symbols=["NVDA", "AMD"], weights=[2, 1]).basket
    found = ask(sample, "GetFlow", symbols=["nvda", "AMD", "NVDA"], money=[300.0, 100.0, -100.0])
    assert list(found.flow.net) == pytest.approx([basket.net.dex, basket.net.vex, basket.net.chex])
    assert list(found.money) == [200.0, 100.0] and list(found.standing.weights) == pytest.approx(
        [2 / 3, 1 / 3]
    )
    assert len(found.flow.dealers) == 3 and not found.flow.days_of_volume


def test_two_sides_a_missing_name_and_days_of_volume(sample: Any) -> None:
    names, money = ["NVDA", "NOSUCH", "SPY"], [3e6, 1e6, -4e6]
    found = ask(sample, "GetFlow", symbols=names, money=money, adv=[2e10, 0.0, 3e10])
    of_one = {s: ask(sample, "GetSymbol", symbol=s).net for s in ("NVDA", "SPY")}
    for place, measure in enumerate(("dex", "vex", "chex")):
        parts = [getattr(of_one["NVDA"], measure) * 3 / 7, -getattr(of_one["SPY"], measure) * 4 / 7]
        f = found.flow
        assert (f.long_leg[place], f.short_leg[place]) == pytest.approx(parts)
        assert (f.net[place], f.gross[place]) == pytest.approx((sum(parts), sum(map(abs, parts))))
        assert f.days_of_volume[place] == pytest.approx(parts[0] / 2e10 + parts[1] / 3e10)
    assert list(found.standing.missing_symbols) == ["NOSUCH"]
    assert (found.standing.covered_weight, found.adv_covered) == (0.875, 1.0)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"money": [1.0]}, "2 symbols but 1 amounts of money: give one beside each symbol."),
        ({"money": [1.0, math.inf]}, "The money in AMD is not a finite number."),
        ({"money": [0.0, 0.0]}, "The money in each name nets to zero: there is nothing to weigh."),
        ({"money": [1.0, 2.0], "adv": [1.0]}, "2 symbols but 1 amounts of adv: give one beside each symbol."),
        (
            {"money": [1.0, 2.0], "adv": [1.0, -1.0]},
            "An average daily volume must be a number of USD, 0 or more.",
        ),
        ({"money": [1e308, 1e308]}, "The amounts are too large to add up."),
    ],
)
def test_what_is_no_book_is_refused(sample: Any, values: Any, sentence: str) -> None:
    assert refusal(sample, "GetFlow", symbols=["NVDA", "AMD"], **values) == ("invalid_range", sentence)
