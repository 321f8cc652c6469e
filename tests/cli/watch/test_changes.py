"""What ``basketgex watch`` makes of its arguments and of what it hears."""

from __future__ import annotations

import pytest

from basketgex_addin.cells import Ask, Problem, Reply, Row, Since
from basketgex_addin.client.problems import TIMED_OUT
from basketgex_cli.watch.changes import Flip, Seen, flip, parsed
from basketgex_cli.watch.views import HEADINGS, _aligned, _cells, _object
from basketgex_server.errors import BadSettings

T = 1_789_570_800.0  # 2026-09-16 11:00 in New York
REPLY = Reply(
    gex=-1.64e9,
    dex=1.0,
    vex=2.0,
    chex=3.0,
    net_to_gross=-0.5,
    covered_weight=0.9,
    negative_names=1,
    negative_weight=0.5,
    usable_open_interest=1.0,
    as_of=T,
    as_of_newest=T,
    fetched_at=T,
    freshness="FRESH",
    client_ttl=30.0,
    notice="",
    source="made-up figures",
    synthetic=False,
    convention="flashalpha",
    missing=("GHOST",),
    rows=(),
)
POSITIVE, NEGATIVE = "positive_gamma", "negative_gamma"


def test_baskets() -> None:
    assert parsed(["semis=NVDA, AMD", "JPM,BAC", "x=SPX:2,QQQ:0.5"]) == {
        "semis": Ask(("NVDA", "AMD")),
        "JPM,BAC": Ask(("JPM", "BAC")),
        "x": Ask(("SPX", "QQQ"), (2.0, 0.5)),
    }


@pytest.mark.parametrize(
    ("baskets", "sentence"),
    [
        (["semis="], "semis has no symbols: write name=NVDA,AMD."),
        (["a=A", "a=B"], "a is there twice: give each basket a name of its own."),
        (["a=A", "b=A"], "b is a basket that is there already: write it once."),
        (["a=A:1,B"], "a has weights for some of its symbols: write NVDA:2,AMD:1, or none."),
        (["a=A:x"], "a has a weight that is no number: write NVDA:2,AMD:1."),
    ],
)
def test_baskets_that_are_none(baskets: list[str], sentence: str) -> None:
    with pytest.raises(BadSettings) as caught:
        parsed(baskets)
    assert caught.value.sentence == sentence


def since(regime: str, at: float = 0.0, previous: str = "", known_from: float = T) -> Seen:
    return Seen(REPLY, Since(regime, at, previous, known_from))


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        (None, since(POSITIVE, T + 60, NEGATIVE), None),
        (since(POSITIVE), since(POSITIVE), None),
        (
            since(POSITIVE),
            since(NEGATIVE, T + 60, POSITIVE),
            Flip("x", NEGATIVE, T + 60, POSITIVE, T),
        ),
        (  # away for two flips
            since(POSITIVE, T + 60, NEGATIVE),
            since(POSITIVE, T + 600, NEGATIVE),
            Flip("x", POSITIVE, T + 600, NEGATIVE, 0.0),
        ),
        (since(POSITIVE, T + 60, NEGATIVE), since(POSITIVE, 0.0, "", T + 90), None),  # begun anew
        (
            since(POSITIVE, T + 60, NEGATIVE),
            since(NEGATIVE, 0.0, "", T + 90),
            Flip("x", NEGATIVE, 0.0, POSITIVE, T + 60),
        ),
        (Seen(Problem("no_data", "None."), Since("", 0.0, "")), since(POSITIVE, T, NEGATIVE, T), None),
        (Seen(Problem("server_absent", "Away."), None), since(POSITIVE), None),
    ],
)
def test_flips(before: Seen | None, now: Seen, found: Flip | None) -> None:
    assert flip("x", before, now) == found


def test_a_flip_in_words() -> None:
    assert Flip("semis", NEGATIVE, T + 60, POSITIVE, T).sentence() == (
        "semis flipped to negative gamma at 2026-09-16 11:01 New York "
        "(was positive gamma since 2026-09-16 11:00 New York)"
    )
    assert Flip("semis", NEGATIVE, 0.0, POSITIVE, 0.0).sentence() == (
        "semis flipped to negative gamma (was positive gamma)"
    )


def test_the_table() -> None:
    rows = [_cells("semis", since(NEGATIVE, T, POSITIVE)), _cells("x", Seen(Problem("a", "Not so."), None))]
    assert _aligned([HEADINGS, *rows]) == [
        "basket  regime          since, New York        GEX  net÷gross  coverage  as of, New York   freshness",
        "semis   negative gamma  2026-09-16 11:00  -1.64 bn      -0.50     90.0%  2026-09-16 11:00  "
        "fresh (no data: GHOST)",
        "x       Not so.",
    ]


def test_what_takes_its_time_is_waited_for() -> None:
    for found in (
        TIMED_OUT,
        Problem("timed_out", "The source did not answer in time. Recalculate to ask again."),
    ):
        assert _cells("x", Seen(found, None)) == ("x", "waiting for the source")
        assert "Ask again." in _object("x", Seen(found, None), None)["problem"]["sentence"]


def test_json() -> None:
    found = _object("semis", since(NEGATIVE, T, POSITIVE), Flip("semis", NEGATIVE, T, POSITIVE, 0.0))
    assert found["since"] == found["as_of"] == "2026-09-16T15:00:00Z"
    assert (found["flipped"], found["flipped_from"], found["net_gex"]) == (True, POSITIVE, -1.64e9)
    assert _object("x", Seen(Problem("a", "Not so."), None), None) == {
        "basket": "x",
        "problem": {"code": "a", "sentence": "Not so."},
    }


@pytest.mark.parametrize(
    ("gross", "balance", "said"),
    [
        (32.8e9, -0.05, "negative gamma"),
        (33e9, -1.64 / 33, "negative gamma, near flip"),
        (1.64e9, -1.0, "negative gamma"),
        (0.0, None, "negative gamma"),
    ],
)
def test_a_regime_that_is_near_its_flip(gross: float, balance: float | None, said: str) -> None:
    row = Row("SPX", 1.0, 4_000.0, REPLY.gex, 1.0, 2.0, 3.0, 100.0, T, "FRESH", gross_gex=gross)
    seen = Seen(REPLY._replace(rows=(row,)), None)
    assert _cells("semis", seen)[1] == said
    found = _object("semis", seen, None)
    assert (found["regime"], found["near_flip"]) == (NEGATIVE, "near" in said)
    assert found["balance"] == pytest.approx(balance)
