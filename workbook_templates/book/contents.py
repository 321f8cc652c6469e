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
    "The exposure of all listed options in the names you hold, each name weighted by your money in it: not the gamma of "
    "your own positions. A leg's figures are weighted means of its names, its money is their sum."
)
CHARM = (
    'IF(ISNUMBER({dealers}),IF({dealers}=0,"Charm does nothing to this book.","Charm "&IF({dealers}>0,"hurts","helps")'
    '&" this book: as a day passes dealers trade $"&TEXT(ABS({dealers})/1000000,"#,##0.0")&" m "'
    '&IF({dealers}>0,"against","for")&" it, weighted by its money."),"")'
)
"""The formula's part that says what charm does to the book; nothing while that is not known."""
NET_SAID = "long minus short, over the gross money; GEX has no side"

NOTES: tuple[Note, ...] = (
    (
        "What this is",
        "The exposures of the options on the names of the book. The net exposure of each underlying comes from all its listed "
        "options, whoever holds them; your money only says how much each name counts. Nothing here is the gamma, delta, "
        "vanna or charm of your own positions, and a short position does not turn a sign round.",
    ),
    (
        "Positions",
        "One row per position, up to 100, on the sheet Positions; blank rows are skipped. SIZE is negative for a short. IN "
        "says what it is in: $ of market value, % of the book value above the list (type 12.5 for 12.5 %), or shares, which "
        "the underlying price turns into dollars. The three may be mixed.",
    ),
    (
        "Netted",
        "A name may stand in several rows, long and short: its money is their sum, and it counts once, on the side of that "
        "sum. NET, OF MONEY and OF EXPOSURE stand in its first row. NVDA long 4,000 and short 1,500 is 2,500 long.",
    ),
    (
        "Legs",
        "A basket's weights are never negative, so there are three baskets: the longs, the shorts, and gross (both), each "
        "weighted by the absolute net money of its names. Money is a sum; the figures beside it are weighted means.",
    ),
    (
        "Net",
        "Long minus short. Its money is the sum of all. DEX, VEX and CHEX are directed: the sum of signed money × exposure "
        "over the gross money, of the names with data. Positive CHEX says that the passing of time adds delta where you are "
        "long or takes it where you are short. Gamma has no side, as it amplifies or dampens moves whichever way you hold a "
        "name: there is no net GEX and no regime.",
    ),
    (
        "Figures",
        "Each is the weighted mean of the names' own net exposures: the sum of weight × exposure, with the weights of the "
        "names that had data adding up to 1.",
    ),
    *UNITS,
    (
        "Of money",
        "The name's share of the gross money: |net money| over the sum of |net money|.",
    ),
    (
        "Of exposure",
        "The name's share of the sum of |net money × GEX|. Where it is far above the share of money, the dealers' hedging "
        "in that name matters more to the book than its size tells.",
    ),
    (
        "Difference",
        "Share of exposure minus share of money, in percentage points.",
    ),
    NET_TO_GROSS,
    (
        "Not counted",
        "A row without a symbol, a size, a unit, or (for shares) a price is in no leg; NOTE says which, and an amber line "
        "on Book counts them, as it counts what is typed outside of the list. A row in $ or % whose name has no data counts "
        "as money, and lowers the coverage.",
    ),
    *COVERAGE,
    *SOURCE,
)
