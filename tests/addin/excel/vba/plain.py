"""What no compiler outside Excel sees: names that only Excel looks up, in the ribbon, of events and of types; lost work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from basketgex_addin.excel import ribbon, vba

UI = f"{{{ribbon.NAMESPACE}}}"
SIGNATURES = {
    "onAction of button": "control As IRibbonControl",
    "onAction of dropDown": "control As IRibbonControl, id As String, index As Integer",
    "getSelectedItemIndex of dropDown": "control As IRibbonControl, ByRef returnedVal As Variant",
}
EVENTS = {
    "App_WorkbookOpen": "ByVal Wb As Workbook",
    "App_WorkbookBeforeClose": "ByVal Wb As Workbook, Cancel As Boolean",
    "Workbook_Open": "",
    "Workbook_BeforeClose": "Cancel As Boolean",
}
TYPES = {
    *("Application", "Boolean", "Collection", "Date", "Integer", "IRibbonControl", "Long", "Object", "Range", "String"),
    *("Variant", "Workbook", "Worksheet", vba.EVENTS),
}  # fmt: skip
OURS = (vba.WRAPPERS, vba.HOST, vba.RIBBON, vba.EVENTS, "ThisWorkbook")

_WHOLE_SUB = re.compile(
    r"^(?:Public|Private) Sub (\w+)\(([^\n]*)\)\n(.*?)^End Sub$", re.MULTILINE | re.DOTALL
)
_SUB = re.compile(r"^(Public|Private) Sub (\w+)\((.*)\)", re.MULTILINE)


def problems(modules: dict[str, str]) -> list[str]:
    """Return a sentence for each, none of a project that is right."""
    return [*_callbacks(modules), *_events(modules), *_types(modules), *_lost(modules)]


def _callbacks(modules: dict[str, str]) -> Iterator[str]:
    there = {name: given for kind, name, given in _SUB.findall(modules[vba.RIBBON]) if kind == "Public"}
    called: dict[str, str] = {}
    for element in ElementTree.fromstring(ribbon.custom_ui()).iter():
        for key, name in element.attrib.items():
            if key.startswith(("get", "on")):
                called[name] = SIGNATURES[f"{key} of {element.tag.removeprefix(UI)}"]
    for name in called.keys() | there.keys():
        if name not in there:
            yield f"The ribbon calls {name}, which is nowhere."
        elif name not in called:
            yield f"Nothing in the ribbon calls {name}."
        elif there[name] != called[name]:
            yield f"The ribbon calls {name}({called[name]}), not ({there[name]})."


def _events(modules: dict[str, str]) -> Iterator[str]:
    for module in (vba.EVENTS, "ThisWorkbook"):
        for _, name, given in _SUB.findall(modules[module]):
            if "_" in name and EVENTS.get(name) != given:
                yield f"Excel has no event {name}({given})."


def _types(modules: dict[str, str]) -> Iterator[str]:
    for module in OURS:
        for line in modules[module].splitlines():
            for found in re.findall(r"\bAs (?:New )?(\w+)", re.sub(r'"[^"]*"|\'.*', "", line)):
                if found not in TYPES:
                    yield f"{module} has a type {found}, which is none."


def _lost(modules: dict[str, str]) -> Iterator[str]:
    for module in OURS:
        for name, given, code in _WHOLE_SUB.findall(modules[module]):
            for argument in re.findall(r"ByVal (\w+)", given):
                if re.search(rf"(?:^|Then )\s*(?:Set )?{argument}\([^)=]*\) = ", code, re.MULTILINE):
                    yield f"{module}.{name} changes a copy of {argument}, which nobody sees."
