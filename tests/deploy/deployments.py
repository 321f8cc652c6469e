"""What the files of deploy/desk say: how each of them starts a server, with which environment, and what it finds where."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

DESK = Path(__file__).parents[2] / "deploy" / "desk"
UNIT = DESK / "basketgex-desk@.service"
INSTANCE = "3"


@dataclass(frozen=True)
class Deployment:
    """One way to start a server; ``provided``: files, and folders, that it is given."""

    command: list[str]
    environment: dict[str, str]
    provided: set[PurePosixPath]
    grace: float
    """Seconds between the order to end and the kill."""

    def has(self, path: str) -> bool:
        wanted = PurePosixPath(path)
        return any(place in (wanted, *wanted.parents) for place in self.provided)


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DESK / "compose.yaml").read_text("utf-8"))
    return found


def kubernetes() -> dict[str, dict[str, Any]]:
    """Every object by its kind."""
    objects = list(yaml.safe_load_all((DESK / "kubernetes.yaml").read_text("utf-8")))
    found = {each["kind"]: each for each in objects}
    assert len(found) == len(objects)
    return found


def unit() -> dict[str, list[str]]:
    """Every value of a key, of an instance."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text("utf-8").splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value.replace("%i", INSTANCE))
    return found


def env_file() -> dict[str, str]:
    lines = (DESK / "desk.env").read_text("utf-8").splitlines()
    words = (shlex.split(line, comments=True) for line in lines)
    return dict(word.split("=", 1) for line in words for word in line)


def of_compose() -> Deployment:
    service = compose()["services"]["desk"]
    provided = {PurePosixPath("/run/secrets", name) for name in service["secrets"]}
    provided |= {PurePosixPath(volume.split(":")[1]) for volume in service["volumes"]}
    grace = float(service["stop_grace_period"].removesuffix("s"))
    return Deployment(service["command"], service["environment"], provided, grace)


def of_systemd() -> Deployment:
    found = unit()
    assigned = dict(value.split("=", 1) for value in found["Environment"])
    provided = {PurePosixPath("%d", value.split(":")[0]) for value in found["LoadCredential"]}
    (command,), (grace,) = found["ExecStart"], found["TimeoutStopSec"]
    return Deployment(command.split(), {**assigned, **env_file()}, provided, float(grace))


def of_kubernetes() -> Deployment:
    pod = kubernetes()["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    environment = {each["name"]: each["value"] for each in container["env"]}
    provided = {PurePosixPath(mount["mountPath"]) for mount in container["volumeMounts"]}
    return Deployment(container["command"], environment, provided, pod["terminationGracePeriodSeconds"])


DEPLOYMENTS = {
    "compose.yaml": of_compose(),
    "basketgex-desk@.service": of_systemd(),
    "kubernetes.yaml": of_kubernetes(),
}


def dockerfile() -> list[tuple[str, str]]:
    """Every instruction and what stands after it."""
    text = re.sub(r"^#.*\n", "", (DESK / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines if line.strip())]
