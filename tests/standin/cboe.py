"""A stand-in for Cboe's delayed quotes: files by name over real HTTP on 127.0.0.1, with scripted faults.

``with CboeStandIn({"_RUT": body}) as cboe: … cboe.url …`` serves from a thread. ``cboe.script("_RUT", fault)`` answers the next
call for that name with a fault; ``cboe.calls`` are the names asked for, ``cboe.most`` how many were under way at once.
"""

from __future__ import annotations

import gzip
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

DENIED = b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code></Error>'
PATH = "/api/global/delayed_quotes/options"
Fault = Callable[["_Handler", bytes], None]


def status(code: int, body: bytes = b"", **headers: str) -> Fault:
    """Answer with a status."""
    return lambda handler, _: handler.reply(code, body, {k.replace("_", "-"): v for k, v in headers.items()})


def html() -> Fault:
    """Answer 200 with a page."""
    return status(200, b"<!doctype html><title>Just a moment</title>", Content_Type="text/html")


def cut(share: float = 0.5) -> Fault:
    """Say the whole length, send a part, close."""

    def fault(handler: _Handler, body: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: int(len(body) * share)])
        handler.close_connection = True

    return fault


def held(gate: threading.Event) -> Fault:
    """Answer rightly once the gate is open."""

    def fault(handler: _Handler, body: bytes) -> None:
        gate.wait(30)
        handler.reply(200, body, {})

    return fault


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    standin: CboeStandIn

    def do_GET(self) -> None:
        name = self.path.removeprefix(PATH + "/").removesuffix(".json")
        standin = self.standin
        with standin.lock:
            standin.calls.append(name)
            standin.under_way += 1
            standin.most = max(standin.most, standin.under_way)
            standin.lock.notify_all()
            fault = standin.faults[name].popleft() if standin.faults[name] else None
        try:
            body = standin.files.get(name, b"")
            if fault:
                fault(self, body)
            elif name in standin.files:
                self.reply(200, gzip.compress(body, 1), {"Content-Encoding": "gzip"})
            else:
                self.reply(403, DENIED, {"Content-Type": "application/xml"})
        except OSError:
            pass  # the caller went away
        finally:
            with standin.lock:
                standin.under_way -= 1

    def reply(self, code: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(code)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        pass


class CboeStandIn:
    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.calls: list[str] = []
        self.under_way = self.most = 0
        self.faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self.lock = threading.Condition()

    def wait_for(self, calls: int) -> None:
        """Wait until so many calls are under way."""
        with self.lock:
            assert self.lock.wait_for(lambda: self.under_way >= calls, 30)

    def script(self, name: str, *faults: Fault) -> None:
        self.faults[name].extend(faults)

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"standin": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}{PATH}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
