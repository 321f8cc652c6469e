"""What can go wrong between a cell and the server, in the words for the person at the sheet."""

from __future__ import annotations

from basketgex_addin.cells import Problem

MISSING_PACKAGE = Problem(
    "missing_package", "A package that the add-in needs is missing, or too old: run basketgex install again."
)
LAUNCH_NOT_RECORDED = Problem(
    "launch_not_recorded",
    "No server is running and none is installed: run basketgex install, or basketgex serve.",
)
START_FAILED = Problem("start_failed", "The server did not start: run basketgex serve to see why.")
VERSION_MISMATCH = Problem(
    "version_mismatch", "Server and add-in are of different versions: run basketgex install again."
)
HOME_UNUSABLE = Problem("home_unusable", "The home folder cannot be read: check that it is yours.")
SERVER_ABSENT = Problem("server_absent", "The server cannot be reached. Recalculate to ask again.")
DRAINING = Problem("draining", SERVER_ABSENT.sentence)
"""A server that is ending has not done what it was asked, so that it can be asked again at once."""
DESK_AWAY = Problem("desk_away", "The desk cannot be reached. It is asked again by itself.")
DESK_UNUSABLE = Problem(
    "desk_unusable", "What this home knows of its desk cannot be used: run basketgex join again."
)
DESK_TOKEN_MISSING = Problem(
    "desk_token_missing",
    "There is no token for the desk, or its keyring is locked: run basketgex join again.",
)
DESK_TOKEN_REFUSED = Problem(
    "desk_token_refused",
    "The desk refused your token: ask whoever runs it for another one, then run basketgex join again.",
)
DESK_CONTRACT = Problem(
    "desk_contract", "The desk does not know this question: its servers and your basketgex are too far apart."
)
TIMED_OUT = Problem("timed_out", "The server did not answer in time. Recalculate to ask again.")
OVERDUE = Problem(
    "overdue",
    "This calculation has waited for a slow source as long as one may: the rest is asked for together. "
    "Recalculate to see it.",
)
TOKEN_REFUSED = Problem("token_refused", "The server refused the token: use the one in its home folder.")
NOT_ENTITLED = Problem("not_entitled", "The source's plan does not include this: see basketgex status.")
NOT_UNDERSTOOD = Problem(
    "invalid_batch",
    "The server did not understand the question: run basketgex install again.",
    bad_input=True,
)
TOO_LARGE = Problem("too_large", "Too much was asked for at once: ask for fewer baskets at a time.")
BAD_REPLY = Problem("bad_reply", "The server's answer cannot be read: run basketgex install again.")
INTERNAL = Problem("internal", "The server failed while answering. Its log in the home folder says where.")
CLIENT_FAULT = Problem("client_fault", "The add-in failed while asking the server. Recalculate to try again.")

NO_STRIKES = Problem("no_strikes", "The source gives net figures only: there are none by strike.")
NOT_METERED = Problem("not_metered", "The source costs no debits: there is no quota.")

TOO_MUCH_AT_ONCE = frozenset({TOO_LARGE.code})
"""Codes that say nothing of one basket: it may well be answered when asked for alone.

``too_many_calls`` is none of them: asking alone for what was refused together would spend what the limit is there to save.
"""

BY_STATUS = {
    "INVALID_ARGUMENT": NOT_UNDERSTOOD,
    "UNAVAILABLE": SERVER_ABSENT,
    "CANCELLED": SERVER_ABSENT,
    "DEADLINE_EXCEEDED": TIMED_OUT,
    "UNAUTHENTICATED": TOKEN_REFUSED,
    "PERMISSION_DENIED": NOT_ENTITLED,
    "RESOURCE_EXHAUSTED": TOO_LARGE,
    "UNIMPLEMENTED": VERSION_MISMATCH,
}
"""By the name of the gRPC status that a whole call ended with; INTERNAL for any other."""

LASTING = frozenset(
    problem.code
    for problem in (
        MISSING_PACKAGE,
        LAUNCH_NOT_RECORDED,
        START_FAILED,
        VERSION_MISMATCH,
        HOME_UNUSABLE,
        SERVER_ABSENT,
        TIMED_OUT,
        TOKEN_REFUSED,
        DRAINING,
        DESK_AWAY,
        DESK_UNUSABLE,
        DESK_TOKEN_MISSING,
        DESK_TOKEN_REFUSED,
    )
)
"""Codes that the next call would meet as well: it is answered at once."""

OF_A_DESK = {
    SERVER_ABSENT: DESK_AWAY,
    DRAINING: DESK_AWAY,
    TOKEN_REFUSED: DESK_TOKEN_REFUSED,
    VERSION_MISMATCH: DESK_CONTRACT,
}
"""What is said instead where it is a desk's server that was asked."""
