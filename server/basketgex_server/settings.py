"""Every setting, its environment variable, its key in ``config.toml`` and its default: in one file.

The key is the field's name, the variable ``BASKETGEX_`` and the name in capitals. The environment wins over the file.
"""

from __future__ import annotations

import ast
import inspect
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from basketgex.files import decoded, write_whole
from basketgex.home import CELLS_LIVE, CELLS_PREFETCH, Home
from basketgex_server.domain import CONVENTIONS, DAY_COUNT, DAY_COUNTS, Convention, DayCount
from basketgex_server.errors import BadSettings, InvalidSymbol
from basketgex_server.shown import one_line, quoted
from basketgex_server.tickers import ticker
from basketgex_server.underlyings import INDEXES_AND_ETFS

SOURCES = ("sample", "chain-files", "flashalpha", "cboe")
MISSING_VOLATILITY = ("drop", "fill")
DIVIDENDS = ("flat", "implied")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "source": SOURCES,
    "convention": CONVENTIONS,
    "day_count": DAY_COUNTS,
    "missing_volatility": MISSING_VOLATILITY,
    "dividends": DIVIDENDS,
    "cell_mode": (CELLS_PREFETCH, CELLS_LIVE),
}
"""The settings that are one of a few words."""
PREFIX = "BASKETGEX_"
_LINE = re.compile(r"line \d+")
MOST = 1_000_000_000
"""No number of the settings is larger: seconds of thirty years, and more symbols than there are."""
KEPT = ("source", "chain_folder", "chain_as_of", "convention")
"""What is written to the configuration once it is served: see keep_source."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one home. Times in seconds, rates continuously compounded per year."""

    source: str = "sample"
    """Where figures come from: sample, chain-files, flashalpha or cboe."""
    chain_folder: str = ""
    """The folder of chain-files."""
    chain_as_of: str = ""
    """The moment of that folder's chains which do not carry one: ISO 8601, New York time where no zone is given."""
    flashalpha_base_url: str = "https://lab.flashalpha.com"
    """The address of the FlashAlpha service; its key is no setting (see sources/flashalpha/keys.py)."""
    cboe_base_url: str = "https://cdn.cboe.com/api/global/delayed_quotes/options"
    """The address of Cboe's delayed quotes."""
    missing_volatility: str = "drop"
    """What becomes of open interest without a volatility: drop, or fill from the price or the smile."""
    convention: Convention = "flashalpha"
    """The sign of the put side: flashalpha or dealer."""
    rate: float = 0.045
    """The interest rate."""
    dividend_yield: float = 0.013
    """The dividend yield of indices and ETFs."""
    stock_dividend_yield: float = 0.0
    """The dividend yield of every other symbol: of single names, most of which pay little or nothing."""
    rates: Mapping[str, float] = field(default_factory=dict)
    """Interest rates of symbols that have their own: a table in the file, SPX=0.05,NDX=0.04 in the environment."""
    dividend_yields: Mapping[str, float] = field(default_factory=dict)
    """Dividend yields of symbols that have their own, likewise."""
    dividends: str = "flat"
    """Dividend yields are flat, as set here, or implied: each expiry's from put-call parity, where that can be trusted."""
    day_count: DayCount = DAY_COUNT
    """How years to expiry are counted: act365, or business days: bus262, bus252."""
    refresh_after: float = 60.0
    """A figure older than this is refreshed behind the answer."""
    expire_after: float = 900.0
    """A figure older than this is waited for."""
    missing_ttl: float = 600.0
    """How long a symbol without data is not asked for again."""
    window_quiet: float = 0.010
    """A call leaves when no new symbol came for so long,"""
    window_longest: float = 0.050
    """or when the first has waited for so long."""
    max_symbols: int = 1_000
    """Distinct symbols in one basket."""
    max_calls_per_request: int = 12
    """Metered source calls that one request may cause without an explicit refresh."""
    max_calls_per_hour: int = 50
    """Metered calls an hour for explicit refreshes, as many for new names and for levels; of a small quota a fiftieth."""
    reserve: int = 50
    """Debits of a day that are kept back for explicit requests; of a small quota at most a tenth."""
    person_debits: int = 0
    """Debits of a day that each person with a token of their own may spend; 0: as many as there are."""
    desk_debits: int = 0
    """Debits of a day that all may spend together, where the key is used elsewhere too; 0: as many as there are."""
    history_days: float = 400.0
    """How long snapshots are kept: all of them for 30 days at most, then the last of each day."""
    chain_days: float = 7.0
    """How long chains are kept, one a day and symbol, so that changes can be taken apart; 0: none are."""
    client_ttl: float = 30.0
    """How long a client may answer from a reply that no clock makes old."""
    request_timeout: float = 30.0
    """The deadline of a call that comes without one."""
    idle_stop: float = 1_800.0
    """The server ends when nobody asked for so long; 0: never. One that shares its store never does."""
    cell_mode: str = CELLS_PREFETCH
    """How spreadsheets get their values: prefetch or live. Read by the add-in, not by the server."""
    listen: str = "127.0.0.1:0"
    """Where the server listens; port 0: any free one."""
    tls_certificate: str = ""
    """PEM file; needed beyond loopback."""
    tls_key: str = ""
    """PEM file; needed beyond loopback."""
    client_ca: str = ""
    """PEM file of the authority of which clients from elsewhere must have a certificate; empty: they need none."""
    store: str = ""
    """Where figures and debits are kept: empty for this home alone, or postgresql://USER@HOST/DATABASE, which servers share."""
    drain: float = 20.0
    """Seconds for which a server that shares its store, told to end, waits for its calls under way."""
    http_listen: str = ""
    """Where the REST gateway listens, on loopback; empty: there is none."""
    metrics_listen: str = ""
    """Where /metrics, /livez and /readyz are told: in the clear on loopback, beyond it with TLS; empty: nowhere."""
    web_listen: str = "127.0.0.1:8737"
    """Where basketgex web listens, on loopback; a port that is taken means any free one. Read by that, not by the server."""

    def __post_init__(self) -> None:
        """Refuse values that cannot be used."""
        for name, known in CHOICES.items():
            if (value := getattr(self, name)) not in known:
                raise BadSettings(f"{name} is {quoted(value)}: use one of {', '.join(known)}.")
        if self.source == "chain-files" and not self.chain_folder:
            raise BadSettings(
                "source is chain-files, but chain_folder is not set: name the folder of the chains."
            )
        check_path(self.chain_folder)
        check_store(self.store)
        for name in ("rates", "dividend_yields"):
            for symbol, value in getattr(self, name).items():
                if not math.isfinite(value):
                    raise BadSettings(f"{name}: that of {symbol} must be a finite number.")
        for name in (
            "refresh_after",
            "expire_after",
            "client_ttl",
            "request_timeout",
            "max_symbols",
            "max_calls_per_request",
            "max_calls_per_hour",
        ):
            if not getattr(self, name) > 0:
                raise BadSettings(f"{name} must be more than 0.")
        for name in (
            "reserve",
            "person_debits",
            "desk_debits",
            "missing_ttl",
            "window_quiet",
            "window_longest",
            "history_days",
            "chain_days",
            "idle_stop",
            "drain",
        ):
            if not getattr(self, name) >= 0:
                raise BadSettings(f"{name} must not be negative.")
        for name in (f.name for f in fields(self) if isinstance(f.default, int | float)):
            if not abs(getattr(self, name)) <= MOST:
                raise BadSettings(f"{name} must be a finite number, of at most {MOST:,}.")

    @property
    def implied(self) -> bool:
        """Tell whether chains get the dividend yields that put-call parity means."""
        return self.dividends == "implied"

    @property
    def filled(self) -> bool:
        """Tell whether chains get the volatilities that they lack."""
        return self.missing_volatility == "fill"

    def folder(self) -> Path:
        """Return the folder of chain-files, without a ``~``. Raises BadSettings."""
        try:
            return Path(self.chain_folder).expanduser()
        except RuntimeError:
            raise BadSettings(
                f"chain_folder: there is no home folder of the user in {quoted(self.chain_folder)}: write the path in full."
            ) from None

    def rates_of(self, symbol: str) -> tuple[float, float]:
        """Return the rate and the dividend yield that a symbol's figures are computed with."""
        common = self.dividend_yield if symbol in INDEXES_AND_ETFS else self.stock_dividend_yield
        return self.rates.get(symbol, self.rate), self.dividend_yields.get(symbol, common)


