"""A small server that speaks as much of the Hugging Face hub's protocol as a download needs, and its faults."""

import hashlib
import random
import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from synthgen_core.providers.gguf import HubModel
from synthgen_core.providers.weights import MIN_GGUF_BYTES

CONTENT = b"GGUF" + random.Random(7).randbytes(4 * MIN_GGUF_BYTES)
"""A GGUF file as far as our check goes."""


def model_of(content: bytes = CONTENT) -> HubModel:
    return HubModel(
        "Tiny-Instruct",
        "makers/Tiny-Instruct-GGUF",
        "0123456789abcdef0123456789abcdef01234567",
        "tiny-q4.gguf",
        len(content),
        1000,
        "Apache-2.0",
        sha256=hashlib.sha256(content).hexdigest(),
    )


@dataclass
class Hub:
    """The server's model and state. The blob is on another host, as it is on the hub."""

    model: HubModel
    content: bytes = CONTENT
    size: int | None = None
    """What it says; by default the truth."""
    etag: str | None = None
    has_ranges: bool = True
    refusals: deque[tuple[int, str]] = field(default_factory=deque)
    """Status and X-Error-Code of the next answers."""
    cuts: deque[int] = field(default_factory=deque)
    """After how many bytes the next downloads break off."""
    hold_after: int | None = None
    """After how many bytes a download stands still, until ``go_on``; -1: before anything is answered."""
    is_web_page: bool = False
    go_on: threading.Event = field(default_factory=threading.Event)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """Method, path and headers of each request."""
    port: int = 0

    @property
    def address(self) -> str:
        """What HF_ENDPOINT is set to."""
        return f"http://127.0.0.1:{self.port}"

    def downloads(self) -> list[str]:
        """The Range of each request for the blob."""
        return [headers.get("range", "") for method, path, headers in self.seen if (method, path) == ("GET", "/blob")]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.seen.append((request.command, request.path, {k.lower(): v for k, v in request.headers.items()}))
        if self.hold_after == -1:
            self.go_on.wait(60)
        if self.is_web_page:
            self.send(request, 200, {"Content-Type": "text/html"}, b"<html>")
        elif request.path == "/blob":
            self.send_blob(request)
        elif self.refusals:
            status, code = self.refusals.popleft()
            self.send(request, status, {"X-Error-Code": code} if code else {})
        elif request.path == f"/{self.model.repository}/resolve/{self.model.revision}/{self.model.file}":
            etag = hashlib.sha256(self.content).hexdigest() if self.etag is None else self.etag
            size = len(self.content) if self.size is None else self.size
            linked = {"X-Repo-Commit": self.model.revision, "X-Linked-Etag": f'"{etag}"', "X-Linked-Size": str(size)}
            self.send(request, 302, linked | {"Location": f"http://localhost:{self.port}/blob"})
        else:
            self.send(request, 404, {"X-Error-Code": "EntryNotFound"})

    def send_blob(self, request: BaseHTTPRequestHandler) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", "")) if self.has_ranges else None
        rest = self.content[int(asked[1]) if asked else 0 :]
        request.send_response(206 if asked else 200)
        request.send_header("Content-Length", str(len(rest)))
        request.end_headers()
        if self.cuts:
            request.wfile.write(rest[: self.cuts.popleft()])
            request.close_connection = True
        elif self.hold_after is not None:
            request.wfile.write(rest[: self.hold_after])
            self.go_on.wait(60)
            request.wfile.write(rest[self.hold_after :])
        else:
            request.wfile.write(rest)

    @staticmethod
    def send(request: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        request.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            request.send_header(name, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)


@contextmanager
def running(hub: Hub) -> Iterator[Hub]:
    """The hub, answering at ``hub.address``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with suppress(ConnectionError):  # whoever asked was killed
                hub.answer(self)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield hub
    finally:
        hub.go_on.set()
        server.shutdown()
        server.server_close()


def forget_account(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Neither the account nor the proxy of whoever runs the tests; and no hub unless a test has one."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("HF_HOME", str(home))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
