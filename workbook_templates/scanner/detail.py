"""The sheet Detail: each sector's table, its figures in the order of Members, and who stands where in the chosen order."""

from __future__ import annotations

from workbook_templates import days, marks
from workbook_templates import look as style
from workbook_templates.block import HEADINGS, LAST, TABLE, TABLE_WIDTH, write_block
from workbook_templates.headline import Basket, figures
from workbook_templates.look import Look
from workbook_templates.scanner.contents import MOST_NEGATIVE, MOST_POSITIVE, ONE_SIDED
from workbook_templates.scanner.layout import (
    ALL,
    CHARTED,
    DAYS,
    DRAWN,
    FIRST_DETAIL,
    LINES,
    ORDER,
    ROOM,
    SEATS,
    Sector,
    line,
)
from workbook_templates.sheet import Heading, Sheet

_HEADS: dict[str, tuple[float, str, str]] = {
    "sector": (19, "SECTOR", ""),
    "names": (8, "NAMES", "typed"),
    "typed": (8, "CELLS", "filled"),
    "gex": (11, "GEX", "$ m per 1 %"),
    "regime": (12, "REGIME", ""),
    "net_to_gross": (11, "NET ÷ GROSS", ""),
    "coverage": (9, "COVERAGE", ""),
    "usable": (9, "USABLE OI", ""),
    "age": (7, "AGE", "minutes"),
    "negative": (9, "NEGATIVE", "names"),
    "weight": (9, "NEGATIVE", "weight"),
    "dex": (10, "DEX", "$ bn"),
    "vex": (11, "VEX", "$ m per vol pt"),
    "chex": (11, "CHEX", "$ m per day"),
    "missing": (16, "MISSING", ""),
    "drivers": (50, "DRIVERS", "or why there is no figure"),
    "was": (16, "REGIME", ""),
    "since": (16, "SINCE", "New York"),
    "before": (16, "BEFORE", ""),
    "percentile": (11, "PERCENTILE", "net GEX"),
    "z": (9, "Z", "net GEX"),
    "balance_percentile": (11, "PERCENTILE", "balance"),
    "balance_z": (9, "Z", "balance"),
    "days": (9, "DAYS", "before"),
    "bars": (16, "BARS", "a day each"),
    "status": (60, "STATUS", ""),
    "key": (12, "SORTED BY", ""),
    "rank": (7, "RANK", ""),
    "fails": (7, "FAILS", "1: it does"),
    "gap": (2, "", ""),
    "place": (7, "PLACE", "its row"),
    "label": (19, "CHART", ""),
    "one_sided": (12, "NET ÷ GROSS +", ""),
    "other_sided": (12, "NET ÷ GROSS −", ""),
    "in_negative": (12, "WEIGHT", "in negative"),
    "in_positive": (12, "WEIGHT", "in positive"),
}
_NUMBERS = {
    "gex": style.MILLIONS,
    "dex": style.BILLIONS,
    "vex": style.MILLIONS,
    "chex": style.MILLIONS,
    "coverage": style.SHARE,
    "usable": style.SHARE,
    "age": style.MINUTES,
}
"""The figures of a headline, as Detail writes them."""
BESIDE: tuple[Heading, ...] = (
    (LINES.start - 1, 2, "", "", "left"),
    *((LINES.at(what), *head, "left") for what, head in _HEADS.items()),
    (ALL[0].past.start - 1, 2, "", "", "left"),
    *days.headings(ALL[0].past.start),
)
LAST_COLUMN = BESIDE[-1][0]
LAST_LINE = LINES.start + len(LINES.names.split()) - 1


def write_detail(sheet: Sheet, look: Look) -> None:
    """Writes a block per sector, a line per sector beside them, and a line per place of the order."""
    sheet.band("Detail", "What Scanner and its charts read.", LAST_COLUMN, look, first=2)
    sheet.raw.set_row(2, 8)
    sheet.heads(FIRST_DETAIL - 2, (*HEADINGS, *BESIDE), look, indented=(9,))
    for sector in ALL:
        named = line("names", sector.line)
        asked = f'IF({named}=0,"",BASKET({sector.arguments}))'
        write_block(sheet, look, sector.block, asked, line("sector", sector.line))
        _line(sheet, look, sector)
        _place(sheet, look, sector.index)
    last = FIRST_DETAIL + SEATS * ROOM - 1
    marks.padding(sheet.raw, look, (FIRST_DETAIL, TABLE, last, TABLE_WIDTH))
    marks.errors(sheet.raw, look, (FIRST_DETAIL, LINES.start, ALL[-1].line, LAST_LINE))
    sheet.raw.freeze_panes(FIRST_DETAIL, 2)
    sheet.page(last, LAST, pages=0)


