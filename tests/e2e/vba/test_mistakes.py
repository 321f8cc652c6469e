"""LibreOffice finds the planted mistakes that nothing finds without it: by compiling the VBA, and by running it."""

from __future__ import annotations

import pytest

from basketgex_addin.excel import vba
from tests.addin.excel.vba.mistakes import REFUSED, RUN, Mistake, planted
from tests.e2e.calc.harness import Calc
from tests.e2e.vba.observed import ANSWERS, OTHERS, observed
from tests.e2e.vba.office import Book, compiles


@pytest.mark.parametrize("name", [vba.HOST, vba.WRAPPERS, vba.RIBBON, vba.EVENTS, "ThisWorkbook"])
def test_our_modules_compile(modules: dict[str, str], basic: Calc, name: str) -> None:
    assert compiles(basic, name, modules[name])


@pytest.mark.parametrize("mistake", REFUSED, ids=lambda mistake: mistake.name)
def test_it_does_not_compile_where(modules: dict[str, str], basic: Calc, mistake: Mistake) -> None:
    assert not compiles(basic, mistake.module, planted(modules, mistake))


@pytest.mark.parametrize("mistake", RUN, ids=lambda mistake: mistake.name)
def test_running_finds(modules: dict[str, str], book: Book, mistake: Mistake) -> None:
    book.put(mistake.module, planted(modules, mistake))
    expected, found = ANSWERS | OTHERS, observed(book)
    assert mistake.named in {
        expression for expression in expected if expected[expression] != found[expression]
    }
