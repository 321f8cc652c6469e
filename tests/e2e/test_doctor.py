"""basketgex doctor beside real servers: what it sees of them, what it spends, and that it leaves them alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from basketgex import __version__
from basketgex.home import Home
from basketgex_addin.calc.install import find_soffice
from tests.e2e.clocked import Clock, reply
from tests.e2e.serving import Server, environment, fresh, serving
from tests.server import keyring_file
from tests.standin.upstream import Fault, Upstream, status

COMMAND = (sys.executable, "-W", "error", "-m", "basketgex_cli")
ROOT = Path(__file__).parents[2]
Found = dict[str, dict[str, str]]


def doctor(
    home: Home, *options: str, environ: dict[str, str] | None = None, **settings: object
) -> tuple[int, Found, str]:
    """Return the exit code, what was found, and all that was printed."""
    done = subprocess.run(
        (*COMMAND, "--home", str(home.path), "doctor", "--json", *options),
        env=environment(home.path, **settings) | (environ or {}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["ok"] is (done.returncode == 0)
    return done.returncode, {check.pop("name"): check for check in told["checks"]}, done.stdout


def keyring(folder: Path, key: str = "") -> dict[str, str]:
    """The environment of a keyring in a file, with the key in it if there is one."""
    kept = folder / "keyring"
    kept.write_text(json.dumps({"basketgex/flashalpha": key} if key else {}))
    return {"PYTHON_KEYRING_BACKEND": "tests.server.keyring_file.InFile", keyring_file.VARIABLE: str(kept)}


def at_fault(found: Found) -> set[str]:
    return {name for name, check in found.items() if check["state"] == "fault"}


def test_the_libreoffice_of_this_machine(tmp_path: Path) -> None:
    if (soffice := find_soffice()) is None:
        pytest.skip("LibreOffice is not installed")
    _, found, _ = doctor(Home(tmp_path / "home"))
    assert found["LibreOffice"]["state"] == "ok"
    assert re.fullmatch(rf"LibreOffice \d+\.\d+\S* .* at {soffice}", found["LibreOffice"]["found"])
    assert found["add-in in Calc"]["state"] in ("ok", "attention")
    assert "extensions" not in found["add-in in Calc"]["found"]  # it listed them


def test_no_home_at_all(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    code, found, _ = doctor(home)
    assert code == 0
    assert found["server"]["found"] == "none runs: the first question starts one"
    assert not home.path.exists()


def test_a_running_server(tmp_path: Path) -> None:
    with Server(tmp_path / "home") as server:
        runtime = server.home.read_runtime()
        code, found, printed = doctor(server.home)
        assert server.home.server() == runtime
        token = server.home.read_token()
        assert token and token not in printed and str(server.home.token_file) not in printed
    assert code == 0
    at = f"at {server.address}, process {server.process.pid}, since 20"
    assert found["server"]["found"].startswith(at)
    assert found["versions"]["found"].startswith(f"basketgex {__version__}, server {__version__}")
    assert found["token"]["found"] == "there, for you alone"
    assert found["source"]["found"] == "synthetic sample, 70 names, invented figures"
    assert found["quota"] == {
        "state": "ok",
        "found": "0 debits used; the source does not say how many a day has.",
        "advice": "",
    }


def test_a_server_that_was_killed(tmp_path: Path) -> None:
    with Server(tmp_path / "home") as server:
        server.kill()
        assert server.home.runtime_file.exists()
        code, found, _ = doctor(server.home)
        assert not server.home.is_served()
    assert code == 0
    assert found["server"] == {
        "state": "attention",
        "found": "none runs, and the last one did not end in order",
        "advice": "Ask anything, or run basketgex serve: the next one tidies up.",
    }


def test_a_server_of_another_source(tmp_path: Path, upstream: Upstream) -> None:
    with Server(tmp_path / "home") as server:
        _, found, _ = doctor(server.home, source="flashalpha", flashalpha_base_url=upstream.url)
    assert found["source"]["found"] == "the server serves sample, the configuration says flashalpha"


def test_asking_starts_a_server_and_asks_the_source(tmp_path: Path) -> None:
    with fresh(tmp_path / "home") as home:
        code, found, _ = doctor(home, "--ask")
        assert home.server() is not None
        assert code == 0
        assert found["source"]["found"] == (
            "synthetic sample answered for SPY, as of 2026-09-16 15:45 New York"
        )


def test_nothing_is_spent_unless_told(tmp_path: Path, clock: Clock, upstream: Upstream) -> None:
    given = {"source": "flashalpha", "flashalpha_base_url": upstream.url}
    kept = keyring(tmp_path, upstream.key)
    with serving(tmp_path, clock, upstream) as server:
        for _ in range(2):
            code, found, printed = doctor(server.home, environ=kept, **given)
            assert code == 0, found
            assert found["key"]["found"].startswith("in the server's environment; ")
            assert found["source"]["found"] == "FlashAlpha, not asked since a call costs a debit"
            assert upstream.key not in printed
        assert upstream.calls == []
        code, found, printed = doctor(server.home, "--ask", environ=kept, **given)
        assert code == 0, found
        assert found["key"]["found"] == "in the server's environment, and the account knows it"
        assert found["quota"]["found"].startswith("Plan Growth: 0 debits used, 2,500 left of 2,500")
        assert found["source"]["found"].startswith("FlashAlpha answered for SPY, as of 2026-09-16 11:00 New")
        assert upstream.asked == [("SPY",)]
        assert upstream.debits == 1
        assert upstream.key not in printed


def test_a_key_that_is_refused(tmp_path: Path, clock: Clock, upstream: Upstream) -> None:
    given = {"source": "flashalpha", "flashalpha_base_url": upstream.url}
    kept = keyring(tmp_path, upstream.key)
    with serving(tmp_path, clock, upstream) as server:
        reply(server.home, "SPY")
        upstream.key = "another"
        code, found, _ = doctor(server.home, "--ask", environ=kept, **given)
        assert code == 1
        assert at_fault(found) == {"key", "quota"}
        assert found["source"]["state"] == "attention"  # its last good figures
        assert found["key"]["found"].startswith(
            "in the server's environment. FlashAlpha refused the key that the server has: "
        )
        spent = upstream.debits
        code, found, _ = doctor(server.home, environ=kept, **given)
        assert code == 0
        assert found["key"]["state"] == found["last errors"]["state"] == "attention"
        assert (
            found["key"]["found"]
            == "in the server's environment, but the server's last call found it wrong or missing"
        )
        assert upstream.debits == spent


def test_no_key(tmp_path: Path, upstream: Upstream) -> None:
    given = {"source": "flashalpha", "flashalpha_base_url": upstream.url}
    code, found, _ = doctor(Home(tmp_path / "home"), environ=keyring(tmp_path), **given)
    assert code == 1
    assert at_fault(found) == {"key"}
    assert found["key"]["found"] == "there is none"
    assert upstream.calls == []


def test_a_source_that_fails(tmp_path: Path, clock: Clock, upstream: Upstream) -> None:
    given = {"source": "flashalpha", "flashalpha_base_url": upstream.url}
    kept = keyring(tmp_path, upstream.key)
    upstream.script(Fault(), status(500, b"down"))  # to the account, to the source
    with serving(tmp_path, clock, upstream) as server:
        code, found, _ = doctor(server.home, "--ask", environ=kept, **given)
        assert code == 1
        assert at_fault(found) == {"source"}
        assert found["source"]["found"].startswith("asked for SPY: ")
        code, found, _ = doctor(server.home, environ=kept, **given)
        assert code == 0
        assert ". The server's last problem: " in found["source"]["found"]
