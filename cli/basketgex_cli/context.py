"""What commands that ask have in common: the start command, a client of the home, answers or what stands in the way."""

from __future__ import annotations

import shutil
import sys
from typing import TypeVar

from basketgex.desk import Desk
from basketgex.home import Home, Launch
from basketgex_addin.cells import Problem
from basketgex_addin.client import BasketClient
from basketgex_server.errors import BadRequest, SourceUnavailable

START_COMMAND = (sys.executable, "-m", "basketgex_server", "serve")
"""What a spreadsheet starts a server of this installation with."""
DEADLINE = 60.0
"""Seconds: a person at a prompt would rather wait for a cold start than ask twice."""
T = TypeVar("T")


class Unstarted(Home):
    """A home that names no start command: a client of it neither starts a server nor replaces one of another version."""

    __slots__ = ()

    def read_launch(self) -> Launch | None:
        """Return none."""
        return None


class OwnServer(Home):
    """A home as its own server sees it, whatever desk its cells ask."""

    __slots__ = ()

    def desk(self) -> Desk | None:
        """Return none."""
        return None


def tell_of_desk(home: Home) -> None:
    """Print, where the home has joined a desk, that its settings do not say where figures come from."""
    if (desk := home.desk()) is not None:
        print(f"This home has joined {desk.server}: its figures come from there, by the desk's own settings.")


def client_of(home: Home, patience: float = 0.0) -> BasketClient:
    """Return a client of a home; a server that it has to start is this installation's, where none is recorded."""
    launch = home.read_launch()
    if launch is None or not shutil.which(launch.command[0]):  # none yet, or of an installation that is gone
        home.write_launch(START_COMMAND, ())
    return BasketClient(home, DEADLINE, patience=patience)


def own_client_of(home: Home) -> BasketClient:
    """Return a client of the home's own server, whatever desk its cells ask."""
    return client_of(OwnServer(home.path))


def unwrap(answer: T | Problem) -> T:
    """Return an answer; raise what a problem says."""
    if isinstance(answer, Problem):
        raise (BadRequest if answer.bad_input else SourceUnavailable)(
            answer.sentence, argument=answer.argument
        )
    return answer
