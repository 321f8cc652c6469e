"""Every error of the server has a code, and docs/grpc.md names each of them in the row of its status."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import basketgex_server
from basketgex_server import errors
from basketgex_server.errors import BasketgexError, Remembered

DOCUMENT = (Path(__file__).parents[2] / "docs/grpc.md").read_text("utf-8")
ROWS = dict(re.findall(r"^\| ([A-Z_]+) \| ([^|]+) \|", DOCUMENT, re.MULTILINE))
BESIDE = re.search(r"^Codes that no call ends with:.*?(?=\n\n)", DOCUMENT, re.MULTILINE | re.DOTALL)
SAID = {reason: set(re.findall(r"`(\w+)`", codes)) for reason, codes in ROWS.items()}
ELSEWHERE = set(re.findall(r"`([a-z_]+)`", BESIDE.group())) if BESIDE else set()


def leaves(of: type[BasketgexError]) -> Iterator[type[BasketgexError]]:
    for error in of.__subclasses__():
        yield error
        yield from leaves(error)


def of_the_server() -> list[type[BasketgexError]]:
    for module in pkgutil.walk_packages(basketgex_server.__path__, "basketgex_server."):
        if not module.name.rpartition(".")[2].startswith(("cli", "__main__")):
            importlib.import_module(module.name)
    found = {e for e in leaves(BasketgexError) if e.__module__.startswith("basketgex_server.")}
    return sorted(
        (e for e in found - {Remembered} if ".cli" not in e.__module__), key=lambda error: error.__name__
    )


def test_every_code_is_in_the_row_of_its_status() -> None:
    known = of_the_server()
    assert len(known) > 40
    for error in known:
        if error.code == BasketgexError.code:  # a branch, not a leaf
            assert error.__subclasses__(), f"{error.__name__} has no code of its own"
        else:
            assert error.code in SAID[error.reason] | ELSEWHERE, f"{error.__name__}: {error.code}"


def test_no_code_is_documented_that_nothing_has() -> None:
    pairs = {(error.reason, error.code) for error in of_the_server()}
    assert {(reason, code) for reason, codes in SAID.items() for code in codes} <= pairs
    assert {code for _, code in pairs} >= ELSEWHERE


def test_the_tree_as_it_is_drawn_is_the_tree() -> None:
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__ or ""))
    own = {e.__name__ for e in leaves(BasketgexError) if e.__module__ == errors.__name__}
    assert drawn == own


def test_leaves_outside_the_tree_are_drawn_where_they_are() -> None:
    """FlashAlpha's own, and those of connections and chain files: their module's docstring draws or names them."""
    for error in of_the_server():
        if error.__module__ != errors.__name__:
            module = importlib.import_module(error.__module__)
            assert error.__name__ in (module.__doc__ or ""), f"{error.__name__} is drawn nowhere"
