"""Where figures come from: one port, sibling adapters."""
