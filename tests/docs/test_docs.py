"""What the documents name is there: links, pictures, commands, functions, settings, and the numbers they give for these."""

from __future__ import annotations

import math
import re
import shlex
import tomllib
from collections.abc import Callable
from dataclasses import fields
from inspect import signature
from pathlib import Path

import pytest

from basketgex.home import HOME_VARIABLE
from basketgex_addin import patience, throttle
from basketgex_addin.client.watcher import Watcher
from basketgex_addin.excel import install as excel_install
from basketgex_addin.functions import FUNCTIONS
from basketgex_addin.menu import AUTO_CHOICES
from basketgex_addin.template_files import TEMPLATES
from basketgex_cli.doctor.command import CHECKS
from basketgex_cli.main import parser
from basketgex_server.dispatch import allowance, backoff, quota
from basketgex_server.dispatch import snapshots as cache
from basketgex_server.settings import PREFIX, Settings
from basketgex_server.sources.factory import SAMPLE_SEATS
from basketgex_server.sources.flashalpha import keys
from basketgex_server.stores.factory import PASSWORD
from workbook_templates.scanner.layout import FILLED as ALL

ROOT = Path(__file__).parents[2]
DOCUMENTS = {
    path.relative_to(ROOT).as_posix(): path for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))
}
TEXTS = {name: path.read_text("utf-8") for name, path in DOCUMENTS.items()}
OF_TRADERS = (
    "README.md",
    "docs/guide.md",
    "docs/templates.md",
    "docs/troubleshooting.md",
    "docs/flashalpha.md",
)
each_document = pytest.mark.parametrize("name", sorted(DOCUMENTS))
each_of_traders = pytest.mark.parametrize("name", OF_TRADERS)

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`]+`", re.DOTALL)
COMMAND = re.compile(r"(?:^|(?<=[`/\\ ]))basketgex +([a-z-][^`\n|#]*?)[ ]*(?=$|`|\n|\||#)", re.MULTILINE)
FUNCTION = re.compile(r"=\{?([A-Z][A-Z0-9]+)\(")
SETTINGS = {field.name for field in fields(Settings)}
NO_SETTING = {"positive_gamma", "negative_gamma"}
VARIABLES = {
    HOME_VARIABLE,
    throttle.SWITCH,
    patience.VARIABLE,
    keys.VARIABLE,
    *(f"{secret}_FILE" for secret in (keys.VARIABLE, PASSWORD)),
    *(PREFIX + name.upper() for name in SETTINGS),
}
OF_THE_HOSTS = {"IF", "SUMPRODUCT", "INDEX", "MATCH", "IFERROR", "LEFT", "EXACT"}


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def code(text: str) -> str:
    """All that stands between backticks; a span that is broken over two lines is one line."""
    spans = (found.group() for found in CODE.finditer(text))
    return "\n".join(span if span.startswith("```") else span.replace("\n", " ") for span in spans)


def commands(text: str) -> list[str]:
    return [found.strip() for found in COMMAND.findall(code(text))]


@each_document
def test_every_link_and_picture_is_there(name: str) -> None:
    for target in LINK.findall(TEXTS[name]):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        path = (DOCUMENTS[name].parent / file).resolve() if file else DOCUMENTS[name]
        assert path.exists(), f"{name} leads to {target}"
        if anchor:
            assert anchor in anchors(path.read_text("utf-8")), f"{name} leads to {target}"


@each_document
def test_every_command_parses(name: str) -> None:
    for text in commands(TEXTS[name]):
        arguments = shlex.split(
            text.replace('"$BASKETGEX_HOME/token"', "token")
            .removesuffix(" &")
            .rstrip("…")
            .replace("[", "")
            .replace("]", "")
        )
        if len(arguments) == 1 and arguments[0] in (
            "source",
            "watch",
            "basket",
            "symbol",
            "flow",
            "change",
            "history",
            "volume",
            "key",
            "token",
        ):
            continue  # named as such, not to be typed
        try:
            parser().parse_args(arguments)
        except SystemExit as error:
            pytest.fail(f"{name}: basketgex {text} ({error})")


def test_commands_are_found() -> None:
    found = commands(
        "`.venv/bin/basketgex install calc --build x.oxt`\n\n```sh\nbasketgex status   # all\n```\n`env\\basketgex stop`"
    )
    assert found == ["install calc --build x.oxt", "status", "stop"]
    assert len([text for name in OF_TRADERS for text in commands(TEXTS[name])]) > 40


@each_document
def test_every_function_is_one(name: str) -> None:
    ours = {function.name for function in FUNCTIONS}
    found = set(FUNCTION.findall(code(TEXTS[name]))) - OF_THE_HOSTS
    named = set(re.findall(r"`((?:BASKET|SYMBOL|GEX)[A-Z]*)`", TEXTS[name])) - {"GEX"}
    assert found | named <= ours


@each_of_traders
def test_every_setting_and_variable_is_one(name: str) -> None:
    text = TEXTS[name]
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", text)) - NO_SETTING
    assert named <= SETTINGS
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL) + re.findall(r"`(\w+ = [^`\n]+)`", text)
    assert {line.partition("=")[0].strip() for block in blocks for line in block.splitlines()} <= SETTINGS
    assert set(re.findall(rf"{PREFIX}[A-Z_]+", text)) <= VARIABLES


def test_the_readme_is_short_and_begins_as_it_did() -> None:
    lines = TEXTS["README.md"].splitlines()
    assert len(lines) <= 110
    first = "\n".join(lines[:12])
    assert all(word in first for word in ("make run", "make test", "docs/sector_scanner.png"))


