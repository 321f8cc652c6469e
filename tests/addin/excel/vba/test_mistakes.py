"""Planted mistakes are found without any host; the VBA as it is has none."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from basketgex_addin.excel import xlam
from tests.addin.excel.vba.mistakes import ANALYSED, NAMED, REFUSED, RUN, Mistake, planted
from tests.addin.excel.vba.plain import problems


class Analysis:
    """pyvbaanalysis on the whole project, of which one module may be another."""

    def __init__(self, xlam: Path) -> None:
        self._project = import_module("pyvbaanalysis.reader").read_office_project(xlam)

    def errors(self, name: str, module: str) -> list[str]:
        """Return what it calls errors in a module, each by its code and in a sentence."""
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
        return [
            f"{problem.code}: {problem.message}"
            for problem in found[name]
            if problem.severity.value == "error"
        ]


@pytest.fixture(scope="session")
def analysis(built: bytes, tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    path = tmp_path_factory.mktemp("analysed") / xlam.XLAM.name
    path.write_bytes(built)
    return Analysis(path)


@pytest.mark.parametrize("mistake", ANALYSED, ids=lambda mistake: mistake.name)
def test_the_analysis_finds(modules: dict[str, str], analysis: Analysis, mistake: Mistake) -> None:
    found = analysis.errors(mistake.module, planted(modules, mistake))
    assert any(mistake.named in sentence for sentence in found), found


@pytest.mark.parametrize("mistake", NAMED, ids=lambda mistake: mistake.name)
def test_comparing_names_finds(modules: dict[str, str], mistake: Mistake) -> None:
    found = problems(modules | {mistake.module: planted(modules, mistake)})
    assert any(mistake.named in sentence for sentence in found), found


def test_no_mistake_is_seen_where_there_is_none(modules: dict[str, str]) -> None:
    assert problems(modules) == []


def test_no_mistake_is_there_twice() -> None:
    every = (*ANALYSED, *REFUSED, *NAMED, *RUN)
    assert len({mistake.name for mistake in every}) == len(every)
