from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real market data beside the repository; no part of it."""
    if not SHARED.is_dir():
        pytest.skip("no real market data: ../shared/data is absent")
    return SHARED
