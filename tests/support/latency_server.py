"""A fast server of OpenAI's protocol, in a process of its own, that answers each call after a fixed time.

``python -m tests.support.latency_server --latency 0.1`` prints its port and serves until its standard input closes, so
that it cannot outlive whoever started it. ``GET /stats`` tells what it has seen, ``POST /reset`` forgets it. It is one
asyncio protocol without a framework: thousands of calls a second on one core.
"""

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from tests.support.replies import MODEL, list_models, wrap, write

ROOT = Path(__file__).parent.parent.parent
HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


@dataclass(slots=True)
class Stats:
    """What the server has seen; times in seconds, of its own monotonic clock."""

    calls: int = 0
    """Calls that came in."""
    answered: int = 0
    repeated: int = 0
    """Calls that were equal to an earlier one, to the letter."""
    open: int = 0
    most_open: int = 0
    first_call: float = 0.0
    last_call: float = 0.0
    last_answer: float = 0.0

    @property
    def rate(self) -> float:
        """Calls a second, from the first request to the last."""
        return (self.calls - 1) / (self.last_call - self.first_call)

    @property
    def rate_to_answer(self) -> float:
        """Calls a second, from the first request to the answer to the last: less than the above by one latency."""
        return self.answered / (self.last_answer - self.first_call)


class Service:
    """Answers of one server, and what it has seen."""

    def __init__(self, latency: float) -> None:
        self.latency = latency
        self.stats = Stats()
        self.seen: set[int] = set()

    def reset(self) -> None:
        """Forget everything seen."""
        self.stats = Stats()
        self.seen = set()

    def begin(self, content: bytes) -> None:
        """Note a call."""
        stats, now = self.stats, time.monotonic()
        stats.first_call = stats.first_call or now
        stats.last_call = now
        stats.calls += 1
        stats.open += 1
        stats.most_open = max(stats.most_open, stats.open)
        stats.repeated += (mark := hash(content)) in self.seen
        self.seen.add(mark)

    def end(self) -> None:
        """Note an answer."""
        self.stats.open -= 1
        self.stats.answered += 1
        self.stats.last_answer = time.monotonic()


class Connection(asyncio.Protocol):
    """One client; its requests come one after another, as HTTP/1.1 without pipelining."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.received = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        end = self.received.find(HEAD_END)
        if end < 0:
            return
        head = self.received[:end]
        lower = head.lower()
        at = lower.find(LENGTH)
        length = int(lower[at + len(LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        begin = end + len(HEAD_END)
        if len(self.received) < begin + length:
            return
        content, self.received = self.received[begin : begin + length], self.received[begin + length :]
        verb, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        self.answer(verb, path, content)

    def answer(self, verb: str, path: str, content: bytes) -> None:
        if path.endswith("/chat/completions"):
            self.service.begin(content)
            asyncio.get_running_loop().call_later(self.service.latency, self.complete, path, content)
        elif path.endswith("/models"):
            self.send(orjson.dumps(list_models(path, [MODEL])))
        elif path == "/stats":
            self.send(orjson.dumps(asdict(self.service.stats)))
        elif path == "/reset":
            self.service.reset()
            self.send(b"{}")
        else:
            self.send(b"{}", "404 Not Found")

    def complete(self, path: str, content: bytes) -> None:
        body = orjson.loads(content)
        self.service.end()
        self.send(orjson.dumps(wrap(path, write(body), model=body["model"])))

    def send(self, block: bytes, status: str = "200 OK") -> None:
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(block)}\r\n\r\n"
        self.transport.write(head.encode() + block)


async def serve(port: int, latency: float) -> None:
    """Listen on 127.0.0.1, print the port, and serve until standard input closes."""
    loop, service, is_over = asyncio.get_running_loop(), Service(latency), asyncio.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(is_over.set)

    server = await loop.create_server(lambda: Connection(service), "127.0.0.1", port, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    threading.Thread(target=wait_for_end, daemon=True).start()
    await is_over.wait()


class LatencyServer:
    """The server as its starter sees it."""

    def __init__(self, port: int) -> None:
        self.root = f"http://127.0.0.1:{port}"
        self.url = f"{self.root}/v1"

    def stats(self) -> Stats:
        """What it has seen since the start, or since ``reset``."""
        return Stats(**self._ask("GET", "/stats"))

    def reset(self) -> None:
        """Begin counting anew."""
        self._ask("POST", "/reset")

    def _ask(self, verb: str, path: str) -> dict[str, Any]:
        request = urllib.request.Request(self.root + path, method=verb)
        with urllib.request.urlopen(request) as response:
            answer: dict[str, Any] = json.loads(response.read())
        return answer


@contextlib.contextmanager
def latency_server(latency: float) -> Iterator[LatencyServer]:
    """A server process for as long as the block lasts."""
    command = [sys.executable, "-m", "tests.support.latency_server", "--latency", str(latency)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield LatencyServer(int(process.stdout.readline()))
        process.stdin.close()


def main() -> None:
    """Serve as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--latency", type=float, default=0.1, help="seconds")
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.latency))


if __name__ == "__main__":
    main()
