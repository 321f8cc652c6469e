"""The embedded sample: invented chains of well-known names."""
