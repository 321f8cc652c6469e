"""The look of the templates: few colours, thin rules, one unit per column. Blue and orange stay apart for every eye."""

from __future__ import annotations

from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format

from basketgex_addin.palette import (
    BAND as BAND,
)
from basketgex_addin.palette import (
    BAND_TEXT as BAND_TEXT,
)
from basketgex_addin.palette import (
    EDITABLE as EDITABLE,
)
from basketgex_addin.palette import (
    FAINT as FAINT,
)
from basketgex_addin.palette import (
    INK as INK,
)
from basketgex_addin.palette import (
    MUTED as MUTED,
)
from basketgex_addin.palette import (
    NEGATIVE as NEGATIVE,
)
from basketgex_addin.palette import (
    NEGATIVE_BAR as NEGATIVE_BAR,
)
from basketgex_addin.palette import (
    NEUTRAL_BAR as NEUTRAL_BAR,
)
from basketgex_addin.palette import (
    PALE_WARNING as PALE_WARNING,
)
from basketgex_addin.palette import (
    POSITIVE as POSITIVE,
)
from basketgex_addin.palette import (
    POSITIVE_BAR as POSITIVE_BAR,
)
from basketgex_addin.palette import (
    RULE as RULE,
)
from basketgex_addin.palette import (
    WARNING as WARNING,
)
from basketgex_addin.palette import (
    WARNING_TEXT as WARNING_TEXT,
)

# The commas scale: one for thousands each. Excel and Calc read the same codes; the minus is a true one.
MILLIONS = '"+"#,##0.0,,;"−"#,##0.0,,;0.0'
BILLIONS = '"+"#,##0.00,,,;"−"#,##0.00,,,;0.00'
SIGNED = '"+"#,##0.0;"−"#,##0.0;0.0'
SIGNED_SHARE = '"+"0%;"−"0%;0%'
SHARE = "0%"
SIGNED_SHARE_1 = '"+"0.0%;"−"0.0%;0.0%'
SIGNED_SHARE_2 = '"+"0.00%;"−"0.00%;0.00%'
PRICE = "#,##0.00"
CORRELATION = '0.00;"−"0.00;0.00'
DOLLARS = '#,##0;"−"#,##0;0'
MOMENT = "yyyy-mm-dd hh:mm"
MINUTES = "0"

FONT = "Calibri"


class Look:
    """Makes each format once, from the base and what differs."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Format] = {}

    def __call__(self, **differences: Any) -> Format:
        """A format; ``size`` and ``colour`` are those of the font."""
        wanted = {"font_name": FONT, "font_size": 10, "font_color": INK, "valign": "vcenter"}
        for name, value in differences.items():
            wanted[{"size": "font_size", "colour": "font_color"}.get(name, name)] = value
        key = tuple(sorted(wanted.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(wanted)
        return self._made[key]

    def cell(self, **differences: Any) -> Format:
        """A table's cell: a thin rule below."""
        return self(**{"bottom": 1, "bottom_color": RULE, **differences})

    def head(self, **differences: Any) -> Format:
        """A column's heading, in small capitals' size."""
        return self(
            **{"size": 8, "bold": True, "colour": MUTED, "text_wrap": True, "valign": "bottom", **differences}
        )

    def unit(self, **differences: Any) -> Format:
        """The unit below a heading, with the rule that ends the head."""
        return self(
            **{"size": 8, "colour": FAINT, "bottom": 1, "bottom_color": MUTED, "valign": "top", **differences}
        )

    def change(self, **properties: Any) -> Format:
        """What a conditional format changes, and nothing else."""
        return self._book.add_format(properties)
