"""Whether the server serves: itself, its token, the key, the quota and the source."""

from __future__ import annotations

import os
from collections.abc import Sequence
from urllib.parse import urlsplit

from basketgex import __version__
from basketgex.home_settings import HomeSettings
from basketgex_addin.cells import Ask, Problem
from basketgex_addin.client import ServerStatus
from basketgex_addin.menu import counted, quota_lines
from basketgex_cli.doctor.report import (
    ATTENTION,
    FAULT,
    OK,
    STOP,
    Facts,
    Finding,
    bounded,
    is_open,
    unconfigured,
)
from basketgex_cli.join import may_spend
from basketgex_cli.render import new_york_text
from basketgex_server.addresses import is_loopback
from basketgex_server.errors import BasketgexError
from basketgex_server.settings import Settings
from basketgex_server.shown import quoted
from basketgex_server.sources.files.folder import ChainFiles
from basketgex_server.sources.flashalpha import keys
from basketgex_server.sources.flashalpha.errors import SourceKeyMissing, SourceKeyRefused
from basketgex_server.sources.http import environment_fault
from basketgex_server.sources.sample.provider import Sample

SYMBOL = "SPY"
"""What the source is asked for; a folder of chains is asked for its first."""
_MOST_STRANGERS = 5
"""So many names of files that are read for no symbol are shown."""


def server(facts: Facts) -> Finding:
    """Ask the server whether it is there."""
    status = facts.status  # first, since asking starts one
    runtime = facts.home.server()
    if runtime is None and facts.home.is_served():
        return Finding(
            ATTENTION,
            "one is starting",
            "Look again in a moment: if it is still starting then, end its process.",
        )
    at = f"at {runtime.grpc}, process {runtime.pid}" if runtime else "none runs"
    if isinstance(status, ServerStatus):
        return Finding(OK, f"{at}, since {new_york_text(status.started_at)}")
    if isinstance(status, Problem):
        if runtime and runtime.version != __version__:
            return Finding(ATTENTION, f"{at}, version {runtime.version}, not asked", STOP)
        return Finding(
            FAULT,
            f"{at}. {status.sentence}",
            STOP if runtime else "See to the start command and the configuration.",
        )
    if facts.home.runtime_file.exists():
        return Finding(
            ATTENTION,
            "none runs, and the last one did not end in order",
            "Ask anything, or run basketgex serve: the next one tidies up.",
        )
    return Finding(OK, "none runs: the first question starts one")


def desk(facts: Facts) -> Finding:
    """Ask the desk that the home has joined whether it is there, and who this is to it."""
    if facts.desk is None:
        return Finding(OK, "none joined: this home has a server of its own")
    again = "Run basketgex join again, or basketgex leave for a server of this home's own."
    at = facts.desk.server or "its address cannot be read"
    if facts.home.desk_token_file.exists() and is_open(facts.home.desk_token_file):
        return Finding(FAULT, f"{at}. The token's file can be read by other users", again)
    if isinstance(facts.status, ServerStatus):
        who = f" as {facts.status.person}" if facts.status.person else ""
        return Finding(OK, " ".join((f"{at}{who}.", *may_spend(facts.status))))
    if isinstance(facts.status, Problem):
        return Finding(FAULT, f"{at}. {facts.status.sentence}", again)
    return Finding(ATTENTION, f"{at}, not asked", again)


def token(facts: Facts) -> Finding:
    """Look at the secret that every call carries."""
    if not facts.home.read_token():
        if facts.home.is_served():
            return Finding(
                FAULT,
                "the server runs, but its token is gone",
                "End its process: the next one makes another.",
            )
        return Finding(OK, "none yet: the first server makes it")
    if is_open(facts.home.token_file):
        again = "Run basketgex stop, then basketgex token rotate."
        return Finding(FAULT, "there, but other users can read it", again)
    return Finding(OK, "there, for you alone")


def key(facts: Facts) -> Finding:
    """Look for the FlashAlpha key where the server looks, or would look."""
    if facts.settings is None:
        return unconfigured()
    if facts.settings.source != "flashalpha":
        return Finding(OK, f"none needed: the source is {facts.settings.source}")
    again = "Run basketgex key set, or basketgex key set --file where there is no keyring."
    if isinstance(found := facts.of_server, HomeSettings):  # it is the server that needs the key
        place, problem = found.key_place, found.key_problem
    else:
        try:
            known = bounded(lambda: keys.find_key(facts.home.key_file))
            place, problem = known.place if known else "", ""
        except BasketgexError as error:
            place, problem = "", error.sentence
        except TimeoutError:
            return Finding(FAULT, "the keyring does not answer", f"Unlock it. {again}")
    if problem:
        return Finding(FAULT, problem, again)
    if not place:
        here = keys.is_given() and isinstance(found, HomeSettings)
        return Finding(
            FAULT, "in this terminal, but the running server has none" if here else "there is none", again
        )
    whose = "the server's" if isinstance(found, HomeSettings) else "the"
    names = {keys.ENVIRONMENT: f"{whose} environment", keys.FILE: "the key file", keys.KEYRING: "the keyring"}
    where = names.get(place, place)
    refused, missing = SourceKeyRefused(), SourceKeyMissing()
    if facts.ask:
        if not isinstance(facts.quota, Problem):
            return Finding(OK, f"in {where}, and the account knows it")
        if facts.quota.code in (refused.code, missing.code):
            return Finding(FAULT, f"in {where}. {facts.quota.sentence}", again)
        return Finding(ATTENTION, f"in {where}, but the account was not reached", "Look again in a minute.")
    if isinstance(facts.status, ServerStatus) and facts.status.last_problem in (
        refused.sentence,
        missing.sentence,
    ):
        return Finding(ATTENTION, f"in {where}, but the server's last call found it wrong or missing", again)
    return Finding(
        OK, f"in {where}; basketgex doctor --ask has the account look at it, which may cost a debit"
    )


