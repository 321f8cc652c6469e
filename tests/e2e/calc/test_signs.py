"""Templates whose functions answer a blank, a text or an error: in a real Calc nothing reads as positive or negative."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from basketgex_addin.functions import BY_NAME
from tests.e2e.calc.harness import Calc
from tests.e2e.calc.opened import used
from workbook_templates.build import TEMPLATES, build

CALL = re.compile(rf"\b({'|'.join(sorted(BY_NAME, key=len, reverse=True))})\(")
SIGN = re.compile(r"[▲▼+−]|\b(positive|negative|against|rise|fall)\b")
ANSWERS = {"blank": '""', "text": '"soon"', "error": "NA()"}


def replaced(formula: str, answer: str) -> str:
    """A formula with each call of ours replaced by its ``answer``."""
    while found := CALL.search(formula):
        depth, at = 1, found.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(formula[at], 0)
            at += 1
        formula = formula[: found.start()] + answer + formula[at:]
    return formula


def test_calls_are_replaced_whole() -> None:
    given = '=IF(LEN(A1)>0,BASKETGEX(A1:A2,(B1)),"")&BASKET(A1)'
    assert replaced(given, '""') == '=IF(LEN(A1)>0,"","")&""'


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_nothing_is_positive_or_negative_without_a_number(
    calc: Calc, tmp_path: Path, name: str, answer: str
) -> None:
    file = tmp_path / f"{name}.xlsx"
    file.write_bytes(build(name, lambda formula: replaced(formula, ANSWERS[answer])))
    with calc.document(file) as document:
        shown = 0
        for sheet in document.Sheets.ElementNames:
            area = used(document.Sheets.getByName(sheet))
            for formulas, values in zip(area.FormulaArray, area.DataArray, strict=True):
                for formula, value in zip(formulas, values, strict=True):
                    if not formula.startswith(("=", "{=")) or not isinstance(value, str):
                        continue
                    shown += 1
                    assert not SIGN.search(value), f"{sheet}: {formula} shows {value}"
    assert shown > 50
