"""``basketgex hedge``: what dealers of a basket must trade, as a ladder and by the hour."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from basketgex.home import Home
from basketgex_addin.cells import BESIDE, Betas, Hedge, Scenario, Tick
from basketgex_cli.parsing import JSON, ask_of, in_a_terminal, steps_of
from basketgex_cli.render import amount, new_york_text, origin_words
from basketgex_cli.terminal import Column, print_table
from basketgex_cli.waiting import waited
from basketgex_server.command_line import Commands, add_command
from basketgex_server.errors import BadSettings
from basketgex_server.market_hours import NEW_YORK

EXAMPLES = (
    "basketgex hedge NVDA,AMD,AVGO --weights 2,1,1 --moves=-5:5:1",
    "basketgex hedge SPX --moves=-2,-1,1,2 --json",
    "basketgex hedge NVDA,AMD --betas 1.8,1.6 --vol 2 --days 1",
    "basketgex hedge NVDA,AMD,AVGO --betas SPX",
)
LADDER = (Column("move", 8), Column("vol", 10), Column("days", 8), Column("dealers", 18))
CLOCK = (Column("until", 24, left=True), Column("dealers", 18))
_MOST_POINTS = 100.0
_DIGITS = 12  # of moves, so that 0.3 % is 0.003 and not what three tenths are in binary


def add_parser(commands: Commands) -> None:
    """Add the command and its options."""
    hedge = add_command(
        commands,
        "hedge",
        "what dealers must trade if the market moves, volatility changes or time passes",
        EXAMPLES,
        _run,
    )
    hedge.add_argument("symbols", help="tickers, comma-separated")
    hedge.add_argument(
        "--weights",
        help="one weight per ticker, comma-separated, on any scale; default: the whole market in these names",
    )
    hedge.add_argument(
        "--moves",
        default="-5:5:1",
        metavar="FROM:TO:STEP",
        help="moves of the market in per cent, or a list such as =-5,-2,2; -5:5:1 if not given",
    )
    hedge.add_argument(
        "--vol", type=float, metavar="POINTS", help="volatility points added in every scenario"
    )
    hedge.add_argument("--days", type=float, help="calendar days that pass in every scenario")
    hedge.add_argument(
        "--betas",
        help="one beta per ticker, comma-separated, or an index that they are implied from; default: 1",
    )
    hedge.add_argument(
        "--per",
        choices=["market", "weight"],
        help="count each name whole, or by its weight; by weight where weights are given",
    )
    hedge.add_argument("--json", action="store_true", help=JSON)


def _run(home: Home, chosen: argparse.Namespace) -> None:
    asked = ask_of(chosen.symbols, chosen.weights)
    scenarios = scenarios_of(chosen.moves, chosen.vol, chosen.days)
    betas, counting = betas_of(chosen.betas), (chosen.per or "unspecified").upper()
    found: Hedge = waited(
        home,
        lambda client: client.hedge(asked, scenarios, betas, clock=True, counting=counting),
    )
    if chosen.json:
        print(json.dumps(hedge_json(found), indent=2))
    else:
        show(found)


def scenarios_of(moves: str, vol: float | None, days: float | None) -> list[Scenario]:
    """Return the scenarios: every move with the same change of volatility (points) and days; without these a few beside them.

    Raises BadSettings.
    """
    steps = [round(percent / 100, _DIGITS) for percent in steps_of(moves, "--moves")]
    if not all(-1 < step <= 1 for step in steps):
        raise BadSettings("--moves are per cent, above -100 and at most 100: -2 is 2 % down.")
    if not abs(vol or 0.0) <= _MOST_POINTS:
        raise BadSettings("--vol is a number of volatility points, from -100 to 100.")
    common = round((vol or 0.0) / 100, _DIGITS), days or 0.0
    beside = [Scenario(*each) for each in BESIDE] if vol is None and days is None else []
    return [*(Scenario(move, *common) for move in steps), *beside]


def betas_of(text: str | None) -> Betas:
    """Return betas: numbers between commas, the ticker of an index, or none. Raises BadSettings.

    >>> betas_of("1.8,1.6").given, betas_of("SPX").index
    ((1.8, 1.6), 'SPX')
    """
    if text is None:
        return Betas()
    try:
        return Betas(tuple(float(part) for part in text.split(",")))
    except ValueError as error:
        if "," in text:
            raise BadSettings(
                "--betas must be numbers, comma-separated, or one index such as SPX."
            ) from error
        return Betas(index=text.strip())


def hedge_json(found: Hedge) -> dict[str, Any]:
    """Return what dealers must trade: USD of stock, positive: they buy; moves and volatility per 1.00."""
    return {
        "unit": "USD",
        "per": found.per,
        "ladder": [{**scenario._asdict(), "buy": buy} for scenario, buy in found.rows],
        "to_close": found.to_close,
        "missing": list(found.missing),
    }


def show(found: Hedge) -> None:
    """Print the ladder, the charm clock, and what they are made of."""
    print_table(LADDER, _ladder(found.rows))
    if found.clock:
        print()
        print_table(CLOCK, ((until(tick), trade(tick.buy)) for tick in found.clock))
    print()
    whole = "the whole market in these names" if found.per == "market" else "by weight"
    origin = origin_words(found.source, found.synthetic)
    print(f"USD of stock, {whole}, every contract repriced. As of {new_york_text(found.as_of)}, {origin}.")
    if any(beta != 1 for beta in found.betas):
        names = zip(found.symbols, found.betas, strict=True)
        print(f"Betas: {', '.join(f'{symbol} {beta:.2f}' for symbol, beta in names)}.")
    if found.missing:
        print(f"No data: {', '.join(found.missing)}.")
    if found.notice:
        print(in_a_terminal(found.notice))


def _ladder(rows: Sequence[tuple[Scenario, float]]) -> Iterator[tuple[str, ...]]:
    for scenario, buy in rows:
        vol = f"{scenario.vol * 100:+g} pts" if scenario.vol else ""
        yield f"{scenario.move * 100:+g}%", vol, f"{scenario.days:g}", trade(buy)


def trade(buy: float) -> str:
    """Return a trade for a person.

    >>> trade(21_340_000_000.0), trade(-54_150_000.0), trade(0.0)
    ('buy 21.34 bn', 'sell 54.15 m', 'nothing')
    """
    size = amount(abs(buy)).lstrip("+")
    return f"{'buy' if buy > 0 else 'sell'} {size}" if round(buy) else "nothing"


def until(tick: Tick) -> str:
    """Return the moment of a row of the charm clock, for a person."""
    at = f"{datetime.fromtimestamp(tick.at, NEW_YORK):%a %H:%M}"
    return {"hour": at, "close": f"{at}, the close"}.get(tick.kind, "three days, a weekend")
