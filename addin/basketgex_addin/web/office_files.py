"""What Excel through Office.js needs in the home: certificates, the manifest, and a record of what was installed where."""

from __future__ import annotations

import json
import ssl
from dataclasses import asdict, dataclass, field
from pathlib import Path

from basketgex.files import write_whole
from basketgex.home import Home

PORT = 8738
"""Where Excel finds the add-in: its manifest names it."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What ``basketgex install office`` did: ``steps`` are the names of those that only programs of the system can tell.

    ``launch``: it recorded how the server starts, since nothing else had.
    """

    port: int
    namespace: str
    platform: str
    web: bool
    steps: list[str] = field(default_factory=list)
    launch: bool = False


@dataclass(frozen=True, slots=True)
class OfficeFiles:
    """The files of one home."""

    home: Home

    @property
    def authority(self) -> Path:
        """What the system is asked to trust."""
        return self.home.path / "office-ca.crt"

    @property
    def chain(self) -> Path:
        """The certificate of this machine."""
        return self.home.path / "office-leaf.pem"

    @property
    def key(self) -> Path:
        """Its key, for its owner alone."""
        return self.home.path / "office-leaf.key"

    @property
    def manifest(self) -> Path:
        """The add-in's file."""
        return self.home.path / "office-manifest.xml"

    @property
    def record(self) -> Path:
        """What was installed."""
        return self.home.path / "office.json"

    @property
    def every(self) -> tuple[Path, ...]:
        """All of them, the record last."""
        return (self.authority, self.chain, self.key, self.manifest, self.record)

    def installed(self) -> Installed | None:
        """Return what was installed, None where nothing was."""
        try:
            return Installed(**json.loads(self.record.read_text("utf-8")))
        except (OSError, ValueError, TypeError, RecursionError):
            return None

    def write_record(self, installed: Installed) -> None:
        """Note what was installed."""
        write_whole(self.record, json.dumps(asdict(installed), indent=2))

    def origin(self, port: int = 0) -> str:
        """Return the address at which Excel finds the add-in."""
        found = self.installed()
        return f"https://localhost:{port or (found.port if found else PORT)}"

    def context(self) -> ssl.SSLContext:
        """Return what https is spoken with. Raises OSError where a file is missing or spoilt."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        made.load_cert_chain(self.chain, self.key)
        return made
