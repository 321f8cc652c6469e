"""The tables of docs/method.md: what each choice of the exposure engine is worth on real chains.

``.venv/bin/python -m tools.method_effects FOLDER`` prints them, FOLDER being that of the chains; ``--check`` names what
docs/method.md has otherwise.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from basketgex_server.domain import Basket, StrikeRow, SymbolExposure, Terms, levels_between
from basketgex_server.exposure.arrays import Flags, Floats
from basketgex_server.exposure.basket import aggregate
from basketgex_server.exposure.black_scholes import contracts
from basketgex_server.exposure.chain import YEAR, Chain, new_york_day, rows
from basketgex_server.exposure.dispersion import at_the_money, dispersion
from basketgex_server.exposure.flips import lasting
from basketgex_server.exposure.implied import (
    fill,
    forwards,
    implied_volatility,
    mid_prices,
    with_implied_yields,
)
from basketgex_server.exposure.levels import Levels, levels
from basketgex_server.exposure.profile import Member, basket_flips, profile
from basketgex_server.exposure.symbol import contracts_of, exposure, signed_exposures
from basketgex_server.market_hours import NEW_YORK, last_session
from basketgex_server.sources.files.folder import read_chain
from basketgex_server.sources.readers.columns import PLACEHOLDER
from tools.method_american import LARGEST, discrete, early_exercise
from tools.method_peers import CHAINS, column_of, peers, vendor_of

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


class Row(NamedTuple):
    """A choice, what else is done, the chains to measure it on, and the figures f64[4] of the other way."""

    choice: str
    instead: str
    chains: tuple[str, ...]
    way: Way
    clock: datetime | None = None


class Tables:
    """Prints the tables and keeps their lines."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.chain = lru_cache(maxsize=None)(self._chain)

    def _chain(self, name: str, clock: datetime | None = None) -> Chain:
        chain = read_chain(self.folder / FILES[name], name.partition(" ")[0])
        return replace(chain, as_of=clock.timestamp()) if clock else chain

    def table(self, title: str, *cells: Sequence[str]) -> None:
        """Print a table, its headings first."""
        heading, *body = cells
        self.lines += [f"| {' | '.join(row)} |" for row in (heading, ["---"] * len(heading), *body)]
        sys.stdout.write(f"\n{title}\n\n")
        sys.stdout.writelines(f"{line}\n" for line in self.lines[-len(body) - 2 :])

    def effects(self, title: str, *choices: Row) -> None:
        """Print a row for each choice and chain: how much the four net figures change."""
        body = []
        for choice, instead, names, way, clock in choices:
            for name in names:
                chain = self.chain(name, clock)
                found = _found(chain)
                base, other = np.array(found.net), way(chain)
                change = [
                    _signed((o - b) / abs(b)) for o, b in zip(other.tolist(), base.tolist(), strict=True)
                ]
                of_gross = _signed((other[0] - base[0]) / _gross(found))
                at = f"{name}, clock {clock:%m-%d %H:%M:%S}".removesuffix(":00") if clock else name
                body.append([choice, instead, at, change[0], of_gross, *change[1:]])
        heading = ["choice", "instead of", "chain", "GEX", "of gross GEX", "DEX", "VEX", "CHEX"]
        self.table(title, heading, *body)


def _there(value: T | None) -> T:
    if value is None:
        raise ValueError("these are not the chains that docs/method.md is about")
    return value


def _signed(part: float) -> str:
    """Return a change in per cent, to three digits at most."""
    if abs(part) < 1e-12:  # what rounding leaves of nothing
        return "0"
    if abs(part) < 5e-6:
        return "< 0.001 %"
    return f"{100 * part:+,.{0 if abs(part) >= 1 else 1 if abs(part) >= 0.1 else 2 if abs(part) >= 1e-3 else 3}f} %".replace(
        "-", "−"
    )


def _millions(figure: float) -> str:
    return f"{figure / 1e6:,.1f}".replace("-", "−")


def terms_of(chain: Chain) -> Terms:
    """Return the defaults for a chain: single names pay no dividend."""
    return TERMS if chain.symbol not in STOCKS else TERMS._replace(dividend_yield=0.0)


