"""Which desk a home has joined, and what an address of one may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from basketgex.desk import BadAddress, Desk
from basketgex.home import Home
from basketgex_addin.client.desk import _target

JOINED = Desk("grpcs://desk.example:8443", "ca.pem", "desk", ("basketgex", "token", "show"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv("BASKETGEX_SERVER", raising=False)
    return Home(tmp_path)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "desk.example:8443",
        "grpc://desk.example:8443",
        "https://desk.example:8443",
        "grpcs://desk.example",
        "grpcs://desk.example:0",
        "grpcs://desk.example:65536",
        "grpcs://desk.example:84a3",
        "grpcs://:8443",
        "grpcs://-desk:8443",
        "grpcs://desk example:8443",
        "grpcs://ann@desk.example:8443",
        "grpcs://desk.example:8443/path",
        "grpcs://[desk.example]:8443",
        "grpcs://::1:8443",
        "grpcs://a.example:8443,",
        "grpcs://a.example:8443;b.example:8443",
    ],
)
def test_what_is_no_address_is_refused_with_what_one_is(address: str) -> None:
    with pytest.raises(BadAddress, match=r"as in grpcs://desk\.example:8443"):
        Desk(address).hosts()


def test_several_servers_are_all_told_and_only_one_kind_of_number() -> None:
    assert _target(Desk("grpcs://desk.example:8443").hosts()) == "dns:///desk.example:8443"
    assert _target(Desk("grpcs://[::1]:8443/").hosts()) == "dns:///[::1]:8443"
    assert _target(Desk("grpcs://10.0.0.4:8443, 10.0.0.5:1").hosts()) == "ipv4:10.0.0.4:8443,10.0.0.5:1"
    assert _target(Desk("grpcs://[::1]:1,[::2]:2").hosts()) == "ipv6:[::1]:1,[::2]:2"
    assert _target(Desk("grpcs://127.0.0.1:1,no.such.name.invalid:2").hosts()) == "ipv4:127.0.0.1:1"
    with pytest.raises(OSError):
        _target(Desk("grpcs://no.such.name.invalid:1,nor.this.invalid:2").hosts())


def test_a_home_asks_the_desk_that_it_has_joined(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = home.stamp()
    assert home.desk() is None
    home.write_desk(JOINED)
    joined = home.stamp()
    assert home.desk() == JOINED and joined != alone
    home.runtime_file.write_text("{}")  # a server of its own is none of the figures' business any more
    assert home.stamp() == joined
    monkeypatch.setenv("BASKETGEX_SERVER", "grpcs://other.example:1")
    monkeypatch.setenv("BASKETGEX_SERVER_CA", "other.pem")
    monkeypatch.setenv("BASKETGEX_SERVER_NAME", "other")
    assert home.desk() == Desk("grpcs://other.example:1", "other.pem", "other")
    assert home.stamp() != joined


@pytest.mark.parametrize("content", ["", "{", "[]", '{"server": "x"}', '{"teller": [], "no": 1}', "\ud800"])
def test_a_desk_that_cannot_be_read_is_no_reason_for_a_server_of_ones_own(home: Home, content: str) -> None:
    home.desk_file.write_bytes(content.encode("utf-8", "surrogatepass"))
    found = home.desk()
    assert found is not None
    with pytest.raises(BadAddress):
        found.hosts()
