"""``basketgex expiries``, ``strikes``, ``maxpain`` and ``move``: the shape of a basket, and the max pain of one name."""

from __future__ import annotations

import argparse
import json
import math
from typing import Any

from basketgex.home import Home
from basketgex_addin.cells import convention_in_words
from basketgex_addin.cells.shape import Standing
from basketgex_addin.functions.shape import days_in_words
from basketgex_cli.parsing import JSON, WEIGHTS, ask_of, in_a_terminal
from basketgex_cli.render import amount, iso, new_york_text, origin_words
from basketgex_cli.terminal import Column, print_table
from basketgex_cli.waiting import waited
from basketgex_server.command_line import Commands, Run, add_command
from basketgex_server.errors import BadSettings

MEASURES = ("gex", "dex", "vex", "chex")
_AMOUNTS = tuple(Column(name.upper(), 14) for name in MEASURES)
EXPIRIES = (Column("days", 8, left=True), *_AMOUNTS, Column("share", 9), Column("rolled off", 12))
STRIKES = (
    Column("move", 8),
    *(Column(name, 14) for name in ("call GEX", "put GEX", "net GEX")),
    Column("wall", left=True, gap="  "),
)


def add_parser(commands: Commands) -> None:
    """Add the commands and their options."""
    example = "basketgex expiries NVDA,AMD,AVGO --weights 2,1,1"
    about = "a basket by time to expiry, and what rolls off"
    expiries = of_basket(commands, "expiries", about, example, _expiries)
    expiries.add_argument(
        "--each-day", action="store_true", help="one row per day on which something expires"
    )

    example = "basketgex strikes NVDA,AMD,AVGO --step 0.02"
    strikes = of_basket(commands, "strikes", "a basket by strike, and its walls", example, _strikes)
    strikes.add_argument(
        "--step", type=float, default=0.01, help="how wide a row is, as a part of spot; 0.01 if not given"
    )

    example = "basketgex move AAPL,MSFT,NVDA --horizon 7 --correlation 0.4"
    move = of_basket(commands, "move", "how far a basket is expected to move", example, _move)
    move.add_argument(
        "--horizon", type=float, default=30.0, metavar="DAYS", help="calendar days; 30 if not given"
    )
    move.add_argument("--correlation", type=float, help="of all pairs of names, from -1 to 1; 1 if not given")
    move.add_argument("--index", default="", help="a ticker whose implied correlation is taken instead")

    pain = add_command(
        commands,
        "maxpain",
        "the strike at which what is open would be worth least",
        ("basketgex maxpain SPY --expiry 2026-09-18",),
        _max_pain,
    )
    pain.add_argument("symbol", help="one ticker")
    pain.add_argument(
        "--expiry", default="", help="the day of expiry, such as 2026-09-18; all that is open if not given"
    )
    pain.add_argument("--json", action="store_true", help=JSON)


def of_basket(commands: Commands, name: str, about: str, example: str, run: Run) -> argparse.ArgumentParser:
    """Add a command that is asked about a basket."""
    command = add_command(commands, name, about, (example,), run)
    command.add_argument("symbols", help="tickers, comma-separated")
    command.add_argument("--weights", help=WEIGHTS)
    command.add_argument("--json", action="store_true", help=JSON)
    return command


def _expiries(home: Home, chosen: argparse.Namespace) -> None:
    asked = ask_of(chosen.symbols, chosen.weights)
    found = waited(home, lambda client: client.expiries(asked, each_day=chosen.each_day))
    if chosen.json:
        rows = [
            {
                "first_day": b.first_day,
                "last_day": b.last_day,
                **{f"net_{name}": getattr(b, name) for name in MEASURES},
                "gross_share": b.share,
                "rolled_off": b.rolled_off,
            }
            for b in found.buckets
        ]
        print(json.dumps({"buckets": rows, **standing_json(found.standing)}, indent=2))
        return
    print_table(
        EXPIRIES,
        [
            (_days(b.first_day, b.last_day), *map(amount, b[2:6]), f"{b.share:.1%}", f"{b.rolled_off:.1%}")
            for b in found.buckets
        ],
    )
    print_standing(found.standing)


def _days(first: int, last: int | None) -> str:
    return str(first) if first == last != 0 else str(days_in_words(first, last))


