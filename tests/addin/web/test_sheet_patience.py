"""Each batch of a page's cells is a calculation of its own."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import pytest

from basketgex.home import Home
from basketgex_addin.cells import Question, Quota
from basketgex_addin.client import BasketClient
from basketgex_addin.patience import SLOW
from basketgex_addin.web.sheet import Sheet

DEADLINE = 4 * SLOW
QUOTA = Quota("Basic", 100, 1, 99, False, 0.0, 0)


class _Slow(BasketClient):
    """Every answer takes a quarter of the deadline, or a little more."""

    def ask(self, question: Question[Any]) -> Any:
        Event().wait(1.1 * SLOW)
        return QUOTA


@pytest.mark.parametrize("name", ["BASKETQUOTA", "BASKETEXPLAIN"])
def test_what_earlier_batches_waited_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("basketgex_addin.web.sheet.SIDE_BY_SIDE", 1)  # the same thread for all
    sheet = Sheet(_Slow(Home(tmp_path), DEADLINE), Home(tmp_path))
    try:
        for batch in range(8):
            given = [b'[["BASKETQUOTA",[]]]'] if name == "BASKETEXPLAIN" else []
            [found] = sheet.evaluate("page", [(name, given, f"A{batch}")])
            assert found == "OK" or isinstance(found, list), found
    finally:
        sheet.close()
