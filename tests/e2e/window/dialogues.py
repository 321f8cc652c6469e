"""Chooses from the menu Basket GEX of a Calc in a window, and answers the dialogues that come up, by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.e2e.serving import until
from tests.e2e.window.harness import Window

MESSAGE = "Basket GEX"


def choose(window: Window, command: str) -> None:
    """Choose an entry of the menu; what it does is done behind Calc's own thread, so this returns at once."""
    window.calc.service("org.basketgex.Menu").trigger(command)


def await_dialogue(window: Window, title: str, picture: Path | None = None) -> None:
    """Wait for the dialogue of this very title and bring it to the front."""
    until(lambda: title in window.screen.titles())
    window.screen.focus(f"^{title}$")
    if picture is not None:
        window.screen.picture(picture)


def answer(window: Window, title: str, *keys: str) -> None:
    """Press keys in a dialogue and wait until it has gone."""
    window.screen.keys(*keys)
    until(lambda: title not in window.screen.titles())


def message(window: Window) -> str:
    """Return the sentence of the message that comes up, and press Return in it."""
    await_dialogue(window, MESSAGE)
    toolkit = window.calc.service("com.sun.star.awt.Toolkit")
    shown = (toolkit.getTopWindow(at) for at in range(toolkit.getTopWindowCount()))
    said = next(str(one.MessageText) for one in shown if hasattr(one, "MessageText"))
    answer(window, MESSAGE, "Return")
    return said


def shown(window: Window, title: str) -> list[str]:
    """Return the texts that a dialogue shows, as a screen reader is told them: masked ones as they are masked."""
    toolkit = window.calc.service("com.sun.star.awt.Toolkit")
    tops = [toolkit.getTopWindow(at).getAccessibleContext() for at in range(toolkit.getTopWindowCount())]
    return [text for top in tops if top.getAccessibleName() == title for text in _texts(top)]


def _texts(context: Any) -> Iterator[str]:
    yield str(context.getAccessibleName())
    if hasattr(context, "getText"):
        yield str(context.getText())
    for at in range(context.getAccessibleChildCount()):
        yield from _texts(context.getAccessibleChild(at).getAccessibleContext())
