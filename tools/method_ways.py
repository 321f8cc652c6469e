"""The other ways to work out an exposure, each as a function of a chain; what docs/method.md holds the engine against.

One file: each way is a line of a table.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np

from basketgex_server.domain import StrikeRow, SymbolExposure, Terms, levels_between
from basketgex_server.exposure.arrays import Flags, Floats
from basketgex_server.exposure.black_scholes import contracts
from basketgex_server.exposure.chain import YEAR, Chain, new_york_day, rows
from basketgex_server.exposure.implied import (
    forwards,
    implied_volatility,
    mid_prices,
    with_implied_yields,
)
from basketgex_server.exposure.levels import Levels, levels
from basketgex_server.exposure.profile import Member, profile
from basketgex_server.exposure.symbol import contracts_of, exposure, signed_exposures
from basketgex_server.market_hours import NEW_YORK, last_session
from basketgex_server.sources.readers.columns import PLACEHOLDER
from tools.method_peers import column_of

TERMS = Terms("flashalpha", 0.045, 0.013)

"""The defaults of indices and ETFs: what every other way is held against; see ``terms_of``."""


DAY = 86_400.0


NAMES = ("AAPL", "AMD", "AMZN", "AVGO", "GOOGL", "IWM", "META", "MSFT", "NVDA", "QQQ", "SPX", "SPY", "TSLA")


STOCKS = tuple(name for name in NAMES if name not in ("IWM", "QQQ", "SPX", "SPY"))


FILES = {
    "SPX 2022-12-12": "cboe_csv/spx_2022-12-12.csv",
    "NDX 2022-12-12": "cboe_csv/ndx_2022-12-12.csv",
    "RUT 2022-12-12": "cboe_csv/rut_2022-12-12.csv",
    "RUT 2023-09-20": "cboe_json/rut_2023-09-20.json",
    "SPY 2025-05-16": "cboe_csv/spy_2025-05-16.csv",
    **{f"{name} 2026-07-10": f"basket_2026-07-10/{name}.csv.gz" for name in NAMES},
}


OLD, NEW = "SPX 2022-12-12", "SPX 2026-07-10"


Way = Callable[[Chain], Floats]


T = TypeVar("T")


def there(value: T | None) -> T:
    """Return a value that the chains of docs/method.md have. Raises ValueError."""
    if value is None:
        raise ValueError("these are not the chains that docs/method.md is about")
    return value


def terms_of(chain: Chain) -> Terms:
    """Return the defaults for a chain: single names pay no dividend."""
    return TERMS if chain.symbol not in STOCKS else TERMS._replace(dividend_yield=0.0)


def exposure_of(chain: Chain, terms: Terms | None = None) -> SymbolExposure:
    """Return a chain's exposure under the defaults, or under ``terms``."""
    return there(exposure(chain, *(terms or terms_of(chain))))


def gross_of(found: SymbolExposure) -> float:
    """Return GEX of calls and puts without their signs, in USD."""
    return there(found.call).gex - there(found.put).gex


def with_terms(**terms: object) -> Way:
    """Return the way that has other terms."""
    return lambda chain: np.array(exposure_of(chain, terms_of(chain)._replace(**terms)).net)  # type: ignore[arg-type]


def changed(change: Callable[[Chain], Chain]) -> Way:
    """Return the way that changes the chain first."""
    return lambda chain: np.array(exposure_of(change(chain)).net)


def with_years(years: Callable[[Chain], Floats]) -> Way:
    """Return the way that counts time to expiry otherwise, the same contracts counting."""

    def way(chain: Chain) -> Floats:
        used = rows(chain).used
        held = contracts(
            chain.strike[used],
            chain.is_call[used],
            chain.volatility[used],
            years(chain)[used],
            *terms_of(chain)[1:3],
        )
        columns = signed_exposures(held, chain.spot, *_interest(chain, used), TERMS.convention)
        return np.array([column.sum() for column in columns])

    return way


def _interest(chain: Chain, used: Flags) -> tuple[Floats, Flags]:
    return chain.open_interest[used], chain.is_call[used]


def whole_days(chain: Chain) -> Floats:
    """Return years to expiry f64[n] in whole days, at least one."""
    days = [_day(at).toordinal() for at in chain.expiry.tolist()]
    return np.maximum(np.array(days, dtype=np.float64) - _day(chain.as_of).toordinal(), 1.0) / 365


