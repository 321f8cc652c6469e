"""Ranges to questions and replies to cells, with the exact sentences a person reads."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_addin import cells
from basketgex_addin.cells import Ask, BadInput, Block, CellError, Reply, Row
from basketgex_addin.functions.levels import levels
from basketgex_addin.functions.moments import age
from basketgex_addin.functions.profile import ProfileOf, flip, profile, profile_of
from tests.addin.shown import option, render

AS_OF = 1_783_713_600.0  # 2026-07-10 16:00 in New York


def column(*values: cells.InputCell) -> Block:
    return tuple((value,) for value in values)


def row(symbol: str, weight: float, gex: float) -> Row:
    return Row(symbol, weight, 100.0, gex, 2.0, 3.0, 4.0, 50.0, AS_OF, "FRESH")


REPLY = Reply(
    gex=-5.0,
    dex=2.0,
    vex=3.0,
    chex=4.0,
    net_to_gross=-0.5,
    covered_weight=0.9996,
    negative_names=1,
    negative_weight=0.6,
    usable_open_interest=1.0,
    as_of=AS_OF,
    as_of_newest=AS_OF,
    fetched_at=AS_OF,
    freshness="FRESH",
    client_ttl=60.0,
    notice="",
    source="chains in july",
    synthetic=False,
    convention="flashalpha",
    missing=("X", "Y"),
    rows=(row("NVDA", 0.6, -10.0), row("AMD", 0.4, 0.0)),
)


@pytest.mark.parametrize(
    ("symbols", "weights", "expected"),
    [
        (column("NVDA", "AMD"), None, Ask(("NVDA", "AMD"))),
        ((("NVDA", "AMD"),), column(1, 2), Ask(("NVDA", "AMD"), (1.0, 2.0))),
        ((("A", "B"), ("C", "D")), ((1, 2, 3, 4),), Ask(("A", "B", "C", "D"), (1.0, 2.0, 3.0, 4.0))),
        ((("A", "B"), ("C", None)), ((1, 2), (3, None)), Ask(("A", "B", "C"), (1.0, 2.0, 3.0))),
        ((("NVDA, AMD",),), None, Ask(("NVDA", "AMD"))),
        ((("NVDA; AMD;",),), (("0.4,0.6",),), Ask(("NVDA", "AMD"), (0.4, 0.6))),
        ((("NVDA, AMD",),), column(2, 3), Ask(("NVDA", "AMD"), (2.0, 3.0))),
        (column("NVDA", "AMD"), (("40%; 60 %",),), Ask(("NVDA", "AMD"), (0.4, 0.6))),
        (column("NVDA", None, " AMD "), column("0.4", None, " 40% "), Ask(("NVDA", "AMD"), (0.4, 0.4))),
        (column("NVDA", "", "AMD"), column(1, 0, None), Ask(("NVDA", "AMD"), (1.0, 0.0))),
        (column(True, False), None, Ask(("TRUE", "FALSE"))),
        (column("A", None, None), column(1, None, None), Ask(("A",), (1.0,))),
        (column("A", "B", None), column(1, None, None), Ask(("A", "B"), (1.0, 0.0))),
        (column("NVDA"), column(-1), Ask(("NVDA",), (-1.0,))),
    ],
)
def test_what_a_range_asks(symbols: Block, weights: Block | None, expected: Ask) -> None:
    assert cells.ask(symbols, weights) == expected


NONE = "No symbols: give at least one ticker."
ZERO = "The weights are all zero: give at least one name a weight."


@pytest.mark.parametrize(
    ("symbols", "weights", "code", "argument", "sentence"),
    [
        (None, None, "missing_symbols", "symbols", NONE),
        ((), column(1), "missing_symbols", "symbols", NONE),
        (column(None, " "), column(1, None), "missing_symbols", "symbols", NONE),
        (column("A"), column(""), "invalid_weights", "weights", ZERO),
        (column("A", "B"), column(None, None), "invalid_weights", "weights", ZERO),
        (column("A", "B"), column(0, "0"), "invalid_weights", "weights", ZERO),
        (
            column("A", "B", CellError.NOT_AVAILABLE),
            None,
            "error_in_range",
            "symbols",
            "Row 3 of the symbols holds an error: correct that cell first.",
        ),
        (
            column("A", "B"),
            ((1, CellError.VALUE),),
            "error_in_range",
            "weights",
            "Cell 2 of the weights holds an error: correct that cell first.",
        ),
        (
            column("A", "B"),
            column(1, 2, 3),
            "weight_count_mismatch",
            "weights",
            "2 symbols but 3 weights: give one weight beside each symbol, or none at all.",
        ),
        (
            column("A", None),
            column(1),
            "weight_count_mismatch",
            "weights",
            "2 symbols but 1 weights: give one weight beside each symbol, or none at all.",
        ),
        (
            (("A", "B", "C"), ("D", "E", "F")),
            ((1, 2), (3, 4), (5, 6)),
            "weight_count_mismatch",
            "weights",
            "The symbols are 2 rows of 3 but the weights 3 rows of 2: give both the same shape.",
        ),
        (
            column("A", "B", "C", None),
            column(1, 1, 1, 0.5),
            "invalid_weights",
            "weights",
            "Row 4 has a weight but no symbol: write the ticker or clear the weight.",
        ),
        (
            column("A", "B"),
            column(1, 'so"me\n' + "x" * 30),
            "invalid_weights",
            "weights",
            'Row 2 of the weights is "so?me?xxxxxxxxxxxxxxxxxx…": a weight must be a number.',
        ),
        (
            (("A,B",),),
            (("1,nan",),),
            "invalid_weights",
            "weights",
            'Entry 2 of the weights is "nan": a weight must be a number.',
        ),
        (
            column("A"),
            column(True),
            "invalid_weights",
            "weights",
            "Row 1 of the weights is TRUE: a weight must be a number.",
        ),
        (
            column("A"),
            column(math.nan),
            "invalid_weights",
            "weights",
            "Row 1 of the weights is not a finite number.",
        ),
        (
            column("A"),
            column("1e999"),
            "invalid_weights",
            "weights",
            "Entry 1 of the weights is not a finite number.",
        ),
        (
            column("A", 7),
            None,
            "invalid_symbol",
            "symbols",
            "Row 2 of the symbols is a number: write the ticker as text.",
        ),
        (
            column(*("A",) * 20_001),
            None,
            "too_many_symbols",
            "symbols",
            "20,001 symbols are too many for one basket: split it or shorten the range.",
        ),
    ],
)
def test_what_is_refused(symbols: Block, weights: Block, code: str, argument: str, sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        cells.ask(symbols, weights)
    problem = caught.value.problem
    assert (problem.code, problem.argument, problem.sentence) == (code, argument, sentence)
    assert problem.cell_error is CellError.VALUE


def test_whole_columns_work_and_quickly() -> None:
    blank = ((None,),) * 1_048_570
    started = time.process_time()
    found = cells.ask((*column("A", "B"), *blank), (*column(1, 2), *blank))
    assert found == Ask(("A", "B"), (1.0, 2.0))
    assert time.process_time() - started < 5  # a guard against lists of a million, not a measurement


CELL = (
    st.none() | st.booleans() | st.floats() | st.text('AB1.,;% \n"', max_size=4) | st.sampled_from(CellError)
)
BLOCK = st.integers(0, 3).flatmap(lambda width: st.lists(st.tuples(*[CELL] * width), max_size=4).map(tuple))


@given(st.none() | BLOCK, st.none() | BLOCK)
def test_any_cells_give_a_question_or_a_refusal(symbols: Block | None, weights: Block | None) -> None:
    try:
        found = cells.ask(symbols, weights)
    except BadInput as bad:
        assert bad.problem.sentence.endswith(".")
        assert "\n" not in bad.problem.sentence
    else:
        assert all(symbol == symbol.strip() != "" for symbol in found.symbols)
        assert found.weights is None or len(found.weights) == len(found.symbols)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("BASKETGEX", -5.0),
        ("BASKETDEX", 2.0),
        ("BASKETVEX", 3.0),
        ("BASKETCHEX", 4.0),
        ("BASKETREGIME", "negative_gamma"),
        ("BASKETMISSING", "X, Y"),
        ("BASKETCOVERAGE", 0.9996),
        ("BASKETWHY", "OK"),
        (
            "BASKETSTATUS",
            "chains in july; as of 2026-07-10 16:00 New York; convention flashalpha (DEX, VEX, CHEX: open interest, "
            "plain sum); 2 of 4 names; coverage 99.9 %; "
            "no data: X, Y",
        ),
    ],
)
def test_what_a_cell_shows(name: str, expected: object) -> None:
    assert render(name, REPLY) == expected


def test_a_status_says_all_there_is_to_say() -> None:
    reply = REPLY._replace(
        synthetic=True,
        source="synthetic sample",
        freshness="HISTORICAL",
        as_of_newest=AS_OF + 1_860,
        covered_weight=1.0,
        usable_open_interest=0.93,
        missing=(),
        rows=(row("NVDA", 1.0, 1.0), row("AMD", 0.0, 1.0)),
        notice="Served from the last good values.",
    )
    assert render("BASKETSTATUS", reply) == (
        "SYNTHETIC (synthetic sample); historical; as of 2026-07-10 16:00 to 2026-07-10 16:31 (mixed) New York; "
        "convention flashalpha (DEX, VEX, CHEX: open interest, plain sum); 2 of 2 names; coverage 100 %; no weight: AMD; "
        "usable open interest 93 %; "
        "Served from the last good values."
    )


@pytest.mark.parametrize(
    "share, said",
    [
        (1.0, ""),
        (0.9, "; usable open interest 90 %"),
        (0.89996, "; usable open interest 89.9 % (below 90 %)"),
        (0.0, "; usable open interest 0 % (below 90 %)"),
    ],
)
def test_a_status_flags_open_interest_that_is_not_enough(share: float, said: str) -> None:
    plain = render("BASKETSTATUS", REPLY)
    assert render("BASKETSTATUS", REPLY._replace(usable_open_interest=share)) == f"{plain}{said}"


@pytest.mark.parametrize("freshness", ["FRESH", "STALE", "EXPIRED"])
def test_a_status_never_says_what_a_clock_makes_untrue(freshness: str) -> None:
    assert render("BASKETSTATUS", REPLY._replace(freshness=freshness)) == render("BASKETSTATUS", REPLY)


def test_the_table_with_headings_and_the_missing_last() -> None:
    table = render("BASKET", REPLY, True)
    assert table == (
        cells.HEADINGS,
        ("NVDA", 0.6, 100.0, -10.0, 2.0, 3.0, 4.0, -0.5, "negative gamma", "2026-07-10 16:00", None),
        ("AMD", 0.4, 100.0, 0.0, 2.0, 3.0, 4.0, 0.5, "positive gamma", "2026-07-10 16:00", None),
        ("X", None, None, None, None, None, None, None, "no data", None, None),
        ("Y", None, None, None, None, None, None, None, "no data", None, None),
    )
    assert render("BASKET", REPLY) == table[1:]


@pytest.mark.parametrize(
    ("gex", "gross", "words", "balance"),
    [
        (-1.0, 100.0, "negative gamma, near flip", -0.01),
        (4.9, 100.0, "positive gamma, near flip", 0.049),
        (5.0, 100.0, "positive gamma", 0.05),
        (-100.0, 100.0, "negative gamma", -1.0),
        (0.0, 100.0, "positive gamma, near flip", 0.0),
        (-1.0, 0.0, "negative gamma", None),  # net figures only
    ],
)
def test_a_regime_goes_with_its_balance(gex: float, gross: float, words: str, balance: float | None) -> None:
    row = REPLY.rows[0]._replace(weight=1.0, gex=gex, gross_gex=gross)
    reply = REPLY._replace(gex=gex, rows=(row,), missing=())
    ((*_, shown, _, beside),) = render("BASKET", reply)  # type: ignore[misc]
    assert (shown, beside) == (words, balance)
    assert render("BASKETBALANCE", reply) == (CellError.NOT_AVAILABLE if balance is None else balance)
    assert render("BASKETREGIME", reply) == f"{words.partition(' ')[0]}_gamma"


def test_a_figure_that_is_no_number_is_an_error_value() -> None:
    assert render("BASKETGEX", REPLY._replace(gex=math.nan)) is CellError.NOT_AVAILABLE


@pytest.mark.parametrize(
    ("cell", "expected"),
    [(True, True), (0, False), (1.0, True), (None, False), ("true", True), ("FALSE", False), (" ", False)],
)
def test_headers(cell: cells.Scalar, expected: bool) -> None:
    assert option("BASKET", ((cell,),)) is expected
    assert option("BASKET", None) is False


def test_headers_that_say_nothing() -> None:
    with pytest.raises(BadInput, match=r"^The headers argument must be TRUE or FALSE\.$"):
        option("BASKET", (("yes",),))


def test_age_in_minutes() -> None:
    assert age(REPLY, AS_OF + 90) == 1.5
    assert age(REPLY, AS_OF - 90) == 0


def block(value: cells.InputCell) -> cells.Block:
    return ((value,),)


WEIGHED = REPLY._replace(
    rows=(
        row("A", 0.5, -10.0)._replace(contribution_pct=62.5),
        row("B", 0.5, 6.0)._replace(contribution_pct=37.5),
        row("C", 0.0, 1e9)._replace(contribution_pct=0.0),
    )
)


def test_totals_are_plain_sums_of_the_names_that_weigh() -> None:
    assert render("BASKETTOTAL", WEIGHED, option("BASKETTOTAL", None)) == ((-4.0, 4.0, 6.0, 8.0),)
    assert render("BASKETTOTAL", WEIGHED, option("BASKETTOTAL", block(" gex "))) == ((-4.0,),)


def test_a_share_of_nothing_has_no_sign() -> None:
    weighs_nothing = row("C", 0.0, -1e9)._replace(contribution_pct=0.0)
    assert math.copysign(1.0, weighs_nothing.signed_share) == 1.0
    assert math.isnan(row("C", 0.5, -1e9)._replace(contribution_pct=math.nan).signed_share)


def test_the_top_is_by_contribution_with_the_sign_of_the_exposure() -> None:
    assert render("BASKETTOP", WEIGHED, option("BASKETTOP", None)) == (
        ("A", -0.625),
        ("B", 0.375),
    )
    assert render("BASKETTOP", WEIGHED, option("BASKETTOP", block("1"))) == (("A", -0.625),)


def test_breadth_and_count_are_of_the_names_with_data() -> None:
    assert render("BASKETBREADTH", WEIGHED) == pytest.approx(2 / 3)
    assert render("BASKETCOUNT", WEIGHED) == 3
    assert render("BASKETBREADTH", WEIGHED._replace(rows=())) is CellError.NOT_AVAILABLE


def test_the_moment_is_a_serial_in_the_zone_asked_for() -> None:
    new_york = render("BASKETASOF", REPLY, option("BASKETASOF", None))
    utc = render("BASKETASOF", REPLY, option("BASKETASOF", block("UTC")))
    assert new_york == pytest.approx(46213 + 16 / 24)  # 2026-07-10 16:00
    assert utc == pytest.approx(46213 + 20 / 24)


@pytest.mark.parametrize(
    ("name", "cell", "argument"),
    [
        ("BASKETTOTAL", "GAMMA", "measure"),
        ("BASKETTOTAL", 1.0, "measure"),
        ("BASKETTOP", 0.0, "n"),
        ("BASKETTOP", 1.5, "n"),
        ("BASKETTOP", "three", "n"),
        ("BASKETTOP", True, "n"),
        ("BASKETTOP", math.nan, "n"),
        ("BASKETTOP", CellError.VALUE, "n"),
        ("BASKETASOF", "Gotham", "zone"),
        ("BASKETASOF", "../etc/passwd", "zone"),
        ("BASKETASOF", "America", "zone"),
        ("BASKETASOF", 5.0, "zone"),
    ],
)
def test_an_option_that_says_nothing_is_bad_input(name: str, cell: cells.InputCell, argument: str) -> None:
    with pytest.raises(BadInput) as refused:
        option(name, block(cell))
    assert refused.value.problem.argument == argument


def test_levels_of_an_underlying_without_a_price_have_no_distance() -> None:
    found = cells.LevelFigures(0.0, 95.0, "available", *(None,) * 6, 0.0, 30.0)
    assert levels(found)[1] == ("gamma flip", 95.0, CellError.NOT_AVAILABLE, "available", "", "")


@pytest.mark.parametrize(
    "status, doubts, roots, shown",
    [
        ("available", (), (95.0,), ("available", "95.00")),
        ("several_roots", ("several_roots",), (80.0, 95.0), ("several roots", "80.00, 95.00")),
        (
            "sensitive_root",
            ("several_roots", "sensitive_root"),
            (95.0, 110.0, 110.001),
            ("sensitive root, several roots", "95.00 and one pair less than 0.01 % apart"),
        ),
        ("quality_budget", (), (), ("quality budget", "")),  # a source may have words of its own
    ],
)
def test_a_flip_goes_with_its_doubts_and_all_its_roots(
    status: str, doubts: tuple[str, ...], roots: tuple[float, ...], shown: tuple[str, str]
) -> None:
    figures = cells.LevelFigures(100.0, 95.0, status, *(None,) * 6, 0.0, 30.0, doubts, roots)
    table = levels(figures)
    assert table[1] == ("gamma flip", 95.0, pytest.approx(-0.05), *shown, "")
    assert {row[3:] for row in (table[0], *table[2:])} == {(None, None, None)}
    assert levels(figures._replace(near_flip=True))[1][-1] == "near flip"


def test_the_flip_of_a_basket_goes_with_its_doubts_and_all_its_roots() -> None:
    found = cells.Profile((), (), (), 0.9, 30.0, (0.7, 0.9), "several_roots", ("several_roots",))
    assert flip(found) == ((pytest.approx(-0.1), "several roots", "-30.00%, -10.00%", ""),)
    assert flip(found._replace(near_flip=True))[0][-1] == "near flip"
    none = cells.Profile((), (), (), None, 30.0, (), "no_boundary", ("no_boundary",))
    assert flip(none) == ((CellError.NOT_AVAILABLE, "no boundary", "", ""),)


def test_a_balance_is_over_contracts_and_not_over_names() -> None:
    one, other = REPLY.rows[:2]
    rows = (
        one._replace(weight=0.5, gex=30.0, gross_gex=100.0),
        other._replace(weight=0.5, gex=6.0, gross_gex=20.0),
    )
    reply = REPLY._replace(gex=18.0, net_to_gross=1.0, rows=rows)
    assert reply.balance == pytest.approx(0.3) and not reply.near_flip
    near = reply._replace(gex=2.9)
    assert near.near_flip and not near._replace(gex=3.1).near_flip
    unknown = reply._replace(rows=(rows[0], other))
    assert unknown.balance is None and not unknown.near_flip
    unweighted = reply._replace(rows=(*rows, other._replace(weight=0.0)))
    assert unweighted.balance == reply.balance


def test_a_status_says_whose_spot_was_put_right() -> None:
    rows = [
        row._replace(spot_status=status, spot_correction=by)
        for row, status, by in zip(
            (REPLY.rows[0],) * 3, ("stale_spot", "thin_quotes", "agrees"), (0.0078, 0.0, 0.0), strict=True
        )
    ]
    said = render("BASKETSTATUS", REPLY._replace(rows=rows))
    assert isinstance(said, str)
    name = REPLY.rows[0].symbol
    assert f"stale spot: {name} put right by +0.78%; quotes too thin to tell spot's moment: {name}" in said


def test_whose_figures_a_convention_gives_is_said() -> None:
    assert "plain sum" in cells.convention_in_words("flashalpha")
    assert cells.convention_in_words("dealer") == "dealer"


ASK = Ask(("NVDA", "AMD"))


def test_a_profile_is_asked_for_with_what_is_left_out() -> None:
    assert profile_of(ASK, (None,) * 4) == ProfileOf(ASK, "gex", (0.8, 1.2), 60)
    asked = profile_of(ASK, (block(" vex "), block(0.5), block("110%"), block(5.0)))
    assert asked == ProfileOf(ASK, "vex", (0.5, 1.1), 5)


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        (("ALL",), "measure"),
        ((None, -1.0), "low"),
        ((None, "low"), "low"),
        ((None, 1.3), "low"),
        ((None, None, True), "high"),
        ((None, None, None, 1.0), "levels"),
        ((None, None, None, 2001.0), "levels"),
        ((None, None, None, "many"), "levels"),
    ],
)
def test_a_range_that_is_none_is_bad_input(arguments: tuple[cells.InputCell, ...], argument: str) -> None:
    with pytest.raises(BadInput) as refused:
        profile_of(ASK, (*map(block, arguments), None, None, None)[:4])
    assert refused.value.problem.argument == argument


def test_a_profile_is_over_prices_for_one_name_and_over_moves_for_several() -> None:
    one = cells.Profile((0.9, 1.1), (90.0, 110.0), (-5.0, 5.0), 0.97, 30.0)
    assert profile(one, moves=False) == ((90.0, -5.0), (110.0, 5.0))
    for basket in (one, one._replace(spots=())):  # of one name, and of more
        assert profile(basket, moves=True) == ((0.9, -5.0), (1.1, 5.0))
