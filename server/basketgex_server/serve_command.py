"""``basketgex serve``: the only command of this package, and what start commands record."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from basketgex.home import STARTED_BY_CLIENT, Home
from basketgex_server.command_line import OPTIONS, Commands, add_command
from basketgex_server.domain import CONVENTIONS
from basketgex_server.errors import BasketgexError
from basketgex_server.settings import KEPT, SOURCES, Settings, absolute, keep_source, read_config

LOG = logging.getLogger(__name__)
CONVENTION = "the sign of the put side. flashalpha: calls + and puts - in GEX, plain sums in the rest; dealer: on all four"
EXAMPLES = (
    "basketgex serve",
    "basketgex serve --source chain-files --folder my-chains",
    "basketgex serve --http-listen 127.0.0.1:8080",
)


def add_parser(commands: Commands) -> None:
    """Add the command and its options."""
    serve = add_command(commands, "serve", "serve this home until told to end", EXAMPLES, _serve)
    serve.add_argument("--source", choices=SOURCES, help="where figures come from; kept for the next start")
    serve.add_argument("--folder", type=Path, help="the folder of chain-files")
    serve.add_argument("--as-of", help="the moment of chains that do not carry it, ISO 8601, New York time")
    serve.add_argument("--convention", choices=CONVENTIONS, help=CONVENTION)
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


def _serve(home: Home, chosen: argparse.Namespace) -> None:
    gc.disable()  # until all is loaded: a collector that looks through modules as they come takes a tenth of the start
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


def _absolute(path: Path | None) -> str | None:
    return None if path is None else absolute(path)
