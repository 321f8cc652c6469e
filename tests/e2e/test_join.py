"""``basketgex join`` and ``leave`` at a real server with TLS: what is refused and why, and what a home is afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from basketgex.home import Home
from basketgex_cli.desk_certificate import make_server
from basketgex_cli.main import main
from tests.e2e.desk.joining import said
from tests.e2e.serving import Server
from tests.standin.upstream import Upstream

pytestmark = pytest.mark.xdist_group("join")  # one server for all
NAMES = ("localhost", "127.0.0.1")


@dataclass
class Desk:
    """A server of sample figures that is reached with TLS, its authority, and Ann's token."""

    server: Server
    authority: Path
    token: str

    @property
    def address(self) -> str:
        return f"grpcs://{self.server.ready['tls']}"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    papers = folder / "papers"
    named = [word for name in NAMES for word in ("--name", name)]
    said("--home", folder / "home", "desk", "certificate", *named, "--out", papers)
    token = said("--home", folder / "home", "desk", "person", "add", "ann").splitlines()[-1]
    tls = {"tls_certificate": papers / "server.pem", "tls_key": papers / "server.key"}
    with Server(folder / "home", source="sample", listen="127.0.0.1:0", **tls) as server:
        yield Desk(server, papers / "ca.pem", token)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in ("BASKETGEX_SERVER", "BASKETGEX_DESK_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return Home(tmp_path / "home")


@pytest.fixture
def refused(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """Return what a join says that is refused, and leaves nothing."""

    def join(*words: str | Path, token: str = "token") -> str:
        import io

        monkeypatch.setattr("sys.stdin", io.StringIO(token))
        assert main(["--home", str(home.path), "join", *map(str, words), "--to-file"]) == 1
        assert home.desk() is None and not home.desk_token_file.exists()
        return capsys.readouterr().err.removeprefix("basketgex: ").rstrip("\n")

    return join


def test_what_stands_in_the_way_is_named(desk: Desk, refused: Callable[..., str], tmp_path: Path) -> None:
    ca = ("--ca", desk.authority)
    assert refused("http://127.0.0.1:1") == (
        "A desk's address begins with grpcs://, as in grpcs://desk.example:8443."
    )
    assert refused("grpcs://127.0.0.1:1", *ca) == "Nothing answers at 127.0.0.1:1."
    assert refused("grpcs://no.such.name.invalid:1", *ca) == (
        "No machine of the name no.such.name.invalid is known here."
    )
    plain = f"grpcs://{desk.server.address}"
    assert refused(plain, *ca).endswith("does not speak TLS, as a desk does.")
    assert refused(desk.address) == (
        "Nobody vouches for 127.0.0.1: no public authority does. "
        "Ask whoever runs the desk for its CA, and give it with --ca."
    )
    assert refused(desk.address, *ca, "--name", "desk.example") == (
        "The certificate of 127.0.0.1 is not for desk.example: give the name that it is for with --name."
    )
    other = tmp_path / "other"
    said("--home", tmp_path / "x", "desk", "certificate", "--name", "127.0.0.1", "--out", other)
    assert refused(desk.address, "--ca", other / "ca.pem") == (
        "Nobody vouches for 127.0.0.1: the given certificates do not. "
        "Ask whoever runs the desk for its CA, and give it with --ca."
    )
    assert refused(desk.address, "--ca", tmp_path / "none.pem") == 'The file "none.pem" cannot be read.'
    assert refused(desk.address, "--ca", desk.authority.with_name("ca.key")) == (
        'The file "ca.key" has no certificate (PEM) in it.'
    )
    both = tmp_path / "both.pem"
    both.write_bytes(desk.authority.read_bytes() + desk.authority.with_name("ca.key").read_bytes())
    assert "has a private key in it" in refused(desk.address, "--ca", both)
    for token in ("", "two words", "schlüssel"):
        assert refused(desk.address, *ca, token=token) == (
            "A token is one word, as basketgex desk person add has shown it."
        )
    assert refused(desk.address, *ca, token="stranger") == (
        "The desk refused your token: ask whoever runs it for another one, then run basketgex join again."
    )


def test_an_expired_certificate_is_named(refused: Callable[..., str], tmp_path: Path) -> None:
    papers = tmp_path / "papers"
    long_ago = datetime.now(UTC) - timedelta(days=900)
    make_server(papers, NAMES, long_ago)
    tls = {"tls_certificate": papers / "server.pem", "tls_key": papers / "server.key"}
    with Server(tmp_path / "old", source="sample", listen="127.0.0.1:0", **tls) as server:
        told = refused(f"grpcs://{server.ready['tls']}", "--ca", papers / "ca.pem")
    assert told == "The certificate of 127.0.0.1 has expired: tell whoever runs the desk."


def test_a_home_that_joins_ends_its_own_server_and_one_that_leaves_begins_another(
    desk: Desk, home: Home
) -> None:
    at = ("--home", home.path)
    join = (*at, "join", desk.address, "--ca", desk.authority, "--to-file")
    with Server(home.path, source="sample"):
        told = said(*join, typed=desk.token)
        assert "The server of this home has ended: nothing needs it now." in told
        assert not home.is_served()
    shown = json.loads(said(*at, "basket", "NVDA,AMD", "--json"))
    assert not home.is_served() and shown
    assert said(*at, "stop") == "No server is running.\n"
    lines = said(*at, "doctor").splitlines()
    assert any(desk.address in line and "as ann" in line for line in lines)
    assert not any(line.split()[1] == "server" for line in lines)
    notice = f"This home has joined {desk.address}: its figures come from there, by the desk's own settings."
    assert said(*at, "source", "sample").splitlines()[-1] == notice
    assert said(*at, "config", "set", "cell_mode", "live").splitlines()[-1] == notice
    assert home.cell_mode() == "live"
    assert said(*at, "token", "show") == f"{desk.token}\n"
    assert said(*join, typed=desk.token).startswith(f"This home has joined {desk.address} as ann.")
    assert said(*at, "leave") == (
        f"This home has left {desk.address}. The next question starts a server of its own.\n"
    )
    assert {f.name for f in home.path.iterdir()}.isdisjoint({"desk.json", "desk-ca.pem", "desk-token"})
    assert json.loads(said(*at, "basket", "NVDA,AMD", "--json"))["aggregate"] == shown["aggregate"]
    assert home.is_served()
    said(*at, "stop")


def test_the_environment_names_a_desk_too(desk: Desk, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASKETGEX_SERVER", desk.address)
    monkeypatch.setenv("BASKETGEX_SERVER_CA", str(desk.authority))
    monkeypatch.setenv("BASKETGEX_DESK_TOKEN", desk.token)
    assert f"The desk {desk.address}, as ann." in said("--home", home.path, "status")
    assert not home.is_served()


def test_what_a_person_may_spend_is_told(tmp_path: Path, home: Home, desk: Desk) -> None:
    papers = desk.authority.parent
    tls = {"tls_certificate": papers / "server.pem", "tls_key": papers / "server.key"}
    there = tmp_path / "metered"
    token = said("--home", there, "desk", "person", "add", "bob", "--debits", "7").splitlines()[-1]
    with Upstream() as upstream:
        given = {"source": "flashalpha", "flashalpha_base_url": upstream.url}
        given["flashalpha_api_key"] = upstream.key
        with Server(there, listen="127.0.0.1:0", **tls, **given) as server:
            where = f"grpcs://{server.ready['tls']}"
            told = said("--home", home.path, "join", where, "--ca", desk.authority, "--to-file", typed=token)
            assert "You have spent 0.0 debits today, and may spend 7 a day." in told
            said("--home", home.path, "basket", "NVDA,AMD")
            assert "You have spent 1.0 debits today, and may spend 7 a day." in said(
                "--home", home.path, "status"
            )


def test_where_the_desk_asks_for_a_certificate_one_is_given(
    desk: Desk, refused: Callable[..., str], home: Home, tmp_path: Path
) -> None:
    papers = desk.authority.parent
    said("--home", tmp_path / "x", "desk", "certificate", "--client", "ann", "--out", papers)
    there = tmp_path / "strict"
    token = said("--home", there, "desk", "person", "add", "ann").splitlines()[-1]
    tls = {"tls_certificate": papers / "server.pem", "tls_key": papers / "server.key"}
    certificate, key = papers / "client-ann.pem", papers / "client-ann.key"
    pair = ("--certificate", certificate, "--key", key)
    with Server(there, source="sample", listen="127.0.0.1:0", client_ca=desk.authority, **tls) as server:
        where = (f"grpcs://{server.ready['tls']}", "--ca", desk.authority)
        assert "ask for a certificate of your own" in refused(*where, token=token)
        assert refused(*where, *pair[:2]) == "--certificate and --key go together: give both or none."
        assert refused(*where, "--certificate", certificate, "--key", papers / "server.key") == (
            'The files "client-ann.pem" and "server.key" are not a certificate and its private key.'
        )
        told = said("--home", home.path, "join", *where, *pair, "--to-file", typed=token)
        assert " as ann." in told.splitlines()[0]
        assert [file.read_bytes() for file in home.desk_pair] == [certificate.read_bytes(), key.read_bytes()]
        assert said("--home", home.path, "basket", "NVDA")
        said("--home", home.path, "leave")
        assert not any(file.exists() for file in home.desk_pair)
