"""Reads that end: by what is not regular, by size, by what gzip makes of it, and by time."""

from __future__ import annotations

import asyncio
import gzip
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from basketgex_server.errors import BadChain
from basketgex_server.sources.files import reading
from basketgex_server.sources.files.reading import MOST, Reader, Stuck, content_of, unpacked
from basketgex_server.sources.readers.text import utf8
from tests.server.servers import until


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(BadChain) as refused:
        work()
    return refused.value.sentence


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only on systems with named pipes")
@pytest.mark.parametrize("kind", ["pipe", "link to a pipe", "folder", "device", "socket"])
def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "AAPL.csv"
    with socket.socket(socket.AF_UNIX) as door:
        match kind:
            case "pipe":
                os.mkfifo(path)
            case "link to a pipe":
                os.mkfifo(tmp_path / "pipe")
                path.symlink_to("pipe")
            case "folder":
                path.mkdir()
            case "device":
                path.symlink_to("/dev/zero")
            case _:
                door.bind(os.path.relpath(path))
        assert refusal(lambda: content_of(path)) == "AAPL.csv is no regular file."


def test_what_is_not_there_or_closed(tmp_path: Path) -> None:
    assert refusal(lambda: content_of(tmp_path / "A.csv")) == "A.csv cannot be opened."
    (tmp_path / "B.csv").symlink_to("B.csv")
    assert refusal(lambda: content_of(tmp_path / "B.csv")) == "B.csv cannot be opened."


TOO_LARGE = "A.csv{} is larger than a chain can be: at most 64 MB are read."


def test_a_file_of_two_gigabytes_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "A.csv").open("wb") as sparse:
        sparse.truncate(2 << 30)
    assert refusal(lambda: content_of(tmp_path / "A.csv")) == TOO_LARGE.format("")


def test_what_grows_while_it_is_read_is_read_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST", 100)
    path = tmp_path / "A.csv"
    path.write_bytes(b"x" * 100)
    assert content_of(path) == b"x" * 100
    path.write_bytes(b"x" * 101)
    assert "is larger" in refusal(lambda: content_of(path))


@pytest.mark.parametrize("members", [1, 3])
def test_a_bomb_of_gzip_is_not_unpacked_whole(tmp_path: Path, members: int) -> None:
    part = gzip.compress(bytes(MOST // members + 1), 9)
    (tmp_path / "A.csv.gz").write_bytes(part * members)
    assert (tmp_path / "A.csv.gz").stat().st_size < 1 << 20
    assert refusal(lambda: content_of(tmp_path / "A.csv.gz")) == TOO_LARGE.format(".gz")


def test_gzip_of_several_members_or_with_padding_is_whole() -> None:
    parts = [b"option,iv\n", b"", b"more\n"]
    assert unpacked(b"".join(map(gzip.compress, parts)), "A") == b"".join(parts)
    assert unpacked(gzip.compress(b"x") + bytes(7), "A") == b"x"
    for broken in (b"", b"plain", gzip.compress(b"x" * 99)[:-3], gzip.compress(b"x") + b"rest",
                   gzip.compress(b"x")[:-8] + bytes(8)):  # fmt: skip
        assert refusal(lambda broken=broken: unpacked(broken, "A")) == (  # type: ignore[misc]
            "A cannot be unpacked: it is cut short or is not gzip."
        )


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("text", ["option,iv\nA,1\n", "{}", "option,é,下午\n"])
def test_whatever_unicode_a_text_comes_in_it_is_the_same(text: str, codec: str) -> None:
    head = (
        text if text.isascii() else "option,iv,more\n" * 5 + text
    )  # without a mark it is known by its beginning
    assert utf8(head.encode(codec), "A") == head.encode()


def test_what_is_marked_as_utf_16_and_is_not() -> None:
    for content in (b"\xff\xfe\x00", b"\xff\xfe\x00\xd8", b"\xfe\xff\xd8\x00"):
        assert refusal(lambda content=content: utf8(content, "A.csv")) == "A.csv is not text."  # type: ignore[misc]
    assert utf8(b"", "A") == b"" and utf8(b"\0\0", "A") == b"\0\0"


def test_a_read_that_does_not_end_is_given_up_and_leaves_the_others_alone() -> None:
    gate, reader = threading.Event(), Reader()

    async def story() -> None:
        with pytest.raises(Stuck):
            await reader.run(gate.wait, 0.05)
        assert await reader.run(lambda: "read", 30) == "read"
        with pytest.raises(BadChain):
            await reader.run(lambda: content_of(Path("no such file")), 30)

    try:
        asyncio.run(story())
    finally:
        gate.set()


def test_where_nothing_ever_ends_no_more_is_begun_until_something_does() -> None:
    gate, reader = threading.Event(), Reader()

    async def story() -> None:
        for _ in range(4):
            with pytest.raises(Stuck):
                await reader.run(gate.wait, 0.05)
        before = time.monotonic()
        with pytest.raises(Stuck):
            await reader.run(lambda: "read", 1_000)
        assert time.monotonic() - before < 500  # not waited for
        gate.set()
        await until(lambda: not reader._overdue)
        assert await reader.run(lambda: "read", 30) == "read"

    try:
        asyncio.run(asyncio.wait_for(story(), 60))
    finally:
        gate.set()


def test_many_reads_share_few_threads() -> None:
    reader, names = Reader(), set[str]()

    def work(n: int) -> int:
        names.add(f"{threading.current_thread().name}/{threading.get_ident()}")
        return n

    async def story() -> None:
        found = await asyncio.gather(*(reader.run(lambda n=n: work(n), 30) for n in range(200)))  # type: ignore[misc]
        assert found == list(range(200))

    asyncio.run(story())
    assert 1 <= len(names) <= 4 and all(name.startswith("reading/") for name in names)
