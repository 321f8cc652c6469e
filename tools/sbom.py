"""List the parts of a wheel as CycloneDX beside it: `python -m tools.sbom dist/NAME.whl` writes dist/NAME.cdx.json.

The parts are those of requirements/run.txt, on every platform; one that only some have says where.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.utils import canonicalize_name, parse_wheel_filename

from tools.lockfile import LOCKS, Locked, parse


def bill(wheel: Path, locked: list[Locked]) -> Bom:
    """Return the list: the wheel with its hash, its parts with theirs, and which part demands which."""
    name, version, _, _ = parse_wheel_filename(wheel.name)
    root = _component(name, str(version))
    root.type = ComponentType.APPLICATION
    root.hashes.add(HashType(alg=HashAlgorithm.SHA_256, content=sha256(wheel.read_bytes()).hexdigest()))
    bom = Bom()
    bom.metadata.component = root
    parts = {entry.name: _part(entry) for entry in locked}
    demands: dict[str, list[Component]] = {each: [] for each in (name, *parts)}
    for entry in locked:
        for demanding in entry.demanded_by:
            demands[canonicalize_name(demanding.partition(" ")[0])].append(parts[entry.name])
    for part in parts.values():
        bom.components.add(part)
    for demanding, demanded in demands.items():
        bom.register_dependency(root if demanding == name else parts[demanding], demanded)
    return bom


def _part(entry: Locked) -> Component:
    part = _component(entry.name, entry.version)
    # A release is several files, any of which may be the one that is installed.
    hashes = [
        HashType(alg=HashAlgorithm.SHA_256, content=each.removeprefix("sha256:")) for each in entry.hashes
    ]
    where = XsUri(str(part.purl))
    part.external_references.add(
        ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=where, hashes=hashes)
    )
    if entry.requirement.marker is not None:
        part.properties.add(Property(name="basketgex:only-where", value=str(entry.requirement.marker)))
    return part


def _component(name: str, version: str) -> Component:
    purl = PackageURL("pypi", name=name, version=version)
    return Component(name=name, version=version, purl=purl, bom_ref=str(purl), type=ComponentType.LIBRARY)


def main(arguments: list[str]) -> int:
    """Write the list beside the one wheel of the command line; return the exit code."""
    wheel = Path(arguments[0])
    locked = parse((LOCKS / "run.txt").read_text("utf-8"))
    path = wheel.with_suffix(".cdx.json")
    path.write_text(JsonV1Dot6(bill(wheel, locked)).output_as_string(indent=2) + "\n", "utf-8")
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
