"""Files that pages load: ours as they lie there, others' compressed and for good, and a sentence where they are missing."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from basketgex_addin.web import assets
from tests.addin.web.hosts import WebHost


def test_a_folder_without_all_files_has_no_version(tmp_path: Path) -> None:
    assert assets.version(tmp_path / "none") == ""
    (tmp_path / assets.LISTED).write_text(json.dumps({"version": "abc", "files": ["x.js"]}))
    assets.version.cache_clear()
    assert assets.version(tmp_path) == ""
    (tmp_path / "x.js.gz").write_bytes(gzip.compress(b"x"))
    assets.version.cache_clear()
    assert assets.version(tmp_path) == "abc"
    assert list(assets.vendored(tmp_path)) == ["x.js"]
    (tmp_path / assets.LISTED).write_text("[]")
    assets.version.cache_clear()
    assert assets.version(tmp_path) == ""


def test_ours_are_sent_as_they_are(host: WebHost) -> None:
    for path in assets.STATIC.iterdir():
        reply = host.http.get(f"/static/{path.name}")
        assert (reply.status_code, reply.content) == (200, path.read_bytes())
        assert reply.headers["content-type"] == assets.kind(path.name) != "application/octet-stream"


def test_others_are_sent_compressed_and_kept(host: WebHost) -> None:
    version = assets.version()
    if not version:
        pytest.skip("the browser workbook's files are not fetched: run make run while online")
    page = host.http.get("/")
    assert page.status_code == 200
    assert "VENDOR_VERSION" not in page.text and "OWN_VERSION" not in page.text
    for name in assets.vendored():
        assert f"/assets/{version}/{name}" in page.text
        reply = host.http.get(f"/assets/{version}/{name}")
        assert reply.headers["content-encoding"] == "gzip"
        assert "immutable" in reply.headers["cache-control"]
        assert reply.content == gzip.decompress(assets.vendored()[name])
    assert host.http.get("/assets/0/react.js").status_code == 404
