"""Pictures: what they show, by the text of their SVG, and the sentence where there is none."""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from basketgex_addin import palette
from basketgex_cli.main import main
from basketgex_cli.plot import figures
from basketgex_server.exposure.levels import Levels, levels
from basketgex_server.settings import Settings
from basketgex_server.sources.sample.provider import Sample
from tests.e2e.serving import Server
from tests.server.servers import Clock, FakeSource, serving
from workbook_templates import look


def levels_of(symbol: str) -> Levels:
    settings, chain = Settings(), Sample().chain(symbol)
    found = chain and levels(chain, settings.convention, *settings.rates_of(symbol))
    assert found
    return found


NVDA, AAPL, DUK = map(levels_of, ("NVDA", "AAPL", "DUK"))
FLIP = f"gamma flip {NVDA.gamma_flip:.2f}"
SVG = "{http://www.w3.org/2000/svg}"
NO_FIGURES = "basketgex: The source has no data for ZZZZ: check the spelling.\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with Server(tmp_path_factory.mktemp("plot") / "home") as server:
        yield server.home.path


@pytest.fixture(autouse=True)
def fonts(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's own settings of matplotlib are looked for."""
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path_factory.getbasetemp()))


def texts(home: Path, out: Path, *arguments: str) -> list[str]:
    """Draw an SVG and return its texts."""
    file = out / "picture.svg"
    assert main(["--home", str(home), "plot", *arguments, "-o", str(file)]) == 0
    root = ElementTree.parse(file).getroot()
    assert root.tag == f"{SVG}svg"
    return ["".join(text.itertext()).strip() for text in root.iter(f"{SVG}text")]