def load(config: Path, environment: Mapping[str, str] = os.environ, **chosen: Any) -> Settings:
    """Return the settings: ``chosen`` wins over the environment, the environment over the file, the file over defaults.

    ``chosen`` values that are None count as not chosen. Raises BadSettings.
    """
    return combined(read_config(config), environment, **chosen)


def combined(
    written: Mapping[str, Any], environment: Mapping[str, str] = os.environ, **chosen: Any
) -> Settings:
    """Return the settings as ``load`` does, from what a file says. Raises BadSettings."""
    values = dict(written)
    known = {f.name: f for f in fields(Settings)}
    for name in values:
        if name not in known:
            raise BadSettings(
                f"The configuration has a key {quoted(name)} that is not known: correct or remove it."
            )
    for name in known:
        if (text := environment.get(PREFIX + name.upper())) is not None:
            values[name] = text
    values |= {name: value for name, value in chosen.items() if value is not None}
    if is_of_another_folder(written, values.get("chain_folder")) and chosen.get("chain_as_of") is None:
        values["chain_as_of"] = environment.get(f"{PREFIX}CHAIN_AS_OF", "")
    return replace(Settings(), **{name: typed(name, value) for name, value in values.items()})


def check_store(store: str) -> None:
    """Raise BadSettings where a store is none, or where its address has a password in it."""
    if not store:
        return
    try:
        url = urlsplit(store)
        known = url.scheme in ("postgresql", "postgres") and bool(url.path.strip("/"))
        has_password = url.password is not None or "password" in parse_qs(url.query)
    except ValueError:
        known = has_password = False
    if not known:
        raise BadSettings(
            "store must be empty, or an address such as postgresql://desk@db.example/basketgex."
        )
    if has_password:
        raise BadSettings(
            "store has a password in it: take it out, and give it by BASKETGEX_STORE_PASSWORD_FILE, PGPASSFILE or PGPASSWORD."
        )


