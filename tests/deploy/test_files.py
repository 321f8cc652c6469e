"""What deploy/desk starts is this product: commands, settings, variables, ports and files exist, and a server takes them."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
import tomllib
from contextlib import closing
from datetime import UTC, datetime
from fnmatch import fnmatch
from functools import partial
from pathlib import Path, PurePosixPath

import grpc
import httpx
import pytest

from basketgex.home import CHANNEL_OPTIONS, HOME_VARIABLE
from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1.exposure_pb2_grpc import ExposureServiceStub
from basketgex_cli.desk_certificate import make_server
from basketgex_cli.main import parser
from basketgex_server.configuration import Configuration
from basketgex_server.doors import GRACE, LAST
from basketgex_server.named_secrets import SUFFIX
from basketgex_server.settings import PREFIX, Settings, explanations
from basketgex_server.sources.flashalpha import keys
from basketgex_server.stores.factory import PASSWORD
from tests.deploy.deployments import (
    DEPLOYMENTS,
    DESK,
    INSTANCE,
    UNIT,
    Deployment,
    compose,
    dockerfile,
    env_file,
    kubernetes,
    unit,
)
from tests.desk.fixtures import desk_store, postgres
from tests.desk.postgres import Cluster
from tests.e2e.clocked import reply
from tests.e2e.serving import Server, until
from tests.server.metered import Probe
from tests.server.servers import PATIENCE, bearer
from tests.standin.upstream import Upstream

__all__ = ["desk_store", "postgres"]
ROOT = DESK.parents[1]
KEY_FILE, PASSWORD_FILE = keys.VARIABLE + SUFFIX, PASSWORD + SUFFIX
SETTINGS = {PREFIX + name.upper() for name in explanations()}
FILES = {KEY_FILE, PASSWORD_FILE, *(PREFIX + name for name in ("TLS_CERTIFICATE", "TLS_KEY", "CLIENT_CA"))}
each_deployment = pytest.mark.parametrize("deployed", DEPLOYMENTS.values(), ids=DEPLOYMENTS)


@each_deployment
def test_every_variable_is_one_of_the_products(deployed: Deployment) -> None:
    assert deployed.environment.keys() <= {*SETTINGS, HOME_VARIABLE, KEY_FILE, PASSWORD_FILE}
    assert deployed.environment.keys() >= {KEY_FILE, PASSWORD_FILE, PREFIX + "STORE", PREFIX + "SOURCE"}


@each_deployment
def test_the_settings_can_be_used_as_they_stand(deployed: Deployment, tmp_path: Path) -> None:
    settings = Configuration(tmp_path / "config.toml", environment=deployed.environment).start()
    assert settings.store.startswith("postgresql://basketgex@")
    assert settings.source == "flashalpha"
    assert settings.tls_certificate


@each_deployment
def test_the_command_is_one(deployed: Deployment) -> None:
    program, *arguments = deployed.command
    assert PurePosixPath(program).name == "basketgex"
    assert parser().parse_args(arguments).command == "serve"


@each_deployment
def test_every_file_that_is_named_is_handed_over(deployed: Deployment) -> None:
    named = {value for name, value in deployed.environment.items() if name in FILES}
    assert len(named) == 4
    assert all(map(deployed.has, named)), named


@each_deployment
def test_a_server_has_time_to_drain(deployed: Deployment) -> None:
    assert deployed.grace >= Settings().drain + GRACE + LAST


@each_deployment
def test_a_server_starts_so_and_serves(
    deployed: Deployment,
    desk_store: str,
    postgres: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As the file has it, but for ports that are free, another home and store, and the files where a test has them."""
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    secrets, tls = tmp_path / "secrets", tmp_path / "tls"
    secrets.mkdir()
    make_server(tls, ["127.0.0.1"], datetime.now(UTC))
    shutil.copy(postgres.folder / "password", secrets / "store")
    with Upstream() as upstream:
        (secrets / "key").write_text(upstream.key + "\n")
        here = {
            "store": desk_store,
            "store_password_file": secrets / "store",
            "flashalpha_api_key_file": secrets / "key",
            "flashalpha_base_url": upstream.url,
            "tls_certificate": tls / "server.pem",
            "tls_key": tls / "server.key",
            "listen": "127.0.0.1:0",
            "metrics_listen": deployed.environment[PREFIX + "METRICS_LISTEN"].rpartition(":")[0] + ":0",
        }
        as_written = {n.removeprefix(PREFIX).lower(): v for n, v in deployed.environment.items()}
        as_written.pop("home", None)
        assert here.keys() - as_written.keys() == {"flashalpha_base_url"}
        command = (sys.executable, "-W", "error", "-m", "basketgex_cli", *deployed.command[1:])
        with Server(tmp_path / "home", command=command, **as_written | here) as server:
            trusted = (tls / "ca.pem").read_bytes()
            credentials = grpc.ssl_channel_credentials(trusted)
            with closing(grpc.secure_channel(server.ready["tls"], credentials, CHANNEL_OPTIONS)) as channel:
                asked = pb.GetStatusRequest()
                status = ExposureServiceStub(channel).GetStatus(
                    asked, metadata=bearer(server.home), timeout=PATIENCE
                )
                assert status.version
            reply(server.home, "SPY")
            assert len(upstream.calls) == 1
            probe = probe_of(server, tls)
            until(lambda: probe.says("/readyz") == (200, "ok"))
            assert probe.says("/livez") == (200, "ok")
            assert probe.value("store_up") == 1


