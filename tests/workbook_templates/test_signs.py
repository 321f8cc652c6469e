"""No sign comes from a blank or a text: ``"" < 0`` is false in every host, which is no plus."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape

import pytest

from basketgex_addin.functions import BY_NAME
from tests.workbook_templates.formulas import Node, parsed
from tests.workbook_templates.test_build import formulas, inside, sheets
from workbook_templates import marks
from workbook_templates.build import TEMPLATES

INEQUALITIES = {"<", ">", "<=", ">="}
GIVE_WHAT_THEY_ARE_GIVEN = {"IF", "IFERROR", "INDEX", *BY_NAME}
"""Their result may be a text; that of ABS, SUM, COUNT, LEN and arithmetic is a number or an error."""


def uncertain(node: Node) -> bool:
    """Whether a text may stand there."""
    return node.kind == "ref" or (node.kind == "call" and node.value in GIVE_WHAT_THEY_ARE_GIVEN)


def known_by(condition: Node) -> set[Node]:
    """What is a number where a condition holds."""
    if condition.kind == "call" and condition.value == "ISNUMBER":
        return {condition.of[0]}
    if condition.kind == "call" and condition.value == "AND":
        return {known for part in condition.of for known in known_by(part)}
    return set()


def signs_of_texts(node: Node, known: frozenset[Node] = frozenset()) -> Iterator[str]:
    """Every comparison by size, and every SIGN, of what has not been found to be a number."""
    of = node.of
    if node.kind == "call" and node.value == "IF":
        yield from signs_of_texts(of[0], known)
        yield from signs_of_texts(of[1], known | known_by(of[0]))
        for otherwise in of[2:]:
            yield from signs_of_texts(otherwise, known)
        return
    if (node.kind, node.value) in (("call", "AND"), ("sign", "*")):
        known |= {found for part in of for found in known_by(part)}  # 0 or FALSE whatever the comparison says
    judged = of if node.value in INEQUALITIES or (node.kind, node.value) == ("call", "SIGN") else ()
    for part in judged:
        if uncertain(part) and part not in known:
            yield f"{part.value} in {node.value}"
    for part in of:
        yield from signs_of_texts(part, known)


def found_in(formula: str) -> list[str]:
    return list(signs_of_texts(parsed(formula)))


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_sign_is_that_of_a_number(name: str) -> None:
    walked = 0
    for sheet, xml in sheets(name).items():
        for formula in formulas(xml):
            text = unescape(formula)
            assert not found_in(text), f"{sheet}: {text}"
            walked += 1
    assert walked == sum(len(formulas(xml)) for part, xml in inside(name).items() if "worksheets/" in part)
    assert walked > 150


@pytest.mark.parametrize(
    "formula",
    [
        'IF($M106<0,"−","+")',
        'IF(ISNUMBER($E106),$B106&IF($M106<0,"−","+"),"")',  # the guard looks at another cell
        'IF(ISNUMBER(A1),"",IF(A1>=0,"▲","▼"))',
        'IF(ISNUMBER(A1),SIGN(B1)*A1,"")',
        'IF(INDEX(A1:A9,2)<0,"▼","▲")',
        'IFERROR(IF(SYMBOLGEX(A1)<0,"▼","▲"),"no data")',
        'IF(OR(ISNUMBER(A1),B1=2),IF(A1>0,1,2),3)',
        'IF(NOT(ISNUMBER(A1)),IF(0>A1,1,2),3)',
        "SUMPRODUCT(--(Detail!$C$6:$C$9<0))",
    ],
)  # fmt: skip
def test_a_sign_of_what_may_be_a_text_is_found(formula: str) -> None:
    assert found_in(formula)


@pytest.mark.parametrize(
    "formula",
    [
        'IF(ISNUMBER($M106),IF($M106<0,"−","+"),"")',
        'IF(AND(LEN(B1)>0,ISNUMBER(A1)),IF(A1<0,1,IF(A1>2,2,3)),"")',
        'IF(COUNT(A1:A9)=0,"",IF(SUM(A1:A9)<0,"▼","▲"))',
        "AND(ISNUMBER($D7),$D7>=0)",
        "SUMPRODUCT(ISNUMBER(A1:A9)*(A1:A9<0))",
        'COUNTIF(A1:A9,"<0")&" of "&COUNT(A1:A9)',
        f'IF(ISNUMBER(INDEX(A1:A9,2)),{marks.sign_of("INDEX(A1:A9,2)")},"")',
    ],
)
def test_a_sign_of_a_number_is_none_of_them(formula: str) -> None:
    assert not found_in(formula)


def test_a_regime_that_is_neither_is_a_dash() -> None:
    assert marks.arrow("X1").endswith('IF(LEFT(X1,3)="neg","▼ negative","–"))')
    assert marks.sign_of("X1").startswith("IF(ISNUMBER(X1),") and marks.sign_of("X1").endswith('"–")')
