"""The log while something fails again and again."""

from __future__ import annotations

import logging

from basketgex_server.log_repeats import MOST, QUIET, Repeats


def written(repeats: Repeats, at: float, text: str, *values: object, level: int = logging.WARNING) -> str:
    """What is written of a message, "" where nothing is."""
    record = logging.LogRecord("basketgex_server.dispatch", level, "x.py", 1, text, values, None)
    record.created = at
    return record.getMessage() if repeats.filter(record) else ""


def test_the_same_failure_is_written_once_in_a_while_and_then_counted() -> None:
    repeats, said = Repeats(), "A call for %d symbols failed: %s."
    assert written(repeats, 1_000.0, said, 44, "source_unavailable") == (
        "A call for 44 symbols failed: source_unavailable."
    )
    for n in range(299):  # every two seconds, and not always for as many
        assert written(repeats, 1_002.0 + 2 * n, said, 44 + n % 3, "source_unavailable") == ""
    assert written(repeats, 1_100.0, said, 44, "rate_limited") != ""  # another failure is news
    assert written(repeats, 1_000.0 + QUIET, said, 43, "source_unavailable") == (
        "A call for 43 symbols failed: source_unavailable. And 299 more like it before."
    )
    assert written(repeats, 1_001.0 + QUIET, said, 43, "source_unavailable") == ""
    assert written(repeats, 5_000.0 + QUIET, said, 43, "source_unavailable").endswith(
        "And 1 more like it before."
    )
    assert written(repeats, 90_000.0, said, 43, "source_unavailable") == (
        "A call for 43 symbols failed: source_unavailable."
    )


def test_what_is_no_failure_is_always_written_and_a_clock_that_is_set_back_hides_nothing() -> None:
    repeats = Repeats()
    assert all(written(repeats, 5.0, "Serving.", level=logging.INFO) for _ in range(3))
    assert written(repeats, 9_000.0, "It failed.")
    assert written(repeats, 100.0, "It failed.")


def test_it_remembers_no_more_than_it_must() -> None:
    repeats = Repeats()
    letters = "abcdefghijklmnopqrstuvwxyz"
    texts = [f"{a}{b} failed." for a in letters for b in letters]
    assert len(texts) > 2 * MOST
    assert all(written(repeats, 5.0, text) for text in texts)
    assert len(repeats._known) == MOST
    assert written(repeats, 6.0, texts[-1]) == ""
