"""Where nothing may be skipped, a skip fails: the promise of .ci/run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SKIPS = """
import pytest

def test_in_its_body():
    pytest.skip("no Calc")

@pytest.mark.skipif(True, reason="no data")
def test_by_its_mark():
    pass

@pytest.mark.skip(reason="only on Windows")
def test_of_another_platform():
    pass

@pytest.mark.xfail
def test_expected_to_fail():
    assert False
"""


@pytest.mark.parametrize(
    ("require_all", "summary"),
    [("0", "3 skipped, 1 xfailed"), ("1", "1 failed, 1 skipped, 1 xfailed, 1 error")],
)
def test_a_skip_fails_where_all_is_required(tmp_path: Path, require_all: str, summary: str) -> None:
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    (tmp_path / "test_skips.py").write_text(SKIPS)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "BASKETGEX_REQUIRE_ALL": require_all},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert summary in run.stdout.splitlines()[-1], run.stdout
