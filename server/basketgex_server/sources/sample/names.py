"""The invented names of the sample: prices, volatilities and open interest, made up. No market data in it."""

from __future__ import annotations

from typing import NamedTuple

AS_OF = "2026-09-16T15:45"
"""New York time: fifteen minutes before that day's contracts expire."""


class Name(NamedTuple):
    """An invented underlying. ``spot`` in USD, ``volatility`` per 1.00 at the money, ``open_interest`` in contracts.

    ``calls`` is how much calls are preferred to puts, 0..1: the more, the more positive its GEX.
    ``daily``: it has expiries on every day of the week. ``skew``: how much its smile and its puts are those of an index, 0..1.
    ``dividend_yield`` per year is in the prices of its options.
    """

    spot: float
    volatility: float
    open_interest: float
    calls: float
    daily: bool = False
    skew: float = 0.0
    dividend_yield: float = 0.0


_NAMES: dict[str, dict[str, Name]] = {
    "Semiconductors": {
        "NVDA": Name(214.60, 0.41, 15_400_000, 0.372),
        "AMD": Name(541.30, 0.52, 3_300_000, 0.384),
        "AVGO": Name(402.75, 0.44, 2_600_000, 0.432, dividend_yield=0.006),
        "MU": Name(188.20, 0.55, 2_300_000, 0.396),
        "SMCI": Name(52.45, 0.74, 2_900_000, 0.348),
        "TSM": Name(338.90, 0.37, 1_700_000, 0.462, dividend_yield=0.01),
        "QCOM": Name(171.85, 0.34, 900_000, 0.437, dividend_yield=0.021),
        "ASML": Name(1042.50, 0.38, 160_000, 0.414, dividend_yield=0.008),
    },
    "Megacap technology": {
        "AAPL": Name(312.40, 0.25, 5_600_000, 0.749, dividend_yield=0.004),
        "MSFT": Name(428.15, 0.23, 3_500_000, 0.7, dividend_yield=0.008),
        "AMZN": Name(247.80, 0.31, 4_300_000, 0.57),
        "META": Name(671.25, 0.32, 1_700_000, 0.633),
        "GOOGL": Name(352.60, 0.30, 3_600_000, 0.657),
        "TSLA": Name(404.35, 0.53, 6_900_000, 0.461),
    },
    "Software": {
        "CRM": Name(262.30, 0.35, 800_000, 0.528, dividend_yield=0.006),
        "ORCL": Name(241.10, 0.42, 1_900_000, 0.406, dividend_yield=0.008),
        "ADBE": Name(355.75, 0.34, 500_000, 0.462),
        "PLTR": Name(148.90, 0.61, 5_200_000, 0.654),
        "NOW": Name(872.40, 0.37, 180_000, 0.416),
        "SNOW": Name(196.55, 0.49, 600_000, 0.539),
    },
    "Banks": {
        "JPM": Name(318.70, 0.24, 1_100_000, 0.514, dividend_yield=0.018),
        "BAC": Name(52.85, 0.26, 2_700_000, 0.531, dividend_yield=0.022),
        "WFC": Name(86.40, 0.27, 1_100_000, 0.386, dividend_yield=0.02),
        "C": Name(104.15, 0.29, 1_500_000, 0.379, dividend_yield=0.023),
        "GS": Name(812.60, 0.27, 230_000, 0.47, dividend_yield=0.017),
        "MS": Name(158.95, 0.27, 500_000, 0.365, dividend_yield=0.024),
        "BRK.B": Name(497.20, 0.17, 420_000, 0.408),
    },
    "Energy": {
        "XOM": Name(112.35, 0.25, 1_900_000, 0.399, dividend_yield=0.035),
        "CVX": Name(154.80, 0.24, 900_000, 0.368, dividend_yield=0.044),
        "SLB": Name(36.90, 0.36, 900_000, 0.379, dividend_yield=0.031),
        "OXY": Name(44.25, 0.34, 1_600_000, 0.43, dividend_yield=0.022),
        "COP": Name(93.70, 0.31, 500_000, 0.453, dividend_yield=0.033),
    },
    "Health care": {
        "LLY": Name(946.20, 0.34, 420_000, 0.49, dividend_yield=0.007),
        "UNH": Name(331.45, 0.36, 1_100_000, 0.407, dividend_yield=0.026),
        "JNJ": Name(189.60, 0.19, 700_000, 0.495, dividend_yield=0.027),
        "PFE": Name(25.35, 0.25, 2_900_000, 0.596, dividend_yield=0.068),
        "MRK": Name(91.80, 0.26, 900_000, 0.538, dividend_yield=0.035),
        "ABBV": Name(224.10, 0.25, 450_000, 0.572, dividend_yield=0.03),
    },
    "Consumer": {
        "WMT": Name(104.90, 0.22, 1_600_000, 0.495, dividend_yield=0.009),
        "COST": Name(956.30, 0.21, 310_000, 0.571, dividend_yield=0.005),
        "HD": Name(402.55, 0.23, 380_000, 0.455, dividend_yield=0.023),
        "MCD": Name(307.20, 0.18, 350_000, 0.548, dividend_yield=0.024),
        "NKE": Name(71.65, 0.36, 1_500_000, 0.444, dividend_yield=0.022),
        "SBUX": Name(88.45, 0.30, 900_000, 0.524, dividend_yield=0.028),
    },
    "Industrials": {
        "CAT": Name(478.90, 0.31, 360_000, 0.501, dividend_yield=0.012),
        "BA": Name(221.75, 0.35, 1_100_000, 0.373),
        "GE": Name(301.40, 0.30, 420_000, 0.568, dividend_yield=0.005),
        "UPS": Name(86.15, 0.33, 700_000, 0.369, dividend_yield=0.076),
        "DE": Name(471.05, 0.28, 170_000, 0.543, dividend_yield=0.014),
    },
    "Communications": {
        "NFLX": Name(118.30, 0.34, 2_800_000, 0.482),
        "DIS": Name(112.85, 0.27, 1_300_000, 0.533, dividend_yield=0.009),
        "T": Name(27.60, 0.22, 1_800_000, 0.749, dividend_yield=0.04),
        "VZ": Name(43.20, 0.21, 1_300_000, 0.574, dividend_yield=0.063),
        "CMCSA": Name(31.45, 0.29, 800_000, 0.417, dividend_yield=0.042),
    },
    "Utilities and real estate": {
        "NEE": Name(84.75, 0.26, 900_000, 0.504, dividend_yield=0.027),
        "DUK": Name(124.30, 0.18, 200_000, 0.496, dividend_yield=0.034),
        "SO": Name(95.60, 0.18, 220_000, 0.627, dividend_yield=0.031),
        "PLD": Name(116.20, 0.26, 160_000, 0.389, dividend_yield=0.035),
        "AMT": Name(203.85, 0.25, 140_000, 0.467, dividend_yield=0.033),
        "O": Name(59.10, 0.18, 340_000, 0.588, dividend_yield=0.055),
    },
    "Exchange-traded funds": {
        "SPY": Name(761.45, 0.145, 18_200_000, 0.432, daily=True, skew=1.0, dividend_yield=0.011),
        "QQQ": Name(733.10, 0.195, 9_800_000, 0.414, daily=True, skew=0.9, dividend_yield=0.005),
        "IWM": Name(297.65, 0.22, 8_100_000, 0.31, daily=True, skew=0.9, dividend_yield=0.01),
        "DIA": Name(512.30, 0.15, 500_000, 0.467, skew=1.0, dividend_yield=0.015),
        "XLF": Name(56.80, 0.18, 3_900_000, 0.338, skew=0.7, dividend_yield=0.014),
        "XLE": Name(90.15, 0.24, 2_100_000, 0.395, skew=0.5, dividend_yield=0.033),
        "SMH": Name(402.90, 0.36, 900_000, 0.389, skew=0.5, dividend_yield=0.004),
        "TLT": Name(89.35, 0.13, 6_100_000, 0.523, skew=0.2, dividend_yield=0.043),
        "GLD": Name(371.20, 0.19, 4_100_000, 0.7),
    },
    "Index": {"SPX": Name(7632.50, 0.14, 12_400_000, 0.419, daily=True, skew=1.0, dividend_yield=0.012)},
}

SECTORS: dict[str, tuple[str, ...]] = {sector: tuple(names) for sector, names in _NAMES.items()}
"""The sample's symbols by sector."""

BY_SYMBOL: dict[str, Name] = {symbol: name for names in _NAMES.values() for symbol, name in names.items()}
