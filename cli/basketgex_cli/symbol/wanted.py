"""What a person may want to see of an underlying."""

from __future__ import annotations

from typing import NamedTuple


class Wanted(NamedTuple):
    """What is printed of an underlying beside its figures; ``profile``: low and high in units of spot, number of levels."""

    per_strike: bool = False
    per_expiry: bool = False
    levels: bool = False
    profile: tuple[float, float, int] | None = None
