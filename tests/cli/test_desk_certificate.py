"""``basketgex desk certificate``: what it writes, and what it refuses."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from basketgex_cli.desk_certificate import AUTHORITY_LASTS, LASTS, make_server
from basketgex_cli.main import main
from basketgex_server.errors import BadSettings

NOW = datetime.now(UTC)


class Folder:
    """The command over one folder."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self._capsys = capsys

    def run(self, *words: str) -> tuple[int, str, str]:
        code = main(["desk", "certificate", *words, "--out", str(self.path)])
        return code, *self._capsys.readouterr()

    def said(self, *words: str) -> str:
        code, out, err = self.run(*words)
        assert (code, err) == (0, "")
        return out

    def refused(self, *words: str) -> str:
        before = self.content()
        code, out, err = self.run(*words)
        assert (code, out) == (1, "")
        assert self.content() == before
        return err.removeprefix("basketgex: ").removesuffix("\n")

    def content(self) -> dict[str, bytes]:
        return {f.name: f.read_bytes() for f in self.path.iterdir()} if self.path.is_dir() else {}

    def certificates(self, name: str) -> list[x509.Certificate]:
        return x509.load_pem_x509_certificates((self.path / name).read_bytes())


@pytest.fixture
def at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Folder:
    return Folder(tmp_path / "tls", capsys)


def names_of(certificate: x509.Certificate) -> list[str]:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in found]


def test_an_authority_and_a_certificate_from_it(at: Folder) -> None:
    last = (datetime.now(UTC) + LASTS).date()
    assert at.said("--name", "Desk.Example", "--name", "[2001:DB8::1]", "--name", "desk.example") == (
        f"Made an authority: {at.path / 'ca.pem'} is for everybody who joins the desk.\n"
        f"Whoever has {at.path / 'ca.key'} can pass for the desk: keep it, where no server runs.\n"
        f"Made the servers' certificate, for desk.example, 2001:db8::1, until {last}.\n"
        f"On each server: basketgex config set tls_certificate {at.path / 'server.pem'} "
        f"tls_key {at.path / 'server.key'}\n"
    )
    modes = {f.name: stat.S_IMODE(f.stat().st_mode) for f in at.path.iterdir()}
    assert modes == {"ca.key": 0o600, "ca.pem": 0o644, "server.key": 0o600, "server.pem": 0o644}
    (ca,), (own, above) = at.certificates("ca.pem"), at.certificates("server.pem")
    assert above == ca
    own.verify_directly_issued_by(ca)
    assert names_of(own) == ["desk.example", "2001:db8::1"]
    assert load_pem_private_key((at.path / "server.key").read_bytes(), None).public_key() == own.public_key()
    assert ca.not_valid_after_utc - own.not_valid_after_utc == AUTHORITY_LASTS - LASTS


def test_a_second_run_renews_the_certificate_and_leaves_the_authority(at: Folder) -> None:
    at.said("--name", "desk.example")
    before = at.content()
    assert at.said().startswith("Renewed the servers' certificate, for desk.example, until ")
    after = at.content()
    assert {name for name in after if after[name] != before[name]} == {"server.pem", "server.key"}
    assert names_of(at.certificates("server.pem")[0]) == ["desk.example"]
    at.said("--name", "10.0.0.4", "--name", "*.desk.example")
    assert names_of(at.certificates("server.pem")[0]) == ["10.0.0.4", "*.desk.example"]
    at.certificates("server.pem")[0].verify_directly_issued_by(at.certificates("ca.pem")[0])


def test_a_certificate_for_a_client(at: Folder) -> None:
    assert at.refused("--client", "ann") == (
        "The folder has no authority yet: run basketgex desk certificate --name NAME --out FOLDER first."
    )
    at.said("--name", "desk.example")
    before = at.content()
    assert at.said("--client", "Ann").startswith("Made a certificate for ann, until ")
    assert at.content().keys() - before.keys() == {"client-ann.pem", "client-ann.key"}
    assert before.items() <= at.content().items()
    assert stat.S_IMODE((at.path / "client-ann.key").stat().st_mode) == 0o600
    own, ca = at.certificates("client-ann.pem")
    own.verify_directly_issued_by(ca)
    use = own.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(use) == [x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]
    assert "no name" in at.refused("--client", "../ann")


@pytest.mark.parametrize(
    "name",
    ["", "a b", "grpcs://desk.example", "desk.example:8443", "10.0.0", "a..b", "-a.example", "dësk", "a/b"],
)
def test_what_is_no_name(at: Folder, name: str) -> None:
    assert at.refused(f"--name={name}").endswith(
        "is no DNS name or IP address: give one such as desk.example, without port and scheme."
    )


def test_what_it_cannot_renew(at: Folder) -> None:
    assert at.refused() == "There is nothing to renew yet: say by --name how clients reach the servers."
    at.said("--name", "desk.example")
    key, ca = (at.path / "ca.key").read_text(), (at.path / "ca.pem").read_text()
    (at.path / "ca.key").unlink()
    assert at.refused() == (
        "The authority's key is not in the folder: put ca.key beside ca.pem, or name another folder for a new one."
    )
    for wrong in ("no key", (at.path / "server.key").read_text()):
        (at.path / "ca.key").write_text(wrong)
        assert at.refused() == "ca.pem and ca.key are no authority of this command's: name another folder."
    (at.path / "ca.key").write_text(key)
    (at.path / "ca.pem").unlink()
    assert at.refused() == "ca.pem and ca.key are no authority of this command's: name another folder."
    (at.path / "ca.pem").write_text(ca)
    (at.path / "server.pem").write_text("another's")
    assert at.refused() == (
        "The folder has a server.pem that is not of an authority beside it, ca.pem: name another folder."
    )


@pytest.mark.parametrize("name", ["server.pem", "server.key"])
def test_what_others_made_is_not_written_over(at: Folder, name: str) -> None:
    at.path.mkdir()
    (at.path / name).write_text("another's")
    assert at.refused("--name", "desk.example").endswith(": name another folder.")


def test_a_file_is_no_folder(at: Folder) -> None:
    at.path.write_text("")
    assert at.refused("--name", "desk.example") == "--out is a file: name a folder."


def test_an_authority_ends_too(at: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    make_server(at.path, ["desk.example"], NOW)
    late = NOW + AUTHORITY_LASTS - timedelta(days=30)
    make_server(at.path, [], late)
    (ca,), (own, _) = at.certificates("ca.pem"), at.certificates("server.pem")
    assert own.not_valid_after_utc <= ca.not_valid_after_utc < late + LASTS
    with pytest.raises(BadSettings) as caught:
        make_server(at.path, [], NOW + AUTHORITY_LASTS)
    assert caught.value.sentence == (
        "The authority has expired: name another folder for a new one, and give its ca.pem to everybody."
    )
