"""The one setting that a program changes by a line: nothing else of the file may become another."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from basketgex.cell_modes import Unwritable, with_mode, write_mode
from basketgex.home import CELLS_LIVE, CELLS_PREFETCH, Home

TEXTS = {
    "nothing": "",
    "no end of line": "rate = 0.05",
    "a remark": "# cell_mode = 'live'\nrate = 0.05\n",
    "another mode": '# mine\ncell_mode = "prefetch"  # why\nrate = 0.05\n',
    "single quotes": "cell_mode='prefetch'\r\nrate = 0.05\r\n",
    "no text": "cell_mode = 3\n",
    "a table": "rate = 0.05\n[rates]\nSPX = 0.05\n",
    "a table alone": "[rates]\nSPX = 0.05\n",
    "one of a table": '[dividend_yields]\ncell_mode = "live"\n',
    "in a text": 'chain_folder = """\ncell_mode = "live"\n"""\n',
    "in quotes": '"cell_mode" = "prefetch"\n',
}
UNWRITABLE = {"no text", "one of a table", "in a text", "in quotes"}
"""Forms that nobody types: they are refused, and stay as they are."""


@pytest.mark.parametrize("name", TEXTS)
def test_all_else_stays_as_it_was(name: str) -> None:
    text = TEXTS[name]
    try:
        changed = with_mode(text, CELLS_LIVE)
    except Unwritable:
        assert name in UNWRITABLE
        return
    assert tomllib.loads(changed) == tomllib.loads(text) | {"cell_mode": CELLS_LIVE}
    assert [line for line in text.splitlines() if "mode" not in line] == [
        line for line in changed.splitlines() if "mode" not in line
    ]
    assert changed.count("#") == text.count("#")


def test_a_file_that_is_no_configuration_stays(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    write_mode(home, CELLS_LIVE)
    assert home.cell_mode() == CELLS_LIVE
    write_mode(home, CELLS_PREFETCH)
    assert home.config_file.read_text() == 'cell_mode = "prefetch"\n'
    for broken in (b"rate = \n", b"\xff\xfe\xfd"):
        home.config_file.write_bytes(broken)
        with pytest.raises(Unwritable):
            write_mode(home, CELLS_LIVE)
        assert home.config_file.read_bytes() == broken
