"""Completion by the Tab key: what a shell is given, and what bash then completes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from basketgex_cli.main import MODULES, main

NAMES = {name for names in MODULES.values() for name in names}


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_and_its_options_are_in_it(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    printed = script(shell, capsys)
    assert {name for name in NAMES if name not in printed} == set()
    options = ("per-expiry", "tls-certificate", "on-flip", "purge", "strict", "home")
    assert [option for option in options if option not in printed] == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="only on systems with bash")
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("basketgex so", {"source"}),
        ("basketgex source c", {"chain-files", "cboe"}),
        ("basketgex source chain-files --f", {"--folder"}),
        ("basketgex doctor --", {"--help", "--ask", "--strict", "--json"}),
        ("basketgex completion f", {"fish"}),
        ("basketgex serve --convention d", {"dealer"}),
        ("basketgex symbol SPX --chain-file spx", {"spx.csv"}),
        ("basketgex source chain-files --folder my", {"my-chains"}),
    ],
)
def test_bash_completes(
    typed: str, completed: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "spx.csv").touch()
    (tmp_path / "my-chains").mkdir()
    (tmp_path / "my-file").touch()
    given = tmp_path / "completion.bash"
    given.write_text(script("bash", capsys))
    words = typed.split()
    lines = (
        f"source {given}",
        f"COMP_WORDS=({' '.join(words)})",
        f"COMP_CWORD={len(words) - 1}",
        "_shtab_basketgex",
        'printf "%s\\n" "${COMPREPLY[@]}"',
    )
    done = subprocess.run(
        ("bash", "-c", "\n".join(lines)), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert {line.strip() for line in done.stdout.splitlines()} == completed, done.stderr


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["completion", "tcsh"])
    assert ended.value.code == 2
    assert "argument shell: invalid choice: 'tcsh'" in capsys.readouterr().err
