"""``basketgex desk certificate``: an authority of the desk's own, and what it vouches for: servers and clients.

The authority's key is kept in the folder, so that certificates are renewed without a word to anybody who has joined.
"""

from __future__ import annotations

import argparse
import ipaddress
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from basketgex.files import write_whole
from basketgex.home import Home
from basketgex_cli.parsing import person_name
from basketgex_server.command_line import Commands, add_command
from basketgex_server.errors import BadSettings
from basketgex_server.settings import absolute
from basketgex_server.shown import quoted

if TYPE_CHECKING:
    from cryptography import x509

    from basketgex_addin.web.certificates import Key

EXAMPLES = (
    "basketgex desk certificate --name desk.example --name 10.0.0.4 --out tls",
    "basketgex desk certificate --out tls",
    "basketgex desk certificate --client ann --out tls",
)
SUBJECT = "basketgex desk"
LASTS, AUTHORITY_LASTS = timedelta(days=397), timedelta(days=3_650)
MOST_NAMES, LONGEST_NAME, LONGEST_SUBJECT = 100, 253, 64
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DNS = re.compile(rf"(?:\*\.)?(?:{_LABEL}\.)*(?![0-9]+$){_LABEL}")
"""Its last part is no number: that is half an address."""


def add_parser(parts: Commands) -> None:
    """Add the command to those of ``basketgex desk``."""
    text = "make certificates for servers and clients, and an authority that signs them; or renew them"
    command = add_command(parts, "certificate", text, EXAMPLES, _run)
    whose = command.add_mutually_exclusive_group()
    whose.add_argument(
        "--name",
        action="append",
        metavar="NAME",
        help="a DNS name or IP address by which clients reach the servers, given once for each; those of before if not given",
    )
    whose.add_argument(
        "--client", metavar="PERSON", help="make a client's certificate instead of the servers'"
    )
    command.add_argument("--out", type=Path, metavar="FOLDER", required=True, help="where the files are")


def _run(home: Home, chosen: argparse.Namespace) -> None:
    from basketgex_addin.web.certificates import utc_now

    folder = Path(absolute(chosen.out))
    if folder.exists() and not folder.is_dir():
        raise BadSettings("--out is a file: name a folder.")
    if chosen.client is not None:
        make_client(folder, person_name(chosen.client), utc_now())
    else:
        make_server(folder, list(dict.fromkeys(map(_checked, chosen.name or ()))), utc_now())


def make_server(folder: Path, names: Sequence[str], now: datetime) -> None:
    """Write a certificate for the servers, for the names of the one before where none are given, and say so.

    Raises BadSettings where that cannot be done; then nothing is written.
    """
    from cryptography import x509

    authority = _Authority.of(folder, now)
    before = _certificate(folder / "server.pem")
    if (folder / "server.pem").exists() and not (authority and before and authority.vouches_for(before)):
        raise BadSettings(
            "The folder has a server.pem that is not of an authority beside it, ca.pem: name another folder."
        )
    if not names and before:
        alternatives = before.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [str(each.value) for each in alternatives]
    if not names:
        raise BadSettings("There is nothing to renew yet: say by --name how clients reach the servers.")
    if len(names) > MOST_NAMES:
        raise BadSettings(f"A certificate has at most {MOST_NAMES} names here: make one for each server.")
    if authority is None:
        if (folder / "server.key").exists():
            raise BadSettings("The folder has a server.key that is not of this command: name another folder.")
        authority = _Authority.new(folder, now)
        print(f"Made an authority: {folder / 'ca.pem'} is for everybody who joins the desk.")
        print(f"Whoever has {folder / 'ca.key'} can pass for the desk: keep it, where no server runs.")
    until = authority.issue("server", names[0], now, names)
    print(
        f"{'Renewed' if before else 'Made'} the servers' certificate, for {', '.join(names)}, until {until}."
    )
    print(
        f"On each server: basketgex config set tls_certificate {folder / 'server.pem'} tls_key {folder / 'server.key'}"
    )


