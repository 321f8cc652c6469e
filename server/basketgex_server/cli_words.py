"""What is typed at a prompt, read. Pure."""

from __future__ import annotations

from basketgex_server.domain import ticker
from basketgex_server.errors import BadSettings, InvalidSymbol, quoted


def tickers(text: str) -> tuple[str, ...]:
    """Return what stands between commas, trimmed. Raises BadSettings where spaces stand for commas.

    >>> tickers("nvda, AMD US Equity,")
    ('nvda', 'AMD US Equity')
    """
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    for name in names:
        words = name.split()
        if len(words) > 1 and not _is_ticker(name) and all(map(_is_ticker, words)):
            raise BadSettings(
                f"{quoted(name)} is not one ticker: write commas between them, {','.join(words[:5])}."
            )
    return names


def _is_ticker(text: str) -> bool:
    try:
        ticker(text)
    except InvalidSymbol:
        return False
    return True
