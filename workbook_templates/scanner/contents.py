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

HOW_TO_READ = (
    "Negative gamma (orange): dealers' hedging goes with the move and amplifies it. "
    "Positive gamma (blue): it goes against the move and dampens it. "
    "Figures are weighted means of the members, not totals."
)

NOTES: tuple[Note, ...] = (
    (
        "Figures",
        "Every figure is the weighted mean of the members' own net dealer exposures: the sum of weight × exposure, with the "
        "weights of the members that had data adding up to 1. It is not the sector's total.",
    ),
    *UNITS,
    (
        "Since, before",
        "When the sector's regime last changed, and what it was before, as far as the snapshots kept can tell. A dash: they "
        "show no other regime.",
    ),
    NET_TO_GROSS,
    (
        "Negative names",
        "How many members have negative GEX, of those with data; and what share of the weight they carry.",
    ),
    (
        "Top share",
        "The largest member's share of the sum of |weight × GEX|. Near 100 % the sector is one name.",
    ),
    (
        "Drivers",
        "The three members with the largest share of the sum of |weight × GEX|, each with its sign. Where the sector has no "
        "value, the reason stands here instead.",
    ),
    *COVERAGE,
    (
        "Members",
        "Edit names and weights on the sheet Members, up to ten names a sector. Weights may have any scale; a name whose "
        "weight is blank weighs nothing. Detail shows each member by itself.",
    ),
    *SOURCE,
)
