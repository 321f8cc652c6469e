"""The charts of the templates: horizontal bars, few lines."""

from __future__ import annotations

from typing import Any, NamedTuple

from xlsxwriter import Workbook
from xlsxwriter.chart import Chart

from workbook_templates import look as style


class Series(NamedTuple):
    """One set of bars: its name, the reference of its values, its colour."""

    name: str
    values: str
    colour: str


def bar_chart(
    book: Workbook,
    title: str,
    categories: str,
    series: tuple[Series, ...],
    scale: dict[str, Any],
    *,
    stacked: bool = True,
    legend: bool = False,
) -> Chart:
    """Bars in the table's order. Signs are two stacked series, as not every host colours a negative bar by itself."""
    chart: Chart = book.add_chart({"type": "bar", **({"subtype": "stacked"} if stacked else {})})
    for name, values, colour in series:
        chart.add_series(
            {
                "name": name,
                "categories": f"={categories}",
                "values": f"={values}",
                "fill": {"color": colour},
                "border": {"none": True},
                "gap": 45,
                "overlap": 100 if stacked else 0,
            }
        )
    small = {"name": style.FONT, "size": 9, "color": style.MUTED, "bold": False}
    heading = {"name": style.FONT, "size": 11, "color": style.INK, "bold": True}
    chart.set_title({"name": title, "name_font": heading, "overlay": False})
    chart.set_legend({"position": "bottom", "font": small} if legend else {"none": True})
    chart.set_y_axis(
        {
            "reverse": True,
            "label_position": "low",
            "num_font": small,
            "line": {"color": style.MUTED, "width": 0.75},
            "major_tick_mark": "none",
        }
    )
    chart.set_x_axis(
        {
            **scale,
            "num_font": small,
            "line": {"none": True},
            "major_gridlines": {"visible": True, "line": {"color": style.RULE, "width": 0.5}},
            "major_tick_mark": "none",
            "label_position": "high",
        }
    )
    chart.set_chartarea({"border": {"none": True}, "fill": {"none": True}})
    chart.set_plotarea({"fill": {"none": True}})
    return chart
