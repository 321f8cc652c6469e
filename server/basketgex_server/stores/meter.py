"""Who is told how long things take. Here nobody: where somebody looks after the server, the doors bring another."""

from __future__ import annotations


class Meter:
    """Forgets what it is told."""

    def store_took(self, operation: str, seconds: float) -> None:
        """Hear how long the store took for something."""

    def news_took(self, seconds: float) -> None:
        """Hear how long it took until something that another replica has fetched was known here."""
