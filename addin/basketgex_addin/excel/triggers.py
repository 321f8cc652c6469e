"""Which trigger of =BASKETREFRESH(symbols, trigger) has changed since its cell was last calculated."""

from __future__ import annotations

from basketgex_addin.cells import InputCell

MOST = 10_000

Place = tuple[str, str, str]
"""A cell: workbook, sheet, address."""


class Triggers:
    """Remembers each cell's last trigger. A cell that is not remembered is seen for the first time: that never spends."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._seen: dict[Place, tuple[type, InputCell]] = {}  # the one seen longest ago comes first

    def changed(self, place: Place, value: InputCell) -> bool:
        """Tell whether the trigger of a cell differs from the last one seen there; False at first sight.

        >>> triggers = Triggers()
        >>> [triggers.changed(("book", "sheet", "A1"), value) for value in (1.0, 1.0, 2.0)]
        [False, False, True]
        """
        now = (type(value), value)  # TRUE is not 1
        before = self._seen.pop(place, now)
        self._seen[place] = now
        while len(self._seen) > self._most:
            del self._seen[next(iter(self._seen))]
        return before != now

    def forget(self, workbook: str) -> None:
        """Forget a workbook's cells: it was opened or closed."""
        self._seen = {place: seen for place, seen in self._seen.items() if place[0] != workbook}