def refused(capsys: pytest.CaptureFixture[str], home: Path, *arguments: object) -> str:
    assert main(["--home", str(home), "plot", *map(str, arguments)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


@pytest.mark.parametrize("what", ["profile", "strikes", "basket"])
def test_a_png_is_1600_pixels_wide_and_its_name_is_printed(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    file = tmp_path / "picture.PNG"
    assert main(["--home", str(home), "plot", what, "NVDA", "--out", str(file)]) == 0
    made = file.read_bytes()
    assert made[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", made[16:24])
    assert (width, 300 < height < 1000) == (1600, True)
    assert capsys.readouterr().out == f"{file}\n"


def test_a_profile_marks_spot_and_flip(home: Path, tmp_path: Path) -> None:
    said = texts(home, tmp_path, "profile", "nvda")
    assert said.count("NVDA: net GEX over price") == 1
    assert "SYNTHETIC (synthetic sample); as of 2026-09-16 15:45 New York; convention flashalpha" in said
    assert {"SYNTHETIC FIGURES: not the market", "spot 214.60", FLIP} <= set(said)
    assert {"net GEX, $ bn per 1 % move", "price, USD", "−1"} <= set(said)
    assert not [text for text in said if text.startswith("-")]


def test_a_profile_without_a_flip_has_no_label_of_one(home: Path, tmp_path: Path) -> None:
    said = texts(home, tmp_path, "profile", "AAPL", "--range", "0.9:1.1:21")
    assert not [text for text in said if text.startswith("gamma flip")]
    assert "Net GEX keeps its sign from 281.16 to 343.64." in said


def test_a_range_beside_spot_says_so(home: Path, tmp_path: Path) -> None:
    said = texts(home, tmp_path, "profile", "NVDA", "--range", "1.01:1.2")
    assert "Outside the picture: spot 214.60." in said
    assert "spot 214.60" not in said


def test_the_profile_of_a_basket_is_over_the_common_move(home: Path, tmp_path: Path) -> None:
    said = texts(home, tmp_path, "profile", "SPX,NVDA,ZZZZ", "--weights", "1,1,2", "--measure", "dex")
    assert "SPX, NVDA: net DEX over the common move" in said
    assert {"net DEX, $ bn of delta", "move of all names, %", "present prices", "−20", "+20"} <= set(said)
    assert [text for text in said if text.startswith("gamma flip") and text.endswith(" %")]
    assert "No data: ZZZZ; 50 % of the weight had data." in said


def test_strikes_mark_spot_walls_and_flip(home: Path, tmp_path: Path) -> None:
    said = texts(home, tmp_path, "strikes", "NVDA")
    walls = f"call wall {NVDA.call_wall:.2f}", f"put wall {NVDA.put_wall:.2f}"
    assert {"spot 214.60", FLIP, *walls} <= set(said)
    assert {"calls", "puts", "net", "strike, USD", "NVDA: GEX by strike", "GEX, $ m per 1 % move"} <= set(
        said
    )


def test_what_lies_outside_the_window_of_strikes_is_named(home: Path, tmp_path: Path) -> None:
    said = texts(home, tmp_path, "strikes", "AAPL", "--range", "1.02:1.1")
    flip = f"gamma flip {AAPL.gamma_flip:.2f} (sensitive root)"
    walls = f"call wall {AAPL.call_wall:.2f}, put wall {AAPL.put_wall:.2f}"
    assert f"Outside the picture: spot 312.40, {flip}, {walls}." in said
    assert not [text for text in said if text.startswith(("gamma flip", "call wall", "put wall"))]


def test_two_walls_at_one_strike_are_named_together(home: Path, tmp_path: Path) -> None:
    said = texts(home, tmp_path, "strikes", "DUK", "--range", "1.05:1.2")
    assert DUK.call_wall == DUK.put_wall
    assert [text for text in said if text.endswith(f"call and put wall {DUK.call_wall:.2f}.")]


def test_a_basket_is_sorted_by_size_and_names_what_is_missing(home: Path, tmp_path: Path) -> None:
    said = texts(home, tmp_path, "basket", "JPM,NVDA,MSFT,AAPL,ZZZZ")
    names = ["AAPL", "MSFT", "NVDA", "JPM"]
    assert [text for text in said if text in names] == names
    assert "JPM, NVDA, MSFT, AAPL: what each name contributes to net GEX" in said
    assert "No data: ZZZZ; 80 % of the weight had data." in said
    assert "−173.6 (−14 %)" in said


def test_names_beyond_the_most_share_a_bar(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "MOST_BARS", 2)
    said = texts(home, tmp_path, "basket", "JPM,NVDA,MSFT,AAPL,AMD")
    assert {"MSFT", "AAPL", "3 others", "Basket of 5 names: what each name contributes to net GEX"} <= set(
        said
    )


@pytest.mark.parametrize("what", ["profile", "strikes", "basket"])
def test_the_same_figures_are_the_same_bytes(home: Path, tmp_path: Path, what: str) -> None:
    made = []
    for name in ("one.svg", "two.svg"):
        assert main(["--home", str(home), "plot", what, "SPY", "-o", str(tmp_path / name)]) == 0
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    assert b"<dc:date>" not in made[0]


def test_drawing_leaves_matplotlib_as_it_was(home: Path, tmp_path: Path) -> None:
    import matplotlib

    loaded = "matplotlib.pyplot" in sys.modules  # xlwings does that, where another test has imported it
    before = matplotlib.rcParams.copy()  # dict() would have it choose a backend
    texts(home, tmp_path, "profile", "NVDA")
    assert matplotlib.rcParams.copy() == before
    assert ("matplotlib.pyplot" in sys.modules) == loaded


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("profile", "NVDA", "-o", "a.pdf"),
            '"a.pdf" is no picture: name a file that ends in .png or .svg.',
        ),
        (("basket", "NVDA", "-o", "png"), '"png" is no picture: name a file that ends in .png or .svg.'),
        (("strikes", "NVDA,AMD", "-o", "a.svg"), "plot strikes is of one symbol, without weights."),
        (
            ("basket", "NVDA", "--range", "0.8:1.2", "-o", "a.svg"),
            "--range goes with plot profile and plot strikes.",
        ),
        (
            ("profile", "NVDA", "--range", "1.2:0.8", "-o", "a.svg"),
            '--range is "1.2:0.8": write it like 0.8:1.2:60, two prices in units of spot and 2 to 2,000 levels.',
        ),
        (
            ("profile", "NVDA", "--weights", "1,2", "-o", "a.svg"),
            "1 symbols but 2 weights: give one weight beside each symbol, or none at all.",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    assert refused(capsys, tmp_path / "home", *arguments) == f"basketgex: {sentence}\n"
    assert not (tmp_path / "home").exists()


def test_without_matplotlib_the_extra_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert refused(capsys, tmp_path / "home", "profile", "NVDA", "-o", tmp_path / "a.png") == (
        "basketgex: Pictures need matplotlib, which is not installed: pip install matplotlib, where basketgex is.\n"
    )


@pytest.mark.parametrize("what", ["profile", "strikes", "basket"])
def test_without_data_no_file_is_made(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    assert refused(capsys, home, what, "ZZZZ", "-o", tmp_path / "a.svg") == NO_FIGURES
    assert list(tmp_path.iterdir()) == []


def test_a_window_without_strikes_is_refused(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, home, "strikes", "NVDA", "--range", "1.001:1.0011", "-o", tmp_path / "a.svg")
    assert said == "basketgex: NVDA has no strike from 214.81 to 214.84: widen --range.\n"


def test_a_file_that_cannot_be_written_is_named(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "gone" / "a.svg"
    said = refused(capsys, home, "profile", "NVDA", "-o", file)
    assert said.startswith("basketgex: ") and said.endswith(
        " cannot be written: No such file or directory.\n"
    )


def test_a_source_without_chains_has_no_profile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(tmp_path / "home", Settings(), lambda _, __: FakeSource(Clock())) as served:
        said = refused(capsys, served.home.path, "profile", "NVDA", "-o", tmp_path / "a.svg")
        assert said == "basketgex: This source has no option chains, so no profile over spot prices.\n"
        assert "made-up figures; as of" in "".join(texts(served.home.path, tmp_path, "basket", "NVDA,AMD"))


def test_the_colours_are_those_of_the_templates() -> None:
    names = (
        "INK",
        "MUTED",
        "RULE",
        "POSITIVE",
        "NEGATIVE",
        "POSITIVE_BAR",
        "NEGATIVE_BAR",
        "WARNING",
        "WARNING_TEXT",
    )
    assert [getattr(palette, name) for name in names] == [getattr(look, name) for name in names]
