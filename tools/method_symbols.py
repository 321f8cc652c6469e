"""The tables of one symbol's net figures: bases, units, signs, model, time, volatilities, and which contracts count."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time

import numpy as np

from basketgex_server.exposure.arrays import Floats
from basketgex_server.exposure.chain import Chain, rows
from basketgex_server.exposure.implied import (
    fill,
)
from basketgex_server.exposure.symbol import contracts_of
from basketgex_server.market_hours import NEW_YORK
from basketgex_server.sources.readers.columns import PLACEHOLDER
from tools.method_peers import column_of
from tools.method_tables import Row, Tables, millions
from tools.method_ways import (
    DAY,
    FILES,
    NEW,
    OLD,
    all_at_the_close,
    at_least,
    changed,
    each_by_itself,
    exposure_of,
    from_prices,
    gex_only,
    gross_of,
    implied_yields,
    levels_of,
    moved,
    near,
    nearest_expiry,
    one_a_day,
    only_the_root,
    out_of_the_money,
    read_as_utc,
    rounded,
    sessions,
    terms_of,
    there,
    volumes,
    whole_days,
    with_terms,
    with_the_expired,
    with_years,
    within,
    without_placeholders,
)


def bases(tables: Tables) -> None:
    """Print the figures that every other way is held against."""
    body = []
    for name in FILES:
        chain = tables.chain(name)
        found, its = exposure_of(chain), levels_of(chain)
        body.append(
            [
                name,
                f"{chain.spot:,.2f}",
                f"{there(found.rows).used:,}",
                *map(millions, (found.net.gex, gross_of(found), *found.net[1:])),
                f"{100 * found.usable_open_interest:.1f} %",
                f"{its.gamma_flip:,.2f}" if its.gamma_flip else "none",
                str(len(its.gamma_flip_roots)),
            ]
        )
    heading = "chain, spot, contracts, net GEX, gross GEX, net DEX, net VEX, net CHEX, usable OI, flip, roots"
    tables.table("Chains (USD million)", heading.split(", "), *body)


def units(tables: Tables) -> None:
    """Print the units that others publish in."""
    chain = tables.chain(OLD)
    gex, dex, vex, chex = exposure_of(chain).net

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


def signs(tables: Tables) -> None:
    """Print what the sign of the put side is worth."""
    choice = "`flashalpha`"
    tables.effects(
        "Signs", Row(choice, "`dealer`", (OLD, NEW, "AAPL 2026-07-10"), with_terms(convention="dealer"))
    )


def model(tables: Tables) -> None:
    """Print what rates, yields and spot are worth."""
    rate = "r = 4.5 %, q = 1.3 %"
    tables.effects(
        "Model",
        Row(rate, "r = q = 0", (OLD, NEW), with_terms(rate=0.0, dividend_yield=0.0)),
        Row(rate, "r = 5 %, q = 1.3 %", (OLD, NEW), with_terms(rate=0.05)),
        Row(rate, "r = 4.5 %, q = 0", (OLD, NEW), with_terms(dividend_yield=0.0)),
        Row(
            "flat q",
            "implied: from the forwards of all expiries",
            (NEW, "AAPL 2026-07-10", "RUT 2023-09-20", "SPY 2025-05-16"),
            changed(implied_yields),
        ),
        Row(
            "flat q",
            "the same, spot left as it is",
            ("SPY 2025-05-16",),
            changed(lambda chain: replace(implied_yields(chain), spot=chain.spot)),
        ),
        Row(
            "flat q",
            "each forward by itself, to 10 points and beyond",
            ("SPY 2025-05-16", "RUT 2023-09-20"),
            changed(each_by_itself),
        ),
        Row(
            "single names pay nothing",
            "q = 1.3 % for them, too",
            ("NVDA 2026-07-10", "AMD 2026-07-10", "AVGO 2026-07-10", "AMZN 2026-07-10"),
            with_terms(dividend_yield=0.013),
        ),
        Row(
            "spot of the file",
            "0.5 % higher, after hours",
            (OLD, NEW),
            changed(lambda chain: replace(chain, spot=chain.spot * 1.005)),
        ),
    )


def times(tables: Tables) -> None:
    """Print what the clock and the counting of days are worth."""
    exact = "act365, to the second"
    evening = datetime(2022, 12, 15, 20, 30, tzinfo=NEW_YORK)
    last = datetime(2026, 7, 13, 15, 59, 50, tzinfo=NEW_YORK)
    hour = datetime(2026, 7, 13, 15, tzinfo=NEW_YORK)
    tables.effects(
        "Time",
        Row(exact, "bus262", (OLD, NEW), with_terms(day_count="bus262")),
        Row(exact, "bus252", (OLD, NEW), with_terms(day_count="bus252")),
        Row(exact, "sessions without holidays, at least one, ÷ 252", (OLD, NEW), with_years(sessions)),
        Row(exact, "whole calendar days, at least one, ÷ 365", (OLD, NEW), with_years(whole_days)),
        Row("AM-settled at 09:30", "all at 16:00", (OLD, NEW), changed(all_at_the_close)),
        Row("AM-settled at 09:30", "all at 16:00", (OLD,), changed(all_at_the_close), evening),
        Row(
            "expired rows do not count",
            "they count with a day left",
            (OLD, "SPY 2025-05-16", "RUT 2023-09-20"),
            changed(with_the_expired),
        ),
        Row("the file's clock is New York's", "read as UTC", (OLD, "RUT 2023-09-20"), changed(read_as_utc)),
        Row("at least a minute", "no floor", (NEW,), with_years(at_least(0.0)), last),
        Row("at least a minute", "at least an hour", (NEW,), with_years(at_least(3600.0)), last),
        Row("at least a minute", "at least a day", (NEW,), with_years(at_least(DAY)), last),
        Row("at least a minute", "at least a day", (NEW,), with_years(at_least(DAY)), hour),
    )


def volatilities(tables: Tables) -> None:
    """Print what the source of volatilities is worth."""
    path = tables.folder / FILES[OLD]
    gamma, delta = column_of(path, "Gamma"), column_of(path, "Delta")

    def vendors(chain: Chain) -> Floats:
        used = rows(chain).used
        net = gex_only(chain, used, gamma[used])
        net[1] = float((delta[used] * chain.open_interest[used]).sum()) * 100 * chain.spot
        return net

    missing, given, computed = "no volatility: dropped", "the vendor's, as given", "gamma computed"
    tables.effects(
        "Volatility and gamma",
        Row(
            missing,
            "filled",
            (OLD, "SPY 2025-05-16", "RUT 2023-09-20"),
            changed(lambda c: fill(c, *terms_of(c)[1:3]).chain),
        ),
        Row(given, "solved from mid prices", (NEW, "RUT 2023-09-20"), changed(from_prices)),
        Row(given, "the out-of-the-money side's for both", (OLD, NEW), changed(out_of_the_money)),
        Row(
            "0.00001 in canonical files, as given",
            "dropped",
            ("NVDA 2026-07-10", NEW),
            changed(without_placeholders),
        ),
        Row(given, "one vol point higher", (OLD, NEW), changed(moved(0.01))),
        Row(computed, "computed, rounded to 4 decimals", (OLD, NEW), rounded),
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
    return from_prices(absent).volatility[used]


def which_contracts(tables: Tables) -> None:
    """Print what leaving contracts out is worth."""

    def traded(name: str) -> Row:
        volume = volumes(tables.folder / FILES[name])
        way = changed(lambda chain: replace(chain, open_interest=volume))
        return Row("open interest", "the day's volume", (name,), way)

    whole = "the whole chain"
    tables.effects(
        "Contracts",
        Row("SPX and SPXW", "SPX alone", (OLD, NEW), changed(only_the_root)),
        Row("SPX and SPXW both count", "one a day, strike and side", (OLD,), changed(one_a_day)),
        Row(whole, "the nearest expiry", (OLD, NEW), changed(nearest_expiry)),
        Row(whole, "the next 30 days", (OLD,), changed(within(30))),
        Row(whole, "the next 90 days", (OLD,), changed(within(90))),
        Row(whole, "strikes within 20 % of spot", (OLD, NEW), changed(near(0.2))),
        traded(OLD),
        traded(NEW),
    )


def todays(tables: Tables) -> None:
    """Print what expires on the day, as its clock goes on."""
    body = []
    for clock in (time(9, 35), time(12), time(15), time(15, 59)):
        chain = tables.chain(NEW, datetime.combine(date(2026, 7, 13), clock, NEW_YORK))
        found, its = exposure_of(chain), levels_of(chain)
        today = found.zero_dte
        share = f"{there(its.zero_dte).pct_of_total_gex:.1f} %"
        figures = map(millions, (found.net.gex, *today))
        body.append([f"{clock:%H:%M}", *figures, share, f"{its.zero_dte_magnet:g}"])
    heading = "clock, net GEX, 0DTE GEX, 0DTE DEX, 0DTE VEX, 0DTE CHEX, share of gross GEX, magnet"
    tables.table(f"0DTE: {NEW} with its clock on 07-13 (USD million)", heading.split(", "), *body)
