"""What Office is told of the worksheet functions, made from the function table: functions.json and the add-in's manifest."""

from __future__ import annotations

import re
import uuid
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from basketgex_addin.functions import CATEGORY, FUNCTIONS, Function, Shape, Way

IDENTIFIER = str(uuid.uuid5(uuid.NAMESPACE_URL, "https://basketgex/office"))
"""The add-in's; the same for every version, so that a new one takes the old one's place."""
ICONS = (16, 32, 80)
NAMESPACE = re.compile(r"[A-Za-z][A-Za-z0-9]{0,19}", re.ASCII)
"""What may stand before a function's name, as in =BG.BASKETGEX(A1:A3)."""
_OFFICE = "http://schemas.microsoft.com/office"


def functions_json(*, live: bool) -> dict[str, Any]:
    """Return the functions as Excel reads them. Where ``live``, each is a stream that is told new values.

    Arguments are blocks of anything, so that Excel converts nothing and every sentence about bad input is ours.
    """
    return {"allowErrorForDataTypeAny": True, "functions": [_described(one, live) for one in FUNCTIONS]}


def is_stream(function: Function, *, live: bool) -> bool:
    """Tell whether Excel keeps a cell of the function open for further values: an age grows by itself in every mode."""
    return live or function.volatile


def _described(function: Function, live: bool) -> dict[str, Any]:
    stream = is_stream(function, live=live)
    options: dict[str, Any] = {"stream": True, "cancelable": True} if stream else {}
    # The cell that asks: BASKETREFRESH compares its trigger with the one before, BASKETEXPLAIN asks what a cell called.
    options["requiresStreamAddress" if stream else "requiresAddress"] = True
    if function.kind.way is Way.EXPLAIN:
        options["requiresStreamParameterAddresses" if stream else "requiresParameterAddresses"] = True
    return {
        "id": function.name,
        "name": function.name,
        "description": function.summary,
        "parameters": [
            {
                "name": argument.name,
                "description": f"{argument.help} Left out: {argument.default}."
                if argument.default
                else argument.help,
                "type": "any",
                "dimensionality": "matrix",
                **({"optional": True} if argument.optional else {}),
            }
            for argument in function.arguments
        ],
        "result": {
            "type": "any",
            "dimensionality": "matrix" if function.shape is Shape.TABLE else "scalar",
        },
        "options": options,
    }


def manifest(origin: str, version: str, key: str, namespace: str = "") -> str:
    """Return the add-in's manifest: where its page, functions and pictures are, ``key`` in the page's address.

    Without a ``namespace`` functions are called by their bare names, as in every other host.
    """
    page = f"{origin}/office/{key}/cells.html"
    urls = {
        "Page": page,
        "Script": f"{origin}/static/cells.js",
        "Functions": f"{origin}/office/functions.json",
    }
    images = {f"Icon.{size}": f"{origin}/office/icon-{size}.png" for size in ICONS}
    strings = {"Title": CATEGORY, "Tip": "Source, debits, and what is wrong", "Namespace": namespace}
    icons = "".join(f'<bt:Image size="{size}" resid="Icon.{size}"/>' for size in ICONS)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<OfficeApp xmlns="{_OFFICE}/appforoffice/1.1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xmlns:bt="{_OFFICE}/officeappbasictypes/1.0" xsi:type="TaskPaneApp">
<Id>{IDENTIFIER}</Id><Version>{_four_parts(version)}</Version><ProviderName>basketgex</ProviderName>
<DefaultLocale>en-US</DefaultLocale>
<DisplayName DefaultValue={quoteattr(CATEGORY)}/>
<Description DefaultValue="Dealer gamma exposure of a whole basket in a cell"/>
<IconUrl DefaultValue="{images["Icon.32"]}"/><HighResolutionIconUrl DefaultValue="{images["Icon.80"]}"/>
<AppDomains><AppDomain>{escape(origin)}</AppDomain></AppDomains>
<Hosts><Host Name="Workbook"/></Hosts>
<Requirements><Sets DefaultMinVersion="1.1"><Set Name="SharedRuntime" MinVersion="1.1"/></Sets></Requirements>
<DefaultSettings><SourceLocation DefaultValue="{escape(page)}"/></DefaultSettings>
<Permissions>ReadWriteDocument</Permissions>
<VersionOverrides xmlns="{_OFFICE}/taskpaneappversionoverrides" xsi:type="VersionOverridesV1_0">
<Hosts><Host xsi:type="Workbook">
<Runtimes><Runtime resid="Page" lifetime="long"/></Runtimes>
<AllFormFactors><ExtensionPoint xsi:type="CustomFunctions">
<Script><SourceLocation resid="Script"/></Script><Page><SourceLocation resid="Page"/></Page>
<Metadata><SourceLocation resid="Functions"/></Metadata><Namespace resid="Namespace"/>
</ExtensionPoint></AllFormFactors>
<DesktopFormFactor><ExtensionPoint xsi:type="PrimaryCommandSurface"><OfficeTab id="TabHome">
<Group id="Basketgex.Group"><Label resid="Title"/><Icon>{icons}</Icon>
<Control xsi:type="Button" id="Basketgex.Pane"><Label resid="Title"/>
<Supertip><Title resid="Title"/><Description resid="Tip"/></Supertip><Icon>{icons}</Icon>
<Action xsi:type="ShowTaskpane"><TaskpaneId>Basketgex</TaskpaneId><SourceLocation resid="Page"/></Action>
</Control></Group></OfficeTab></ExtensionPoint></DesktopFormFactor>
</Host></Hosts>
<Resources><bt:Images>{_resources("Image", images)}</bt:Images><bt:Urls>{_resources("Url", urls)}</bt:Urls>
<bt:ShortStrings>{_resources("String", strings)}</bt:ShortStrings></Resources>
</VersionOverrides></OfficeApp>
"""


def _four_parts(version: str) -> str:
    """Return a version as Office wants it: four numbers."""
    return ".".join([*re.findall(r"\d+", version), "0", "0", "0", "0"][:4])


def _resources(kind: str, values: dict[str, str]) -> str:
    return "".join(f"<bt:{kind} id={quoteattr(k)} DefaultValue={quoteattr(v)}/>" for k, v in values.items())