def _found(chain: Chain, terms: Terms | None = None) -> SymbolExposure:
    return _there(exposure(chain, *(terms or terms_of(chain))))


def _gross(found: SymbolExposure) -> float:
    return _there(found.call).gex - _there(found.put).gex


def _with(**terms: object) -> Way:
    return lambda chain: np.array(_found(chain, terms_of(chain)._replace(**terms)).net)  # type: ignore[arg-type]


def _changed(change: Callable[[Chain], Chain]) -> Way:
    return lambda chain: np.array(_found(change(chain)).net)


def _with_years(years: Callable[[Chain], Floats]) -> Way:
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


# Time


def _whole_days(chain: Chain) -> Floats:
    days = [_day(at).toordinal() for at in chain.expiry.tolist()]
    return np.maximum(np.array(days, dtype=np.float64) - _day(chain.as_of).toordinal(), 1.0) / 365


def _sessions(chain: Chain) -> Floats:
    """Business days without the holidays, at least one, over 252."""
    first, last = _day(chain.as_of), _day(float(chain.expiry.max()))
    days = (first + timedelta(n) for n in range((last - first).days + 1))
    closed = [day for day in days if last_session(day)[0] != day]
    ends = np.array([np.datetime64(_day(at)) for at in chain.expiry.tolist()])
    counts = np.busday_count(np.datetime64(first), ends, holidays=closed)
    return np.maximum(counts.astype(np.float64), 1.0) / 252


def _at_least(seconds: float) -> Callable[[Chain], Floats]:
    return lambda chain: np.maximum(chain.expiry - chain.as_of, seconds) / YEAR


def _day(at: float) -> date:
    return _there(new_york_day(at))


def _is_morning(chain: Chain) -> Flags:
    """Tell which rows are settled on opening prices."""
    clocks = {at: datetime.fromtimestamp(at, NEW_YORK).time() for at in np.unique(chain.expiry).tolist()}
    return np.array([clocks[at] == time(9, 30) for at in chain.expiry.tolist()])


def _all_at_the_close(chain: Chain) -> Chain:
    return replace(chain, expiry=chain.expiry + np.where(_is_morning(chain), 6.5 * 3600, 0.0))


def _with_the_expired(chain: Chain) -> Chain:
    """What expired that day counts with a day left."""
    return replace(chain, expiry=np.where(chain.expiry <= chain.as_of, chain.as_of + DAY, chain.expiry))


def _read_as_utc(chain: Chain) -> Chain:
    offset = _there(datetime.fromtimestamp(chain.as_of, NEW_YORK).utcoffset())
    return replace(chain, as_of=chain.as_of + offset.total_seconds())


# Volatility and Greeks


def _from_prices(chain: Chain) -> Chain:
    """Every volatility solved from the mid price where that can be done."""
    years = chain.years()
    forward = chain.spot * np.exp((TERMS.rate - terms_of(chain).dividend_yield) * years)
    solved = implied_volatility(
        mid_prices(chain), forward, chain.strike, years, np.exp(-TERMS.rate * years), chain.is_call
    )
    return replace(chain, volatility=np.where(np.isfinite(solved), solved, chain.volatility))


def _out_of_the_money(chain: Chain) -> Chain:
    """Both sides of a strike have the volatility of the one out of the money, if there is one."""
    keys = zip(chain.expiry.tolist(), chain.strike.tolist(), chain.is_call.tolist(), strict=True)
    places = {key: row for row, key in enumerate(keys)}
    volatility = chain.volatility.copy()
    for (expiry, strike, call), row in places.items():
        if call != (strike >= chain.spot) and (other := places.get((expiry, strike, not call))) is not None:
            given = chain.volatility[other]
            volatility[row] = given if given > 0 else volatility[row]
    return replace(chain, volatility=volatility)


def _without_placeholders(chain: Chain) -> Chain:
    return replace(chain, volatility=np.where(chain.volatility > PLACEHOLDER, chain.volatility, np.nan))


