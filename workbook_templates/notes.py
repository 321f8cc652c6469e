"""The sheet Notes, and the terms that all templates use."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from workbook_templates.look import Look
from workbook_templates.sheet import Sheet

Note = tuple[str, str]

UNITS: tuple[Note, ...] = (
    ("GEX", "Dealer gamma: USD of dealer delta gained or lost per 1 % move of the underlying. Shown in $ m."),
    ("DEX", "Delta: USD of delta. Shown in $ bn."),
    ("VEX", "Vanna: USD of delta per vol point (one percentage point of volatility). Shown in $ m."),
    (
        "CHEX",
        "Charm: USD of delta per calendar day. Shown in $ m. A source that publishes it in a unit or sign of its own "
        "is passed through as published.",
    ),
    (
        "Sign",
        "GEX counts calls + and puts −: dealers are taken to be long the calls and short the puts that customers hold. The "
        "convention of the other three is a setting of the server. flashalpha: plain sums over all open interest, which are "
        "not the dealers' of the GEX beside them. dealer: calls + and puts − on all four. Both are assumptions on who holds "
        "what, not observations.",
    ),
    (
        "Regime",
        "The sign of the net GEX. Negative (▼, orange): to stay hedged dealers sell into falls and buy into rallies, which "
        "amplifies moves. Positive (▲, blue): they do the opposite, which dampens them. Near flip: net GEX is less than 5 % of "
        "calls and puts together or, where a trusted flip is shown, that is nearer than half a daily move; the sign then says "
        "next to nothing.",
    ),
)
"""What the figures are: first on every sheet of notes."""

NET_TO_GROSS: Note = (
    "Net ÷ gross",
    "Net GEX over the sum of |weight × GEX|, from −100 % (every name pulls down) to +100 % (every name pulls up). "
    "Near 0 the names cancel out and the sign alone says little.",
)
COVERAGE: tuple[Note, ...] = (
    (
        "Coverage",
        "Share of the requested weight that had data. The weight of missing names goes to the others in proportion; missing "
        "names are listed, never counted as zero. Amber below 90 %.",
    ),
    (
        "Usable OI",
        "Share of the open interest whose contracts could be valued: the others lack a volatility or a price. Amber below "
        "90 %.",
    ),
)
SOURCE: tuple[Note, ...] = (
    (
        "As of",
        "The line under the title names the source and the time of its oldest figure. Recalculating asks again only for what "
        "has grown too old.",
    ),
    (
        "Age",
        "Minutes since the oldest figure was made, at the last recalculation. Above 15 the row turns pale amber; overnight and "
        "at weekends that is as it should be. Blank for the sample and for folders of past chains: they are historical.",
    ),
    (
        "Errors",
        "#N/A: no figure, because no name has data, the day's calls are spent or the server does not answer. #VALUE!: the "
        "names or weights cannot be read. BASKETWHY with the same arguments gives the sentence. #NAME?: the add-in is not "
        "there.",
    ),
    (
        "Synthetic",
        "While the source is the built-in sample, its option chains are made up: the amber line says so. Name a source of "
        "your own to replace it.",
    ),
)
"""Where the figures come from: last on every sheet of notes."""

_A_LINE = 150
"""Letters, at the width of the column."""


def write_notes(sheet: Sheet, look: Look, notes: Iterable[Note]) -> None:
    """Writes what the columns mean."""
    raw = sheet.raw
    sheet.band("Notes", "Units, signs and what the columns mean.", 2, look)
    raw.set_row(2, 8)
    for column, width in enumerate((1.5, 19, 120)):
        sheet.widen(column, column, width)
    row = 2
    for row, (term, text) in enumerate(notes, start=3):
        raw.set_row(row, 4 + 14 * ceil(len(text) / _A_LINE))
        sheet.text(row, 1, term, look.cell(bold=True, valign="top"))
        sheet.text(row, 2, text, look.cell(text_wrap=True, valign="top"))
    raw.freeze_panes(3, 0)
    sheet.page(row, 2, pages=0)
