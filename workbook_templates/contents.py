"""What the sector scanner says: its lists of names and its notes. The lists are a start; the sheet lets people edit them."""

from __future__ import annotations

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
)

HOW_TO_READ = (
    "Negative gamma (orange): dealers' hedging goes with the move and amplifies it. "
    "Positive gamma (blue): it goes against the move and dampens it. "
    "Figures are weighted means of the members, not totals."
)

NOTES: tuple[tuple[str, str], ...] = (
    (
        "Figures",
        "Every figure is the weighted mean of the members' own net dealer exposures: the sum of weight × exposure, with the "
        "weights of the members that had data adding up to 1. It is not the sector's total.",
    ),
    ("GEX", "Dealer gamma: USD of dealer delta gained or lost per 1 % move of the underlying. Shown in $ m."),
    ("DEX", "Dealer delta: USD of delta. Shown in $ bn."),
    ("VEX", "Dealer vanna: USD of delta per vol point (one percentage point of volatility). Shown in $ m."),
    (
        "CHEX",
        "Dealer charm: USD of delta per calendar day. Shown in $ m. A source that publishes it in a unit or sign of its own "
        "is passed through as published.",
    ),
    (
        "Sign",
        "GEX counts calls + and puts −: dealers are taken to be long the calls and short the puts that customers hold. The "
        "convention of the other three is a setting of the server: flashalpha takes plain sums of calls and puts, dealer "
        "counts calls + and puts − on all four. It is an assumption on who holds what, not an observation.",
    ),
    (
        "Regime",
        "The sign of the net GEX. Negative: to stay hedged dealers sell into falls and buy into rallies, which amplifies "
        "moves. Positive: they do the opposite, which dampens them.",
    ),
    (
        "Net ÷ gross",
        "Net GEX over the sum of |weight × GEX|, from −100 % (every member pulls down) to +100 % (every member pulls up). "
        "Near 0 the members cancel out and the sign alone says little.",
    ),
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
    (
        "Coverage",
        "Share of the requested weight that had data. The weight of missing names goes to the others in proportion; missing "
        "names are listed, never counted as zero.",
    ),
    (
        "Members",
        "Edit names and weights on the sheet Members, up to ten names a sector. Weights may have any scale; a name whose "
        "weight is blank weighs nothing. Detail shows each member by itself.",
    ),
    (
        "As of",
        "The line under the title names the source and the time of its oldest figure. Recalculating asks again only for what "
        "has grown too old.",
    ),
    (
        "Synthetic",
        "While the source is the built-in sample, its option chains are made up: the amber line says so. Name a source of "
        "your own to replace it.",
    ),
)
