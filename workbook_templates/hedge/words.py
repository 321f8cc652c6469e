"""The sentences of the sheet Hedge: what dealers must trade, what time alone does, and what is to be said against it."""

from __future__ import annotations

from workbook_templates.hedge.layout import (
    IN_ORDER,
    INDEX_NAME,
    MOVE,
    NAMED,
    NAMES,
    OF_BASKET,
    OF_INDEX,
    ONE,
    WALL,
    WRONG_BETAS,
    Side,
    move_in_words,
)
from workbook_templates.marks import OLD, percent, why
from workbook_templates.sheet import STATUS

NO_BASKET = "No basket: type names and weights on the left."
NO_MOVE = "The move must be a size above 0 % that leaves each name a price above 0: 2 %, say."
NO_BETA = "A beta is no number: correct or clear the amber cell."
NOT_YET = "No ladder yet."
MADE_UP = "SYNTHETIC: "


def sentence() -> str:
    """The formula that says what dealers trade where the index falls, and where it rises."""
    (down, up), (index_down, index_up) = OF_BASKET.moved, OF_INDEX.moved
    count = OF_BASKET.front("count")
    names = f'IF({count}=1,"the one name","the "&{count}&" names")'
    them = f'IF({count}=1,"it","them")'
    market = f'IF(ISNUMBER({index_down}),{ONE},"the market")'
    said = (
        f'IF(LEFT({STATUS},9)="SYNTHETIC","{MADE_UP}","")&"If "&{market}&" falls "&{percent(MOVE)}&", dealers "&{_trade(down)}'
        f'&" of "&{names}&{_and(index_down)}&"; if it rises "&{percent(MOVE)}&", they "&{_trade(up)}&" of "&{them}'
        f'&{_and(index_up)}&"."'
    )
    reason = f'IF({WRONG_BETAS}=0,{why(NAMES, NOT_YET)},"{NO_BETA}")'
    known = f"AND(ISNUMBER({down}),ISNUMBER({up}))"
    return f'=IF({NAMED}=0,"{NO_BASKET}",IF({IN_ORDER}=0,"{NO_MOVE}",IF({known},{said},{reason})))'


def more() -> str:
    """The formula that says what time alone does, what rolls off, and where the walls are."""
    close, weekend, today, week = (
        OF_BASKET.front(name) for name in ("to_close", "weekend", "zero_dte", "week")
    )
    call, put = (WALL.cell("basket_move", place) for place in range(2))
    passing = f'{_trade(close)}&" of the names by the close and "&{_trade(weekend)}&" over a weekend."'
    time = f'"As time alone passes they "&{passing}'
    rolls = f'{percent(today)}&" of the gamma expires the same day, "&{percent(week)}&" within 7 days."'
    walls = f'"Call wall at "&{move_in_words(call)}&", put wall at "&{move_in_words(put)}&"."'
    parts = ",".join(
        f'IF(AND(ISNUMBER({first}),ISNUMBER({second})),{said},"")'
        for first, second, said in ((close, weekend, time), (today, week, rolls), (call, put, walls))
    )
    return f'=IF({NAMED}=0,"",_xlfn.TEXTJOIN(" ",TRUE,{parts}))'


def doubts() -> str:
    """The formula that says which names are missing, or why there is no figure, and whether the figures are old."""
    parts = ",".join(f'IF({side.absent},"",{part})' for side in (OF_BASKET, OF_INDEX) for part in _of(side))
    return f'=_xlfn.TEXTJOIN(" ",TRUE,{parts})'


def _of(side: Side) -> tuple[str, str]:
    ours, gex, age = side.weighted, side.front("gex"), side.front("age")
    missing = f"BASKETMISSING({ours})"
    named = "" if side is OF_BASKET else f'{INDEX_NAME}&": "&'
    wrong = f'IF(ISNUMBER({gex}),IF(LEN({missing})>0,"No data: "&{missing}&".",""),{named}BASKETWHY({ours}))'
    what = "The basket's figures" if side is OF_BASKET else "The index's figures"
    old = f'IF(ISNUMBER({age}),IF({age}>{OLD},"{what} are "&ROUND({age},0)&" minutes old.",""),"")'
    return f'IFERROR({wrong},"")', old


def _trade(cell: str) -> str:
    """The formula's part that says what dealers do; only where the cell is a number."""
    size = f"ABS({cell})"
    amount = (
        f'IF({size}<1000000,"less than $1 m",IF({size}<1000000000,"$"&ROUND({size}/1000000,0)&" m",'
        f'"$"&ROUND({size}/1000000000,2)&" bn"))'
    )
    side = f'IF({cell}<0,"sell ","buy ")&{amount}'
    return f'IF(ISNUMBER({cell}),IF({cell}=0,"trade nothing",{side}),"")'


def _and(cell: str) -> str:
    return f'IF(ISNUMBER({cell})," and "&{_trade(cell)}&" of "&{ONE},"")'
