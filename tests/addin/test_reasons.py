"""Why cells had no value: the latest first, unless its question has been answered since."""

from __future__ import annotations

from basketgex_addin.cells import Question
from basketgex_addin.functions.levels import LevelsOf
from basketgex_addin.functions.strikes import StrikesOf
from basketgex_addin.reasons import Reasons


def never(question: Question[object]) -> bool:
    return False


def test_the_latest_that_is_not_answered_since() -> None:
    reasons = Reasons()
    assert not reasons and reasons.latest("NVDA", never) is None
    reasons.remember("GEXLEVELS", "NVDA", "No levels.", LevelsOf("NVDA"))
    reasons.remember("GEXSTRIKES", "NVDA", "No strikes.", StrikesOf("NVDA"))
    reasons.remember("GEXSTRIKES", "AMD", "None of AMD.", StrikesOf("AMD"))
    assert reasons.latest("NVDA", never) == "No strikes."
    assert reasons.latest("NVDA", lambda question: question == StrikesOf("NVDA")) == "No levels."
    assert reasons.latest("NVDA", lambda question: True) is None
    assert reasons.of("GEXLEVELS", "NVDA") == "No levels." and reasons.of("GEXLEVELS", "AMD") is None
    reasons.forget("GEXSTRIKES", "NVDA")
    assert reasons.latest("NVDA", never) == "No levels."


def test_an_old_cell_gives_way_to_new_ones() -> None:
    reasons = Reasons()
    for i in range(300):
        reasons.remember("GEXLEVELS", f"N{i}", "No levels.")
    assert reasons.of("GEXLEVELS", "N0") is None and reasons.of("GEXLEVELS", "N299") == "No levels."


def test_ages_are_noted_by_basket() -> None:
    reasons = Reasons()
    reasons.note_age("NVDA")
    assert reasons.wants_age("NVDA") and not reasons.wants_age("AMD")
    assert not reasons, "an age that is asked for is no fault"
