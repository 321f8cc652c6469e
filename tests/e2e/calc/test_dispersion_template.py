"""The implied correlation of the template dispersion in a real Calc: the client's, in words too, and why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from basketgex.home import Home
from basketgex_addin.cells import Dispersion
from basketgex_addin.client import BasketClient
from tests.e2e.calc.harness import Calc
from tests.e2e.calc.opened import Opened, close, nothing_is_wrong, opened_template, percent
from tests.e2e.clocked import Clock
from tests.standin.upstream import Upstream
from workbook_templates.build import path
from workbook_templates.dispersion import volatility as said
from workbook_templates.dispersion.contents import HORIZON, INDEX, MEMBERS
from workbook_templates.dispersion.layout import FIRST_MEMBER, FIRST_SHOWN, SEATS, SHOWN

FRONT, LISTED = "Dispersion", "Members"
EXAMPLE = dict(MEMBERS)
FIGURES, SENTENCE, LARGEST = "C18:I18", "B19", "B20"
NONE = ["–"] * 5


@pytest.fixture
def dispersion(calc: Calc, source: str) -> Iterator[Opened]:
    with opened_template(calc, "dispersion", source) as opened:
        yield opened


def answered(opened: Opened, members: dict[str, float], horizon: float = HORIZON) -> Dispersion:
    found = opened.client.dispersion(INDEX, tuple(members), tuple(members.values()), horizon=horizon)
    assert isinstance(found, Dispersion), found
    return found


def check(opened: Opened, members: dict[str, float], horizon: float = HORIZON) -> Dispersion:
    """The row, its two sentences, the members' last two columns, and what stands elsewhere on the sheet."""
    found = answered(opened, members, horizon)
    correlation, index, mean, independent = found[:4]
    low, high = found.correlation_low, found.correlation_high
    assert None not in (index, mean, independent, low, high)
    first = f"{low:.2f} to {high:.2f}" if correlation is None else close(correlation)
    assert opened.row(FRONT, FIGURES) == [
        horizon, first, *map(close, (index, mean, independent, found.index_covered)), ", ".join(found.missing),
    ]  # fmt: skip
    inside = f"lies between {percent(independent)}, were its members independent, and {percent(mean)}, did they move as one."
    outside = f"lies outside {percent(independent)} to {percent(mean)}: index and members are quoted at odds."
    if correlation is None:
        assert opened.cell(FRONT, SENTENCE) == (
            f"Implied correlation at {horizon:g} days lies between {low:.2f} and {high:.2f}: the members "
            f"with a volatility are {percent(found.index_covered)} of the index, which is too little for a number."
        )
    else:
        assert opened.cell(FRONT, SENTENCE) == (
            f"Implied correlation at {horizon:g} days is {correlation:.2f}: the index's volatility of {percent(index)} "
            + (inside if 0 <= correlation <= 1 else outside)
        )
    listed = [
        f"{name} {value / mean:.0%}".replace("%", " %") for name, value in found.contributions[: said.NAMED]
    ]
    assert opened.cell(FRONT, LARGEST) == (
        f"The largest contributions to the members' volatility: {', '.join(listed)}."
    )
    own = dict(found.contributions)
    rows = opened.calc.cells(opened.document, FRONT, f"B{FIRST_SHOWN + 1}:L{FIRST_SHOWN + SHOWN}")
    shown = {
        str(name): last for name, *_, volatility, share in rows if (last := (volatility, share))[0] != ""
    }
    assert shown == {name: (close(own[name]), close(own[name] / mean)) for name, *_ in rows if name in own}
    assert len(shown) == min(len(own), SHOWN)

    # Of whole chains, as elsewhere on the sheet from the names' net figures.
    assert opened.cell(FRONT, "I8") == close(found.net_to_gross)
    assert str(opened.cell(FRONT, "B12")).endswith(
        f": {', '.join(found.opposed)}." if found.opposed else "index."
    )
    return found


def alone(opened: Opened, *names: str) -> None:
    """Leaves a few members, of weight 1 each."""
    blank = {
        f"{column}{row}": "" for column in "BC" for row in range(FIRST_MEMBER + 1, FIRST_MEMBER + 1 + SEATS)
    }
    opened.put(LISTED, blank)
    for row, name in enumerate(names, FIRST_MEMBER + 1):
        opened.put(LISTED, {f"B{row}": name, f"C{row}": 1.0})


def test_it_shows_what_the_client_is_answered(dispersion: Opened) -> None:
    found = check(dispersion, EXAMPLE)
    assert bool(found.missing) == (dispersion.source == "chains")


