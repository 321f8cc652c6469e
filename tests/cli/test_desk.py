"""``basketgex desk``: people and what they have spent, in a home of one's own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from basketgex_cli import desk
from basketgex_cli.main import main
from basketgex_server.api.roll import digest_of
from basketgex_server.stores.port import Departure, Leaving, Person, QuotaValue
from basketgex_server.stores.sqlite import SqliteStore
from tests.addin.web.hosts import free_port
from tests.server.servers import NOON, run

DAY = "2026-11-18"


class Desk:
    """The command in a home."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._capsys = capsys

    def said(self, *words: str) -> str:
        assert main(["--home", str(self.home), "desk", *words]) == 0
        return self._capsys.readouterr().out

    def refused(self, *words: str) -> str:
        assert main(["--home", str(self.home), "desk", *words]) == 1
        printed = self._capsys.readouterr()
        assert printed.out == ""
        return printed.err.removeprefix("basketgex: ").removesuffix("\n")

    def people(self) -> list[Person]:
        store = SqliteStore(self.home / "state.db", 30.0)
        try:
            return run(store.people())
        finally:
            store.close()


@pytest.fixture
def at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path / "home", capsys)


def test_a_token_is_shown_once_and_only_its_digest_is_kept(at: Desk) -> None:
    assert at.said("person", "list") == (
        "Nobody has a token of their own yet: run basketgex desk person add NAME.\n"
    )
    sentence, token = at.said("person", "add", "Ann").splitlines()
    assert sentence == "The token of ann, which is shown this once:"
    assert re.fullmatch(r"[\w-]{43}", token)
    (ann,) = at.people()
    assert (ann.name, ann.digest, ann.until) == ("ann", digest_of(token.encode()), None)
    assert all(token.encode() not in file.read_bytes() for file in at.home.iterdir())
    assert token not in at.said("person", "list") + at.said("person", "list", "--json")


def test_a_name_has_one_token_until_it_is_revoked(at: Desk) -> None:
    first = at.said("person", "add", "ann").splitlines()[1]
    assert at.refused("person", "add", "ANN") == (
        "ann has a token already: run basketgex desk person revoke ann first."
    )
    assert digest_of(first.encode()) == at.people()[0].digest
    assert at.said("person", "revoke", "Ann") == (
        "The token of ann is refused from now on; what was spent stays in the ledger.\n"
    )
    assert at.refused("person", "revoke", "ann") == (
        'There is no "ann": run basketgex desk person list to see all.'
    )
    assert at.said("person", "add", "ann").splitlines()[1] != first


def test_a_token_counts_through_its_last_day(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.time, "time", lambda: NOON)
    at.said("person", "add", "bob", "--until", DAY)
    assert at.people()[0].until == NOON - NOON % 86_400 + 86_400
    name, since, until = at.said("person", "list").splitlines()[-1].split()
    assert (name, since, until) == ("bob", DAY, DAY)
    (said,) = json.loads(at.said("person", "list", "--json"))["people"]
    since_, until_ = "2026-11-18T16:30:00Z", "2026-11-19T00:00:00Z"
    assert said == {"name": "bob", "since": since_, "until": until_, "debits": None}
    assert at.refused("person", "add", "cy", "--until", "2026-11-17") == (
        "--until is a day that is over: name one to come, or leave it out."
    )


def test_a_cap_of_ones_own_is_kept_and_listed(at: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    at.said("person", "add", "ann", "--debits", "1200")
    at.said("person", "add", "bob", "--debits", "0")
    assert [person.debits for person in at.people()] == [1200, 0]
    assert [line.split()[-1] for line in at.said("person", "list").splitlines()[1:]] == ["1,200", "0"]
    people = json.loads(at.said("person", "list", "--json"))["people"]
    assert [person["debits"] for person in people] == [1200, 0]
    for wrong in ("-1", "1.5", "many", "٣", "9" * 10, ""):
        with pytest.raises(SystemExit):
            main(["--home", str(at.home), "desk", "person", "add", "cy", f"--debits={wrong}"])
        assert f"{wrong!r} is no number of debits: give a whole one, such as 200" in capsys.readouterr().err
    assert len(at.people()) == 2


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 65, "ann\n", "\x1b[31mann"])
def test_a_name_that_no_table_could_show_is_refused(at: Desk, name: str) -> None:
    assert "is no name: take up to 64 letters, digits and . _ @ -, such as ann." in at.refused(
        "person", "add", name
    )


def test_what_was_spent_is_told_by_person_and_sums_to_the_ledger(at: Desk) -> None:
    at.home.mkdir()
    store = SqliteStore(at.home / "state.db", 30.0)

    async def spend() -> None:
        pool = store.pool("here", QuotaValue(0), lambda _: (False, False))
        for persons in (("ann", "bob", "ann"), ("bob", "", "")):
            call = Leaving(("A", "B", "C"), by=dict(zip("ABC", persons, strict=True)))
            await pool.depart(lambda ledger, call=call: Departure(ledger.quota, (call,)), NOON)  # type: ignore[misc]

    run(spend())
    store.close()
    lines = [line.split() for line in at.said("spent", "--day", DAY).splitlines()]
    assert lines[1:] == [
        ["ann", "0.67"],
        ["bob", "0.67"],
        ["(the", "home's", "own)", "0.67"],
        ["2", "debits", "on", DAY, "(UTC)."],
    ]
    lines = [line.split() for line in at.said("spent", "--by", "symbol", "--day", DAY).splitlines()]
    assert lines[1:] == [["A", "0.67"], ["B", "0.67"], ["C", "0.67"], ["2", "debits", "on", DAY, "(UTC)."]]
    said = json.loads(at.said("spent", "--by", "symbol", "--day", DAY, "--json"))
    assert [one["symbol"] for one in said["symbols"]] == ["A", "B", "C"]
    assert said["not_known"] + sum(one["debits"] for one in said["symbols"]) == pytest.approx(said["debits"])
    said = json.loads(at.said("spent", "--day", DAY, "--json"))
    assert (said["day"], said["debits"]) == (DAY, 2)
    assert [one["person"] for one in said["people"]] == ["ann", "bob"]
    assert said["home"] + sum(one["debits"] for one in said["people"]) == pytest.approx(2)
    assert at.said("spent", "--day", "2026-11-19") == "Nothing was spent on 2026-11-19 (UTC).\n"


def test_a_store_that_lets_nobody_in_is_named_and_not_what_cells_would_show(
    at: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASKETGEX_STORE", f"postgresql://desk@127.0.0.1:{free_port()}/basketgex")
    assert at.refused("person", "list") == (
        "The store does not let us in, or is not there: see to the setting store, and to its password "
        "(BASKETGEX_STORE_PASSWORD_FILE)."
    )