def test_each_template_has_its_section_and_picture() -> None:
    text = TEXTS["docs/templates.md"]
    sections = re.findall(r"^## (.+)\n\n!\[[^\]]+\]\((\w+)\.png\)", text, re.MULTILINE)
    drawn = {"profile": "profile_template"}  # profile.png is of the command plot
    assert [(title.lower().replace(" ", "_"), picture) for title, picture in sections] == [
        (t, drawn.get(t, t)) for t in TEMPLATES
    ]


@pytest.mark.parametrize(
    ("said", "found", "unit"),
    [
        (r"younger than (\d+) s \|", Settings().refresh_after, 1),
        (r"older than (\d+) minutes \| the source", Settings().expire_after, 60),
        (r"within (\d+) ms of each other", Settings().window_quiet, 0.001),
        (r"or (\d+) ms of the first", Settings().window_longest, 0.001),
        (r"for (\d+) days \(`history_days`\)", Settings().history_days, 1),
        (r"again for (\d+) minutes\s+\(`missing_ttl`\)", Settings().missing_ttl, 60),
        (r"(\d+) debits of a day are kept", Settings().reserve, 1),
        (r"most (\d+) calls \(`max_calls_per_request`\)", Settings().max_calls_per_request, 1),
        (r"most (\d+) calls an hour \(`max_calls_per_hour`\)", Settings().max_calls_per_hour, 1),
        (r"and at most (\d+) minutes, across restarts", backoff.LONGEST, 60),
    ],
)
def test_the_guide_gives_the_defaults(said: str, found: float, unit: float) -> None:
    (number,) = re.findall(said, TEXTS["docs/guide.md"])
    assert int(number) * unit == pytest.approx(found)


def test_what_the_guide_says_in_words() -> None:
    text = TEXTS["docs/guide.md"]
    assert ("half an hour (`idle_stop`)" in text, Settings().idle_stop) == (True, 1_800)
    assert ("in the last hour" in text, cache.RECENTLY) == (True, 3_600)
    assert ("of a small quota at most a tenth" in text, quota.RESERVE_SHARE) == (True, 10)
    assert ("of a small quota a fiftieth" in text, allowance.SHARE) == (True, 50)
    assert ("comes a minute\nafter the last one" in text, cache.CALM) == (True, 60)
    assert ("10 s for a whole calculation" in text, patience.DEADLINE) == (True, 10)
    assert ("without an answer after 10 s" in text, default(Watcher, "deadline")) == (True, 10)
    assert ("2 if not given" in text, parser().parse_args(["watch", "NVDA"]).pace) == (True, 2)
    assert all(choice.lower() in text for _, choice in AUTO_CHOICES[1:])
    assert all(check.split()[-1].lower() in text.lower() for check in CHECKS)


def test_what_the_scanner_costs() -> None:
    names = {symbol for sector in ALL for symbol in sector.symbols}
    calls = math.ceil(len(names) / SAMPLE_SEATS)
    row = rf"\| {len(names)} \| {calls} \|"
    assert re.search(rf"scanner above: {len(ALL)} sectors, {len(names)} names {row}", TEXTS["README.md"])
    assert re.search(rf"the sector scanner {row}", TEXTS["docs/guide.md"])
    assert "The sector scanner: twelve sectors" in TEXTS["docs/templates.md"] and len(ALL) == 12


def default(function: Callable[..., object], argument: str) -> object:
    return signature(function).parameters[argument].default


def test_the_files_of_excel_are_those_that_are_installed(tmp_path: Path) -> None:
    profile = excel_install.ExcelProfile(tmp_path / "user", tmp_path / "roaming", tmp_path / "python.exe")
    for root, variable, path in (
        (profile.roaming, "%APPDATA%", profile.add_in),
        (profile.user, "%USERPROFILE%", profile.config),
    ):
        windows = "\\".join((variable, *path.relative_to(root).parts))
        assert f"`{windows}`" in TEXTS["docs/guide.md"]


def test_the_picture_of_the_house_has_every_room() -> None:
    """Every package in it, and every folder of the repository beside it."""
    page = TEXTS["CONTRIBUTING.md"]
    picture, beside = re.findall(
        r"^## The house\n\n```\n(.*?)```\n(.*?)^## ", page, re.DOTALL | re.MULTILINE
    )[0]
    named = set(re.findall(r"[\w.-]+", picture))
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]
    for package in map(ROOT.joinpath, layers["wheel"]["packages"]):
        assert package.name in named
        rooms = {found.parent.name for found in package.glob("*/__init__.py")}
        lost = rooms - named
        assert package.name == "basketgex_cli" or not lost, lost  # those of the command line are commands
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] not in "._"}
    assert {folder for folder in folders - {"out", "dist"} if f"{folder}/" not in picture + beside} == set()


def test_what_a_contributor_is_sent_to_is_there() -> None:
    text = re.sub(r"```.*?```", "", TEXTS["CONTRIBUTING.md"], flags=re.DOTALL)
    paths = {code for code in re.findall(r"`([\w./-]*/[\w./-]*)`", text) if not code.startswith("pytest")}
    assert len(paths) > 20
    folders = ("", "addin/basketgex_addin", "server/basketgex_server", "workbook_templates")
    lost = {path for path in paths if not any((ROOT / folder / path).exists() for folder in folders)}
    assert not lost
    targets = set(re.findall(r"`make ([a-z]+)`", text))
    assert targets <= set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {"check", "functions", "lock", "pictures", "proto", "templates"} <= targets
