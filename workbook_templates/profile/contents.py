"""What the profile says: its example and its notes."""

from __future__ import annotations

from workbook_templates.notes import COVERAGE, SOURCE, UNITS, Note

NAMES: tuple[tuple[str, float], ...] = (
    ("NVDA", 20),
    ("AVGO", 12),
    ("TSM", 10),
    ("AMD", 7),
    ("MU", 5),
    ("ASML", 5),
    ("QCOM", 4),
    ("SMCI", 3),
)
"""Names and round weights as an example."""
CHOSEN = "NVDA"
LOW, HIGH = -0.2, 0.2

HOW_TO_READ = (
    "Every contract is repriced at every move; volatility, time and open interest stay as they are. In a real move "
    "volatility changes with the price and positions are closed and opened: near the present price the curve says most."
)

NOTES: tuple[Note, ...] = (
    (
        "Basket",
        "Edit names and weights on the left, up to 50; a free row joins in when it is typed into. Weights may have any "
        "scale. A name without a weight weighs nothing, a weight without a name is an error: both are amber.",
    ),
    (
        "One name",
        "The second row is of one name, typed into the pale cell on its left: one of the basket's, or any other. The list "
        "may stay empty where only one underlying is wanted.",
    ),
    (
        "Range",
        "From one move to another, −20 % to +20 % say. The basket's curve has all names move by the same per cent at the "
        "same time, the one name's has it move alone. Both have 81 points.",
    ),
    (
        "Curve",
        "Net GEX at each move, every contract repriced there with its own volatility and time, and with today's open "
        "interest. It holds volatility and open interest fixed. That is what it does not say: in a fall volatility rises, "
        "and positions change on the way. The curve's value at no move is the net GEX of today.",
    ),
    *UNITS,
    (
        "Flip",
        "The move at which net GEX changes its sign: of several, the one nearest to the present price. Looked for between "
        "−50 % and +50 %, whatever the range shown; a dash: there is none. A basket's flip is that of its weighted mean, "
        "all names moving together. It is not the mean of the names' own flips. Amber: something is against it (few strikes "
        "near the price, several flips, one that a small change of rate or volatility moves); the sentence then names it, "
        "and does not say what lies beyond.",
    ),
    (
        "Low end, high end, lowest",
        "Net GEX at the two ends of the range; and where in the range it is most negative. A dash: it is nowhere negative.",
    ),
    (
        "Strikes",
        "GEX of the one name's calls and puts by strike, at the present price, all expiries together: the 24 strikes in the "
        "range with the largest net GEX either way, the highest on top. There is room for 800 strikes.",
    ),
    (
        "Levels",
        "Of the one name: the underlying price, the flip, the strikes with the most call and put gamma (walls), the strikes "
        "with the largest net gamma either way, the one with the most open interest, and the 0DTE magnet. DISTANCE is from "
        "the underlying price. A dash: none found, or the source does not give it. At a metered source levels may take a "
        "call of their own.",
    ),
    (
        "Net figures only",
        "A source that gives net figures and no option chains, as FlashAlpha does, has neither curve nor strikes. The sheet "
        "then says so where they would be; the figures and the levels stay.",
    ),
    *COVERAGE,
    *SOURCE,
)
