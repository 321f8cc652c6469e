"""The HTTP client of the sources that ask a service, and what of the environment it cannot read, in words for a person.

httpx takes proxies and certificates from the environment, and ends in an exception of its own where it cannot: with a SOCKS
proxy and no package for it, an IPv6 address in brackets in NO_PROXY, a file of certificates that is not there. httpx is
imported where it is used: it takes half a second, and the server listens before that.

::

    SourceUnavailable            UNAVAILABLE, source_unavailable: nothing was sent
    ├── EnvironmentUnreadable
    ├── ProxyRefused
    └── CertificateUntrusted
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from basketgex_server.errors import SourceUnavailable
from basketgex_server.shown import quoted

if TYPE_CHECKING:
    import httpx

PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY")
SOCKS = ("socks5", "socks5h")
MOST_PORT = 65_535
_ADDRESS = "is no address of a proxy, such as http://proxy.example:3128: correct or unset it"
_NO_SOCKS = (
    "is a SOCKS proxy, for which a package is missing: install it with pip install 'httpx[socks]' into basketgex's Python, "
    "or unset it"
)
_CERTIFICATES = "names no {what} of certificates that can be read: correct or unset it"


class EnvironmentUnreadable(SourceUnavailable):
    """Proxies or certificates of the server's environment that cannot be used: nothing was sent."""

    uncharged = True

    def __init__(self, fault: str) -> None:
        super().__init__(
            f"The environment of the server cannot be used: {fault}, then end the server with basketgex stop."
        )


class ProxyRefused(SourceUnavailable):
    """The proxy made no connection to the service: nothing was sent."""

    uncharged = True

    def __init__(self, service: str) -> None:
        super().__init__(
            f"The proxy in the server's environment does not let it reach {service}: correct HTTPS_PROXY, "
            "or name the service in NO_PROXY."
        )


class CertificateUntrusted(SourceUnavailable):
    """The service's certificate is by nobody whom this computer trusts: nothing was sent."""

    uncharged = True

    def __init__(self, service: str) -> None:
        super().__init__(
            f"The certificate of {service} is not trusted here: behind a company's proxy, set SSL_CERT_FILE to the company's "
            "certificates where the server is started."
        )


def new_client(timeout: float, *, loopback: bool, **more: Any) -> httpx.AsyncClient:
    """Return a client that follows no redirect, since a key goes nowhere else. Raises EnvironmentUnreadable.

    ``timeout`` in seconds. Of a service on ``loopback`` the environment is not read: a proxy there would break 127.0.0.1.
    """
    import httpx

    if not loopback and (fault := environment_fault()):
        raise EnvironmentUnreadable(fault)
    try:
        return httpx.AsyncClient(
            timeout=httpx.Timeout(timeout, connect=min(5.0, timeout)),
            trust_env=not loopback,
            follow_redirects=False,
            headers={"Accept": "application/json", "User-Agent": "basketgex"},
            **more,
        )
    except (ImportError, OSError, ValueError, httpx.InvalidURL):
        raise EnvironmentUnreadable(
            "its proxies or certificates cannot be read: look at HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE"
        ) from None


def connection_problem(error: httpx.HTTPError, service: str) -> SourceUnavailable | None:
    """Return what a person can do about a connection that did not come about; None where nothing is known of it."""
    import httpx

    if isinstance(error, httpx.ProxyError):
        return ProxyRefused(service)
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return CertificateUntrusted(service)
    return None


def environment_fault(environment: Mapping[str, str] = os.environ) -> str:
    """Return what of an environment httpx cannot read, and what to do, as half a sentence; empty where it can.

    A proxy's address is never quoted: there may be a password in it.
    """
    return next(_faults(environment), "")


def _faults(environment: Mapping[str, str]) -> Iterator[str]:
    excepted = next(_set(environment, "NO_PROXY"), ("", ""))
    entries = [entry for part in excepted[1].split(",") if (entry := part.strip())]
    if "*" not in entries:  # else there is no proxy at all
        for name, value in _set(environment, *PROXIES):
            if fault := _proxy_fault(value):
                yield f"{name} {fault}"
        for entry in entries:
            if not _is_readable(entry):
                bare = entry.strip("[]")
                better = f"write {bare} without brackets" if _is_address(bare) else "correct or remove it"
                yield f"{excepted[0]} has {quoted(entry, 40)}, which cannot be read: {better}"
    if file := environment.get("SSL_CERT_FILE"):
        try:
            ssl.create_default_context(cafile=file)
        except (OSError, ValueError):
            yield f"SSL_CERT_FILE {_CERTIFICATES.format(what='file')}"
    elif (folder := environment.get("SSL_CERT_DIR")) and not Path(folder).is_dir():
        yield f"SSL_CERT_DIR {_CERTIFICATES.format(what='folder')}"


def _set(environment: Mapping[str, str], *names: str) -> Iterator[tuple[str, str]]:
    """Yield the variables that are set: the lower case wins, as for every program that reads them."""
    for name in names:
        for spelling in (name.lower(), name):
            if value := environment.get(spelling, "").strip():
                yield spelling, value
                break


def _proxy_fault(value: str) -> str:
    import httpx

    address = value if "://" in value else f"http://{value}"
    try:
        scheme, host, port = (parts := urlsplit(address)).scheme, parts.hostname, parts.port or 0
        httpx.URL(address)
    except (ValueError, httpx.InvalidURL):
        return _ADDRESS
    if scheme in SOCKS and find_spec("socksio") is None:
        return _NO_SOCKS
    return _ADDRESS if scheme not in ("http", "https", *SOCKS) or not host or port > MOST_PORT else ""


def _is_readable(entry: str) -> bool:
    """Tell whether httpx can read one entry of NO_PROXY, by its own reading of it."""
    import httpx

    is_v6 = ":" in entry and _is_address(entry.partition("/")[0])
    pattern = entry if "://" in entry else f"all://[{entry}]" if is_v6 else f"all://*{entry}"
    try:
        httpx.URL(pattern)
    except httpx.InvalidURL:
        return False
    return True


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds of ``Retry-After``, given as such or as a date; None without a usable one."""
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text, re.ASCII):
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now, 0.0)
