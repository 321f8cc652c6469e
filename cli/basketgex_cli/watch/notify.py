"""Telling somebody of an alert: by a command of theirs, or by the desktop where the platform has a way."""

from __future__ import annotations

import html
import os
import queue
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from threading import Thread

from basketgex_server.errors import BadSettings

LONGEST = 60.0
"""Seconds that a command may take; then it is ended, since the next alert waits for it."""
TITLE = "basketgex"
PREFIX = "ALERT_"
"""What the names of the variables begin with that tell a command what happened."""
_TOAST = """
$ErrorActionPreference = 'Stop'
[Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime] > $null
$kind = [Windows.UI.Notifications.ToastTemplateType]::ToastText02
$toast = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent($kind)
$texts = $toast.GetElementsByTagName('text')
$texts.Item(0).AppendChild($toast.CreateTextNode('basketgex')) > $null
$texts.Item(1).AppendChild($toast.CreateTextNode($env:ALERT_SENTENCE)) > $null
$shell = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\\WindowsPowerShell\\v1.0\\powershell.exe'
$notifier = [Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier($shell)
$notifier.Show([Windows.UI.Notifications.ToastNotification]::new($toast))
"""

Tell = Callable[[str, Mapping[str, str]], str]
"""Tells a sentence and its facts; returns what went wrong, "" where nothing did."""


def desktop() -> Tell:
    """Return what shows a notification on this desktop. Raises BadSettings where nothing is found that does."""
    if found := shutil.which("notify-send"):
        # The text may be markup to whoever shows it.
        return lambda text, facts: _ended(
            [found, f"--app-name={TITLE}", "--", TITLE, html.escape(text, quote=False)], facts, "--notify"
        )
    if sys.platform == "darwin" and (found := shutil.which("osascript")):
        lines = (
            "on run argv",
            "display notification (item 1 of argv) with title (item 2 of argv)",
            "end run",
        )
        script = [word for line in lines for word in ("-e", line)]
        return lambda text, facts: _ended([found, *script, text, TITLE], facts, "--notify")
    if sys.platform == "win32" and (found := shutil.which("powershell")):
        words = [found, "-NoProfile", "-NonInteractive", "-Command", _TOAST]
        return lambda text, facts: _ended(words, facts, "--notify")
    raise BadSettings(
        "--notify finds no program that shows notifications: install notify-send (Debian: libnotify-bin), "
        "or use --on-flip with a command."
    )


def by(command: str, option: str, *, quiet: bool) -> Tell:
    """Return what runs a command of the user's in a shell, with the facts in its environment.

    What it prints goes to standard error, since ours may be JSON; nowhere where it is ``quiet``: a table is drawn there.
    """
    return lambda text, facts: _ended(command, facts, option, quiet=quiet)


class Teller:
    """Tells on a thread of its own, one after another, so that nobody waits; ``failed`` hears what went wrong."""

    def __init__(self, failed: Callable[[str], object]) -> None:
        self._failed = failed
        self._waiting: queue.SimpleQueue[tuple[Tell, str, dict[str, str]] | None] = queue.SimpleQueue()
        self._thread = Thread(target=self._work, name="basketgex-alerts", daemon=True)
        self._thread.start()

    def tell(self, ways: Sequence[Tell], sentence: str, facts: Mapping[str, str]) -> None:
        """Have an alert told, by each of the ways."""
        named = {f"{PREFIX}{name}": value for name, value in facts.items()} | {f"{PREFIX}SENTENCE": sentence}
        for way in ways:
            self._waiting.put((way, sentence, named))

    def close(self, timeout: float | None = None) -> None:
        """Wait until all is told, for so many seconds at most."""
        self._waiting.put(None)
        self._thread.join(timeout)

    def _work(self) -> None:
        while (work := self._waiting.get()) is not None:
            way, sentence, facts = work
            if problem := way(sentence, facts):
                self._failed(problem)


def _ended(command: str | Sequence[str], facts: Mapping[str, str], option: str, *, quiet: bool = True) -> str:
    """Run a command to its end; return what went wrong."""
    group = sys.platform != "win32"  # all that it starts is ended with it
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own command, or the desktop's
            command,
            shell=isinstance(command, str),
            env={**os.environ, **facts},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if quiet else sys.stderr,
            stderr=subprocess.DEVNULL if quiet else None,
            start_new_session=group,
        )
    except (OSError, ValueError) as error:
        return f"The command of {option} could not be started: {getattr(error, 'strerror', None) or 'it is none'}."
    with process:
        try:
            code = process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL) if group else process.kill()
            return f"The command of {option} was ended: it took longer than {LONGEST:g} seconds."
    return f"The command of {option} ended with {code}." if code else ""
