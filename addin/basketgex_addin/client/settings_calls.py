"""The client's calls about settings. Of a home that has joined a desk the cell mode is its own, all else is the desk's."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, TypeVar

from basketgex.cell_modes import MODES, NAME, Unwritable, write_mode
from basketgex.desk import Desk
from basketgex.folder import HomeProblem
from basketgex.home import CELLS_VARIABLE, Home
from basketgex_addin.cells import Problem
from basketgex_addin.client import messages, problems
from basketgex_addin.client.figures import ServerStatus
from basketgex_addin.client.memo import Memo
from basketgex_addin.client.rpc import CHANGE_SETTINGS, GET_SETTINGS, M, R, Rpc

if TYPE_CHECKING:
    from basketgex.home_settings import HomeSettings
    from basketgex.v1 import exposure_pb2 as pb

OF_DESK = "Here only the cell mode is changed: {names} can be set by whoever runs {desk}, and nobody else."
UNWRITABLE = Problem(
    "bad_settings",
    "The cell mode cannot be written here: run basketgex config set cell_mode live, or prefetch.",
    NAME,
)
A = TypeVar("A")


class SettingsCalls:
    """The methods of a client that ask for settings. None of them raises."""

    _home: Home
    _memo: Memo

    @abstractmethod
    def _call(self, rpc: Rpc[M, R], read: Callable[[R], A | Problem], **values: object) -> A | Problem:
        """Return what a call's response says."""

    @abstractmethod
    def status(self) -> ServerStatus | Problem:
        """Return what serves."""

    def settings(self, *, key: bool = False) -> HomeSettings | Problem:
        """Return the home's settings as the server has them in force; of a desk those that its status tells.

        ``key``: and where FlashAlpha's key is, for which a keyring may ask a person to unlock it.
        """
        if self._home.desk() is not None:
            return self._beside_desk()
        return self._call(GET_SETTINGS, lambda found: messages.settings(found.settings), key=key)

    def change_settings(
        self, values: Mapping[str, str], *, unset: Collection[str] = (), key: str | None = None
    ) -> HomeSettings | Problem:
        """Change settings by name, let those of ``unset`` go back to their defaults, and store FlashAlpha's key.

        All of it or nothing: where one value cannot be used, the problem's argument names it. What can be heeded is heeded by
        the time this returns, and memory has no earlier answer any more.
        """
        if (desk := self._home.desk()) is not None:
            return self._changed_beside(desk, values, unset, key)

        def changed(found: pb.ChangeSettingsResponse) -> HomeSettings:
            self._memo.clear()
            return messages.settings(found.settings)

        return self._call(CHANGE_SETTINGS, changed, values=values, unset=unset, flashalpha_key=key)

    def _beside_desk(self) -> HomeSettings:
        from basketgex.home_settings import DESK, HomeSettings, Setting  # no figure needs it

        status = self.status()
        source, convention, notice = "", "", ""
        if isinstance(status, Problem):
            notice = status.sentence
        else:
            source, convention = status.source, status.convention
        of_desk = {"source": source, "chain_folder": "", "convention": convention}
        given = "environment" if os.environ.get(CELLS_VARIABLE) else "file"
        own = Setting(
            NAME, self._home.cell_mode(), MODES[0], given, MODES, "How cells get their figures.", False
        )
        found = {name: Setting(name, value, "", DESK, (), "", False) for name, value in of_desk.items()}
        return HomeSettings(found | {NAME: own}, "", "The key is the desk's.", notice)

    def _changed_beside(
        self, desk: Desk, values: Mapping[str, str], unset: Collection[str], key: str | None
    ) -> HomeSettings | Problem:
        names = [name for name in (*values, *unset) if name != NAME] + ["key"] * (key is not None)
        if names:
            listed = ", ".join(names).replace("_", " ")
            said = OF_DESK.format(names=listed, desk=desk.server or "the desk")
            return Problem("not_entitled", said, names[0])
        mode = MODES[0] if NAME in unset else values.get(NAME, self._home.cell_mode())
        if mode not in MODES:
            return Problem("bad_settings", "cell_mode must be prefetch or live.", NAME)
        try:
            write_mode(self._home, mode)
        except Unwritable:
            return UNWRITABLE
        except (OSError, HomeProblem):
            return problems.HOME_UNUSABLE
        self._memo.clear()
        return self._beside_desk()
