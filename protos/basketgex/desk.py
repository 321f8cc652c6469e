"""The desk that a home has joined: where its servers are, and whose word vouches for them.

Standard library only: LibreOffice's own Python reads it too, which is also why it stands in a file of JSON.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

SERVER_VARIABLE = "BASKETGEX_SERVER"
TOKEN_VARIABLE = "BASKETGEX_DESK_TOKEN"  # noqa: S105 - the name of a variable
VARIABLES = (
    "BASKETGEX_SERVER_CA",
    "BASKETGEX_SERVER_NAME",
    "BASKETGEX_CLIENT_CERTIFICATE",
    "BASKETGEX_CLIENT_KEY",
)
"""What else of a desk the environment may say, where it names the server: authority, name, certificate and key."""
SCHEME = "grpcs://"
EXAMPLE = "grpcs://desk.example:8443"

_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
_MOST_PORT = 65_535


class BadAddress(ValueError):
    """The text is a sentence for a person."""


class Desk(NamedTuple):
    """A desk; the content of ``desk.json``. ``server`` is one address, or several of its servers with commas between."""

    server: str
    authority: str = ""
    """The file of certificates that vouch for its servers; "" where public ones do."""
    name: str = ""
    """The name in their certificate, where it is not that of the address."""
    teller: tuple[str, ...] = ()
    """The command that prints the token, for programs that cannot open the keyring."""
    certificate: str = ""
    """The file of this user's own certificate, where the servers ask for one; beside it, in ``key``, its private key."""
    key: str = ""

    def hosts(self) -> tuple[tuple[str, int], ...]:
        """Return its servers' names or numbers, and their ports. Raises BadAddress.

        >>> Desk("grpcs://10.0.0.4:8443,[2001:db8::5]:8443").hosts()
        (('10.0.0.4', 8443), ('2001:db8::5', 8443))
        """
        if not self.server.startswith(SCHEME):
            raise BadAddress(f"A desk's address begins with {SCHEME}, as in {EXAMPLE}.")
        return tuple(map(_host_and_port, self.server.removeprefix(SCHEME).rstrip("/").split(",")))

    def certified(self) -> str:
        """Return the name that its servers' certificate must have. Raises BadAddress."""
        return self.name or self.hosts()[0][0]


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.strip().rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        fits = is_number(host)
    else:
        fits = bool(re.fullmatch(_HOST, host))
    if not fits or not (port.isascii() and port.isdecimal() and 0 < int(port) <= _MOST_PORT):
        raise BadAddress(
            f"A desk's address is {SCHEME}HOST:PORT, as in {EXAMPLE}; of several servers with commas between, "
            f"as in {SCHEME}10.0.0.4:8443,10.0.0.5:8443."
        )
    return host, int(port)


def is_number(host: str) -> bool:
    """Tell whether a host is an address of numbers, not a name.

    >>> is_number("10.0.0.4"), is_number("::1"), is_number("desk.example")
    (True, True, False)
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
