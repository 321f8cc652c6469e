"""Which forms are read, and by what the best known of the others are recognised: a refusal says what a file is."""

from __future__ import annotations

READ = (
    "Read are Cboe's CSV (2018 and later) and JSON, yfinance CSV, Tradier, Schwab (TD Ameritrade) and Polygon JSON, "
    "and the canonical CSV or Parquet of docs/chains.md."
)
PACKED = "packed by gzip: let its name end in .gz"
_HEAD = 4096
_NO_OPEN_INTEREST = "which has no open interest"
_FOREIGN: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"[quote_unixtime]",), f"an OptionsDX file, {_NO_OPEN_INTEREST}"),
    (
        (b"stock quote and option quote for",),
        "a thinkorswim export, which names no contract by its OCC symbol",
    ),
    (
        (b"underlying_symbol", b"quote_date"),
        "a Cboe DataShop file, which names no contract by its OCC symbol",
    ),
    ((b'"snapshots"', b'"latestquote"'), f"an Alpaca reply, {_NO_OPEN_INTEREST}"),
    ((b'"optionchain"',), "Yahoo's own JSON: save it with yfinance, as CSV"),
    ((b";calls;", b";puts;"), "separated by semicolons, as a spreadsheet saves it: download it anew"),
    ((b"\tcalls\t", b"\tputs\t"), "separated by tabs, as a spreadsheet saves it: download it anew"),
    ((b"option;", b"open_interest"), "separated by semicolons: save it with commas"),
    ((b"option\t", b"open_interest"), "separated by tabs: save it with commas"),
    ((b"<html",), "a web page"),
    ((b"<!doctype",), "a web page"),
)
_BEGINNINGS = ((b"PK\3\4", "an Excel file or a zip archive"), (b"\xd0\xcf\x11\xe0", "an Excel file"),
               (b"%PDF", "a PDF"), (b"\x1f\x8b", PACKED))  # fmt: skip


def recognised(content: bytes) -> str:
    """Return what a file is that is read in no form, to follow "is"; empty where it is not known.

    >>> recognised(b"<!DOCTYPE html><title>Sign in</title>")
    'a web page'
    """
    for beginning, what in _BEGINNINGS:
        if content.startswith(beginning):
            return what
    head = content[:_HEAD].lower()
    return next((what for marks, what in _FOREIGN if all(mark in head for mark in marks)), "")
