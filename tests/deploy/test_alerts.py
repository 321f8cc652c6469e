"""The alarms that are shipped speak of metrics that a server has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.server.metered import Samples, Watched, write_certificate

ALERTS = Path(__file__).parents[2] / "deploy" / "desk" / "alerts.yml"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"] for rule in group["rules"]
]
SELECTED = re.compile(r"(basketgex_\w+)(?:\{([^}]*)\})?")
LABEL = re.compile(r'(\w+)="(\w+)"')


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samples]:
    """What a server with a certificate and a quota tells."""
    folder = tmp_path_factory.mktemp("alerts")
    certificate, key = write_certificate(folder)
    with ExitStack() as stack:
        watched = Watched(stack, folder / "home", tls_certificate=certificate, tls_key=key)
        watched.ask("SPY")
        yield watched.probe.samples()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_metric_of_an_alarm_is_told(rule: dict[str, Any], told: Samples) -> None:
    selected = {(name, frozenset(LABEL.findall(labels))) for name, labels in SELECTED.findall(rule["expr"])}
    assert selected
    assert selected <= told.keys()
    assert rule["annotations"].keys() == {"summary", "description"}


def test_what_may_not_go_unnoticed_has_an_alarm() -> None:
    named = {name for rule in RULES for name, _ in SELECTED.findall(rule["expr"])}
    assert named >= {
        "basketgex_debits_left",
        "basketgex_store_up",
        "basketgex_certificate_expires_seconds",
        "basketgex_certificate_current",
        "basketgex_debits_total",
    }
    assert {rule["alert"]: rule.get("for") for rule in RULES}["BasketgexStoreDown"] == "1m"