def _moved(by: float) -> Callable[[Chain], Chain]:
    return lambda chain: replace(chain, volatility=np.where(chain.volatility > 0, chain.volatility + by, 0.0))


def _rounded(chain: Chain) -> Floats:
    """Our own gamma to four decimals."""
    used = rows(chain).used
    gamma = contracts_of(chain, used, *terms_of(chain)[1:3]).greeks(chain.spot).gamma
    return _gex_only(chain, used, np.round(gamma, 4))


def _gex_only(chain: Chain, used: Flags, gamma: Floats) -> Floats:
    interest, is_call = _interest(chain, used)
    gex = float((gamma * interest * np.where(is_call, 1.0, -1.0)).sum()) * chain.spot**2
    return np.array([gex, *_found(chain).net[1:]])


def _volumes(path: Path) -> Floats:
    if path.suffix == ".csv":
        return column_of(path, "Volume")
    with gzip.open(path, "rt", newline="") as lines:
        return np.array([float(row["volume"] or 0) for row in csv.DictReader(lines)])


def _each_by_itself(chain: Chain) -> Chain:
    """Every expiry has the yield that its own forward means beside the file's spot, whatever it is."""
    rate, given = terms_of(chain)[1:3]
    yields = np.full(len(chain), given)
    for forward in forwards(chain, rate):
        if forward.trusted:
            yields[chain.expiry == forward.expiry] = forward.dividend_yield
    return replace(chain, dividend_yield=yields)


def _implied_yields(chain: Chain) -> Chain:
    return with_implied_yields(chain, *terms_of(chain)[1:3])


# Contracts


def _only_the_root(chain: Chain) -> Chain:
    return chain.only(_is_morning(chain))


def _one_a_day(chain: Chain) -> Chain:
    """Of contracts of one day, strike and side only the last row."""
    days = [_day(at) for at in chain.expiry.tolist()]
    keys = zip(days, chain.strike.tolist(), chain.is_call.tolist(), strict=True)
    last = {key: row for row, key in enumerate(keys)}
    kept = np.zeros(len(chain), dtype=np.bool_)
    kept[list(last.values())] = True
    return chain.only(kept)


def _nearest_expiry(chain: Chain) -> Chain:
    used = rows(chain).used
    return chain.only(chain.expiry == chain.expiry[used].min())


def _within(days: float) -> Callable[[Chain], Chain]:
    return lambda chain: chain.only(chain.expiry <= chain.as_of + days * DAY)


def _near(part: float) -> Callable[[Chain], Chain]:
    return lambda chain: chain.only(np.abs(chain.strike / chain.spot - 1) <= part)


# Levels


def _levels(chain: Chain, terms: Terms | None = None) -> Levels:
    return _there(levels(chain, *(terms or terms_of(chain))))


def _flip(chain: Chain, terms: Terms | None = None) -> float | None:
    return _levels(chain, terms).gamma_flip


def _crossing(prices: Sequence[float], figures: Sequence[float], spot: float) -> float | None:
    """Return where a line through points crosses 0, nearest spot."""
    x, y = np.array(prices), np.array(figures)
    at = np.flatnonzero(np.sign(y[1:]) * np.sign(y[:-1]) < 0)
    roots = x[at] - y[at] * (x[at + 1] - x[at]) / (y[at + 1] - y[at])
    return min(roots.tolist(), key=lambda root: abs(root - spot), default=None)


def _by_profile(chain: Chain) -> float | None:
    moves = levels_between(0.8, 1.2, 60)
    curve = _there(profile([Member(chain, terms_of(chain))], moves, (0,)))
    return _crossing([m * chain.spot for m in moves], curve.net[0], chain.spot)


def _by_running_sum(chain: Chain) -> float | None:
    found = _found(chain).strikes
    total = np.cumsum([row.call.gex + row.put.gex for row in found]).tolist()
    return _crossing([row.strike for row in found], total, chain.spot)


def _by_sign_of_strikes(chain: Chain) -> float | None:
    found = _found(chain).strikes
    return _crossing([r.strike for r in found], [r.call.gex + r.put.gex for r in found], chain.spot)


