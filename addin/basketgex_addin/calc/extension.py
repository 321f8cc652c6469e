"""The LibreOffice extension, generated from the function table: as a folder or as one .oxt file.

No SDK and no compiler: LibreOffice reads the IDL source itself as a type library (seen in 25.2).
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from basketgex import __version__
from basketgex_addin import menu
from basketgex_addin.calc import bundle
from basketgex_addin.functions import CATEGORY, CELL, FUNCTIONS, Argument, Function, Shape

IDENTIFIER = "org.basketgex"
SERVICE = f"{IDENTIFIER}.AddIn"
INTERFACE = "XBasketGex"
LIVE_INTERFACE = "XBasketGexLive"
IDL = f"{INTERFACE}.idl"
COMPONENTS = "basketgex.components"
ADDINS = "CalcAddIns.xcu"
CELL_RANGE = "com::sun::star::table::XCellRange"
TABLE = "sequence< sequence< any > >"
AS_ARRAY = (
    "A table: select as many cells as it has and end with Ctrl+Shift+Enter, since Enter alone shows one cell."
)
BY_MENU = "Or select the names and choose Basket GEX, Insert table here."
MENU_SERVICE = f"{IDENTIFIER}.Menu"
MENU = "Addons.xcu"
SHIM = "basketgex_calc.py"
BESIDE = "extension.json"

_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # one date for all, so that the same content is the same bytes
_PACKAGES = ("basketgex_addin", "basketgex", "grpc", "google.protobuf")


def method_name(function: Function) -> str:
    """Return the function's name in the IDL."""
    return function.name.lower()


def python_path() -> list[str]:
    """Return the folders in which this Python finds what the add-in imports."""
    found = []
    for package in _PACKAGES:
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            found.append(str(Path(spec.origin).absolute().parents[1 + package.count(".")]))
    return list(dict.fromkeys(found))


def idl() -> str:
    """Return the interfaces: every function's first parameter is the calling document, which formulas do not see.

    Two of them, since a method has one type: declared as a table it returns the table itself, and declared as ``any`` it
    returns an object that delivers a table later, as live cells need it. The shim chooses when LibreOffice loads it.
    """
    modules = IDENTIFIER.split(".")
    opened = " ".join(f"module {name} {{" for name in modules)
    interfaces = _interface(INTERFACE, TABLE) + _interface(LIVE_INTERFACE, "any")
    return f"{opened}\n{interfaces}{'}; ' * len(modules)}\n"


def _interface(name: str, table: str) -> str:
    methods = "".join(f"    {_signature(function, table)};\n" for function in FUNCTIONS)
    return f"  interface {name} {{\n{methods}  }};\n"


def _signature(function: Function, table: str) -> str:
    parameters = ["[in] com::sun::star::beans::XPropertySet document"]
    parameters += [
        f"[in] {CELL_RANGE if argument is CELL else 'any'} {argument.name}" for argument in function.arguments
    ]
    returned = table if function.shape is Shape.TABLE else "any"
    return f"{returned} {method_name(function)}({', '.join(parameters)})"


def add_ins() -> str:
    """Return the function wizard's texts; ``CompatibilityName`` is the name in .xlsx files."""
    return (
        _XML + '<oor:component-data xmlns:oor="http://openoffice.org/2001/registry" '
        'xmlns:xs="http://www.w3.org/2001/XMLSchema" oor:name="CalcAddIns" oor:package="org.openoffice.Office">\n'
        ' <node oor:name="AddInInfo">\n'
        f'  <node oor:name="{SERVICE}" oor:op="replace">\n'
        '   <node oor:name="AddInFunctions">\n'
        + "".join(map(_function_node, FUNCTIONS))
        + "   </node>\n  </node>\n </node>\n</oor:component-data>\n"
    )


def description_of(function: Function) -> str:
    """Return what the wizard says of a function: of a table also how it is entered, for Calc 25.2 does not spill."""
    entered = AS_ARRAY if function.shape is Shape.TABLE else ""
    return " ".join(filter(None, (function.summary, entered, BY_MENU if function.name == "BASKET" else "")))


def _function_node(function: Function) -> str:
    parameters = "".join(_parameter_node(at, argument) for at, argument in enumerate(function.arguments))
    return (
        f'    <node oor:name="{method_name(function)}" oor:op="replace">\n'
        + _property("DisplayName", function.name)
        + _property("Description", description_of(function))
        + f'     <prop oor:name="Category"><value>{escape(CATEGORY)}</value></prop>\n'
        + _property("CompatibilityName", function.name)
        + f'     <node oor:name="Parameters">\n{parameters}     </node>\n    </node>\n'
    )


def _parameter_node(at: int, argument: Argument) -> str:
    return (
        f'      <node oor:name="{argument.name}" oor:op="replace">\n'
        + _property("DisplayName", argument.name, " ")
        + _property("Description", argument.help, " ")
        + "      </node>\n"
    )


