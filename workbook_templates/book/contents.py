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
ADV: dict[str, float] = {
    "NVDA": 32_000, "AAPL": 12_500, "MSFT": 9_800, "AMZN": 9_600, "JPM": 2_700, "LLY": 3_200, "PLTR": 9_500, "GLD": 3_900,
    "COST": 2_000, "TSLA": 33_000, "SMCI": 1_300, "XOM": 1_900, "IWM": 8_800, "BAC": 2_000,
}  # fmt: skip
"""Average daily volumes in $ m, made up; the example leaves one out."""

HOW_TO_READ = (
    "The exposure of all listed options in the names you hold, each name weighted by your money in it: not the gamma of "
    "your own positions. A leg's figures are weighted means of its names, its money is their sum."
)
NET_SAID = "long minus short, over the gross money; GEX has no side"
NO_VOLUME = "in days of volume: type ADV on the sheet Positions"

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
        "name: there is no net GEX and no regime. Detail has each position's part.",
    ),
    (
        "ADV",
        "Average daily volume in $ m, where you type it in a name's first row. The row Of ADV then has the net of exposure ÷ "
        "volume, of the names with a volume: +2 % of CHEX is a fiftieth of a day's volume per day. Positions has it of each "
        "name's own GEX: what a move of 1 % makes dealers trade, in parts of a day's volume. The example's are made up.",
    ),
    (
        "Charm",
        "Dealers hold the calls and owe the puts here, whatever the convention. CHARMCLOCK reprices each contract at the close "
        "of the session under way, or of the next: what dealers buy until then of the longs and sell of the shorts is for the "
        "book. Over a whole day it is BASKETFLOW's CHEX, a slope, and may have the other sign.",
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