def test_a_changed_horizon_and_weight_change_it(dispersion: Opened) -> None:
    first = check(dispersion, EXAMPLE)
    dispersion.put(FRONT, {"C18": 90.0})
    later = check(dispersion, EXAMPLE, 90.0)
    dispersion.put(LISTED, {f"C{FIRST_MEMBER + 1}": 50.0})
    heavier = check(dispersion, EXAMPLE | {"NVDA": 50.0}, 90.0)
    assert len({found.correlation_low for found in (first, later, heavier)}) == 3
    assert first.implied_correlation is None  # the example's weights add up to 61 % of the index
    assert heavier.index_covered > 0.9 or heavier.missing


def test_a_member_without_a_volatility_is_named(sample: Callable[[str], Opened]) -> None:
    opened = sample("dispersion")
    opened.put(LISTED, {f"B{FIRST_MEMBER + 1}": "ZZZZ"})
    found = check(opened, {"ZZZZ": EXAMPLE["NVDA"]} | {n: w for n, w in MEMBERS if n != "NVDA"})
    assert found.missing == ("ZZZZ",) and found.index_covered < 0.9
    assert opened.row(FRONT, FIGURES)[-1] == "ZZZZ"


@pytest.mark.parametrize("horizon", [0.0, -5.0, 3651.0, "", "soon"])
def test_a_horizon_that_is_none_is_told(sample: Callable[[str], Opened], horizon: float | str) -> None:
    opened = sample("dispersion")
    opened.put(FRONT, {"C18": horizon})
    assert opened.row(FRONT, FIGURES) == [horizon, *NONE, ""]
    assert [opened.cell(FRONT, cell) for cell in (SENTENCE, LARGEST)] == [said.NO_HORIZON, ""]
    nothing_is_wrong(opened)


def test_one_member_has_no_correlation(sample: Callable[[str], Opened]) -> None:
    opened = sample("dispersion")
    alone(opened, "NVDA")
    found = answered(opened, {"NVDA": 1.0})
    index, mean = found.index_volatility, found.basket_volatility
    assert opened.row(FRONT, FIGURES) == [HORIZON, "–", *map(close, (index, mean, mean, 1.0)), ""]
    assert opened.cell(FRONT, SENTENCE) == said.TOO_FEW
    assert opened.cell(FRONT, LARGEST) == "The largest contributions to the members' volatility: NVDA 100 %."


def test_members_that_are_not_the_index_are_told(sample: Callable[[str], Opened]) -> None:
    opened = sample("dispersion")
    calm = ("JNJ", "SO")
    found = answered(opened, dict.fromkeys(calm, 50.0))
    assert found.implied_correlation is not None and found.implied_correlation > 1
    alone(opened, *calm)
    opened.put(LISTED, {f"C{row}": 50.0 for row in (FIRST_MEMBER + 1, FIRST_MEMBER + 2)})
    check(opened, dict.fromkeys(calm, 50.0))


def test_an_index_or_members_without_data_say_why(sample: Callable[[str], Opened]) -> None:
    opened = sample("dispersion")
    opened.put(LISTED, {"C4": "ZZZZ"})
    assert opened.row(FRONT, FIGURES) == [HORIZON, *NONE, ""]
    assert opened.cell(FRONT, SENTENCE) == "The source has no data for ZZZZ: check the spelling."
    assert opened.column(FRONT, f"K{FIRST_SHOWN + 1}:K{FIRST_SHOWN + SHOWN}") == [""] * SHOWN
    opened.put(LISTED, {"C4": INDEX})
    alone(opened, "YYYY")
    assert opened.row(FRONT, FIGURES) == [HORIZON, *NONE, ""]
    assert opened.cell(FRONT, SENTENCE) == "The source has no data for YYYY: check the spelling."


def test_a_source_of_net_figures_says_why_there_is_none(calc: Calc, service: tuple[Upstream, Clock]) -> None:
    client = BasketClient(Home(calc.home))
    with calc.document(path("dispersion")) as document:
        opened = Opened("dispersion", "flashalpha", calc, document, client)
        assert opened.row(FRONT, FIGURES) == [HORIZON, *NONE, ""]
        assert (
            opened.cell(FRONT, SENTENCE) == "This source has no option chains, so no volatilities to compare."
        )
        assert opened.cell(FRONT, LARGEST) == ""
        assert isinstance(opened.cell(FRONT, "I8"), float)
        nothing_is_wrong(opened)
    assert service[0].debits == 1
    client.close()