def _property(name: str, text: str, indent: str = "") -> str:
    return f'     {indent}<prop oor:name="{name}"><value xml:lang="en">{escape(text)}</value></prop>\n'


def menu_bar() -> str:
    """Return Calc's menu Basket GEX; each entry's command goes to the shim."""
    return (
        _XML + '<oor:component-data xmlns:oor="http://openoffice.org/2001/registry" '
        'xmlns:xs="http://www.w3.org/2001/XMLSchema" oor:name="Addons" oor:package="org.openoffice.Office">\n'
        ' <node oor:name="AddonUI"><node oor:name="OfficeMenuBar">\n'
        f'  <node oor:name="{MENU_SERVICE}" oor:op="replace">\n'
        + _property("Title", CATEGORY)
        + '     <prop oor:name="Context"><value>com.sun.star.sheet.SpreadsheetDocument</value></prop>\n'
        + _submenu(menu.entries())
        + "  </node>\n </node></node>\n</oor:component-data>\n"
    )


def _submenu(entries: Iterable[tuple[str, str, tuple[tuple[str, str], ...]]]) -> str:
    nodes = []
    for at, (command, text, inner) in enumerate(entries):
        url = f"service:{MENU_SERVICE}?{command}" if command else ""
        below = _submenu((name, title, ()) for name, title in inner) if inner else ""
        nodes.append(
            f'     <node oor:name="M{at:02}" oor:op="replace">\n'
            + (f'      <prop oor:name="URL"><value>{url}</value></prop>\n' if url else "")
            + _property("Title", text, " ")
            + f'      <prop oor:name="Target"><value>_self</value></prop>\n{below}     </node>\n'
        )
    return f'    <node oor:name="Submenu">\n{"".join(nodes)}    </node>\n'


def manifest() -> str:
    """Return the list of parts and what each is."""
    parts = {
        IDL: "application/vnd.sun.star.uno-typelibrary;type=RDB",
        COMPONENTS: "application/vnd.sun.star.uno-components",
        ADDINS: "application/vnd.sun.star.configuration-data",
        MENU: "application/vnd.sun.star.configuration-data",
    }
    entries = "".join(
        f' <manifest:file-entry manifest:full-path="{name}" manifest:media-type="{kind}"/>\n'
        for name, kind in parts.items()
    )
    return (
        f'{_XML}<manifest:manifest xmlns:manifest="http://openoffice.org/2001/manifest">\n'
        f"{entries}</manifest:manifest>\n"
    )


def components() -> str:
    """Return which services the shim implements."""
    services = "".join(
        f'  <implementation name="{name}"><service name="{name}"/></implementation>\n'
        for name in (SERVICE, MENU_SERVICE)
    )
    return (
        f'{_XML}<components xmlns="http://openoffice.org/2010/uno-components">\n'
        f' <component loader="com.sun.star.loader.Python" uri="{SHIM}">\n'
        f"{services}"
        " </component>\n</components>\n"
    )


def description() -> str:
    """Return what the extension manager shows."""
    return (
        f'{_XML}<description xmlns="http://openoffice.org/extensions/description/2006">\n'
        f' <identifier value="{IDENTIFIER}"/>\n <version value={quoteattr(__version__)}/>\n'
        f' <display-name><name lang="en">{escape(CATEGORY)}</name></display-name>\n</description>\n'
    )


def beside(home: Path | None = None, *, self_contained: bool = False) -> str:
    """Return what the shim reads: the functions, where the packages lie and for which Python, and the home."""
    functions = [
        {"name": function.name, "method": method_name(function), "table": function.shape is Shape.TABLE}
        for function in FUNCTIONS
    ]
    content = {
        "service": SERVICE,
        "menu": MENU_SERVICE,
        "functions": functions,
        "home": str(home) if home else None,
        "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "python_path": [] if self_contained else python_path(),
    }
    return json.dumps(content, indent=1) + "\n"


def _parts(home: Path | None, *, self_contained: bool = False) -> Iterator[tuple[str, str]]:
    yield "META-INF/manifest.xml", manifest()
    yield "description.xml", description()
    yield IDL, idl()
    yield COMPONENTS, components()
    yield ADDINS, add_ins()
    yield MENU, menu_bar()
    yield SHIM, Path(__file__).with_name("shim.py").read_text("utf-8")
    yield BESIDE, beside(home, self_contained=self_contained)


def write_folder(target: Path, home: Path | None = None) -> Path:
    """Write the unpacked extension into ``target`` and return it. ``home``: for a user who names none."""
    for name, text in _parts(home):
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
    return target


def write_oxt(target: Path, home: Path | None = None, *, self_contained: bool = False) -> Path:
    """Write the extension as one file and return it; the same content gives the same bytes.

    ``self_contained``: with the packages it imports, for machines that do not have them.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    texts = ((name, text.encode()) for name, text in _parts(home, self_contained=self_contained))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in chain(texts, bundle.parts() if self_contained else ()):
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return target
