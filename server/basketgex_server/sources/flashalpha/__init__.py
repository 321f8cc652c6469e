"""The paid source: FlashAlpha's REST service, its replies, its errors and its key."""
