"""Addresses of this server and of the services it asks: HOST:PORT, base URLs, and what counts as this machine. Pure."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from basketgex_server.errors import BadSettings

MOST_PORT = 65_535


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine itself: an address of loopback, or ``localhost``. No other name is looked up.

    >>> [is_loopback(host) for host in ("127.8.9.1", "::1", "localhost", "192.0.2.1", "localhost.example")]
    [True, True, True, False, False]
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def address_of(listen: str, setting: str = "http_listen", example: str = "127.0.0.1:8080") -> tuple[str, int]:
    """Return the address and port of a setting such as ``127.0.0.1:0``. Raises BadSettings where it is not on loopback.

    >>> address_of("localhost:8080"), address_of("[0:0::1]:0")
    (('127.0.0.1', 8080), ('::1', 0))
    """
    host, port = _host_and_port(listen, setting, example)
    if not is_loopback(host):
        raise BadSettings(f"{setting} must be on loopback, such as {example}: HTTP has no TLS here.")
    return "127.0.0.1" if host == "localhost" else str(ipaddress.ip_address(host)), port


def web_address_of(listen: str) -> tuple[str, int]:
    """Return likewise the address and port of the setting ``web_listen``."""
    return address_of(listen, "web_listen", "127.0.0.1:8737")


def metrics_address_of(listen: str, certificate: str) -> tuple[str, int]:
    """Return the address and port of the setting ``metrics_listen``. Raises BadSettings.

    >>> metrics_address_of("0.0.0.0:9464", "server.pem"), metrics_address_of("localhost:0", "")
    (('0.0.0.0', 9464), ('127.0.0.1', 0))
    """
    host, port = _host_and_port(listen, "metrics_listen", "127.0.0.1:9464")
    if is_loopback(host):
        return address_of(listen, "metrics_listen", "127.0.0.1:9464")
    if not certificate:
        raise BadSettings(
            "Beyond loopback metrics_listen needs TLS: set tls_certificate and tls_key, or listen on 127.0.0.1."
        )
    try:
        return str(ipaddress.ip_address(host)), port
    except ValueError:
        raise BadSettings("metrics_listen must be a number's address, such as 0.0.0.0:9464.") from None


def check_listen(
    listen: str,
    *,
    certificate: str,
    key: str,
    client_ca: str,
    http_listen: str,
    web_listen: str,
    metrics_listen: str = "",
) -> None:
    """Refuse what would let strangers in: beyond loopback there must be TLS. Raises BadSettings."""
    host, _ = _host_and_port(listen, "listen", "127.0.0.1:0")
    if bool(certificate) != bool(key):
        raise BadSettings("tls_certificate and tls_key go together: set both at once, or none.")
    if client_ca and not certificate:
        raise BadSettings("client_ca goes with TLS: set tls_certificate and tls_key too.")
    if not certificate and not is_loopback(host):
        raise BadSettings(
            "Beyond loopback the server needs TLS: set tls_certificate and tls_key, or listen on 127.0.0.1."
        )
    if http_listen:
        address_of(http_listen)  # raises
    if metrics_listen:
        metrics_address_of(metrics_listen, certificate)
    web_address_of(web_listen)


def base_url(text: str, setting: str, *, example: str, so_that: str = "") -> tuple[str, bool]:
    """Return the base URL of a service in one spelling, and whether it is on this machine. Beyond that it must be https.

    Raises BadSettings, which names the ``setting``, an ``example``, and what https is for (``so_that``).

    >>> base_url(" HTTP://LocalHost:8080/v1/ ", "the_url", example="https://example.com")
    ('http://localhost:8080/v1', True)
    """
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    fits = re.fullmatch(r"[a-z0-9.:-]+", host) and not (parts.username or parts.password)
    if parts.scheme not in ("http", "https") or not fits or parts.query or parts.fragment:
        raise BadSettings(f"{setting} must be an address such as {example}.")
    loopback = is_loopback(host)
    if parts.scheme == "http" and not loopback:
        raise BadSettings(f"{setting} must begin with https://{so_that}.")
    named = f"[{host}]" if ":" in host else host
    at = f":{port}" if port is not None else ""
    return f"{parts.scheme}://{named}{at}{parts.path.rstrip('/')}", loopback


def _host_and_port(listen: str, setting: str, example: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or not port.isascii() or int(port) > MOST_PORT:
        raise BadSettings(f"{setting} must be HOST:PORT, such as {example}.")
    return host.removeprefix("[").removesuffix("]"), int(port)
