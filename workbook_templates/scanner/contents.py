"""What the sector scanner says: its lists of names and its notes. The lists are a start; the sheet lets people edit them."""

from __future__ import annotations

from workbook_templates.notes import COVERAGE, NET_TO_GROSS, SOURCE, UNITS, Note

SECTORS: tuple[tuple[str, str], ...] = (
    ("Semiconductors", "NVDA AMD AVGO MU SMCI TSM QCOM ASML"),
    ("Megacap tech", "AAPL MSFT NVDA AMZN META GOOGL TSLA"),
    ("Software", "CRM ORCL ADBE NOW PLTR SNOW"),
    ("Communications", "NFLX DIS T VZ CMCSA"),
    ("Banks", "JPM BAC WFC C GS MS"),
    ("Energy", "XOM CVX COP OXY SLB"),
    ("Healthcare", "UNH LLY JNJ PFE MRK ABBV"),
    ("Consumer", "WMT COST HD NKE MCD SBUX"),
    ("Industrials", "BA CAT GE UPS DE"),
    ("Utilities & REITs", "NEE DUK SO AMT PLD O"),
    ("Index ETFs", "SPY QQQ IWM DIA"),
    ("Sector & macro ETFs", "XLF XLE SMH TLT GLD"),
)

AS_TYPED, ONE_SIDED, MOST_NEGATIVE, MOST_POSITIVE = (
    "as typed",
    "one-sidedness",
    "most negative GEX",
    "most positive GEX",
)
ORDERS = (AS_TYPED, ONE_SIDED, MOST_NEGATIVE, MOST_POSITIVE)
"""What the scanner can be ordered by."""

HOW_TO_READ = (
    "Negative gamma (orange): dealers' hedging goes with the move and amplifies it. Positive (blue): against it, and dampens "
    "it. Dollars are weighted means of the members: between sectors compare signs, net ÷ gross and weights."
)

NOTES: tuple[Note, ...] = (
    (
        "Figures",
        "Every figure is the weighted mean of the members' own net exposures: the sum of weight × exposure, with the weights "
        "of the members that had data adding up to 1. It is not the sector's total, and a sector of large names has large "
        "dollars: between sectors compare net ÷ gross and the weight of the negative names, as the charts do.",
    ),
    (
        "Order",
        "The pale cell on the right of the title: as typed on Members; by one-sidedness, the largest |net ÷ gross| first, "
        "whichever its sign; by the most negative or the most positive GEX. Sectors without a figure come last.",
    ),
    *UNITS,
    (
        "Since",
        "When the sector's regime last changed, as far as the snapshots kept can tell. A dash: they show no other regime.",
    ),
    (
        "Today",
        "The share of the closes of the last 180 days on which the sector's net GEX, under today's weights, was lower than "
        "now: near 0 % or 100 % today is unusual. A dash: fewer than five such days. The bars are its closes of the last 12 "
        "days and now, from the lowest to the highest: heights do not compare between sectors, and zero may lie anywhere.",
    ),
    NET_TO_GROSS,
    (
        "Negative",
        "How many members have negative GEX, of those with data. The chart on the right shows the weight that they carry.",
    ),
    (
        "Drivers",
        "The three members with the largest share of the sum of |weight × GEX|, each with the sign of its GEX. Where the first "
        "is near 100 %, the sector is one name. Where the sector has no value, the reason stands here instead.",
    ),
    *COVERAGE,
    (
        "Members",
        "Edit sectors, names and weights on the sheet Members: up to 24 sectors of 15 names; a free row joins in when it is "
        "typed into. Weights may have any scale; a name whose weight is blank weighs nothing. What is typed outside of the "
        "list is not counted: an amber line says so. Detail shows each member by itself.",
    ),
    *SOURCE,
)