def sessions(chain: Chain) -> Floats:
    """Business days without the holidays, at least one, over 252."""
    first, last = _day(chain.as_of), _day(float(chain.expiry.max()))
    days = (first + timedelta(n) for n in range((last - first).days + 1))
    closed = [day for day in days if last_session(day)[0] != day]
    ends = np.array([np.datetime64(_day(at)) for at in chain.expiry.tolist()])
    counts = np.busday_count(np.datetime64(first), ends, holidays=closed)
    return np.maximum(counts.astype(np.float64), 1.0) / 252


def at_least(seconds: float) -> Callable[[Chain], Floats]:
    """Return the years to expiry that have a floor, in seconds."""
    return lambda chain: np.maximum(chain.expiry - chain.as_of, seconds) / YEAR


def _day(at: float) -> date:
    return there(new_york_day(at))


def _is_morning(chain: Chain) -> Flags:
    """Tell which rows are settled on opening prices."""
    clocks = {at: datetime.fromtimestamp(at, NEW_YORK).time() for at in np.unique(chain.expiry).tolist()}
    return np.array([clocks[at] == time(9, 30) for at in chain.expiry.tolist()])


def all_at_the_close(chain: Chain) -> Chain:
    """Let everything expire at 16:00."""
    return replace(chain, expiry=chain.expiry + np.where(_is_morning(chain), 6.5 * 3600, 0.0))


def with_the_expired(chain: Chain) -> Chain:
    """What expired that day counts with a day left."""
    return replace(chain, expiry=np.where(chain.expiry <= chain.as_of, chain.as_of + DAY, chain.expiry))


def read_as_utc(chain: Chain) -> Chain:
    """Take the file's clock for UTC."""
    offset = there(datetime.fromtimestamp(chain.as_of, NEW_YORK).utcoffset())
    return replace(chain, as_of=chain.as_of + offset.total_seconds())


def from_prices(chain: Chain) -> Chain:
    """Every volatility solved from the mid price where that can be done."""
    years = chain.years()
    forward = chain.spot * np.exp((TERMS.rate - terms_of(chain).dividend_yield) * years)
    solved = implied_volatility(
        mid_prices(chain), forward, chain.strike, years, np.exp(-TERMS.rate * years), chain.is_call
    )
    return replace(chain, volatility=np.where(np.isfinite(solved), solved, chain.volatility))


def out_of_the_money(chain: Chain) -> Chain:
    """Both sides of a strike have the volatility of the one out of the money, if there is one."""
    keys = zip(chain.expiry.tolist(), chain.strike.tolist(), chain.is_call.tolist(), strict=True)
    places = {key: row for row, key in enumerate(keys)}
    volatility = chain.volatility.copy()
    for (expiry, strike, call), row in places.items():
        if call != (strike >= chain.spot) and (other := places.get((expiry, strike, not call))) is not None:
            given = chain.volatility[other]
            volatility[row] = given if given > 0 else volatility[row]
    return replace(chain, volatility=volatility)


def without_placeholders(chain: Chain) -> Chain:
    """Leave out volatilities that stand for none."""
    return replace(chain, volatility=np.where(chain.volatility > PLACEHOLDER, chain.volatility, np.nan))


def moved(by: float) -> Callable[[Chain], Chain]:
    """Return the change that adds to every volatility."""
    return lambda chain: replace(chain, volatility=np.where(chain.volatility > 0, chain.volatility + by, 0.0))


def rounded(chain: Chain) -> Floats:
    """Our own gamma to four decimals."""
    used = rows(chain).used
    gamma = contracts_of(chain, used, *terms_of(chain)[1:3]).greeks(chain.spot).gamma
    return gex_only(chain, used, np.round(gamma, 4))


def gex_only(chain: Chain, used: Flags, gamma: Floats) -> Floats:
    """Return the figures f64[4] of a vendor's gamma: GEX alone."""
    interest, is_call = _interest(chain, used)
    gex = float((gamma * interest * np.where(is_call, 1.0, -1.0)).sum()) * chain.spot**2
    return np.array([gex, *exposure_of(chain).net[1:]])


def volumes(path: Path) -> Floats:
    """Return a file's volumes f64[n], as its rows come."""
    if path.suffix == ".csv":
        return column_of(path, "Volume")
    with gzip.open(path, "rt", newline="") as lines:
        return np.array([float(row["volume"] or 0) for row in csv.DictReader(lines)])


