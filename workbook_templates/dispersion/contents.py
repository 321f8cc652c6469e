"""What the dispersion sheet says: its example and its notes."""

from __future__ import annotations

from workbook_templates.notes import COVERAGE, NET_TO_GROSS, SOURCE, UNITS, Note

INDEX = "QQQ"
MEMBERS: tuple[tuple[str, float], ...] = (
    ("NVDA", 9.0),
    ("MSFT", 8.0),
    ("AAPL", 8.0),
    ("GOOGL", 6.0),
    ("AMZN", 5.5),
    ("AVGO", 5.0),
    ("META", 4.0),
    ("TSLA", 3.5),
    ("COST", 2.5),
    ("NFLX", 2.5),
    ("PLTR", 2.0),
    ("AMD", 1.5),
    ("QCOM", 1.0),
    ("MU", 1.0),
    ("ADBE", 1.0),
    ("ASML", 0.5),
)
"""Round weights as an example: not the index's own of any day."""
HORIZON = 30
"""Calendar days."""

HOW_TO_READ = (
    "The index's options are a market of their own. Its figures, the members' weighted mean and their plain sum are three "
    "different things: compare signs and one-sidedness, not dollars."
)

NOTES: tuple[Note, ...] = (
    (
        "What this is",
        "The exposure in an index's own options beside that in the options of its members: whether the regimes agree, "
        "how one-sided the members are, which of them stand against the index; and the correlation between them that the two "
        "prices of volatility imply.",
    ),
    (
        "Index",
        "The net exposures of the one symbol named on the sheet Members, from its own options.",
    ),
    (
        "Weighted mean",
        "The members as a basket: the sum of weight × exposure, with the weights of the members that had data adding up to "
        "1.",
    ),
    (
        "Plain sum",
        "The members' own exposures added up, each once, whatever its weight: how much hedging there is in all of them "
        "together. Members of weight 0 are left out.",
    ),
    (
        "No difference",
        "There is no column of mean minus index: the one is an average member's dollars, the other one symbol's, and the "
        "difference of the two means nothing.",
    ),
    *UNITS,
    (
        "Since",
        "When the regime last changed, as far as the snapshots kept can tell. A dash: they show no other regime.",
    ),
    NET_TO_GROSS,
    (
        "… of the index",
        "A basket of one name is −100 % or +100 % by definition, which says nothing: it is left out. How far the calls and "
        "puts of the index itself cancel out is not among the worksheet functions.",
    ),
    (
        "Positive names",
        "Share of the members with data whose own net GEX is positive.",
    ),
    (
        "Against the index",
        "Members whose own net GEX has the sign that the index's has not; and the share of the weight (of those with data) "
        "that they carry.",
    ),
    (
        "Signed share",
        "The member's share of the sum of |weight × GEX|, with the sign of its GEX. They add up to net ÷ gross.",
    ),
    (
        "Implied correlation",
        "The one correlation between all members at which their volatilities make the index's. The index's volatility then "
        "lies between the two beside it: the members' weighted mean (correlation 1) and what it were with independent "
        "members (correlation 0). Above 1 or below 0: index and members are quoted at odds, or the list is not the index.",
    ),
    (
        "Volatility",
        "At the money, a year, at the horizon typed there, interpolated between expiries. COVERAGE is the share of the "
        "index, by the weights on the sheet Members, whose members have one; the others are named.",
    ),
    (
        "… of a member",
        "Weight × volatility, and its share of the members' weighted mean: what the member contributes to it. A blank: it "
        "has no volatility at that horizon.",
    ),
    (
        "Part of an index",
        "Where the members with a volatility are less than 90 % of the index, the correlation is a range and no number: the "
        "rest may have any volatility between the lowest and the highest of the members'.",
    ),
    (
        "Net figures only",
        "A source that gives net figures and no option chains, as FlashAlpha does, has no volatilities: the sheet then says "
        "so where the sentence would be.",
    ),
    (
        "Members",
        "Index, names and weights are edited on the sheet Members, up to 120 names; a free row joins in when it is typed "
        "into. The weights are the index's own, in per cent or as shares of 1; those there are round examples, not of any "
        "day. What is missing of the whole counts as not covered. A name whose weight is blank weighs nothing.",
    ),
    *COVERAGE,
    *SOURCE,
)
