"""A keyring in a file, for commands in processes of their own: ``PYTHON_KEYRING_BACKEND=tests.server.keyring_file.InFile``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import keyring.backend

VARIABLE = "TEST_KEYRING_FILE"


class InFile(keyring.backend.KeyringBackend):
    """Keeps what it is given in the file that the environment names."""

    priority = -1.0  # never chosen by itself

    def get_password(self, service: str, username: str) -> str | None:
        found: str | None = self._kept().get(f"{service}/{username}")
        return found

    def set_password(self, service: str, username: str, password: str) -> None:
        self._keep(self._kept() | {f"{service}/{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        kept = self._kept()
        del kept[f"{service}/{username}"]
        self._keep(kept)

    @property
    def _file(self) -> Path:
        return Path(os.environ[VARIABLE])

    def _kept(self) -> dict[str, str]:
        return dict(json.loads(self._file.read_text("utf-8"))) if self._file.exists() else {}

    def _keep(self, kept: dict[str, str]) -> None:
        self._file.write_text(json.dumps(kept), "utf-8")
