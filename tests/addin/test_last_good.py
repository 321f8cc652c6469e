"""What a cell goes on showing while the desk is away."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from basketgex.home import Home
from basketgex_addin.cells import LevelFigures, Problem, Question, Reply, Strikes
from basketgex_addin.cells.shape import Standing, VolumeGex
from basketgex_addin.client import BasketClient
from basketgex_addin.client.last_good import is_of_lost_desk, last_good, last_good_notice
from basketgex_addin.client.problems import DESK_AWAY
from tests.addin.test_worksheet import LEVELS, REPLY

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


STANDING = Standing(("A",), (1.0,), (), 1.0, NOW, NOW, "", "sample", True, "flashalpha", NOW + 1)
OTHERS = [
    LEVELS._replace(keep_until=NOW + 1),
    Strikes(((1.0,),), 60.0, keep_until=NOW + 1),
    VolumeGex(1.0, 2.0, 3.0, (), STANDING, 60.0),
]


@pytest.mark.parametrize("before", OTHERS, ids=lambda answer: type(answer).__name__)
def test_other_answers_stay_within_their_session_and_say_so(
    before: LevelFigures | Strikes | VolumeGex,
) -> None:
    assert last_good_notice(before) == "" and not is_of_lost_desk(before)
    after = last_good(before, DESK_AWAY, NOW)
    assert last_good_notice(after) == f"Last good value: {DESK_AWAY.sentence}" and is_of_lost_desk(after)
    assert not isinstance(after, Problem) and after.client_ttl == 2.0 and after[0] == before[0]
    assert last_good(after, DESK_AWAY, NOW) == after
    assert last_good(before, DESK_AWAY, NOW + 1) == DESK_AWAY


def test_what_does_not_say_until_when_it_may_be_shown_does_not_stay() -> None:
    """A desk of an earlier version does not."""
    assert last_good(LEVELS, DESK_AWAY, NOW) == DESK_AWAY
    assert last_good(Problem("no_data", "None."), DESK_AWAY, NOW) == DESK_AWAY


def test_what_the_server_says_is_old_is_of_no_lost_desk() -> None:
    said = LEVELS._replace(notice="Last good value: FlashAlpha cannot be reached.")
    assert last_good_notice(said) == said.notice and not is_of_lost_desk(said)


class Told(Question[LevelFigures]):
    """A question that is answered as it says."""

    def __init__(self, *answers: LevelFigures | Problem) -> None:
        self.answers = list(answers)

    def put_to(self, server: object) -> LevelFigures | Problem:
        return self.answers.pop(0)


@pytest.mark.parametrize(("code", "stays"), [("source_unavailable", True), ("no_data", False)])
def test_what_a_source_cannot_say_anew_stays_and_what_it_says_otherwise_does_not(
    tmp_path: Path, code: str, stays: bool
) -> None:
    problem, before = Problem(code, "It is away."), LEVELS._replace(keep_until=math.inf)
    client, question = BasketClient(Home(tmp_path)), Told(before, problem)
    assert client.ask(question) == before
    client.forget(question)
    found = client.ask(question)
    assert (found == problem) is not stays
    assert last_good_notice(found) == ("Last good value: It is away." if stays else "")
