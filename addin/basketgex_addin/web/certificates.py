"""Certificates, and the one with which Excel reaches this machine: for loopback only, and it can vouch for nothing else.

Excel loads add-ins over https alone. A certificate authority is made for one leaf; its key is never written, so that nobody
can sign anything with it afterwards, and even that could be for loopback only: the authority is constrained to those names.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAME = "basketgex on this computer"
"""As a person finds it among the trusted ones."""
LASTS = timedelta(days=397)
"""Browsers believe none that is good for longer."""
RENEW = timedelta(days=60)
"""Before its end; a new authority has to be trusted anew, so a person is told in time."""
LEEWAY = timedelta(minutes=5)
"""For clocks that were set back."""
Key: TypeAlias = ec.EllipticCurvePrivateKey
_PEM = serialization.Encoding.PEM
_LOOPBACK = ("127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Certificates:
    """An authority, what it vouches for, and the leaf's key; all as PEM. ``chain`` is leaf and authority."""

    authority: bytes
    chain: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class Facts:
    """What an authority is known by: its SHA-1 and serial number as keychains write them, and when it ends."""

    sha1: str
    serial: str
    until: datetime

    def is_due(self, now: datetime) -> bool:
        """Tell whether it has to be made anew."""
        return now > self.until - RENEW


def make(now: datetime) -> Certificates:
    """Return new certificates for localhost, good from ``now`` on for 397 days."""
    signer, key = new_key(), new_key()
    ca = _authority(signer, now)
    own = _leaf(ca, signer, key.public_key(), now)
    return Certificates(pem(ca), pem(own) + pem(ca), key_pem(key))


def facts(authority: bytes) -> Facts:
    """Return what an authority is known by. Raises ValueError where that is no certificate."""
    found = x509.load_pem_x509_certificate(authority)
    sha1 = found.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - a name for it, as keychains have it
    return Facts(sha1, f"{found.serial_number:x}", found.not_valid_after_utc)


def utc_now() -> datetime:
    """Return this moment."""
    return datetime.now(UTC)


def authority(
    name: str, key: Key, now: datetime, until: datetime, permitted: Sequence[x509.GeneralName] = ()
) -> x509.Certificate:
    """Return the certificate of an authority that signs with ``key``, for ``permitted`` names alone where there are any."""
    made = (
        _begun(name, _named(name), key.public_key(), now, until)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if permitted:
        made = made.add_extension(x509.NameConstraints(permitted, None), critical=True)
    return made.sign(key, hashes.SHA256())


def leaf(
    ca: x509.Certificate,
    signer: Key,
    subject: str,
    own: ec.EllipticCurvePublicKey,
    now: datetime,
    until: datetime,
    names: Sequence[x509.GeneralName] = (),
) -> x509.Certificate:
    """Return a certificate of an authority: a server's for its ``names``, a client's where there are none."""
    of = ExtendedKeyUsageOID.SERVER_AUTH if names else ExtendedKeyUsageOID.CLIENT_AUTH
    made = (
        _begun(subject, ca.subject, own, now, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([of]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if names:
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return made.sign(signer, hashes.SHA256())


def new_key() -> Key:
    """Return a private key that is new."""
    return ec.generate_private_key(ec.SECP256R1())


def pem(certificate: x509.Certificate) -> bytes:
    """Return a certificate as PEM."""
    return certificate.public_bytes(_PEM)


def key_pem(key: Key) -> bytes:
    """Return a private key as PEM, without a passphrase."""
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _authority(key: Key, now: datetime) -> x509.Certificate:
    permitted = [x509.DNSName("localhost"), *(x509.IPAddress(ipaddress.ip_network(ip)) for ip in _LOOPBACK)]
    return authority(NAME, key, now, now + LASTS, permitted)


def _leaf(
    ca: x509.Certificate, signer: Key, own: ec.EllipticCurvePublicKey, now: datetime
) -> x509.Certificate:
    names = [x509.DNSName("localhost"), *(x509.IPAddress(ipaddress.ip_address(ip)) for ip in _LOOPBACK)]
    return leaf(ca, signer, "localhost", own, now, now + LASTS, names)


def _begun(
    subject: str, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_named(subject))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - LEEWAY)
        .not_valid_after(until - LEEWAY)
    )


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
