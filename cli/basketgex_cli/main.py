"""The command ``basketgex``: every command and its options."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from basketgex.local import Home
from basketgex_cli.context import START_COMMAND
from basketgex_cli.examples import EXAMPLES
from basketgex_cli.parsing import in_a_terminal
from basketgex_server import serve_command
from basketgex_server.command_line import parser_of, run
from basketgex_server.domain import CONVENTIONS, DAY_COUNTS, LEAST_PACE, LONGEST_PACE
from basketgex_server.errors import BadSettings
from basketgex_server.serve_command import CONVENTION
from basketgex_server.settings import DIVIDENDS, SOURCES, load

_JSON = "JSON instead of text"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 1 with one sentence on standard error."""
    return run(_parser(), arguments, in_a_terminal)


def _source(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_cli.source import choose, show

    if chosen.name is None:
        if chosen.folder is not None or chosen.as_of is not None:
            raise BadSettings("Say basketgex source chain-files with --folder and --as-of.")
        show(home)
    else:
        choose(home, chosen.name, chosen.folder, chosen.as_of)


def _config(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_cli.config import config

    config(home, chosen.action, chosen.words, as_json=chosen.json)


def _install(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_cli.install import install, uninstall

    if chosen.command == "install":
        install(home, START_COMMAND, chosen)
    else:
        uninstall(home, chosen)


def _basket(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_cli.basket import basket

    basket(home, chosen.symbols, chosen.weights, refresh=chosen.refresh, as_json=chosen.json)


def _watch(home: Home, chosen: argparse.Namespace) -> int:
    from basketgex_cli.watch.command import Wanted, watch

    wanted = Wanted(chosen.on_flip, chosen.on_level, chosen.notify, chosen.once)
    return watch(home, chosen.baskets, wanted, pace=chosen.pace, as_json=chosen.json)


def _symbol(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_cli.symbol import Wanted, profile_range, symbol_of_chain, symbol_of_server

    curve = profile_range(chosen.profile) if chosen.profile is not None else None
    wanted = Wanted(chosen.per_strike, chosen.per_expiry, chosen.levels, curve, chosen.json)
    if chosen.chain_file is None:
        alone = ("as_of", "spot", "rate", "dividend_yield", "dividends", "convention", "day_count")
        if given := [name for name in alone if getattr(chosen, name) is not None]:
            raise BadSettings(
                f"--{given[0].replace('_', '-')} goes with --chain-file: a server has its own settings."
            )
        symbol_of_server(home, chosen.symbol, wanted)
        return
    # What is said here is of this symbol, and wins over what the configuration says of it.
    settings = load(
        home.config_file,
        rate=chosen.rate,
        dividend_yield=chosen.dividend_yield,
        stock_dividend_yield=chosen.dividend_yield,
        rates={} if chosen.rate is not None else None,
        dividend_yields={} if chosen.dividend_yield is not None else None,
        dividends=chosen.dividends,
        convention=chosen.convention,
        day_count=chosen.day_count,
    )
    symbol_of_chain(chosen.symbol, chosen.chain_file, settings, wanted, as_of=chosen.as_of, spot=chosen.spot)


def _plot(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_cli.plot.command import plot

    wanted = {"weights": chosen.weights, "measure": chosen.measure, "between": chosen.range}
    plot(home, chosen.what, chosen.symbols, chosen.out, **wanted)


def _status(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_cli.status import status

    status(home, as_json=chosen.json)


def _doctor(home: Home, chosen: argparse.Namespace) -> int:
    from basketgex_cli.doctor.command import doctor

    return doctor(home, ask=chosen.ask, strict=chosen.strict, as_json=chosen.json)


def _quota(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_cli.status import quota

    quota(home, as_json=chosen.json)


def _key(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_cli.config import key

    key(home, chosen.action, in_file=chosen.file)


def _stop(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_cli.install import end_server

    print("The server has ended." if end_server(home) else "No server is running.")


def _token(home: Home, chosen: argparse.Namespace) -> None:
    if home.is_served():
        raise BadSettings("A server is using the token: stop it first with basketgex stop.")
    home.token_file.unlink(missing_ok=True)
    home.token()
    print("The home has a new token.")


def _templates(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_cli.templates import templates

    templates(chosen.to, force=chosen.force)


def _demo(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_cli.demo import demo

    demo(chosen.out)


def _parser() -> argparse.ArgumentParser:
    parser, commands = parser_of(
        "Dealer gamma exposure of whole baskets, in a spreadsheet and in a terminal. The first question starts the "
        "server that answers it. basketgex COMMAND --help explains a command."
    )
    serve_command.add_parser(commands)
    source = commands.add_parser("source", help="where figures come from: says it, or changes it")
    source.add_argument("name", choices=SOURCES, nargs="?", help="the new source")
    source.add_argument("--folder", type=Path, help="the folder of chain-files")
    source.add_argument("--as-of", help="the moment of chains that do not carry it, ISO 8601, New York time")
    source.set_defaults(run=_source)

    basket = commands.add_parser("basket", help="the exposure of a basket")
    basket.add_argument("symbols", help="tickers, comma-separated")
    basket.add_argument("--weights", help="one per ticker, comma-separated, any scale; none: equal")
    basket.add_argument(
        "--refresh",
        action="store_true",
        help="ask the source now, however young the figures are: may cost debits",
    )
    basket.add_argument("--json", action="store_true", help=_JSON)
    basket.set_defaults(run=_basket)

    watch = commands.add_parser("watch", help="baskets as they change, and when their regime flipped")
    watch.add_argument(
        "baskets", nargs="+", metavar="NAME=SYMBOLS", help="semis=NVDA,AMD or semis=NVDA:2,AMD:1"
    )
    watch.add_argument(
        "--pace",
        type=_pace,
        default=2.0,
        metavar="SECONDS",
        help=f"between two looks, {LEAST_PACE:g} to {LONGEST_PACE:,g}; 2 if not given",
    )
    watch.add_argument(
        "--on-flip",
        metavar="COMMAND",
        help="run this in a shell at every flip; ALERT_SENTENCE and other variables tell it what happened",
    )
    watch.add_argument(
        "--on-level",
        nargs="?",
        const="",
        metavar="COMMAND",
        help="also look for prices that go through gamma flip, call wall or put wall, and run this then; levels take "
        "source calls, of a metered source one per name every 15 minutes",
    )
    watch.add_argument("--notify", action="store_true", help="show a desktop notification as well")
    watch.add_argument(
        "--once",
        action="store_true",
        help="look once and end: with 3 where something flipped or was crossed since the last look, with 0 where not",
    )
    watch.add_argument("--json", action="store_true", help="one JSON object per change, one per line")
    watch.set_defaults(run=_watch)

    symbol = commands.add_parser("symbol", help="the exposure of one underlying, calls and puts apart")
    symbol.add_argument("symbol", help="one ticker")
    symbol.add_argument(
        "--chain-file", type=Path, metavar="FILE", help="compute from this file, without a server"
    )
    symbol.add_argument(
        "--as-of", help="the moment of the chain, ISO 8601, New York time where no zone is given"
    )
    symbol.add_argument(
        "--spot", type=float, help="the price of the underlying, where the file does not have it"
    )
    symbol.add_argument("--rate", type=float, help="continuously compounded, 0.045 is 4.5 %% a year")
    symbol.add_argument(
        "--dividend-yield", type=float, help="continuously compounded, 0.013 is 1.3 %% a year"
    )
    symbol.add_argument(
        "--dividends", choices=DIVIDENDS, help="implied: each expiry's dividend yield from put-call parity"
    )
    symbol.add_argument("--convention", choices=CONVENTIONS, help=CONVENTION)
    symbol.add_argument(
        "--day-count",
        choices=DAY_COUNTS,
        help="how years to expiry are counted: elapsed time, or business days",
    )
    symbol.add_argument("--per-strike", action="store_true", help="also one row per strike")
    symbol.add_argument("--per-expiry", action="store_true", help="also one row per expiry, today's apart")
    symbol.add_argument(
        "--levels",
        action="store_true",
        help="also gamma flip, walls and other levels, which may cost a source call",
    )
    symbol.add_argument(
        "--profile",
        metavar="FROM:TO:LEVELS",
        help="also net exposures over prices, in units of spot: 0.8:1.2:60",
    )
    symbol.add_argument("--json", action="store_true", help=_JSON)
    symbol.set_defaults(run=_symbol)

    plot = commands.add_parser(
        "plot", help="a picture: a profile, one underlying by strike, or a basket by name"
    )
    plot.add_argument(
        "what",
        choices=["profile", "strikes", "basket"],
        help="exposure over price, one underlying by strike, or the names of a basket",
    )
    plot.add_argument("symbols", help="tickers, comma-separated; strikes: one")
    plot.add_argument("--weights", help="one per ticker, comma-separated, any scale; none: equal")
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
    plot.set_defaults(run=_plot)

    status = commands.add_parser("status", help="what serves, and what it has spent")
    status.add_argument("--json", action="store_true", help=_JSON)
    status.set_defaults(run=_status)

    doctor = commands.add_parser("doctor", help="what is installed, what runs, what is wrong and what to do")
    doctor.add_argument(
        "--ask",
        action="store_true",
        help="ask the source and its account too: starts a server where none runs, and may cost two debits",
    )
    doctor.add_argument(
        "--strict", action="store_true", help="end with 1 also where something only needs attention"
    )
    doctor.add_argument("--json", action="store_true", help=_JSON)
    doctor.set_defaults(run=_doctor)

    quota = commands.add_parser(
        "quota", help="the day's debits of a metered source; asks its account, which may cost one"
    )
    quota.add_argument("--json", action="store_true", help=_JSON)
    quota.set_defaults(run=_quota)
    key = commands.add_parser(
        "key", help="the FlashAlpha key: where it is; set reads it from the prompt, and never shows it"
    )
    key.add_argument("action", choices=["set", "clear"], nargs="?", help="keep one, or forget it")
    key.add_argument(
        "--file", action="store_true", help="keep it in a file of the home folder instead of the keyring"
    )
    key.set_defaults(run=_key)
    config = commands.add_parser("config", help="the settings: shows them all or one, changes one")
    config.add_argument(
        "action",
        choices=["list", "get", "set", "unset"],
        nargs="?",
        default="list",
        help="list is what config alone does; unset: back to the default",
    )
    config.add_argument(
        "words", nargs="*", metavar="NAME [VALUE]", help="the setting, as it is called in config.toml"
    )
    config.add_argument("--json", action="store_true", help=_JSON)
    config.set_defaults(run=_config)

    commands.add_parser("stop", help="end this home's server").set_defaults(run=_stop)
    token = commands.add_parser("token", help="the secret that every call carries")
    token.add_argument("action", choices=["rotate"], help="make another one")
    token.set_defaults(run=_token)

    for name in ("install", "uninstall"):
        install = commands.add_parser(name, help=f"{name} the spreadsheet add-in")
        install.add_argument(
            "host",
            choices=["calc", "excel"],
            nargs="?",
            default="calc",
            help="which spreadsheet; calc if not given",
        )
        install.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
        if name == "install":
            install.add_argument(
                "--build",
                type=Path,
                metavar="FILE",
                help="only write the add-in to this file: Excel's for any machine, Calc's for machines such as this one",
            )
        else:
            install.add_argument(
                "--purge", action="store_true", help="end the server and remove the home folder too"
            )
        install.set_defaults(run=_install)

    templates = commands.add_parser("templates", help="copy the template workbooks")
    templates.add_argument(
        "--to", type=Path, metavar="FOLDER", help="where to; without it a terminal is asked"
    )
    templates.add_argument(
        "--force",
        action="store_true",
        help="overwrite workbooks of these names instead of writing beside them",
    )
    templates.set_defaults(run=_templates)

    demo = commands.add_parser("demo", help="fill the sector scanner on the embedded sample")
    demo.add_argument(
        "--out", type=Path, default=Path("out"), metavar="FOLDER", help="where to; out if not given"
    )
    demo.set_defaults(run=_demo)
    for name in EXAMPLES:
        command = commands.choices[name]
        command.formatter_class = argparse.RawDescriptionHelpFormatter
        command.epilog = "\n  ".join(("examples:", *EXAMPLES[name]))
    return parser


def _pace(text: str) -> float:
    try:
        pace = float(text)
    except ValueError:
        pace = 0.0
    if not LEAST_PACE <= pace <= LONGEST_PACE:
        raise argparse.ArgumentTypeError(
            f"{text} is not a number of seconds from {LEAST_PACE:g} to {LONGEST_PACE:,g}"
        )
    return pace
