"""What dealers of a basket must trade: in one scenario, as a ladder, and by the hour as time alone passes."""

from __future__ import annotations

from dataclasses import dataclass

from basketgex_addin.cells import (
    BESIDE,
    LADDER,
    BadInput,
    Betas,
    Hedge,
    InputCell,
    Problem,
    Question,
    Result,
    Scenario,
    Server,
    Table,
    ask,
    betas,
    figure,
    headers,
    moves,
    new_york_text,
    number,
    only,
)
from basketgex_addin.functions.of_basket import OfBasket, of_basket
from basketgex_addin.functions.profile import CHAINS
from basketgex_addin.functions.record import BETAS, HEADERS, Argument, Arguments, Kind, Shape, no_option

DEFAULT_MOVE = -0.01
LADDER_HEADINGS = ("move", "vol", "days", "dealers buy")
CLOCK_HEADINGS = ("until", "hours", "dealers buy")
OVER_A_WEEKEND = "over a weekend"
HOUR = 3_600.0

MOVES = Argument(
    "moves",
    "Moves of the market, a range or a text: -0.02 is 2 % down.",
    optional=True,
    default="-5 % to 5 %",
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class HedgeOf(OfBasket[Hedge]):
    """The question what dealers of a basket must trade in scenarios, and by the clock."""

    scenarios: tuple[Scenario, ...]
    betas: Betas
    clock: bool = False

    def put_to(self, server: Server) -> Hedge | Problem:
        """Ask it."""
        return server.hedge(self.ask, self.scenarios, self.betas, clock=self.clock)


def _in_one(arguments: Arguments) -> Question[Hedge]:
    symbols, weights, *three, given = arguments
    cells = [only(block) for block in three]
    scenario = Scenario(*(_figure(cell, name) for cell, name in zip(cells, Scenario._fields, strict=True)))
    if cells == [None, None, None]:
        scenario = Scenario(DEFAULT_MOVE)
    return HedgeOf(ask(symbols, weights), (scenario,), betas(symbols, given))


def _figure(cell: InputCell, argument: str) -> float:
    found = 0.0 if cell is None else figure(cell)
    if found != found:
        raise BadInput("invalid_scenario", f"{argument} must be a number: -0.02 is 2 % down, say.", argument)
    return found


def _as_ladder(arguments: Arguments) -> Question[Hedge]:
    symbols, weights, steps, given, _ = arguments
    listed = moves(steps)
    scenarios = [Scenario(move) for move in listed or LADDER]
    if listed is None:
        scenarios += [Scenario(*beside) for beside in BESIDE]
    return HedgeOf(ask(symbols, weights), tuple(scenarios), betas(symbols, given), clock=listed is None)


def _by_the_hour(arguments: Arguments) -> Question[Hedge]:
    symbols, weights, _ = arguments
    return HedgeOf(ask(symbols, weights), (Scenario(),), Betas(), clock=True)


def one(found: Hedge) -> Result:
    """Return what dealers buy in the one scenario."""
    return number(found.rows[0][1])


def ladder(found: Hedge, headings: bool) -> Table:
    """Return one row per scenario: move, vol, days and what dealers buy; last until the close, where the clock is known."""
    rows: list[tuple[float, ...]] = [(*scenario, buy) for scenario, buy in found.rows]
    rows += [(0.0, 0.0, (t.at - found.as_of) / HOUR / 24, t.buy) for t in found.clock if t.kind == "close"]
    cells = tuple(tuple(map(number, row)) for row in rows)
    return (LADDER_HEADINGS, *cells) if headings else cells


def clock(found: Hedge, headings: bool) -> Table:
    """Return one row per moment: its time in New York, hours until then, and what dealers buy as time alone passes."""
    rows = tuple(
        (
            OVER_A_WEEKEND if t.kind == "weekend" else new_york_text(t.at),
            number((t.at - found.as_of) / HOUR),
            number(t.buy),
        )
        for t in found.clock
    )
    return (CLOCK_HEADINGS, *rows) if headings else rows


BASKETHEDGE = of_basket(
    "BASKETHEDGE",
    Shape.NUMBER,
    "What dealers must trade if the market moves, volatility changes or time passes, USD of stock, above 0: they buy. Every "
    "contract repriced. Without weights the whole market in these names; with weights their weighted mean.",
    Kind(question=_in_one, option=no_option, show=lambda found, _: one(found), cost=CHAINS),
    Argument(
        "move",
        "The market's move: -0.02 is 2 % down.",
        optional=True,
        default="0, alone -0.01",
    ),
    Argument("vol", "Added to every volatility: 0.01 is one point.", optional=True, default="0"),
    Argument("days", "Calendar days that pass, 0 to 365.", optional=True, default="0"),
    BETAS,
)
BASKETLADDER = of_basket(
    "BASKETLADDER",
    Shape.TABLE,
    "BASKETHEDGE as a ladder, one row per scenario: move, change of volatility, days, and what dealers buy. Without moves from "
    "-5 % to 5 %, then volatility a point down and up, one day, and time until the close.",
    Kind(question=_as_ladder, option=lambda arguments: headers(arguments[4]), show=ladder, cost=CHAINS),
    MOVES,
    BETAS,
    HEADERS,
)
CHARMCLOCK = of_basket(
    "CHARMCLOCK",
    Shape.TABLE,
    "What dealers of a basket must trade as time alone passes, one row per hour until the close, and over a weekend: the time "
    "in New York, hours from now, and USD that they buy.",
    Kind(question=_by_the_hour, option=lambda arguments: headers(arguments[2]), show=clock, cost=CHAINS),
    HEADERS,
)
