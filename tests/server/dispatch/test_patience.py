"""How long a caller may be kept waiting. Values only; over a real server in tests/e2e/test_crowd.py."""

from __future__ import annotations

import doctest
import sys

from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.dispatch.patience import LEAST, SHARE, patience


def test_the_examples() -> None:
    assert doctest.testmod(sys.modules[patience.__module__]).failed == 0


@given(st.floats(0, 600), st.integers(0, 10**6))
def test_the_answer_leaves_before_the_deadline_and_most_of_the_time_is_the_sources(
    left: float, waiting: int
) -> None:
    found = patience(left, waiting)
    assert 0.0 <= found <= max(left - LEAST, 0.0)
    assert found >= left * (1 - SHARE) - LEAST
    assert found >= patience(left, waiting + 1)