def _sticky_moneyness(chain: Chain) -> float | None:
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
        net.append(_found(replace(chain, spot=chain.spot * move, volatility=volatility)).net.gex)
    return _crossing((moves * chain.spot).tolist(), net, chain.spot)


def _most(found: Sequence[StrikeRow], figure: Callable[[StrikeRow], float]) -> str:
    return f"{max(found, key=figure).strike:g}"


# The tables


def _all(tables: Tables) -> None:
    _bases(tables)
    _units(tables)
    _signs(tables)
    _model(tables)
    _times(tables)
    _volatilities(tables)
    _which_contracts(tables)
    _todays(tables)
    _flips(tables)
    _walls(tables)
    _baskets(tables)
    _dispersions(tables)
    _peers(tables)
    _american(tables)


def _bases(tables: Tables) -> None:
    body = []
    for name in FILES:
        chain = tables.chain(name)
        found, its = _found(chain), _levels(chain)
        body.append(
            [
                name,
                f"{chain.spot:,.2f}",
                f"{_there(found.rows).used:,}",
                *map(_millions, (found.net.gex, _gross(found), *found.net[1:])),
                f"{100 * found.usable_open_interest:.1f} %",
                f"{its.gamma_flip:,.2f}" if its.gamma_flip else "none",
                str(len(its.gamma_flip_roots)),
            ]
        )
    heading = "chain, spot, contracts, net GEX, gross GEX, net DEX, net VEX, net CHEX, usable OI, flip, roots"
    tables.table("Chains (USD million)", heading.split(", "), *body)


def _units(tables: Tables) -> None:
    chain = tables.chain(OLD)
    gex, dex, vex, chex = _found(chain).net

    def line(measure: str, unit: str, figure: float) -> list[str]:
        return [measure, unit, f"{figure:,.0f}".replace("-", "−")]

    tables.table(
        f"Units, {OLD}",
        ["measure", "unit", "figure"],
        line("GEX", "USD of delta per 1 % move (here)", gex),
        line("GEX", "USD of delta per 1 USD move", gex / (0.01 * chain.spot)),
        line("GEX", "shares per 1 USD move", gex / (0.01 * chain.spot**2)),
        line("DEX", "USD of delta (here)", dex),
        line("DEX", "shares", dex / chain.spot),
        line("VEX", "USD of delta per vol point (here)", vex),
        line("VEX", "USD of delta per 1.00 of volatility", vex * 100),
        line("CHEX", "USD of delta per calendar day passing (here)", chex),
        line("CHEX", "USD of delta per 1/252 of a year", chex * 365 / 252),
        line("CHEX", "USD of delta per year, by time to expiry", -chex * 365),
    )


def _signs(tables: Tables) -> None:
    choice = "`flashalpha`"
    tables.effects(
        "Signs", Row(choice, "`dealer`", (OLD, NEW, "AAPL 2026-07-10"), _with(convention="dealer"))
    )


def _model(tables: Tables) -> None:
    rate = "r = 4.5 %, q = 1.3 %"
    tables.effects(
        "Model",
        Row(rate, "r = q = 0", (OLD, NEW), _with(rate=0.0, dividend_yield=0.0)),
        Row(rate, "r = 5 %, q = 1.3 %", (OLD, NEW), _with(rate=0.05)),
        Row(rate, "r = 4.5 %, q = 0", (OLD, NEW), _with(dividend_yield=0.0)),
        Row(
            "flat q",
            "implied: from the forwards of all expiries",
            (NEW, "AAPL 2026-07-10", "RUT 2023-09-20", "SPY 2025-05-16"),
            _changed(_implied_yields),
        ),
        Row(
            "flat q",
            "the same, spot left as it is",
            ("SPY 2025-05-16",),
            _changed(lambda chain: replace(_implied_yields(chain), spot=chain.spot)),
        ),
        Row(
            "flat q",
            "each forward by itself, to 10 points and beyond",
            ("SPY 2025-05-16", "RUT 2023-09-20"),
            _changed(_each_by_itself),
        ),
        Row(
            "single names pay nothing",
            "q = 1.3 % for them, too",
            ("NVDA 2026-07-10", "AMD 2026-07-10", "AVGO 2026-07-10", "AMZN 2026-07-10"),
            _with(dividend_yield=0.013),
        ),
        Row(
            "spot of the file",
            "0.5 % higher, after hours",
            (OLD, NEW),
            _changed(lambda chain: replace(chain, spot=chain.spot * 1.005)),
        ),
    )


