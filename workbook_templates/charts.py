"""The charts of the templates: horizontal bars and curves, few lines."""

from __future__ import annotations

from typing import Any, NamedTuple

from xlsxwriter import Workbook
from xlsxwriter.chart import Chart

from workbook_templates import look as style

SMALL = {"name": style.FONT, "size": 9, "color": style.MUTED, "bold": False}
HEADING = {"name": style.FONT, "size": 11, "color": style.INK, "bold": True}
ZERO_LINE = {"color": style.MUTED, "width": 0.75}
GRID = {"visible": True, "line": {"color": style.RULE, "width": 0.5}}
AXIS = {"num_font": SMALL, "major_tick_mark": "none"}


class Series(NamedTuple):
    """One set of bars, or one line: its name, the reference of its values, its colour."""

    name: str
    values: str
    colour: str


class Mark(NamedTuple):
    """A place on a curve's X axis: references of its X three times over, of top, bottom and middle, and of what it is."""

    across: tuple[str, str, str]
    heights: tuple[str, str, str]
    label: str


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
    """Bars in the table's order. Signs are two stacked series, as not every host colours a negative bar by itself.

    Without a ``title`` the cells above the chart have it, where it may be a formula: Calc knows no such title in a chart.
    """
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
    chart.set_legend({"position": "bottom", "font": SMALL} if legend else {"none": True})
    chart.set_y_axis({**AXIS, "reverse": True, "label_position": "low", "line": ZERO_LINE})
    chart.set_x_axis(
        {**scale, **AXIS, "line": {"none": True}, "major_gridlines": GRID, "label_position": "high"}
    )
    return _on_paper(chart, title)


def curve_chart(
    book: Workbook, across: str, signs: tuple[Series, ...], mark: Mark, scale: tuple[str, str]
) -> Chart:
    """A curve over ``across``, one series per sign; the lines of zero and of no move; and one place marked on them.

    ``scale``: number formats of the two axes. Excel draws the last series on top, Calc the first: none may hide another.
    """
    chart: Chart = book.add_chart({"type": "scatter", "subtype": "straight"})

    def add(name: str, x: str, y: str, line: dict[str, Any], **more: Any) -> None:
        plain = {"marker": {"type": "none"}, **more}
        chart.add_series({"name": name, "categories": f"={x}", "values": f"={y}", "line": line, **plain})

    for name, values, colour in signs:
        add(name, across, values, {"color": colour, "width": 2.25})
    line, top, middle = zip(mark.across, mark.heights, strict=True)
    add("Flip", *line, {"color": style.INK, "width": 1, "dash_type": "dash"})
    named = {"value": False, "series_name": True, "position": "above", "font": {**SMALL, "color": style.INK}}
    add(f"={mark.label}", *top, {"none": True}, data_labels=named)
    dot = {"type": "circle", "size": 7, "fill": {"color": style.INK}, "border": {"color": style.INK}}
    add("Flip", *middle, {"none": True}, marker=dot)
    chart.set_legend({"none": True})
    plain = {**AXIS, "label_position": "low", "major_gridlines": GRID}
    chart.set_x_axis({**plain, "num_format": scale[0], "line": ZERO_LINE})
    chart.set_y_axis({**plain, "num_format": scale[1], "line": {**ZERO_LINE, "color": style.FAINT}})
    return _on_paper(chart)


def _on_paper(chart: Chart, title: str = "") -> Chart:
    chart.set_title({"name": title, "name_font": HEADING, "overlay": False} if title else {"none": True})
    chart.set_chartarea({"border": {"none": True}, "fill": {"none": True}})
    chart.set_plotarea({"fill": {"none": True}})
    return chart
