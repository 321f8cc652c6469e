"""The look of the pictures, which is that of the templates."""

from __future__ import annotations

from typing import Any

from basketgex_addin.palette import INK, MUTED, RULE

DPI, WIDTH, HEIGHT = 160, 10.0, 5.8
"""Inches: a PNG is 1600 pixels wide."""
STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,  # $ is a dollar
    "svg.fonttype": "none",
    "svg.hashsalt": "basketgex",
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.labelcolor": MUTED,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "ytick.major.size": 0,
}
