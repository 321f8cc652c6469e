"""``basketgex join`` and ``leave``: this home's cells and commands ask a desk, or a server of their own again."""

from __future__ import annotations

import argparse
import getpass
import os
import socket
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

from basketgex import keyrings
from basketgex.desk import EXAMPLE, SERVER_VARIABLE, TOKEN_VARIABLE, BadAddress, Desk
from basketgex.files import decoded, write_whole
from basketgex.home import Home
from basketgex_addin.client import ServerStatus
from basketgex_addin.client.desk import account, introduced
from basketgex_addin.client.problems import DESK_AWAY
from basketgex_cli.context import unwrap
from basketgex_cli.home import end_server
from basketgex_cli.terminal import busy
from basketgex_server.command_line import Commands, add_command
from basketgex_server.errors import BadSettings, SourceUnavailable
from basketgex_server.shown import quoted

EXAMPLES = (f"basketgex join {EXAMPLE} --ca desk-ca.pem", "basketgex leave")
TELLER = (sys.executable, "-m", "basketgex_cli", "token", "show")
NOT_LET_IN = (
    "The desk's server answers, but lets nobody in: it may be ending, or ask for a certificate of your own. "
    "Ask whoever runs the desk for one, and give it with --certificate and --key."
)
REACHING = 5.0
"""Seconds for one of a desk's servers to be reached."""
DEADLINE = 20.0
EXPIRED, WRONG_NAME = 10, (62, 64)
"""OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED, and those of a name or a number that a certificate does not have."""


def add_parser(commands: Commands) -> None:
    """Add the commands."""
    join = add_command(commands, "join", "let this home's cells and commands ask a desk", EXAMPLES[:1], _join)
    join.add_argument("server", metavar="ADDRESS", help=f"such as {EXAMPLE}; several with commas between")
    join.add_argument(
        "--ca",
        type=Path,
        metavar="FILE",
        help="the certificates (PEM) that vouch for the desk's servers, as who runs it gives them; public ones if not given",
    )
    join.add_argument("--name", help="the name in the servers' certificate, where the address has another")
    join.add_argument(
        "--to-file",
        action="store_true",
        help="keep the token in a file that you alone can read, instead of the keyring",
    )
    join.add_argument(
        "--certificate",
        type=Path,
        metavar="FILE",
        help="your own certificate (PEM), where the desk asks for one; goes with --key",
    )
    join.add_argument("--key", type=Path, metavar="FILE", help="its private key (PEM)")
    add_command(commands, "leave", "let this home have a server of its own again", EXAMPLES[1:], _leave)


def _join(home: Home, chosen: argparse.Namespace) -> None:
    authority = _authority(chosen.ca)
    pair = _pair(chosen.certificate, chosen.key)
    desk = Desk(
        chosen.server, _at(chosen.ca), chosen.name or "", TELLER, _at(chosen.certificate), _at(chosen.key)
    )
    with busy("Looking for the desk"):
        silent = _look(desk, authority)
    for sentence in silent:
        print(sentence)
    token = _token()
    with busy("Asking the desk who you are"):
        found = introduced(desk, token, DEADLINE)
    if found == DESK_AWAY:  # it has just answered: it may be the certificate that it misses
        raise SourceUnavailable(NOT_LET_IN)
    status = unwrap(found)
    home.create()
    if authority:
        write_whole(home.desk_authority_file, authority)
        desk = desk._replace(authority=_at(home.desk_authority_file))
    if pair:
        for file, text in zip(home.desk_pair, pair, strict=True):
            write_whole(file, text)
        certificate, key = map(_at, home.desk_pair)
        desk = desk._replace(certificate=certificate, key=key)
    kept = _keep(home, token, in_file=chosen.to_file)
    ended = end_server(home)
    home.write_desk(desk)
    print(f"This home has joined {desk.server}{f' as {status.person}' if status.person else ''}.")
    print(status.sentence)
    print(*may_spend(status), kept, sep="\n")
    if ended:
        print("The server of this home has ended: nothing needs it now.")
    if os.environ.get(SERVER_VARIABLE):
        print(f"{SERVER_VARIABLE} in the environment names a desk too, and wins.")


def _leave(home: Home, chosen: argparse.Namespace) -> None:
    if not home.desk_file.exists():
        raise BadSettings("This home has joined no desk.")
    desk = home.desk()
    for file in (home.desk_file, home.desk_token_file, home.desk_authority_file, *home.desk_pair):
        file.unlink(missing_ok=True)
    try:
        keyrings.remove(account(home))
    except keyrings.NoKeyring:
        pass
    except keyrings.KeyringLocked:
        print("The keyring is locked, so that the token is still in it. Nobody reads it any more.")
    print(
        f"This home has left {desk.server if desk and desk.server else 'its desk'}. "
        "The next question starts a server of its own."
    )
    if os.environ.get(SERVER_VARIABLE):
        print(f"{SERVER_VARIABLE} in the environment still names a desk.")


