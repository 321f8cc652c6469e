"""What a cell goes on showing while the desk is away."""

from __future__ import annotations

import pytest

from basketgex_addin.cells import Problem, Reply
from basketgex_addin.client.last_good import last_good
from basketgex_addin.client.problems import DESK_AWAY
from tests.addin.test_worksheet import REPLY

NOW = 1_795_975_530.0


@pytest.mark.parametrize(
    ("freshness", "then"),
    [("FRESH", "STALE"), ("STALE", "STALE"), ("EXPIRED", "EXPIRED"), ("HISTORICAL", "HISTORICAL")],
)
def test_it_is_never_fresh_and_says_why(freshness: str, then: str) -> None:
    before = REPLY._replace(freshness=freshness, usable_until=NOW + 1, client_ttl=60.0, notice="Other.")
    after = last_good(before, DESK_AWAY, NOW)
    assert isinstance(after, Reply)
    assert (after.freshness, after.client_ttl) == (then, 2.0)
    assert after.notice == "Last good value: The desk cannot be reached. It is asked again by itself."
    assert (after.gex, after.rows, after.as_of) == (before.gex, before.rows, before.as_of)
    assert last_good(after, DESK_AWAY, NOW) == after


def test_it_ends_with_its_session_unless_it_is_of_the_past() -> None:
    assert last_good(REPLY._replace(usable_until=NOW), DESK_AWAY, NOW) == DESK_AWAY
    assert isinstance(DESK_AWAY, Problem)
    assert isinstance(last_good(REPLY._replace(usable_until=0.0), DESK_AWAY, NOW), Reply)
