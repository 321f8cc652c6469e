"""Filling a workbook without a window."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from basketgex_addin.calc.driver import DriverError, Office, recalculate_and_store


@pytest.fixture
def office(soffice: Path, tmp_path: Path) -> Office:
    return Office(soffice, tmp_path / "office", tmp_path / "home")


def test_a_workbook_is_calculated_and_keeps_its_plain_names(office: Office, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = "NVDA"
    sheet["B1"] = '=BASKETWHY(A1,"heavy")'
    source, target, pdf = (
        tmp_path / "plain.xlsx",
        tmp_path / "made" / "full.xlsx",
        tmp_path / "made" / "full.pdf",
    )
    book.save(source)
    recalculate_and_store(office, source, target, pdf)
    stored, shown = (openpyxl.load_workbook(target, data_only=only).active for only in (False, True))
    assert stored is not None
    assert shown is not None
    assert stored["B1"].value == '=BASKETWHY(A1,"heavy")'
    assert shown["B1"].value == 'Entry 1 of the weights is "heavy": a weight must be a number.'
    assert pdf.read_bytes().startswith(b"%PDF")


def test_a_missing_source_is_an_error_with_a_sentence(office: Office, tmp_path: Path) -> None:
    with pytest.raises(
        DriverError,
        match=r"^LibreOffice could not load none\.xlsx: is it a workbook\? If it is, run basketgex doctor\.$",
    ):
        recalculate_and_store(office, tmp_path / "none.xlsx", tmp_path / "full.xlsx")
