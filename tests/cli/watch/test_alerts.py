"""What was told is told once: the memory of alerts, and what counts as going through a level."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from basketgex.home import Home
from basketgex_addin.cells import Ask, Problem, Since
from basketgex_cli.watch.alerts import FORGOTTEN, KnownLevels, Price, Told
from basketgex_cli.watch.changes import ABOVE, BELOW, Crossing, Flip, Place, Seen, crossed
from tests.cli.watch.test_changes import NEGATIVE, POSITIVE, REPLY, T

ASK = Ask(("NVDA", "AMD"))
ORIGIN = "made-up figures; flashalpha"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    return home


def seen(
    regime: str, at: float = 0.0, previous: str = "", known_from: float = T, origin: str = ORIGIN
) -> Seen:
    return Seen(REPLY, Since(regime, at, previous, known_from), origin)


def flips(home: Home, *looks: Seen, channel: str = "a", name: str = "x") -> list[Flip | None]:
    """What a channel is to tell at each look, None where nothing."""
    told = Told(home, [channel])
    found = [told.flip(name, ASK, look) for look in looks]
    return [flip if due else None for flip, due in found]


def test_a_flip_is_told_once(home: Home) -> None:
    down = Flip("x", NEGATIVE, T + 60, POSITIVE, T)
    assert flips(home, seen(POSITIVE), seen(NEGATIVE, T + 60, POSITIVE)) == [None, down]
    for look in (
        seen(NEGATIVE, T + 60, POSITIVE),
        Seen(Problem("source_unavailable", "It is away."), None, ""),
        seen("", 0.0, ""),
        seen(NEGATIVE, 0.0, "", T + 90),  # the server began its history anew
        seen(NEGATIVE, T + 60, POSITIVE, T + 30),  # and found the old one again
        seen(NEGATIVE, T + 50, POSITIVE),  # a figure that came late dates it earlier
    ):
        assert flips(home, look) == [None], look
    assert flips(home, seen(POSITIVE, T + 120, NEGATIVE)) == [Flip("x", POSITIVE, T + 120, NEGATIVE, T + 50)]
    assert flips(home, seen(POSITIVE, T + 600, NEGATIVE)) == [Flip("x", POSITIVE, T + 600, NEGATIVE, 0.0)]


def test_the_first_look_tells_nothing_and_another_origin_is_another_subject(home: Home) -> None:
    assert flips(home, seen(NEGATIVE, T + 60, POSITIVE)) == [None]
    assert flips(home, seen(POSITIVE, 0.0, "", T, "chains in x; flashalpha")) == [None]
    assert flips(home, seen(POSITIVE, T + 90, NEGATIVE)) == [Flip("x", POSITIVE, T + 90, NEGATIVE, T + 60)]


def test_a_basket_is_known_by_what_is_in_it(home: Home) -> None:
    told = Told(home, ["a"])
    told.flip("x", Ask(("NVDA", "AMD"), (3.0, 1.0)), seen(POSITIVE))
    flipped = seen(NEGATIVE, T + 60, POSITIVE)
    assert told.flip("y", ASK, flipped)[1] == set()
    assert told.flip("z", Ask(("amd", "nvda"), (2.0, 6.0)), flipped)[1] == {"a"}
    assert told.flip("x", Ask(("NVDA", "AMD", "NVDA"), (1.0, 1.0, 2.0)), flipped)[1] == set()


def test_every_channel_is_told_and_one_that_is_new_has_told_what_was_before(home: Home) -> None:
    told = Told(home, ["a", "b"])
    told.flip("x", ASK, seen(POSITIVE))
    down, up = seen(NEGATIVE, T + 60, POSITIVE), seen(POSITIVE, T + 90, NEGATIVE)
    assert flips(home, down, channel="a")[0] is not None
    assert flips(home, down, channel="c") == [None]
    flip, due = told.flip("x", ASK, down)
    assert (flip, due) == (Flip("x", NEGATIVE, T + 60, POSITIVE, T), {"b"})
    assert told.flip("x", ASK, up)[1] == {"a", "b"}
    assert flips(home, up, channel="c")[0] is not None
    assert "secret" not in home.alerts_file.read_text()
    Told(home, ["curl -H 'secret: 1'"]).flip("x", ASK, up)
    assert "secret" not in home.alerts_file.read_text()


def test_of_many_who_look_at_once_one_tells(home: Home) -> None:
    flips(home, seen(POSITIVE))
    flipped = seen(NEGATIVE, T + 60, POSITIVE)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: Told(home, ["a"]).flip("x", ASK, flipped)[1], range(40)))
    assert sorted(map(len, found)) == [0] * 39 + [1]


def test_what_nobody_watches_is_forgotten(home: Home) -> None:
    now = [T]
    told = Told(home, ["a"], lambda: now[0])
    told.flip("x", ASK, seen(POSITIVE))
    before = home.alerts_file.read_text()
    now[0] += FORGOTTEN + 1
    told.flip("y", Ask(("SPX",)), seen(POSITIVE))
    assert before[2:34] not in home.alerts_file.read_text()
    assert len(home.alerts_file.read_text()) < 1.2 * len(before)
    for _ in range(100):  # what is looked at stays, although nothing becomes of it
        now[0] += FORGOTTEN / 50
        told.flip("y", Ask(("SPX",)), seen(POSITIVE))
    assert told.flip("y", Ask(("SPX",)), seen(NEGATIVE, now[0], POSITIVE))[1] == {"a"}


@pytest.mark.parametrize(
    ("looks", "found"),
    [
        ([(99, 100), (101, 100)], [ABOVE]),
        ([(99, 100), (100.02, 100), (99.98, 100), (99, 100)], []),  # it danced on it
        ([(99, 100), (100.02, 100), (101, 100), (100.01, 100), (101, 100)], [ABOVE]),
        ([(101, 100), (100, 100), (99, 100), (101, 100)], [BELOW, ABOVE]),
        ([(99, 100), (99, 98)], []),  # the level moved over the price
        ([(99, 100), (99.5, 98)], []),
        ([(99, 100), (103, 102)], [ABOVE]),  # both moved: the price went through where the level is now
        ([(7399, 7000), (7401, 7800)], []),  # another root is the nearest now
        ([(100, 100), (101, 100)], []),  # on which side it was is not known
        ([(100, 100), (101, 100), (99, 100)], [BELOW]),
    ],
)
def test_crossings(looks: list[tuple[float, float]], found: list[str]) -> None:
    place: Place | None = None
    went: list[str] = []
    for price, level in looks:
        place, happened = crossed(place, float(price), float(level))
        went += [place.side] if happened else []
    assert went == found


def test_a_crossing_is_told_once_by_each_channel(home: Home) -> None:
    def price(at: float, doubts: str = "available") -> Price:
        return Price(
            "NVDA", ORIGIN, at, T, True, KnownLevels(T, {"gamma_flip": 220.0, "put_wall": 200.0}, doubts)
        )

    a, b, nobody = Told(home, ["a"]), Told(home, ["b"]), Told(home, [])
    assert a.crossings([price(219.0)]) == b.crossings([price(219.0)]) == []
    up = Crossing("NVDA", "gamma_flip", ABOVE, 221.0, 220.0, T, True, "available")
    assert a.crossings([price(221.0)]) == [(up, {"a"})]
    assert a.crossings([price(222.0)]) == []
    assert b.crossings([price(222.0)]) == [(up, {"b"})]
    assert up.sentence() == (
        "SYNTHETIC: NVDA went above its gamma flip 220.00: 221.00 at 2026-09-16 11:00 New York"
    )
    doubted, walled = (found for found, _ in nobody.crossings([price(199.0, "several roots")]))
    assert doubted.sentence() == (
        "SYNTHETIC: NVDA went below its gamma flip 220.00 (several roots): 199.00 at 2026-09-16 11:00 New York"
    )
    assert walled.sentence().startswith("SYNTHETIC: NVDA went below its put wall 200.00: 199.00 at ")
    assert (up.facts()["DOUBTS"], doubted.facts()["DOUBTS"]) == ("available", "several roots")
    assert "DOUBTS" not in walled.facts()


def test_levels_are_kept_for_the_next_command_and_none_of_the_future_is_believed(home: Home) -> None:
    now = [T]
    told = Told(home, ["a"], lambda: now[0])
    known = KnownLevels(T, {"call_wall": 230.0}, "available")
    told.keep_levels(ORIGIN, {"NVDA": known})
    another = Told(home, ["b"], lambda: now[0])
    assert another.levels(ORIGIN, ["NVDA", "AMD"], T - 900) == {"NVDA": known}
    assert another.levels("elsewhere", ["NVDA"], T - 900) == {}
    assert another.levels(ORIGIN, ["NVDA"], T + 1) == {}
    now[0] = T - 60  # the clock was put back
    assert another.levels(ORIGIN, ["NVDA"], T - 960) == {}
