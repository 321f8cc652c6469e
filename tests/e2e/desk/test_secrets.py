"""What a desk says in its logs, its metrics and its refusals, looked through for what must not be said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import pytest

from basketgex.home import CHANNEL_OPTIONS, bearer
from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1.exposure_pb2_grpc import ExposureServiceStub
from basketgex_cli.main import main
from tests.desk.postgres import Cluster
from tests.e2e.desk.replicas import PROBED, desk, probe
from tests.e2e.serving import Server
from tests.server.servers import PATIENCE
from tests.standin.upstream import Upstream, garbled, reset

OF_A_STRANGER = "a-token-of-a-stranger"


def told(server: Server, token: str, symbol: str) -> str:
    """Return all that a call is told: its answer, or everything about its refusal."""
    with grpc.insecure_channel(server.address, options=CHANNEL_OPTIONS) as channel:
        request = pb.GetBasketRequest(symbols=[symbol], refresh=pb.REFRESH_FORCE)
        try:
            return str(
                ExposureServiceStub(channel).GetBasket(request, metadata=bearer(token), timeout=PATIENCE)
            )
        except grpc.RpcError as error:
            refused: Any = error
            return f"{refused.details()} {refused.trailing_metadata()}"


def test_nothing_that_is_said_has_a_secret_or_a_path(
    tmp_path: Path,
    postgres: Cluster,
    desk_store: str,
    upstream: Upstream,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("BASKETGEX_STORE", desk_store)
    with desk(tmp_path, desk_store, upstream, 2, **PROBED) as servers:
        assert main(["--home", str(tmp_path / "operator"), "desk", "person", "add", "ann"]) == 0
        ann = capsys.readouterr().out.splitlines()[-1]
        said = [told(server, ann, "SPY") for server in servers]
        for fault in (reset(), garbled(b"{")):
            upstream.script(fault)
            said += [told(server, ann, "QQQ") for server in servers]
        said += [told(server, OF_A_STRANGER, "SPY") for server in servers]
        said += [probe(server).says(path)[1] for server in servers for path in ("/metrics", "/readyz")]
        tokens = [server.home.read_token() for server in servers]
        logs = [server.home.log_file for server in servers]
    said += [log.read_text("utf-8") for log in logs]
    everything = "\n".join(said)
    assert "source_unavailable" in everything
    assert "unauthenticated" in everything.lower()
    password = postgres.password_file.read_text().rstrip().rpartition(":")[2]
    secrets = {upstream.key, ann, OF_A_STRANGER, password, str(tmp_path), str(postgres.folder), *tokens}
    assert len(secrets) == 8
    assert not [secret for secret in secrets if not secret or secret in everything]