def _line(sheet: Sheet, look: Look, sector: Sector) -> None:
    """A sector's figures: "" where nothing is typed, so that nothing is asked."""
    row, block, ours = sector.line, sector.block, sector.arguments

    def own(what: str) -> str:
        return line(what, row)

    blank = f"LEN(TRIM({sector.title}))=0"
    unnamed = f'IF({own("names")}=0,"","Row {sector.members + 1} of Members")'
    drivers = "&".join(
        f'IFERROR({comma}{block.ranked(place, "driver")},"")'
        for place, comma in enumerate(("", '",  "&', '",  "&'), 1)
    )
    no_names = f'IF(LEN({own("sector")})=0,"","No names yet: type them on the sheet Members.")'
    filled = f"COUNTA({sector.title})+COUNTA({sector.names})+COUNTA({sector.weights})"
    number = {"align": "right"}
    for what, value, form in (
        ("sector", f'IF({blank},{unnamed},{sector.title}&"")', {}),
        ("names", f"SUMPRODUCT(--(LEN(TRIM({sector.names}))>0))", number),
        ("typed", filled, number),
        ("drivers", f"IF({own('names')}=0,{no_names},IF(ISNUMBER({own('gex')}),{drivers},BASKETWHY({ours})))", {}),
        ("key", _key(sector), {"num_format": style.SIGNED, **number}),
        ("rank", _rank(row), number),
        ("fails", f'IF({own("names")}=0,"",IF(ISNUMBER({own("gex")}),0,1))', number),
    ):  # fmt: skip
        _write(sheet, look, row, what, f"={value}", form)
    known = figures(Basket(ours, own("status"), own("gex")))
    for what, value, form in (
        *((what, known[what][0], {"num_format": form, **number}) for what, form in _NUMBERS.items()),
        *((what, known[what][0], {}) for what in ("regime", "missing")),
        ("net_to_gross", block.net_to_gross, {"num_format": style.SIGNED_SHARE, **number}),
        ("negative", block.negative_names, {}),
        ("weight", block.negative_weight, {"num_format": style.SHARE, **number}),
        ("status", f"BASKETSTATUS({ours})", {}),
    ):
        _write(sheet, look, row, what, f'=IF({own("names")}=0,"",{value})', form)
    small = {"size": 9, "colour": style.MUTED}
    text, moment = look(**small), look(num_format=style.MOMENT, align="left", **small)
    asked = f'=IF({own("names")}=0,"",BASKETSINCE({ours}))'
    sheet.spill(row, LINES.at("was"), asked, [(text, moment, text)])
    right = {"align": "right", **small}
    share, score = look(num_format="0.0%", **right), look(num_format=style.SIGNED, **right)
    asked = f'=IF({own("names")}=0,"",BASKETPERCENTILE({ours},{DAYS}))'
    ranks = (share, score, share, score, look(num_format="0", **right))
    sheet.spill(row, LINES.at("percentile"), asked, [ranks])
    asked = f'=IF({own("names")}=0,"",BASKETHISTORY({ours},{DRAWN},TRUE))'
    days.write_days(sheet, look, sector.past, asked)
    _write(sheet, look, row, "bars", f"={days.bars(sector.past)}", {})


def _key(sector: Sector) -> str:
    """What the order goes by, the largest first; sectors without a figure come last, rows without a sector not at all."""
    gex, net = line("gex", sector.line), line("net_to_gross", sector.line)
    last, typed = "-9E+99", f"-{sector.index + 1}"
    one_sided = f"IF(ISNUMBER({net}),ABS({net}),{last})"
    chosen = (
        f'IF({ORDER}="{ONE_SIDED}",{one_sided},IF({ORDER}="{MOST_NEGATIVE}",-{gex},'
        f'IF({ORDER}="{MOST_POSITIVE}",{gex},{typed})))'
    )
    known = (
        f'IF(OR({ORDER}="{ONE_SIDED}",{ORDER}="{MOST_NEGATIVE}",{ORDER}="{MOST_POSITIVE}"),{last},{typed})'
    )
    used = f"LEN({line('sector', sector.line)})=0"
    return f'IF({used},"",IF(ISNUMBER({gex}),{chosen},{known}))'


def _rank(row: int) -> str:
    key, keys = line("key", row), line("key")
    above = f"COUNTIF({LINES.cell('key')}:{LINES.fixed('key', row)},{key})"
    return f'IF(ISNUMBER({key}),RANK({key},{keys})+{above}-1,"")'


def _place(sheet: Sheet, look: Look, place: int) -> None:
    """Which sector stands at a place of the order, and what the charts show of the first of them."""
    row = FIRST_DETAIL + place
    _write(sheet, look, row, "place", f"=IFERROR(MATCH({place + 1},{line('rank')},0),0)", {"align": "right"})
    if place >= CHARTED:
        return
    net, weight = at_place(place, "net_to_gross"), at_place(place, "weight")
    share = {"num_format": style.SHARE, "align": "right"}
    for what, value, form in (
        ("label", at_place(place, "sector"), {}),
        ("one_sided", f"IF(ISNUMBER({net}),MAX({net},0),0)", share),
        ("other_sided", f"IF(ISNUMBER({net}),MIN({net},0),0)", share),
        ("in_negative", f"IF(ISNUMBER({weight}),-{weight},0)", share),
        ("in_positive", f"IF(ISNUMBER({weight}),1-{weight},0)", share),
    ):
        _write(sheet, look, row, what, f"={value}", form)


def at_place(place: int, what: str) -> str:
    """The formula's part that takes a figure from the sector at a place of the order; "" where there is none."""
    found = line("place", FIRST_DETAIL + place)
    return f'IF({found}=0,"",INDEX({line(what)},{found}))'


def _write(sheet: Sheet, look: Look, row: int, what: str, formula: str, form: dict[str, str]) -> None:
    sheet.formula(row, LINES.at(what), formula, look(size=9, colour=style.MUTED, **form))