def _times(tables: Tables) -> None:
    exact = "act365, to the second"
    evening = datetime(2022, 12, 15, 20, 30, tzinfo=NEW_YORK)
    last = datetime(2026, 7, 13, 15, 59, 50, tzinfo=NEW_YORK)
    hour = datetime(2026, 7, 13, 15, tzinfo=NEW_YORK)
    tables.effects(
        "Time",
        Row(exact, "bus262", (OLD, NEW), _with(day_count="bus262")),
        Row(exact, "bus252", (OLD, NEW), _with(day_count="bus252")),
        Row(exact, "sessions without holidays, at least one, ÷ 252", (OLD, NEW), _with_years(_sessions)),
        Row(exact, "whole calendar days, at least one, ÷ 365", (OLD, NEW), _with_years(_whole_days)),
        Row("AM-settled at 09:30", "all at 16:00", (OLD, NEW), _changed(_all_at_the_close)),
        Row("AM-settled at 09:30", "all at 16:00", (OLD,), _changed(_all_at_the_close), evening),
        Row(
            "expired rows do not count",
            "they count with a day left",
            (OLD, "SPY 2025-05-16", "RUT 2023-09-20"),
            _changed(_with_the_expired),
        ),
        Row("the file's clock is New York's", "read as UTC", (OLD, "RUT 2023-09-20"), _changed(_read_as_utc)),
        Row("at least a minute", "no floor", (NEW,), _with_years(_at_least(0.0)), last),
        Row("at least a minute", "at least an hour", (NEW,), _with_years(_at_least(3600.0)), last),
        Row("at least a minute", "at least a day", (NEW,), _with_years(_at_least(DAY)), last),
        Row("at least a minute", "at least a day", (NEW,), _with_years(_at_least(DAY)), hour),
    )


def _volatilities(tables: Tables) -> None:
    path = tables.folder / FILES[OLD]
    gamma, delta = column_of(path, "Gamma"), column_of(path, "Delta")

    def vendors(chain: Chain) -> Floats:
        used = rows(chain).used
        net = _gex_only(chain, used, gamma[used])
        net[1] = float((delta[used] * chain.open_interest[used]).sum()) * 100 * chain.spot
        return net

    missing, given, computed = "no volatility: dropped", "the vendor's, as given", "gamma computed"
    tables.effects(
        "Volatility and gamma",
        Row(
            missing,
            "filled",
            (OLD, "SPY 2025-05-16", "RUT 2023-09-20"),
            _changed(lambda c: fill(c, *terms_of(c)[1:3]).chain),
        ),
        Row(given, "solved from mid prices", (NEW, "RUT 2023-09-20"), _changed(_from_prices)),
        Row(given, "the out-of-the-money side's for both", (OLD, NEW), _changed(_out_of_the_money)),
        Row(
            "0.00001 in canonical files, as given",
            "dropped",
            ("NVDA 2026-07-10", NEW),
            _changed(_without_placeholders),
        ),
        Row(given, "one vol point higher", (OLD, NEW), _changed(_moved(0.01))),
        Row(computed, "computed, rounded to 4 decimals", (OLD, NEW), _rounded),
        Row(computed, "the vendor's gamma and delta", (OLD,), vendors),
    )
    chain = tables.chain(OLD)
    used = rows(chain).used
    ours = contracts_of(chain, used, *terms_of(chain)[1:3]).greeks(chain.spot).gamma
    share = float(((gamma[used] == 0) & (ours > 0)).mean())
    chain = tables.chain("NVDA 2026-07-10")
    placeholders = float((chain.volatility[rows(chain).used] <= PLACEHOLDER).mean())
    solved = {
        name: float(np.isfinite(_solved_only(tables.chain(name))).mean()) for name in (NEW, "RUT 2023-09-20")
    }
    tables.table(
        "Shares",
        ["of the contracts that count", "share"],
        [f"{OLD}: the vendor's gamma is 0.0000", f"{100 * share:.1f} %"],
        ["NVDA 2026-07-10: the volatility is 0.00001", f"{100 * placeholders:.1f} %"],
        *(
            [f"{name}: a volatility solves the mid price", f"{100 * part:.1f} %"]
            for name, part in solved.items()
        ),
    )


