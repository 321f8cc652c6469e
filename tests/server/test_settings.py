from __future__ import annotations

import doctest
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from basketgex.home import Home
from basketgex_server import addresses, settings
from basketgex_server.api.rpc import servicer
from basketgex_server.errors import BadSettings
from basketgex_server.settings import SOURCES, Settings, change_config, explanations, load, read_config


def test_chosen_beats_the_environment_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("rate = 0.01\ndividend_yield = 0.01\nrefresh_after = 1\nmax_symbols = 7\n")
    environment = {"BASKETGEX_RATE": "0.02", "BASKETGEX_DIVIDEND_YIELD": "0.02", "RATE": "9"}
    found = load(config, environment, rate=0.03, dividend_yield=None)
    assert (found.rate, found.dividend_yield, found.refresh_after, found.max_symbols) == (0.03, 0.02, 1.0, 7)
    assert found.expire_after == Settings().expire_after
    assert type(found.refresh_after) is float


def test_without_anything_there_are_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "config.toml", {}) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("source", "sampel", f'source is "sampel": use one of {", ".join(SOURCES)}.'),
        (
            "source",
            "chain-files",
            "source is chain-files, but chain_folder is not set: name the folder of the chains.",
        ),
        ("convention", "broker", 'convention is "broker": use one of flashalpha, dealer.'),
        ("rate", "much", "rate must be a number."),
        ("day_count", "30/360", 'day_count is "30/360": use one of act365, bus262, bus252.'),
        ("missing_volatility", "guess", 'missing_volatility is "guess": use one of drop, fill.'),
        ("dividends", "paid", 'dividends is "paid": use one of flat, implied.'),
        ("rates", "SPX", "rates must give a number to each symbol, like SPX = 0.05."),
        ("rates", "SPX=nan", "rates: that of SPX must be a finite number."),
        ("dividend_yields", "S X=0.1", 'dividend_yields: "S X" is not a ticker: correct or clear it.'),
        ("max_symbols", "", "max_symbols must be a whole number."),
        ("max_symbols", "7.5", "max_symbols must be a whole number."),
        ("max_symbols", "1e12", "max_symbols must be a finite number, of at most 1,000,000,000."),
        ("idle_stop", "inf", "idle_stop must be a finite number, of at most 1,000,000,000."),
        ("rate", "-inf", "rate must be a finite number, of at most 1,000,000,000."),
        ("refresh_after", "0", "refresh_after must be more than 0."),
        ("refresh_after", "nan", "refresh_after must be more than 0."),
        ("max_symbols", "0", "max_symbols must be more than 0."),
        ("request_timeout", "-1", "request_timeout must be more than 0."),
        ("window_quiet", "-0.1", "window_quiet must not be negative."),
        ("idle_stop", "-1", "idle_stop must not be negative."),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    with pytest.raises(BadSettings) as caught:
        load(tmp_path / "none", {f"BASKETGEX_{name.upper()}": value})
    assert caught.value.sentence == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sauce = 'x'", 'The configuration has a key "sauce" that is not known: correct or remove it.'),
        ("source = ", "The configuration cannot be read: it must be TOML."),
        ("\nrate 0.05", "The configuration cannot be read: line 2 must be TOML, such as rate = 0.045."),
        ("a = " + "[" * 20_000, "The configuration cannot be read: it must be TOML."),
        ("\xff", "The configuration cannot be read: save config.toml as UTF-8."),
        ("max_symbols = 1e400", "max_symbols must be a whole number."),
        ("max_symbols = true", "max_symbols must be a whole number."),
        ("max_symbols = nan", "max_symbols must be a whole number."),
        ("refresh_after = inf", "refresh_after must be a finite number, of at most 1,000,000,000."),
        ("expire_after = 1e400", "expire_after must be a finite number, of at most 1,000,000,000."),
        ("rate = false", "rate must be a number."),
        ("rate = 1" + "0" * 400, "rate must be a number."),
        ("rate = 2026-07-10", "rate must be a number."),
        ("source = 5", "source must be a text, in quotes."),
        ("chain_folder = ['a']", "chain_folder must be a text, in quotes."),
        ("[rates]\nSPX = true", "rates must give a number to each symbol, like SPX = 0.05."),
        ("[rates]\nSPX = 1e400", "rates: that of SPX must be a finite number."),
        ("[rates.SPX]\nr = 1", "rates must give a number to each symbol, like SPX = 0.05."),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text(text, "latin-1")
    with pytest.raises(BadSettings) as caught:
        load(config, {})
    assert caught.value.sentence == sentence


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_what_an_editor_puts_before_the_text_is_no_part_of_it(tmp_path: Path, encoding: str) -> None:
    home = Home(tmp_path)
    home.config_file.write_text('rate = 0.05\ncell_mode = "live"\nchain_folder = "Zürich"\n', encoding)
    found = load(home.config_file, {})
    assert (found.rate, found.chain_folder, home.cell_mode()) == (0.05, "Zürich", "live")
    change_config(home.config_file, rate=0.06)
    assert load(home.config_file, {}).chain_folder == "Zürich"


