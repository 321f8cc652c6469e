"""The ribbon of the .xlam, pure: its XML, from one table."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from basketgex_addin import preferences, template_files
from basketgex_addin.functions import CATEGORY
from basketgex_addin.menu import AUTO_CHOICES

NAMESPACE = "http://schemas.microsoft.com/office/2009/07/customui"


def custom_ui() -> str:
    """Return customUI14.xml."""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<customUI xmlns="{NAMESPACE}"><ribbon><tabs><tab id="basketGexTab" label={quoteattr(CATEGORY)}>'
        f"{_refresh()}{_source()}{_settings()}{_workbooks()}"
        "</tab></tabs></ribbon></customUI>\n"
    )


def _refresh() -> str:
    items = "".join(
        f'<item id="basketGexAuto{seconds}" label={quoteattr(label)}/>' for seconds, label in AUTO_CHOICES
    )
    return _group(
        "Refresh",
        _button(
            "RefreshSelection", "Selection", "Refresh", "Asks the source again for the selected formulas."
        ),
        _button("RefreshSheet", "Sheet", "Refresh", "Asks the source again for this sheet's formulas."),
        _button("RefreshAll", "All", "RefreshAll", "Asks the source again for this workbook's formulas."),
        '<dropDown id="basketGexAuto" label="Auto-refresh" onAction="BasketGexAuto" '
        'getSelectedItemIndex="BasketGexAutoIndex" screentip="Recalculates our formulas by itself" '
        'supertip="The source is asked only where figures have grown old.">' + items + "</dropDown>",
    )


def _source() -> str:
    return _group(
        "Source",
        _button("Quota", "Quota", "Calculator", "The day's debits of a metered source."),
        _button("Status", "Status", "PropertySheet", "What serves, and what it has done."),
    )


def _settings() -> str:
    labels = {
        preferences.SOURCE: "Source",
        preferences.CONVENTION: "Convention",
        preferences.MODE: "Cell mode",
    }
    menus = (
        f'<menu id="basketGexSetting_{name}" label={quoteattr(label)} imageMso="PropertySheet">'
        + "".join(_setting(name, value, text) for value, text in preferences.CHOICES[name])
        + "</menu>"
        for name, label in labels.items()
    )
    tip = "Where the key of FlashAlpha is kept, and how to give another."
    return _group("Settings", *menus, _button("Key", "FlashAlpha key", "AdpPrimaryKey", tip))


def _setting(name: str, value: str, text: str) -> str:
    action = "BasketGexChainFiles" if value == preferences.CHAIN_FILES else "BasketGexSetting"
    return (
        f'<button id="basketGexSetting_{name}_{value}" label={quoteattr(text)} '
        f'tag={quoteattr(f"{name}={value}")} onAction="{action}"/>'
    )


def _workbooks() -> str:
    templates = "".join(
        f'<button id="basketGexTemplate_{name}" label={quoteattr(template_files.title(name))} '
        f'tag={quoteattr(name)} onAction="BasketGexTemplate"/>'
        for name in template_files.TEMPLATES
    )
    return _group(
        "Workbooks",
        '<menu id="basketGexTemplates" label="Insert template" imageMso="FileNew" size="large">'
        f"{templates}</menu>",
        _button("Help", "Help", "Help", "How to begin."),
    )


def _group(label: str, *controls: str) -> str:
    return f'<group id="basketGexGroup{label}" label={quoteattr(label)}>{"".join(controls)}</group>'


def _button(name: str, label: str, image: str, tip: str) -> str:
    return (
        f'<button id="basketGex{name}" label={quoteattr(label)} imageMso={quoteattr(image)} '
        f'onAction="BasketGex{name}" screentip={quoteattr(tip)}/>'
    )