def probe_of(server: Server, tls: Path) -> Probe:
    host, _, port = str(server.ready["metrics"]).rpartition(":")
    if host != "0.0.0.0":
        return Probe(f"http://{host}:{port}")
    trusting = ssl.create_default_context(cafile=tls / "ca.pem")
    return Probe(f"https://127.0.0.1:{port}", partial(httpx.get, verify=trusting))


def port_of(deployed: Deployment, setting: str) -> int:
    return int(deployed.environment[PREFIX + setting].rpartition(":")[2])


def test_the_ports_of_compose() -> None:
    service, deployed = compose()["services"]["desk"], DEPLOYMENTS["compose.yaml"]
    (ports,) = service["ports"]
    outside, _, inside = ports.partition(":")
    first, last = map(int, outside.split("-"))
    assert int(inside) == port_of(deployed, "LISTEN")
    assert last - first + 1 == service["deploy"]["replicas"] == 3


def test_compose_holds_together() -> None:
    found = compose()
    store, desk = found["services"]["store"], found["services"]["desk"]
    assert {*store["secrets"], *desk["secrets"]} == found["secrets"].keys()
    assert store["environment"]["POSTGRES_PASSWORD_FILE"] == desk["environment"][PASSWORD_FILE]
    user, database = store["environment"]["POSTGRES_USER"], store["environment"]["POSTGRES_DB"]
    assert desk["environment"][PREFIX + "STORE"] == f"postgresql://{user}@store/{database}"
    assert [volume.split(":")[0] for volume in store["volumes"]] == list(found["volumes"])
    assert (DESK / desk["build"]["context"] / desk["build"]["dockerfile"]).resolve() == DESK / "Dockerfile"


