"""The server's certificate, read again when its files change: neither a renewal nor another ``client_ca`` wants a restart.

Connections that stand keep what they began with. Files that cannot be used, such as one that is being written, change nothing.
"""

from __future__ import annotations

import logging
import math
import ssl
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import grpc

from basketgex_server.configuration import stamp_of
from basketgex_server.errors import BadSettings
from basketgex_server.settings import Settings

LOG = logging.getLogger(__name__)
AGAIN = 5.0
"""Seconds after which files that cannot be used are tried again: whoever may read them leaves no trace in their stamps."""
UNUSABLE = "The TLS files cannot be used: they must be PEM files that the server may read, and the key the certificate's."


class _Read(NamedTuple):
    """What the files said at one moment: certificate, key and, where it is set, the clients' authority."""

    contents: Sequence[bytes]
    context: ssl.SSLContext

    def configuration(self) -> grpc.ServerCertificateConfiguration:
        certificate, key, *authority = self.contents
        return grpc.ssl_server_certificate_configuration([(key, certificate)], *authority)


class Tls:
    """What the files of ``tls_certificate``, ``tls_key`` and ``client_ca`` say. Raises BadSettings where that is no use."""

    def __init__(self, settings: Settings) -> None:
        self.is_current = True
        """Whether what is served is what the files say."""
        self._asks_clients = bool(settings.client_ca)
        names = settings.tls_certificate, settings.tls_key, settings.client_ca
        self._files = [Path(name) for name in names if name]
        self._seen = self._heeded = self._stamp()
        self._tried_at = -math.inf
        read = self._read()
        if read is None:
            raise BadSettings(UNUSABLE)
        self._served = self._told = read

    def look(self) -> None:
        """Heed the files where they have changed and come to rest."""
        stamp = self._stamp()
        rests, self._seen = stamp == self._seen, stamp
        is_new = stamp != self._heeded
        overdue = not self.is_current and time.monotonic() >= self._tried_at + AGAIN
        if not rests or not (is_new or overdue):
            return
        self._heeded, self._tried_at = stamp, time.monotonic()
        read = self._read()
        if read is not None:
            self._served, self.is_current = read, True
            LOG.info("The TLS files have changed: new connections get what they say now.")
        elif is_new:
            self.is_current = False
            LOG.warning("The TLS files have changed and cannot be used: the certificate from before stays.")

    def credentials(self) -> grpc.ServerCredentials:
        """Return what gRPC serves by. With ``client_ca`` nobody without a certificate of it gets past the handshake."""
        return grpc.dynamic_ssl_server_credentials(
            self._served.configuration(),
            self._news,  # type: ignore[arg-type]  # None says that nothing is new
            self._asks_clients,
        )

    def context(self) -> ssl.SSLContext:
        """Return what HTTP serves by: the same certificate, and no question for one of the client's."""

        def choose(connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
            connection.context = self._served.context

        first = self._served.context
        first.sni_callback = choose  # called for whoever names nobody, too
        return first

    def expires_at(self) -> float | None:
        """Return when the first of the served certificates expires (Unix seconds)."""
        from cryptography import x509  # a server without metrics does not load it

        try:
            chain = x509.load_pem_x509_certificates(self._served.contents[0])
        except ValueError:
            return None
        return min(each.not_valid_after_utc.timestamp() for each in chain)

    def _news(self) -> grpc.ServerCertificateConfiguration | None:
        """Return what is served, at the first handshake after a change. gRPC asks at every one, in a thread of its own."""
        served = self._served
        if served is self._told:
            return None
        self._told = served
        return served.configuration()

    def _read(self) -> _Read | None:
        """Return what the files say, None where it cannot be used."""
        try:
            contents = [file.read_bytes() for file in self._files]
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_cert_chain(self._files[0], self._files[1], password="")  # nobody is asked for one
            for authority in contents[2:]:
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(
                    cadata=authority.decode("ascii")
                )
            # OpenSSL reads files, so these must not have changed meanwhile.
            is_one = contents == [file.read_bytes() for file in self._files]
        except (OSError, ValueError):  # ssl's errors are of the first
            return None
        return _Read(contents, context) if is_one else None

    def _stamp(self) -> tuple[tuple[int, int, int], ...]:
        return tuple(map(stamp_of, self._files))