def check_path(path: str) -> None:
    """Raise BadSettings where a path cannot be written on one line, as the configuration and answers do."""
    if one_line(path) != path:
        raise BadSettings(
            "The path has a character that cannot be shown, such as a line break: rename the folder."
        )


def read_config(config: Path) -> dict[str, Any]:
    """Return what the configuration file says; nothing where there is no file. Raises BadSettings."""
    try:
        if not config.exists():
            return {}
        if not config.is_file():  # a pipe would be waited for
            raise BadSettings("The configuration cannot be read: config.toml is no file.")
        import tomllib  # a start without a file does not wait for it

        return tomllib.loads(decoded(config.read_bytes()))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BadSettings("The configuration cannot be read: check that config.toml is yours.") from error
    except UnicodeDecodeError as error:
        raise BadSettings("The configuration cannot be read: save config.toml as UTF-8.") from error
    except (ValueError, RecursionError) as error:
        at = _LINE.search(str(error))
        where = f": {at[0]} must be TOML, such as rate = 0.045." if at else ": it must be TOML."
        raise BadSettings(f"The configuration cannot be read{where}") from error


def change_config(config: Path, remove: Iterable[str] = (), **values: Any) -> None:
    """Write some keys of the configuration file, or remove some, and keep the others, their order and every remark."""
    import tomlkit

    Home(config.parent).create()
    read_config(config)  # raises what is wrong with it in our words
    document = tomlkit.parse(decoded(config.read_bytes()) if config.exists() else "")
    for name in remove:
        document.pop(name, None)
    document.update(values)
    write_whole(config, tomlkit.dumps(document))


def is_of_another_folder(written: Mapping[str, Any], folder: str | None) -> bool:
    """Tell whether what a file says of the moment of chains was said of another folder than the one to come."""
    before = written.get("chain_folder")
    return bool(folder and before and written.get("chain_as_of")) and folder != before


def keep_source(config: Path, settings: Settings) -> None:
    """Write the source that is served to the configuration, however it was chosen: a later start goes on with it."""
    kept = read_config(config)
    chosen = {name: getattr(settings, name) for name in KEPT}
    default = Settings()
    if changed := {n: v for n, v in chosen.items() if v != kept.get(n, getattr(default, n))}:
        change_config(config, **changed)


def absolute(path: Path) -> str:
    """Return a path in full. Raises BadSettings where its ``~`` is nobody's, or it cannot be shown."""
    try:
        found = str(path.expanduser().absolute())
    except RuntimeError:
        raise BadSettings(
            f"There is no home folder of the user in {quoted(str(path))}: write the path in full."
        ) from None
    check_path(found)
    return found


def explanations() -> dict[str, str]:
    """Return what is said of each setting where it is defined: one place for each fact."""
    made = next(n for n in ast.parse(inspect.getsource(Settings)).body if isinstance(n, ast.ClassDef))
    return {
        before.target.id: str(after.value.value)
        for before, after in pairwise(made.body)
        if isinstance(before, ast.AnnAssign)
        and isinstance(before.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
    }


def shown(value: Any) -> str:
    """Return a setting's value as the environment would give it.

    >>> shown({"SPX": 0.05, "NDX": 0.04}), shown(60.0), shown(0.045)
    ('SPX=0.05,NDX=0.04', '60', '0.045')
    """
    if isinstance(value, Mapping):
        return ",".join(f"{name}={shown(number)}" for name, number in value.items())
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def typed(name: str, value: Any) -> Any:
    """Return what a file, the environment or a person gives for a setting as the setting's own type. Raises BadSettings."""
    default = getattr(Settings(), name)
    if isinstance(default, dict):
        return _by_symbol(name, value)
    if isinstance(default, str):
        if not isinstance(value, str):
            raise BadSettings(f"{name} must be a text, in quotes.")
        return value
    whole = isinstance(default, int)
    try:
        number = _number(value)
        if whole and number != int(number):
            raise ValueError
    except (TypeError, ValueError, OverflowError) as error:
        raise BadSettings(f"{name} must be a {'whole ' if whole else ''}number.") from error
    return int(number) if whole else number


def _number(value: Any) -> float:
    """Return what a file or the environment gives as a number. Raises TypeError, ValueError and OverflowError."""
    if isinstance(value, bool):  # Python takes true for 1
        raise TypeError
    return float(value)


def _by_symbol(name: str, value: Any) -> dict[str, float]:
    """Return numbers by ticker, from a table or from a text like SPX=0.05,NDX=0.04."""
    if isinstance(value, str):
        value = dict(pair.partition("=")[::2] for pair in value.split(",") if pair.strip())
    try:
        return {ticker(symbol): _number(number) for symbol, number in value.items()}
    except InvalidSymbol as error:
        raise BadSettings(f"{name}: {error.sentence}") from error
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise BadSettings(f"{name} must give a number to each symbol, like SPX = 0.05.") from error
