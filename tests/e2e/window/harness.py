"""A Calc with its window, and the one question of this folder: does the sheet show what a hard recalculation would?"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from basketgex.home import CELLS_LIVE
from tests.e2e.calc.harness import Calc, given_property, settle, snapshot
from tests.e2e.window.screen import Screen

Place = tuple[str, int, int]

NAMES = (("NVDA", 40.0), ("AMD", 20.0), ("AVGO", 20.0), ("MU", 10.0), ("SMCI", 5.0), ("TSM", 5.0))
FIRST, LAST = 4, 9
"""The rows of a plain sheet's names."""


class Window:
    """One running Calc that a person could sit at."""

    def __init__(self, calc: Calc, screen: Screen, mode: str) -> None:
        self.calc = calc
        self.screen = screen
        self.mode = mode
        self._toolkit = calc.service("com.sun.star.awt.Toolkit")
        self._set("/org.openoffice.Office.Calc/Input", ReplaceCellsWarning=False)

    @contextmanager
    def new(self) -> Iterator[Any]:
        """Open an empty document in the window and close it again."""
        with self.opened("private:factory/scalc") as document:
            yield document

    @contextmanager
    def opened(self, path: Path | str) -> Iterator[Any]:
        """Open a copy of a workbook in the window, let it settle, and close it again."""
        if isinstance(path, Path):  # a name of its own: two windows of one title cannot be told apart
            path = Path(shutil.copy(path, path.with_stem(f"{path.stem}-{secrets.token_hex(4)}")))
        document = self.calc.open_document(path, hidden=False)
        try:
            document.CurrentController.Frame.ContainerWindow.setFocus()
            self.settled(document)
            yield document
        finally:
            self.calc.close(document)

    def settled(self, document: Any) -> dict[Place, object]:
        """Return what the cells show once the window has been drawn and nothing is on its way."""
        self._toolkit.processEventsToIdle()
        return settle(document) if self.mode == CELLS_LIVE else snapshot(document)

    def check(self, document: Any, after: str = "an edit", besides: Container[Place] = ()) -> None:
        """Assert that no cell shows anything but what a hard recalculation gives it. ``besides``: counters."""
        seen = self.settled(document)
        document.calculateAll()
        true = self.settled(document)
        wrong = {
            place: (seen.get(place), true.get(place))
            for place in seen | true
            if place not in besides and not same(seen.get(place), true.get(place))
        }
        some = dict(list(wrong.items())[:5])
        assert not wrong, (
            f"after {after} {len(wrong)} cells are wrong (what they showed, what is right): {some}"
        )

    def dispatch(self, document: Any, command: str, **arguments: object) -> None:
        """Do what a menu entry or its key does. It must not open a dialogue: nobody would answer that."""
        given = tuple(given_property(name, value) for name, value in arguments.items())
        helper = self.calc.service("com.sun.star.frame.DispatchHelper")
        helper.executeDispatch(document.CurrentController.Frame, f".uno:{command}", "", 0, given)

    def _set(self, node: str, **options: object) -> None:
        """Set options as the options dialogue does."""
        provider = self.calc.service("com.sun.star.configuration.ConfigurationProvider")
        access = provider.createInstanceWithArguments(
            "com.sun.star.configuration.ConfigurationUpdateAccess", (given_property("nodepath", node),)
        )
        for name, value in options.items():
            access.setPropertyValue(name, value)
        access.commitChanges()

    def select(self, document: Any, area: str, sheet: int = 0) -> None:
        """Select cells, as a click or a drag does."""
        document.CurrentController.select(document.Sheets[sheet].getCellRangeByName(area))

    def keys(self, document: Any, *names: str) -> None:
        """Press keys in the document's window."""
        self._in_front(document)
        self.screen.keys(*names)
        self._toolkit.processEventsToIdle()

    def type(self, document: Any, area: str, text: str) -> None:
        """Go to a cell, type a text and press Return.

        Letter by letter: where a hint of a function comes up meanwhile, keys that are already on their way arrive after others.
        """
        self.select(document, area)
        self._in_front(document)
        for letter in text:
            self.screen.type(letter)
            self._toolkit.processEventsToIdle()
        self.screen.keys("Return")
        self._toolkit.processEventsToIdle()

    def _in_front(self, document: Any) -> None:
        self._toolkit.processEventsToIdle()
        self.screen.focus(document.CurrentController.Frame.Title)

    def plain(self, document: Any) -> None:
        """Fill a sheet: names and weights, a table of them, and formulas beside and below it as people write them."""
        at = document.Sheets[0].getCellRangeByName
        for row, (name, weight) in enumerate(NAMES, start=FIRST):
            at(f"A{row}").String, at(f"B{row}").Value = name, weight
        symbols, weights = f"A{FIRST}:A{LAST}", f"B{FIRST}:B{LAST}"
        at(f"D{FIRST}:M{LAST}").setArrayFormula(f"=BASKET({symbols};{weights})")
        for row in range(FIRST, LAST + 1):
            at(f"O{row}").Formula = f'=IF(ISNUMBER(G{row});E{row}*G{row};"")'
            at(f"P{row}").Formula = f'=IF(G{row}<0;"short";"long")'
        at("R4").Formula = f"=SUM(O{FIRST}:O{LAST})"
        at("R5").Formula = f"=BASKETGEX({symbols};{weights})"
        at("R6").Formula = "=R5*2"
        at("R7").Formula = f"=BASKETSTATUS({symbols};{weights})"
        at("R8").Formula = '=COUNTIF(P4:P9;"short")'
        at("D20:E22").setArrayFormula(f"=BASKETTOP({symbols};{weights};3)")
        at("H20").Formula = "=E20*2"
        at("D24:G24").setArrayFormula(f"=BASKETTOTAL({symbols};{weights})")
        at("H24").Formula = "=SUM(D24:G24)"
        at("D26:F33").setArrayFormula(f"=GEXLEVELS(A{FIRST})")
        at("H26").Formula = "=COUNT(E26:E33)"
        self.settled(document)


def same(one: object, other: object) -> bool:
    """Tell whether two cells show the same; sums may differ in their last bits."""
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 1e-9 * max(1.0, abs(other))
    return one == other
