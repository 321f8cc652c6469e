"""What the template hedge says: its example and its notes."""

from __future__ import annotations

from workbook_templates.notes import COVERAGE, SOURCE, UNITS, Note

NAMES: tuple[tuple[str, float, float], ...] = (
    ("NVDA", 9, 1.7),
    ("MSFT", 8, 0.9),
    ("AAPL", 8, 1),
    ("GOOGL", 6, 1),
    ("AMZN", 5.5, 1.2),
    ("AVGO", 5, 1.5),
    ("META", 4, 1.1),
    ("TSLA", 3.5, 1.8),
)
"""Names, round weights and round betas as an example."""
INDEX = "QQQ"
MOVE = 0.02

HOW_TO_READ = (
    "Ladder and clock: the whole market in these names, added up; every contract repriced, each name moving by its beta. "
    "Roll-off and walls: the weighted mean. Volatility stays with the strike, open interest as it is."
)

NOTES: tuple[Note, ...] = (
    (
        "What this is",
        "What dealers must trade to stay hedged if the index moves, if volatility changes, or as time alone passes: for a "
        "basket and, beside it, for the options on the index itself. Above 0 (blue) they buy stock, below 0 (orange) they "
        "sell.",
    ),
    (
        "Names",
        "Edit names, weights and betas on the left, up to 50; a free row joins in when it is typed into. Weights may have any "
        "scale. A name without a weight, or a weight without a name, is amber.",
    ),
    (
        "Whole market",
        "Ladder, moves and clock count all open interest in the names, added up, each name once whatever its weight: that is "
        "the stock that dealers trade. They are dollars of another size than the weighted mean, and not to be set against it.",
    ),
    (
        "Weighted mean",
        "Net GEX, balance, roll-off and walls are the basket's: the sum of weight × exposure, with the weights of the names "
        "that had data adding up to 1. The rows of the roll-off add up to its net GEX.",
    ),
    (
        "Index",
        "The second row is of one underlying with options of its own, typed into the pale cell on its left. It may stay "
        "empty where only the basket is wanted.",
    ),
    (
        "Beta",
        "By how many per cent a name moves where the index moves by 1 %. A blank is 1. Those there are round examples. IMPLIED "
        "is what option prices imply at 30 days, as BASKETBETA gives it; it takes the names for the whole of the index, and "
        "misleads where they are little of it. A beta that is not a number is amber, and the ladder waits for its correction.",
    ),
    (
        "Ladder",
        "BASKETLADDER: every contract repriced at each move, not GEX × move, which is a slope and may have the wrong sign a "
        "few per cent away. Volatility stays with the strike. Below the moves: one point of volatility up and down, one "
        "calendar day, and the time until the close, each by itself.",
    ),
    (
        "Move",
        "The size of the move in the sentence and in the columns DOWN and UP: 2 %, say.",
    ),
    (
        "Charm clock",
        "CHARMCLOCK: what dealers trade as time alone passes, until each whole hour before the close, until the close, and "
        "over a weekend of three calendar days. What expires meanwhile counts with the delta of its last minute. Where the "
        "session is over, the hours are those of the next one.",
    ),
    (
        "Roll-off",
        "BASKETEXPIRIES: net GEX by calendar days to expiry, and the part of gross GEX (calls and puts without their signs) "
        "that has expired by then. Of the row 0DTE that is the 0DTE share.",
    ),
    (
        "Walls",
        "BASKETSTRIKES: strikes by their distance from each name's own price, in steps of 1 %. The call wall is the step with "
        "the largest call GEX, the put wall the one with the most negative put GEX; its GEX stands beside it. There is room "
        "for 300 steps. The chart shows those from −10 % to +10 %.",
    ),
    (
        "Balance",
        "Net GEX over gross GEX, contract by contract, from −100 % to +100 %. Within 5 % of 0 the regime is near its flip.",
    ),
    (
        "Net figures only",
        "A source that gives net figures and no option chains, as FlashAlpha does, has none of what is repriced. The sheet "
        "then says so where the sentence would be; net GEX stays.",
    ),
    *UNITS,
    *COVERAGE,
    *SOURCE,
)
