"""The charts of a workbook: what ECharts draws, and the cells that its series show."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from openpyxl.chart import LineChart, PieChart, Reference

from basketgex_addin.template_files import TEMPLATES
from basketgex_addin.web.charts import charts
from workbook_templates.build import path

pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")  # openpyxl's


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_series_of_a_template(name: str) -> None:
    book = openpyxl.load_workbook(path(name))
    found = charts(path(name).read_bytes(), book)
    own = [(sheet.title, chart) for sheet in book for chart in sheet._charts]
    assert [chart["sheet"] for chart in found] == [title for title, _ in own]
    for said, (_, chart) in zip(found, own, strict=True):
        shown = [(one.yVal or one.val).numRef.f for one in chart.series]
        assert [one["values"] for one in said["series"]] == shown
        assert all(one["against"] for one in said["series"])
        assert len(said["option"]["series"]) == len(shown)
        assert not any("data" in one for one in said["option"]["series"])


def test_charts_of_a_users_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "It's mine"
    for row in [("day", "net"), ("Mon", 1), ("Tue", 2)]:
        sheet.append(row)
    for at, kind in (("D2", LineChart), ("D20", PieChart)):
        chart = kind()
        chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=3), titles_from_data=True)
        chart.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=3))
        sheet.add_chart(chart, at)
    target = tmp_path / "mine.xlsx"
    book.save(target)
    found = charts(target.read_bytes(), openpyxl.load_workbook(target))
    assert [one["option"]["series"][0]["type"] for one in found] == ["line", "pie"]
    expected = {
        "name": "'It''s mine'!B1",
        "values": "'It''s mine'!$B$2:$B$3",
        "against": "'It''s mine'!$A$2:$A$3",
    }
    assert [one["series"] for one in found] == [[expected], [expected]]
