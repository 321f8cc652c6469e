"""Where nothing may be skipped (BASKETGEX_REQUIRE_ALL=1), a skip is a failure; what drives other programs is tried again."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# A process that is forked with a poller at work starts one of its own, and aborts: grpc's issue 43055. Before grpc is loaded.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"

# A machine that stands still is none of a test's matter: what is about the hosts' deadline names its own.
os.environ["BASKETGEX_DEADLINE"] = "60"

# How long an example takes says more of the machine than of the code; a test as a whole has its timeout.
hypothesis.settings.register_profile("basketgex", deadline=None)
hypothesis.settings.load_profile("basketgex")

REQUIRE_ALL = os.environ.get("BASKETGEX_REQUIRE_ALL") == "1"

HERE = Path(__file__).parent
DRIVEN = (HERE / "e2e", HERE / "windows", HERE / "cli", HERE / "server", HERE / "addin" / "web")
"""Whole programs against the hosts' own deadlines of some seconds: Calc, Chromium, Wine, servers. A machine that stands still
for so long fails them; they are tried again after a rest, twice at most, and the summary says so.
``-p no:rerunfailures`` turns it off."""

REST = 5
"""Seconds before another try: what stood still may not have come round yet."""

SHOWN = 3_000
"""Characters of the first try's failure, from its end."""

OTHER_PLATFORM = "only on "
"""A skip whose reason starts so ("only on Windows") is right everywhere else and stays one."""


def pytest_configure(config: pytest.Config) -> None:
    if not config.pluginmanager.hasplugin("rerunfailures"):
        config.addinivalue_line("markers", "flaky: is tried again where pytest-rerunfailures is at work")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in DRIVEN):
            item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=REST))


def _refuse(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not (REQUIRE_ALL and report.skipped) or hasattr(report, "wasxfail"):
        return
    location = report.longrepr
    reason = location[2] if isinstance(location, tuple) else str(location)
    reason = reason.removeprefix("Skipped: ")
    if not reason.startswith(OTHER_PLATFORM):
        report.outcome = "failed"
        report.longrepr = f"Skipped, where nothing may be: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, pytest.TestReport]:
    report: pytest.TestReport = yield
    _refuse(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, pytest.CollectReport]:
    report: pytest.CollectReport = yield
    _refuse(report)
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Say at once what failed: a run that is cut off has no summary."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        return
    if report.failed:
        print(f"\n{report.nodeid} failed.", flush=True)
    elif report.outcome == "rerun":  # no later summary shows why
        print(f"\n{report.nodeid} failed, and is tried again:\n{report.longreprtext[-SHOWN:]}", flush=True)
