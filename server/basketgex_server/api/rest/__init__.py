"""The REST door: FlashAlpha's contract over HTTP."""
