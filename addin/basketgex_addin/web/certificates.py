"""The certificate with which Excel reaches this machine: for loopback only, and made so that it can vouch for nothing else.

Excel loads add-ins over https alone. A certificate authority is made for one leaf; its key is never written, so that nobody
can sign anything with it afterwards, and even that could be for loopback only: the authority is constrained to those names.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

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
    authority, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _authority(authority, now)
    own = _leaf(authority, leaf.public_key(), now)
    key = leaf.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Certificates(ca.public_bytes(_PEM), own.public_bytes(_PEM) + ca.public_bytes(_PEM), key)


def facts(authority: bytes) -> Facts:
    """Return what an authority is known by. Raises ValueError where that is no certificate."""
    found = x509.load_pem_x509_certificate(authority)
    sha1 = found.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - a name for it, as keychains have it
    return Facts(sha1, f"{found.serial_number:x}", found.not_valid_after_utc)


def utc_now() -> datetime:
    """Return this moment."""
    return datetime.now(UTC)


def _authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    permitted = [x509.DNSName("localhost"), *(x509.IPAddress(ipaddress.ip_network(ip)) for ip in _LOOPBACK)]
    return (
        _begun(NAME, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _leaf(
    authority: ec.EllipticCurvePrivateKey, own: ec.EllipticCurvePublicKey, now: datetime
) -> x509.Certificate:
    names = [x509.DNSName("localhost"), *(x509.IPAddress(ipaddress.ip_address(ip)) for ip in _LOOPBACK)]
    return (
        _begun("localhost", own, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False
        )
        .sign(authority, hashes.SHA256())
    )


def _begun(subject: str, key: ec.EllipticCurvePublicKey, now: datetime) -> x509.CertificateBuilder:
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    return (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(NAME))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - LEEWAY)
        .not_valid_after(now + LASTS - LEEWAY)
    )


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
