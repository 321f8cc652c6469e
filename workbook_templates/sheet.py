"""A worksheet, with what all of ours have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from workbook_templates import look as style
from workbook_templates.look import Look

Rewrite = Callable[[str], str]
"""Sees every formula before it is written; a stand-in for the functions where there are none."""

Heading = tuple[int, float, str, str, str]
"""Column, its width, heading, unit below it, alignment (left, right, center)."""

NO_ANSWER = "No figures: the BasketGEX add-in did not answer. See Notes."
SYNTHETIC = "SYNTHETIC FIGURES: made up to show the sheet at work. They are not the market."
STATUS = xl_rowcol_to_cell(1, 1, row_abs=True, col_abs=True)
"""Where ``front`` puts the status of everything on the sheet."""


class Sheet:
    """A worksheet that writes formulas the way every host computes them on opening."""

    def __init__(self, book: Workbook, name: str, rewrite: Rewrite, tab: str = style.FAINT) -> None:
        self.raw: Worksheet = book.add_worksheet(name)
        self.raw.hide_gridlines(2)
        self.raw.set_tab_color(tab)
        self._rewrite = rewrite
        self._widths: dict[int, float] = {}

    def widen(self, first: int, last: int, width: float) -> None:
        """Set the width of columns, in letters; charts are measured by it."""
        self.raw.set_column(first, last, width)
        self._widths |= dict.fromkeys(range(first, last + 1), width)

    def across(self, first: int, last: int) -> int:
        """The pixels from a column to another, both among them: a chart of that size ends with them in every font."""
        return sum(int(7 * self._widths[column] + 5.5) for column in range(first, last + 1))

    def text(self, row: int, column: int, text: str, look: Format) -> None:
        """A constant text."""
        self.raw.write_string(row, column, text, look)

    def formula(self, row: int, column: int, formula: str, look: Format) -> None:
        """A formula without a cached value: Calc keeps a cached 0 and does not compute."""
        self.raw.write_formula(row, column, self._rewrite(formula), look, "")

    def spill(self, row: int, column: int, formula: str, looks: Sequence[Sequence[Format]]) -> None:
        """A formula that spills in Excel and fills a block in Calc: as many cells as there are ``looks``, row by row."""
        last = (row + len(looks) - 1, column + len(looks[0]) - 1)
        self.raw.write_dynamic_array_formula(row, column, *last, self._rewrite(formula), looks[0][0], "")
        for r, line in enumerate(looks, start=row):
            for c, cell in enumerate(line, start=column):
                if (r, c) != (row, column):  # XlsxWriter has put zeros there
                    self.raw.write_blank(r, c, None, cell)

    def band(
        self, title: str, line: str, last_column: int, look: Look, aside: str = "", *, first: int = 1
    ) -> None:
        """The dark band on top; ``line`` may be a formula, ``aside`` stands on the right.

        ``first``: the column it begins in, right of what is frozen: a line runs where that ends.
        """
        ground = {"bg_color": style.BAND}
        for row, height in ((0, 30), (1, 19)):
            self.raw.set_row(row, height)
            for column in range(last_column + 1):
                self.raw.write_blank(row, column, None, look(**ground))
        self.text(0, first, title, look(size=18, bold=True, colour="#FFFFFF", **ground))
        small = look(size=9, colour=style.BAND_TEXT, valign="top", **ground)
        (self.formula if line.startswith("=") else self.text)(1, first, line, small)
        if aside:
            right = look(size=10, colour=style.BAND_TEXT, align="right", **ground)
            self.text(0, last_column, f"{aside}  ", right)

    def front(
        self,
        title: str,
        aside: str,
        status: str,
        why: str,
        last_column: int,
        look: Look,
        attention: str = '""',
    ) -> None:
        """The band of a sheet with figures: ``status`` is the call that says where they come from; synthetic ones say so.

        ``why``: the call that says why there is none. ``attention``: a formula's part that says what is typed where nothing
        counts it, or "".
        """
        self.band(
            title, f'=IFERROR({status},IFERROR("No figures: "&{why},"{NO_ANSWER}"))', last_column, look, aside
        )
        self.notice(2, f'IF(LEFT({STATUS},9)="SYNTHETIC","{SYNTHETIC}","")', last_column, look)
        self.notice(3, attention, last_column, look)

    def notice(self, row: int, said: str, last_column: int, look: Look) -> None:
        """A line that is amber where the formula's part ``said`` says something."""
        self.raw.set_row(row, 17)
        for column in [0, *range(2, last_column + 1)]:
            self.raw.write_blank(row, column, None, look())
        self.formula(row, 1, f"={said}", look(size=10, bold=True, colour=style.WARNING_TEXT))
        amber = {
            "type": "formula",
            "criteria": f"=LEN({xl_rowcol_to_cell(row, 1, row_abs=True, col_abs=True)})>0",
            "format": look.change(bg_color=style.WARNING),
        }
        self.raw.conditional_format(row, 0, row, last_column, amber)

    def heads(self, row: int, headings: Iterable[Heading], look: Look, indented: Sequence[int] = ()) -> None:
        """Column widths, headings in ``row`` and their units in the row below, which ends in a rule."""
        self.raw.set_row(row, 16)
        self.raw.set_row(row + 1, 15)
        for column, width, heading, unit, align in headings:
            place = {"align": align, **({"indent": 1} if column in indented else {})}
            if width:
                self.widen(column, column, width)
            self.text(row, column, heading, look.head(**place))
            self.text(row + 1, column, unit, look.unit(**place))

    def page(self, last_row: int, last_column: int, *, pages: int = 1) -> None:
        """Landscape, one page wide and ``pages`` high; 0: as many as it takes.

        The head is not repeated on paper: where it is, Calc draws the page breaks of an unscaled page through the figures on
        the screen.
        """
        self.raw.set_landscape()
        self.raw.set_paper(9)
        self.raw.set_margins(left=0.4, right=0.4, top=0.4, bottom=0.6)
        self.raw.fit_to_pages(1, pages)
        self.raw.center_horizontally()
        self.raw.print_area(0, 0, last_row, last_column)
        self.raw.set_footer("&L&8&A&R&8&P / &N")