def _solved_only(chain: Chain) -> Floats:
    used = rows(chain).used
    absent = replace(chain, volatility=np.full(len(chain), np.nan))
    return _from_prices(absent).volatility[used]


def _which_contracts(tables: Tables) -> None:
    def traded(name: str) -> Row:
        volume = _volumes(tables.folder / FILES[name])
        way = _changed(lambda chain: replace(chain, open_interest=volume))
        return Row("open interest", "the day's volume", (name,), way)

    whole = "the whole chain"
    tables.effects(
        "Contracts",
        Row("SPX and SPXW", "SPX alone", (OLD, NEW), _changed(_only_the_root)),
        Row("SPX and SPXW both count", "one a day, strike and side", (OLD,), _changed(_one_a_day)),
        Row(whole, "the nearest expiry", (OLD, NEW), _changed(_nearest_expiry)),
        Row(whole, "the next 30 days", (OLD,), _changed(_within(30))),
        Row(whole, "the next 90 days", (OLD,), _changed(_within(90))),
        Row(whole, "strikes within 20 % of spot", (OLD, NEW), _changed(_near(0.2))),
        traded(OLD),
        traded(NEW),
    )


def _todays(tables: Tables) -> None:
    body = []
    for clock in (time(9, 35), time(12), time(15), time(15, 59)):
        chain = tables.chain(NEW, datetime.combine(date(2026, 7, 13), clock, NEW_YORK))
        found, its = _found(chain), _levels(chain)
        today = found.zero_dte
        share = f"{_there(its.zero_dte).pct_of_total_gex:.1f} %"
        figures = map(_millions, (found.net.gex, *today))
        body.append([f"{clock:%H:%M}", *figures, share, f"{its.zero_dte_magnet:g}"])
    heading = "clock, net GEX, 0DTE GEX, 0DTE DEX, 0DTE VEX, 0DTE CHEX, share of gross GEX, magnet"
    tables.table(f"0DTE: {NEW} with its clock on 07-13 (USD million)", heading.split(", "), *body)


def _flips(tables: Tables) -> None:
    names = (OLD, "RUT 2023-09-20", NEW, "AAPL 2026-07-10")
    ways: dict[str, Callable[[Chain], float | None]] = {
        "every contract repriced, root to the last digits (here)": _flip,
        "line through 60 levels from 0.8 to 1.2 of spot": _by_profile,
        "running sum of net GEX over strikes crosses 0": _by_running_sum,
        "net GEX a strike changes sign": _by_sign_of_strikes,
        "volatilities move with spot (sticky moneyness)": _sticky_moneyness,
        "r = q = 0": lambda c: _flip(c, TERMS._replace(rate=0.0, dividend_yield=0.0)),
        "bus262": lambda c: _flip(c, terms_of(c)._replace(day_count="bus262")),
        "the next 30 days only": lambda c: _flip(_within(30)(c)),
    }
    body = []
    for title, way in ways.items():
        found = [way(tables.chain(name)) for name in names]
        body.append([title, *("none" if f is None else f"{f:,.2f}" for f in found)])
    body.append(["spot", *(f"{tables.chain(name).spot:,.2f}" for name in names)])
    tables.table("Gamma flip", ["found by", *names], *body)
    doubtful = [(name, its) for name in FILES if (its := _levels(tables.chain(name))).gamma_flip_doubts]
    tables.table(
        "Doubts",
        ["chain", "status", "doubts", "roots", "those that last, ÷ spot"],
        *(
            [
                n,
                i.gamma_flip_status,
                ", ".join(i.gamma_flip_doubts),
                str(len(i.gamma_flip_roots)),
                ", ".join(
                    f"{r:.3f}" for r in lasting([r / tables.chain(n).spot for r in i.gamma_flip_roots])
                ),
            ]
            for n, i in doubtful
        ),
    )


