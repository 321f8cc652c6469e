"""The dialog of Calc's menu for source, key, convention and cell mode.

The server is asked behind Calc's own thread, before the dialog opens and after it has closed; the dialog itself is
shown on that thread, as dialogs must be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import uno
import unohelper
from com.sun.star.awt import XActionListener

from basketgex.home_settings import HomeSettings
from basketgex_addin import preferences
from basketgex_addin.calc.threads import behind, on_calcs_thread
from basketgex_addin.cells import Problem
from basketgex_addin.preferences import CONVENTION, FOLDER, IN_CALC, MODE, SOURCE

TITLE = "Basket GEX settings"
NOTE = "Of the cell mode, single values follow a change at once; tables follow it when LibreOffice is started again."
_LISTS = (SOURCE, CONVENTION, MODE)
_WIDTH, _LEFT, _LINE, _MARGIN = 290, 70, 18, 8  # in the units of dialogs: a letter is about four wide


class Entered(NamedTuple):
    """What a person entered, which a second dialog begins with where it could not be saved."""

    values: Mapping[str, str]
    key: str = ""


class Caller(NamedTuple):
    """What the dialog is opened for: in front of ``window``; ``changed`` is called once something was saved."""

    context: Any
    window: Any
    client: preferences.Client
    tell: Callable[[str, bool], None]
    changed: Callable[[], None]


def show(caller: Caller) -> None:
    """Ask for the settings, let a person change them, and save. Not for Calc's own thread: it asks the server."""
    found = caller.client.settings(key=True)
    if isinstance(found, Problem):
        caller.tell(found.sentence, True)
        return
    _open(caller, found, Entered({name: found[name] for name in preferences.OFFERED}), "")


def _open(caller: Caller, before: HomeSettings, entered: Entered, problem: str) -> None:
    def ask() -> None:
        dialog = _Dialog(caller.context, caller.window, before, entered, problem)
        try:
            answer = dialog.answer()
        finally:
            dialog.close()
        if answer is not None:
            behind(lambda: _save(caller, before, answer))

    on_calcs_thread(caller.context, ask)


def _save(caller: Caller, before: HomeSettings, entered: Entered) -> None:
    said, done = preferences.change(caller.client, before, entered.values, entered.key, IN_CALC)
    if not done:
        _open(caller, before, entered, said)
        return
    if said != preferences.UNCHANGED:
        caller.changed()
        caller.tell(said, False)


class _Browse(unohelper.Base, XActionListener):  # type: ignore[misc]
    def __init__(self, context: Any, field: Any) -> None:
        self._context, self._field = context, field

    def actionPerformed(self, _: Any) -> None:  # noqa: N802 - UNO's name
        """Let a person choose a folder."""
        with suppress(Exception):
            picker = self._context.ServiceManager.createInstanceWithContext(
                "com.sun.star.ui.dialogs.FolderPicker", self._context
            )
            if picker.execute() == 1:
                self._field.setText(uno.fileUrlToSystemPath(picker.getDirectory()))

    def disposing(self, _: Any) -> None:
        """Nothing is held."""


