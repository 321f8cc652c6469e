"""What the templates mark by colour, each rule once. Ranges count from 0; ``cell`` is one in the first row."""

from __future__ import annotations

from typing import Any

from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from basketgex_addin.cells import BALANCED, ENOUGH, NEAR_FLIP
from workbook_templates import look as style
from workbook_templates.look import Look

Area = tuple[int, int, int, int]
"""First row, first column, last row, last column."""

OLD = 15
"""Minutes: after these the server asks the source again before it answers."""


def arrow(regime: str) -> str:
    """The formula's part that shows a regime, by sign as well as by colour.

    By its first letters: in Calc 25.2 a text inside an add-in's table equals no other text as it stands. What is neither is
    a dash: a blank must not read as one of the two.
    """
    begins = f"LEFT({regime},3)"
    return f'IF({begins}="pos","▲ positive",IF({begins}="neg","▼ negative","–"))'


def near_flip(balance: str) -> str:
    """The formula's part that a regime goes on with where a balance is that small; nothing where there is none."""
    return f'IF(ISNUMBER({balance}),IF(ABS({balance})<{BALANCED},", {NEAR_FLIP}",""),"")'


def said_near(cell: str) -> str:
    """The same where a cell says so already, beside a flip. Made a text anew: one out of a table equals none."""
    return f'IF(ISERROR({cell}),"",IF({cell}&""="{NEAR_FLIP}",", {NEAR_FLIP}",""))'


def short(regime: str) -> str:
    """A regime out of BASKET's table in a narrow column: "▼ near flip" where it is no more than that."""
    found = f'ISNUMBER(FIND("{NEAR_FLIP}",{regime}))'
    return f'IF({found},IF(LEFT({regime},3)="pos","▲","▼")&" {NEAR_FLIP}",{arrow(regime)})'


def sign_of(number: str) -> str:
    """The formula's part that shows the regime of a number; a dash where there is none."""
    return f'IF(ISNUMBER({number}),IF({number}<0,"▼ negative","▲ positive"),"–")'


def shown(cell: str) -> str:
    """The formula's part that shows a number; a dash where there is none, be it #N/A or, in Excel beside an error, a blank."""
    return f'IF(ISNUMBER({cell}),{cell},"–")'


def percent(share: str) -> str:
    """The formula's part that writes a share without its sign: rounded, so that the host puts its own decimal point."""
    return f'ROUND(ABS({share})*100,1)&" %"'


def signed_percent(share: str) -> str:
    """The same with its sign."""
    return f'IF(ISNUMBER({share}),IF({share}<0,"−","+")&{percent(share)},"–")'


def why(arguments: str, otherwise: str, function: str = "") -> str:
    """The formula's part that gives the reason; ``otherwise`` where there is none, the figures being on their way.

    ``function``: which one has no value, where its reason may be another than the basket's; ``arguments`` are its symbol.
    """
    said = f'BASKETWHY({arguments},,"{function}")' if function else f"BASKETWHY({arguments})"
    return f'IFERROR(IF(LEFT({said},2)="OK","{otherwise}",{said}),"")'


def usable(status: str) -> str:
    """The formula's part that reads the usable share of open interest out of a status, which names it only below 100 %."""
    start = f'FIND("usable open interest ",{status})+21'
    number = f'MID({status},{start},FIND(" %",{status},{start})-({start}))'
    return f'IF(ISERROR({status}),"",IFERROR(_xlfn.NUMBERVALUE({number},".",",")/100,1))'


def age(value: str, status: str, arguments: str) -> str:
    """The formula's part for a basket's age; after its value, so that there is something to tell the age of."""
    return f'IF(ISNUMBER({value}),IF(ISNUMBER(FIND("; historical;",{status})),"",IFERROR(BASKETAGE({arguments}),"")),"")'


def rule(raw: Worksheet, area: Area, criteria: str, change: Any, *, stop: bool = False) -> None:
    """A conditional format by formula."""
    raw.conditional_format(
        *area, {"type": "formula", "criteria": f"={criteria}", "format": change, "stop_if_true": stop}
    )


def errors(raw: Worksheet, look: Look, area: Area) -> None:
    """Errors stay readable, but quiet."""
    rule(raw, area, f"ISERROR({_first(area)})", look.change(bold=False, font_color=style.FAINT), stop=True)


def padding(raw: Worksheet, look: Look, area: Area) -> None:
    """Calc fills the rows below a shorter table with #N/A: hidden. Other errors stay readable."""
    for wrong, colour in (("ISNA", "#FFFFFF"), ("ISERR", style.FAINT)):
        rule(raw, area, f"{wrong}({_first(area)})", look.change(font_color=colour))


def regimes(raw: Worksheet, look: Look, area: Area, cell: str, age: str = "") -> None:
    """Orange where ``cell`` is a negative number, blue where it is another; with ``age``, ``old`` as well."""
    _signs(raw, look, area, [f"ISNUMBER({cell}),{cell}{sign}0" for sign in ("<", ">=")], age)


def before(raw: Worksheet, look: Look, area: Area, cell: str, age: str = "") -> None:
    """The same by the text of ``cell``, as ``arrow`` writes it."""
    _signs(raw, look, area, [f'LEFT({cell},1)="{sign}"' for sign in "▼▲"], age)


def _signs(raw: Worksheet, look: Look, area: Area, criteria: list[str], age: str) -> None:
    """Calc gives a cell the style of one format only: what shall be seen together stands in one rule."""
    colours = (style.NEGATIVE, style.POSITIVE)
    if age:
        for criterion, colour in zip(criteria, colours, strict=True):
            both = look.change(italic=True, bg_color=style.PALE_WARNING, font_color=colour)
            rule(raw, area, f"AND({criterion},{_aged(age)})", both)
    for criterion, colour in zip(criteria, colours, strict=True):
        rule(raw, area, f"AND({criterion})", look.change(font_color=colour))


def low(raw: Worksheet, look: Look, area: Area) -> None:
    """Amber where too little is covered, of the weight or of the open interest."""
    cell = _first(area)
    amber = look.change(bold=True, bg_color=style.WARNING, font_color=style.WARNING_TEXT)
    rule(raw, area, f"AND(ISNUMBER({cell}),{cell}<{ENOUGH})", amber)


def old(raw: Worksheet, look: Look, area: Area, cell: str) -> None:
    """Pale amber and italic where the age in ``cell`` says that the figures are old."""
    pale = look.change(italic=True, bg_color=style.PALE_WARNING)
    rule(raw, area, f"AND({_aged(cell)})", pale)


def _first(area: Area) -> str:
    """The first cell of an area, as a rule names it that holds for each of its cells."""
    return str(xl_rowcol_to_cell(area[0], area[1]))


def _aged(cell: str) -> str:
    return f"ISNUMBER({cell}),{cell}>{OLD}"


def bars(
    raw: Worksheet,
    area: Area,
    most: float = 1.0,
    colours: tuple[str, str] = (style.POSITIVE_BAR, style.NEGATIVE_BAR),
) -> None:
    """Bars from the middle, up to ``most``: where they show a sign of gamma, blue to the right and orange to the left."""
    right, left = colours
    raw.conditional_format(
        *area,
        {
            "type": "data_bar",
            "data_bar_2010": True,
            "bar_solid": True,
            "bar_color": right,
            "bar_negative_color": left,
            "bar_border_color": right,
            "bar_negative_border_color": left,
            "bar_axis_position": "middle",
            "bar_axis_color": style.FAINT,
            "min_type": "num",
            "min_value": -most,
            "max_type": "num",
            "max_value": most,
        },
    )