def test_kubernetes_holds_together() -> None:
    found = kubernetes()
    pod = found["Deployment"]["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    deployed = DEPLOYMENTS["kubernetes.yaml"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"grpc": port_of(deployed, "LISTEN"), "metrics": port_of(deployed, "METRICS_LISTEN")}
    assert {p["targetPort"]: p["port"] for p in found["Service"]["spec"]["ports"]} == ports
    labels = pod["metadata"]["labels"]
    assert found["Service"]["spec"]["selector"] == labels
    for kind in ("Deployment", "PodDisruptionBudget"):
        assert found[kind]["spec"]["selector"]["matchLabels"] == labels
    assert found["Deployment"]["spec"]["replicas"] == 3
    assert found["Service"]["spec"]["clusterIP"] == "None"
    volumes = {volume["name"] for volume in pod["spec"]["volumes"]}
    assert volumes == {mount["name"] for mount in container["volumeMounts"]}
    for probe, path in (("readinessProbe", "/readyz"), ("livenessProbe", "/livez")):
        http = container[probe]["httpGet"]
        assert (http["path"], http["port"], http["scheme"]) == (path, "metrics", "HTTPS")
    store = found["Cluster"]["metadata"]["name"]
    assert f"@{store}-rw/" in deployed.environment[PREFIX + "STORE"]
    secrets = {volume["secret"]["secretName"] for volume in pod["spec"]["volumes"] if "secret" in volume}
    assert secrets >= {f"{store}-app", f"{store}-ca"}


def test_the_image_is_what_the_others_start() -> None:
    said = dockerfile()
    once = {name: rest for name, rest in said if name in ("USER", "EXPOSE", "CMD", "ENV")}
    assert json.loads(once["CMD"]) == DEPLOYMENTS["compose.yaml"].command
    pod = kubernetes()["Deployment"]["spec"]["template"]["spec"]
    assert once["USER"] == "{runAsUser}:{runAsGroup}".format(**pod["securityContext"])
    deployed = DEPLOYMENTS["kubernetes.yaml"]
    assert once["EXPOSE"].split() == [str(port_of(deployed, n)) for n in ("LISTEN", "METRICS_LISTEN")]
    environment = dict(word.split("=", 1) for word in once["ENV"].split())
    assert environment.keys() == {"HOME", HOME_VARIABLE}
    home = PurePosixPath(environment[HOME_VARIABLE])
    assert str(home.parent) == environment["HOME"]
    # An own folder in what is mounted, which is never the user's alone.
    assert deployed.has(str(home)) and home not in deployed.provided
    assert compose()["services"]["desk"]["tmpfs"] == [str(home.parent)]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert any("[desk]" in rest for name, rest in said if name == "RUN")
    assert "desk" in project["optional-dependencies"]


def test_the_image_is_built_from_what_the_wheel_needs() -> None:
    lines = (DESK / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    kept = [line.removeprefix("!") for line in lines if line.startswith("!")]
    found = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = found["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [*wheel["packages"], *wheel["force-include"], found["tool"]["hatch"]["version"]["path"]]
    needed += [
        found["project"]["readme"],
        *found["project"]["license-files"],
        "hatch_build.py",
        "pyproject.toml",
    ]
    for path in needed:
        ways = [str(way) for way in (PurePosixPath(path), *PurePosixPath(path).parents)]
        assert any(fnmatch(way, pattern) for way in ways for pattern in kept), path
    for pattern in kept:
        assert list(ROOT.glob(pattern)), pattern


def test_an_instance_has_ports_of_its_own() -> None:
    text = UNIT.read_text("utf-8")
    deployed = DEPLOYMENTS[UNIT.name]
    assert text.count("%i") == 5  # its name, its folder twice and two ports
    assert port_of(deployed, "LISTEN") == 8440 + int(INSTANCE)
    assert deployed.environment[PREFIX + "METRICS_LISTEN"] == f"127.0.0.1:946{INSTANCE}"
    (state,) = unit()["StateDirectory"]
    assert deployed.environment[HOME_VARIABLE] == f"%S/{state}"


def test_what_all_instances_share_is_where_the_unit_looks() -> None:
    (path,) = unit()["EnvironmentFile"]
    assert PurePosixPath(path).name == "desk.env"
    assert f"# {path}:" in (DESK / "desk.env").read_text("utf-8")
    assert env_file().keys() == {PREFIX + "STORE", PREFIX + "SOURCE"}


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("only on machines with systemd")
    (command,) = unit()["ExecStart"]
    installed = Path(sys.executable).with_name("basketgex")
    own = tmp_path / UNIT.name
    own.write_text(UNIT.read_text("utf-8").replace(command.split()[0], str(installed)))
    done = subprocess.run(
        [program, "verify", "--man=no", own], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def composing() -> list[str] | None:
    """Docker's compose, as its plug-in or as Debian's program of its own."""
    for program in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(program[0]) is None:
            continue
        if not subprocess.run(
            [*program, "version"], capture_output=True, timeout=PATIENCE, check=False
        ).returncode:
            return program
    return None


def test_docker_takes_the_compose_file() -> None:
    if (program := composing()) is None:
        pytest.skip("only on machines with docker compose")
    done = subprocess.run(
        [*program, "--file", DESK / "compose.yaml", "config", "--quiet"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={k: v for k, v in os.environ.items() if k != "DESK_USER"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_file_is_in_the_guide() -> None:
    guide = (ROOT / "docs" / "desk.md").read_text("utf-8")
    for path in DESK.iterdir():
        assert f"(../deploy/desk/{path.name})" in guide or path.suffix == ".dockerignore", path.name
