"""What the menus of both hosts do and say: each returns a sentence to show, or ""."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from basketgex_addin import template_files
from basketgex_addin.cells import Problem, Quota
from basketgex_addin.client import BasketClient, ServerStatus
from basketgex_addin.functions import FUNCTIONS
from basketgex_addin.functions.quota import QuotaOf
from basketgex_addin.prefetch import Foreseen

AUTO_CHOICES = ((0, "Off"), (30, "Every 30 s"), (60, "Every minute"), (300, "Every 5 minutes"))
"""How often sheets are recalculated by themselves: seconds, and the choice as shown."""
REFRESH, AUTO, TEMPLATE = "refresh-", "auto-", "template-"
"""What commands of a kind begin with; the rest says which."""
INSERT_TABLE, RESIZE_TABLE, SETTINGS = "insert-table", "resize-table", "settings"
FAULT = "The add-in failed to do this. Try again, and run basketgex doctor in a terminal if it fails again."
NOTHING_TO_REFRESH = "No formula there asks for a basket."
SENTENCES = 3
"""So many reasons are shown at most."""


def entries() -> Iterator[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """Yield Calc's menu: a command, its text, and the entries of its own menu where it has one."""
    for scope in ("selection", "sheet", "all"):
        yield f"{REFRESH}{scope}", f"Refresh {scope}", ()
    yield "", "Auto-refresh", tuple((f"{AUTO}{seconds}", text) for seconds, text in AUTO_CHOICES)
    yield INSERT_TABLE, "Insert table here", ()
    yield RESIZE_TABLE, "Resize table", ()
    yield "quota", "Quota", ()
    yield "status", "Status", ()
    yield SETTINGS, "Settings…", ()
    templates = ((f"{TEMPLATE}{name}", template_files.title(name)) for name in template_files.TEMPLATES)
    yield "", "Insert template", tuple(templates)
    yield "help", "Help", ()


def refresh(client: BasketClient, foreseen: Sequence[Foreseen]) -> str:
    """Ask the source again for baskets, in one call."""
    asks = list(dict.fromkeys(q.basket for q in foreseen))
    if not asks:
        return NOTHING_TO_REFRESH
    failed = [found for found in client.ask_many(asks, "FORCE") if isinstance(found, Problem)]
    if not failed:
        return ""
    reasons = list(dict.fromkeys(problem.sentence for problem in failed))[:SENTENCES]
    return "\n".join([f"{len(failed):,} of {len(asks):,} baskets could not be refreshed.", *reasons])


def quota(client: BasketClient) -> str:
    """Return a metered source's day, as far as the server has counted: its account is not asked, which may cost a debit."""
    found = client.ask(QuotaOf())
    if isinstance(found, Problem):
        return found.sentence
    return " ".join(quota_lines(found))


def quota_lines(found: Quota) -> tuple[str, str]:
    """Return a metered source's day in two sentences or three.

    >>> quota_lines(Quota("", None, 4, None, False, 0.0, 12))[0]
    '4 debits used; the source does not say how many a day has.'
    """
    plan = f"Plan {found.plan}: " if found.plan else ""
    debits = f"{plan}{counted(found.used, 'debit')} used"
    if found.unlimited:
        rest = ", without limit"
    elif found.limit is None:
        rest = "; the source does not say how many a day has"
    else:
        rest = f", {'an unknown number' if found.left is None else f'{found.left:,.0f}'} left of {found.limit:,.0f}"
    resets = f"{datetime.fromtimestamp(found.resets_at, UTC):%Y-%m-%d %H:%M} UTC"
    return (
        f"{debits}{rest}.",
        f"The count starts again at {resets}. Saved today against one call per cell: {found.saved:,}.",
    )


def counted(count: int, what: str) -> str:
    """Return a count and what is counted.

    >>> counted(1, "debit"), counted(1200, "debit")
    ('1 debit', '1,200 debits')
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def work(found: ServerStatus) -> str:
    """Return what a server has done, in a sentence."""
    asked = f"{counted(found.requests, 'request')} for {counted(found.baskets, 'basket')}"
    return f"{asked} took {counted(found.source_calls, 'source call')} for {counted(found.symbols_fetched, 'symbol')}."


def status(client: BasketClient) -> str:
    """Return what serves, and what it has done."""
    found = client.status()
    if isinstance(found, Problem):
        return found.sentence
    done = work(found)
    debits = f"Debits: {found.debits_today:,} today, {found.debits_total:,} in all." if found.metered else ""
    problem = f"Last problem: {found.last_problem}" if found.last_problem else ""
    said = (found.sentence, f"Version {found.version}.", found.settings_notice, done, debits, problem)
    return "\n".join(filter(None, said))


def manual() -> str:
    """Return how to begin."""
    names = ", ".join(function.name for function in FUNCTIONS)
    return (
        "Type tickers into A2:A7, weights into B2:B7, and =BASKETGEX(A2:A7,B2:B7) into a cell.\n\n"
        "Where a cell shows an error, =BASKETWHY(A2:A7,B2:B7) says why. Insert Function, category Basket GEX, explains "
        f"every function:\n{names}.\n\nIn a terminal, basketgex doctor looks after the installation."
    )