def _at(file: Path | None) -> str:
    return str(file.absolute()) if file is not None else ""


def _pair(certificate: Path | None, key: Path | None) -> tuple[str, str] | None:
    """Return the texts of one's own certificate and its key, None where none are named. Raises BadSettings."""
    if certificate is None or key is None:
        if certificate is not key:
            raise BadSettings("--certificate and --key go together: give both or none.")
        return None
    try:
        ssl.create_default_context().load_cert_chain(certificate, key, password="")
        return decoded(certificate.read_bytes()), decoded(key.read_bytes())
    except (OSError, ValueError):  # SSLError is an OSError
        said = f"The files {quoted(certificate.name)} and {quoted(key.name)} are not a certificate and its private key."
        raise BadSettings(said, argument="certificate") from None


def _authority(file: Path | None) -> str:
    """Return the certificates of a file, "" where none is named. Raises BadSettings."""
    if file is None:
        return ""
    try:
        text = decoded(file.read_bytes())
        ssl.create_default_context(cadata=text)
    except OSError as error:
        if not isinstance(error, ssl.SSLError):
            raise BadSettings(f"The file {quoted(file.name)} cannot be read.", argument="ca") from None
        text = ""
    except ValueError:
        text = ""
    if "BEGIN CERTIFICATE" not in text:
        raise BadSettings(f"The file {quoted(file.name)} has no certificate (PEM) in it.", argument="ca")
    if "PRIVATE KEY" in text:
        raise BadSettings(
            f"The file {quoted(file.name)} has a private key in it, which is not for you: ask for the certificate alone.",
            argument="ca",
        )
    return text


def _look(desk: Desk, authority: str) -> Sequence[str]:
    """Return what is wrong with some of a desk's servers, one sentence each. Raises where it is with all of them."""
    try:
        hosts, name = desk.hosts(), desk.certified()
    except BadAddress as error:
        raise BadSettings(str(error), argument="server") from None
    said = [problem for host, port in hosts if (problem := _wrong(host, port, name, desk, authority))]
    if len(said) == len(hosts):
        raise SourceUnavailable(said[0])
    return said


def _wrong(host: str, port: int, name: str, desk: Desk, authority: str) -> str:
    """Return what is wrong with a server, "" where nothing is."""
    context = ssl.create_default_context(cadata=authority or None)
    context.set_alpn_protocols(["h2"])
    if desk.certificate:
        context.load_cert_chain(desk.certificate, desk.key)
    expected = name if desk.name or len(desk.hosts()) > 1 else host
    try:
        with (
            socket.create_connection((host, port), REACHING) as plain,
            context.wrap_socket(plain, server_hostname=expected),
        ):
            return ""  # whether it wants a certificate of ours is told later: with TLS 1.3 its word comes behind the handshake
    except socket.gaierror:
        return f"No machine of the name {host} is known here."
    except ssl.SSLCertVerificationError as error:
        if error.verify_code == EXPIRED:
            return f"The certificate of {host} has expired: tell whoever runs the desk."
        if error.verify_code in WRONG_NAME:
            return (
                f"The certificate of {host} is not for {expected}: give the name that it is for with --name."
            )
        whose = "the given certificates do not" if authority else "no public authority does"
        return f"Nobody vouches for {host}: {whose}. Ask whoever runs the desk for its CA, and give it with --ca."
    except ssl.SSLError:
        return f"What answers at {host}:{port} does not speak TLS, as a desk does."
    except OSError:
        return f"Nothing answers at {host}:{port}."


def _token() -> str:
    if named := os.environ.get(TOKEN_VARIABLE, "").strip():
        return named
    # Never as an argument: the process list would show it.
    text = getpass.getpass("Your token: ") if sys.stdin.isatty() else sys.stdin.readline()
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise BadSettings("A token is one word, as basketgex desk person add has shown it.")
    return token


def _keep(home: Home, token: str, *, in_file: bool) -> str:
    """Keep the token; return where it is, for a person."""
    if os.environ.get(TOKEN_VARIABLE, "").strip():
        return f"Your token is in {TOKEN_VARIABLE}, in the environment."
    if not in_file:
        try:
            keyrings.write(account(home), token)
        except (keyrings.NoKeyring, keyrings.KeyringLocked):
            in_file = True
        else:
            home.desk_token_file.unlink(missing_ok=True)  # it would win
            return "Your token is in the keyring."
    write_whole(home.desk_token_file, f"{token}\n")
    return "Your token is in a file of the home folder that you alone can read."


def may_spend(status: ServerStatus) -> Sequence[str]:
    """Return what whoever asks may spend, in sentences."""
    if not status.metered:
        return ("Its source costs no debits.",)
    if not status.person:
        return ("This is the token of a server's own home: what is spent by it is nobody's.",)
    spent = f"You have spent {status.person_spent:,.1f} debits today"
    if status.person_debits is None:
        return (f"{spent}, and have no limit of your own.",)
    return (f"{spent}, and may spend {status.person_debits:,} a day.",)
