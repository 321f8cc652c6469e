"""What of an edited configuration is heeded, without a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from basketgex_server.configuration import Configuration
from basketgex_server.errors import BadSettings
from basketgex_server.settings import Settings, change_config, explanations, keep_source, load, shown, typed


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def begun(file: Path, environment: dict[str, str] | None = None, **given: Any) -> Configuration:
    """Return a configuration as it is when a server has just started."""
    found = Configuration(file, given, environment or {})
    keep_source(file, found.start())
    found.begun()
    return found


def edit(file: Path, text: str) -> None:
    """Write as an editor does that leaves the inode; another size or time tells that it has changed."""
    file.write_text(text)


def test_an_edit_is_heeded_once_the_file_is_at_rest(file: Path) -> None:
    configuration = begun(file)
    assert not configuration.has_settled()
    edit(file, "rate = 0.05")
    assert not configuration.has_settled()  # seen for the first time
    edit(file, "rate = 0.055")
    assert not configuration.has_settled()  # still being written
    assert configuration.has_settled()
    assert configuration.read().rate == 0.055
    assert not configuration.has_settled()


def test_a_key_file_is_looked_at_as_well(tmp_path: Path) -> None:
    key = tmp_path / "flashalpha.keys"
    configuration = Configuration(tmp_path / "config.toml", {}, {}, key_file=key)
    configuration.start()
    configuration.begun()
    key.write_text("secret")
    assert [configuration.has_settled() for _ in range(2)] == [False, True]


def test_a_file_that_cannot_be_used_changes_nothing_and_is_told(file: Path) -> None:
    edit(file, "rate = 0.05")
    configuration = begun(file)
    for text, sentence in (
        ("rate = ", "The configuration cannot be read: it must be TOML."),
        ("rate = 'much'", "rate must be a number."),
        ("", "It is empty or gone: write it again, or run basketgex stop to begin anew without it."),
    ):
        edit(file, text)
        with pytest.raises(BadSettings) as caught:
            configuration.read()
        configuration.refuse(caught.value)
        assert configuration.settings.rate == 0.05
        assert configuration.notice == (
            f"config.toml cannot be used, so the settings from before stay. {sentence}"
        )
    edit(file, "rate = 0.06")
    configuration.heed(configuration.read())
    assert (configuration.settings.rate, configuration.notice) == (0.06, "")


def test_a_lost_file_is_not_taken_for_the_sample(file: Path) -> None:
    configuration = begun(file)
    edit(file, "source = 'cboe'")
    assert configuration.read().source == "cboe"
    file.unlink()
    with pytest.raises(BadSettings, match="empty or gone"):
        configuration.read()


def test_without_a_file_from_the_start_there_are_the_defaults(file: Path) -> None:
    assert begun(file).read() == Settings()


def test_where_the_server_listens_waits_for_its_next_start(file: Path) -> None:
    configuration = begun(file)
    edit(file, "listen = '127.0.0.1:7777'\nhttp_listen = '127.0.0.1:0'\nrate = 0.05")
    configuration.heed(configuration.read())
    assert (configuration.settings.listen, configuration.settings.rate) == ("127.0.0.1:0", 0.05)
    assert configuration.notice == (
        "listen in config.toml waits for the server's next start: run basketgex stop. "
        "http_listen in config.toml waits for the server's next start: run basketgex stop."
    )
    edit(file, "rate = 0.05\nrefresh_after = 9")
    configuration.heed(configuration.read())
    assert (configuration.settings.refresh_after, configuration.notice) == (9.0, "")


def test_what_the_environment_says_still_wins_and_that_is_told(file: Path) -> None:
    edit(file, "convention = 'dealer'\nrate = 0.04")
    configuration = begun(file, {"BASKETGEX_RATE": "0.03"})
    assert configuration.notice == ""  # as it was when the server started
    edit(file, "convention = 'flashalpha'\nrate = 0.05")
    configuration.heed(configuration.read())
    assert (configuration.settings.rate, configuration.settings.convention) == (0.03, "flashalpha")
    assert configuration.notice == (
        "rate in config.toml is not heeded: BASKETGEX_RATE in the environment of the server says otherwise."
    )
    edit(file, "rate = 0.03")
    configuration.heed(configuration.read())
    assert configuration.notice == ""


def test_an_edit_is_later_than_what_the_command_line_said_of_the_source(file: Path, tmp_path: Path) -> None:
    environment = {"BASKETGEX_SOURCE": "flashalpha"}
    configuration = begun(file, environment, source="cboe", listen="127.0.0.1:0", convention=None)
    assert load(file, {}).source == "cboe"
    edit(file, "source = 'sample'\nlisten = '127.0.0.1:5'")
    configuration.heed(configuration.read())
    assert configuration.settings.source == "sample"
    assert configuration.notice == (
        "listen in config.toml is not heeded: the option --listen of the server says otherwise."
    )


def test_a_patient_server_begins_without_settings(file: Path) -> None:
    edit(file, "sauce = 1")
    configuration = Configuration(file, {}, {}, patient=True)
    assert configuration.start() == Settings()
    configuration.begun()
    sentence = 'The configuration has a key "sauce" that is not known: correct or remove it.'
    assert configuration.fault == sentence
    assert configuration.notice == f"config.toml cannot be used, so no figure is given. {sentence}"
    edit(file, "http_listen = '127.0.0.1:0'")
    configuration.heed(configuration.read())
    assert configuration.notice.startswith("http_listen in config.toml waits")
    with pytest.raises(BadSettings):
        edit(file, "sauce = 1")
        Configuration(file, {}, {}).start()


def test_settings_without_a_configuration_stay(file: Path) -> None:
    configuration = Configuration.fixed(file, Settings(rate=0.5))
    edit(file, "rate = 0.1\nsource = 'cboe'")
    assert configuration.read() == Settings(rate=0.5)


def test_each_setting_is_described(file: Path) -> None:
    edit(file, "rate = 0.05\n[rates]\nSPX = 0.04\nNDX = 3e-2")
    configuration = begun(file, {"BASKETGEX_DIVIDENDS": "implied"}, listen="127.0.0.1:0")
    found = configuration.described("file", "")
    assert list(found.by_name) == list(explanations())
    assert found["rates"] == "SPX=0.04,NDX=0.03"
    assert typed("rates", found["rates"]) == {"SPX": 0.04, "NDX": 0.03}
    given = {name: s.given_by for name, s in found.by_name.items() if s.given_by != "default"}
    assert given == {"rate": "file", "rates": "file", "dividends": "environment", "listen": "command"}
    cell_mode = found.by_name["cell_mode"]
    assert (cell_mode.value, cell_mode.default, cell_mode.choices) == (
        "prefetch",
        "prefetch",
        ("prefetch", "live"),
    )
    assert [s.name for s in found.by_name.values() if s.needs_restart] == [
        "listen",
        "tls_certificate",
        "tls_key",
        "client_ca",
        "store",
        "drain",
        "http_listen",
        "metrics_listen",
    ]


@pytest.mark.parametrize(
    ("values", "sentence", "argument"),
    [
        ({"rate": "much"}, "rate must be a number.", "rate"),
        ({"rate": "0.1", "source": "tape"}, 'source is "tape": use one of sample, chain-files, ', "source"),
        ({"sauce": "1"}, 'There is no setting "sauce": run basketgex config to see all.', "sauce"),
        ({"idle_stop": "-1"}, "idle_stop must not be negative.", "idle_stop"),
        ({"source": "chain-files"}, "source is chain-files, but chain_folder is not set", ""),
        ({"convention": "dealer"}, "not with this source", ""),
    ],
)
def test_what_cannot_be_used_is_not_written(
    file: Path, values: dict[str, str], sentence: str, argument: str
) -> None:
    def make(settings: Settings) -> None:
        if settings.convention == "dealer":
            raise BadSettings("not with this source")

    change_config(file, rate=0.05)
    before = file.read_text()
    with pytest.raises(BadSettings) as caught:
        begun(file).planned(values, (), make)
    assert caught.value.sentence.startswith(sentence) and caught.value.argument == argument
    assert file.read_text() == before


def test_a_change_keeps_every_remark(file: Path) -> None:
    text = "# mine\nrate = 0.05 # what the desk uses\nrefresh_after = 9\n\n[rates] # by index\nSPX = 0.04 # June\n"
    edit(file, text)
    configuration = begun(file)
    configuration.planned({"rate": "0.06", "cell_mode": "live"}, ["refresh_after"], lambda settings: None)()
    assert file.read_text() == (
        '# mine\nrate = 0.06 # what the desk uses\ncell_mode = "live"\n\n[rates] # by index\nSPX = 0.04 # June\n'
    )
    configuration.planned({}, list(load_names(file)), lambda settings: None)()
    assert configuration.read() == Settings()  # emptied on purpose: no lost file


def load_names(file: Path) -> set[str]:
    return {name for name in ("rate", "cell_mode", "rates") if name in file.read_text()}


@pytest.mark.parametrize("value", [0.045, 60.0, 1e-9, 1 / 3, 12, "dealer", {"BRK.B": 0.5}])
def test_what_is_shown_can_be_given(value: Any) -> None:
    name = {float: "rate", int: "max_symbols", str: "convention", dict: "rates"}[type(value)]
    assert typed(name, shown(value)) == pytest.approx(value, rel=1e-14) if value != "dealer" else True
