"""OpenAI's batches: requests go up as a file, replies come down as one, and the failures as another.

https://developers.openai.com/api/docs/guides/batch
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import httpx2
import openai
import orjson
from openai.types import Batch

from synthgen_core.errors import ProviderError, ProviderRefusedError, ProviderUnavailableError
from synthgen_core.models import ChatRequest, Completion
from synthgen_core.providers.batches import (
    FULL,
    BatchReply,
    BatchService,
    BatchStatus,
    lines_of,
    no_batches_here,
    not_done,
)
from synthgen_core.providers.http import count, status_error, translating
from synthgen_core.providers.openai_compatible import OpenAIProvider, words_of

CHAT: Literal["/v1/chat/completions"] = "/v1/chat/completions"
MARK = "synthgen"
"""The key of our mark in a batch's metadata."""
OVER = ("completed", "expired", "cancelled", "failed")
NO_ROOM = "token_limit_exceeded"
REASONS = {"batch_expired": "expired", "batch_cancelled": "cancelled", "request_timeout": "timeout"}
"""The service's word for why a request was not answered -> ours."""
SKEW = timedelta(hours=1)
"""By which the service's clock may be behind ours."""
PAGE = 100


class OpenAIBatches(BatchService):
    """Batches of chat completions, sent as this provider sends single ones."""

    def __init__(self, provider: OpenAIProvider) -> None:
        self.name = provider.name
        self._provider = provider
        self._client = provider.client

    def line(self, request_id: str, request: ChatRequest) -> bytes:
        """As ``BatchService.line``."""
        body = self._provider.body(request)
        return orjson.dumps({"custom_id": request_id, "method": "POST", "url": CHAT, "body": body})

    def send(self, mark: str, lines: Sequence[bytes]) -> str:
        """As ``BatchService.send``. A file whose batch did not come about is deleted by the service after a month."""
        try:
            with self._translated():
                file = self._client.files.create(file=(f"{MARK}-{mark}.jsonl", b"\n".join(lines)), purpose="batch")
                batch = self._client.batches.create(
                    input_file_id=file.id, endpoint=CHAT, completion_window="24h", metadata={MARK: mark}
                )
                return batch.id
        except ProviderRefusedError as error:
            raise no_batches_here(error, self._provider.config) from error

    def find(self, mark: str, since: datetime, requests: int, known: Collection[str]) -> str | None:
        """As ``BatchService.find``: the mark is in the metadata."""
        with self._translated():
            for batch in self._client.batches.list(limit=PAGE):  # the newest first, page after page
                if (batch.metadata or {}).get(MARK) == mark:
                    return batch.id
                if datetime.fromtimestamp(batch.created_at, UTC) < since - SKEW:
                    break
            return None

    def status(self, service_id: str) -> BatchStatus | None:
        """As ``BatchService.status``."""
        with self._translated():
            if (batch := self._get(service_id)) is None:
                return None
            counts = batch.request_counts
            answered = counts.completed + counts.failed if counts else 0
            refusal = self._refusal(batch) if batch.status == "failed" else None
            return BatchStatus(batch.status in OVER, answered, refusal)

    def replies(self, service_id: str) -> Iterator[BatchReply]:
        """As ``BatchService.replies``."""
        with self._translated():
            batch = self._get(service_id)
        for file_id in (batch.output_file_id, batch.error_file_id) if batch else ():
            if file_id:
                yield from self._file(file_id)

    def cancel(self, service_id: str) -> None:
        """As ``BatchService.cancel``."""
        with self._translated():
            self._client.batches.cancel(service_id)

    def _get(self, service_id: str) -> Batch | None:
        try:
            return self._client.batches.retrieve(service_id)
        except openai.NotFoundError:
            return None

    def _file(self, file_id: str) -> Iterator[BatchReply]:
        with (
            self._translated(),
            self._client.files.with_streaming_response.content(file_id) as response,
        ):
            for line in lines_of(response.iter_bytes()):
                yield self._reply(orjson.loads(line))

    def _reply(self, line: dict[str, Any]) -> BatchReply:
        return BatchReply(str(line["custom_id"]), self._outcome(line.get("response") or {}, line.get("error") or {}))

    def _outcome(self, response: dict[str, Any], error: dict[str, Any]) -> Completion | ProviderError:
        name = self.name
        if error or not response:
            code = str(error.get("code") or "server")
            return not_done(name, REASONS.get(code, code))
        status, body = count(response, "status_code"), response.get("body")
        if status == httpx2.codes.OK:
            try:
                return self._provider.read(body)
            except ProviderUnavailableError as unreadable:
                return unreadable
        return status_error(name, status or 500, words_of(body), {}, self._provider.config)

    def _refusal(self, batch: Batch) -> ProviderError:
        """Why a batch failed as a whole: a file that is not as it should be, no credit, too much queued already."""
        name, found = self.name, (batch.errors.data if batch.errors else None) or []
        said = next((error.message for error in found if error.message), "")
        if any(error.code == NO_ROOM for error in found):
            return ProviderUnavailableError(
                f"{name} has too many tokens of yours queued. It said: “{said}”",
                "Wait for other batches to end, or run fewer examples.",
                cause=FULL,
            )
        return status_error(name, 400, said, {}, self._provider.config)

    def _translated(self) -> AbstractContextManager[None]:
        provider = self._provider
        return translating(
            lambda error: provider.translate(error, provider.read_seconds), openai.OpenAIError, provider.config
        )
