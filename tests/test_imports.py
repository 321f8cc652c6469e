"""Which module imports which: no circle in any package, and nothing that a start does not need."""

from __future__ import annotations

import os
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

from basketgex_server.settings import SOURCES
from tests.e2e.serving import environment

PACKAGES = ("basketgex", "basketgex_addin", "basketgex_cli", "basketgex_server")


def circle(package: str) -> list[str]:
    """Modules that import each other in turn, imports within functions included; those for types alone are not."""
    graph = grimp.build_graph(package, cache_dir=None, exclude_type_checking_imports=True)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_modules_import_each_other(package: str) -> None:
    assert circle(package) == []


def test_a_planted_circle_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = tmp_path / "planted_circle"
    planted.mkdir()
    (planted / "__init__.py").touch()
    (planted / "one.py").write_text("from planted_circle import two\n")
    (planted / "two.py").write_text("def later():\n    import planted_circle.three\n")
    (planted / "three.py").write_text("from planted_circle.one import two\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert {name.rpartition(".")[2] for name in circle("planted_circle")} == {"one", "two", "three"}


def loaded(folder: Path, *arguments: str) -> set[str]:
    """The packages that a command loads, as Python itself reports them."""
    done = subprocess.run(
        (sys.executable, "-X", "importtime", "-m", *arguments),
        env=environment(folder / "home"),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


def test_the_start_of_a_server_loads_neither_the_add_in_nor_what_draws(tmp_path: Path) -> None:
    found = loaded(tmp_path, "basketgex_server", "serve", "--help")
    assert {"basketgex", "basketgex_server", "argparse"} <= found
    assert not found & {"basketgex_addin", "basketgex_cli", "rich", "shtab", "matplotlib", "numpy", "grpc"}


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_is_made_without_what_takes_long_to_load(tmp_path: Path, source: str) -> None:
    """The server listens before numpy is there, and what a source asks with: import them where they are used."""
    program = (
        "import sys; from basketgex_server.settings import Settings; from basketgex_server.sources.factory import *;"
        "made = make_source(Settings(source=sys.argv[1], chain_folder=sys.argv[2]), None); made.origin();"
        "print(made.origin().source, *{'numpy', 'scipy', 'httpx', 'h2', 'keyring'} & set(sys.modules))"
    )
    command = (sys.executable, "-W", "error", "-c", program, source, str(tmp_path))
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == [source]


@pytest.mark.parametrize(
    "first", ["basketgex.v1.exposure_pb2", "basketgex_server.lifecycle", "basketgex_addin.client"]
)
def test_messages_come_without_protobuf_in_python_until_somebody_asks_for_it(first: str) -> None:
    """``python -X importtime`` shows the tenth of a start that it would take."""
    program = (
        "import sys, importlib; importlib.import_module(sys.argv[1]); from basketgex.v1 import exposure_pb2 as pb;"
        "print(*{'google.protobuf.text_format', 'google.protobuf.internal.decoder'} & set(sys.modules), sep=',');"
        "from google.protobuf.internal import python_message;"
        "print(python_message.GeneratedProtocolMessageType.__name__);"
        "from google.protobuf import json_format, text_format;"
        "asked = pb.GetBasketRequest(symbols=['NVDA', 'AMD'], weights=[1, 2]);"
        "print(json_format.Parse(json_format.MessageToJson(asked), pb.GetBasketRequest()) == asked,"
        " text_format.Parse(text_format.MessageToString(asked), pb.GetBasketRequest()) == asked)"
    )
    done = subprocess.run(
        (sys.executable, "-W", "error", "-c", program, first), capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["", "GeneratedProtocolMessageType", "True True"]


def test_protobuf_in_python_still_serves_where_it_is_chosen() -> None:
    program = (
        "from basketgex.v1 import exposure_pb2 as pb; from google.protobuf.internal import api_implementation as which;"
        "print(which.Type(), pb.GetBasketRequest.FromString(pb.GetBasketRequest(symbols=['A']).SerializeToString()).symbols)"
    )
    chosen = os.environ | {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}
    done = subprocess.run(
        (sys.executable, "-c", program), env=chosen, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["python", "['A']"]


def test_a_question_that_is_piped_loads_nothing_that_draws(tmp_path: Path) -> None:
    found = loaded(tmp_path, "basketgex_cli", "status", "--json")
    assert {"basketgex_cli", "basketgex_addin"} <= found
    assert not found & {"rich", "shtab", "matplotlib", "numpy"}
