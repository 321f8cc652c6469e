"""The tables of docs/method.md: what each choice of the exposure engine is worth on real chains.

``.venv/bin/python -m tools.method_effects FOLDER`` prints them, FOLDER being that of the chains; ``--check`` names what
docs/method.md has otherwise.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from basketgex_server.domain import Basket, StrikeRow
from basketgex_server.exposure.basket import aggregate
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.dispersion import at_the_money, dispersion
from basketgex_server.exposure.flips import lasting
from basketgex_server.exposure.profile import Member, basket_flips
from tools.method_american import LARGEST, discrete, early_exercise
from tools.method_peers import CHAINS, peers, vendor_of
from tools.method_symbols import bases, model, signs, times, todays, units, volatilities, which_contracts
from tools.method_tables import Tables, millions, signed
from tools.method_ways import (
    DAY,
    FILES,
    NEW,
    OLD,
    STOCKS,
    TERMS,
    by_profile,
    by_running_sum,
    by_sign_of_strikes,
    exposure_of,
    flip_of,
    gross_of,
    levels_of,
    most,
    nearest_expiry,
    sticky_moneyness,
    terms_of,
    there,
    within,
)


def _all(tables: Tables) -> None:
    bases(tables)
    units(tables)
    signs(tables)
    model(tables)
    times(tables)
    volatilities(tables)
    which_contracts(tables)
    todays(tables)
    _flips(tables)
    _walls(tables)
    _baskets(tables)
    _dispersions(tables)
    _peers(tables)
    _american(tables)


def _flips(tables: Tables) -> None:
    names = (OLD, "RUT 2023-09-20", NEW, "AAPL 2026-07-10")
    ways: dict[str, Callable[[Chain], float | None]] = {
        "every contract repriced, root to the last digits (here)": flip_of,
        "line through 60 levels from 0.8 to 1.2 of spot": by_profile,
        "running sum of net GEX over strikes crosses 0": by_running_sum,
        "net GEX a strike changes sign": by_sign_of_strikes,
        "volatilities move with spot (sticky moneyness)": sticky_moneyness,
        "r = q = 0": lambda c: flip_of(c, TERMS._replace(rate=0.0, dividend_yield=0.0)),
        "bus262": lambda c: flip_of(c, terms_of(c)._replace(day_count="bus262")),
        "the next 30 days only": lambda c: flip_of(within(30)(c)),
    }
    body = []
    for title, way in ways.items():
        found = [way(tables.chain(name)) for name in names]
        body.append([title, *("none" if f is None else f"{f:,.2f}" for f in found)])
    body.append(["spot", *(f"{tables.chain(name).spot:,.2f}" for name in names)])
    tables.table("Gamma flip", ["found by", *names], *body)
    doubtful = [(name, its) for name in FILES if (its := levels_of(tables.chain(name))).gamma_flip_doubts]
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
        return [r for r in exposure_of(chain).strikes if (r.strike >= chain.spot) == call]

    tables.table(
        "Walls",
        ["level", *names],
        line("call wall: largest call GEX (here)", lambda c: f"{levels_of(c).call_wall:g}"),
        line("call wall: likewise, above spot", lambda c: most(beyond(c, True), lambda r: r.call.gex)),
        line(
            "call wall: largest call OI",
            lambda c: most(exposure_of(c).strikes, lambda r: r.call_open_interest),
        ),
        line("call wall: nearest expiry", lambda c: f"{levels_of(nearest_expiry(c)).call_wall:g}"),
        line("put wall: most negative put GEX (here)", lambda c: f"{levels_of(c).put_wall:g}"),
        line("put wall: likewise, below spot", lambda c: most(beyond(c, False), lambda r: -r.put.gex)),
        line(
            "put wall: largest put OI", lambda c: most(exposure_of(c).strikes, lambda r: r.put_open_interest)
        ),
        line("put wall: nearest expiry", lambda c: f"{levels_of(nearest_expiry(c)).put_wall:g}"),
        line("largest positive net GEX", lambda c: f"{levels_of(c).max_positive_gamma:g}"),
        line("most negative net GEX", lambda c: f"{levels_of(c).max_negative_gamma:g}"),
        line("highest open interest", lambda c: f"{levels_of(c).highest_oi_strike:g}"),
    )


def _baskets(tables: Tables) -> None:
    chains = {name: tables.chain(f"{name} 2026-07-10") for name in STOCKS}
    found = {name: exposure_of(chain) for name, chain in chains.items()}
    equal = Basket(STOCKS, (1.0,) * len(STOCKS))
    its = aggregate(equal, found)
    first = max(its.constituents, key=lambda c: c.contribution_pct)
    gross = sum(gross_of(one) for one in found.values())
    total = sum(one.net.gex for one in found.values())
    dropped = aggregate(equal, {k: v for k, v in found.items() if k != first.exposure.symbol})
    flips = basket_flips([Member(chain, terms_of(chain)) for chain in chains.values()])
    nearest = min(flips, key=lambda m: abs(m - 1), default=None)
    tables.table(
        f"A basket: {', '.join(STOCKS)}, 2026-07-10, equal weights",
        ["figure", "is"],
        ["net GEX, weighted mean (here), USD million", millions(its.net.gex)],
        ["net GEX, plain total, USD million", millions(total)],
        ["net ÷ gross over names (here)", f"{its.net_to_gross:.3f}"],
        ["net ÷ gross over calls and puts", f"{total / gross:.3f}"],
        [f"largest contribution, {first.exposure.symbol}", f"{first.contribution_pct:.1f} %"],
        [
            f"mean without {first.exposure.symbol}, weights renormalised, USD million",
            millions(dropped.net.gex),
        ],
        ["basket flip, all names moved together", "none" if nearest is None else signed(nearest - 1)],
        *(
            [f"flip of {name} alone", signed((flip_of(chain) or np.nan) / chain.spot - 1)]
            for name, chain in chains.items()
        ),
    )


def _dispersions(tables: Tables) -> None:
    chains = {name: tables.chain(f"{name} 2026-07-10") for name in (*STOCKS, "QQQ")}
    members = Basket(STOCKS, (1.0,) * len(STOCKS))

    def line(title: str, volatility: Callable[[Chain], float | None]) -> list[str]:
        all_of_them = {name: v for name, chain in chains.items() if (v := volatility(chain))}
        found = there(dispersion(all_of_them["QQQ"], members, all_of_them))
        figures = there(found.implied_correlation), found.index_volatility, found.basket_volatility
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
                "none" if x is None else f"{x:,.2f}" if measure == "flip" else millions(x)
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
            found = exposure_of(chain, used)
            base, other = np.array(found.net), way(chain, used)
            change = [signed((o - b) / abs(b)) for o, b in zip(other.tolist(), base.tolist(), strict=True)]
            of_gross = signed((other[0] - base[0]) / gross_of(found))
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
