"""A line between two programs on loopback that can be held, stranded, cut and mended, or lose one answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Self

PATIENCE = 60.0
"""Seconds by which whatever a test waits for has long happened."""


class Relay:
    """``with Relay(port) as relay: … relay.port …`` carries to and fro whatever comes, until told otherwise."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._changed = threading.Condition()
        self._lines: list[_Line] = []
        self._threads: list[threading.Thread] = []
        self._is_held = self._is_cut = self._is_over = False
        self._words: tuple[bytes, ...] = ()
        self._resets = False
        self._has_lost = False

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._begin(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self.cut()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a line did not end"

    def hold(self) -> None:
        """Let nothing through; what comes waits, and is lost where the line is cut."""
        with self._changed:
            self._is_held = True

    def release(self) -> None:
        """Let through what is held."""
        with self._changed:
            self._is_held = False
            self._changed.notify_all()

    def strand(self) -> None:
        """Carry nothing more on the connections that there are, without ending them; new ones are carried."""
        with self._changed:
            for line in self._lines:
                line.is_stranded = True

    def cut(self) -> None:
        """End every connection, and each new one at once."""
        with self._changed:
            self._is_cut = True
            lines, self._lines = self._lines, []
            for line in lines:
                line.end()
            self._changed.notify_all()

    def lead_to(self, port: int) -> None:
        """Have new connections lead elsewhere; those that there are end."""
        self.cut()
        self._to = port
        self.mend()

    def mend(self) -> None:
        """Let new connections through."""
        with self._changed:
            self._is_cut = self._is_held = False

    def lose_answer(self, *words: bytes, resets: bool) -> None:
        """Lose the answer to what follows when these have passed, in turn: the connection is reset, or says nothing more."""
        with self._changed:
            self._words, self._resets, self._has_lost = words, resets, False

    def wait_lost(self) -> None:
        """Wait until an answer was lost."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._has_lost, PATIENCE), "no answer was lost"

    def wait_waiting(self) -> None:
        """Wait until something is held."""
        with self._changed:
            assert self._changed.wait_for(lambda: any(x.has_more for x in self._lines), PATIENCE), "none came"

    def _begin(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._is_over:
            try:
                here, _ = self._listener.accept()
                there = socket.create_connection(("127.0.0.1", self._to), PATIENCE)
            except OSError:
                if self._is_over:
                    return
                here.close()  # nobody is there
                continue
            there.settimeout(None)
            line = _Line(here, there)
            with self._changed:
                if self._is_cut:
                    line.end()
                    continue
                self._lines.append(line)
            self._begin(self._carry, line, here, there, True)
            self._begin(self._carry, line, there, here, False)

    def _carry(self, line: _Line, source: socket.socket, sink: socket.socket, asks: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if line.is_stranded:
                    continue
                with self._changed:
                    line.has_more |= self._is_held
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: not self._is_held or line.is_over)
                    if line.is_over:
                        return
                    if asks:
                        line.hear(data, self._words)
                if asks or not line.is_mute:
                    sink.sendall(data)
                elif self._resets:
                    line.end()  # the answer is here, so it was done
                if not asks and line.is_mute:
                    with self._changed:
                        self._words, self._has_lost = (), True
                        self._changed.notify_all()
        if asks or not line.is_mute:
            line.end()


class _Line:
    """One connection: both its ends."""

    def __init__(self, *ends: socket.socket) -> None:
        self._ends = ends
        self.is_over = self.is_mute = self.is_stranded = self.has_more = False
        self._heard = 0

    def hear(self, data: bytes, words: Sequence[bytes]) -> None:
        """Note which of the words have passed; after the last it is mute."""
        while self._heard < len(words) and words[self._heard] in data:
            self._heard += 1
        self.is_mute |= 0 < len(words) <= self._heard

    def end(self) -> None:
        self.is_over = True
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
