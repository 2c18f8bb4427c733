"""The model server with batches on top, as OpenAI's and Anthropic's SDKs call them: uploads, batches, files of results.

Every request of a batch is answered well, and the results come in reverse order, unless a test says otherwise::

    with BatchServer() as server:
        server.judge = lambda body: Act(text="no JSON") if ... else Act()
        server.fault("create", Act(status=429))  # the next one; those after it work
        ...
        assert server.paid == 1000
"""

import email
import json
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.replies import MODEL, wrap, wrap_error, write
from tests.support.server import Act, ModelHandler, ModelServer

EXPIRED = Act(status=-1, code="expired")
CANCELLED = Act(status=-1, code="cancelled")
"""What becomes of a request that the service did not get to."""
PAGE = 100
Judge = Callable[[dict[str, Any]], Act]


@dataclass(slots=True)
class ServedBatch:
    """A batch as the service has it."""

    id: str
    requests: dict[str, dict[str, Any]]
    """Custom id -> body."""
    mark: str
    created_at: datetime
    looks: int = 0
    """How often somebody asked how far it is."""
    acts: dict[str, Act] = field(default_factory=dict)
    """Custom id -> what became of it, once the batch is over."""
    is_over: bool = False
    is_cancelled: bool = False
    refusal: tuple[str, str] | None = None
    """Code and message of why it was not taken."""


class BatchServer(ModelServer):
    """Also answers single calls. Close it, or use it in ``with``."""

    def __init__(self, *, models: tuple[str, ...] = (MODEL,)) -> None:
        self.judge: Judge = lambda body: Act()
        """Decides on each request of a batch."""
        self.batches: list[ServedBatch] = []
        self.paid: Counter[str] = Counter()
        """Custom ids that were answered, and how often: a good service charges for each time."""
        self.looks_until_over = 1
        """How often it must be asked for a batch that is not held."""
        self.is_held = threading.Event()
        """While this is set, no batch comes to its end, unless it is cancelled."""
        self.refusals: deque[tuple[str, str]] = deque()
        """Codes and messages with which the next batches are refused once they are looked into."""
        self.age = timedelta()
        """How much older than they are the next batches say that they are."""
        self.seen: Counter[str] = Counter()
        """Steps and how often each was asked for."""
        self.uploads: dict[str, bytes] = {}
        self._faults: dict[str, deque[Act]] = defaultdict(deque)
        self._lock = threading.Lock()
        super().__init__(models=models, handler=_BatchHandler)

    def fault(self, step: str, *acts: Act) -> None:
        """Let the next requests for this step go wrong: upload, create, look, list, cancel, results.

        A hang-up at "create" comes after the batch was made.
        """
        self._faults[step].extend(acts)

    def clear_faults(self) -> None:
        """Let everything work from now on."""
        self._faults.clear()

    def begin_step(self, step: str) -> Act:
        with self._lock:
            self.seen[step] += 1
            return self._faults[step].popleft() if self._faults[step] else Act()

    def make(self, requests: dict[str, dict[str, Any]], mark: str) -> ServedBatch:
        with self._lock:
            made = datetime.now(UTC) - self.age
            batch = ServedBatch(f"batch_{len(self.batches)}", requests, mark, made)
            batch.refusal = self.refusals.popleft() if self.refusals else None
            self.batches.append(batch)
            return batch

    def find(self, batch_id: str) -> ServedBatch | None:
        return next((batch for batch in self.batches if batch.id == batch_id), None)

    def look(self, batch: ServedBatch) -> None:
        """Somebody asks how far it is; which brings it further."""
        with self._lock:
            batch.looks += 1
            is_ready = batch.looks >= self.looks_until_over and not self.is_held.is_set()
            if not batch.is_over and (batch.is_cancelled or batch.refusal or is_ready):
                self._end(batch)

    def _end(self, batch: ServedBatch) -> None:
        batch.is_over = True
        if batch.refusal:
            return
        for place, (custom_id, body) in enumerate(batch.requests.items()):
            is_too_late = batch.is_cancelled and place >= len(batch.requests) // 2
            act = CANCELLED if is_too_late else self.judge(body)
            batch.acts[custom_id] = act
            self.paid[custom_id] += act.status == 200