def _walls(tables: Tables) -> None:
    names = (OLD, "SPY 2025-05-16", NEW)

    def line(title: str, figure: Callable[[Chain], str]) -> list[str]:
        return [title, *(figure(tables.chain(name)) for name in names)]

    def beyond(chain: Chain, call: bool) -> list[StrikeRow]:
        return [r for r in _found(chain).strikes if (r.strike >= chain.spot) == call]

    tables.table(
        "Walls",
        ["level", *names],
        line("call wall: largest call GEX (here)", lambda c: f"{_levels(c).call_wall:g}"),
        line("call wall: likewise, above spot", lambda c: _most(beyond(c, True), lambda r: r.call.gex)),
        line(
            "call wall: largest call OI", lambda c: _most(_found(c).strikes, lambda r: r.call_open_interest)
        ),
        line("call wall: nearest expiry", lambda c: f"{_levels(_nearest_expiry(c)).call_wall:g}"),
        line("put wall: most negative put GEX (here)", lambda c: f"{_levels(c).put_wall:g}"),
        line("put wall: likewise, below spot", lambda c: _most(beyond(c, False), lambda r: -r.put.gex)),
        line("put wall: largest put OI", lambda c: _most(_found(c).strikes, lambda r: r.put_open_interest)),
        line("put wall: nearest expiry", lambda c: f"{_levels(_nearest_expiry(c)).put_wall:g}"),
        line("largest positive net GEX", lambda c: f"{_levels(c).max_positive_gamma:g}"),
        line("most negative net GEX", lambda c: f"{_levels(c).max_negative_gamma:g}"),
        line("highest open interest", lambda c: f"{_levels(c).highest_oi_strike:g}"),
    )


def _baskets(tables: Tables) -> None:
    chains = {name: tables.chain(f"{name} 2026-07-10") for name in STOCKS}
    found = {name: _found(chain) for name, chain in chains.items()}
    equal = Basket(STOCKS, (1.0,) * len(STOCKS))
    its = aggregate(equal, found)
    first = max(its.constituents, key=lambda c: c.contribution_pct)
    gross = sum(_gross(one) for one in found.values())
    total = sum(one.net.gex for one in found.values())
    dropped = aggregate(equal, {k: v for k, v in found.items() if k != first.exposure.symbol})
    flips = basket_flips([Member(chain, terms_of(chain)) for chain in chains.values()])
    nearest = min(flips, key=lambda m: abs(m - 1), default=None)
    tables.table(
        f"A basket: {', '.join(STOCKS)}, 2026-07-10, equal weights",
        ["figure", "is"],
        ["net GEX, weighted mean (here), USD million", _millions(its.net.gex)],
        ["net GEX, plain total, USD million", _millions(total)],
        ["net ÷ gross over names (here)", f"{its.net_to_gross:.3f}"],
        ["net ÷ gross over calls and puts", f"{total / gross:.3f}"],
        [f"largest contribution, {first.exposure.symbol}", f"{first.contribution_pct:.1f} %"],
        [
            f"mean without {first.exposure.symbol}, weights renormalised, USD million",
            _millions(dropped.net.gex),
        ],
        ["basket flip, all names moved together", "none" if nearest is None else _signed(nearest - 1)],
        *(
            [f"flip of {name} alone", _signed((_flip(chain) or np.nan) / chain.spot - 1)]
            for name, chain in chains.items()
        ),
    )