def quota(facts: Facts) -> Finding:
    """Say what is left of the day's debits."""
    status = facts.status
    if status is None:
        return Finding(OK, "known when a server runs")
    if isinstance(status, Problem):
        return Finding(ATTENTION, "not known, since the server does not answer", "See to the server first.")
    if not status.metered:
        return Finding(OK, "none: the source costs no debits")
    if isinstance(facts.quota, Problem):
        return Finding(FAULT, facts.quota.sentence, "See to the source and its key first.")
    text, again = quota_lines(facts.quota)
    if facts.quota.elsewhere:
        text += f" {facts.quota.elsewhere:,} of them were not spent here: the key is used elsewhere too."
    if facts.quota.left == 0:
        return Finding(ATTENTION, text, f"{again.partition('.')[0]}. Wait until then, or change the plan.")
    return Finding(OK, text)


def source(facts: Facts) -> Finding:
    """Look at the source, and ask it where that is wanted."""
    if (settings := facts.settings) is None:
        return unconfigured()
    status = facts.status
    if isinstance(status, ServerStatus) and status.source != settings.source:
        differ = f"the server serves {status.source}, the configuration says {settings.source}"
        return Finding(ATTENTION, differ, STOP)
    symbol, text = SYMBOL, f"{settings.source}, not asked"
    if settings.source == "flashalpha":
        text = "FlashAlpha, not asked since a call costs a debit"
    elif settings.source == "sample":
        text = f"synthetic sample, {len(Sample().symbols())} names, invented figures"
    elif settings.source == "cboe":
        text = "Cboe's delayed quotes, not asked"
    elif settings.source == "chain-files":
        another = "Run basketgex source chain-files with the --folder of the chains."
        try:
            folder = settings.folder()
            files = ChainFiles(folder, settings.chain_as_of)
            symbols, strangers = files.symbols(), files.strangers()
        except BasketgexError as error:
            return Finding(FAULT, error.sentence, another)
        if not os.access(folder, os.R_OK | os.X_OK):
            return Finding(FAULT, f"the folder {quoted(folder.name)} cannot be read", another)
        if not symbols:
            return Finding(
                FAULT, f"the folder {quoted(folder.name)} has no chain in it{_unread(strangers)}", another
            )
        symbol, text = symbols[0], f"{counted(len(symbols), 'chain')} in {folder.name}{_unread(strangers)}"
    if _is_far(settings) and (fault := environment_fault()):
        return Finding(FAULT, f"{text}. In this terminal's environment {fault}")
    if facts.ask:
        return _asked(facts, symbol)
    if isinstance(status, ServerStatus) and status.last_problem:
        return Finding(
            ATTENTION,
            f"{text}. The server's last problem: {status.last_problem}",
            "Run basketgex doctor --ask to see whether it is over.",
        )
    return Finding(OK, text)


def _unread(strangers: Sequence[str]) -> str:
    if not strangers:
        return ""
    names = ", ".join(quoted(name, 60) for name in strangers[:_MOST_STRANGERS])
    more = len(strangers) - _MOST_STRANGERS
    return f"; {names}{f' and {more:,} more' if more > 0 else ''} found under no symbol, and not read"


def _is_far(settings: Settings) -> bool:
    """Tell whether a service beyond this machine is asked, for which the environment's proxies and certificates count."""
    bases = {"cboe": settings.cboe_base_url, "flashalpha": settings.flashalpha_base_url}
    host = urlsplit(bases.get(settings.source, "")).hostname or ""
    return settings.source in bases and host != "localhost" and not is_loopback(host)


def _asked(facts: Facts, symbol: str) -> Finding:
    found = facts.client.ask_many([Ask((symbol,))], "FORCE")[0]
    if isinstance(found, Problem):
        return Finding(
            FAULT, f"asked for {symbol}: {found.sentence}", "Then run basketgex doctor --ask again."
        )
    text = f"{found.source} answered for {symbol}, as of {new_york_text(found.as_of)}"
    if found.notice:  # older figures were served instead
        return Finding(ATTENTION, f"{text}. {found.notice}", "Run basketgex doctor --ask again in a minute.")
    return Finding(OK, text)
