"""The sheet Detail: each sector's table, and beside it what Scanner reads. No figure is made in two places."""

from __future__ import annotations

from xlsxwriter.format import Format

from workbook_templates import look as style
from workbook_templates.layout import ALL, FIRST_DETAIL, SEATS, TABLE_WIDTH, Sector
from workbook_templates.look import Look
from workbook_templates.sheet import Sheet


def write_detail(sheet: Sheet, look: Look) -> None:
    """Writes a block a sector, and the charts' figures beside them."""
    raw = sheet.raw
    sheet.band("Detail", "Each sector's table, and what Scanner and its charts read from it.", 22, look)
    raw.set_row(2, 8)
    headings = (
        ("SECTOR", 19, "left"),
        ("SYMBOL", 9, "left"),
        ("WEIGHT", 8, "right"),
        ("PRICE", 10, "right"),
        ("GEX $ M", 11, "right"),
        ("DEX $ BN", 10, "right"),
        ("VEX $ M", 10, "right"),
        ("CHEX $ M", 10, "right"),
        ("CONTRIBUTION %", 14, "right"),
        ("  REGIME", 16, "left"),
        ("AS OF", 19, "left"),
        ("WEIGHT", 8, "right"),
        ("WEIGHTED GEX", 13, "right"),
        ("SHARE", 8, "right"),
        ("SIGNED", 8, "right"),
        ("RANK", 7, "center"),
        ("DRIVER", 16, "left"),
        ("", 2, "left"),
        ("CHART", 19, "left"),
        ("GEX +", 9, "right"),
        ("GEX −", 9, "right"),
        ("NET ÷ GROSS +", 13, "right"),
        ("NET ÷ GROSS −", 13, "right"),
    )
    for column, (heading, width, align) in enumerate(headings):
        raw.set_column(column, column, width)
        if heading:
            sheet.text(3, column, heading, look.head(align=align, bottom=1, bottom_color=style.MUTED))
    for sector in ALL:
        _block(sheet, look, sector)
        row, source = FIRST_DETAIL + sector.index, sector.scanner + 1
        sheet.formula(row, 18, f"=Members!$B${sector.members + 1}", look(size=9, colour=style.MUTED))
        for column, scanner, bound, unit, number in (
            (19, "D", "MAX", "/1000000", "0.0"),
            (20, "D", "MIN", "/1000000", "0.0"),
            (21, "I", "MAX", "", style.SHARE),
            (22, "I", "MIN", "", style.SHARE),
        ):
            cell = f"Scanner!${scanner}${source}"
            small = look(size=9, colour=style.MUTED, num_format=number, align="right")
            sheet.formula(row, column, f"=IF(ISNUMBER({cell}),{bound}({cell},0){unit},0)", small)
    # Calc fills the rows below a shorter table with #N/A: hidden. Other errors stay readable.
    for wrong, colour in (("ISNA", "#FFFFFF"), ("ISERR", style.FAINT)):
        raw.conditional_format(
            FIRST_DETAIL,
            1,
            FIRST_DETAIL + SEATS * len(ALL) - 1,
            TABLE_WIDTH,
            {
                "type": "formula",
                "criteria": f"={wrong}(B{FIRST_DETAIL + 1})",
                "format": look.change(font_color=colour),
            },
        )
    raw.freeze_panes(FIRST_DETAIL, 2)
    sheet.page(FIRST_DETAIL + SEATS * len(ALL) - 1, 16, (0, 3))


def _block(sheet: Sheet, look: Look, sector: Sector) -> None:
    numbers = ("0.0%", "#,##0.00", style.MILLIONS, style.BILLIONS, style.MILLIONS, style.MILLIONS, "0.0")

    def edge(row: int) -> dict[str, object]:
        return {"top": 1, "top_color": style.RULE} if row == sector.first and sector.index else {}

    def looks(row: int) -> tuple[Format, ...]:
        return (
            look(bold=True, **edge(row)),
            *(look(num_format=number, align="right", **edge(row)) for number in numbers),
            look(indent=1, **edge(row)),
            look(colour=style.MUTED, **edge(row)),
        )

    sheet.table(sector.first, 1, f"=BASKET({sector.arguments})", looks)
    top, bottom = sector.first + 1, sector.first + SEATS
    for r in range(top, bottom + 1):
        derived = {"colour": style.MUTED, "align": "right", **edge(r - 1)}
        has_data = f"ISNUMBER($E{r})"
        row = r - 1
        sheet.formula(
            row,
            0,
            f'=IF(ISTEXT($B{r}),Members!$B${sector.members + 1},"")',
            look(colour=style.FAINT, **edge(row)),
        )
        sheet.formula(row, 11, f'=IF({has_data},$C{r},"")', look(num_format="0.0%", **derived))
        sheet.formula(row, 12, f'=IF({has_data},$C{r}*$E{r},"")', look(num_format=style.MILLIONS, **derived))
        sheet.formula(row, 13, f'=IF({has_data},$I{r}/100,"")', look(num_format=style.SHARE, **derived))
        sheet.formula(
            row, 14, f'=IF({has_data},SIGN($M{r})*$N{r},"")', look(num_format=style.SIGNED_SHARE, **derived)
        )
        sheet.formula(
            row,
            15,
            f'=IF({has_data},RANK($N{r},$N${top}:$N${bottom})+COUNTIF($N${top}:$N{r},$N{r})-1,"")',
            look(**{**derived, "align": "center"}),
        )
        sheet.formula(
            row,
            16,
            f'=IF({has_data},$B{r}&" "&IF($M{r}<0,"−","+")&TEXT($N{r}*100,"0")&" %","")',
            look(**{**derived, "align": "left"}),
        )
