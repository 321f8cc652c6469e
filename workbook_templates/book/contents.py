"""What the book says: its example and its notes."""

from __future__ import annotations

from workbook_templates.notes import COVERAGE, NET_TO_GROSS, SOURCE, UNITS, Note

BOOK_VALUE = 10_000_000

POSITIONS: tuple[tuple[str, float, str], ...] = (
    ("NVDA", 4000, "shares"),
    ("AAPL", 1_200_000, "$"),
    ("MSFT", 9, "%"),
    ("AMZN", 800_000, "$"),
    ("JPM", 2500, "shares"),
    ("LLY", 5, "%"),
    ("PLTR", 3000, "shares"),
    ("GLD", 600_000, "$"),
    ("COST", 400, "shares"),
    ("TSLA", -900, "shares"),
    ("SMCI", -450_000, "$"),
    ("XOM", -4, "%"),
    ("IWM", -7, "%"),
    ("BA", -1500, "shares"),
    ("BAC", -250_000, "$"),
)
"""Symbol, size, unit; negative is short."""

HOW_TO_READ = (
    "The market's dealer exposure in the names you hold, each weighted by your money in it: not the gamma of your own "
    "positions. A leg's figures are weighted means of its names, not totals."
)

NOTES: tuple[Note, ...] = (
    (
        "What this is",
        "How dealers are positioned in the names of the book. The net dealer exposure of each underlying comes from all its "
        "listed options, whoever holds them; your money only says how much each name counts. Nothing here is the gamma, "
        "delta, vanna or charm of your own positions, and a short position does not turn a sign round.",
    ),
    (
        "Positions",
        "A row a position, up to 40, on the sheet Positions; blank rows are skipped. SIZE is negative for a short. IN says "
        "what it is in: $ of market value, % of the book value above the list (type 12.5 for 12.5 %), or shares, which the "
        "underlying price turns into dollars. The three may be mixed; a name may stand in several rows.",
    ),
    (
        "Legs",
        "A basket's weights are never negative, so there are three baskets: the longs, the shorts, and gross (both), each "
        "weighted by the absolute money. No exposure is given for long minus short: a mean has no negative weights.",
    ),
    (
        "Figures",
        "Each is the weighted mean of the names' own net dealer exposures: the sum of weight × exposure, with the weights of "
        "the names that had data adding up to 1.",
    ),
    *UNITS,
    (
        "Of money",
        "The position's share of the gross money: |money| over the sum of |money|.",
    ),
    (
        "Of exposure",
        "The position's share of the sum of |money × GEX|. Where it is far above the share of money, the dealers' hedging in "
        "that name matters more to the book than its size tells.",
    ),
    NET_TO_GROSS,
    (
        "Not counted",
        "A row without a symbol, a size, a unit, or (for shares) a price is in no leg; NOTE says which, and Book counts them. "
        "A row in $ or % whose name has no data counts as money, and lowers the coverage.",
    ),
    *COVERAGE,
    *SOURCE,
)
