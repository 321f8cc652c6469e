"""A worksheet, with what all of ours have in common."""

from __future__ import annotations

from collections.abc import Callable

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from workbook_templates import look as style
from workbook_templates.layout import SEATS, TABLE_WIDTH
from workbook_templates.look import Look

Rewrite = Callable[[str], str]
"""Sees every formula before it is written; a stand-in for the functions where there are none."""


class Sheet:
    """A worksheet that writes formulas the way every host computes them on opening."""

    def __init__(self, book: Workbook, name: str, rewrite: Rewrite) -> None:
        self.raw: Worksheet = book.add_worksheet(name)
        self.raw.hide_gridlines(2)
        self._rewrite = rewrite

    def text(self, row: int, column: int, text: str, look: Format) -> None:
        """A constant text."""
        self.raw.write_string(row, column, text, look)

    def formula(self, row: int, column: int, formula: str, look: Format) -> None:
        """A formula without a cached value: Calc keeps a cached 0 and does not compute."""
        self.raw.write_formula(row, column, self._rewrite(formula), look, "")

    def table(self, row: int, column: int, formula: str, looks: Callable[[int], tuple[Format, ...]]) -> None:
        """A formula that spills in Excel and fills a block of SEATS rows in Calc; ``looks`` are those of a row."""
        last = (row + SEATS - 1, column + TABLE_WIDTH - 1)
        self.raw.write_dynamic_array_formula(row, column, *last, self._rewrite(formula), looks(row)[0], "")
        for r in range(row, last[0] + 1):
            for c, cell in enumerate(looks(r), start=column):
                if (r, c) != (row, column):  # XlsxWriter has put zeros there
                    self.raw.write_blank(r, c, None, cell)

    def band(self, title: str, line: str, last_column: int, look: Look) -> None:
        """The dark band on top; ``line`` may be a formula."""
        ground = {"bg_color": style.BAND}
        for row, height in ((0, 32), (1, 20)):
            self.raw.set_row(row, height)
            for column in range(last_column + 1):
                self.raw.write_blank(row, column, None, look(**ground))
        self.text(0, 1, title, look(size=18, bold=True, colour="#FFFFFF", **ground))
        small = look(size=9, colour=style.BAND_TEXT, valign="top", **ground)
        (self.formula if line.startswith("=") else self.text)(1, 1, line, small)

    def page(self, last_row: int, last_column: int, head_rows: tuple[int, int]) -> None:
        """Landscape, one page wide, the head on each page."""
        self.raw.set_landscape()
        self.raw.set_paper(9)
        self.raw.set_margins(left=0.4, right=0.4, top=0.4, bottom=0.6)
        self.raw.fit_to_pages(1, 0)
        self.raw.center_horizontally()
        self.raw.print_area(0, 0, last_row, last_column)
        self.raw.repeat_rows(*head_rows)
        self.raw.set_footer("&L&8&A&R&8&P / &N")
