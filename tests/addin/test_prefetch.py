"""Formulas as hosts write them to the baskets they are about to ask for."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from basketgex_addin import prefetch
from basketgex_addin.cells import Ask, Block
from basketgex_addin.prefetch import (
    Call,
    Computed,
    Literal,
    Name,
    Omitted,
    Partial,
    RangeRef,
    calls,
    reference,
)

A = RangeRef(None, (0, 1), (0, 6), "A2:A7")
B = RangeRef(None, (1, 1), (1, 6), "B2:B7")


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("=BASKETGEX(A2:A7,B2:B7)", [Call("BASKETGEX", (A, B))]),
        ("=IF(A1>0,basketgex(A2:A7,B2:B7)/1e9,0)", [Call("BASKETGEX", (A, B))]),
        ("=ORG.BASKETGEX.ADDIN.BASKETGEX(A2:A7;B2:B7)", [Call("BASKETGEX", (A, B))]),
        ("=_xll.BASKET( A2:A7 , B2:B7 ,TRUE)", [Call("BASKET", (A, B, Literal(True)))]),
        ("=[1]!BASKETWHY(A2:A7)", [Call("BASKETWHY", (A,))]),
        ("='my book.xlam'!BASKETWHY(A2:A7)", [Call("BASKETWHY", (A,))]),
        ('=BASKETGEX("NV""D,A)",0.5)', [Call("BASKETGEX", (Literal('NV"D,A)'), Literal(0.5)))]),
        ('="BASKETGEX(A1)"&"x"', []),
        ("='BASKETGEX(A1)'!A1", []),
        ("=BASKETGEX()", [Call("BASKETGEX", ())]),
        ("=BASKET(A2:A7,,TRUE())", [Call("BASKET", (A, Omitted(), Literal(True)))]),
        ("=BASKETGEX((A2:A7,B2:B7))", [Call("BASKETGEX", (Computed(),))]),
        ("=BASKETGEX({1,2;3},A2:A7&B1)", [Call("BASKETGEX", (Computed(), Computed()))]),
        ("=BASKETGEX(Picks[Symbol],wts)", [Call("BASKETGEX", (Name("Picks[Symbol]"), Name("wts")))]),
        ("=BASKETGEX(T[[#This Row],[S]])", [Call("BASKETGEX", (Computed(),))]),
        (
            "=BASKETGEX(OFFSET(A1,0,BASKETDEX(A2:A7)))",
            [Call("BASKETDEX", (A,)), Call("BASKETGEX", (Computed(),))],
        ),
        ("=MYBASKETGEX(A1)+BASKETGEX+BASKETGEXX(A1)", []),
        ("=BASKETGEX(A1", []),
        ("=SUM(A1)", []),
    ],
)
def test_calls(formula: str, expected: list[Call]) -> None:
    assert list(calls(formula)) == expected


@pytest.mark.parametrize(
    ("text", "sheet", "first", "last"),
    [
        ("A1", None, (0, 0), (0, 0)),
        ("$B$7:a2", None, (0, 1), (1, 6)),
        ("A:C", None, (0, 0), (2, prefetch.LAST_ROW)),
        ("$2:$2", None, (0, 1), (prefetch.LAST_COLUMN, 1)),
        ("Sheet2!A1:B3", "Sheet2", (0, 0), (1, 2)),
        ("'My Sheet'!$A$1", "My Sheet", (0, 0), (0, 0)),
        ("$Sheet2.A1:B3", "Sheet2", (0, 0), (1, 2)),
        ("$'O''Neil'.$A$1:.B3", "O'Neil", (0, 0), (1, 2)),
        ("$S.A1:$S.B3", "S", (0, 0), (1, 2)),
        ("Sheet2.A:A", "Sheet2", (0, 0), (0, prefetch.LAST_ROW)),
        (
            "XFD1048576",
            None,
            (prefetch.LAST_COLUMN, prefetch.LAST_ROW),
            (prefetch.LAST_COLUMN, prefetch.LAST_ROW),
        ),
    ],
)
def test_references(text: str, sheet: str | None, first: tuple[int, int], last: tuple[int, int]) -> None:
    assert reference(text) == RangeRef(sheet, first, last, text)


@pytest.mark.parametrize(
    "text",
    ["XFE1", "A1048577", "A0", "A1#", "@A1", "$S.A1:$T.B3", "'[b.xlsx]S'!A1", "S1:S3!A1", "A1:B", "", "wts"],
)
def test_what_is_no_reference_we_may_read(text: str) -> None:
    assert reference(text) is None


CELLS: dict[str, Block | Partial | None] = {
    "A2:A7": (("NVDA",), ("AMD",)),
    "B2:B7": ((1.0,), (3.0,)),
    "C1:C2": Partial((("MU",), (None,), ("not a ticker",))),
    "D1:D2": None,
    "E1": ((7.0,),),
}


def asks(*formulas: str) -> list[Ask]:
    found = [call for formula in formulas for call in calls(formula)]
    names = {"picks": A, "load": "$Sheet1.B2:B7"}
    read = {**CELLS, "$Sheet1.B2:B7": CELLS["B2:B7"]}
    return prefetch.asks(found, lambda ref: read[ref.text], names.get)


def test_constants_are_asked_for_once() -> None:
    weighted = Ask(("NVDA", "AMD"), (1.0, 3.0))
    assert asks(
        "=BASKETGEX(A2:A7,B2:B7)+BASKETVEX(A2:A7,B2:B7)", "=BASKETDEX(A2:A7)", "=BASKET(picks,load)"
    ) == [
        weighted,
        Ask(("NVDA", "AMD")),
    ]


@pytest.mark.parametrize(
    "formula",
    [
        "=BASKETAGE(A2:A7)",
        "=DISPERSION(A2:A7,A2:A7,B2:B7)",
        "=BASKETGEX(D1:D2)",
        "=BASKETGEX(nosuch)",
        "=BASKETGEX(E1)",
        "=BASKETGEX()",
        "=BASKETGEX(A1&B1)",
    ],
)
def test_what_is_not_asked_ahead(formula: str) -> None:
    assert asks(formula) == []


def test_known_names_of_an_unforeseeable_call_ride_along() -> None:
    assert asks("=BASKETGEX(C1:C2,B2:B7)", "=BASKETGEX(A2:A7,D1:D2)", '=BASKETGEX("SPX, MU",A1*2)') == [
        Ask(("MU", "NVDA", "AMD", "SPX"))
    ]


PIECES = st.sampled_from(
    ["BASKETGEX(", "basket(", ")", "(", ",", ";", '"', "'", "A1", ":", "!", "$", "[", "]", "{", "}", "."]
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # the table of all characters is built once
@given(st.text() | st.lists(PIECES | st.text(max_size=2)).map("".join))
def test_never_raises(formula: str) -> None:
    found = calls(formula)
    prefetch.asks(found, lambda ref: None, lambda name: name)
    reference(formula)


def test_deep_nesting_is_no_recursion() -> None:
    assert len(calls("=" + "BASKETGEX(" * 2000 + ")" * 2000)) == 2000
