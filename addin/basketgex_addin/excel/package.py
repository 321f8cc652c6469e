"""The parts of the .xlam around its VBA, pure: an add-in workbook of one empty sheet."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from basketgex_addin.excel.ribbon import custom_ui
from basketgex_addin.excel.vba import WIZARD_TEXT
from basketgex_addin.functions import CATEGORY, FUNCTIONS, Function

VBA = "xl/vbaProject.bin"

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OPC = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_X14 = "http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"
_ARGUMENTS = "{8193D73E-4604-4355-AFF4-8A2333D13BE4}"  # the extension that holds the arguments' help
_SHEET_ML = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_BUILT_IN_CATEGORIES = 19

_TYPES = {
    "xl/workbook.xml": "application/vnd.ms-excel.addin.macroEnabled.main+xml",
    "xl/worksheets/sheet1.xml": f"{_SHEET_ML}.worksheet+xml",
    "xl/styles.xml": f"{_SHEET_ML}.styles+xml",
    VBA: "application/vnd.ms-office.vbaProject",
    "docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml",
}
_ROOT = (
    (f"{_OFFICE}/relationships/officeDocument", "xl/workbook.xml"),
    (f"{_OPC}/relationships/metadata/core-properties", "docProps/core.xml"),
    ("http://schemas.microsoft.com/office/2007/relationships/ui/extensibility", "customUI/customUI14.xml"),
)
_WORKBOOK = (
    (f"{_OFFICE}/relationships/worksheet", "worksheets/sheet1.xml"),
    (f"{_OFFICE}/relationships/styles", "styles.xml"),
    ("http://schemas.microsoft.com/office/2006/relationships/vbaProject", "vbaProject.bin"),
)


def parts(vba: bytes) -> dict[str, bytes]:
    """Return every part by its name, in the order of the file."""
    texts = {
        "[Content_Types].xml": _content_types(),
        "_rels/.rels": _relationships(_ROOT),
        "docProps/core.xml": _properties(),
        "xl/workbook.xml": workbook(),
        "xl/_rels/workbook.xml.rels": _relationships(_WORKBOOK),
        "xl/worksheets/sheet1.xml": _sheet(),
        "xl/styles.xml": _styles(),
        "customUI/customUI14.xml": custom_ui(),
    }
    return {name: text.encode() for name, text in texts.items()} | {VBA: vba}


def workbook() -> str:
    """Return workbook.xml: the category, and the arguments' help of every function."""
    return (
        f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}/relationships">'
        '<workbookPr codeName="ThisWorkbook"/><bookViews><workbookView visibility="hidden"/></bookViews>'
        f'<sheets><sheet name={quoteattr(CATEGORY)} sheetId="1" r:id="rId1"/></sheets>'
        f'<functionGroups builtInGroupCount="{_BUILT_IN_CATEGORIES}"><functionGroup name={quoteattr(CATEGORY)}/>'
        f'</functionGroups><extLst><ext uri="{_ARGUMENTS}" xmlns:x14="{_X14}"><x14:definedNames>'
        f"{''.join(map(_argument_help, FUNCTIONS))}</x14:definedNames></ext></extLst></workbook>\n"
    )


def _argument_help(function: Function) -> str:
    if not function.arguments:
        return ""
    texts = "".join(
        f'<x14:argumentDescription index="{at}">{escape(_help(argument.help, argument.default))}'
        "</x14:argumentDescription>"
        for at, argument in enumerate(function.arguments)
    )
    return (
        f'<x14:definedName name="{function.name}"><x14:argumentDescriptions count="{len(function.arguments)}">'
        f"{texts}</x14:argumentDescriptions></x14:definedName>"
    )


def _help(text: str, default: str) -> str:
    return (f"{text} Default: {default}." if default else text)[:WIZARD_TEXT]


def _content_types() -> str:
    overrides = "".join(
        f'<Override PartName="/{name}" ContentType="{kind}"/>' for name, kind in _TYPES.items()
    )
    return (
        f'{_XML}<Types xmlns="{_OPC}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>\n'
    )


def _relationships(found: tuple[tuple[str, str], ...]) -> str:
    entries = "".join(
        f'<Relationship Id="rId{at}" Type="{kind}" Target="{target}"/>'
        for at, (kind, target) in enumerate(found, 1)
    )
    return f'{_XML}<Relationships xmlns="{_OPC}/relationships">{entries}</Relationships>\n'


def _properties() -> str:
    # What Excel's list of add-ins shows.
    return (
        f'{_XML}<cp:coreProperties xmlns:cp="{_OPC}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{escape(CATEGORY)}</dc:title>"
        "<dc:description>Dealer gamma exposure of a whole basket.</dc:description></cp:coreProperties>\n"
    )


def _sheet() -> str:
    # Its code name is that of the module in xlwings' project.
    return f'{_XML}<worksheet xmlns="{_MAIN}"><sheetPr codeName="Sheet2"/><sheetData/></worksheet>\n'


def _styles() -> str:
    return (
        f'{_XML}<styleSheet xmlns="{_MAIN}">'
        '<fonts count="1"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>\n'
    )
