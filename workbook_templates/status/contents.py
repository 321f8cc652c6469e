"""What the status sheet says: its words for a basket's state and its notes. Its baskets are the scanner's."""

from __future__ import annotations

from workbook_templates.notes import COVERAGE, SOURCE, UNITS, Note
from workbook_templates.scanner.contents import SECTORS

BASKETS: tuple[tuple[str, str], ...] = tuple((name, ",".join(symbols.split())) for name, symbols in SECTORS)
"""Names, and symbols as one text."""

FRESH, HISTORICAL, STALE, MISSING, FAILING, WAITING, ABSENT = (
    "● fresh",
    "○ historical",
    "◐ stale",
    "◐ names missing",
    "× failing",
    "… waiting",
    "× no add-in",
)
STATES = (FRESH, HISTORICAL, STALE, MISSING, FAILING, WAITING, ABSENT)
"""What a basket's state may be."""

NO_DEBITS = "costs no debits"

NOTES: tuple[Note, ...] = (
    (
        "Server, source",
        "Where the figures come from, and whether the server on this machine answers. Taken from the first basket below that "
        "has figures.",
    ),
    (
        "Quota",
        "A metered source's day: plan, debits a day, used and left, when the count starts again (UTC), and how many were "
        "saved against one call per cell. Amber when less than a tenth is left; a dash: not known. Chain files cost no "
        "debits, and the sample plays a metered source. Looking at this row costs none.",
    ),
    (
        "Baskets",
        "One row per basket, up to 30: a name of your choice, and its symbols as one text with commas, weighted equally. A "
        "free row joins in when it is typed into.",
    ),
    (
        FRESH,
        "All names have data, and the oldest figure is at most 15 minutes old.",
    ),
    (
        HISTORICAL,
        "All names have data, of a day long past: the sample, or a folder of past chains. They have no age.",
    ),
    (
        STALE,
        "The figures are shown, but older than 15 minutes, or the last good ones because the source did not answer: WHY says "
        "which. Overnight and at weekends that is as it should be.",
    ),
    (
        MISSING,
        "There are figures, but some names have no data: WHY lists them. They are left out, never counted as zero.",
    ),
    (
        FAILING,
        "No figures. WHY says what is wrong and what to do: an unreadable symbol, no data for any name, the day's debits "
        "spent, the server or the source away.",
    ),
    (
        WAITING,
        "The question is on its way (live mode): the cell fills by itself.",
    ),
    *UNITS,
    *COVERAGE,
    *SOURCE,
)
