"""Anthropic's Message Batches: requests go up in one body, and all that became of them comes down as one file.

https://platform.claude.com/docs/en/build-with-claude/batch-processing
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

import anthropic
import httpx2
import orjson

from synthgen_core.errors import ProviderError, ProviderRefusedError, ProviderUnavailableError
from synthgen_core.models import ChatRequest, Completion
from synthgen_core.providers.anthropic_messages import AnthropicProvider
from synthgen_core.providers.batches import BatchReply, BatchService, BatchStatus, lines_of, no_batches_here, not_done
from synthgen_core.providers.http import status_error, translating

BATCHES = "/v1/messages/batches"
OVER = "ended"
SKEW = timedelta(minutes=5)
"""By which the service's clock may be behind ours."""
STATUSES = {
    "invalid_request_error": 400,
    "request_too_large": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "rate_limit_error": 429,
    "timeout_error": 408,
    "overloaded_error": 529,
}
"""The service's word for what was wrong with a request -> the status that it has for that in a single call."""


class AnthropicBatches(BatchService):
    """Batches of messages, sent as this provider sends single ones."""

    def __init__(self, provider: AnthropicProvider) -> None:
        self.name = provider.name
        self._provider = provider
        self._client = provider.client

    def line(self, request_id: str, request: ChatRequest) -> bytes:
        """As ``BatchService.line``."""
        return orjson.dumps({"custom_id": request_id, "params": self._provider.body(request)})

    def send(self, mark: str, lines: Sequence[bytes]) -> str:
        """As ``BatchService.send``. The service keeps no mark: the ids of the requests tell whose they are."""
        body = b'{"requests":[' + b",".join(lines) + b"]}"
        try:
            with self._translated():
                response = self._client.post(BATCHES, cast_to=httpx2.Response, content=body)
                return str(orjson.loads(response.content)["id"])
        except ProviderRefusedError as error:
            raise no_batches_here(error, self._provider.config) from error

    def find(self, mark: str, since: datetime, requests: int, known: Collection[str]) -> str | None:
        """As ``BatchService.find``: there is no mark, but time and number of requests, and what is known already."""
        found = None
        with self._translated():
            for batch in self._client.messages.batches.list(limit=100):  # the newest first, page after page
                if batch.created_at < since - SKEW:
                    break
                counts = batch.request_counts
                total = counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired
                if batch.id not in known and total == requests:
                    found = batch.id  # of several, the one made soonest after
        return found

    def status(self, service_id: str) -> BatchStatus | None:
        """As ``BatchService.status``; none counts as answered before all are."""
        with self._translated():
            try:
                batch = self._client.messages.batches.retrieve(service_id)
            except anthropic.NotFoundError:
                return None
            if batch.archived_at:  # its replies are gone
                return None
            counts = batch.request_counts
            answered = counts.succeeded + counts.errored + counts.canceled + counts.expired
            return BatchStatus(batch.processing_status == OVER, answered)

    def replies(self, service_id: str) -> Iterator[BatchReply]:
        """As ``BatchService.replies``."""
        with (
            self._translated(),
            self._client.messages.batches.with_streaming_response.results(service_id) as response,
        ):
            for line in lines_of(response.iter_bytes()):
                entry = orjson.loads(line)
                yield BatchReply(str(entry["custom_id"]), self._outcome(entry["result"]))

    def _outcome(self, result: dict[str, Any]) -> Completion | ProviderError:
        name, kind = self.name, result["type"]
        if kind == "succeeded":
            try:
                return self._provider.read(result["message"])
            except ProviderUnavailableError as unreadable:
                return unreadable
        if kind == "errored":
            error = result["error"].get("error") or {}
            status = STATUSES.get(str(error.get("type")), 500)
            return status_error(name, status, str(error.get("message") or ""), {}, self._provider.config)
        return not_done(name, {"canceled": "cancelled"}.get(kind, str(kind)))

    def cancel(self, service_id: str) -> None:
        """As ``BatchService.cancel``."""
        with self._translated():
            self._client.messages.batches.cancel(service_id)

    def _translated(self) -> AbstractContextManager[None]:
        provider = self._provider
        return translating(
            lambda error: provider.translate(error, provider.read_seconds), anthropic.AnthropicError, provider.config
        )
