"""Where a table goes and how large it is, without a spreadsheet."""

from __future__ import annotations

import pytest

from basketgex_addin import tables
from basketgex_addin.cells import HEADINGS, Ask, BadInput
from basketgex_addin.tables import Area, Lists

NAMES = (("NVDA", 40.0), ("AMD", 20.0), ("MU", 10.0))


def test_every_column_has_its_look() -> None:
    assert len(tables.COLUMNS) == len(HEADINGS)


@pytest.mark.parametrize(
    ("area", "block", "symbols", "weights"),
    [
        (Area(0, 1, 1, 3), NAMES, Area(0, 1, 0, 3), Area(1, 1, 1, 3)),
        (Area(2, 5, 4, 6), tuple(zip(*NAMES, strict=True)), Area(2, 5, 4, 5), Area(2, 6, 4, 6)),
        (Area(0, 0, 0, 1), (("NVDA",), ("AMD",)), Area(0, 0, 0, 1), None),
        (Area(0, 0, 1, 1), (("NVDA", "AMD"), ("MU", None)), Area(0, 0, 1, 1), None),
        (Area(0, 0, 1, 0), (("NVDA", 3.0),), Area(0, 0, 0, 0), Area(1, 0, 1, 0)),
    ],
    ids=["beside", "below", "names", "a block of names", "one row"],
)
def test_names_and_weights_of_a_selection(
    area: Area, block: tuple[tuple[object, ...], ...], symbols: Area, weights: Area | None
) -> None:
    found = tables.selected(area, block)  # type: ignore[arg-type]
    assert (found.symbols, found.weights) == (symbols, weights)
    assert set(found.ask.symbols) <= {"NVDA", "AMD", "MU"}
    assert (found.ask.weights is None) == (weights is None)


@pytest.mark.parametrize("block", [(("", ""),), ((None, None),), (("NVDA", "x"), ("AMD", 2.0))])
def test_a_selection_that_makes_no_basket_is_refused(block: tuple[tuple[object, ...], ...]) -> None:
    with pytest.raises(BadInput):
        tables.selected(Area(0, 0, 1, len(block) - 1), block)  # type: ignore[arg-type]


def test_a_table_stands_beside_its_names_with_its_headings_above() -> None:
    assert tables.place(Area(0, 3, 1, 8), 7, 16_383, lambda _: True) == Area(3, 2, 13, 8)
    assert tables.place(Area(0, 0, 1, 5), 7, 16_383, lambda _: True) == Area(3, 0, 13, 6)


def test_it_goes_on_to_the_right_where_cells_are_taken() -> None:
    taken = Area(5, 4, 5, 4)
    assert tables.place(Area(0, 3, 1, 8), 7, 16_383, lambda a: not a.meets(taken)) == Area(6, 2, 16, 8)
    title = Area(0, 2, 30, 2)
    assert tables.place(Area(0, 3, 1, 8), 7, 16_383, lambda a: not a.meets(title)) == Area(3, 3, 13, 9)


def test_there_is_no_place_far_away_nor_beyond_the_last_column() -> None:
    assert tables.place(Area(0, 3, 1, 8), 7, 16_383, lambda a: a.left > 60) is None
    assert tables.place(Area(0, 3, 1, 8), 7, 12, lambda _: True) is None
    assert tables.place(Area(0, 3, 1, 8), 7, 13, lambda _: True) == Area(3, 2, 13, 8)


@pytest.mark.parametrize(
    ("before", "after", "added"),
    [
        (Area(3, 2, 12, 8), Area(3, 2, 12, 10), [Area(3, 9, 12, 10)]),
        (Area(3, 2, 3, 2), Area(3, 2, 12, 8), [Area(4, 2, 12, 2), Area(3, 3, 12, 8)]),
        (Area(3, 2, 12, 8), Area(3, 2, 12, 5), []),
        (Area(3, 2, 14, 8), Area(3, 2, 12, 9), [Area(3, 9, 12, 9)]),
    ],
)
def test_what_a_larger_table_needs_besides(before: Area, after: Area, added: list[Area]) -> None:
    assert after.added(before) == added


def test_a_name_that_occurs_twice_has_one_row() -> None:
    assert tables.height(Ask(("NVDA", "AMD", "NVDA")), headers=False) == 2


@pytest.mark.parametrize(
    ("written", "alone"),
    [
        ("=BASKET(A1:A2)", True),
        ('{=ORG.BASKETGEX.ADDIN.BASKET("NVDA,)(";;TRUE())}', True),
        ("=IFERROR(BASKET(A1:A2);0)", False),
        ("=BASKET(A1:A2)&(1)", False),
        ("=BASKETGEX(A1:A2)", False),
        ("=BASKET(A1:A2;BASKETGEX(A1))", False),
    ],
)
def test_a_formula_that_is_a_table_and_nothing_else(written: str, alone: bool) -> None:
    assert tables.is_alone(written) == alone


LIST = Lists(Area(0, 3, 0, 8), Area(1, 3, 1, 8))


def test_rows_typed_below_join_the_list_until_one_is_no_name() -> None:
    def is_name(column: int, row: int) -> bool:
        return column == 0 and row <= 10

    assert tables.grown(LIST, is_name, lambda *_: True) == Lists(Area(0, 3, 0, 10), Area(1, 3, 1, 10))
    assert tables.grown(LIST, is_name, lambda _, row: row != 10) == Lists(Area(0, 3, 0, 9), Area(1, 3, 1, 9))
    assert tables.grown(Lists(LIST.symbols, None), is_name, lambda *_: False).symbols == Area(0, 3, 0, 10)
    for other in (Lists(None, None), Lists(Area(0, 3, 3, 8), None), Lists(LIST.symbols, Area(1, 0, 1, 5))):
        assert tables.grown(other, is_name, lambda *_: True) == other


@pytest.mark.parametrize(
    ("chosen", "symbols"),
    [
        (Area(0, 3, 1, 11), Area(0, 3, 0, 11)),
        (Area(0, 2, 0, 11), Area(0, 2, 0, 11)),
        (Area(0, 4, 0, 5), LIST.symbols),
        (Area(0, 3, 0, 8), LIST.symbols),
        (Area(0, 0, 5, 20), LIST.symbols),
    ],
)
def test_a_selection_that_holds_the_whole_list_is_the_new_list(chosen: Area, symbols: Area) -> None:
    found = tables.selected_anew(LIST, chosen)
    assert found.symbols == symbols
    assert found.weights == symbols._replace(left=1, right=1)


def test_a_formula_keeps_all_but_its_ranges() -> None:
    written = "{=ORG.BASKETGEX.ADDIN.BASKET($A$4:$A$9;$B$4:$B$9;TRUE())}"
    call = tables.call_in(written)
    assert call is not None
    assert tables.lists(call) == LIST
    assert tables.rewritten(written, call, ("$A$4:$A$11", "$B$4:$B$11")) == (
        "=ORG.BASKETGEX.ADDIN.BASKET($A$4:$A$11;$B$4:$B$11;TRUE())"
    )
    same = "=BASKET(A1:A2;A1:A2)"
    again = tables.call_in(same)
    assert again is not None
    assert tables.rewritten(same, again, (None, "B1:B2")) == "=BASKET(A1:A2;B1:B2)"
