"""The commands, in this process where they need no server of their own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from basketgex.home import Home
from basketgex_addin.client import BasketClient, ServerStatus
from basketgex_addin.template_files import TEMPLATES
from basketgex_cli.main import main
from basketgex_server.settings import read_config
from tests.e2e.serving import COMMAND, Server, environment
from tests.server import keyring_file

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with Server(tmp_path_factory.mktemp("cli") / "home") as server:
        yield server.home.path


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([str(a) for a in arguments]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([str(a) for a in arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


def test_basket_as_json_has_the_shape_of_the_rest_reply_in_doubles(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(
        said(capsys, "--home", home, "basket", "AAPL,MSFT,ZZZZ", "--weights", "3,1,4", "--json")
    )

    assert found["constituent_count"] == 2
    assert found["missing_symbols"] == ["ZZZZ"]
    assert found["as_of"] == "2026-09-16T19:45:00Z"
    assert [c["weight"] for c in found["constituents"]] == [0.75, 0.25]
    for measure in ("net_gex", "net_dex", "net_vex", "net_chex"):
        mean = sum(c["weight"] * c[measure] for c in found["constituents"])
        assert found["aggregate"][measure] == pytest.approx(mean, rel=1e-12)
    assert sum(c["contribution_pct"] for c in found["constituents"]) == pytest.approx(100)
    assert found["synthetic"] is True


def test_the_signed_shares_of_a_table_add_up_to_net_over_gross(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(said(capsys, "--home", home, "basket", "NVDA,AAPL,IWM", "--json"))
    heads, *rows = said(capsys, "--home", home, "basket", "NVDA,AAPL,IWM").splitlines()[:5]

    assert " signed share   balance  regime" in heads
    ends = r"([+-][\d.]+)% +([+-][\d.]+)%  (positive|negative) gamma(, near flip)?$"
    shown = {row.split()[0]: re.search(ends, row) for row in rows[:3]}
    whole = re.search(ends.removeprefix(r"([+-][\d.]+)% +"), rows[-1])
    assert whole and float(whole[1]) == pytest.approx(100 * found["balance"], abs=0.051)
    assert bool(whole[3]) == found["near_flip"] == (abs(found["balance"]) < 0.05)
    for constituent in found["constituents"]:
        share = shown[constituent["symbol"]]
        assert share is not None
        assert abs(float(share[1])) == pytest.approx(constituent["contribution_pct"], abs=0.051)
        assert share[1].startswith("-") == (share[3] == "negative") == (constituent["net_gex"] < 0)
        assert constituent["regime"] == f"{share[3]}_gamma"
        assert float(share[2]) == pytest.approx(100 * constituent["balance"], abs=0.051)
        assert bool(share[4]) == constituent["near_flip"]
    total = sum(float(share[1]) for share in shown.values() if share)
    assert total == pytest.approx(100 * found["net_to_gross"], abs=0.2)
    assert {share[3] for share in shown.values() if share} == {"positive", "negative"}


def test_basket_as_a_table_names_what_is_missing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = said(capsys, "--home", home, "basket", "NVDA,ZZZZ")

    assert printed.splitlines()[-3:-1] == [
        "No data: ZZZZ.",
        "As of 2026-09-16 15:45 New York, SYNTHETIC (synthetic sample), convention flashalpha (DEX, VEX, CHEX: open "
        "interest, plain sum).",
    ]
    assert printed.splitlines()[-1].startswith("Usable open interest: 9")


def test_too_little_usable_open_interest_is_flagged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "2026-07-10"
    folder.mkdir()
    rows = ["AMD260717C00500000,0.4,300", "AMD260717P00500000,,100"]
    (folder / "AMD.csv").write_text("\n".join(["option,iv,open_interest", *rows]))
    (folder / "underlyings.json").write_text('{"AMD": {"underlying_price": 500.0}}')
    with Server(tmp_path / "home", source="chain-files", chain_folder=folder):
        printed = said(capsys, "--home", tmp_path / "home", "basket", "AMD")
    assert printed.splitlines()[-1] == "Usable open interest: 75.0% (below 90%)."


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["AA+PL"], '"AA+PL" is not a ticker: correct or clear it.'),
        (
            ["AAPL", "--weights", "1,2"],
            "1 symbols but 2 weights: give one weight beside each symbol, or none at all.",
        ),
        (["AAPL,MSFT", "--weights", "0,0"], "The weights are all zero: give at least one name a weight."),
        (["AAPL", "--weights", "much"], "--weights must be numbers, comma-separated."),
        (["ZZZZ"], "The source has no data for ZZZZ: check the spelling."),
    ],
)
def test_a_basket_that_cannot_be_answered_ends_in_a_sentence(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert refused(capsys, "--home", home, "basket", *arguments) == f"basketgex: {sentence}\n"


def test_symbol_from_the_server_has_calls_and_puts_apart(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check(json.loads(said(capsys, "--home", home, "symbol", "spx", "--json")), "SPX")


def test_symbol_from_a_chain_file_needs_no_server(
    tmp_path: Path, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = shared_data / "chains" / "cboe_csv" / "spx_2022-12-12.csv"
    arguments = (
        "--home",
        tmp_path,
        "symbol",
        "SPX",
        "--chain-file",
        file,
        "--rate",
        0,
        "--dividend-yield",
        0,
        "--json",
    )

    found = json.loads(said(capsys, *arguments))

    check(found, "SPX")
    assert found["measures"]["gex"]["net"] == pytest.approx(-2.7650e9, abs=5e4)
    assert found["as_of"] == "2022-12-13T01:30:00Z"
    assert (found["rows"]["used"], found["rows"]["expired"], found["rows"]["no_volatility"]) == (
        13160,
        286,
        1167,
    )
    assert not Home(tmp_path).lock.exists()


def test_symbol_from_a_basket_folder_takes_spot_and_moment_from_beside_the_file(
    tmp_path: Path, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = shared_data / "chains" / "basket_2026-07-10" / "AAPL.csv.gz"

    found = json.loads(said(capsys, "--home", tmp_path, "symbol", "AAPL", "--chain-file", file, "--json"))

    assert found["underlying_price"] == 315.32000732421875
    assert found["as_of"] == "2026-07-10T20:00:00Z"


def test_implied_dividend_yields_come_with_their_quality(
    tmp_path: Path, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = shared_data / "chains" / "basket_2026-07-10" / "AMD.csv.gz"
    arguments = ("--home", tmp_path, "symbol", "AMD", "--chain-file", file, "--per-expiry")
    flat, implied = (
        json.loads(said(capsys, *arguments, "--dividends", name, "--json")) for name in ("flat", "implied")
    )
    assert "forwards" not in flat and flat["measures"]["dex"]["net"] != implied["measures"]["dex"]["net"]
    assert [row["expires_at"] for row in implied["forwards"]] == [
        row["expires_at"] for row in implied["per_expiry"]
    ]
    assert {row["trusted"] for row in implied["forwards"]} == {True, False}
    text = said(capsys, *arguments, "--dividends", "implied")
    assert "dividend yield   pairs    spread" in text
    assert text.count("% *") == sum(not row["trusted"] for row in implied["forwards"])
    assert "* Too few pairs, too far apart, or no yield that can be: not computed with." in text
    assert implied["spot_status"] == "agrees" and "Stale spot" not in text


def test_a_stale_spot_is_said_with_what_was_done(
    tmp_path: Path, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = shared_data / "chains" / "cboe_csv" / "spy_2025-05-16.csv"
    arguments = ("--home", tmp_path, "symbol", "SPY", "--chain-file", file, "--per-expiry")
    flat = json.loads(said(capsys, *arguments, "--json"))
    found = json.loads(said(capsys, *arguments, "--dividends", "implied", "--json"))
    assert "spot_status" not in flat and {row["dividend_yield"] for row in flat["per_expiry"]} == {0.013}
    assert found["spot_status"] == "stale_spot"
    assert found["underlying_price"] / flat["underlying_price"] - 1 == pytest.approx(found["spot_correction"])
    assert all(0.003 < row["dividend_yield"] < 0.005 for row in found["per_expiry"])
    assert (
        "Stale spot: the price was of another moment than the quotes, and was put right by +0.78%."
        in said(capsys, *arguments, "--dividends", "implied")
    )


def check(found: dict[str, Any], symbol: str) -> None:
    assert found["symbol"] == symbol
    assert found["convention"] == "flashalpha"
    for sides in found["measures"].values():
        assert sides["call"] + sides["put"] == pytest.approx(sides["net"], rel=1e-12)
    assert found["measures"]["gex"]["call"] > 0 > found["measures"]["gex"]["put"]


def test_what_belongs_to_a_chain_file_is_refused_without_one(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = refused(capsys, "--home", home, "symbol", "SPX", "--rate", "0.05")

    assert sentence == "basketgex: --rate goes with --chain-file: a server has its own settings.\n"


def test_status_says_what_serves_and_what_it_has_spent(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(said(capsys, "--home", home, "status", "--json"))

    assert found["serving"] is True and found["source"] == "sample" and found["seats"] == 50
    assert found["debits_today"] >= 0


def test_status_starts_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = said(capsys, "--home", tmp_path, "status")

    assert printed == "No server is running. It starts with the first question, or with basketgex serve.\n"
    assert not Home(tmp_path).is_served()


def test_source_is_kept_in_the_homes_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "chains"
    folder.mkdir()
    said(
        capsys, "--home", tmp_path, "source", "chain-files", "--folder", folder, "--as-of", "2026-07-10T16:00"
    )

    kept = {"source": "chain-files", "chain_folder": str(folder), "chain_as_of": "2026-07-10T16:00"}
    assert read_config(Home(tmp_path).config_file) == kept


def test_the_terms_of_cboe_are_named_when_it_is_switched_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, "--home", tmp_path, "source", "cboe") == (
        "The source is now cboe.\n"
        "Cboe's delayed quotes are 15 minutes late and for personal, non-commercial use under the terms on cboe.com: "
        "do not pass them on.\n"
    )
    assert read_config(Home(tmp_path).config_file) == {"source": "cboe"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--folder", "/nowhere-at-all"],
            'there is no folder "nowhere-at-all". Name the folder of the chains.',
        ),
        (
            ["--folder", ".", "--as-of", "garbage"],
            '--as-of is "garbage": write it like 2026-07-10T16:00.',
        ),
    ],
)
def test_a_source_that_would_not_start_is_not_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert refused(capsys, "--home", tmp_path, "source", "chain-files", *arguments).endswith(f"{sentence}\n")
    assert read_config(Home(tmp_path).config_file) == {}


def test_what_serve_was_told_is_kept_for_the_next_start(tmp_path: Path, shared_data: Path) -> None:
    folder = shared_data / "chains" / "basket_2026-07-10"
    command = (*COMMAND, "--source", "chain-files", "--folder", str(folder), "--convention", "dealer")
    with Server(tmp_path / "home", command=command) as server:
        server.kill()
    with Server(tmp_path / "home") as again:
        status = BasketClient(again.home).status()
    assert isinstance(status, ServerStatus)
    assert (status.source, status.label, status.convention) == (
        "chain-files",
        "chains in basket_2026-07-10",
        "dealer",
    )


def test_a_second_serve_says_which_of_its_options_are_not_served(tmp_path: Path) -> None:
    def second(*options: str) -> tuple[str, str]:
        done = subprocess.run(
            (*COMMAND, *options),
            env=environment(server.home.path),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout, done.stderr

    def sentence(names: str) -> str:
        return (
            f"basketgex: This home is served already, but not with the given {names}: "
            "end that server with basketgex stop, then serve again.\n"
        )

    first = (*COMMAND, "--convention", "dealer", "--http-listen", "127.0.0.1:0")
    with Server(tmp_path / "home", command=first) as server:
        line = json.dumps(server.ready) + "\n"
        port = server.ready["http"].rpartition(":")[2]
        assert second() == (line, "")
        same = ("--source", "sample", "--convention", "dealer", "--listen", "localhost:0")
        assert second(*same, "--http-listen", f"127.0.0.1:{port}") == (line, "")
        for options, names in (
            (("--source", "flashalpha"), "--source"),
            (("--folder", str(tmp_path)), "--folder"),
            (("--as-of", "2026-07-10T16:00"), "--as-of"),
            (("--convention", "flashalpha", "--listen", "127.0.0.1:1"), "--convention and --listen"),
            (("--http-listen", "127.0.0.1:1"), "--http-listen"),
        ):
            assert second(*options) == (line, sentence(names))
    assert read_config(server.home.config_file) == {"convention": "dealer"}


def test_the_key_goes_from_standard_input_to_the_keyring_and_is_not_shown(tmp_path: Path) -> None:
    kept, key = tmp_path / "keyring", "fa-test-4d1c88b2e0"
    backend = {"PYTHON_KEYRING_BACKEND": "tests.server.keyring_file.InFile", keyring_file.VARIABLE: str(kept)}

    def run(action: str, typed: str = "") -> tuple[int, str, str]:
        done = subprocess.run(
            (sys.executable, "-m", "basketgex_cli", "--home", str(tmp_path / "home"), "key", action),
            env=environment(tmp_path / "home") | backend,
            cwd=ROOT,
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert not any(key[i : i + 6] in done.stdout + done.stderr for i in range(len(key) - 5))
        return done.returncode, done.stdout, done.stderr

    assert run("set", f"  {key}\n") == (0, "The key is in the keyring.\n", "")
    assert json.loads(kept.read_text()) == {"basketgex/flashalpha": key}
    bad = "basketgex: This cannot be a FlashAlpha key: copy it again, without spaces or line breaks.\n"
    for typed in (f"{key} {key}\n", "\n", ""):
        assert run("set", typed) == (1, "", bad)
    assert json.loads(kept.read_text()) == {"basketgex/flashalpha": key}
    assert run("clear") == (0, "The key is gone from the keyring.\n", "")
    assert json.loads(kept.read_text()) == {}
    assert run("clear") == (0, "There was no key in the keyring.\n", "")
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and key in path.read_text("latin-1")]


def test_a_start_that_fails_says_why_in_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = Home(tmp_path / "home")
    home.create()
    home.config_file.write_text("souce = 'sample'\n")
    sentence = 'The configuration has a key "souce" that is not known: correct or remove it.'
    assert refused(capsys, "--home", home.path, "serve") == f"basketgex: {sentence}\n"
    assert sentence in home.log_file.read_text()


def test_a_home_that_is_a_file_ends_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "home").write_text("")
    for command in (["basket", "AAPL"], ["serve"], ["status"]):
        assert main(["--home", str(tmp_path / "home"), *command]) in (0, 1)
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err and str(tmp_path) not in printed.err


def test_a_launch_command_that_is_gone_is_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path / "home")
    home.write_launch(["/gone/python", "serve"], ())
    assert "NVDA" in said(capsys, "--home", home.path, "basket", "NVDA")
    said(capsys, "--home", home.path, "stop")


def test_a_source_that_cannot_be_used_is_not_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sentence = refused(capsys, "--home", tmp_path, "source", "chain-files")

    assert sentence == (
        "basketgex: source is chain-files, but --folder is not given: name the folder of the chains.\n"
    )
    assert read_config(Home(tmp_path).config_file) == {}


def test_stop_ends_the_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Server(tmp_path / "home") as server:
        assert said(capsys, "--home", tmp_path / "home", "stop") == "The server has ended.\n"
        assert server.process.wait(30) == 0
    assert said(capsys, "--home", tmp_path / "home", "stop") == "No server is running.\n"


def test_the_token_is_changed_only_while_nobody_serves(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Home(tmp_path).token()
    said(capsys, "--home", tmp_path, "token", "rotate")
    assert Home(tmp_path).token() != before
    assert "stop it first" in refused(capsys, "--home", home, "token", "rotate")


def test_templates_are_copied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copied = said(capsys, "templates", "--to", tmp_path).split()
    assert copied == sorted(str(tmp_path / f"{name}.xlsx") for name in TEMPLATES)
    assert all(Path(path).is_file() for path in copied)


def test_a_reader_that_stops_reading_is_no_failure(home: Path) -> None:
    command = f"{sys.executable} -m basketgex_cli basket {','.join(['AAPL'] * 500)} --json | head -c 1"
    done = subprocess.run(
        command, shell=True, env=environment(home), capture_output=True, text=True, timeout=60
    )

    assert (done.stdout, done.stderr) == ("{", "")
