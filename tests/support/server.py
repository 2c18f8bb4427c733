"""A local server that speaks OpenAI's chat completions, Anthropic's messages and Ollama's chat over a real socket.

It answers every request well, unless a test scripts faults. Tests look at its journal::

    with ModelServer() as server:
        server.then(Act(status=429, headers={"retry-after": "1"}))  # for the next call; those after it are answered
        ...
        assert len(server.calls) == 2
"""

import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.support.replies import MODEL, list_models, wrap, wrap_error, write

CHAT_PATHS = ("/chat/completions", "/messages", "/api/chat")
PULL_PATH = "/api/pull"


@dataclass(frozen=True, slots=True)
class Act:
    """What the server does with one call; by default it answers well."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    """The model's words, or the error's message; None: an answer that fits the request."""
    finish: str = "stop"
    code: str = "error"
    """The error's type and code."""
    raw: str | None = None
    """The whole body, instead of all that."""
    cut: int | None = None
    """Send so many bytes of the body, then hang up."""
    is_dropped: bool = False
    """Hang up without a word."""
    delay: float = 0.0
    """Seconds before anything is sent."""
    until: threading.Event | None = None
    """Send nothing before this is set."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it came in; ``headers`` in lower case."""

    number: int
    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    at: float
    """``time.monotonic()``."""

    @property
    def words(self) -> str:
        """The last message."""
        return str(self.body["messages"][-1]["content"])


Choose = Callable[[Call], Act]


class ModelServer:
    """Listens on 127.0.0.1 from the start. Close it, or use it in ``with``."""

    def __init__(
        self,
        choose: Choose | None = None,
        *,
        models: tuple[str, ...] = (MODEL,),
        handler: "type[ModelHandler] | None" = None,
    ) -> None:
        self.choose = choose or (lambda call: Act())
        """Decides on each call for which no act is scripted."""
        self.models = list(models)
        self.models_act = Act()
        """What happens to requests for the list of models."""
        self.key_act = Act()
        """What happens to requests for what is known of a key."""
        self.calls: list[Call] = []
        """Requests for a reply, in the order of their arrival."""
        self.answered: list[Call] = []
        """Calls for which something was sent, in that order."""
        self.most_open = 0
        """The most calls that were open at the same time."""
        self._open = 0
        self._script: deque[Act] = deque()
        self._changed = threading.Condition()
        self._released = threading.Event()
        self._http = _Http(("127.0.0.1", 0), handler or ModelHandler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def root(self) -> str:
        """Ollama's address."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def url(self) -> str:
        """OpenAI's address."""
        return f"{self.root}/v1"

    def then(self, *acts: Act) -> None:
        """Do this with the next calls, one act each."""
        with self._changed:
            self._script.extend(acts)

    def wait_for_calls(self, count: int, seconds: float = 30.0) -> None:
        """Wait until so many calls have come in."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.calls) >= count, seconds), f"only {len(self.calls)} calls"

    def release(self) -> None:
        """Let every call go on that waits, and those to come."""
        self._released.set()

    def close(self) -> None:
        """Hang up on everybody and stop listening."""
        self.release()
        self._http.shutdown()
        self._http.server_close()
        self._http.hang_up()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def begin(self, path: str, headers: Mapping[str, str], body: dict[str, Any]) -> tuple[Call, Act]:
        """Note a call, and say what to do with it."""
        with self._changed:
            call = Call(len(self.calls), path, headers, body, time.monotonic())
            self.calls.append(call)
            self._open += 1
            self.most_open = max(self.most_open, self._open)
            scripted = self._script.popleft() if self._script else None
            self._changed.notify_all()
        act = scripted or self.choose(call)
        if act.delay:
            self._released.wait(act.delay)
        while act.until is not None and not act.until.wait(0.02) and not self._released.is_set():
            pass
        return call, act

    def end(self, call: Call, *, is_answered: bool) -> None:
        """Note that a call is over, but for the sending of its answer."""
        with self._changed:
            self._open -= 1
            if is_answered:
                self.answered.append(call)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    owner: ModelServer

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.handlers: set[ModelHandler] = set()

    def hang_up(self) -> None:
        for handler in list(self.handlers):
            handler.hang_up()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class ModelHandler(BaseHTTPRequestHandler):
    """Speaks the protocols; a server that can do more has a handler that does."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Http

    def setup(self) -> None:
        super().setup()
        self.server.handlers.add(self)

    def finish(self) -> None:
        self.server.handlers.discard(self)
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(2)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        owner = self.server.owner
        if self.path.endswith("/api/version"):
            self.send(Act(), {"version": "0.99.0"})
        elif self.path.endswith(("/models", "/api/tags", "/key")):
            act = owner.key_act if self.path.endswith("/key") else owner.models_act
            self.send(act, self._fault(act) if act.status >= 400 else list_models(self.path, owner.models))
        else:
            self.send(Act(status=404), wrap_error(self.path, "no such path", "not_found"))

    def do_POST(self) -> None:
        owner = self.server.owner
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        if not self.path.endswith((*CHAT_PATHS, PULL_PATH)):
            self.send(Act(status=404), wrap_error(self.path, "no such path", "not_found"))
            return
        call, act = owner.begin(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        owner.end(call, is_answered=not act.is_dropped)
        if act.is_dropped:
            self.hang_up()
        elif act.status >= 400:
            self.send(act, self._fault(act))
        else:
            text = act.text if act.raw is not None or act.text is not None else write(body)
            self.send(act, wrap(self.path, text or "", act.finish, str(body.get("model"))))

    def _fault(self, act: Act) -> dict[str, Any]:
        return wrap_error(self.path, "scripted" if act.text is None else act.text, act.code)

    def send(self, act: Act, body: dict[str, Any]) -> None:
        """Answer, as the act says."""
        block = json.dumps(body).encode() if act.raw is None else act.raw.encode()
        self.send_response(act.status)
        kind = {"content-type": "application/json"} | dict(act.headers)
        for name, value in (kind | {"content-length": str(len(block))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(block if act.cut is None else block[: act.cut])
        self.wfile.flush()
        if act.cut is not None:
            self.hang_up()
