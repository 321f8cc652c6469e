"""Where a server may listen: HOST:PORT, and what counts as this machine. Pure."""

from __future__ import annotations

import ipaddress

from basketgex_server.errors import BadSettings

MOST_PORT = 65_535


def is_loopback(host: str) -> bool:
    """Tell whether an address is this machine's own; a name is none."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def address_of(listen: str) -> tuple[str, int]:
    """Return the address and port of a setting such as ``127.0.0.1:0``. Raises BadSettings where it is not on loopback.

    >>> address_of("localhost:8080"), address_of("[::1]:0")
    (('127.0.0.1', 8080), ('::1', 0))
    """
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or not port.isascii() or int(port) > MOST_PORT:
        raise BadSettings("http_listen must be HOST:PORT, such as 127.0.0.1:8080.")
    named = "127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]")
    if not is_loopback(named):
        raise BadSettings("http_listen must be on loopback, such as 127.0.0.1:8080: HTTP has no TLS here.")
    return named, int(port)


def check_listen(listen: str, *, certificate: str, key: str, http_listen: str) -> None:
    """Refuse what would let strangers in: beyond loopback there must be TLS. Raises BadSettings."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or not port.isascii() or int(port) > MOST_PORT:
        raise BadSettings("listen must be HOST:PORT, such as 127.0.0.1:0.")
    if bool(certificate) != bool(key):
        raise BadSettings("tls_certificate and tls_key go together: set both or none.")
    if not certificate and host != "localhost" and not is_loopback(host.strip("[]")):
        raise BadSettings(
            "Beyond loopback the server needs TLS: set tls_certificate and tls_key, or listen on 127.0.0.1."
        )
    if http_listen:
        address_of(http_listen)  # raises
