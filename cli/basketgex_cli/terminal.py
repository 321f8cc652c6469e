"""What is drawn on a terminal: tables, a table that stays in place, and a line for what takes long. In a pipe all is plain.

The only module that imports rich, and only once something is drawn: a question that is piped does not wait for it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock, Timer
from typing import TYPE_CHECKING, NamedTuple, TextIO

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.progress import Progress
    from rich.segment import Segment
    from rich.table import Table
    from rich.text import Text

SHOWN_AFTER = 1.0
"""Seconds until a person is told what there is to wait for."""
COLOURS = {"+": "color(33)", "-": "color(208)", "ok": "green", "attention": "yellow", "fault": "bold red"}
"""Blue and orange for signs, as in the templates: no eye takes one for the other, on a light or a dark ground."""
_WIDE = 10_000
"""Columns that a table may take: a figure is never cut off; what does not fit is wrapped by the terminal."""


class Column(NamedTuple):
    """A column of a table: its heading, and for plain text its width (0: as it comes) and what stands before it.

    ``wraps``: on a terminal it takes what room there is, line by line.
    """

    heading: str
    width: int = 0
    left: bool = False
    gap: str = ""
    wraps: bool = False


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[str]], *, headed: bool = True) -> None:
    """Print a table: drawn on a terminal, lines of fixed width in a pipe, there ``headed`` or not."""
    if sys.stdout.isatty():
        wraps = any(c.wraps for c in columns)
        _console(sys.stdout, None if wraps else _WIDE).print(_table(columns, rows), soft_wrap=not wraps)
        return
    for row in [[c.heading for c in columns]] * headed + [list(row) for row in rows]:
        cells = (
            f"{c.gap}{cell:<{c.width}}" if c.left else f"{c.gap}{cell:>{c.width}}"
            for c, cell in zip(columns, row, strict=True)
        )
        print("".join(cells).rstrip())


class Screen:
    """A table that stays in place, with sentences below it. ``with`` it: the last one stays on the terminal."""

    def __init__(self) -> None:
        from rich.live import Live

        self._live = Live(
            console=_console(sys.stdout),
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )

    def __enter__(self) -> Screen:
        """Begin."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was, below the table."""
        self._live.vertical_overflow = "visible"
        self._live.stop()

    def draw(self, columns: Sequence[Column], rows: Sequence[Sequence[str]], below: Sequence[str]) -> None:
        """Show a table in place of the one before, and sentences below it, cut off at the edge.

        A table that is too wide loses columns from the right: half of a figure would be another one.
        """
        from rich.console import Group
        from rich.text import Text

        console = self._live.console
        wide = console.options.update(width=_WIDE)
        while (
            len(columns) > 1 and console.measure(_table(columns, rows), options=wide).maximum > console.width
        ):
            columns = columns[:-1]
        parts: list[RenderableType] = [_table(columns, rows), Text()] if rows else []
        self._live.update(_Cut(Group(*parts, *(Text(line, no_wrap=True) for line in below))), refresh=True)


class _Cut:
    """Something drawn as wide as it is, and cut off at the edge of the terminal."""

    def __init__(self, drawn: RenderableType) -> None:
        self._drawn = drawn

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        from rich.segment import Segment

        for line in console.render_lines(self._drawn, options.update(width=_WIDE), pad=False):
            yield from Segment.adjust_line_length(line, options.max_width, pad=False)
            yield Segment.line()


class Busy:
    """Says what there is to wait for, once that has taken a second; gone when it is over. Nothing is shown but on a terminal.

    Whoever uses it prints nothing meanwhile: the line is drawn over and over.
    """

    def __init__(self, text: str, stream: TextIO) -> None:
        self._text, self._done, self._total = text, 0, 0
        self._stream, self._begun = stream, time.monotonic()
        self._lock, self._over = Lock(), False
        self._progress: Progress | None = None
        self._timer = Timer(SHOWN_AFTER, self._show)
        self._timer.daemon = True
        if stream.isatty():
            self._timer.start()

    def say(self, text: str, done: int = 0, total: int = 0) -> None:
        """Say what there is to wait for now, and how far it is where that is known."""
        with self._lock:
            self._text, self._done, self._total = text, done, total
            self._update()

    def end(self) -> None:
        """Take the line back."""
        with self._lock:
            self._over = True
            self._timer.cancel()
            if self._progress is not None:
                self._progress.stop()

    def _show(self) -> None:
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
        from rich.table import Column as Cell

        with self._lock:
            if self._over:
                return
            console = _console(self._stream)
            if console.is_dumb_terminal:  # where nothing can be drawn over
                console.print(self._text)
                return
            self._progress = Progress(
                SpinnerColumn(),
                TextColumn(
                    "{task.description}, {task.elapsed:,.0f} s", markup=False, table_column=Cell(no_wrap=True)
                ),
                BarColumn(complete_style="color(33)", finished_style="color(33)"),
                console=console,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
                get_time=time.monotonic,
            )
            task = self._progress.add_task(self._text)
            self._progress.tasks[task].start_time = self._begun
            self._update()
            self._progress.start()

    def _update(self) -> None:
        if self._progress is not None:
            (task,) = self._progress.task_ids
            total = self._total or None
            self._progress.update(task, description=self._text, completed=self._done, total=total)


@contextmanager
def busy(text: str) -> Iterator[Busy]:
    """Say what there is to wait for while it lasts, on standard error."""
    line = Busy(text, sys.stderr)
    try:
        yield line
    finally:
        line.end()


def _console(stream: TextIO, width: int | None = None) -> Console:
    """Return what draws on a stream that is a terminal; rich heeds NO_COLOR by itself."""
    from rich.console import Console

    return Console(file=stream, width=width, force_terminal=True, highlight=False, markup=False, emoji=False)


def _table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> Table:
    """Return a table; cells beyond its columns are left out."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for c in columns:
        table.add_column(c.heading, justify="left" if c.left else "right", no_wrap=not c.wraps)
    for row in rows:
        table.add_row(*(_coloured(cell) for cell in row[: len(columns)]))
    return table


def _coloured(cell: str) -> Text:
    """Return a cell in the colour of its sign or state."""
    from rich.text import Text

    signed = cell[:1] if cell[1:2].isdigit() else cell
    if cell.startswith(("negative gamma", "positive gamma")):
        signed = "-" if cell.startswith("negative") else "+"
    return Text(cell, style=COLOURS.get(signed, ""))
