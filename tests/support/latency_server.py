"""A fast server of OpenAI's protocol, in a process of its own, that answers each call after a fixed time.

``python -m tests.support.latency_server --latency 0.1`` prints its port and serves until its standard input closes, so
that it cannot outlive whoever started it. ``GET /stats`` tells what it has seen; ``POST /reset`` forgets it, and says
which faults to show. It is one asyncio protocol without a framework: thousands of calls a second on one core.
"""

import argparse
import asyncio
import contextlib
import json
import random
import subprocess
import sys
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson

from tests.support.replies import MODEL, list_models, wrap, wrap_error, write

ROOT = Path(__file__).parent.parent.parent
HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"
CUT_OFF = 100
"""Characters that a cut reply lacks."""


class Fate(StrEnum):
    """What becomes of a call."""

    ANSWERED = "200 OK"
    CUT = "200 OK, and the reply ends for its length"
    FAILED = "500 Internal Server Error"
    REFUSED = "429 Too Many Requests"
    DENIED = "401 Unauthorized"


AT_ONCE = (Fate.REFUSED, Fate.DENIED)
"""No model is needed for these."""


@dataclass(frozen=True, slots=True)
class Faults:
    """How a server misbehaves; shares are of all calls, and the same calls, by number, meet them every time."""

    refused: float = 0.0
    failed: float = 0.0
    cut: float = 0.0
    most_open: int = 0
    """Calls at a time, the rest is refused; 0: any number."""
    most_a_second: int = 0
    """Calls taken in any second, the rest is refused; 0: any number."""
    denies: bool = False
    """The key is wrong. The list of models can be read without one."""
    seed: int = 1


@dataclass(slots=True)
class Stats:
    """What the server has seen; times in seconds, of its own monotonic clock."""

    calls: int = 0
    """Calls that came in."""
    answered: int = 0
    cut: int = 0
    failed: int = 0
    refused: int = 0
    denied: int = 0
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
        self.reset(Faults())

    def reset(self, faults: Faults | None = None) -> None:
        """Forget everything seen, and show these faults from now on."""
        self.faults = faults or self.faults
        self.stats = Stats()
        self.seen: set[int] = set()
        self.answers: list[float] = []
        """When calls were answered."""
        self.taken: deque[float] = deque()
        """When calls were taken, over the last second."""

    def begin(self, content: bytes) -> Fate:
        """Note a call; tells what becomes of it."""
        stats, now = self.stats, time.monotonic()
        stats.first_call = stats.first_call or now
        stats.last_call = now
        stats.calls += 1
        stats.repeated += (mark := hash(content)) in self.seen
        self.seen.add(mark)
        fate = self._fate(now)
        stats.open += 1
        if fate not in AT_ONCE:
            stats.most_open = max(stats.most_open, stats.open)
        return fate

    def _fate(self, now: float) -> Fate:
        faults = self.faults
        if faults.denies:
            return Fate.DENIED
        while self.taken and self.taken[0] <= now - 1:
            self.taken.popleft()
        if 0 < faults.most_open <= self.stats.open or 0 < faults.most_a_second <= len(self.taken):
            return Fate.REFUSED
        if faults.most_a_second:
            self.taken.append(now)
        drawn = random.Random(f"{faults.seed} {self.stats.calls}").random()
        for fate, share in ((Fate.REFUSED, faults.refused), (Fate.FAILED, faults.failed), (Fate.CUT, faults.cut)):
            if drawn < share:
                return fate
            drawn -= share
        return Fate.ANSWERED

    def end(self, fate: Fate) -> None:
        """Note an answer."""
        stats, now = self.stats, time.monotonic()
        stats.open -= 1
        stats.last_answer = now
        name = fate.name.lower()
        setattr(stats, name, getattr(stats, name) + 1)
        if fate is Fate.ANSWERED:
            self.answers.append(now)


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
            if (fate := self.service.begin(content)) in AT_ONCE:
                self.complete(path, content, fate)
            else:
                asyncio.get_running_loop().call_later(self.service.latency, self.complete, path, content, fate)
        elif path.endswith("/models"):
            self.send(orjson.dumps(list_models(path, [MODEL])))
        elif path == "/stats":
            self.send(orjson.dumps(asdict(self.service.stats)))
        elif path == "/answers":
            self.send(orjson.dumps(self.service.answers))
        elif path == "/reset":
            self.service.reset(Faults(**orjson.loads(content)) if content else None)
            self.send(b"{}")
        else:
            self.send(b"{}", "404 Not Found")

    def complete(self, path: str, content: bytes, fate: Fate) -> None:
        self.service.end(fate)
        if fate in (Fate.ANSWERED, Fate.CUT):
            body = orjson.loads(content)
            text, finish = write(body), "stop"
            if fate is Fate.CUT:
                text, finish = text[:-CUT_OFF], "length"
            self.send(orjson.dumps(wrap(path, text, finish, body["model"])))
        else:
            more = "retry-after: 1\r\n" if fate is Fate.REFUSED else ""
            self.send(orjson.dumps(wrap_error(path, fate.lower(), "fault")), fate, more)

    def send(self, block: bytes, status: str = Fate.ANSWERED, more: str = "") -> None:
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(block)}\r\n{more}\r\n"
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

    def answers(self) -> list[float]:
        """When calls were answered, in seconds of its own clock."""
        return list(self._ask("GET", "/answers"))

    def reset(self, faults: Faults | None = None) -> None:
        """Begin counting anew; show these faults from now on, or the same as before."""
        self._ask("POST", "/reset", json.dumps(asdict(faults)).encode() if faults else None)

    def _ask(self, verb: str, path: str, content: bytes | None = None) -> Any:
        request = urllib.request.Request(self.root + path, content, method=verb)
        with urllib.request.urlopen(request) as response:
            return json.loads(response.read())


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
