"""A metered source's day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from basketgex_addin.cells import CellValue, Problem, Question, Quota, Server, Table
from basketgex_addin.functions.record import Function, Kind, Shape, no_option


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class QuotaOf(Question[Quota]):
    """The question for the quota: what is left of it is known by the server alone."""

    from_memory: ClassVar[bool] = False

    def put_to(self, server: Server) -> Quota | Problem:
        """Ask it."""
        return server.quota()


def quota(found: Quota) -> Table:
    """Return BASKETQUOTA's row: plan, debits a day, used, left, when the count starts again (UTC), saved."""
    limit: CellValue = "unlimited" if found.unlimited else found.limit
    left: CellValue = "unlimited" if found.unlimited else found.left
    resets = f"{datetime.fromtimestamp(found.resets_at, UTC):%Y-%m-%d %H:%M} UTC"
    return ((found.plan or "unknown", limit, float(found.used), left, resets, float(found.saved)),)


BASKETQUOTA = Function(
    "BASKETQUOTA",
    "A metered source's day in a row: plan, debits a day, used, left, when the count starts again (UTC), and what was "
    "saved against one call per cell.",
    (),
    Shape.TABLE,
    Kind(
        question=lambda _: QuotaOf(),
        option=no_option,
        show=lambda found, _: quota(found),
        cost="From what the server has counted: never costs a debit.",
    ),
)
