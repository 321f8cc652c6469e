from __future__ import annotations

import numpy as np
import pytest

from basketgex_server.exposure.chain import Chain
from basketgex_server.sources.occ import chain_of, series


def made(*options: str) -> Chain:
    column = np.arange(len(options), dtype=float)
    return chain_of("AMD", 100.0, 0.0, options, column, column)


def test_a_symbol_is_the_authority() -> None:
    chain = made("AMD260717C00162500", " AMD   260717P01000000 ")
    assert chain.strike.tolist() == [162.5, 1000.0]
    assert chain.is_call.tolist() == [True, False]
    assert chain.expiry.tolist() == [1_784_318_400.0] * 2  # 2026-07-17 20:00 UTC


@pytest.mark.parametrize(
    "stray",
    [
        "AMD1260717C00100000",
        "NVDA260717C00100000",
        "AMD261317C00100000",
        "AMD260717X00100000",
        "AMD260717C0010000x",
        "AMD260717C+0100000",
        "AMD260717C٠٠١٠٠٠٠٠",
        "AMD",
        "",
    ],
)
def test_what_cannot_be_its_own_is_kept_out_and_counted(stray: str) -> None:
    chain = made("AMD260717C00100000", stray, "AMD260717P00105000")
    assert chain.strike.tolist() == [100.0, 105.0]
    assert chain.open_interest.tolist() == [0.0, 2.0]
    assert chain.other_root == 1


def test_nothing_at_all() -> None:
    assert len(made()) == 0
    assert len(made("x")) == 0


def test_a_date_that_is_none() -> None:
    assert series("AMD260230C") is None
