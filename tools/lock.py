"""Write the lock files in requirements/ from pyproject.toml, or see without a network whether they agree with it.

`python -m tools.lock` keeps the releases that are locked already; what else it is given goes to uv: `--upgrade`,
`--upgrade-package NAME`. `python -m tools.lock --check` ends with 1 where `make lock` has to be run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.lockfile import LOCKS, ROOT, Locked, parse

# Where .ci/setup.sh installs from the lock, and Windows, whose users install the wheel.
PLATFORMS = (
    ("linux", "x86_64"),
    ("linux", "aarch64"),
    ("darwin", "x86_64"),
    ("darwin", "arm64"),
    ("win32", "AMD64"),
)
PLACES = tuple(
    {
        "python_version": python,
        "python_full_version": f"{python}.7",
        "sys_platform": system,
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }
    for python, (system, machine) in product(("3.11", "3.12", "3.13"), PLATFORMS)
)
OURS = "basketgex (pyproject.toml)"  # as uv remarks it


def wanted(project: Mapping[str, Any]) -> dict[str, list[Requirement]]:
    """Return what each lock file has to satisfy, by its name, from the parsed pyproject.toml."""
    run = project["project"]["dependencies"]
    lists = {
        "dev": [*run, *project["project"]["optional-dependencies"]["dev"]],
        "run": run,
        "build": project["build-system"]["requires"],
    }
    return {name: [Requirement(line) for line in lines] for name, lines in lists.items()}


def disagreements(requirements: list[Requirement], locked: list[Locked]) -> Iterator[str]:
    """Yield a sentence for everything in which a lock does not agree with what is required, on any platform of PLACES."""
    asked = {canonicalize_name(each.name) for each in requirements}
    names = {entry.name for entry in locked}
    for entry in locked:
        if not entry.hashes:
            yield f"{entry.name} is locked without a hash"
        others = [each for each in entry.demanded_by if each != OURS]
        is_ours = not others or OURS in entry.demanded_by
        if is_ours and entry.name not in asked:
            yield f"{entry.name} is locked, but nothing asks for it"
        for each in others:
            if canonicalize_name(each) not in names:
                yield f"{entry.name} is locked for {each}, which is not"
    # One sentence for each cause, not for each platform it shows on.
    yield from dict.fromkeys(each for place in PLACES for each in _missing(place, requirements, locked))


def _missing(
    place: Mapping[str, str], requirements: list[Requirement], locked: list[Locked]
) -> Iterator[str]:
    here = {entry.name: entry for entry in locked if _holds(entry.requirement, place)}
    for requirement in requirements:
        entry = here.get(canonicalize_name(requirement.name))
        if not _holds(requirement, place):
            continue
        if entry is None:
            yield f"{requirement} is not locked"
        elif not requirement.specifier.contains(entry.version, prereleases=True):
            yield f"{requirement} is asked for, {entry.version} is locked"
        elif not requirement.extras <= entry.requirement.extras:
            yield f"{requirement} is asked for, {entry.name} is locked without the extra"


def _holds(requirement: Requirement, place: Mapping[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(dict(place))


def check(root: Path = ROOT) -> list[str]:
    """Return what is wrong with the lock files of the project at `root`, a sentence each."""
    found = []
    for name, requirements in wanted(_project(root)).items():
        path = root / LOCKS.name / f"{name}.txt"
        try:
            locked = parse(path.read_text("utf-8"))
            found += [f"{path.name}: {sentence}" for sentence in disagreements(requirements, locked)]
        except FileNotFoundError:
            found.append(f"{path.name} is missing")
        except ValueError as error:
            found.append(f"{path.name}: {error}")
    return found


def write(arguments: list[str]) -> None:
    """Resolve again. Every lock takes the releases of dev.txt, so that one .venv serves them all."""
    LOCKS.mkdir(exist_ok=True)
    dev = LOCKS / "dev.txt"
    _resolve(dev, ["pyproject.toml", "--extra", "dev", *arguments])
    for name in ("run", "build"):
        shutil.copy(dev, LOCKS / f"{name}.txt")  # uv prefers what stands in the file that it writes
    _resolve(LOCKS / "run.txt", ["pyproject.toml"])
    _resolve(LOCKS / "build.txt", ["-"], "\n".join(_project(ROOT)["build-system"]["requires"]))


def _resolve(path: Path, sources: list[str], text: str = "") -> None:
    uv = Path(sysconfig.get_path("scripts")) / "uv"
    # One release for every Python that is supported, and hashes of all its files: those of one platform would
    # keep the others out.
    how = ["--universal", "--python-version", "3.11", "--fork-strategy", "fewest", "--generate-hashes"]
    # No index: which one is asked is the machine's affair.
    form = ["--no-strip-extras", "--no-emit-index-url", "--no-emit-find-links", "--quiet", "--output-file"]
    target = path.relative_to(ROOT).as_posix()
    environment = os.environ | {"UV_CUSTOM_COMPILE_COMMAND": "make lock"}
    subprocess.run(
        [uv, "pip", "compile", *sources, *how, *form, target],
        cwd=ROOT,
        env=environment,
        input=text,
        text=True,
        check=True,
    )


def _project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))


def main(arguments: list[str]) -> int:
    """Do what the command line asks for; return its exit code."""
    if arguments != ["--check"]:
        try:
            write(arguments)
        except subprocess.CalledProcessError as error:
            return error.returncode  # uv has said why
        return 0
    found = check()
    for sentence in found:
        print(sentence)
    if found:
        print("The lock does not agree with pyproject.toml: run make lock and commit requirements/.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
