"""The settings of a home while a server runs: config.toml may change meanwhile, the environment and the command line do not.

Decides what is heeded, and what a person should know of the rest; who acts on it is ``reloading``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from basketgex_server.addresses import check_listen
from basketgex_server.errors import BadSettings
from basketgex_server.settings import (
    CHOICES,
    PREFIX,
    Settings,
    change_config,
    combined,
    explanations,
    is_of_another_folder,
    read_config,
    shown,
    typed,
)
from basketgex_server.shown import quoted

if TYPE_CHECKING:
    from basketgex.home_settings import HomeSettings

RESTART = (
    "listen",
    "tls_certificate",
    "tls_key",
    "client_ca",
    "http_listen",
    "metrics_listen",
    "store",
    "drain",
)
"""Where the server listens, and what it keeps its books in, it decides once."""

_NEEDED = {"chain_folder": "."}  # what one setting needs of another, where it is looked at alone
Stamp = tuple[tuple[int, int, int], ...]


class Configuration:
    """What config.toml says under the environment and the command line (``given``; values that are None are not given).

    ``key_file`` has the paid source's key where no keyring has, and is looked at as the file is.
    ``held`` names what stays as it was given, whatever the file comes to say: where the server listens. What the command line
    says of the source is kept in the file when the server starts, and an edit is later. ``patient``: a server that starts with
    settings that cannot be used waits for better ones, and says so to everybody who asks.
    """

    def __init__(
        self,
        file: Path,
        given: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] = os.environ,
        *,
        key_file: Path | None = None,
        held: Collection[str] = RESTART,
        patient: bool = False,
    ) -> None:
        self.file = file
        self.key_file = key_file
        self.patient = patient
        self.settings = Settings()
        """Those in force."""
        self.fault = ""
        """Why the file, as it is, cannot be used."""
        self._in_force = False
        self._given = {name: value for name, value in (given or {}).items() if value is not None}
        self._held = held
        self._environment = environment
        self._first: dict[str, Any] = {}
        self._had_text = False
        self._seen = self._heeded = self._stamp()
        self._waiting: list[str] = []
        self._overruled: list[str] = []

    @classmethod
    def fixed(cls, file: Path, settings: Settings) -> Configuration:
        """Return one of settings that no edit changes."""
        names = [f.name for f in fields(Settings)]
        found = cls(file, {name: getattr(settings, name) for name in names}, {}, held=names)
        found.heed(settings)
        return found

    def start(self) -> Settings:
        """Return the settings to begin with. Raises BadSettings, where it is not patient."""
        try:
            found = combined(self._read(), self._environment, **self._given)
            self.check(found)
            self.heed(found)
        except BadSettings as error:
            if not self.patient:
                raise
            self.refuse(error, first=True)
        return self.settings

    def begun(self) -> None:
        """Take the file, as it is now, for what the server began with: an edit is what differs from that."""
        self._seen = self._heeded = self._stamp()
        if not self.fault:
            self._first = self._read()

    def has_settled(self) -> bool:
        """Tell whether the files are others than those heeded, and the same as at the last look: nobody is writing them."""
        stamp = self._stamp()
        rests, self._seen = stamp == self._seen, stamp
        return rests and stamp != self._heeded

    def is_at_fault(self) -> bool:
        """Tell whether the files, which nobody has touched since, could not be used."""
        return bool(self.fault) and self._seen == self._heeded

    def read(self) -> Settings:
        """Return what the settings are to be by the file as it is now. Raises BadSettings."""
        self._heeded = self._seen = self._stamp()
        written = self._read()
        if not written and self._had_text:  # never the sample because a file was lost
            raise BadSettings(
                "It is empty or gone: write it again, or run basketgex stop to begin anew without it."
            )
        found = self.would_be(written)
        was = self.settings if self._in_force else Settings()
        stays = {name: getattr(was, name) for name in RESTART}
        self._waiting = [name for name in RESTART if getattr(found, name) != stays[name]]
        self._overruled = [
            name
            for name, value in written.items()
            if value != self._first.get(name)
            and self._overruling(name)
            and typed(name, value) != getattr(found, name)
        ]
        return replace(found, **stays)

    def would_be(self, written: Mapping[str, Any]) -> Settings:
        """Return the settings that a file would make. Raises BadSettings."""
        held = {name: value for name, value in self._given.items() if name in self._held}
        kept = {PREFIX + name.upper() for name in self._given}
        environment = {name: value for name, value in self._environment.items() if name not in kept}
        found = combined(written, environment, **held)
        self.check(found)
        return found

    @staticmethod
    def check(settings: Settings) -> None:
        """Refuse addresses where no server may listen. Raises BadSettings."""
        check_listen(
            settings.listen,
            certificate=settings.tls_certificate,
            key=settings.tls_key,
            client_ca=settings.client_ca,
            http_listen=settings.http_listen,
            web_listen=settings.web_listen,
            metrics_listen=settings.metrics_listen,
        )

    def heed(self, settings: Settings) -> None:
        """Take settings for those in force."""
        self.settings, self.fault, self._in_force = settings, "", True

    def refuse(self, error: BadSettings, *, first: bool = False) -> None:
        """Note why the file is not heeded; the settings from before stay in force. ``first``: there are none, only defaults."""
        self.fault = error.sentence
        if first:
            self.settings, self._in_force = Settings(), False
        self._waiting, self._overruled = [], []

    @property
    def notice(self) -> str:
        """What a person should know, in whole sentences; mostly empty."""
        if self.fault:
            stays = "the settings from before stay" if self._in_force else "no figure is given"
            return f"config.toml cannot be used, so {stays}. {self.fault}"
        said = [
            f"{name} in config.toml waits for the server's next start: run basketgex stop."
            for name in self._waiting
        ]
        said += [
            f"{name} in config.toml is not heeded: {self._over(name)} of the server says otherwise."
            for name in self._overruled
        ]
        return " ".join(said)

    def described(self, key_place: str, key_problem: str) -> HomeSettings:
        """Return every setting, in the order in which they are defined, beside where the key is."""
        from basketgex.home_settings import HomeSettings, Setting

        default, written = Settings(), dict[str, Any]()
        with suppress(BadSettings):
            written = self._read()
        settings = (
            Setting(
                name,
                shown(getattr(self.settings, name)),
                shown(getattr(default, name)),
                self._overruling(name) or ("file" if name in written else "default"),
                CHOICES.get(name, ()),
                explanation,
                name in RESTART,
            )
            for name, explanation in explanations().items()
        )
        return HomeSettings({s.name: s for s in settings}, key_place, key_problem, self.notice)

    def planned(
        self, values: Mapping[str, str], unset: Iterable[str], make_source: Callable[[Settings], object]
    ) -> Callable[[], None]:
        """Return what writes texts that a person gave into the file, and takes other keys out of it.

        Raises BadSettings, with the argument where it is one, if the settings could not be used: ``make_source`` is asked too.
        """
        gone, wanted, written = set(unset), dict[str, Any](), self._read()
        known = {f.name for f in fields(Settings)}
        for name in (*values, *gone):
            if name not in known:
                raise BadSettings(
                    f"There is no setting {quoted(name)}: run basketgex config to see all.", argument=name
                )
        for name, text in values.items():
            try:
                wanted[name] = typed(name, text)
                combined({**_NEEDED, name: wanted[name]}, {})
            except BadSettings as error:
                raise BadSettings(error.sentence, argument=name) from error
        if "chain_as_of" not in wanted and is_of_another_folder(written, wanted.get("chain_folder")):
            gone.add("chain_as_of")
        make_source(self.would_be({n: v for n, v in written.items() if n not in gone} | wanted))

        def write() -> None:
            if wanted or gone:
                change_config(self.file, gone, **wanted)
                self._had_text = False  # it may have become empty, on purpose

        return write

    def _overruling(self, name: str) -> str:
        """Return what wins over the file for a setting: command or environment; mostly nothing."""
        if name in self._given:
            return "command" if name in self._held else ""
        return "environment" if PREFIX + name.upper() in self._environment else ""

    def _over(self, name: str) -> str:
        if self._overruling(name) == "command":
            return f"the option --{name.replace('_', '-')}"
        return f"{PREFIX}{name.upper()} in the environment"

    def _read(self) -> dict[str, Any]:
        written = read_config(self.file)
        self._had_text = self._had_text or bool(written)
        return written

    def _stamp(self) -> Stamp:
        return tuple(map(stamp_of, filter(None, (self.file, self.key_file))))


def stamp_of(file: Path) -> tuple[int, int, int]:
    """Return a value that changes when a file does, or comes or goes."""
    try:
        found = file.stat()
    except OSError:
        return (0, 0, 0)
    return found.st_mtime_ns, found.st_ino, found.st_size