def make_client(folder: Path, person: str, now: datetime) -> None:
    """Write a certificate for a client, and say so. Raises BadSettings where that cannot be done."""
    authority = _Authority.of(folder, now)
    if authority is None:
        raise BadSettings(
            "The folder has no authority yet: run basketgex desk certificate --name NAME --out FOLDER first."
        )
    until = authority.issue(f"client-{person}", person, now)
    print(f"Made a certificate for {person}, until {until}: {folder / f'client-{person}.pem'}, and its .key.")
    print(f"Servers ask for it where their client_ca is {folder / 'ca.pem'}.")


class _Authority:
    """What signs in a folder: ``ca.pem`` and ``ca.key``."""

    def __init__(self, folder: Path, ca: x509.Certificate, key: Key) -> None:
        self._folder = folder
        self._ca = ca
        self._key = key

    @classmethod
    def new(cls, folder: Path, now: datetime) -> _Authority:
        """Make one."""
        from basketgex_addin.web import certificates

        key = certificates.new_key()
        ca = certificates.authority(SUBJECT, key, now, now + AUTHORITY_LASTS)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(folder / "ca.key", certificates.key_pem(key).decode())
        _write_open(folder / "ca.pem", certificates.pem(ca))
        return cls(folder, ca, key)

    @classmethod
    def of(cls, folder: Path, now: datetime) -> _Authority | None:
        """Return that of a folder, None where there is none yet. Raises BadSettings where it cannot sign."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        ca, there = (
            _certificate(folder / "ca.pem"),
            [(folder / f"ca.{kind}").exists() for kind in ("pem", "key")],
        )
        if not any(there):
            return None
        if there == [True, False]:
            raise BadSettings(
                "The authority's key is not in the folder: put ca.key beside ca.pem, or name another folder for a new one."
            )
        try:
            key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if (
            ca is None
            or not isinstance(key, ec.EllipticCurvePrivateKey)
            or ca.public_key() != key.public_key()
        ):
            raise BadSettings("ca.pem and ca.key are no authority of this command's: name another folder.")
        if now >= ca.not_valid_after_utc:
            raise BadSettings(
                "The authority has expired: name another folder for a new one, and give its ca.pem to everybody."
            )
        return cls(folder, ca, key)

    def vouches_for(self, certificate: x509.Certificate) -> bool:
        """Tell whether it has signed a certificate."""
        from cryptography.exceptions import InvalidSignature

        try:
            certificate.verify_directly_issued_by(self._ca)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True

    def issue(self, file: str, subject: str, now: datetime, names: Sequence[str] = ()) -> str:
        """Write a certificate and its key, without names a client's; return its last day."""
        from basketgex_addin.web import certificates

        key, until = certificates.new_key(), min(now + LASTS, self._ca.not_valid_after_utc)
        made = certificates.leaf(
            self._ca,
            self._key,
            subject[:LONGEST_SUBJECT],
            key.public_key(),
            now,
            until,
            [_general(name) for name in names],
        )
        # A server that looks between the two finds that they do not fit, and keeps those that it has.
        write_whole(self._folder / f"{file}.key", certificates.key_pem(key).decode())
        _write_open(self._folder / f"{file}.pem", certificates.pem(made) + certificates.pem(self._ca))
        return f"{made.not_valid_after_utc:%Y-%m-%d}"


def _write_open(path: Path, content: bytes) -> None:
    """Write what everybody may read."""
    write_whole(path, content.decode())
    path.chmod(0o644)


def _certificate(path: Path) -> x509.Certificate | None:
    """Return the first certificate of a file, None where there is none."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _checked(name: str) -> str:
    """Return a name of a server in one spelling. Raises BadSettings.

    >>> _checked("Desk.Example."), _checked("[::1]"), _checked("10.0.0.4")
    ('desk.example', '::1', '10.0.0.4')
    """
    plain = name.strip().lower().removesuffix(".")
    try:
        return str(ipaddress.ip_address(plain.removeprefix("[").removesuffix("]")))
    except ValueError:
        if _DNS.fullmatch(plain) and len(plain) <= LONGEST_NAME:
            return plain
    raise BadSettings(
        f"--name {quoted(name)} is no DNS name or IP address: give one such as desk.example, without port and scheme."
    )


def _general(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
