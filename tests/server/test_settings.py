from __future__ import annotations

import ast
import inspect
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from basketgex_server import settings
from basketgex_server.errors import BadSettings
from basketgex_server.settings import Settings, change_config, load, read_config


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
        ("source", "sampel", 'source is "sampel": use one of sample, chain-files, flashalpha, cboe.'),
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
        ("max_symbols", "", "max_symbols must be a number."),
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
        ("\xff", "The configuration cannot be read: it must be TOML."),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text(text, "latin-1")
    with pytest.raises(BadSettings) as caught:
        load(config, {})
    assert caught.value.sentence == sentence


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
    (made,) = (
        node
        for node in ast.parse(inspect.getsource(settings)).body
        if isinstance(node, ast.ClassDef) and node.name == "Settings"
    )
    explained = {
        before.target.id
        for before, after in zip(made.body, made.body[1:], strict=False)
        if isinstance(before, ast.AnnAssign)
        and isinstance(before.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
    }
    assert explained == {f.name for f in fields(Settings)}
