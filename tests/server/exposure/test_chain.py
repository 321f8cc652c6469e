from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from basketgex_server.domain import DayCount
from basketgex_server.exposure.chain import AM_SETTLED, Chain, belongs, expiry_instant, rows


def make(n: int = 3, **columns: object) -> Chain:
    values: dict[str, object] = {
        "symbol": "X",
        "spot": 100.0,
        "as_of": 1_000.0,
        "strike": np.full(n, 100.0),
        "is_call": np.full(n, True),
        "expiry": np.full(n, 2_000.0),
        "volatility": np.full(n, 0.2),
        "open_interest": np.full(n, 10.0),
    }
    return Chain(**values | columns)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "column, value", [("strike", np.ones(2)), ("is_call", np.ones(4, bool)), ("expiry", np.ones((3, 1)))]
)
def test_columns_are_vectors_of_one_length(column: str, value: object) -> None:
    with pytest.raises(ValueError, match="the columns of a chain must be vectors of one length"):
        make(3, **{column: value})


@pytest.mark.parametrize(
    "day, root, wanted",
    [
        (date(2022, 12, 16), "SPXW", datetime(2022, 12, 16, 21, 0, tzinfo=UTC)),
        (date(2022, 12, 16), "SPX", datetime(2022, 12, 16, 14, 30, tzinfo=UTC)),
        (date(2022, 12, 16), "NDX", datetime(2022, 12, 16, 14, 30, tzinfo=UTC)),
        (date(2022, 12, 16), "NDXP", datetime(2022, 12, 16, 21, 0, tzinfo=UTC)),
        (date(2026, 7, 17), "RUT", datetime(2026, 7, 17, 13, 30, tzinfo=UTC)),
        (date(2026, 7, 17), "VIX", datetime(2026, 7, 17, 13, 30, tzinfo=UTC)),
        (date(2026, 7, 17), "NVDA", datetime(2026, 7, 17, 20, 0, tzinfo=UTC)),
    ],
)
def test_the_instant_of_expiry(day: date, root: str, wanted: datetime) -> None:
    assert expiry_instant(day, root) == wanted.timestamp()


def test_years_are_elapsed_time_across_a_change_of_clocks() -> None:
    before, after = expiry_instant(date(2026, 3, 6), "X"), expiry_instant(date(2026, 3, 9), "X")
    chain = make(1, as_of=before, expiry=np.array([after]))
    assert chain.years()[0] == (3 * 24 - 1) / 24 / 365


@pytest.mark.parametrize("day_count, year", [("bus262", 262), ("bus252", 252)])
def test_business_days_are_counted_from_the_chains_day_and_one_at_least(
    day_count: DayCount, year: int
) -> None:
    thursday = expiry_instant(date(2026, 7, 2), "X")  # the 3rd is a holiday, and counts all the same
    days = [date(2026, 7, 2), date(2026, 7, 3), date(2026, 7, 6), date(2026, 7, 10), date(2027, 7, 2)]
    expiry = np.array([expiry_instant(day, "X") for day in days])
    chain = make(5, as_of=thursday - 3600, expiry=expiry)
    assert (chain.years(day_count) * year).tolist() == pytest.approx([1, 1, 2, 6, 261])


def test_the_day_of_a_chain_is_new_yorks() -> None:
    evening = datetime(2026, 7, 7, 1, 0, tzinfo=UTC).timestamp()  # still Monday the 6th there
    expiry = np.array([expiry_instant(date(2026, 7, 8), "X")])
    assert make(1, as_of=evening, expiry=expiry).years("bus252")[0] == 2 / 252


def test_business_days_beyond_the_calendar_are_no_number() -> None:
    odd = np.array([np.inf, np.nan, 1e300, 2e3])
    assert np.isnan(make(4, expiry=odd).years("bus262")).tolist() == [True, True, True, False]
    assert np.isnan(make(4, as_of=1e300).years("bus262")).all()


MORNING = (
    "SPX NDX RUT VIX VIXW DJX RUI RLG RLV BKX SIXB SIXC SIXE SIXI SIXM SIXR SIXRE SIXT SIXU SIXV SIXY "
    "CBTX MBTX MGTN SPEQX SPIKE"
)
AFTERNOON = "SPXW NDXP RUTW XSP MRUT OEX XEO MXEA MXEF MXACW MXUSA MXWLD SPEQW CBTXW MBTXW XND XAU SPY AAPL"


@pytest.mark.parametrize(
    "root, hour", [(r, 13.5) for r in MORNING.split()] + [(r, 20) for r in AFTERNOON.split()]
)
def test_roots_settle_when_their_exchange_says(root: str, hour: float) -> None:
    midnight = datetime(2026, 7, 17, tzinfo=UTC).timestamp()
    assert expiry_instant(date(2026, 7, 17), root) == midnight + hour * 3600


def test_the_document_names_every_root_that_settles_in_the_morning() -> None:
    said = (Path(__file__).parents[3] / "docs/method.md").read_text("utf-8")
    table = said[said.index("| settled | roots |") :].partition("\n\n")[0]
    morning, afternoon = (
        "".join(row for row in table.splitlines() if f"| {half} |" in row) for half in ("09:30", "16:00")
    )
    assert {r for r in AM_SETTLED if f"`{r}`" in morning} == AM_SETTLED == set(MORNING.split())
    assert not {r for r in AM_SETTLED if f"`{r}`" in afternoon}


@pytest.mark.parametrize(
    "root, symbol, wanted",
    [
        ("AMD", "AMD", True),
        ("AMD1", "AMD", False),
        ("2AMD", "AMD", False),
        ("SPXW", "SPX", True),
        ("NDXP", "NDX", True),
        ("NDXP", "ND", False),
        ("CBTXW", "CBTX", True),
        ("SPEQX", "SPEQX", True),
        ("SPEQW", "SPEQX", True),
        ("SPEQW", "SPEQ", True),
        ("NDXP", "SPEQX", False),
        ("SPXP", "SPX", False),
        ("BRKB", "BRK.B", True),
        ("BRKA", "BRK.B", False),
        ("NVDA", "AMD", False),
    ],
)
def test_the_root_rule(root: str, symbol: str, wanted: bool) -> None:
    assert belongs(root, symbol) is wanted


def test_rows_are_sorted_by_what_they_lack() -> None:
    nan, inf = float("nan"), float("inf")
    chain = make(
        9,
        expiry=np.array([2e3, 1e3, 999.0, 2e3, 2e3, 2e3, 2e3, 2e3, nan]),
        volatility=np.array([0.2, 0.2, nan, nan, 0.0, inf, 0.2, nan, 0.2]),
        open_interest=np.array([5, 5, 0, 5, 5, 5, nan, -5, 5]),
    )
    found = rows(chain)
    assert found.used.nonzero()[0].tolist() == [0]
    assert found.expired.nonzero()[0].tolist() == [1, 2]
    assert found.no_volatility.nonzero()[0].tolist() == [3, 4, 5, 8]
    assert found.open_interest.tolist() == [5, 5, 0, 5, 5, 5, 0, 0, 5]