def _dispersions(tables: Tables) -> None:
    chains = {name: tables.chain(f"{name} 2026-07-10") for name in (*STOCKS, "QQQ")}
    members = Basket(STOCKS, (1.0,) * len(STOCKS))

    def line(title: str, volatility: Callable[[Chain], float | None]) -> list[str]:
        all_of_them = {name: v for name, chain in chains.items() if (v := volatility(chain))}
        found = _there(dispersion(all_of_them["QQQ"], members, all_of_them))
        figures = _there(found.implied_correlation), found.index_volatility, found.basket_volatility
        return [title, *(f"{figure:.4f}" for figure in figures)]

    def knots(chain: Chain) -> list[tuple[float, float]]:
        ahead = np.unique(chain.expiry[chain.expiry > chain.as_of + DAY]).tolist()
        days = [(at - chain.as_of) / DAY for at in ahead]
        return [(d, v) for d in days if (v := at_the_money(chain, *terms_of(chain)[1:3], d))]

    def linear(chain: Chain) -> float:
        return float(np.interp(30, [d for d, _ in knots(chain)], [v for _, v in knots(chain)]))

    def next_beyond(chain: Chain) -> float:
        return next(v for d, v in knots(chain) if d >= 30)

    body = [
        line(
            "30 days, at the forward, total variance (here)", lambda c: at_the_money(c, *terms_of(c)[1:3], 30)
        ),
        line("volatility interpolated instead", linear),
        line("first expiry beyond 30 days", next_beyond),
        line("at spot instead of the forward", lambda c: at_the_money(c, 0.0, 0.0, 30)),
        line("60 days", lambda c: at_the_money(c, *terms_of(c)[1:3], 60)),
    ]
    tables.table(
        f"Implied correlation of QQQ against {', '.join(STOCKS)}, 2026-07-10, equal weights",
        ["found by", "correlation", "index volatility", "basket volatility"],
        *body,
    )


def _peers(tables: Tables) -> None:
    body = []
    for name in CHAINS:
        chain = tables.chain(name)
        for measure, choice, here, other in peers(chain, vendor_of(tables.folder / FILES[name]), TERMS):
            shown = [
                "none" if x is None else f"{x:,.2f}" if measure == "flip" else _millions(x)
                for x in (here, other)
            ]
            body.append([measure, choice, name, *shown])
    tables.table(
        "Peers (USD million; a flip is a price)", ["measure", "there", "chain", "here", "there is"], *body
    )


def _american(tables: Tables) -> None:
    """Early exercise: by far the longest of all, some minutes."""
    ignored, right = "early exercise ignored", "the right to it"
    largest = f"the same, of the {LARGEST} contracts of largest GEX alone"
    payer = TERMS._replace(dividend_yield=0.065)
    body = []
    for choice, instead, names, terms, way in (
        (ignored, right, ("AAPL", "TSLA", "MSFT", "SPY"), None, early_exercise),
        (ignored, largest, ("TSLA", "MSFT", "SPY"), None, lambda c, t: early_exercise(c, t, LARGEST)),
        (
            "a flat q of 6.5 %",
            "four dividends, 6.3 % a year, and the right",
            ("AAPL",),
            payer,
            discrete,
        ),
    ):
        for name in (f"{name} 2026-07-10" for name in names):
            chain = tables.chain(name)
            used = terms or terms_of(chain)
            found = _found(chain, used)
            base, other = np.array(found.net), way(chain, used)
            change = [_signed((o - b) / abs(b)) for o, b in zip(other.tolist(), base.tolist(), strict=True)]
            of_gross = _signed((other[0] - base[0]) / _gross(found))
            body.append([choice, instead, name, change[0], of_gross, *change[1:]])
    heading = ["choice", "instead of", "chain", "GEX", "of gross GEX", "DEX", "VEX", "CHEX"]
    tables.table("Early exercise", heading, *body)


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args()
    tables = Tables(chosen.folder)
    _all(tables)
    if not chosen.check:
        return 0
    text = (Path(__file__).parents[1] / "docs" / "method.md").read_text("utf-8").splitlines()
    absent = [line for line in tables.lines if line not in text]
    sys.stdout.writelines(f"docs/method.md has not: {line}\n" for line in absent)
    return 1 if absent else 0


if __name__ == "__main__":
    sys.exit(_main())
