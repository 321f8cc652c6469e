"""The sentences of the sheet Profile: what the curves say, and why there is none."""

from __future__ import annotations

from workbook_templates.marks import percent, said_near, signed_percent, why
from workbook_templates.profile.layout import BY_ITSELF, CHOSEN, HIGH, IN_ORDER, LOW, TOGETHER, Curve

NO_RANGE = "The range must go from one move to a larger one, both above −100 %: −20 % and 20 %, say."
NO_BASKET = "No basket: type names and weights on the left."
NO_NAME = "No single name: type one into the pale cell above."
NOT_YET = "No curve yet."
LISTED = 60
"""Letters of the flips in a sentence; Detail has all of them."""


def reason(curve: Curve, text: str) -> str:
    """The formula for what stands above a curve: ``text`` where there is one, else why there is none.

    It looks at what the function has answered: only after that BASKETWHY knows the answer.
    """
    refused = f'IF({IN_ORDER}=0,"{NO_RANGE}",{why(curve.arguments, NOT_YET)})'
    return f'=IF({curve.absent},"",IF({curve.known},{text},{refused}))'


def sentence() -> str:
    """The formula that says when the basket's regime changes."""
    gex, flip = TOGETHER.front("gex"), TOGETHER.front("flip_move")
    outside = f"IF(AND(ISNUMBER({LOW}),ISNUMBER({HIGH})),OR({flip}<{LOW},{flip}>{HIGH}),FALSE)"
    beyond = f'IF({outside},", which is outside the range shown","")'
    trusted = (
        f'". If all its names "&IF({flip}<0,"fall","rise")&" by "&{percent(flip)}&" together"&{beyond}'
        f'&", it turns "&{_regime(gex, turned=True)}&"."'
    )
    doubted = _doubted(TOGETHER, f"{signed_percent(flip)}&{beyond}")
    turns = f"IF({TOGETHER.trusted},{trusted},{doubted})"
    return _said(TOGETHER, NO_BASKET, f'"The basket is "&{_regime(gex)}&{said_near(TOGETHER.near)}', turns)


def own_sentence() -> str:
    """The formula that says the same of the one name."""
    gex, flip = BY_ITSELF.front("gex"), BY_ITSELF.front("flip_move")
    at = f'ROUND({BY_ITSELF.front("flip")},2)&", "&{signed_percent(flip)}&" away"'
    trusted = f'". Beyond "&{at}&", it turns "&{_regime(gex, turned=True)}&"."'
    turns = f"IF({BY_ITSELF.trusted},{trusted},{_doubted(BY_ITSELF, at)})"
    now = f'UPPER(TRIM({CHOSEN}))&" is "&{_regime(gex)}&{said_near(BY_ITSELF.near)}'
    return _said(BY_ITSELF, NO_NAME, now, turns)


def _doubted(curve: Curve, at: str) -> str:
    """What is said of a flip that something is against: no sentence on what lies beyond it."""
    listed = f'IF(LEN({curve.flips})>{LISTED},LEFT({curve.flips},{LISTED})&" …",{curve.flips})'
    return f'". Its flip at "&{at}&" is in doubt: "&{curve.doubts}&". All flips: "&{listed}&"."'


def _said(curve: Curve, none: str, now: str, turns: str) -> str:
    flip, gex = curve.front("flip_move"), curve.front("gex")
    stays = f'IF({curve.known},", and stays so from −50 % to +50 %.",".")'
    said = f"{now}&IF(ISNUMBER({flip}),{turns},{stays})"
    return f'=IF({curve.absent},"{none}",IF(ISNUMBER({gex}),{said},{why(curve.arguments, "")}))'


def _regime(gex: str, *, turned: bool = False) -> str:
    below, above = ("▲ positive", "▼ negative") if turned else ("▼ negative", "▲ positive")
    return f'IF({gex}<0,"{below}","{above}")'
