"""What Office reads of the functions, by the rules that Microsoft has for it."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest

from basketgex_addin.functions import FUNCTIONS, Shape, Way
from basketgex_addin.web.metadata import ICONS, IDENTIFIER, NAMESPACE, functions_json, manifest

BT = "{http://schemas.microsoft.com/office/officeappbasictypes/1.0}"
ORIGIN = "https://localhost:8738"


@pytest.mark.parametrize("live", [False, True])
def test_every_function(live: bool) -> None:
    found = json.loads(json.dumps(functions_json(live=live)))
    assert found["allowErrorForDataTypeAny"] is True
    assert [one["id"] for one in found["functions"]] == [function.name for function in FUNCTIONS]
    for one, function in zip(found["functions"], FUNCTIONS, strict=True):
        assert re.fullmatch(r"[A-Z][A-Z0-9._]*", one["id"]) and one["name"] == one["id"]
        assert one["description"] == function.summary
        assert [each["name"] for each in one["parameters"]] == [a.name for a in function.arguments]
        optional = [each.get("optional", False) for each in one["parameters"]]
        assert optional == sorted(optional)  # what may be left out comes last
        assert {each["type"] for each in one["parameters"]} <= {"any"}
        assert {each["dimensionality"] for each in one["parameters"]} <= {"matrix"}
        assert (one["result"]["dimensionality"] == "matrix") == (function.shape is Shape.TABLE)
        options = one["options"]
        assert options.get("stream", False) == (live or function.volatile)
        assert "volatile" not in options  # which no stream may be
        stream = options.get("stream", False)
        assert ("requiresStreamAddress" in options) == stream != ("requiresAddress" in options)
        asks = {name for name in options if "Parameter" in name}
        assert bool(asks) == (function.kind.way is Way.EXPLAIN)


@pytest.mark.parametrize("namespace", ["", "BG"])
def test_the_manifest(namespace: str) -> None:
    """It can be read, every resource that it names is there, and every address is this machine's, by https."""
    found = ET.fromstring(manifest(ORIGIN, "1.2", "k" * 64, namespace))
    ids = [each.get("id") for each in found.iter() if each.tag.startswith(BT) and each.get("id")]
    assert len(ids) == len(set(ids))
    named = {each.get("resid") for each in found.iter() if each.get("resid")}
    assert named == set(ids)
    values = [each.get("DefaultValue", "") for each in found.iter()]
    urls = [value for value in values if "://" in value]
    assert urls and all(url.startswith(f"{ORIGIN}/") for url in urls)
    texts = {each.tag.rpartition("}")[2]: each.text for each in found.iter()}
    assert (texts["Id"], texts["Version"], texts["AppDomain"]) == (IDENTIFIER, "1.2.0.0", ORIGIN)
    strings = {each.get("id"): each.get("DefaultValue") for each in found.iter(f"{BT}String")}
    assert strings["Namespace"] == namespace
    assert all(len(each or "") <= 125 for each in strings.values())
    assert {each.get("size") for each in found.iter(f"{BT}Image") if each.get("size")} == set(map(str, ICONS))
    runtime = next(each for each in found.iter() if each.tag.endswith("Runtime"))
    assert (runtime.get("resid"), runtime.get("lifetime")) == ("Page", "long")


@pytest.mark.parametrize(
    ("version", "four"), [("0.2.0", "0.2.0.0"), ("1.0", "1.0.0.0"), ("1.2.3.dev4", "1.2.3.4")]
)
def test_a_version_has_four_parts(version: str, four: str) -> None:
    assert f"<Version>{four}</Version>" in manifest(ORIGIN, version, "k")


@pytest.mark.parametrize("name", ["", "1A", "A B", 'A"', "A<", "É", "A" * 21])
def test_no_namespace(name: str) -> None:
    assert not NAMESPACE.fullmatch(name)