def openai_state(batch: ServedBatch) -> dict[str, Any]:
    acts = list(batch.acts.values())
    done = sum(act.status == 200 for act in acts)
    ended = "cancelled" if batch.is_cancelled else "expired" if EXPIRED in acts else "completed"
    status = ("failed" if batch.refusal else ended) if batch.is_over else "in_progress"
    code, message = batch.refusal or ("", "")
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": "/v1/chat/completions",
        "input_file_id": "file-in",
        "completion_window": "24h",
        "created_at": int(batch.created_at.timestamp()),
        "status": "cancelling" if batch.is_cancelled and not batch.is_over else status,
        "metadata": {"synthgen": batch.mark} if batch.mark else None,
        "errors": {"object": "list", "data": [{"code": code, "message": message}]} if batch.refusal else None,
        "output_file_id": f"{batch.id}-output" if done else None,
        "error_file_id": f"{batch.id}-errors" if len(acts) > done else None,
        "request_counts": {"total": len(batch.requests), "completed": done, "failed": len(acts) - done},
    }


def anthropic_state(batch: ServedBatch, root: str) -> dict[str, Any]:
    acts = list(batch.acts.values())
    counts = {
        "processing": 0 if batch.is_over else len(batch.requests),
        "succeeded": sum(act.status == 200 for act in acts),
        "errored": sum(act.status >= 400 for act in acts),
        "canceled": acts.count(CANCELLED),
        "expired": acts.count(EXPIRED),
    }
    return {
        "id": batch.id,
        "type": "message_batch",
        "processing_status": "ended" if batch.is_over else "canceling" if batch.is_cancelled else "in_progress",
        "request_counts": counts,
        "created_at": batch.created_at.isoformat(),
        "expires_at": (batch.created_at + timedelta(days=1)).isoformat(),
        "results_url": f"{root}/v1/messages/batches/{batch.id}/results" if batch.is_over else None,
    }


def openai_line(custom_id: str, body: dict[str, Any], act: Act) -> dict[str, Any]:
    line = {"id": f"batch_req_{custom_id[:8]}", "custom_id": custom_id, "response": None, "error": None}
    if act.status < 0:
        return line | {"error": {"code": f"batch_{act.code}", "message": "It was not executed."}}
    said = _reply("/chat/completions", custom_id, body, act)
    return line | {"response": {"status_code": act.status, "request_id": "req_1", "body": said}}


def anthropic_line(custom_id: str, body: dict[str, Any], act: Act) -> dict[str, Any]:
    if act.status < 0:
        return {"custom_id": custom_id, "result": {"type": act.code.replace("cancelled", "canceled")}}
    said = _reply("/messages", custom_id, body, act)
    if act.status == 200:
        return {"custom_id": custom_id, "result": {"type": "succeeded", "message": said}}
    return {"custom_id": custom_id, "result": {"type": "errored", "error": said}}


def _reply(path: str, custom_id: str, body: dict[str, Any], act: Act) -> dict[str, Any]:
    """What a single call gets, but other words for each request, as a model has them without a seed, too."""
    if act.status != 200:
        return wrap_error(path, act.text or "scripted", act.code)
    if act.raw is not None:
        return dict(json.loads(act.raw))
    text = write(body | {"options": custom_id}) if act.text is None else act.text
    return wrap(path, text, act.finish, str(body.get("model")))