def test_a_configuration_that_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(BadSettings, match=r"config.toml is no file\."):
        load(tmp_path / "config.toml", {})


def test_a_folder_of_nobody(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="chain_folder: there is no home folder of the user in"):
        Settings(chain_folder="~no-such-user/chains").folder()


def test_symbols_may_have_rates_of_their_own(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[rates]\n"^spx" = 0.05\nNDX = 0\n[dividend_yields]\nSPX = 0.015\n')
    found = load(config, {})
    assert (found.rates, found.dividend_yields) == ({"SPX": 0.05, "NDX": 0.0}, {"SPX": 0.015})
    assert load(config, {"BASKETGEX_RATES": "brk/b=0.04, NDX=0.1"}).rates == {"BRK.B": 0.04, "NDX": 0.1}
    change_config(config, source="sample")
    assert load(config, {}).rates == found.rates
    config.write_text("rates = 0.05")
    with pytest.raises(BadSettings, match="rates must give a number to each symbol"):
        load(config, {})


def test_changing_some_keys_keeps_the_others(tmp_path: Path) -> None:
    config = tmp_path / "home" / "config.toml"
    change_config(config, source="chain-files", chain_folder='C:\\chains "x"')
    change_config(config, rate=0.5)
    expected: dict[str, Any] = {"source": "chain-files", "chain_folder": 'C:\\chains "x"', "rate": 0.5}
    assert read_config(config) == expected
    assert [p.name for p in config.parent.iterdir()] == ["config.toml"]


def test_every_setting_is_explained() -> None:
    assert list(explanations()) == [f.name for f in fields(Settings)]


def test_the_examples() -> None:
    for module in (addresses, servicer, settings):
        found = doctest.testmod(module)
        assert found.attempted and not found.failed


@pytest.mark.parametrize(
    "symbol, wanted",
    [("SPX", 0.013), ("SPY", 0.013), ("RUTW", 0.013), ("NVDA", 0.0), ("BRK.B", 0.0), ("AMD", 0.02)],
)
def test_single_names_pay_nothing_unless_it_is_set(symbol: str, wanted: float) -> None:
    assert Settings(dividend_yields={"AMD": 0.02}).rates_of(symbol) == (0.045, wanted)


def test_the_yield_of_single_names_is_a_setting_of_its_own() -> None:
    chosen = Settings(dividend_yield=0.015, stock_dividend_yield=0.005, rates={"KO": 0.04})
    assert [chosen.rates_of(symbol) for symbol in ("QQQ", "KO")] == [(0.045, 0.015), (0.04, 0.005)]


@pytest.mark.parametrize(
    ("store", "sentence"),
    [
        ("postgresql://desk:secret@db/basketgex", "store has a password in it"),
        ("postgres://db/basketgex?user=desk&password=secret", "store has a password in it"),
        ("mysql://db/basketgex", "store must be empty, or an address such as"),
        ("db.example", "store must be empty, or an address such as"),
        ("postgresql://db", "store must be empty, or an address such as"),
        ("postgresql://[", "store must be empty, or an address such as"),
    ],
)
def test_a_store_is_an_address_without_a_password(store: str, sentence: str) -> None:
    with pytest.raises(BadSettings) as refused:
        Settings(store=store)
    assert refused.value.sentence.startswith(sentence)
    assert "secret" not in refused.value.sentence


def test_the_embedded_server_loads_nothing_of_a_desk() -> None:
    assert Settings().store == ""
    assert Settings(store="postgresql://desk@db.example:5433/basketgex").store
    program = (
        "import sys, basketgex_server.lifecycle; LATER = 'asyncpg', 'stores.postgres', 'prometheus', 'api.metrics', 'uvicorn'; "
        "print([m for m in sys.modules if any(n in m for n in LATER)])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
