"""An open stream, and what the failure of a call means. grpc is imported where it is used: it may be missing."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from basketgex_addin.cells import Problem
from basketgex_addin.client import problems

if TYPE_CHECKING:
    import grpc

_OF_THE_SERVER = frozenset({"timed_out", "token_refused"})
"""Codes that say how the server stands, not the source: for these the client has words, and a rule, of its own."""


class Stream:
    """An open stream: iterating gives its messages until it ends; then ``problem`` says why. ``cancel`` ends it.

    ``stamp`` is the home's under which it was opened; ``instead`` has what is said for a problem where that is not itself.
    """

    def __init__(
        self, stamp: Hashable, call: Any, instead: Mapping[Problem, Problem] = MappingProxyType({})
    ) -> None:
        self.stamp = stamp
        self._instead = instead
        self.problem = problems.SERVER_ABSENT
        self._call = call

    def __iter__(self) -> Iterator[Any]:
        """Return the messages; never raises."""
        import grpc

        try:
            yield from self._call
        except grpc.RpcError as error:
            self.problem = problem_of(error)
        except Exception:  # noqa: BLE001 - another thread closed the channel, which grpc says in many ways
            self.problem = problems.SERVER_ABSENT
        self.problem = self._instead.get(self.problem, self.problem)

    def cancel(self) -> None:
        """End it, from any thread."""
        self._call.cancel()


def problem_of(error: grpc.RpcError) -> Problem:
    """Return what a call's failure means to a person: the server's own sentence where it has said one."""
    status = error.code().name if hasattr(error, "code") else ""
    found = problems.BY_STATUS.get(status, problems.INTERNAL)
    said: dict[str, str] = {d.key: str(d.value) for d in error.trailing_metadata() or ()} if status else {}
    if said.get("basketgex-code") == problems.DRAINING.code:
        return problems.DRAINING
    # The details are the server's sentence where it has put its code beside them, else grpc's own words, with addresses.
    if said.get("basketgex-code", "timed_out") not in _OF_THE_SERVER:
        bad_input = status == "INVALID_ARGUMENT"
        return Problem(
            said["basketgex-code"], error.details() or "", said.get("basketgex-argument", ""), bad_input
        )
    return found
