"""A server that waits for its source for as many seconds as it is told: ``python impatient.py SECONDS``."""

from __future__ import annotations

import sys
from concurrent.futures import Executor

from basketgex.home import Home, default_home
from basketgex_server.lifecycle import announce, log_to, serve
from basketgex_server.settings import Settings, load
from basketgex_server.sources.flashalpha.keys import get_key
from basketgex_server.sources.flashalpha.source import FlashAlpha


def command(seconds: float) -> tuple[str, ...]:
    """Return what starts one."""
    return sys.executable, "-W", "error", __file__, str(seconds)


def _main(seconds: str) -> None:
    home = Home(default_home().absolute())
    home.create()
    log_to(home.log_file)

    def make(settings: Settings, executor: Executor, *_: object) -> FlashAlpha:
        return FlashAlpha(
            settings.flashalpha_base_url, key=get_key, executor=executor, timeout=float(seconds)
        )

    serve(home, load(home.config_file), make, announce)


if __name__ == "__main__":
    _main(*sys.argv[1:])
