"""BASKETVOLUMEGEX: what it asks, and what its cell shows."""

from __future__ import annotations

from typing import Any

import pytest

from basketgex_addin.cells import BadInput
from basketgex_addin.cells.shape import VolumeGex
from basketgex_addin.functions import BY_NAME
from basketgex_addin.functions.volume import VolumeGexOf
from tests.addin.shown import render
from tests.addin.test_shape import ASK, NAMES, STANDING

FOUND = VolumeGex(3e9, -1e9, 10e9, ((5.0, 7.0),), STANDING, 60.0)


def test_what_the_arguments_ask() -> None:
    function = BY_NAME["BASKETVOLUMEGEX"]

    def asked(*arguments: Any) -> tuple[Any, Any]:
        given = function.given(arguments)
        return function.kind.question(given), function.kind.option(given)

    assert asked(NAMES) == (VolumeGexOf(ASK), None)
    assert asked(NAMES, None, ((0.5,),)) == (VolumeGexOf(ASK), 0.5)  # one call serves both
    for share in (-0.1, 1.1, "half", True):
        with pytest.raises(BadInput) as refused:
            asked(NAMES, None, ((share,),))
        assert refused.value.problem.code == "invalid_share"


def test_what_the_cell_shows() -> None:
    assert render("BASKETVOLUMEGEX", FOUND, None) == 2e9
    assert render("BASKETVOLUMEGEX", FOUND, 0.0) == 10e9
    assert render("BASKETVOLUMEGEX", FOUND, 0.25) == 10.5e9
