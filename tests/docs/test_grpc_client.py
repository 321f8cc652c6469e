"""The client that docs/grpc.md shows is run as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.serving import Server

DOCUMENT = Path(__file__).parents[2] / "docs" / "grpc.md"


def test_the_documented_python_client_runs(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert len(code.strip().splitlines()) <= 22

    with Server(tmp_path / "home"):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            env={**os.environ, "BASKETGEX_HOME": str(tmp_path / "home")},
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"net GEX [+-][\d,.]+ m USD per 1 % \(synthetic sample\)", lines[0])
    assert [line.split()[0] for line in lines[1:]] == ["AAPL", "MSFT", "NVDA"]


def test_the_documented_codes_are_those_of_the_error_tree() -> None:
    from basketgex_server import errors

    documented = set(
        re.findall(r"`([a-z]+_[a-z_]+|draining|internal)`", DOCUMENT.read_text("utf-8").split("## Errors")[1])
    )
    leaves = {
        c.code
        for c in vars(errors).values()
        if isinstance(c, type) and issubclass(c, errors.BasketgexError) and "code" in vars(c)
    }
    assert leaves - {"error", "bad_settings"} <= documented
