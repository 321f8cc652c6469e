"""The command ``basketgex``: starts the server, and asks as a client does."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from basketgex import __version__
from basketgex.local import STARTED_BY_CLIENT, Home, HomeProblem, default_home
from basketgex_server.cli_examples import EXAMPLES
from basketgex_server.cli_words import in_a_terminal
from basketgex_server.domain import CONVENTIONS, DAY_COUNTS, LEAST_PACE, LONGEST_PACE
from basketgex_server.errors import BadSettings, BasketgexError
from basketgex_server.settings import (
    DIVIDENDS,
    KEPT,
    SOURCES,
    Settings,
    keep_source,
    load,
    read_config,
)

LOG = logging.getLogger(__name__)
_JSON = "JSON instead of text"
_CONVENTION = "the sign of the put side. flashalpha: calls + and puts - in GEX, plain sums in the rest; dealer: on all four"
OPTIONS = {"chain_folder": "--folder", "chain_as_of": "--as-of"}
"""Where an option is not called as its setting."""
START_COMMAND = (sys.executable, "-m", "basketgex_server", "serve")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 1 with one sentence on standard error."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.command is None:
        parser.print_help()
        return 0
    home: Home | None = None
    try:
        home = Home((chosen.home or default_home()).absolute())
        return int(chosen.run(home, chosen) or 0)
    except BasketgexError as error:
        print(f"basketgex: {_as_typed(error.sentence, chosen)}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    except UnicodeError:
        print("basketgex: a file of the home folder cannot be read: it is not text.", file=sys.stderr)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except HomeProblem as error:
        print(f"basketgex: {error}", file=sys.stderr)
    except OSError as error:
        what = error.strerror or type(error).__name__
        print(f"basketgex: {what}: {_where(error, home)}.", file=sys.stderr)
    return 1


def _as_typed(sentence: str, chosen: argparse.Namespace) -> str:
    """Return a sentence in the words of a terminal, with options where it names settings that were given as such."""
    sentence = in_a_terminal(sentence)
    if getattr(chosen, "chain_file", None) is not None:
        sentence = sentence.replace("basketgex source chain-files --as-of", "--as-of")
    if getattr(chosen, "as_of", None) is not None:
        sentence = sentence.replace("chain_as_of is", "--as-of is")
    if hasattr(chosen, "folder"):
        sentence = sentence.replace("chain_folder is not set", "--folder is not given")
    if getattr(chosen, "folder", None) is not None:
        sentence = sentence.replace("chain_folder: ", "--folder: ")
    return sentence


def _where(error: OSError, home: Home | None) -> str:
    """Return what a person is to look at: the file that was named, or the home folder where it is in there."""
    if not isinstance(error.filename, str):
        return "check the files that were named"
    path = Path(error.filename)
    if home is not None and path.absolute().is_relative_to(home.path):
        return (
            f"check {path.name} in the home folder"
            if path.absolute() != home.path
            else "check the home folder"
        )
    return f"check {error.filename}"


def _serve(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_server.configuration import Configuration
    from basketgex_server.lifecycle import announce, log_to, serve
    from basketgex_server.sources.factory import make_source

    given = {
        "source": chosen.source,
        "chain_folder": _absolute(chosen.folder),
        "chain_as_of": chosen.as_of,
        "convention": chosen.convention,
        "listen": chosen.listen,
        "tls_certificate": _absolute(chosen.tls_certificate),
        "tls_key": _absolute(chosen.tls_key),
        "http_listen": chosen.http_listen,
    }
    before = os.umask(0o077)  # whatever a server writes is its user's alone
    try:
        home.create()
        log_to(home.log_file)
        patient = STARTED_BY_CLIENT in os.environ
        configuration = Configuration(home.config_file, given, key_file=home.key_file, patient=patient)
        settings = configuration.start()
        alone = serve(
            home,
            settings,
            partial(make_source, key_file=home.key_file),
            announce,
            keep=lambda: None if configuration.fault else keep_source(home.config_file, settings),
            configuration=configuration,
        )
        if not alone and (unheeded := _unheeded(home, settings, given)):
            print(
                f"basketgex: This home is served already, but not with the given {' and '.join(unheeded)}: "
                "end that server with basketgex stop, then serve again.",
                file=sys.stderr,
            )
    except BasketgexError as error:  # nobody reads the standard error of a server that a spreadsheet started
        LOG.error("Not serving: %s", error.sentence)
        raise
    finally:
        os.umask(before)


def _unheeded(home: Home, settings: Settings, given: Mapping[str, str | None]) -> list[str]:
    """Return the options, of those given, that the living server does not serve by. Of TLS nothing can be told."""
    runtime = home.server()
    if runtime is None:
        return []
    kept, default = read_config(home.config_file), Settings()
    served = {n: kept.get(n, getattr(default, n)) for n in KEPT}
    found = [name for name in KEPT if given[name] is not None and getattr(settings, name) != served[name]]
    doors = {"http_listen": runtime.http}
    if not settings.tls_certificate:  # with it the runtime names another door
        doors["listen"] = runtime.grpc
    found += [n for n, at in doors.items() if given[n] is not None and not _is_at(getattr(settings, n), at)]
    return [OPTIONS.get(name, f"--{name.replace('_', '-')}") for name in found]


def _is_at(wanted: str, served: str) -> bool:
    """Tell whether an address is the wanted one, whose port 0 is any.

    >>> _is_at("localhost:0", "127.0.0.1:8080"), _is_at("127.0.0.1:80", "127.0.0.1:8080"), _is_at("", "")
    (True, False, True)
    """
    (host, _, port), (its_host, _, its_port) = (
        a.replace("localhost", "127.0.0.1").rpartition(":") for a in (wanted, served)
    )
    return host == its_host and port in ("0", its_port)


def _source(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_server.cli_source import choose, show

    if chosen.name is None:
        if chosen.folder is not None or chosen.as_of is not None:
            raise BadSettings("Say basketgex source chain-files with --folder and --as-of.")
        show(home)
    else:
        choose(home, chosen.name, chosen.folder, chosen.as_of)


def _config(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_server.cli_config import config

    config(home, chosen.action, chosen.words, as_json=chosen.json)


def _install(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_server.cli_install import install, uninstall

    if chosen.command == "install":
        install(home, START_COMMAND, chosen)
    else:
        uninstall(home, chosen)


def _basket(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_server.cli_ask import basket

    basket(home, chosen.symbols, chosen.weights, refresh=chosen.refresh, as_json=chosen.json)


def _watch(home: Home, chosen: argparse.Namespace) -> int:
    from basketgex_server.cli_watch import Wanted, watch

    wanted = Wanted(chosen.on_flip, chosen.on_level, chosen.notify, chosen.once)
    return watch(home, chosen.baskets, wanted, pace=chosen.pace, as_json=chosen.json)


def _symbol(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_server.cli_symbol import Wanted, profile_range, symbol_of_chain, symbol_of_server

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
    from basketgex_server.cli_plot import plot

    wanted = {"weights": chosen.weights, "measure": chosen.measure, "between": chosen.range}
    plot(home, chosen.what, chosen.symbols, chosen.out, **wanted)


def _status(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_server.cli_ask import status

    status(home, as_json=chosen.json)


def _doctor(home: Home, chosen: argparse.Namespace) -> int:
    from basketgex_server.cli_doctor import doctor

    return doctor(home, ask=chosen.ask, strict=chosen.strict, as_json=chosen.json)


def _quota(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_server.cli_ask import quota

    quota(home, as_json=chosen.json)


def _key(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_server.cli_config import key

    key(home, chosen.action, in_file=chosen.file)


def _stop(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_server.cli_install import end_server

    print("The server has ended." if end_server(home) else "No server is running.")


def _token(home: Home, chosen: argparse.Namespace) -> None:
    if home.is_served():
        raise BadSettings("A server is using the token: stop it first with basketgex stop.")
    home.token_file.unlink(missing_ok=True)
    home.token()
    print("The home has a new token.")


def _templates(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_server.cli_templates import templates

    templates(chosen.to, force=chosen.force)


def _demo(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_server.cli_demo import demo

    demo(chosen.out)


def _absolute(path: Path | None) -> str | None:
    from basketgex_server.cli_config import absolute

    return None if path is None else absolute(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="basketgex",
        description="Dealer gamma exposure of whole baskets, in a spreadsheet and in a terminal. The first question starts the "
        "server that answers it. basketgex COMMAND --help explains a command.",
    )
    parser.add_argument("--version", action="version", version=__version__, help="print the version")
    parser.add_argument(
        "--home", type=Path, metavar="FOLDER", help="folder of everything local (BASKETGEX_HOME)"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    serve = commands.add_parser("serve", help="serve this home until told to end")
    serve.add_argument("--source", choices=SOURCES, help="where figures come from; kept for the next start")
    serve.add_argument("--folder", type=Path, help="the folder of chain-files")
    serve.add_argument("--as-of", help="the moment of chains that do not carry it, ISO 8601, New York time")
    serve.add_argument("--convention", choices=CONVENTIONS, help=_CONVENTION)
    serve.add_argument(
        "--listen",
        metavar="HOST:PORT",
        help="where to listen, port 0 for any; beyond this machine only with TLS",
    )
    serve.add_argument("--tls-certificate", type=Path, metavar="FILE", help="the certificate, PEM")
    serve.add_argument("--tls-key", type=Path, metavar="FILE", help="the private key of the certificate, PEM")
    serve.add_argument(
        "--http-listen", metavar="HOST:PORT", help="serve FlashAlpha's REST contract too, on loopback"
    )
    serve.set_defaults(run=_serve)

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
    symbol.add_argument("--convention", choices=CONVENTIONS, help=_CONVENTION)
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
    for name, command in commands.choices.items():
        command.formatter_class = argparse.RawDescriptionHelpFormatter
        command.epilog = "\n  ".join(("examples:", *EXAMPLES.get(name, ())))
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


if __name__ == "__main__":
    raise SystemExit(main())
