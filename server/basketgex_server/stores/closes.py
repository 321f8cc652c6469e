"""What a store offers besides its port where it keeps a closing figure a day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from basketgex_server.exposure.past import Close


@runtime_checkable
class KeepsCloses(Protocol):
    """A store that keeps the last figures of each day for longer than all of them."""

    async def closes(self, origin: str, symbols: Sequence[str], since: float) -> dict[str, list[Close]]:
        """Return the closing figures of some symbols since a moment (Unix seconds), the oldest first."""
