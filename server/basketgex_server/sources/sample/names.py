"""The invented names of the sample: prices, volatilities and open interest, made up. No market data in it."""

from __future__ import annotations

from typing import NamedTuple

AS_OF = "2026-09-16T15:45"
"""New York time: fifteen minutes before that day's contracts expire."""


class Name(NamedTuple):
    """An invented underlying. ``spot`` in USD, ``volatility`` per 1.00 at the money, ``open_interest`` in contracts.

    ``calls`` is the share of calls in the open interest near the money: the more, the more positive its GEX.
    ``daily``: it has expiries on every day of the week.
    """

    spot: float
    volatility: float
    open_interest: float
    calls: float
    daily: bool = False


_NAMES: dict[str, dict[str, Name]] = {
    "Semiconductors": {
        "NVDA": Name(214.60, 0.41, 15_400_000, 0.41),
        "AMD": Name(541.30, 0.52, 3_300_000, 0.44),
        "AVGO": Name(402.75, 0.44, 2_600_000, 0.47),
        "MU": Name(188.20, 0.55, 2_300_000, 0.40),
        "SMCI": Name(52.45, 0.74, 2_900_000, 0.42),
        "TSM": Name(338.90, 0.37, 1_700_000, 0.47),
        "QCOM": Name(171.85, 0.34, 900_000, 0.45),
        "ASML": Name(1042.50, 0.38, 160_000, 0.43),
    },
    "Megacap technology": {
        "AAPL": Name(312.40, 0.25, 5_600_000, 0.63),
        "MSFT": Name(428.15, 0.23, 3_500_000, 0.60),
        "AMZN": Name(247.80, 0.31, 4_300_000, 0.58),
        "META": Name(671.25, 0.32, 1_700_000, 0.57),
        "GOOGL": Name(352.60, 0.30, 3_600_000, 0.61),
        "TSLA": Name(404.35, 0.53, 6_900_000, 0.46),
    },
    "Software": {
        "CRM": Name(262.30, 0.35, 800_000, 0.54),
        "ORCL": Name(241.10, 0.42, 1_900_000, 0.46),
        "ADBE": Name(355.75, 0.34, 500_000, 0.42),
        "PLTR": Name(148.90, 0.61, 5_200_000, 0.60),
        "NOW": Name(872.40, 0.37, 180_000, 0.47),
        "SNOW": Name(196.55, 0.49, 600_000, 0.55),
    },
    "Banks": {
        "JPM": Name(318.70, 0.24, 1_100_000, 0.55),
        "BAC": Name(52.85, 0.26, 2_700_000, 0.53),
        "WFC": Name(86.40, 0.27, 1_100_000, 0.50),
        "C": Name(104.15, 0.29, 1_500_000, 0.455),
        "GS": Name(812.60, 0.27, 230_000, 0.45),
        "MS": Name(158.95, 0.27, 500_000, 0.45),
        "BRK.B": Name(497.20, 0.17, 420_000, 0.48),
    },
    "Energy": {
        "XOM": Name(112.35, 0.25, 1_900_000, 0.42),
        "CVX": Name(154.80, 0.24, 900_000, 0.44),
        "SLB": Name(36.90, 0.36, 900_000, 0.41),
        "OXY": Name(44.25, 0.34, 1_600_000, 0.46),
        "COP": Name(93.70, 0.31, 500_000, 0.52),
    },
    "Health care": {
        "LLY": Name(946.20, 0.34, 420_000, 0.56),
        "UNH": Name(331.45, 0.36, 1_100_000, 0.41),
        "JNJ": Name(189.60, 0.19, 700_000, 0.58),
        "PFE": Name(25.35, 0.25, 2_900_000, 0.59),
        "MRK": Name(91.80, 0.26, 900_000, 0.56),
        "ABBV": Name(224.10, 0.25, 450_000, 0.60),
    },
    "Consumer": {
        "WMT": Name(104.90, 0.22, 1_600_000, 0.61),
        "COST": Name(956.30, 0.21, 310_000, 0.57),
        "HD": Name(402.55, 0.23, 380_000, 0.54),
        "MCD": Name(307.20, 0.18, 350_000, 0.58),
        "NKE": Name(71.65, 0.36, 1_500_000, 0.43),
        "SBUX": Name(88.45, 0.30, 900_000, 0.48),
    },
    "Industrials": {
        "CAT": Name(478.90, 0.31, 360_000, 0.55),
        "BA": Name(221.75, 0.35, 1_100_000, 0.42),
        "GE": Name(301.40, 0.30, 420_000, 0.57),
        "UPS": Name(86.15, 0.33, 700_000, 0.41),
        "DE": Name(471.05, 0.28, 170_000, 0.53),
    },
    "Communications": {
        "NFLX": Name(118.30, 0.34, 2_800_000, 0.55),
        "DIS": Name(112.85, 0.27, 1_300_000, 0.53),
        "T": Name(27.60, 0.22, 1_800_000, 0.60),
        "VZ": Name(43.20, 0.21, 1_300_000, 0.57),
        "CMCSA": Name(31.45, 0.29, 800_000, 0.44),
    },
    "Utilities and real estate": {
        "NEE": Name(84.75, 0.26, 900_000, 0.56),
        "DUK": Name(124.30, 0.18, 200_000, 0.52),
        "SO": Name(95.60, 0.18, 220_000, 0.58),
        "PLD": Name(116.20, 0.26, 160_000, 0.42),
        "AMT": Name(203.85, 0.25, 140_000, 0.46),
        "O": Name(59.10, 0.18, 340_000, 0.55),
    },
    "Exchange-traded funds": {
        "SPY": Name(761.45, 0.145, 18_200_000, 0.49, daily=True),
        "QQQ": Name(733.10, 0.195, 9_800_000, 0.46, daily=True),
        "IWM": Name(297.65, 0.22, 8_100_000, 0.41, daily=True),
        "DIA": Name(512.30, 0.15, 500_000, 0.52),
        "XLF": Name(56.80, 0.18, 3_900_000, 0.45),
        "XLE": Name(90.15, 0.24, 2_100_000, 0.42),
        "SMH": Name(402.90, 0.36, 900_000, 0.43),
        "TLT": Name(89.35, 0.13, 6_100_000, 0.58),
        "GLD": Name(371.20, 0.19, 4_100_000, 0.62),
    },
    "Index": {"SPX": Name(7632.50, 0.14, 12_400_000, 0.516, daily=True)},
}

SECTORS: dict[str, tuple[str, ...]] = {sector: tuple(names) for sector, names in _NAMES.items()}
"""The sample's symbols by sector."""

BY_SYMBOL: dict[str, Name] = {symbol: name for names in _NAMES.values() for symbol, name in names.items()}
