"""An open channel to one server, and which requests may be sent again when it gives no answer."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, NamedTuple

from basketgex.desk import Desk
from basketgex.home import Runtime, bearer
from basketgex_addin.client import problems

if TYPE_CHECKING:
    import grpc

FORCE = 2  # REFRESHFORCE of the contract, whose package may be missing here


class Link(NamedTuple):
    """An open channel to one server."""

    at: Runtime | Desk
    token: str
    stamp: Hashable
    channel: grpc.Channel
    stub: Any

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What every call carries."""
        return bearer(self.token)


def is_forced(request: Any) -> bool:
    """Tell whether a request asks the source explicitly: it may cost a debit each time it arrives."""
    return getattr(request, "refresh", 0) == FORCE


def is_worth_another_try(answer: Any, request: Any, link: Link) -> bool:
    """Tell whether a request is to be sent again. To a desk none that may have cost a debit, if it would cost another.

    Of a desk's server that is ending a basket may have been refused that another server answers.
    """
    if isinstance(link.at, Desk):
        partly = any(e.problem.code == problems.DRAINING.code for e in getattr(answer, "errors", ()))
        if answer == problems.SERVER_ABSENT or partly:
            return not is_forced(request)
    if answer == problems.SERVER_ABSENT:
        return True
    return answer in (problems.DRAINING, problems.TOKEN_REFUSED)