class _Dialog:
    """The dialog's controls, from top to bottom."""

    def __init__(
        self, context: Any, window: Any, settings: HomeSettings, entered: Entered, problem: str
    ) -> None:
        create = context.ServiceManager.createInstanceWithContext
        self._model = create("com.sun.star.awt.UnoControlDialogModel", context)
        self._settings, self._entered = settings, entered
        self._choices = {name: preferences.choices(name, entered.values[name]) for name in _LISTS}
        self._y, self._tab = _MARGIN, 0
        self._fill(problem)
        self._model.setPropertyValues(("Height", "Title", "Width"), (self._y + _MARGIN, TITLE, _WIDTH))
        self._dialog = create("com.sun.star.awt.UnoControlDialog", context)
        self._dialog.setModel(self._model)
        self._dialog.setVisible(False)
        self._dialog.createPeer(create("com.sun.star.awt.Toolkit", context), window)
        self._dialog.getControl("browse").addActionListener(_Browse(context, self._control(FOLDER)))
        with suppress(Exception):  # a matter of taste only
            _center(self._dialog, window)

    def answer(self) -> Entered | None:
        """Show it and return what was entered; None where that was cancelled."""
        if self._dialog.execute() != 1:
            return None
        values = {FOLDER: str(self._control(FOLDER).getText()).strip()}
        for name, among in self._choices.items():
            at = self._control(name).getSelectedItemPos()
            values[name] = among[at][0] if 0 <= at < len(among) else self._entered.values[name]
        return Entered(values, str(self._control("key").getText()))

    def close(self) -> None:
        """Let go of it."""
        self._dialog.dispose()

    def _control(self, name: str) -> Any:
        return self._dialog.getControl(name)

    def _fill(self, problem: str) -> None:
        if problem:
            self._text("problem", problem, bold=True)
        self._list(SOURCE, "~Source")
        self._field(FOLDER, "~Folder of chain files", self._entered.values[FOLDER], width=_WIDTH - _LEFT - 64)
        free = FOLDER not in preferences.fixed(self._settings)
        self._add(
            "Button", "browse", _WIDTH - _MARGIN - 50, self._y - _LINE, 50, 14, Label="~Browse…", Enabled=free
        )
        self._field("key", "FlashAlpha ~key", self._entered.key, EchoChar=ord("•"))
        self._text("about key", preferences.about_key(self._settings), left=_LEFT)
        self._list(CONVENTION, "~Convention")
        self._list(MODE, "Cell ~mode")
        self._text("note", NOTE, left=_LEFT)
        if notes := preferences.notes(self._settings):
            self._text("notes", notes)
        self._y += 4
        self._add(
            "Button",
            "ok",
            _WIDTH - _MARGIN - 108,
            self._y,
            50,
            14,
            Label="OK",
            PushButtonType=1,
            DefaultButton=True,
        )
        self._add(
            "Button", "cancel", _WIDTH - _MARGIN - 50, self._y, 50, 14, Label="Cancel", PushButtonType=2
        )
        self._y += 14

    def _list(self, name: str, label: str) -> None:
        among = self._choices[name]
        at = [value for value, _ in among].index(self._entered.values[name])
        self._row(
            "ListBox",
            name,
            label,
            _WIDTH - _LEFT - _MARGIN,
            Dropdown=True,
            StringItemList=uno.Any("[]string", tuple(text for _, text in among)),
            SelectedItems=uno.Any("[]short", (at,)),
        )

    def _field(
        self, name: str, label: str, text: str, *, width: int = _WIDTH - _LEFT - _MARGIN, **more: object
    ) -> None:
        self._row("Edit", name, label, width, Text=text, **more)

    def _row(self, kind: str, name: str, label: str, width: int, **more: object) -> None:
        enabled = name not in preferences.fixed(self._settings)
        self._add("FixedText", f"label {name}", _MARGIN, self._y + 2, _LEFT - _MARGIN - 2, 10, Label=label)
        self._add(kind, name, _LEFT, self._y, width, 14, Enabled=enabled, **more)
        self._y += _LINE

    def _text(self, name: str, text: str, *, left: int = _MARGIN, bold: bool = False) -> None:
        height = 9 * (1 + len(text) * 4 // (_WIDTH - left - _MARGIN))
        weight = {"FontWeight": 150.0} if bold else {}
        self._add(
            "FixedText",
            name,
            left,
            self._y,
            _WIDTH - left - _MARGIN,
            height,
            Label=text,
            MultiLine=True,
            NoLabel=True,
            **weight,
        )
        self._y += height + 3

    def _add(self, kind: str, name: str, x: int, y: int, width: int, height: int, **more: object) -> None:
        model = self._model.createInstance(f"com.sun.star.awt.UnoControl{kind}Model")
        self._tab += 1
        more |= {"PositionX": x, "PositionY": y, "Width": width, "Height": height, "TabIndex": self._tab}
        for key, value in more.items():
            if isinstance(value, uno.Any):
                uno.invoke(model, "setPropertyValue", (key, value))
            else:
                model.setPropertyValue(key, value)
        self._model.insertByName(name, model)


def _center(dialog: Any, window: Any) -> None:
    own, outer = dialog.getPosSize(), window.getPosSize()
    x, y = max(0, (outer.Width - own.Width) // 2), max(0, (outer.Height - own.Height) // 3)
    dialog.setPosSize(x, y, 0, 0, 3)  # com.sun.star.awt.PosSize: X and Y
