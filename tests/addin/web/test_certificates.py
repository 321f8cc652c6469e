"""The certificate for Excel: good for this machine, by https as clients check it, and for nothing else whoever has it."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from basketgex_addin.web import certificates
from basketgex_addin.web.certificates import Certificates

NOW = datetime.now(UTC)


def shakes_hands(made: Certificates, name: str, folder: Path) -> None:
    """Open https with what was made, as a client that trusts its authority. Raises what that client says."""
    (folder / "chain").write_bytes(made.chain)
    (folder / "key").write_bytes(made.key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "chain", folder / "key")
    client = ssl.create_default_context(cadata=made.authority.decode())
    ours, theirs = socket.socketpair()

    def answer() -> None:
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    answering = threading.Thread(target=answer)
    answering.start()
    try:
        with client.wrap_socket(ours, server_hostname=name):
            pass
    finally:
        ours.close()
        answering.join(30)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_it_is_good_for_this_machine(tmp_path: Path, name: str) -> None:
    shakes_hands(certificates.make(NOW), name, tmp_path)


@pytest.mark.parametrize("name", ["example.com", "10.0.0.1", "localhost.example.com"])
def test_it_is_good_for_no_other_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shakes_hands(certificates.make(NOW), name, tmp_path)


@pytest.mark.parametrize("name", ["example.com", "appsforoffice.microsoft.com", "com"])
def test_its_authority_can_vouch_for_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Even who had its key could sign for another name in vain."""
    named = x509.DNSName

    def every_leaf(value: str) -> x509.DNSName:
        return named(name)

    authority = ec.generate_private_key(ec.SECP256R1())
    leaf = ec.generate_private_key(ec.SECP256R1())
    ca = certificates._authority(authority, NOW)
    monkeypatch.setattr(x509, "DNSName", every_leaf)
    own = certificates._leaf(ca, authority, leaf.public_key(), NOW)
    pem = serialization.Encoding.PEM
    key = leaf.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    made = Certificates(ca.public_bytes(pem), own.public_bytes(pem) + ca.public_bytes(pem), key)
    with pytest.raises(ssl.SSLCertVerificationError, match="subtree"):
        shakes_hands(made, name, tmp_path)


def test_the_key_of_the_authority_is_not_kept() -> None:
    made = certificates.make(NOW)
    key = serialization.load_pem_private_key(made.key, None)
    ca = x509.load_pem_x509_certificate(made.authority)
    leaf = x509.load_pem_x509_certificate(made.chain)
    assert key.public_key() == leaf.public_key() != ca.public_key()
    assert made.chain.count(b"PRIVATE") == made.authority.count(b"PRIVATE") == 0
    assert made.key.count(b"BEGIN") == 1


def test_what_it_is_known_by() -> None:
    made = certificates.make(NOW)
    known = certificates.facts(made.authority)
    assert len(known.sha1) == 40 and known.sha1.isupper()
    assert int(known.serial, 16) == x509.load_pem_x509_certificate(made.authority).serial_number
    assert timedelta(days=396) < known.until - NOW < timedelta(days=398)
    assert not known.is_due(NOW + timedelta(days=330))
    assert known.is_due(NOW + timedelta(days=340))
    with pytest.raises(ValueError, match="PEM"):
        certificates.facts(b"nothing")
