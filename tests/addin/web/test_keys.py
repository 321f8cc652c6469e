"""Tickets are good once, for a minute, for one host; the key says nothing of the token."""

from __future__ import annotations

import pytest

from basketgex_addin.web.keys import TICKET_LASTS, Tickets, key, make_ticket

KEY = key("token")


class Clock:
    at = 1_000.0

    def __call__(self) -> float:
        return self.at


def test_a_ticket_is_good_once() -> None:
    tickets, ticket = Tickets("boot"), make_ticket(KEY, "boot")
    assert tickets.take(KEY, ticket)
    assert not tickets.take(KEY, ticket)
    assert tickets.take(KEY, make_ticket(KEY, "boot"))


def test_a_ticket_ends() -> None:
    clock = Clock()
    tickets = Tickets("boot", clock)
    early, late = make_ticket(KEY, "boot", clock), make_ticket(KEY, "boot", clock)
    clock.at += TICKET_LASTS
    assert tickets.take(KEY, early)
    clock.at += 1
    assert not tickets.take(KEY, late)
    assert not tickets.take(KEY, early)


def test_a_ticket_is_for_one_host_and_one_key() -> None:
    ticket = make_ticket(KEY, "boot")
    assert not Tickets("other boot").take(KEY, ticket)
    assert not Tickets("boot").take(key("rotated"), ticket)
    assert not Tickets("boot").take(key("token", "office"), ticket)


@pytest.mark.parametrize("forged", ["", ".", "..", "a.b.c", "é", "abc.99999999999.", "abc.nan." + "0" * 64])
def test_a_forged_ticket_is_refused(forged: str) -> None:
    assert not Tickets("boot").take(KEY, forged)


def test_a_longer_life_is_forged_too() -> None:
    nonce, until, seal = make_ticket(KEY, "boot").split(".")
    assert not Tickets("boot").take(KEY, f"{nonce}.{int(until) + 1}.{seal}")


def test_the_key_is_none_of_the_tokens() -> None:
    assert "token" not in key("token")
    assert len({key("token"), key("token", "office"), key("other")}) == 3
