"""Questions to columns and columns to answers."""

from __future__ import annotations

import pytest

from basketgex.v1 import exposure_pb2 as pb
from basketgex_addin.cells import Ask, Problem, Reply, Row
from basketgex_addin.client import codec
from basketgex_addin.client.problems import BAD_REPLY

ASKS = [Ask(("NVDA", "AMD"), (3.0, 1.0)), Ask(("AMD", "X")), Ask(("NVDA",), (0.0,))]


def response() -> pb.BatchGetBasketsResponse:
    """What a server says to ASKS: X has no data, the last basket is refused."""
    return pb.BatchGetBasketsResponse(
        symbols=pb.SymbolColumns(
            symbol=["NVDA", "AMD"],
            underlying_price=[100.0, 200.0],
            gex=[1.0, -2.0],
            dex=[3.0, 4.0],
            vex=[5.0, 6.0],
            chex=[7.0, 8.0],
            as_of=[1000.0, 1001.0],
            freshness=[pb.FRESHNESS_FRESH, pb.FRESHNESS_STALE],
            usable_open_interest=[1.0, 0.5],
        ),
        baskets=pb.BasketColumns(
            gex=[0.25, -2.0, 0.0],
            dex=[1.0, 2.0, 0.0],
            vex=[3.0, 4.0, 0.0],
            chex=[5.0, 6.0, 0.0],
            net_to_gross=[0.2, -1.0, 0.0],
            covered_weight=[1.0, 0.5, 0.0],
            negative_names=[1, 1, 0],
            negative_weight=[0.25, 1.0, 0.0],
            usable_open_interest=[0.9, 0.5, 0.0],
            as_of=[1000.0, 1001.0, 0.0],
            as_of_newest=[1001.0, 1001.0, 0.0],
            oi_as_of=[0.0, 0.0, 0.0],
            fetched_at=[1002.0, 1003.0, 0.0],
            freshness=[pb.FRESHNESS_STALE, pb.FRESHNESS_HISTORICAL, pb.FRESHNESS_UNSPECIFIED],
            client_ttl=[2.0, 60.0, 0.0],
            notice_index=[1, 0, 0],
        ),
        offsets=[0, 2, 3, 3],
        symbol_index=[0, 1, 1],
        weights=[0.75, 0.25, 1.0],
        contribution_pct=[60.0, 40.0, 100.0],
        missing_symbols=["X"],
        missing_offsets=[0, 0, 1, 1],
        missing_index=[0],
        errors=[
            pb.BasketError(
                basket=2,
                problem=pb.Problem(
                    code="invalid_weights",
                    reason="INVALID_ARGUMENT",
                    sentence="All zero.",
                    argument="weights",
                ),
            )
        ],
        origin=pb.Origin(source="sample", label="synthetic sample", synthetic=True, convention="flashalpha"),
        notices=["", "Old."],
    )


def test_questions_become_columns() -> None:
    assert codec.encode(ASKS, "FORCE") == pb.BatchGetBasketsRequest(
        symbols=["NVDA", "AMD", "X"],
        offsets=[0, 2, 4, 5],
        symbol_index=[0, 1, 1, 2, 0],
        weights=[3.0, 1.0, 0.0, 0.0, 0.0],
        equal_weight=[1],
        refresh=pb.REFRESH_FORCE,
    )


def test_columns_become_answers() -> None:
    first, second, third = codec.decode(ASKS, response())
    assert first == Reply(
        *(0.25, 1.0, 3.0, 5.0, 0.2, 1.0, 1, 0.25, 0.9, 1000.0, 1001.0, 1002.0),
        freshness="STALE",
        client_ttl=2.0,
        notice="Old.",
        source="synthetic sample",
        synthetic=True,
        convention="flashalpha",
        missing=(),
        rows=(
            Row("NVDA", 0.75, 100.0, 1.0, 3.0, 5.0, 7.0, 60.0, 1000.0, "FRESH"),
            Row("AMD", 0.25, 200.0, -2.0, 4.0, 6.0, 8.0, 40.0, 1001.0, "STALE"),
        ),
    )
    assert isinstance(second, Reply)
    assert (second.freshness, second.notice, second.missing, len(second.rows)) == (
        "HISTORICAL",
        "",
        ("X",),
        1,
    )
    assert third == Problem("invalid_weights", "All zero.", "weights", bad_input=True)


def test_a_problem_that_is_not_bad_input() -> None:
    found = response()
    found.errors[0].problem.reason = "NOT_FOUND"
    problem = codec.decode(ASKS, found)[2]
    assert isinstance(problem, Problem)
    assert not problem.bad_input


@pytest.mark.parametrize("column", ["symbol_index", "weights", "offsets", "missing_offsets"])
def test_columns_that_do_not_fit_are_problems(column: str) -> None:
    found = response()
    getattr(found, column).append(99)
    assert codec.decode(ASKS, found)[0] == BAD_REPLY


def test_an_empty_response_is_problems() -> None:
    assert codec.decode(ASKS, pb.BatchGetBasketsResponse()) == [BAD_REPLY] * 3


def test_chunks_keep_the_order_and_the_limit() -> None:
    assert codec.chunks(ASKS, most=4) == [ASKS[:2], ASKS[2:]]
    assert codec.chunks(ASKS, most=1) == [[ask] for ask in ASKS]
    assert codec.chunks(ASKS) == [ASKS]
    assert codec.chunks([]) == []
