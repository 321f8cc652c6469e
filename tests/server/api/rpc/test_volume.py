"""GetVolumeGex through a real server: its sums, its cost, and names without a volume."""

from __future__ import annotations

import math
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

import pytest

from basketgex_server.domain import Origin, Terms
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.volume import volume_gex
from basketgex_server.settings import Settings
from basketgex_server.sources.computed import Computed
from basketgex_server.sources.sample.provider import Sample
from tests.server.api.rpc.test_shape import ask, refusal
from tests.server.servers import Clock, FakeSource, serving

NAMES, LOADS = ["NVDA", "AMD", "NOSUCH"], [3.0, 1.0, 4.0]


def test_the_sums_are_those_of_the_chains_at_no_further_call(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        basket = ask(served, "GetBasket", symbols=NAMES, weights=LOADS).basket
        calls = ask(served, "GetStatus").source_calls
        found = ask(served, "GetVolumeGex", symbols=NAMES, weights=LOADS)
        own = []
        for symbol in NAMES[:2]:
            chain = Sample().chain(symbol)
            assert chain
            made = volume_gex(chain, Terms("flashalpha", *Settings().rates_of(symbol)))
            assert made
            own.append(made)
        for name, of in (("call_gex", "call"), ("put_gex", "put"), ("open_interest_gex", "open_interest")):
            wanted = math.fsum(w * getattr(v, of) for w, v in zip((0.75, 0.25), own, strict=True))
            assert getattr(found, name) == pytest.approx(wanted)
        assert found.open_interest_gex == pytest.approx(basket.net.gex)
        assert list(found.call_volume) == [v.call_volume for v in own]
        assert list(found.put_volume) == [v.put_volume for v in own]
        s = found.standing
        assert (list(s.symbols), list(s.missing_symbols), s.covered_weight) == (NAMES[:2], ["NOSUCH"], 0.5)
        assert ask(served, "GetStatus").source_calls == calls


class Untraded:
    """The sample's chains, those of AMD without a volume."""

    def origin(self) -> Origin:
        return Origin("untraded", "chains without volumes")

    def symbols(self) -> tuple[str, ...]:
        return Sample().symbols()

    def chain(self, symbol: str) -> Chain | None:
        found = Sample().chain(symbol)
        return replace(found, volume=None) if found and symbol == "AMD" else found


def test_a_name_without_a_volume_is_left_out_and_named(tmp_path: Path) -> None:
    def source(settings: Settings, executor: Executor) -> Computed:
        return Computed(Untraded(), executor, convention="flashalpha", rate=0.045, dividend_yield=0.0)

    said = "Of AMD no volume is known: its chain has none, or nothing was traded."
    with serving(tmp_path, source=source) as served:
        found = ask(served, "GetVolumeGex", symbols=["NVDA", "AMD"])
        s = found.standing
        assert (list(s.symbols), s.covered_weight, s.notice) == (["NVDA"], 0.5, said)
        assert refusal(served, "GetVolumeGex", symbols=["AMD"]) == ("no_data", said)
    clock = Clock()
    with serving(tmp_path / "net", source=lambda *_: FakeSource(clock), now=clock) as served:
        assert refusal(served, "GetVolumeGex", symbols=["NVDA"])[0] == "not_offered"