def each_by_itself(chain: Chain) -> Chain:
    """Every expiry has the yield that its own forward means beside the file's spot, whatever it is."""
    rate, given = terms_of(chain)[1:3]
    yields = np.full(len(chain), given)
    for forward in forwards(chain, rate):
        if forward.trusted:
            yields[chain.expiry == forward.expiry] = forward.dividend_yield
    return replace(chain, dividend_yield=yields)


def implied_yields(chain: Chain) -> Chain:
    """Give each expiry the dividend yield that put-call parity implies."""
    return with_implied_yields(chain, *terms_of(chain)[1:3])


def only_the_root(chain: Chain) -> Chain:
    """Keep the contracts that are settled in the morning."""
    return chain.only(_is_morning(chain))


def one_a_day(chain: Chain) -> Chain:
    """Of contracts of one day, strike and side only the last row."""
    days = [_day(at) for at in chain.expiry.tolist()]
    keys = zip(days, chain.strike.tolist(), chain.is_call.tolist(), strict=True)
    last = {key: row for row, key in enumerate(keys)}
    kept = np.zeros(len(chain), dtype=np.bool_)
    kept[list(last.values())] = True
    return chain.only(kept)


def nearest_expiry(chain: Chain) -> Chain:
    """Keep what expires next."""
    used = rows(chain).used
    return chain.only(chain.expiry == chain.expiry[used].min())


def within(days: float) -> Callable[[Chain], Chain]:
    """Return the change that keeps what expires within so many days."""
    return lambda chain: chain.only(chain.expiry <= chain.as_of + days * DAY)


def near(part: float) -> Callable[[Chain], Chain]:
    """Return the change that keeps strikes within a part of spot."""
    return lambda chain: chain.only(np.abs(chain.strike / chain.spot - 1) <= part)


def levels_of(chain: Chain, terms: Terms | None = None) -> Levels:
    """Return a chain's levels under the defaults, or under ``terms``."""
    return there(levels(chain, *(terms or terms_of(chain))))


def flip_of(chain: Chain, terms: Terms | None = None) -> float | None:
    """Return the gamma flip in USD."""
    return levels_of(chain, terms).gamma_flip


def _crossing(prices: Sequence[float], figures: Sequence[float], spot: float) -> float | None:
    """Return where a line through points crosses 0, nearest spot."""
    x, y = np.array(prices), np.array(figures)
    at = np.flatnonzero(np.sign(y[1:]) * np.sign(y[:-1]) < 0)
    roots = x[at] - y[at] * (x[at + 1] - x[at]) / (y[at + 1] - y[at])
    return min(roots.tolist(), key=lambda root: abs(root - spot), default=None)


def by_profile(chain: Chain) -> float | None:
    """Return the flip of a profile of 60 prices."""
    moves = levels_between(0.8, 1.2, 60)
    curve = there(profile([Member(chain, terms_of(chain))], moves, (0,)))
    return _crossing([m * chain.spot for m in moves], curve.net[0], chain.spot)


def by_running_sum(chain: Chain) -> float | None:
    """Return the flip of the running sum over strikes."""
    found = exposure_of(chain).strikes
    total = np.cumsum([row.call.gex + row.put.gex for row in found]).tolist()
    return _crossing([row.strike for row in found], total, chain.spot)


def by_sign_of_strikes(chain: Chain) -> float | None:
    """Return the flip where neighbouring strikes' net GEX differ in sign."""
    found = exposure_of(chain).strikes
    return _crossing([r.strike for r in found], [r.call.gex + r.put.gex for r in found], chain.spot)


def sticky_moneyness(chain: Chain) -> float | None:
    """Volatilities move with spot: a contract has that of the strike as far from the money before the move."""
    moves = np.linspace(0.8, 1.2, 401)
    net = []
    for move in moves.tolist():
        volatility = chain.volatility.copy()
        for expiry in np.unique(chain.expiry).tolist():
            for call in (True, False):
                here = (chain.expiry == expiry) & (chain.is_call == call) & (chain.volatility > 0)
                if here.any():
                    order = np.argsort(chain.strike[here])
                    strikes, smile = chain.strike[here][order], chain.volatility[here][order]
                    volatility[here] = np.interp(np.log(chain.strike[here] / move), np.log(strikes), smile)
        net.append(exposure_of(replace(chain, spot=chain.spot * move, volatility=volatility)).net.gex)
    return _crossing((moves * chain.spot).tolist(), net, chain.spot)


def most(found: Sequence[StrikeRow], figure: Callable[[StrikeRow], float]) -> str:
    """Return the strike with the largest figure."""
    return f"{max(found, key=figure).strike:g}"
