"""From questions to answers: one basket, or a sheet's whole batch, in plain Python or in arrays by how much there is to do."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from concurrent.futures import Executor
from functools import cache
from types import ModuleType
from typing import Any, TypeVar

from basketgex_server.dispatch.batch.plain import answer_plainly, assemble
from basketgex_server.dispatch.batch.types import Answer, Batch, BatchAnswer
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.lookups import Refresh
from basketgex_server.domain import Basket

FEW = 60
"""Entries up to which a batch is answered without arrays: they would not pay."""

PLAIN = 2_000
"""Entries up to which it is while numpy is not loaded yet: loading it takes longer."""

SHORT = 20_000
"""Entries up to which the arrays take some two milliseconds: less than the way to the compute thread and back."""

T = TypeVar("T")


@cache
def arrays() -> ModuleType:
    """Return ``arrays.py``, loaded at the first call, for which the compute thread is the place: it brings numpy."""
    return importlib.import_module("basketgex_server.dispatch.batch.arrays")


async def answer_one(
    dispatcher: Dispatcher, question: Basket, refresh: Refresh, timeout: float | None = None
) -> Answer:
    """Answer one basket within the timeout (seconds). Raises the error that stands in its way."""
    lookup = await dispatcher.find(question.symbols, refresh=refresh, timeout=timeout)
    return assemble(0, question, lookup)


async def answer_batch(
    dispatcher: Dispatcher,
    batch: Batch,
    refresh: Refresh,
    *,
    most: int,
    compute: Executor,
    timeout: float | None = None,
) -> BatchAnswer:
    """Answer a batch within the timeout (seconds); ``most`` names a basket, ``compute`` runs large ones.

    What stands in the way of one basket is its entry of ``errors``. Raises InvalidBatch.
    """
    if batch.size <= (FEW if arrays.cache_info().currsize else PLAIN):
        return await answer_plainly(dispatcher, batch, refresh, most, timeout)
    loop = asyncio.get_running_loop()

    async def run(work: Callable[..., T], *values: Any) -> T:
        return await loop.run_in_executor(compute, work, *values) if batch.size > SHORT else work(*values)

    columns = arrays() if arrays.cache_info().currsize else await loop.run_in_executor(compute, arrays)
    asked = await run(columns.prepare, batch, most)
    lookup = await dispatcher.find(asked.tickers, refresh=refresh, baskets=asked.baskets, timeout=timeout)
    answered: BatchAnswer = await run(columns.assemble_all, asked, lookup)
    return answered
