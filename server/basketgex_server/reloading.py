"""Heeds an edited configuration, and changes it for those who ask: the thin shell around ``configuration``."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

from basketgex_server.configuration import Configuration
from basketgex_server.dispatch.dispatcher import fault
from basketgex_server.errors import BadSettings, BasketgexError
from basketgex_server.settings import Settings
from basketgex_server.sources.port import ExposureSource

if TYPE_CHECKING:
    from basketgex.home_settings import HomeSettings

LOG = logging.getLogger(__name__)
LOOK = 0.25
"""Seconds between two looks at the files; what has changed is heeded at the second look that finds it at rest."""
AGAIN = 5.0
"""Seconds after which settings that could not be used are tried again: a folder may have come back by itself."""
PATIENCE = 5.0
"""Seconds that a keyring may take to answer."""
T = TypeVar("T")


class Reloading:
    """Keeps a server at what its configuration says.

    ``make_source`` makes a source of settings, or raises BadSettings; ``adopt`` is given both where they can be used, and
    ``tell`` hears when something of the settings, or of what is to be said of them, has changed.
    """

    def __init__(
        self,
        configuration: Configuration,
        make_source: Callable[[Settings], ExposureSource],
        adopt: Callable[[Settings, ExposureSource], None],
        tell: Callable[[], None],
    ) -> None:
        self._configuration = configuration
        self._make_source = make_source
        self._adopt = adopt
        self._tell = tell
        self._one_at_a_time = asyncio.Lock()
        self._tried_at = -math.inf

    async def look(self) -> None:
        """Heed the configuration where it has changed and come to rest. Raises nothing."""
        try:
            configuration = self._configuration
            overdue = time.monotonic() >= self._tried_at + AGAIN
            if configuration.has_settled() or (overdue and configuration.is_at_fault()):
                async with self._one_at_a_time:
                    await self._heed()
        except Exception as error:  # noqa: BLE001 - the next edit is looked at again
            LOG.error("The configuration could not be heeded: %s.", fault(error))

    async def described(self, *, key: bool) -> HomeSettings:
        """Return the settings as they are in force, and where the key is, if that is wanted: a keyring may ask a person."""
        if not key:
            return self._configuration.described("", "")
        from basketgex_server.sources.flashalpha import keys  # here as below: most starts need none of it

        found, problem = None, ""
        try:
            found = await asyncio.wait_for(
                _aside(lambda: keys.find_key(self._configuration.key_file)), PATIENCE
            )
        except BasketgexError as error:
            problem = error.sentence
        except TimeoutError:
            problem = "The keyring does not answer: unlock it."
        return self._configuration.described(found.place if found else "", problem)

    async def change(self, values: Mapping[str, str], unset: Sequence[str], key: str | None) -> HomeSettings:
        """Change settings, by name, and the key; heed them, and return what they are then.

        Raises BadSettings where one of them cannot be used, BadKey and KeyStoreUnavailable: then nothing is changed.
        """
        from basketgex_server.sources.flashalpha import keys

        configuration = self._configuration
        if key is not None:
            keys.Secret(key)  # raises
        async with self._one_at_a_time:
            write = await _aside(lambda: configuration.planned(values, unset, self._make_source))
            if key is not None:
                await _aside(lambda: keys.keep_key(key, configuration.key_file))
            write()
            await self._heed()
        return await self.described(key=configuration.settings.source == "flashalpha")

    async def _heed(self) -> None:
        configuration = self._configuration
        before, self._tried_at = configuration.fault, time.monotonic()
        try:
            settings = configuration.read()
            source = await _aside(lambda: self._make_source(settings))
        except BadSettings as error:
            if error.sentence == before:
                return
            configuration.refuse(error)
            LOG.warning("The configuration is not heeded: %s", error.sentence)
        else:
            configuration.heed(settings)
            self._adopt(settings, source)
            LOG.info("The configuration has changed; serving %s.", settings.source)
        self._tell()


async def _aside(work: Callable[[], T]) -> T:
    """Return what work returns that may wait for a disk or a person; one that never comes back keeps nobody from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result: T | None = None
        raised: BaseException | None = None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            raised = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, raised)

    Thread(target=run, name="aside", daemon=True).start()
    return await done