class _BatchHandler(ModelHandler):
    """Paths: OpenAI has /v1/files and /v1/batches, Anthropic /v1/messages/batches."""

    def do_GET(self) -> None:  # noqa: N802 - as the standard library calls it
        path, _, query = self.path.partition("?")
        parts = path.strip("/").split("/")
        if "batches" not in parts and "files" not in parts:
            super().do_GET()
        elif parts[-1] == "batches":
            self._list(query)
        elif parts[-1] == "results":
            self._results(parts[-2], anthropic_line, lambda act: True)
        elif parts[-1] == "content":
            batch_id, _, kind = parts[-2].rpartition("-")
            self._results(batch_id, openai_line, lambda act: (act.status == 200) == (kind == "output"))
        else:
            self._answer("look", lambda: self._look(parts[-1]))

    def do_POST(self) -> None:  # noqa: N802 - as the standard library calls it
        parts = self.path.strip("/").split("/")
        if "batches" not in parts and "files" not in parts:
            super().do_POST()
            return
        block = self.rfile.read(int(self.headers.get("content-length") or 0))
        if parts[-1] == "files":
            self._answer("upload", lambda: self._upload(block))
        elif parts[-1] == "cancel":
            self._answer("cancel", lambda: self._cancel(parts[-2]))
        else:
            self._answer("create", lambda: self._create(json.loads(block)))

    @property
    def _service(self) -> BatchServer:
        assert isinstance(self.server.owner, BatchServer)
        return self.server.owner

    def _answer(self, step: str, act_on: Callable[[], dict[str, Any] | None]) -> None:
        act = self._service.begin_step(step)
        if act.status >= 400:
            self.send(act, wrap_error(self.path, "scripted" if act.text is None else act.text, act.code))
            return
        body = act_on()
        if act.is_dropped:
            self.hang_up()
        elif body is None:
            self.send(Act(status=404), wrap_error(self.path, "no such batch", "not_found_error"))
        else:
            self.send(act, body)

    def _state(self, batch: ServedBatch) -> dict[str, Any]:
        return anthropic_state(batch, self._service.root) if "/messages/" in self.path else openai_state(batch)

    def _upload(self, block: bytes) -> dict[str, Any]:
        kind = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        fields = {part.get_param("name", header="content-disposition"): part for part in _parts(kind + block)}
        assert fields["purpose"].get_payload() == "batch"
        uploads, content = self._service.uploads, fields["file"].get_payload(decode=True)
        assert isinstance(content, bytes)
        uploads[f"file-{len(uploads)}"] = content
        return {"id": f"file-{len(uploads) - 1}", "object": "file", "bytes": len(content), "purpose": "batch"}

    def _create(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if "requests" in asked:
            entries = [(entry["custom_id"], entry["params"]) for entry in asked["requests"]]
        else:
            lines = [json.loads(line) for line in self._service.uploads[asked["input_file_id"]].splitlines()]
            assert {(line["method"], line["url"]) for line in lines} == {("POST", asked["endpoint"])}
            entries = [(line["custom_id"], line["body"]) for line in lines]
        requests = dict(entries)
        assert len(requests) == len(entries), "a custom id was used twice"
        assert all(len(custom_id) <= 64 for custom_id in requests)
        return self._state(self._service.make(requests, (asked.get("metadata") or {}).get("synthgen", "")))

    def _look(self, batch_id: str) -> dict[str, Any] | None:
        if (batch := self._service.find(batch_id)) is None:
            return None
        self._service.look(batch)
        return self._state(batch)

    def _cancel(self, batch_id: str) -> dict[str, Any] | None:
        batch = self._service.find(batch_id)
        if batch is None or batch.is_over:
            return None
        batch.is_cancelled = True
        return self._state(batch)

    def _list(self, query: str) -> None:
        after = dict(pair.split("=") for pair in query.split("&") if "=" in pair)
        newest = list(reversed(self._service.batches))
        cursor = after.get("after") or after.get("after_id")
        start = next((n + 1 for n, batch in enumerate(newest) if batch.id == cursor), 0)
        page = newest[start : start + PAGE]
        has_more = len(newest) > start + PAGE
        last = page[-1].id if page else None
        found = {"object": "list", "data": [self._state(batch) for batch in page], "has_more": has_more}
        self._answer("list", lambda: found | {"first_id": page[0].id if page else None, "last_id": last})

    def _results(self, batch_id: str, line: Callable[..., dict[str, Any]], is_in: Callable[[Act], bool]) -> None:
        act, batch = self._service.begin_step("results"), self._service.find(batch_id)
        if act.status >= 400 or batch is None:
            said = wrap_error(self.path, "scripted" if act.text is None else act.text, act.code)
            self.send(act if act.status >= 400 else Act(status=404), said)
            return
        if act.is_dropped:
            self.hang_up()
            return
        lines = [line(name, batch.requests[name], done) for name, done in reversed(batch.acts.items()) if is_in(done)]
        raw = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in lines)
        self.send(Act(raw=act.raw or raw, cut=act.cut), {})


def _parts(block: bytes) -> list[email.message.Message]:
    return [part for part in email.message_from_bytes(block).walk() if not part.is_multipart()]
