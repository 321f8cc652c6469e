"""The basket contract with literal figures, its properties, and the arrays held to the plain code."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from basketgex_server.dispatch.batch import arrays as columns
from basketgex_server.dispatch.batch import choose
from basketgex_server.dispatch.batch.choose import answer_batch
from basketgex_server.dispatch.batch.types import Batch, BatchAnswer
from basketgex_server.dispatch.lookups import CachedFigure, Lookup, Refresh
from basketgex_server.domain import Basket, Freshness, Measures, Snapshot, SymbolExposure
from basketgex_server.errors import BadChain, BasketgexError, InvalidBatch, NoData, TooManyCalls
from basketgex_server.exposure.basket import aggregate
from basketgex_server.tickers import basket
from tests.server.servers import LIVE, NOON, made_up, run


def name(symbol: str, gex: float, dex: float = 0.0, vex: float = 0.0, chex: float = 0.0) -> SymbolExposure:
    return SymbolExposure(symbol, 100.0, Measures(gex, dex, vex, chex), as_of=NOON)


EXPOSURES = {s: made_up(s) for s in ("A", "B", "C", "D", "E", "F")}
SIZES = st.floats(1e-6, 1e6)
MEMBERS = st.dictionaries(st.sampled_from(sorted(EXPOSURES)), SIZES, min_size=1)


def test_three_names_of_the_contract() -> None:
    figures = {"NVDA": name("NVDA", 920e6), "AAPL": name("AAPL", 410e6), "MSFT": name("MSFT", 310e6)}
    found = aggregate(Basket(("NVDA", "AAPL", "MSFT"), (4, 3, 3)), figures)
    assert found.net.gex == pytest.approx(584_000_000, abs=1e-6)
    assert [round(c.contribution_pct, 2) for c in found.constituents] == [63.01, 21.06, 15.92]
    assert [c.weight for c in found.constituents] == [0.4, 0.3, 0.3]
    assert found.net_to_gross == pytest.approx(1.0)
    assert (found.missing, found.covered_weight) == ((), 1.0)
    assert (found.negative_names, found.negative_weight) == (0, 0.0)


def test_every_measure_is_a_weighted_mean_of_the_names_with_data() -> None:
    figures = {
        "A": name("A", 100.0, 10.0, -4.0, 8.0),
        "B": name("B", -300.0, 30.0, 12.0, -16.0),
        "Z": name("Z", 1e9, 1e9, 1e9, 1e9),
    }
    found = aggregate(Basket(("GONE", "B", "A"), (2, 1, 3)), figures)
    assert found.net == Measures(0.0, 15.0, 0.0, 2.0)  # (3·A + 1·B) / 4
    assert [(c.exposure.symbol, c.weight, c.contribution_pct) for c in found.constituents] == [
        ("B", 0.25, 50.0),
        ("A", 0.75, 50.0),
    ]
    assert [c.exposure for c in found.constituents] == [figures["B"], figures["A"]]
    assert found.net_to_gross == 0.0
    assert found.missing == ("GONE",)
    assert found.covered_weight == pytest.approx(4 / 6)
    assert (found.negative_names, found.negative_weight) == (1, 0.25)


def test_net_to_gross_and_usable_open_interest() -> None:
    figures = {
        "A": replace(name("A", -30.0), usable_open_interest=0.5),
        "B": replace(name("B", 10.0), usable_open_interest=0.9),
    }
    found = aggregate(Basket(("A", "B"), (3, 1)), figures)
    assert found.net_to_gross == -0.8
    assert found.usable_open_interest == pytest.approx(0.6)
    assert (found.negative_names, found.negative_weight) == (1, 0.75)


def test_without_gross_exposure_nothing_contributes() -> None:
    found = aggregate(Basket(("A", "B"), (1, 1)), {"A": name("A", 0.0, 4.0), "B": name("B", 0.0)})
    assert [c.contribution_pct for c in found.constituents] == [0.0, 0.0]
    assert (found.net, found.net_to_gross, found.negative_names) == (Measures(0.0, 2.0, 0.0, 0.0), 0.0, 0)


def test_a_name_without_weight_stays_but_moves_nothing() -> None:
    figures = {"A": name("A", 10.0), "B": name("B", -1e9)}
    found = aggregate(Basket(("A", "B"), (2, 0)), figures)
    assert found.net.gex == 10.0
    assert [(c.weight, c.contribution_pct) for c in found.constituents] == [(1.0, 100.0), (0.0, 0.0)]
    assert (found.negative_names, found.negative_weight) == (1, 0.0)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (Basket(("X",), (1,)), "The source has no data for X: check the spelling."),
        (
            Basket(("U", "V", "W", "X", "Y", "Z"), (1,) * 6),
            "The source has no data for U, V, W, X, Y, …: check the spelling.",
        ),
        (
            Basket(("A", "X"), (0, 1)),
            "None of the names that have a weight has data: check the tickers, or give other names a weight.",
        ),
    ],
)
def test_a_basket_without_data_says_so(asked: Basket, sentence: str) -> None:
    with pytest.raises(NoData) as caught:
        aggregate(asked, EXPOSURES)
    assert caught.value.sentence == sentence


@given(MEMBERS, st.sampled_from([1e-9, 0.5, 3.0, 1e9]))
def test_the_scale_of_the_weights_does_not_matter(members: dict[str, float], scale: float) -> None:
    one = aggregate(Basket(tuple(members), tuple(members.values())), EXPOSURES)
    other = aggregate(Basket(tuple(members), tuple(w * scale for w in members.values())), EXPOSURES)
    assert other.net == pytest.approx(one.net, rel=1e-9, abs=1e-3)
    assert sum(c.weight for c in one.constituents) == pytest.approx(1.0)
    assert [c.weight for c in other.constituents] == pytest.approx([c.weight for c in one.constituents])


@given(MEMBERS)
def test_contributions_add_up_to_a_hundred(members: dict[str, float]) -> None:
    found = aggregate(Basket(tuple(members), tuple(members.values())), EXPOSURES)
    gross = sum(abs(EXPOSURES[s].net.gex) for s in members)
    assert sum(c.contribution_pct for c in found.constituents) == pytest.approx(100.0 if gross else 0.0)
    assert -1.0 - 1e-12 <= found.net_to_gross <= 1.0 + 1e-12


@given(st.sampled_from(sorted(EXPOSURES)), st.floats(5e-324, 1e300))
def test_a_basket_of_one_is_its_symbol(symbol: str, weight: float) -> None:
    found = aggregate(Basket((symbol,), (weight,)), EXPOSURES)
    assert found.net == EXPOSURES[symbol].net
    assert [(c.weight, c.contribution_pct) for c in found.constituents] == [(1.0, 100.0)]
    assert found.covered_weight == 1.0


@given(MEMBERS, MEMBERS)
def test_the_union_answers_both(one: dict[str, float], other: dict[str, float]) -> None:
    union = {s: EXPOSURES[s] for s in {**one, **other}}
    for members in (one, other):
        question = Basket(tuple(members), tuple(members.values()))
        alone = aggregate(question, {s: EXPOSURES[s] for s in members})
        assert aggregate(question, union) == alone
        assert [c.exposure for c in alone.constituents] == [EXPOSURES[s] for s in members]


@given(MEMBERS)
def test_a_drop_is_a_basket_without_the_name(members: dict[str, float]) -> None:
    assume(len(members) > 1)
    dropped, *kept = members
    known = {s: e for s, e in EXPOSURES.items() if s != dropped}
    found = aggregate(Basket(tuple(members), tuple(members.values())), known)
    plain = aggregate(Basket(tuple(kept), tuple(members[s] for s in kept)), known)
    assert found.net == plain.net
    assert found.constituents == plain.constituents
    assert found.missing == (dropped,)
    assert found.covered_weight == pytest.approx(sum(members[s] for s in kept) / sum(members.values()))


# Plain and arrays. A batch is drawn as rows of (text, weight) with everything odd that a sheet can hold.

TEXTS = (
    "A",
    "B",
    "C",
    "D",
    "E",
    "a",
    " b ",
    "GONE",
    "LOST",
    "BAD",
    "WORSE",
    "not a ticker",
    "",
    "BRK/B",
    "BRK-B",
)
ODD_WEIGHTS = (0.0, -0.0, 1.0, 5e-324, 1e-300, 1e300, 1.7e308, -1.0, float("nan"), float("inf"))
ROWS = st.lists(
    st.tuples(
        st.sampled_from(TEXTS),
        st.one_of(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.sampled_from(ODD_WEIGHTS)),
    ),
    max_size=6,
)
CLEAN = st.lists(st.tuples(st.sampled_from("ABCDE"), st.floats(1e-3, 1e3)), min_size=1, max_size=5)
BASKETS = st.lists(st.tuples(st.one_of(CLEAN, ROWS), st.booleans()), max_size=8)
MOST = 4


def batch_of(baskets: list[tuple[list[tuple[str, float]], bool]]) -> Batch:
    offsets = [0]
    index: list[int] = []
    weights: list[float] = []
    for rows, _ in baskets:
        index += [TEXTS.index(text) for text, _ in rows]
        weights += [w for _, w in rows]
        offsets.append(len(index))
    equal = frozenset(b for b, (_, equally) in enumerate(baskets) if equally)
    return Batch(list(TEXTS), offsets, index, weights, equal)


def lookup(refused: Mapping[int, TooManyCalls]) -> Lookup:
    def found(symbol: str, age: float, freshness: Freshness, ttl: float, notice: str = "") -> CachedFigure:
        exposure = replace(
            made_up(symbol, NOON - age), usable_open_interest=0.9 - age / 1e4, oi_as_of=NOON - age
        )
        return CachedFigure(Snapshot(exposure, NOON - age / 2), freshness, ttl, notice)

    return Lookup(
        LIVE,
        {
            "A": found("A", 0.0, Freshness.FRESH, 20.0),
            "B": found("B", 10.0, Freshness.STALE, 2.0, "Last good value: b."),
            "C": found("C", 1000.0, Freshness.EXPIRED, 2.0, "Last good value: c."),
            "D": found("D", 30.0, Freshness.FRESH, 15.0),
            "E": CachedFigure(Snapshot(name("E", 0.0), NOON), Freshness.FRESH, 9.0),
            "BRK.B": found("BRK.B", 3.0, Freshness.FRESH, 7.0),
        },
        {"GONE": 30.0, "LOST": 4.0},
        {"BAD": BadChain("The chain of BAD is broken."), "WORSE": BadChain("The chain of WORSE is broken.")},
        refused,
        debits=2,
    )


class Asked:
    """A dispatcher that has its lookup already and remembers what it was asked for."""

    def __init__(self, found: Lookup) -> None:
        self.found = found
        self.symbols: set[str] = set()
        self.baskets: list[list[str]] = []

    async def find(self, symbols: Any, *, baskets: Any, **_: Any) -> Lookup:
        self.symbols = set(symbols)
        self.baskets = [list(names) for names in baskets()]
        return self.found


def answered(batch: Batch, found: Lookup, plain: int) -> tuple[BatchAnswer, Asked]:
    asked = Asked(found)
    before = choose.FEW, choose.PLAIN
    choose.FEW = choose.PLAIN = plain  # whether numpy is loaded makes no difference here
    try:
        with ThreadPoolExecutor(1) as compute:
            answer = run(answer_batch(asked, batch, Refresh.NORMAL, most=MOST, compute=compute))  # type: ignore[arg-type]
    finally:
        choose.FEW, choose.PLAIN = before
    return answer, asked


def by_basket(answer: BatchAnswer, number: int) -> dict[str, Any]:
    entries = slice(*answer.offsets[number : number + 2])
    gaps = slice(*answer.missing_offsets[number : number + 2])
    return {
        "names": [answer.symbols[i].snapshot.exposure.symbol for i in answer.symbol_index[entries]],
        "missing": [answer.missing[i] for i in answer.missing_index[gaps]],
        "notice": answer.notices[answer.notice_index[number]],
        **{
            field: getattr(answer, field)[number]
            for field in (
                "negative_names",
                "as_of",
                "as_of_newest",
                "oi_as_of",
                "fetched_at",
                "freshness",
                "ttl",
            )
        },
    }


def names(answer: BatchAnswer) -> set[str]:
    return {f.snapshot.exposure.symbol for f in answer.symbols}


def assert_same(plain: BatchAnswer, arrays: BatchAnswer, count: int) -> None:
    def said(errors: dict[int, BasketgexError]) -> dict[int, tuple[type, str, str]]:
        return {b: (type(e), e.sentence, e.argument) for b, e in errors.items()}

    assert said(arrays.errors) == said(plain.errors)
    assert len(plain.offsets) == len(arrays.offsets) == count + 1
    assert (arrays.origin, arrays.debits) == (plain.origin, plain.debits)
    assert names(arrays) >= names(plain)  # and perhaps those of baskets in error
    for number in range(count):
        assert by_basket(arrays, number) == by_basket(plain, number)
    # To the last bit: a cell must not change with how many others are asked for.
    for field in ("net_to_gross", "covered_weight", "negative_weight", "usable_open_interest"):
        assert list(getattr(arrays, field)) == getattr(plain, field)
    assert [list(column) for column in arrays.net] == plain.net
    assert list(arrays.weights) == plain.weights
    assert list(arrays.contribution_pct) == plain.contribution_pct


@given(BASKETS, st.sets(st.integers(0, 7), max_size=2))
@example([], set())
@example([([], False)], set())
@example([([], True), ([("A", 1.0)], False), ([], False)], {1})
@example([([("A", 1.0), ("", 1.0), ("not a ticker", 1.0)], False), ([("B", 2.0)], False)], set())
@example([([("A", 5e-324), ("B", 5e-324)], False), ([("A", 1e300), ("C", 1e-300)], False)], set())
@example([([("GONE", 1.0), ("A", 0.0)], False), ([("GONE", 1.0), ("LOST", 1.0)], True)], set())
@example([([("A", 1.0), ("BAD", 0.0), ("WORSE", 1.0)], False)], set())
@example([([("A", 1.0), ("B", 1.0), ("C", 1.0), ("D", 1.0), ("E", 1.0)], False)], set())
def test_arrays_answer_as_plain_code_does(
    baskets: list[tuple[list[tuple[str, float]], bool]], refused: set[int]
) -> None:
    batch = batch_of(baskets)
    found = lookup({b: TooManyCalls(13 + b, 12) for b in refused if b < len(baskets)})
    plain, asked_plainly = answered(batch, found, plain=10**9)
    arrays, asked_in_arrays = answered(batch, found, plain=-1)
    assert_same(plain, arrays, len(baskets))
    assert asked_in_arrays.symbols == asked_plainly.symbols
    assert [sorted(b) for b in asked_in_arrays.baskets] == [sorted(b) for b in asked_plainly.baskets]


@given(BASKETS)
def test_prepare_and_assemble_all_are_the_plain_functions(
    baskets: list[tuple[list[tuple[str, float]], bool]],
) -> None:
    batch, found = batch_of(baskets), lookup({})
    asked = columns.prepare(batch, MOST)
    answer = columns.assemble_all(asked, found)
    for number, (rows, equally) in enumerate(baskets):
        try:
            question = basket([t for t, _ in rows], None if equally else [w for _, w in rows], MOST)
        except BasketgexError as error:
            assert answer.errors[number].sentence == error.sentence
            continue
        assert asked.question(number) == question
        stuck = next((found.failed[s] for s in question.symbols if s in found.failed), None)
        if stuck is not None:
            assert answer.errors[number].sentence == stuck.sentence
            continue
        try:
            expected = aggregate(question, {s: f.snapshot.exposure for s, f in found.found.items()})
        except NoData as error:
            assert answer.errors[number].sentence == error.sentence
            continue
        assert number not in answer.errors
        assert answer.net[0][number] == pytest.approx(expected.net.gex, rel=1e-9, abs=1e-3)
        assert answer.negative_names[number] == expected.negative_names


def test_a_basket_in_error_is_no_reason_to_ask_the_source() -> None:
    batch = batch_of([([("A", -1.0), ("B", 1.0)], False), ([("C", 1.0)], False)])
    for plain in (10**9, -1):
        answer, asked = answered(batch, lookup({}), plain)
        assert asked.symbols == {"C"}
        assert [f.snapshot.exposure.symbol for f in answer.symbols] == ["C"]
        assert list(answer.errors) == [0]


@pytest.mark.parametrize(
    ("batch", "sentence"),
    [
        (Batch(["A"], [0, 1], [0], []), "The batch needs one weight for each symbol index."),
        (Batch(["A"], [], [], []), "The batch's offsets must run from 0 to the number of symbol indexes."),
        (Batch(["A"], [0], [0], [1]), "The batch's offsets must run from 0 to the number of symbol indexes."),
        (
            Batch(["A"], [1, 1], [0], [1]),
            "The batch's offsets must run from 0 to the number of symbol indexes.",
        ),
        (Batch(["A"], [0, 2, 1, 2], [0, 0], [1, 1]), "The batch's offsets must ascend."),
        (Batch(["A"], [0, 1], [1], [1]), "The batch has a symbol index beyond its symbols."),
    ],
)
@pytest.mark.parametrize("plain", [10**9, -1])
def test_columns_that_do_not_fit_are_refused(batch: Batch, sentence: str, plain: int) -> None:
    with pytest.raises(InvalidBatch) as caught:
        answered(batch, lookup({}), plain)
    assert caught.value.sentence == sentence


@pytest.mark.parametrize("loaded", [True, False])
def test_large_batches_take_the_arrays_and_small_ones_do_not(
    monkeypatch: pytest.MonkeyPatch, loaded: bool
) -> None:
    taken: list[int] = []
    prepare = columns.prepare
    most = choose.FEW if loaded else choose.PLAIN

    def seen(batch: Batch, names: int) -> columns.Asked:
        taken.append(len(batch.symbol_index))
        return prepare(batch, names)

    monkeypatch.setattr(columns, "prepare", seen)
    with ThreadPoolExecutor(1) as compute:
        for count in (most, most + 1):
            choose.arrays.cache_clear()
            if loaded:
                choose.arrays()
            batch = batch_of([([("A", 1.0)], False)] * count)
            run(answer_batch(Asked(lookup({})), batch, Refresh.NORMAL, most=MOST, compute=compute))  # type: ignore[arg-type]
    assert taken == [most + 1]
