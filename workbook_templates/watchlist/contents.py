"""What the watchlist says: its example and its notes."""

from __future__ import annotations

from workbook_templates.notes import COVERAGE, NET_TO_GROSS, SOURCE, UNITS, Note

CHOSEN = "NVDA"
NAMES: tuple[tuple[str, float], ...] = (
    ("NVDA", 20),
    ("AVGO", 12),
    ("TSM", 10),
    ("AMD", 7),
    ("MU", 5),
    ("ASML", 5),
    ("QCOM", 4),
    ("SMCI", 3),
    ("GOOGL", 2),
    ("META", 2),
    ("MSFT", 1),
    ("AAPL", 1),
)
"""Names and round weights as an example: on the sample a basket whose regime changed within the days before."""

REFRESH = (
    "Type another number here: the source is asked again for all names, now. A metered source charges one debit for up to "
    "50 names, other sources nothing. Opening the file does not trigger it."
)

NOTES: tuple[Note, ...] = (
    (
        "Names",
        "Edit names and weights on the left, up to 50; a free row joins in when it is typed into. Weights may have any "
        "scale. A name without a weight weighs nothing, a weight without a name is an error: both are amber.",
    ),
    (
        "Weighted mean",
        "The basket's figures: the sum of weight × exposure, with the weights of the names that had data adding up to 1. Not "
        "its total. Each of them stands above its column of the table.",
    ),
    (
        "Each name",
        "The names' own figures. WEIGHT is that of the names with data; SIGNED SHARE the name's share "
        "of the sum of |weight × GEX|, with the sign of its GEX. Names without data come last, in amber, and are listed "
        "below the weighted mean.",
    ),
    *UNITS,
    (
        "Since",
        "When the basket's regime last changed, as far as the snapshots kept can tell. A dash: they show no other regime.",
    ),
    (
        "Today",
        "Where the basket's net GEX and its balance stand among their closing figures of up to 180 days before, under the "
        "present weights: above 90 % of them is unusually high. z is the distance from their mean in standard deviations. The "
        "bars beside it are net GEX day by day, from the lowest of 60 days to the highest. It takes five days of history.",
    ),
    NET_TO_GROSS,
    (
        "Positive",
        "Share of the names with data whose own net GEX is positive, whatever their weight.",
    ),
    (
        "Drivers",
        "The names with the largest share of the sum of |weight × GEX|, with the sign of their GEX. All shares together add "
        "up to net ÷ gross. The chart shows the twelve largest.",
    ),
    (
        "Levels",
        "Of the one name chosen there: the underlying price, and by the open interest of its options where net gamma "
        "changes its sign (flip), the strikes with the most call and put gamma (walls), the strikes with the largest net "
        "gamma either way, the one with the most open interest, and the 0DTE magnet. DISTANCE is from the underlying price. "
        "A dash: none found, or the source does not give it. At a metered source levels may take a call of their own.",
    ),
    (
        "Refresh",
        "The number beside Refresh is a trigger: when it changes, the source is asked again for the whole list, however "
        "young its figures are. At a metered source that is one debit for up to 50 names; BASKETQUOTA (template status) "
        "tells how many are left.",
    ),
    *COVERAGE,
    *SOURCE,
)
