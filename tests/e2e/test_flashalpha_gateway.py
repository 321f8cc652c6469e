"""A published figure on its whole way: the service, the source, the cell, the gateway, and back to the digit."""

from __future__ import annotations

from pathlib import Path

import httpx

from basketgex_addin.cells import Ask, Reply
from basketgex_addin.client import BasketClient
from tests.addin.shown import render
from tests.e2e.serving import COMMAND, Server
from tests.standin.upstream import Figures, Upstream


def test_a_price_that_a_cell_has_asked_for_is_not_paid_for_again_with_the_levels(tmp_path: Path) -> None:
    with Upstream() as upstream:
        settings = {
            "source": "flashalpha",
            "flashalpha_base_url": upstream.url,
            "flashalpha_api_key": upstream.key,
        }
        command = (*COMMAND, "--http-listen", "127.0.0.1:0")
        with Server(tmp_path / "home", command=command, **settings) as server:
            client = BasketClient(server.home)
            assert isinstance(client.ask(Ask(("NVDA", "AMD"))), Reply)
            client.close()
            url, key = f"http://{server.ready['http']}/v1/exposure", server.home.token()
            with httpx.Client(trust_env=False, headers={"X-Api-Key": key}, timeout=30) as http:
                for path in (
                    "levels/NVDA",
                    "summary/NVDA",
                    "levels/AMD",
                    "levels/NVDA",
                    "basket?symbols=AMD",
                ):
                    assert http.get(f"{url}/{path}").status_code == 200, path
        called = [call.path.removeprefix("/v1/exposure/") for call in upstream.calls]
        assert called == ["basket", "levels/NVDA", "levels/AMD"]
        assert upstream.debits == 3


def test_the_recorded_spy_figures_come_out_of_the_gateway_as_they_went_in(tmp_path: Path) -> None:
    with Upstream() as upstream:
        upstream.published["SPY"] = Figures(246.01, -2633970601, -169419489077, 152461756844, -13122349)
        settings = {
            "source": "flashalpha",
            "flashalpha_base_url": upstream.url,
            "flashalpha_api_key": upstream.key,
        }
        command = (*COMMAND, "--http-listen", "127.0.0.1:0")
        with Server(tmp_path / "home", command=command, **settings) as server:
            client = BasketClient(server.home)
            found = client.ask(Ask(("SPY",)))
            client.close()
            url = f"http://{server.ready['http']}/v1/exposure/basket?symbols=SPY"
            with httpx.Client(trust_env=False, headers={"X-Api-Key": server.home.token()}) as http:
                reply = http.get(url, timeout=30).json()
        assert upstream.debits == 1

    assert isinstance(found, Reply)
    assert render("BASKETVEX", found) == 1_524_617_568.44
    assert "CHEX as published" in str(render("BASKETSTATUS", found))
    (row,) = reply["constituents"]
    for figures in (row, reply["aggregate"]):
        assert [figures[f"net_{m}"] for m in ("gex", "dex", "vex", "chex")] == [
            -2633970601,
            -169419489077,
            152461756844,
            -13122349,
        ]
        assert all(isinstance(figures[f"net_{m}"], int) for m in ("gex", "dex", "vex", "chex"))
    assert reply["basketgex"]["chex"] == "as published"
