"""Every planted mistake is found, each by the check that is there for its kind; the VBA as it is has none."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from basketgex_addin.excel import vba, xlam
from tests.addin.excel.vba.mistakes import COMPILED, NAMED, RUN, Mistake
from tests.addin.excel.vba.observed import ANSWERS, OTHERS, observed
from tests.addin.excel.vba.office import Book, compiles
from tests.addin.excel.vba.plain import problems
from tests.e2e.calc.harness import Calc

LIBREOFFICES = (vba.HOST, vba.WRAPPERS, vba.RIBBON)
"""The modules that LibreOffice compiles as they are, but for a few spellings."""


def planted(modules: dict[str, str], mistake: Mistake) -> str:
    """Return the module with the mistake in it."""
    module = modules[mistake.module]
    assert mistake.right in module, "the VBA has changed: plant it elsewhere"
    return module.replace(mistake.right, mistake.wrong, 1)


class Analysis:
    """pyvbaanalysis on the whole project, of which one module may be another."""

    def __init__(self, xlam: Path) -> None:
        self._project = import_module("pyvbaanalysis.reader").read_office_project(xlam)

    def errors(self, name: str, module: str) -> list[str]:
        """Return the codes of what it calls errors in a module."""
        given = [found.as_module_input() for found in self._project.modules]
        given = [replace(one, source=module) if one.module_name == name else one for one in given]
        found = import_module("pyvbaanalysis").analyze_project(
            given,
            only=[name],
            conditional_compilation=self._project.conditional_compilation(None),
            host=self._project.host,
            referenced_hosts=self._project.referenced_hosts,
            referenced_libraries=self._project.referenced_libraries,
            workbook_sheets=self._project.workbook_sheets,
        )
        return [problem.code for problem in found[name] if problem.severity.value == "error"]


@pytest.fixture(scope="session")
def analysis(built: bytes, tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    path = tmp_path_factory.mktemp("analysed") / xlam.XLAM.name
    path.write_bytes(built)
    return Analysis(path)


@pytest.mark.parametrize("mistake", COMPILED, ids=lambda mistake: mistake.name)
def test_a_compiler_finds(modules: dict[str, str], analysis: Analysis, basic: Calc, mistake: Mistake) -> None:
    wrong = planted(modules, mistake)
    runs = mistake.module in LIBREOFFICES
    assert analysis.errors(mistake.module, wrong) or (runs and not compiles(basic, mistake.module, wrong))


@pytest.mark.parametrize("mistake", NAMED, ids=lambda mistake: mistake.name)
def test_comparing_names_finds(modules: dict[str, str], mistake: Mistake) -> None:
    assert problems(modules | {mistake.module: planted(modules, mistake)})


@pytest.mark.parametrize("mistake", RUN, ids=lambda mistake: mistake.name)
def test_running_finds(modules: dict[str, str], book: Book, mistake: Mistake) -> None:
    book.put(mistake.module, planted(modules, mistake))
    assert observed(book) != ANSWERS | OTHERS


def test_no_mistake_is_seen_where_there_is_none(modules: dict[str, str], basic: Calc) -> None:
    assert problems(modules) == []
    assert all(compiles(basic, name, modules[name]) for name in LIBREOFFICES)
