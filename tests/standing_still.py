"""A machine that stands still for some seconds fails what is about seconds: such tests are tried again after a rest."""

from __future__ import annotations

import pytest

REST = 5
"""Seconds before another try: what stood still may not have come round yet."""
tried_again = pytest.mark.flaky(reruns=2, reruns_delay=REST)
