"""The colours of the templates and of the pictures: few, and blue and orange stay apart for every eye."""

from __future__ import annotations

INK = "#1B2530"
MUTED = "#6A7683"
FAINT = "#A9B3BD"
RULE = "#D9DEE4"
BAND = "#16222F"
BAND_TEXT = "#B9C6D3"
POSITIVE = "#1F5FA8"
NEGATIVE = "#C2570C"
POSITIVE_BAR = "#A9C8EA"
NEGATIVE_BAR = "#F3BE93"
NEUTRAL_BAR = "#CBD3DB"
EDITABLE = "#FBFAF4"
WARNING = "#FFE7B0"
WARNING_TEXT = "#6B4200"
PALE_WARNING = "#FFF6E0"
