"""The charts of a workbook as ECharts draws them, and the cells that each of their series shows. Reads files."""

from __future__ import annotations

from itertools import chain
from typing import Any

from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from xlsx2echarts import convert_xlsx

_EMU = 9525  # English Metric Units of a pixel


def charts(file: bytes, book: Workbook) -> list[dict[str, Any]]:
    """Return the charts of a workbook: sheet, place, the option for ECharts without data, and where its data stand."""
    drawn: dict[str, list[Any]] = {}
    for found in _converted(file):
        drawn.setdefault(found["sheet"], []).append(found["option"])
    return [
        {
            "sheet": sheet.title,
            **_place(chart.anchor),
            "option": _without_data(option),
            "series": _series(chart),
        }
        for sheet in book.worksheets
        for chart, option in zip(_charts(sheet), drawn.get(sheet.title, []), strict=False)
        if hasattr(chart.anchor, "_from") and len(_series(chart)) == len(option["series"])
    ]


def _converted(file: bytes) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = convert_xlsx(file)["charts"]
    except Exception:  # noqa: BLE001 - a chart that cannot be read is not drawn; the cells are
        return []
    return found


def _charts(sheet: Worksheet) -> list[Any]:
    return list(sheet._charts)  # type: ignore[attr-defined] # openpyxl has no public name for them


def _place(anchor: Any) -> dict[str, Any]:
    """Return where a chart begins, and its last corner or its size in pixels."""
    begins = {"from": _corner(anchor._from)}
    if hasattr(anchor, "to"):
        return begins | {"to": _corner(anchor.to)}
    return begins | {"size": [round(anchor.ext.width / _EMU), round(anchor.ext.height / _EMU)]}


def _corner(marker: Any) -> dict[str, int]:
    return {
        "row": marker.row,
        "down": round(marker.rowOff / _EMU),
        "column": marker.col,
        "right": round(marker.colOff / _EMU),
    }


def _without_data(option: dict[str, Any]) -> dict[str, Any]:
    axes = {
        name: {key: value for key, value in axis.items() if key != "data"}
        for name in ("xAxis", "yAxis")
        if isinstance(axis := option.get(name), dict)
    }
    series = [{key: value for key, value in one.items() if key != "data"} for one in option["series"]]
    return option | axes | {"series": series, "animation": False}


def _series(chart: Any) -> list[dict[str, str | None]]:
    """Return for each series the ranges of its name, of what it shows, and of that against which it is shown."""
    return [
        {
            "name": _reference(series.tx.strRef) if series.tx is not None else None,
            "values": _values(series.yVal if series.yVal is not None else series.val),
            "against": _values(series.xVal if series.xVal is not None else series.cat),
        }
        for series in chain.from_iterable(one.series for one in chart._charts)
    ]


def _values(source: Any) -> str | None:
    if source is None:
        return None
    kinds = (getattr(source, kind, None) for kind in ("numRef", "strRef", "multiLvlStrRef"))
    return next((found for kind in kinds if (found := _reference(kind))), None)


def _reference(found: Any) -> str | None:
    return None if found is None else str(found.f)
