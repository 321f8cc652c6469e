"""The source that the settings name. Only that one is loaded: a spreadsheet waits for the start."""

from __future__ import annotations

from concurrent.futures import Executor
from functools import partial
from pathlib import Path

from basketgex_server.settings import Settings
from basketgex_server.sources.computed import Computed
from basketgex_server.sources.port import ChainProvider, ExposureSource

SAMPLE_SEATS = 50
"""As many symbols as one call of the real service carries."""


def make_source(settings: Settings, executor: Executor, key_file: Path | None = None) -> ExposureSource:
    """Return the source of figures; its work runs on ``executor``, its key may be in ``key_file``. Raises BadSettings."""
    if settings.source == "sample":
        from basketgex_server.sources.sample.provider import Sample

        return _computed(Sample(), settings, executor, symbols_per_call=SAMPLE_SEATS, metered=True)
    if settings.source == "chain-files":
        from basketgex_server.sources.files.folder import ChainFiles

        files = ChainFiles(settings.folder(), settings.chain_as_of)
        return _computed(files, settings, executor, symbols_per_call=0, metered=False)
    if settings.source == "flashalpha":
        from basketgex_server.sources.flashalpha.keys import get_key
        from basketgex_server.sources.flashalpha.source import FlashAlpha

        return FlashAlpha(
            settings.flashalpha_base_url,
            convention=settings.convention,
            key=lambda: get_key(file=key_file),
            executor=executor,
        )
    if settings.source == "cboe":
        from basketgex_server.sources.cboe import Cboe

        made = partial(_computed, settings=settings, executor=executor, symbols_per_call=0, metered=False)
        return Cboe(settings.cboe_base_url, executor, made)
    raise AssertionError(f"the setting may be {settings.source}, and nothing here makes that")


def _computed(
    provider: ChainProvider, settings: Settings, executor: Executor, *, symbols_per_call: int, metered: bool
) -> Computed:
    implied, filled = settings.implied, settings.filled
    if implied or filled:
        from basketgex_server.sources.adjusted import Adjusted

        provider = Adjusted(provider, settings.rates_of, settings.day_count, implied=implied, filled=filled)
    return Computed(
        provider,
        executor,
        convention=settings.convention,
        rate=settings.rate,
        dividend_yield=settings.dividend_yield,
        stock_dividend_yield=settings.stock_dividend_yield,
        rates=settings.rates,
        dividend_yields=settings.dividend_yields,
        day_count=settings.day_count,
        symbols_per_call=symbols_per_call,
        metered=metered,
    )
