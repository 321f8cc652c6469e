"""``basketgex source`` as it is typed: what it says of a folder, and whose moment counts."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from basketgex.home import Home
from basketgex_addin.cells import Ask, Reply
from basketgex_addin.client import BasketClient
from basketgex_server.settings import read_config
from tests.e2e.commands import refused, said
from tests.e2e.serving import COMMAND, Server

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
HEADINGS = "option,open_interest,iv,underlying_price"


def chain(symbol: str, *, interest: object = 1000, expiry: str = "260320") -> str:
    rows = [f"{symbol}{expiry}{side}00255000,{interest},0.3,255" for side in "CP"]
    return "\n".join([HEADINGS, *rows, ""])


@pytest.fixture
def shared_data() -> Path:
    if not SHARED.is_dir():
        pytest.skip("no real market data: ../shared/data is absent")
    return SHARED


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def answered(home: Path, symbol: str) -> Reply:
    with closing(BasketClient(Home(home), 60.0)) as client:
        found = client.ask(Ask((symbol,)))
    assert isinstance(found, Reply), found
    return found


def test_a_folder_is_looked_at(home: Path, shared_data: Path) -> None:
    folder = shared_data / "chains" / "basket_2026-07-10"
    assert said(home, "source", "chain-files", "--folder", str(folder)).splitlines() == [
        f"The source is now chain-files, the folder {folder}.",
        "13 chains in basket_2026-07-10, none refused, as of 2026-07-10 16:00 New York.",
    ]
    assert said(home, "source") == f"The source is chain-files, the folder {folder}.\n"


def test_each_refusal_has_its_reason(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, text in {
        "AAPL_2026-03-19.csv": chain("AAPL"),
        "MSFT_2026-03-18.csv": chain("MSFT"),
        "META.csv": chain("META"),
        "NVDA_2026-03-19.csv": chain("NVDA", interest=0),
        "QQQ_2026-03-21.csv": chain("QQQ"),
        "AMD_2026-03-19.csv": chain("AMZN"),
        "GOOG_2026-03-19.json": '{"data": {"options": [',
        "SPY_2026-03-19.csv.gz": "no gzip",
        "notes.txt": "",
    }.items():
        (folder / name).write_text(text)
    lines = said(home, "source", "chain-files", "--folder", str(folder)).splitlines()
    assert lines[1] == (
        "2 chains in mine, 6 refused, as of 2026-03-18 16:00 New York to 2026-03-19 16:00 New York (mixed)."
    )
    told = dict(line.strip().split(": ", 1) for line in lines[2:])
    assert told.pop("Found under no symbol, and not read") == "notes.txt."
    assert list(told) == ["AMD", "GOOG", "META", "NVDA", "QQQ", "SPY"]
    assert told["NVDA"] == "No contract of NVDA has open interest and time left."
    assert told["QQQ"] == "No contract of QQQ has open interest and time left."
    assert told["META"].startswith("META.csv does not say when its chain is from: name it with its day")
    assert told["SPY"] == "SPY_2026-03-19.csv.gz cannot be unpacked: it is cut short or is not gzip."
    assert told["AMD"] == 'AMD_2026-03-19.csv has no option of AMD: its first is "AMZN260320C00255000".'


def test_an_empty_folder_and_many_refusals(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    lines = said(home, "source", "chain-files", "--folder", str(folder)).splitlines()
    assert lines[1].startswith("There is no chain in mine yet")
    for number in range(25):
        (folder / f"A{chr(65 + number)}.csv").write_text("nothing")
    lines = said(home, "source", "chain-files", "--folder", str(folder)).splitlines()
    assert lines[1] == "0 chains in mine, 25 refused."
    assert (len(lines), lines[-1]) == (23, "  and 5 more")


def test_what_was_said_of_one_folder_is_not_taken_for_the_next(home: Path, shared_data: Path) -> None:
    first, second = (shared_data / "cases" / "sticky-as-of" / day for day in ("day1", "day2"))
    lines = said(
        home, "source", "chain-files", "--folder", str(first), "--as-of", "2026-03-18T16:00"
    ).splitlines()
    taken = "--as-of 2026-03-18T16:00 is the moment of files that carry none, neither within nor as a day in their name."
    assert lines[1:] == ["1 chain in day1, none refused, as of 2026-03-18 16:00 New York.", taken]
    assert said(home, "source").splitlines()[1:] == [taken]
    said(home, "source", "sample")
    with Server(home):
        lines = said(home, "source", "chain-files", "--folder", str(second)).splitlines()
        assert lines[1:] == [
            "--as-of 2026-03-18T16:00 is forgotten: it was said of the folder before.",
            "1 chain in day2, none refused, as of 2026-03-19 16:00 New York.",
        ]
        assert answered(home, "AAPL").as_of == 1773950400.0  # 2026-03-19 16:00 New York
    assert read_config(Home(home).config_file) == {"source": "chain-files", "chain_folder": str(second)}


@pytest.mark.parametrize("way", ["source", "config", "serve"])
def test_whichever_way_the_folder_changes(home: Path, tmp_path: Path, way: str) -> None:
    for day, name in (("one", "AAPL.csv"), ("two_2026-03-19", "AAPL.csv"), ("three", "AAPL_2026-03-17.csv")):
        (tmp_path / day).mkdir()
        (tmp_path / day / name).write_text(chain("AAPL"))
    one, two, three = (str(tmp_path / day) for day in ("one", "two_2026-03-19", "three"))
    said(home, "source", "chain-files", "--folder", one, "--as-of", "2026-03-16T12:00")
    close = {two: 1773950400.0, three: 1773777600.0}
    for folder in (two, three):
        command = COMMAND
        if way == "source":
            said(home, "source", "chain-files", "--folder", folder)
        elif way == "config":
            said(home, "config", "set", "chain_folder", folder)
        else:
            command = (*COMMAND, "--source", "chain-files", "--folder", folder)
        with Server(home, command=command):
            assert answered(home, "AAPL").as_of == close[folder]
        assert not read_config(Home(home).config_file).get("chain_as_of")


def test_the_same_folder_keeps_what_was_said_of_it(home: Path, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "AAPL.csv").write_text(chain("AAPL"))
    folder = str(tmp_path / "one")
    said(home, "source", "chain-files", "--folder", folder, "--as-of", "2026-03-16T12:00")
    for arguments in ([], ["--folder", folder + "/"]):
        lines = said(home, "source", "chain-files", *arguments).splitlines()
        assert lines[1] == "1 chain in one, none refused, as of 2026-03-16 12:00 New York."
    lines = said(home, "source", "chain-files", "--as-of", "").splitlines()
    assert lines[1] == "0 chains in one, 1 refused."


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sample", "--folder", "."], "--folder and --as-of go with chain-files, not with sample."),
        (
            ["flashalpha", "--as-of", "2026-03-16"],
            "--folder and --as-of go with chain-files, not with flashalpha.",
        ),
        (["--folder", "."], "Say basketgex source chain-files with --folder and --as-of."),
        (
            ["chain-files", "--folder", "nowhere"],
            'there is no folder "nowhere". Name the folder of the chains.',
        ),
        (["chain-files", "--folder", ".", "--as-of", "noon"], "write it like 2026-07-10T16:00."),
        (
            ["chain-files", "--folder", "new\nline"],
            "a character that cannot be shown, such as a line break: rename the folder.",
        ),
        (["chain-files", "--folder", "\udcff/x"], "such as a line break: rename the folder."),
        (["chain-files", "--folder", "~no-such-user/x"], "write the path in full."),
    ],
)
def test_what_cannot_be_a_source(home: Path, arguments: list[str], sentence: str) -> None:
    assert refused(home, "source", *arguments).endswith(sentence)
    assert read_config(Home(home).config_file) == {}


def test_a_source_that_the_environment_sets_is_said(home: Path) -> None:
    found = said(home, "source", environ={"BASKETGEX_SOURCE": "cboe"}).splitlines()
    assert found[0] == "The source is cboe, by BASKETGEX_SOURCE."