def _strikes(home: Home, chosen: argparse.Namespace) -> None:
    asked = ask_of(chosen.symbols, chosen.weights)
    found = waited(home, lambda client: client.moves(asked, chosen.step))
    walls = {"call_wall": found.call_wall, "put_wall": found.put_wall}
    if chosen.json:
        rows = [
            {
                "move": b.move,
                "call_gex": b.call_gex,
                "put_gex": b.put_gex,
                **{f"net_{name}": getattr(b, name) for name in MEASURES},
            }
            for b in found.buckets
        ]
        print(json.dumps({**walls, "buckets": rows, **standing_json(found.standing)}, indent=2))
        return
    named = {name: name.replace("_", " ") for name in walls}
    print_table(
        STRIKES,
        [
            (
                f"{b.move:+.2%}",
                *map(amount, (b.call_gex, b.put_gex, b.gex)),
                ", ".join(text for name, text in named.items() if walls[name] == b.move),
            )
            for b in found.buckets
        ],
    )
    print_standing(found.standing)


def _move(home: Home, chosen: argparse.Namespace) -> None:
    asked = ask_of(chosen.symbols, chosen.weights)
    how = {name: getattr(chosen, name) for name in ("horizon", "correlation", "index")}
    if not all(map(math.isfinite, filter(None, (chosen.horizon, chosen.correlation)))):
        raise BadSettings("--horizon and --correlation must be finite numbers.")
    found = waited(home, lambda client: client.expected_move(asked, **how))
    if chosen.json:
        body: dict[str, Any] = {
            "expected_move": found.value,
            "expected_move_low": found.low,
            "expected_move_high": found.high,
            "at_correlation_0": found.at_zero,
            "at_correlation_1": found.at_one,
            "correlation": found.correlation,
            "correlation_low": found.lowest,
            "correlation_high": found.highest,
            "correlation_status": found.status,
            "volatility": dict(zip(found.standing.symbols, found.volatilities, strict=True)),
        }
        print(json.dumps(body | standing_json(found.standing), indent=2))
        return
    move = _or_range(found.value, found.low, found.high, "{:.2%}")
    with_it = _or_range(found.correlation, found.lowest, found.highest, "{:.2f}")
    print(f"Expected move in {chosen.horizon:g} days: {move} (correlation {with_it}).")
    print(f"Were the names independent {found.at_zero:.2%}, were they one {found.at_one:.2%}.")
    print_standing(found.standing)


def _or_range(value: float | None, low: float | None, high: float | None, form: str) -> str:
    if value is not None:
        return form.format(value)
    return "none" if low is None or high is None else f"{form.format(low)} to {form.format(high)}"


def _max_pain(home: Home, chosen: argparse.Namespace) -> None:
    found = waited(home, lambda client: client.max_pain(chosen.symbol, chosen.expiry))
    if chosen.json:
        names = ("strike", "call_pain", "put_pain", "call_open_interest", "put_open_interest")
        body = {
            "max_pain": found.strike,
            "underlying_price": found.underlying_price,
            "strikes": [dict(zip(names, row, strict=True)) for row in found.rows],
        }
        print(json.dumps(body | standing_json(found.standing), indent=2))
        return
    away = found.strike / found.underlying_price - 1
    print(f"Max pain {found.strike:,.2f}, {away:+.2%} from {found.underlying_price:,.2f}.")
    print_standing(found.standing)


def standing_json(of: Standing) -> dict[str, Any]:
    """Return what an answer is made of, as other commands name it."""
    return {
        "symbols": list(of.symbols),
        "weights": list(of.weights),
        "missing_symbols": list(of.missing),
        "covered_weight": of.covered_weight,
        "as_of": iso(of.as_of),
        "as_of_newest": iso(of.as_of_newest),
        "source": of.source,
        "synthetic": of.synthetic,
        "convention": of.convention,
        "notice": in_a_terminal(of.notice),
    }


def print_standing(of: Standing) -> None:
    """Print what an answer is made of, what is missing first."""
    if of.missing:
        print(f"Left out: {', '.join(of.missing)}; {of.covered_weight:.1%} of the weight is covered.")
    origin = f"{origin_words(of.source, of.synthetic)}, convention {convention_in_words(of.convention)}"
    print(f"As of {new_york_text(of.as_of)}, {origin}.")
    if of.notice:
        print(in_a_terminal(of.notice))
