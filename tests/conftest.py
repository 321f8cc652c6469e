"""Where nothing may be skipped (BASKETGEX_REQUIRE_ALL=1), a skip is a failure."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import hypothesis
import pytest

# How long an example takes says more of the machine than of the code; a test as a whole has its timeout.
hypothesis.settings.register_profile("basketgex", deadline=None)
hypothesis.settings.load_profile("basketgex")

REQUIRE_ALL = os.environ.get("BASKETGEX_REQUIRE_ALL") == "1"

OTHER_PLATFORM = "only on "
"""A skip whose reason starts so ("only on Windows") is right everywhere else and stays one."""


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
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        print(f"\n{report.nodeid} failed.", flush=True)
