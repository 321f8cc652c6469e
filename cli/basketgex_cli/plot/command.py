"""``basketgex plot``: a profile, a chain by strike or a basket as a picture, in the look of the templates."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from basketgex.home import Home
from basketgex_cli.parsing import WEIGHTS, ask_of, profile_range
from basketgex_cli.plot.canvas import bytes_of, styled
from basketgex_cli.plot.figures import contributions, profile, strikes
from basketgex_cli.terminal import busy
from basketgex_cli.waiting import waited
from basketgex_server.command_line import Commands, add_command
from basketgex_server.errors import BadSettings
from basketgex_server.shown import quoted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = (".png", ".svg")
EXAMPLES = (
    "basketgex plot profile SPX --range 0.9:1.1:41 -o spx.png",
    "basketgex plot basket AAPL,MSFT --weights 0.6,0.4 -o mine.svg",
)


def add_parser(commands: Commands) -> None:
    """Add the command and its options."""
    plot = add_command(
        commands,
        "plot",
        "a picture: a profile, one underlying by strike, or a basket by name",
        EXAMPLES,
        _run,
    )
    plot.add_argument(
        "what",
        choices=["profile", "strikes", "basket"],
        help="exposure over price, one underlying by strike, or the names of a basket",
    )
    plot.add_argument("symbols", help="tickers, comma-separated; strikes: one")
    plot.add_argument("--weights", help=WEIGHTS)
    plot.add_argument(
        "--measure",
        choices=["gex", "dex", "vex", "chex"],
        default="gex",
        help="what is drawn; gex if not given",
    )
    plot.add_argument(
        "--range", metavar="FROM:TO:LEVELS", help="prices in units of spot; 0.8:1.2:60, of strikes as needed"
    )
    plot.add_argument("-o", "--out", type=Path, required=True, metavar="FILE", help="a .png or .svg")


def _run(home: Home, chosen: argparse.Namespace) -> None:
    wanted = {"weights": chosen.weights, "measure": chosen.measure, "between": chosen.range}
    plot(home, chosen.what, chosen.symbols, chosen.out, **wanted)


def plot(
    home: Home,
    what: str,
    symbols: str,
    out: Path,
    *,
    weights: str | None = None,
    measure: str = "gex",
    between: str | None = None,
) -> None:
    """Write a picture of ``what`` (profile, strikes or basket). Raises BasketgexError."""
    if out.suffix.lower() not in KINDS:
        raise BadSettings(f"{quoted(out.name)} is no picture: name a file that ends in .png or .svg.")
    asked = ask_of(symbols, weights)
    if what == "strikes" and (len(asked.symbols) != 1 or asked.weights is not None):
        raise BadSettings("plot strikes is of one symbol, without weights.")
    if what == "basket" and between is not None:
        raise BadSettings("--range goes with plot profile and plot strikes.")
    window = _range(between) if between is not None else None
    with busy("Loading matplotlib"):
        _needed()
    status = waited(home, lambda client: client.status())
    draw: Callable[[], Figure]
    if what == "profile":
        draw = profile(home, status, asked, measure, window or (0.8, 1.2, 60))
    elif what == "strikes":
        draw = strikes(home, status, asked.symbols[0], measure, window)
    else:
        draw = contributions(waited(home, lambda client: client.ask_many([asked])[0]), measure)
    with busy("Drawing"), styled():
        drawn = bytes_of(draw(), out.suffix.lower())
    try:
        out.write_bytes(drawn)
    except OSError as error:
        raise BadSettings(
            f"{quoted(str(out))} cannot be written: {error.strerror or 'it failed'}."
        ) from error
    print(out)


def _range(text: str) -> tuple[float, float, int]:
    try:
        return profile_range(text)
    except BadSettings as error:
        raise BadSettings(error.sentence.replace("--profile", "--range", 1)) from error


def _needed() -> None:
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise BadSettings(
            "Pictures need matplotlib, which is not installed: pip install matplotlib, where basketgex is."
        ) from error
