"""Watching baskets: what changed since the last look, how it is shown, and whom an alert tells."""
