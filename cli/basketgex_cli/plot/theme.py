"""The look of the pictures, which is that of the templates."""

from __future__ import annotations

from typing import Any

# As in workbook_templates/look.py, which is no part of the installed package; a test holds them together.
INK, MUTED, RULE = "#1B2530", "#6A7683", "#D9DEE4"
POSITIVE, NEGATIVE, POSITIVE_BAR, NEGATIVE_BAR = "#1F5FA8", "#C2570C", "#A9C8EA", "#F3BE93"
WARNING, WARNING_TEXT = "#FFE7B0", "#6B4200"

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
